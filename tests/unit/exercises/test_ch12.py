"""The exercises of chapter 12: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from unrolled import tasks
from unrolled.analysis.proportions import wilson
from unrolled.exercises import check
from unrolled.exercises.checking import find

FOLLOWS = {
    "loss below 1/6, so both numbers are remembered": False,
    "loss below 1/12, so both numbers are remembered": True,
    "loss near the floor, so T or P is remembered": False,
    "10 of 10 seeds solved it, so its chance is 1": False,
    "0 of 10 seeds solved it, so the cell cannot learn it": False,
    "a swapped symbol changes the answer, so it is used": True,
}
FUNCTIONS = tuple(
    f"ch12.{name}"
    for name in ("constant", "generator", "lucky", "window", "solved", "probe", "report")
)


def ask(exercise_id, answer, seed=12):
    return check(exercise_id, answer, rng=np.random.default_rng(seed))


def by_variance(k, low, high):
    u = np.linspace(low, high, 400_001)
    u = (u[1:] + u[:-1]) / 2
    return k * u.var()


def adding(spoil=None):
    def answer(values, first, second):
        T, N = values.shape
        n = np.arange(N)
        marks = np.zeros((T, N))
        marks[first, n] = marks[second, n] = 1
        v = {"marks": marks, "values": values, "targets": (values * marks).sum(axis=0)[:, None]}
        v |= {} if spoil is None else spoil(v, first, second)
        return np.stack([v["values"], v["marks"]], axis=-1), v["targets"]

    return answer


def everywhere(v, first, second):
    marks = np.zeros_like(v["marks"])
    marks[[*first, *second]] = 1
    return {"marks": marks}


def by_index(values, first, second):
    N = values.shape[1]
    xs = np.zeros((*values.shape, 2))
    targets = np.zeros((N, 1))
    for n in range(N):
        xs[:, n, 0] = values[:, n]
        xs[first[n], n, 1] = xs[second[n], n, 1] = 1
        targets[n] = values[first[n], n] + values[second[n], n]
    return xs, targets


def window(T, W):
    half = T // 2
    first, second = max(0, W - half) / half, min(W, half) / half
    return 1 / 6 - first / 12 - second / 12


def solved(outputs, legal):
    return np.array(
        [
            all(
                outputs[t, n][legal[t, n]].min(initial=np.inf)
                > outputs[t, n][~legal[t, n]].max(initial=-np.inf)
                for t in range(len(legal))
            )
            for n in range(legal.shape[1])
        ]
    )


def filled(legal_by, others_by, beats=np.greater):
    """Whole strings, with other numbers than infinities for what is left out."""

    def answer(outputs, legal):
        smallest = np.where(legal, outputs, legal_by).min(axis=-1)
        return beats(smallest, np.where(legal, others_by, outputs).max(axis=-1)).all(axis=0)

    return answer


def steps(outputs, legal):
    return tasks.most_active(outputs, legal)


def top(outputs, legal):
    T, N, _ = legal.shape
    rows, columns = np.ogrid[:T, :N]
    hit = legal[rows, columns, outputs.argmax(axis=-1)] | ~legal.any(axis=-1)
    return hit.all(axis=0)


def probe(change):
    def answer(rule, xs, row):
        other = xs.copy()
        n = np.arange(len(row))
        other[row, n] = change(other[row, n])
        return np.mean(rule(other) != rule(xs))

    return answer


def one_by_one(rule, xs, row):
    changed = 0
    for n, t in enumerate(row):
        other = np.array(xs)
        other[t, n] ^= 1
        changed += rule(other)[n] != rule(xs)[n]
    return changed / len(row)


def whole_rows(rule, xs, row):
    other = xs.copy()
    for t in set(row.tolist()):
        other[t] = 1 - other[t]
    return np.mean(rule(other) != rule(xs))


def reported(**changes):
    def answer(sequences, z):
        done = [n for n in sequences if n is not None]
        k, n = len(done), len(sequences)
        middle = statistics.median([math.inf if s is None else s for s in sequences])
        low, high = wilson(k, n, z)
        v = {"share": k / n, "low": low, "high": high}
        v["median"] = middle if middle < math.inf else "none"
        return v | {name: change(done, k, n, z) for name, change in changes.items()}

    return answer


def middle_of(pick):
    """A report whose median is taken by another rule from the sorted runs."""

    def answer(sequences, z):
        ordered = sorted(math.inf if s is None else s for s in sequences)
        return reported()(sequences, z) | {"median": pick(ordered, len(ordered))}

    return answer


def or_none(middle):
    return "none" if middle == math.inf else middle


def slowest_at_half(ordered, n):
    """Take the slowest success where exactly half failed."""
    one, two = ordered[(n - 1) // 2], ordered[n // 2]
    return or_none(one if two == math.inf else (one + two) / 2)


# wrong, with no hint of their own: a check must still find them, whatever is drawn
PASSED_ONCE = [
    ("ch12.solved", filled(np.inf, 0)),
    ("ch12.solved", filled(0, -np.inf)),
    ("ch12.solved", filled(np.inf, -np.inf, np.greater_equal)),
    ("ch12.report", middle_of(lambda ordered, n: (ordered[(n - 1) // 2] + ordered[n // 2]) / 2)),
    ("ch12.report", middle_of(lambda ordered, n: or_none(ordered[n // 2]))),
    ("ch12.report", middle_of(lambda ordered, n: or_none(ordered[(n - 1) // 2]))),
    ("ch12.report", middle_of(slowest_at_half)),
]


def by_formula(sequences, z):
    n, k = len(sequences), sum(s is not None for s in sequences)
    p, a = k / n, 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    middle = np.median([1e18 if s is None else s for s in sequences])
    return {
        "share": p,
        "low": (p + z * z / (2 * n) - half) / a,
        "high": (p + z * z / (2 * n) + half) / a,
        "median": "none" if middle > 1e9 else middle,
    }


def wald(sign):
    return lambda done, k, n, z: k / n + sign * z * math.sqrt(k / n * (1 - k / n) / n)


def moved(sign):
    return lambda done, k, n, z: k / n + sign * (wilson(k, n, z).high - wilson(k, n, z).low) / 2


RIGHT = [
    ("ch12.constant", lambda k, low, high: k * (high - low) ** 2 / 12),
    ("ch12.constant", by_variance),
    ("ch12.follows", FOLLOWS),
    ("ch12.follows", {name: np.bool_(holds) for name, holds in FOLLOWS.items()}),
    ("ch12.generator", adding()),
    ("ch12.generator", by_index),
    ("ch12.lucky", lambda t: 2 * t - t**2),
    ("ch12.lucky", lambda t: 1 - (1 - t) ** 2),
    ("ch12.window", lambda T, W: (1 - W / T) / 6),
    ("ch12.window", window),
    ("ch12.solved", solved),
    ("ch12.solved", lambda outputs, legal: steps(outputs, legal).all(axis=0)),
    ("ch12.solved", filled(np.inf, -np.inf)),
    ("ch12.probe", probe(lambda s: 1 - s)),
    ("ch12.probe", one_by_one),
    ("ch12.report", reported()),
    ("ch12.report", by_formula),
]


def flipped(start):
    return {name: holds != name.startswith(start) for name, holds in FOLLOWS.items()}


WRONG = [
    ("ch12.constant", lambda k, low, high: k / 12, "between 0 and 1"),
    ("ch12.constant", lambda k, low, high: k * (high - low) / 12, "square of the width"),
    ("ch12.constant", lambda k, low, high: (high - low) ** 2 / 12, "this is one number. "),
    ("ch12.constant", lambda k, low, high: (k * high - k * low) ** 2 / 12, "spreads less"),
    (
        "ch12.constant",
        lambda k, low, high: k * (high - low) ** 2 / 12 + (k * (low + high) / 2) ** 2,
        "error of the answer 0",
    ),
    ("ch12.constant", lambda k, low, high: (k / 12) ** 0.5 * (high - low), "standard deviation"),
    ("ch12.follows", flipped("loss below 1/6"), "the later number alone"),
    ("ch12.follows", flipped("loss below 1/12"), "What is left below it"),
    ("ch12.follows", flipped("loss near"), "the one symbol T or P"),
    ("ch12.follows", flipped("10 of 10"), "the interval of ten of ten"),
    ("ch12.follows", flipped("0 of 10"), "a larger one"),
    ("ch12.follows", flipped("a swapped"), "nothing else was changed"),
    ("ch12.generator", adding(everywhere), "its own row"),
    ("ch12.generator", adding(lambda v, f, s: {"marks": 0 * v["marks"]}), "marks are missing"),
    (
        "ch12.generator",
        adding(lambda v, f, s: {"values": v["values"] * v["marks"]}),
        "not marked have to stay",
    ),
    (
        "ch12.generator",
        adding(lambda v, f, s: {"targets": v["values"].sum(axis=0)[:, None]}),
        "not of all",
    ),
    (
        "ch12.generator",
        adding(lambda v, f, s: {"values": v["marks"], "marks": v["values"]}),
        "exchanged",
    ),
    ("ch12.generator", adding(lambda v, f, s: {"targets": v["targets"] / 2}), "the mean"),
    (
        "ch12.generator",
        adding(lambda v, f, s: {"targets": v["targets"][:, 0]}),
        "targets: expected shape",
    ),
    ("ch12.lucky", lambda t: 2 * t, "flat at its peak"),
    ("ch12.lucky", lambda t: t, "uniform on [0, 2]"),
    ("ch12.lucky", lambda t: t - t * t / 2, "one side only"),
    ("ch12.lucky", lambda t: 4 * t - 4 * t * t, "formula of 1997"),
    ("ch12.lucky", lambda t: (1 - t) ** 2, "share that is wrong"),
    ("ch12.window", lambda T, W: (1 - W / T) / 12, "two numbers"),
    ("ch12.window", lambda T, W: W / (6 * T), "steps that are seen"),
    ("ch12.window", lambda T, W: (1 - W / T) ** 2 / 6, "not multiplied"),
    ("ch12.window", lambda T, W: max((1 - W / T) / 6, 1 / 12), "reaches into the first half"),
    ("ch12.window", lambda T, W: (1 + (2 * W < T)) / 12, "part of a half"),
    ("ch12.solved", top, "not the top one"),
    ("ch12.solved", steps, "not for each step"),
    ("ch12.solved", lambda o, legal: steps(o, legal).any(axis=0), "not if some step"),
    (
        "ch12.solved",
        lambda o, legal: (steps(o, legal) & legal.any(axis=-1)).all(axis=0),
        "after the end",
    ),
    ("ch12.solved", lambda o, legal: ~solved(o, legal), "that are wrong"),
    ("ch12.probe", whole_rows, "whole rows"),
    ("ch12.probe", lambda rule, xs, row: 1 - one_by_one(rule, xs, row), "stayed the same"),
    ("ch12.probe", probe(lambda s: 0 * s + 1), "to Y everywhere"),
    ("ch12.probe", probe(lambda s: 0 * s), "to X everywhere"),
    ("ch12.probe", lambda rule, xs, row: 10 * one_by_one(rule, xs, row), "a share is asked for"),
    (
        "ch12.report",
        reported(median=lambda done, k, n, z: statistics.median(done)),
        "failures are left out",
    ),
    (
        "ch12.report",
        reported(median=lambda done, k, n, z: np.median([*done, *[0] * (n - k)])),
        "counted as 0",
    ),
    ("ch12.report", reported(low=wald(-1), high=wald(1)), "z standard errors"),
    ("ch12.report", reported(low=moved(-1), high=moved(1)), "not the share seen"),
    (
        "ch12.report",
        reported(
            low=lambda done, k, n, z: wilson(k, n, z).high,
            high=lambda done, k, n, z: wilson(k, n, z).low,
        ),
        "exchanged",
    ),
    ("ch12.report", reported(share=lambda done, k, n, z: (n - k) / n), "share of failures"),
    (
        "ch12.report",
        reported(
            low=lambda done, k, n, z: wilson(k, n).low, high=lambda done, k, n, z: wilson(k, n).high
        ),
        "z is not used",
    ),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch12.follows", dict.fromkeys(FOLLOWS, ...), "still open"),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_right_answer_passes(exercise_id, answer):
    for seed in range(3):
        result = ask(exercise_id, answer, seed)
        assert result.passed, result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), WRONG)
def test_wrong_answer_gets_its_own_hint(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize(("exercise_id", "answer"), PASSED_ONCE)
def test_a_wrong_answer_fails_whatever_is_drawn(exercise_id, answer):
    for seed in range(40):
        assert not ask(exercise_id, answer, seed).passed, seed


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", FUNCTIONS)
def test_every_check_tells_every_mistake(exercise_id):
    """Whatever is drawn: no mistake is right, and none is taken for another."""
    for mistake in find(exercise_id).mistakes:
        for seed in range(25):
            assert ask(exercise_id, mistake.answer, seed).message == mistake.hint
