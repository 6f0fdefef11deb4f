"""What is computed: a forward and a backward pass at four sizes, from numbers that are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from unrolled import GRU, LSTM, RNN
from unrolled.cells.base import Cell, Params
from unrolled.shapes import Array

SEED = 0
DTYPE = np.float32


class Size(NamedTuple):
    """The axes of one problem."""

    T: int
    N: int
    D: int
    H: int


SIZES = {
    "textbook": Size(4, 1, 4, 3),
    "small": Size(35, 20, 100, 100),
    "char-LM": Size(64, 32, 65, 256),
    "large": Size(100, 64, 512, 512),
}
GROWTH_T = (50, 100, 200, 400, 800)
GROWTH = Size(0, 20, 100, 100)
"""The other axes, while T grows."""
STREAM = "LSTM"
"""The cell whose memory is measured as a stream grows."""
WINDOW = 50
"""Steps of a backward pass where the gradients of the stream are truncated."""


class Training(NamedTuple):
    """A character model and its steps."""

    T: int = 64
    N: int = 32
    V: int = 65
    H: int = 256
    steps: int = 8
    """Made in one call, so that what happens once a call weighs little."""
    rate: float = 2e-3
    clip: float = 1.0

    @property
    def tokens(self) -> int:
        """Read in one call."""
        return self.steps * self.T * self.N


TRAINING = Training()
CELLS: dict[str, Cell] = {"RNN": RNN, "LSTM": LSTM, "GRU": GRU}


class Problem(NamedTuple):
    """One forward and backward pass to be made; the state before the first step is zero."""

    cell: Cell
    params: Params
    xs: Array
    """(T, N, D)."""
    dhs: Array
    """(T, N, H), the gradient that reaches the states from above."""


class Answer(NamedTuple):
    """What every rival must find; the gradients of the biases are found too, not compared."""

    hs: Array
    dxs: Array
    dWx: Array
    dWh: Array


class Rival(NamedTuple):
    """Somebody who solves a problem."""

    run: Callable[[], object]
    """What is timed."""
    answer: Callable[[], Answer]
    """Run once more, and say what was found, in our layout."""


Rivals: TypeAlias = dict[str, Rival]


def problem(cell: str, size: Size) -> Problem:
    """Draw the numbers of one problem; a cell and a size always give the same ones."""
    rng = np.random.default_rng(SEED)
    record = CELLS[cell]
    params = record.init(size.D, size.H, rng=rng, dtype=DTYPE)
    return Problem(
        record,
        params,
        rng.standard_normal((size.T, size.N, size.D)).astype(DTYPE),
        rng.standard_normal((size.T, size.N, size.H)).astype(DTYPE),
    )


def difference(ours: Answer, theirs: Answer) -> float:
    """Say how far two answers lie apart: the largest difference of an array over its largest entry.

    Raises
    ------
    ValueError
        A shape or a dtype that is not the same.
    """
    apart = []
    for name, a, b in zip(Answer._fields, ours, theirs, strict=True):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise ValueError(f"{name}: {a.shape} {a.dtype} beside {b.shape} {b.dtype}")
        apart.append(np.max(np.abs(a - b)) / np.max(np.abs(a)))
    return float(np.max(apart))  # NaN if anything is: Python's max would pass it over


def our_answer(run: Callable[[], tuple[Array, Array, Any]]) -> Answer:
    """Run one of our forms; give copies, since a workspace's arrays are overwritten."""
    hs, dxs, dparams = run()
    return Answer(*(array.copy() for array in (hs, dxs, dparams.Wx, dparams.Wh)))
