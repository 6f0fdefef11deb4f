"""The exercises of chapter 13: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import ops
from unrolled.baselines import kneser_ney, next_probabilities
from unrolled.exercises import check
from unrolled.exercises.ch13_choices import MEMORY, PARTS
from unrolled.exercises.checking import find

FUNCTIONS = tuple(
    f"ch13.{name}" for name in ("perplexity", "draw", "nucleus", "lower", "entropy", "beat")
)


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(13))


def draw(divide=True, shift=True, past=0):
    def answer(logits, temperature, us):
        z = logits / temperature if divide else logits * temperature
        z = z - z.max() if shift else z
        with np.errstate(over="ignore", invalid="ignore"):
            p = np.exp(z) / np.exp(z).sum()
            return (np.cumsum(p) <= us[:, None]).sum(axis=1) + past

    return answer


def draw_by_search(logits, temperature, us):
    return np.searchsorted(np.cumsum(ops.softmax(logits / temperature)), us, side="right")


def draw_divided_too_late(logits, temperature, us):
    p = ops.softmax(logits) / temperature
    return (np.cumsum(p / p.sum()) <= us[:, None]).sum(axis=1)


def nucleus_by_ranks(p, share):
    order = np.argsort(-p)
    count = int(np.searchsorted(np.cumsum(p[order]), share)) + 1
    kept = np.zeros_like(p)
    kept[order[:count]] = p[order[:count]]
    return kept / kept.sum()


def nucleus_by_comparing(p, share):
    above = np.array([p[p > each].sum() for each in p])
    kept = p * (above < share)
    return kept / kept.sum()


def nucleus_short(p, share):
    sums = np.array([p[p >= each].sum() for each in p])
    kept = p * ((sums < share) | (p == p.max()))
    return kept / kept.sum()


def nucleus_in_order(p, share):
    count = int(np.searchsorted(np.cumsum(p), share)) + 1
    kept = np.where(np.arange(len(p)) < count, p, 0)
    return kept / kept.sum()


def lower_by_loops(counts):
    V = len(counts)
    kinds = [sum(bool(counts[u][w]) for u in range(V)) for w in range(V)]
    return np.array(kinds) / sum(kinds)


def spread_of_logits(logits, temperature):
    p = ops.softmax(logits / temperature)
    mean = (p * logits).sum()
    return ((p * logits**2).sum() - mean**2) / temperature**3


def slope_by_differences(logits, temperature):
    def entropy(tau):
        p = ops.softmax(logits / tau)
        return -(p * np.log(p)).sum()

    h = 1e-3
    near = (entropy(temperature + h) - entropy(temperature - h)) / (2 * h)
    far = (entropy(temperature + 2 * h) - entropy(temperature - 2 * h)) / (4 * h)
    farther = (entropy(temperature + 3 * h) - entropy(temperature - 3 * h)) / (6 * h)
    return 1.5 * near - 0.6 * far + 0.1 * farther


def lag_of(training):
    agreement = [np.mean(training[lag:] == training[:-lag]) for lag in range(1, 16)]
    return 1 + int(np.argmax(agreement)), max(agreement)


def beat_by_agreement(training, context, V):
    lag, share = lag_of(training)
    p = np.full(V, (1 - share) / (V - 1))
    p[context[-lag]] = share
    return p


def beat_by_pairs(training, context, V):
    lag, _ = lag_of(training)
    counts = np.ones((V, V))
    np.add.at(counts, (training[:-lag], training[lag:]), 1)
    return counts[context[-lag]] / counts[context[-lag]].sum()


def beat_certain(training, context, V):
    return np.eye(V)[context[-lag_of(training)[0]]]


def beat_neighbour(training, context, V):
    return beat_by_agreement(training, context[: len(context) - 1], V)


RIGHT = [
    ("ch13.perplexity", lambda p: 2 ** (-np.log2(p).mean())),
    ("ch13.perplexity", lambda p: np.exp(-np.log(p).sum() / len(p))),
    ("ch13.perplexity", lambda p: 1 / math.prod(p) ** (1 / len(p))),
    ("ch13.parts", PARTS),
    ("ch13.parts", {name: value.capitalize() for name, value in PARTS.items()}),
    ("ch13.draw", draw()),
    ("ch13.draw", draw_by_search),
    ("ch13.nucleus", nucleus_by_ranks),
    ("ch13.nucleus", nucleus_by_comparing),
    ("ch13.lower", lambda counts: (counts > 0).sum(axis=0) / (counts > 0).sum()),
    ("ch13.lower", lower_by_loops),
    ("ch13.memory", MEMORY),
    ("ch13.memory", MEMORY | {"characters that a 6-gram looks back on": 5.0}),
    ("ch13.entropy", spread_of_logits),
    ("ch13.entropy", slope_by_differences),
    ("ch13.beat", beat_by_agreement),
    ("ch13.beat", beat_by_pairs),
]


def other(table, key, value):
    return table | {key: value}


WRONG = [
    ("ch13.perplexity", lambda p: np.mean(1 / p), "which mean of 1/p"),
    ("ch13.perplexity", lambda p: 1 / np.mean(p), "not the probabilities"),
    ("ch13.perplexity", lambda p: -np.log2(p).mean(), "these are the bits"),
    ("ch13.perplexity", lambda p: np.exp(-np.log2(p).mean()), "take 2 for both"),
    ("ch13.perplexity", lambda p: 2 ** (-np.log(p).mean()), "nats want e"),
    ("ch13.perplexity", lambda p: 2 ** (-np.log2(p).sum()), "not their mean"),
    ("ch13.parts", other(PARTS, "the order of the n-gram", "held-out"), "smallest of six"),
    ("ch13.parts", other(PARTS, "the order of the n-gram", "training"), "order wins"),
    ("ch13.parts", other(PARTS, "the step whose weights are kept", "held-out"), "a choice too"),
    ("ch13.parts", other(PARTS, "the step whose weights are kept", "training"), "when to stop"),
    ("ch13.parts", other(PARTS, "the score that is reported", "validation"), "no choice has seen"),
    ("ch13.parts", other(PARTS, "the score that is reported", "training"), "by heart"),
    ("ch13.parts", other(PARTS, "the weights of the LSTM", "validation"), "are fitted"),
    ("ch13.parts", other(PARTS, "the counts of the n-grams", "validation"), "n-gram's weights"),
    ("ch13.draw", draw(divide=False), "multiplied by the temperature"),
    ("ch13.draw", lambda o, tau, us: draw()(o, 1, us), "no effect"),
    ("ch13.draw", draw_divided_too_late, "no effect"),
    ("ch13.draw", lambda o, tau, us: np.repeat(np.argmax(o), len(us)), "most probable class"),
    ("ch13.draw", draw(shift=False), "overflow"),
    ("ch13.draw", draw(past=1), "too far"),
    ("ch13.nucleus", lambda p, q: p * (nucleus_by_ranks(p, q) > 0), "sum to 1 yet"),
    ("ch13.nucleus", nucleus_short, "crosses the share"),
    ("ch13.nucleus", nucleus_in_order, "order of their ids"),
    ("ch13.nucleus", lambda p, q: -np.sort(-nucleus_by_ranks(p, q)), "its own id again"),
    ("ch13.lower", lambda counts: counts.sum(axis=0) / counts.sum(), "missing of each column"),
    ("ch13.lower", lambda counts: (counts > 0).sum(axis=1) / (counts > 0).sum(), "stand before"),
    ("ch13.lower", lambda counts: (counts > 0).sum(axis=0), "not divided"),
    ("ch13.lower", lambda counts: np.ones(len(counts)) / len(counts), "equal shares"),
    ("ch13.memory", other(MEMORY, "characters that a 6-gram looks back on", 6), "the last of them"),
    ("ch13.memory", other(MEMORY, "fluent samples show a longer memory", "yes"), "fluently too"),
    ("ch13.memory", MEMORY | {[*MEMORY][2]: "yes"}, "enter a 6-gram"),
    ("ch13.memory", MEMORY | {[*MEMORY][3]: "no"}, "other 15"),
    ("ch13.memory", MEMORY | {[*MEMORY][4]: "no"}, "carried on"),
    ("ch13.entropy", lambda o, tau: tau * spread_of_logits(o, tau), "another"),
    ("ch13.entropy", lambda o, tau: -spread_of_logits(o, tau), "sign is turned"),
    ("ch13.entropy", lambda o, tau: np.var(o) / tau**3, "by its probability"),
    ("ch13.entropy", lambda o, tau: tau**3 * spread_of_logits(o, tau), "variance alone"),
    (
        "ch13.entropy",
        lambda o, tau: (ops.softmax(o / tau) * o**2).sum() / tau**3,
        "squared logits",
    ),
    (
        "ch13.beat",
        lambda training, context, V: next_probabilities(kneser_ney(training, V, 5), context),
        "this is the 5-gram",
    ),
    ("ch13.beat", lambda training, context, V: np.full(V, 1 / V), "enters it"),
    ("ch13.beat", beat_certain, "too sure"),
    ("ch13.beat", beat_neighbour, "the neighbour"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch13.parts", dict.fromkeys(PARTS, ...), "still open"),
    ("ch13.memory", dict.fromkeys(MEMORY, ...), "still open"),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_right_answer_passes(exercise_id, answer):
    result = ask(exercise_id, answer)
    assert result.passed, result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), WRONG)
def test_wrong_answer_gets_its_own_hint(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", [name for name in FUNCTIONS if name != "ch13.beat"])
def test_no_mistake_is_ever_right(exercise_id):
    exercise = find(exercise_id)
    for seed in range(15):
        for mistake in exercise.mistakes:
            result = check(exercise_id, mistake.answer, rng=np.random.default_rng(seed))
            assert not result.passed


@pytest.mark.parametrize("seed", range(6))
def test_what_is_learnt_from_the_delayed_text_passes_whatever_was_drawn(seed):
    for answer in (beat_by_agreement, beat_by_pairs):
        assert check("ch13.beat", answer, rng=np.random.default_rng(seed)).passed
    for mistake in find("ch13.beat").mistakes:
        assert not check("ch13.beat", mistake.answer, rng=np.random.default_rng(seed)).passed


def test_the_delayed_text_cannot_be_guessed_from_four_characters():
    exercise = find("ch13.beat")
    rng, nats = np.random.default_rng(3), {"right": 0.0, "5-gram": 0.0}
    for _ in range(3):
        training, sequel, V = exercise.draw(rng)
        counted = kneser_ney(training, V, 5)
        for t in range(20, len(sequel)):
            nats["right"] -= np.log(exercise.expected(training, sequel[:t], V)[sequel[t]])
            nats["5-gram"] -= np.log(next_probabilities(counted, sequel[:t])[sequel[t]])
    assert nats["right"] < 0.6 * nats["5-gram"]
