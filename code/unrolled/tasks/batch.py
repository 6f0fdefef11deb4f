"""What a task hands out, and how sequences of several lengths lie in one array."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, Array, check_rng, check_size


class Batch(NamedTuple):
    """A mini-batch, in the order in which ``train.fit`` and ``models.loss`` take it."""

    xs: Array
    """Inputs, (T, N, D), or token ids, (T, N)."""
    targets: Array
    """What is asked for, at every step or at the last one."""
    mask: Array | None = None
    """True where a step is scored, (T, N); None where all of them are."""


def at_the_ends(lengths: Array, longest: int) -> Array:
    """Mark the last step of each sequence.

    Parameters
    ----------
    lengths : ndarray of int, shape (N,)
        Steps of each sequence.
    longest : int
        Steps of the array that they lie in.

    Returns
    -------
    ndarray of bool, shape (longest, N)
        True at row ``lengths[n] − 1`` of column n.
    """
    marked: Array = np.arange(longest)[:, None] == lengths - 1
    return marked


def check_draw(T: int, N: int, rng: object, *, fewest: int, why: str) -> None:
    """Check what every generator of a task is given.

    Parameters
    ----------
    T, N : int
        Steps, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where the sequences are drawn from.
    fewest : int
        The fewest steps that the task can be set with.
    why : str
        What needs them, for the message.

    Raises
    ------
    ArgumentError
        A size below 1, too few steps, no Generator.
    """
    check_size("T", T, "T")
    check_size("N", N, "N")
    check_rng(rng)
    if fewest > T:
        raise ArgumentError(f"T: expected at least {fewest} steps {why}, got {T}.")
