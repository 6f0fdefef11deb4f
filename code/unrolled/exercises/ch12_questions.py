"""Chapter 12's questions drawn, and what the usual mistakes compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unrolled.analysis.proportions import wilson
from unrolled.exercises import ch12_answers as right
from unrolled.shapes import Array

Needed = Sequence[int | None]


def draw_sum(rng: np.random.Generator) -> tuple[int, float, float]:
    """Draw how many numbers are added, and between which limits they lie."""
    low = float(rng.uniform(-3, 1))
    return int(rng.integers(3, 8)), low, low + float(rng.uniform(1.2, 4))


def draw_tolerance(rng: np.random.Generator) -> tuple[float]:
    """Draw how far off still counts as right."""
    return (float(rng.uniform(0.02, 0.4)),)


def draw_window(rng: np.random.Generator) -> tuple[int, int]:
    """Draw an even number of steps and a shorter window."""
    T = 2 * int(rng.integers(3, 15))
    return T, int(rng.integers(1, T))


def draw_marks(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw the numbers of some sequences and the two marked rows of each."""
    T, N = 2 * int(rng.integers(3, 6)), int(rng.integers(3, 6))
    first, second = rng.integers(0, T // 2, N), rng.integers(T // 2, T, N)
    first[:2], second[:2] = (0, 1), (T // 2, T - 1)  # never one place for all
    return rng.uniform(0, 1, (T, N)), first, second


def every_row(values: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Mark a step for all sequences, if one of them has its mark there."""
    xs, targets = right.marked(values, first, second)
    marks = np.zeros_like(values)
    marks[first] = marks[second] = 1
    return np.stack([xs[:, :, 0], marks], axis=-1), targets


def draw_outputs(rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw strings of which about a half are right, with one or two legal symbols a step."""
    T, N, V = int(rng.integers(4, 7)), 12, 7
    legal = np.zeros((T, N, V), bool)
    outputs = rng.uniform(-1, 1, (T, N, V))
    for t, n in np.ndindex(T, N):
        legal[t, n, rng.permutation(V)[: rng.integers(1, 3)]] = True
    outputs = outputs + 2.5 * legal
    for n in range(0, N, 2):  # one illegal symbol comes in between, or in front
        t = int(rng.integers(0, T))
        legal[t, n] = False
        legal[t, n, rng.permutation(V)[:2]] = True
        outputs[t, n] = np.where(legal[t, n], rng.uniform(1, 2, V), rng.uniform(-1, 1, V))
        one, two = np.flatnonzero(legal[t, n])
        high = 3.0 if n % 4 == 0 else 0.9
        outputs[t, n, [one, two]] = high, 0.2
        outputs[t, n, np.flatnonzero(~legal[t, n])[0]] = 0.5 if n % 4 == 0 else 1.5
    legal[0, 1] = False  # a string that is right but for a tie of a legal and another symbol
    legal[0, 1, rng.permutation(V)[:2]] = True
    one, two = np.flatnonzero(legal[0, 1])
    outputs[0, 1] = np.minimum(outputs[0, 1], 0)
    outputs[0, 1, [one, two, np.flatnonzero(~legal[0, 1])[0]]] = 2.0, 0.9, 0.9
    legal[-1, N // 2 :] = False  # the second half of the strings has ended
    # logits may all be negative, or all positive: a 0 in place of those left out would be seen
    return outputs + np.where(np.arange(N) % 4 < 2, 4.0, -4.0)[:, None], legal


def top_is_legal(outputs: Array, legal: Array) -> Array:
    """Ask only whether the most active symbol is legal."""
    ended = ~legal.any(axis=-1)
    top = np.take_along_axis(legal, outputs.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    return np.asarray((top | ended).all(axis=0))


def by_step(outputs: Array, legal: Array) -> Array:
    """Say it for each step, not for each string."""
    least = np.where(legal, outputs, np.inf).min(axis=-1)
    return np.asarray(least > np.where(legal, -np.inf, outputs).max(axis=-1))


def draw_probe(rng: np.random.Generator) -> tuple[right.Ask, Array, Array]:
    """Draw a rule that reads some of the symbols, and ask about one place of each sequence."""
    T, N = 9, 10
    weights = rng.permutation(np.array([1, 2, 1, 3, 0, 0, 0, 0, 0]))

    def answer(xs: Array) -> Array:
        return np.asarray((weights[:, None] * xs).sum(axis=0) % 4)

    row = rng.permutation(T)[rng.integers(0, T, N)]
    row[:2] = rng.permutation(np.flatnonzero(weights))[:2]
    row[2:4] = rng.permutation(np.flatnonzero(weights == 0))[:2]
    return answer, rng.integers(0, 2, (T, N)), row


def whole_rows(ask: right.Ask, xs: Array, row: Array) -> float:
    """Swap the symbols of these rows in every sequence."""
    other = xs.copy()
    other[row] = 1 - other[row]
    return float((ask(other) != ask(xs)).mean())


def set_to(symbol: int) -> Callable[[right.Ask, Array, Array], float]:
    """Write one symbol instead of swapping."""

    def answer(ask: right.Ask, xs: Array, row: Array) -> float:
        other = xs.copy()
        other[row, np.arange(len(row))] = symbol
        return float((ask(other) != ask(xs)).mean())

    return answer


def draw_runs(rng: np.random.Generator) -> tuple[list[int | None], float]:
    """Draw a number of runs, some of them failures: fewer than a half, a half, or more."""
    runs = int(rng.integers(8, 14))
    failed = (int(rng.integers(1, runs // 2 - 1)), runs // 2, runs // 2 + 1)[rng.integers(3)]
    needed: list[int | None] = [int(n) for n in 100 * rng.integers(5, 200, runs - failed)]
    needed += [None] * failed
    return [needed[i] for i in rng.permutation(runs)], float(rng.uniform(1.2, 2.6))


def reported(**changed: Callable[[Needed, float], Any]) -> Callable[[Needed, float], Any]:
    """Give the right report but for some entries."""
    return lambda needed, z: {
        **right.report(needed, z),
        **{name: rule(needed, z) for name, rule in changed.items()},
    }


def solved(needed: Needed) -> list[int]:
    """Keep the runs that solved it."""
    return [n for n in needed if n is not None]


def standard_errors(sign: int) -> Callable[[Needed, float], float]:
    """Give the share and some standard errors above or below it."""

    def limit(needed: Needed, z: float) -> float:
        n, p = len(needed), len(solved(needed)) / len(needed)
        return float(p + sign * z * np.sqrt(p * (1 - p) / n))

    return limit


def around_share(needed: Needed, z: float, sign: int) -> float:
    """Lay Wilson's width around the share."""
    low, high = wilson(len(solved(needed)), len(needed), z)
    return len(solved(needed)) / len(needed) + sign * (high - low) / 2
