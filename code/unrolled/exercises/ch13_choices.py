"""Chapter 13's questions that are answered by a word or a number."""

from __future__ import annotations

from collections.abc import Callable

from unrolled.exercises.model import Mistake

PARTS = {
    "the counts of the n-grams": "training",
    "the weights of the LSTM": "training",
    "the order of the n-gram": "validation",
    "the step whose weights are kept": "validation",
    "the score that is reported": "held-out",
}
MEMORY = {
    "characters that a 6-gram looks back on": 5,
    "fluent samples show a longer memory": "no",
    "a 6-gram notices an exchanged text 20 characters back": "no",
    "bits that fall from 5 to 20 true characters show it": "yes",
    "with windows of 64 the state can hold 100 characters": "yes",
}


def _parts(what: str, part: str) -> Callable[[], dict[str, str]]:
    return lambda: PARTS | {what: part}


def _memory(key: str, value: object) -> Callable[[], dict[str, object]]:
    return lambda: MEMORY | {key: value}


PARTS_MISTAKES = (
    Mistake(
        "what is chosen by its held-out score has seen the held-out text: the smallest of "
        "six scores is too small. Which part is there for choices?",
        _parts("the order of the n-gram", "held-out"),
    ),
    Mistake(
        "on the text that was counted the highest order wins. Choose it elsewhere.",
        _parts("the order of the n-gram", "training"),
    ),
    Mistake(
        "the step is a choice too, and a choice must not look at the held-out part.",
        _parts("the step whose weights are kept", "held-out"),
    ),
    Mistake(
        "the training bits fall for as long as one trains: they cannot say when to stop.",
        _parts("the step whose weights are kept", "training"),
    ),
    Mistake(
        "the choices were made to look good on validation. Report what no choice has seen.",
        _parts("the score that is reported", "validation"),
    ),
    Mistake(
        "a score on the training text rewards learning by heart.",
        _parts("the score that is reported", "training"),
    ),
    Mistake(
        "weights are fitted, character by character. Which part is large, and for that?",
        _parts("the weights of the LSTM", "validation"),
    ),
    Mistake(
        "counts are the n-gram's weights. On which part is a model fitted?",
        _parts("the counts of the n-grams", "validation"),
    ),
)

MEMORY_MISTAKES = (
    Mistake(
        "a 6-gram is six characters, and the last of them is the predicted one.",
        _memory("characters that a 6-gram looks back on", 6),
    ),
    Mistake(
        "a 6-gram writes fluently too. How far back does it look?",
        _memory("fluent samples show a longer memory", "yes"),
    ),
    Mistake(
        "which characters enter a 6-gram's prediction? All others may be anything.",
        _memory("a 6-gram notices an exchanged text 20 characters back", "yes"),
    ),
    Mistake(
        "with only 5 true characters it was worse: so what did it use of the other 15?",
        _memory("bits that fall from 5 to 20 true characters show it", "no"),
    ),
    Mistake(
        "a window cuts the gradient, not the state: its value is carried on.",
        _memory("with windows of 64 the state can hold 100 characters", "no"),
    ),
)
