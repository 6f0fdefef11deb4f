"""Copy: ten symbols, a long pause, then the same ten are asked for."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import check_size
from unrolled.tasks.batch import Batch, check_draw

COPIED = 10
"""Symbols to be remembered."""
ALPHABET = 8
"""How many different ones there are, with ids from 0 to 7."""
BLANK, DELIMITER = ALPHABET, ALPHABET + 1
"""The id of the pause, and the id that asks for the answer."""


def copying(T: int, N: int, *, rng: np.random.Generator) -> Batch:
    """Draw the copying problem as Arjovsky, Shah and Bengio 2016 set it.

    Ten symbols out of eight, T − 1 blanks, the delimiter, ten blanks: T + 20 steps. The answer
    is T + 10 blanks, then the ten symbols. See :func:`copying_baseline` for what answering without
    memory costs.

    Parameters
    ----------
    T, N : int
        The pause with its delimiter, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where the symbols are drawn from; it moves on.

    Returns
    -------
    Batch
        ``xs`` and ``targets``, (T + 20, N): ids below 8 are symbols, 8 is the blank, 9 the
        delimiter, which is never a target. No mask: every step is scored.

    Raises
    ------
    ArgumentError
        A size below 1, no Generator.
    """
    check_draw(T, N, rng, fewest=1, why="for the delimiter")
    symbols = rng.integers(0, ALPHABET, (COPIED, N))
    xs = np.full((T + 2 * COPIED, N), BLANK)
    targets = xs.copy()
    xs[:COPIED] = symbols
    xs[COPIED + T - 1] = DELIMITER
    targets[-COPIED:] = symbols
    return Batch(xs, targets)


def copying_baseline(T: int) -> float:
    """Give the cross-entropy per step of the best answer to :func:`copying` without memory.

    Where the ten symbols are asked for is known from the delimiter, so the T + 10 blanks cost
    nothing. Each of the ten symbols is one of eight, all equally likely: −ln(1/8) = ln 8 nats.
    Spread over the T + 20 steps that is 10 ln 8/(T + 20).

    Parameters
    ----------
    T : int
        The pause with its delimiter.

    Returns
    -------
    float
        Nats for each step.

    Raises
    ------
    ArgumentError
        A size below 1.
    """
    return COPIED * float(np.log(ALPHABET)) / (check_size("T", T, "T") + 2 * COPIED)
