"""The three small tasks of the odyssey: keep, order, count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, Array, check_rng, check_size


class Task(NamedTuple):
    """What is learned: token ids in, classes out."""

    D: int
    """How many different ids."""
    V: int
    """How many classes."""
    steps: Literal["every", "last"]
    """Where an answer is asked for."""
    draw: Callable[..., tuple[Array, Array]]
    """``draw(T, N, rng=…)``: inputs and targets."""


def keep(T: int, N: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw one of two symbols, then T − 1 others; the first is asked for at the end.

    Parameters
    ----------
    T, N : int
        Steps, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    xs : ndarray of int, shape (T, N)
        0 or 1 first; then 2 to 5.
    targets : ndarray of int, shape (N,)
        The first id.

    Raises
    ------
    ArgumentError
        A size below 1, no Generator.
    """
    xs = _distractors(T, N, 2, rng)
    xs[0] = rng.integers(0, 2, N)
    return xs, xs[0].copy()


def order(T: int, N: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw two symbols among others; which two, in which order, is asked for at the end.

    The temporal order problem of Hochreiter and Schmidhuber 1997 (their experiment 6a),
    with fewer steps: one symbol stands between T/10 and T/5, one between T/2 and 3T/5.

    Parameters
    ----------
    T, N : int
        Steps, at least 10, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    xs : ndarray of int, shape (T, N)
        0 and 1 are the symbols, 2 to 5 the others.
    targets : ndarray of int, shape (N,)
        2 · first symbol + second symbol.

    Raises
    ------
    ArgumentError
        Fewer steps, a size below 1, no Generator.
    """
    xs = _distractors(T, N, 2, rng)
    if T < 10:
        raise ArgumentError(f"T: expected at least 10 steps for two symbols apart, got {T}.")
    first, second = rng.integers(0, 2, (2, N))
    for low, high, symbol in ((T // 10, T // 5, first), (T // 2, 3 * T // 5, second)):
        xs[rng.integers(low, high + 1, N), np.arange(N)] = symbol
    return xs, 2 * first + second


def count(T: int, N: int, *, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw blanks, marks and resets; the marks since the last reset are asked for at every step.

    Parameters
    ----------
    T, N : int
        Steps, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    xs : ndarray of int, shape (T, N)
        0 is a blank (60 %), 1 a mark (30 %), 2 a reset (10 %).
    targets : ndarray of int, shape (T, N)
        0 to 6, or 7 for seven and more.

    Raises
    ------
    ArgumentError
        A size below 1, no Generator.
    """
    _check_draw(T, N, rng)
    xs = rng.choice(3, (T, N), p=(0.6, 0.3, 0.1))
    targets = np.zeros_like(xs)
    marks = np.zeros(N, xs.dtype)
    for t in range(T):
        marks = np.where(xs[t] == 2, 0, np.minimum(marks + (xs[t] == 1), 7))
        targets[t] = marks
    return xs, targets


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        "keep": Task(6, 2, "last", keep),
        "order": Task(6, 4, "last", order),
        "count": Task(3, 8, "every", count),
    }
)


def _distractors(T: int, N: int, lowest: int, rng: np.random.Generator) -> Array:
    _check_draw(T, N, rng)
    return rng.integers(lowest, lowest + 4, (T, N))


def _check_draw(T: int, N: int, rng: np.random.Generator) -> None:
    check_size("T", T, "T")
    check_size("N", N, "N")
    check_rng(rng)
