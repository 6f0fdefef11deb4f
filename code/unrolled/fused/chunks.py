"""Time in chunks: what many steps share is done for a chunk at once, while it is in the cache."""

from __future__ import annotations

STEPS = 8
"""A chunk of so many steps is not cut further: it has rows enough for a product at full speed."""
NUMBERS = 2**15
"""So many numbers of one gate may a chunk of more steps hold: it stays in the cache."""
WHOLE = 2**17
"""So few numbers of all gates and steps make one chunk: then nothing has to be added up."""
SHARE = 8
"""Nor may it be longer than this part of all steps: it stays small beside the tape."""


def spans(T: int, N: int, H: int, gates: int) -> list[tuple[int, int]]:
    """Cut T steps into chunks of nearly one length, the last one the longest.

    Parameters
    ----------
    T, N, H, gates : int
        Sizes of the run; a cell without gates counts as one.

    Returns
    -------
    list of (int, int)
        First and last-plus-one step of every chunk, in order.
    """
    if T * N * H * gates <= WHOLE:
        return [(0, T)]
    longest = max(STEPS, min(NUMBERS // (N * H), T // SHARE))
    count = -(-T // longest)
    return [(T * k // count, T * (k + 1) // count) for k in range(count)]


def longest(cuts: list[tuple[int, int]]) -> int:
    """Say how many steps the longest chunk has, for the arrays that hold one.

    Parameters
    ----------
    cuts : list of (int, int)
        From :func:`spans`.

    Returns
    -------
    int
        The last one's.
    """
    start, end = cuts[-1]
    return end - start
