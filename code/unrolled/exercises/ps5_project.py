"""The last cells of problem set 5: the reader's own pieces learn, are judged, and write."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill
from typing import Any

import numpy as np

from unrolled import ops
from unrolled.baselines import bigram_bits, uniform_bits
from unrolled.exercises.ps5_training import (
    Weights,
    backward,
    lessons,
    logits_of,
    missing,
    prose,
    start,
    stepped,
)
from unrolled.exercises.sets import ProblemSet
from unrolled.shapes import ArgumentError, Array, check_count, check_rng

__all__ = ["backward", "bits", "lessons", "levels", "start", "stepped", "stumbles", "write"]


def bits(problems: ProblemSet, weights: Weights) -> float:
    """Judge the model on the held-out prose, in plain bits per character."""
    ids = prose()[2][:, None]
    logits = logits_of(problems, weights, ids[:-1])[0]
    return float(ops.softmax_cross_entropy(logits, ids[1:])) / (len(ids) - 1) / float(np.log(2))


def levels(problems: ProblemSet, weights: Weights) -> dict[str, float]:
    """Judge the model beside two others that know less, in bits per character.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    weights : Weights
        Where the model stands.

    Returns
    -------
    dict
        A score by the name of what is scored.
    """
    vocabulary, training, held_out = prose()
    V = len(vocabulary.characters)
    return {
        "equal probabilities": uniform_bits(V),
        "counts of pairs": bigram_bits(training, held_out, V),
        "your model": bits(problems, weights),
    }


def write(
    problems: ProblemSet,
    draw: Callable[..., Any],
    weights: Weights,
    *,
    rng: np.random.Generator,
    prompt: str = "The state ",
    taus: tuple[float, ...] = (0.0, 0.5, 0.9, 1.3),
    length: int = 140,
    a: float = 0.05,
    most: int = 20,
) -> str:
    """Write several texts side by side, each at its own temperature.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    draw : callable
        The reader's function.
    weights : Weights
        What was learned.
    rng : numpy.random.Generator
        Where the draws come from; it moves on.
    prompt : str
        What the model reads first.
    taus : tuple of float
        A temperature for each text.
    length : int
        Characters to write.
    a, most : float, int
        The two rules of the cut.

    Returns
    -------
    str
        The texts, or what the reader's function lacks.

    Raises
    ------
    ArgumentError
        A prompt, a temperature, a cut or a length that no text can be written with.
    """
    _check_cut(prompt, taus, a)
    check_count("most", most)
    check_count("length", length)
    check_rng(rng)
    reason = missing(problems, {"draw": draw})
    if reason is not None:
        return reason
    vocabulary, tau = prose()[0], np.array(taus)
    ids = np.repeat(vocabulary.encode(prompt)[:, None], len(taus), axis=1)
    logits, state = logits_of(problems, weights, ids)
    written = []
    for _ in range(length):
        _, drawn = draw(logits[-1], tau, a, most, rng.random(len(taus)))
        written.append(_as_ids(drawn, len(vocabulary.characters)))
        logits, state = logits_of(problems, weights, written[-1][None], state)
    texts = [prompt + vocabulary.decode(column) for column in np.stack(written, axis=1)]
    return "\n".join(
        f"— temperature {t:g}\n{fill(' '.join(text.split()), 76)}"
        for t, text in zip(taus, texts, strict=True)
    )


def _check_cut(prompt: str, taus: tuple[float, ...], a: float) -> None:
    if not prompt:
        raise ArgumentError("prompt: expected at least one character, got ''.")
    temperatures = np.asarray(taus)
    fits = temperatures.ndim == 1 and temperatures.size and temperatures.dtype.kind in "iuf"
    if not fits or not np.all((temperatures >= 0) & np.isfinite(temperatures)):
        raise ArgumentError(
            "taus: expected a tuple of temperatures, none below 0, (0.5,) say for a single text, "
            f"got {taus!r}."
        )
    if not 0 <= a <= 1:
        raise ArgumentError(f"a: expected a number from 0 to 1, got {a!r}.")


def _as_ids(drawn: Any, V: int) -> Array:
    """Take what the reader's function drew, if the vocabulary has it."""
    ids = np.asarray(drawn).astype(np.int64)
    if np.any((ids < 0) | (ids >= V)):
        raise ArgumentError(
            f"draw_next: expected ids from 0 to {V - 1}, got {ids.tolist()}. "
            "What does the check of problem 3 say?"
        )
    return ids


def stumbles(
    problems: ProblemSet,
    score: Callable[..., Any],
    weights: Weights,
    *,
    length: int = 288,
    share: float = 0.1,
) -> str:
    """Mark the held-out characters on which the score leans most, by the reader's dc.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    score : callable
        The reader's function.
    weights : Weights
        What was learned.
    length : int
        How much of the held-out prose to read.
    share : float
        How many of the characters get a mark.

    Returns
    -------
    str
        The prose with a line of marks below each line, or what the function lacks.
    """
    reason = missing(problems, {"score": score})
    if reason is not None:
        return reason
    vocabulary, _, held_out = prose()
    ids = held_out[: length + 1, None]
    logits, _ = logits_of(problems, weights, ids[:-1])
    _, dc = score(logits, ids[1:], np.ones(ids[1:].shape))
    hard = dc[:, 0] > np.quantile(dc, 1 - share)
    text = vocabulary.decode(ids[1:, 0]).replace("\n", " ")
    marks = "".join("^" if each else " " for each in hard)
    return "\n".join(
        f"{text[at : at + 72]}\n{marks[at : at + 72]}".rstrip() for at in range(0, length, 72)
    )
