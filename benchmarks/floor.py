"""The floor: only the matrix products that a forward and a backward pass cannot do without.

The same shapes, dtype and BLAS as ours; every result is written into an array that is there.
No code that calls these products can be faster than they are, whatever else it does, unless it
cuts them up in a better way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.sizes import DTYPE, SEED, Size
from unrolled.shapes import Array

BLOCKS = {"RNN": 1, "LSTM": 4, "GRU": 3}


class Product(NamedTuple):
    """One product left @ right, repeated."""

    name: str
    left: Array
    right: Array
    out: Array
    times: int


def products(cell: str, size: Size) -> list[Product]:
    """List the six products of a cell, k gates wide, and how often each is made."""
    T, N, D, H = size
    k = BLOCKS[cell]
    rng = np.random.default_rng(SEED)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(DTYPE)

    xs, hs, da = drawn(T * N, D), drawn(T * N, H), drawn(T * N, k * H)
    Wx, Wh = drawn(D, k * H), drawn(H, k * H)
    listed = [
        ("inputs", xs, Wx, 1),
        ("recurrent", hs[:N], Wh, T),
        ("recurrent backward", da[:N], np.ascontiguousarray(Wh.T), T),
        ("dxs", da, np.ascontiguousarray(Wx.T), 1),
        ("dWx", xs.T, da, 1),
        ("dWh", hs.T, da, 1),
    ]
    return [
        Product(name, left, right, np.empty((len(left), right.shape[1]), DTYPE), times)
        for name, left, right, times in listed
    ]


def multiply(cell: str, size: Size) -> Callable[[], None]:
    """Return a run of the products."""
    calls = [product[1:] for product in products(cell, size)]

    def run() -> None:
        for left, right, out, times in calls:
            for _ in range(times):
                np.dot(left, right, out)

    return run
