"""Temporal order: two or three symbols stand far apart; their order is asked for at the end."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from unrolled.shapes import ArgumentError
from unrolled.tasks.batch import Batch, at_the_ends, check_draw

ORDER_SYMBOLS = ("X", "Y", "a", "b", "c", "d", "E", "B")
"""By id; the two that matter, the four that do not, the first of a sequence and its last."""

PLACES = MappingProxyType({2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))})
"""Between which hundredths of T each symbol stands, in experiments 6a and 6b of the paper."""


def temporal_order(T: int, N: int, *, rng: np.random.Generator, symbols: int = 2) -> Batch:
    """Draw the temporal order problem of Hochreiter and Schmidhuber 1997 (experiments 6a, 6b).

    A sequence of T to 1.1 T symbols begins with E and ends with B. Between them a, b, c and d
    come at random, but for an X or a Y at each of two steps, one from T/10 to T/5, one from T/2
    to 3T/5; for three symbols from T/10 to T/5, from 33T/100 to 43T/100, from 66T/100 to
    76T/100. T = 100 is the published problem. The order of the Xs and Ys is the class.

    Parameters
    ----------
    T, N : int
        The fewest steps of a sequence, itself at least 10, and sequences in the mini-batch.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.
    symbols : int
        2 for experiment 6a with its 4 classes, 3 for 6b with its 8.

    Returns
    -------
    Batch
        With L = T + ⌊T/10⌋ steps: ``xs`` (L, N), ids of ``ORDER_SYMBOLS``, B again after a
        sequence's end; ``targets`` (L, N), everywhere the class, read off X = 0 and Y = 1 as a
        binary number; ``mask`` (L, N), for a model scored at every step: the mask picks the
        last step of each sequence.

    Raises
    ------
    ArgumentError
        Fewer steps, a size below 1, another number of symbols, no Generator.
    """
    check_draw(T, N, rng, fewest=10, why="for symbols apart")
    if (
        isinstance(symbols, bool)
        or not isinstance(symbols, (int, np.integer))
        or symbols not in PLACES
    ):
        raise ArgumentError(f"symbols: expected 2 or 3, got {symbols!r}.")
    each, longest = np.arange(N), T + T // 10
    lengths = rng.integers(T, longest + 1, N)
    xs = rng.integers(2, 6, (longest, N))
    xs[0] = ORDER_SYMBOLS.index("E")
    xs[np.arange(longest)[:, None] >= lengths - 1] = ORDER_SYMBOLS.index("B")
    order = np.zeros(N, xs.dtype)
    for low, high in PLACES[int(symbols)]:
        symbol = rng.integers(0, 2, N)
        # steps are counted from 1, rows from 0; row 0 is the E
        rows = rng.integers(max(low * T // 100, 2), high * T // 100 + 1, N) - 1
        xs[rows, each] = symbol
        order = 2 * order + symbol
    return Batch(xs, np.broadcast_to(order, xs.shape).copy(), at_the_ends(lengths, longest))
