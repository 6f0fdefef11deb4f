"""The adding problem: two numbers are marked among many; their sum is asked for at the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_count, check_positive
from unrolled.tasks.batch import Batch, at_the_ends, check_draw

EARLY = 10
"""In 1997 the first mark stood on one of the first ten pairs."""


class Constant(NamedTuple):
    """The scores of the best answer that does not look at the input."""

    squared: float
    """Mean squared error."""
    absolute: float
    """Mean absolute error."""
    right: float
    """Share of answers within the tolerance."""


def adding(T: int, N: int, *, rng: np.random.Generator) -> Batch:
    """Draw numbers between 0 and 1, two of them marked; the sum of the two is the target.

    One mark stands in the first half, one in the second (Arjovsky, Shah, Bengio 2016; the numbers
    are those of Le, Jaitly, Hinton 2015 too). See :func:`adding_constant` for what knowing
    nothing costs.

    Parameters
    ----------
    T, N : int
        Steps, at least 2, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    Batch
        ``xs`` (T, N, 2): the number, and 1 where it is marked, else 0. ``targets`` (N, 1), for
        a model scored at the last step. No mask.

    Raises
    ------
    ArgumentError
        Fewer steps, a size below 1, no Generator.
    """
    check_draw(T, N, rng, fewest=2, why="for two marks apart")
    each = np.arange(N)
    xs = np.zeros((T, N, 2))
    xs[:, :, 0] = rng.uniform(0, 1, (T, N))
    first, second = rng.integers(0, T // 2, N), rng.integers(T // 2, T, N)
    xs[first, each, 1] = xs[second, each, 1] = 1
    return Batch(xs, xs[first, each, :1] + xs[second, each, :1])


def adding_constant(marks: int = 2) -> float:
    r"""Give the mean squared error of the best constant answer to :func:`adding`.

    A sum of k numbers uniform on [0, 1] has mean k/2, and no constant is better than the
    mean; its squared error is the variance. One uniform number has ∫ (u − ½)² du = 1/12, and
    the variances of independent numbers add up: k/12, so 1/6 for the two of the problem.

    Parameters
    ----------
    marks : int
        k, how many numbers are added.

    Returns
    -------
    float
        k/12.

    Raises
    ------
    ArgumentError
        Not an integer of at least 1.
    """
    return check_count("marks", marks) / 12


def adding_1997(T: int, N: int, *, rng: np.random.Generator) -> Batch:
    """Draw the adding problem of Hochreiter and Schmidhuber 1997 (their experiment 4).

    A sequence has T to 1.1 T pairs. The first of a pair is uniform on [−1, 1]; the second is 1
    on one of the first 10 pairs, 1 on another one of the first T/2 − 1, −1 on the first and on
    the last pair, and 0 elsewhere. The target is ½ + (X₁ + X₂)/4, with X₁ and X₂ the two marked
    numbers. If the first mark falls on the first pair, which keeps its −1, X₁ counts as 0. The
    second mark never falls there: that pair is not among the "still unmarked", it has its −1.

    See :func:`adding_1997_constant` for what knowing nothing costs.

    Parameters
    ----------
    T, N : int
        The fewest steps of a sequence, itself at least 22, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    Batch
        With L = T + ⌊T/10⌋ steps: ``xs`` (L, N, 2), zeros after a sequence's end; ``targets``
        (L, N, 1) and ``mask`` (L, N), for a model scored at every step: the mask picks the last
        step of each sequence, and targets are 0 at the others.

    Raises
    ------
    ArgumentError
        Fewer steps, a size below 1, no Generator.
    """
    check_draw(T, N, rng, fewest=2 * EARLY + 2, why="for the first ten pairs to end before T/2")
    each, longest = np.arange(N), T + T // 10
    lengths = rng.integers(T, longest + 1, N)
    values = rng.uniform(-1, 1, (longest, N))
    values[np.arange(longest)[:, None] >= lengths] = 0
    first = rng.integers(0, EARLY, N)
    # row 0 is never drawn here; nor is a first mark, which those from it on step over
    second = rng.integers(1, T // 2 - 1 - (first > 0))
    second += (first > 0) & (second >= first)
    marks = np.zeros((longest, N))
    marks[first, each] = marks[second, each] = 1
    marks[0] = -1
    marks[lengths - 1, each] = -1
    x1 = np.where(first == 0, 0, values[first, each])
    mask = at_the_ends(lengths, longest)
    targets = np.where(mask, 0.5 + (x1 + values[second, each]) / 4, 0)
    return Batch(np.stack([values, marks], axis=-1), targets[:, :, None], mask)


def adding_1997_constant(first_pair: float = 1 / EARLY, tolerance: float = 0.04) -> Constant:
    r"""Give the scores of the constant answer ½ to :func:`adding_1997`. The paper prints none.

    The error is S/4 with S = X₁ + X₂. With probability p, X₁ is 0 by the rule of the first
    pair; else both are uniform on [−1, 1], each of variance 1/3.

    - Squared: (1 − p) · (2/3)/16 + p · (1/3)/16 = (2 − p)/48, so 1/24 without the rule, and
      0.0396 with p = 1/10.
    - Absolute: S has density (2 − s)/4 at a distance of s ≤ 2 from 0 on either side, so the mean
      of its distance is 2 ∫ s (2 − s)/4 ds = 2/3; that of X₂ alone is 1/2. Together
      (1 − p)/6 + p/8, so 1/6 without the rule.
    - Right within a tolerance τ: the distance of S stays below a = 4τ with probability
      2 ∫₀ᵃ (2 − s)/4 ds = a − a²/4, that of X₂ alone with probability a. For τ = 0.04 the first
      is 15.4 %.

    Parameters
    ----------
    first_pair : float
        p, from 0 to 1: 1/10 as :func:`adding_1997` draws; 0 without the rule;
        1/10 + 9/10 · 1/(T/2 − 1) if the second mark could fall on the first pair too.
    tolerance : float
        τ, above 0 and below 1/4.

    Returns
    -------
    Constant
        Mean squared error, mean absolute error, share right.

    Raises
    ------
    ArgumentError
        A probability or a tolerance out of range.
    """
    kinds = (int, float, np.integer, np.floating)
    if (
        isinstance(first_pair, bool)
        or not isinstance(first_pair, kinds)
        or not 0 <= first_pair <= 1
    ):
        raise ArgumentError(f"first_pair: expected a probability from 0 to 1, got {first_pair!r}.")
    p, a = float(first_pair), 4 * check_positive("tolerance", tolerance, below=0.25)
    return Constant((2 - p) / 48, (1 - p) / 6 + p / 8, (1 - p) * (a - a * a / 4) + p * a)
