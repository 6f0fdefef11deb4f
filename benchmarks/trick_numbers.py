"""What the tricks are tried on: numbers for one pass of an LSTM, and the two ways to be timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from benchmarks.sizes import DTYPE, SEED, Size
from unrolled.shapes import Array

GATES = 4

Way: TypeAlias = Callable[[], Any]


class Pair(NamedTuple):
    """The same work done twice."""

    without: Way
    with_: Way


class Numbers(NamedTuple):
    """What the pieces work on."""

    xs: Array
    """(T, N, D)."""
    hs: Array
    """(T, N, H), between −1 and 1."""
    da: Array
    """(T, N, 4H)."""
    Wx: Array
    Wh: Array
    ids: Array
    """(T, N), below D."""
    a: Array
    """(4, T, N, H): pre-activations, gate by gate."""


def numbers(size: Size) -> Numbers:
    """Draw them; a size always gives the same ones."""
    T, N, D, H = size
    rng = np.random.default_rng(SEED)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(DTYPE)

    return Numbers(
        drawn(T, N, D), np.tanh(drawn(T, N, H)), drawn(T, N, GATES * H),
        drawn(D, GATES * H) / DTYPE(D**0.5), drawn(H, GATES * H) / DTYPE(H**0.5),
        rng.integers(0, D, (T, N)), drawn(GATES, T, N, H),
    )  # fmt: skip
