"""Products cut so small that BLAS need not copy their operands first."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from unrolled.shapes import Array

SMALL = 1_000_000
"""Rows · columns · depth up to which OpenBLAS multiplies without packing its operands first.

A recurrent product has few rows, the mini-batch, so packing W_h at every step costs much of what
multiplying by it does. Cut into column blocks once, before the loop, no block needs packing.
The larger products outside of the loop are cut into tiles, by views alone.
"""
PAYS = 64
"""So many times ``SMALL``, and packing costs little beside the product; threads then share it."""
NARROWEST = 16
"""Columns below which a block would be too narrow for the kernels to pay."""
SIDE = 32
"""Rows or columns below which a tile would be: it has to win against packing done once."""


def tiled(a: Array, b: Array, out: Array) -> None:
    """Multiply in tiles so small that no operand is packed.

    Parameters
    ----------
    a : ndarray, shape (M, K) or (G, M, K)
        Any strides.
    b : ndarray, shape (K, P) or (G, K, P)
        Any strides.
    out : ndarray, shape (M, P) or (G, M, P)
        Written whole.
    """
    (M, K), P = a.shape[-2:], b.shape[-1]
    rows, width = remembered_tile(M, K, P)
    if (rows, width) == (M, P):
        np.matmul(a, b, out=out)
        return
    a_rows = a.reshape(*a.shape[:-2], M // rows, 1, rows, K)
    b_columns = b.reshape(*b.shape[:-2], 1, K, P // width, width)
    tiles = out.reshape(*out.shape[:-2], M // rows, rows, P // width, width)
    np.matmul(a_rows, b_columns.swapaxes(-3, -2), out=tiles.swapaxes(-3, -2))


def tile(M: int, K: int, P: int) -> tuple[int, int]:
    """Find the largest tile of a product (M, K) (K, P) that stays small.

    Parameters
    ----------
    M, K, P : int
        Sizes of the product.

    Returns
    -------
    (int, int)
        Rows and columns of a tile; M and P themselves if none is small or packing pays.
    """
    if not SMALL < M * K * P <= PAYS * SMALL:
        return M, P
    small = [
        (rows * width, min(rows, width), rows, width)
        for rows in _parts(M)
        for width in _parts(P)
        if rows * K * width <= SMALL
    ]
    return max(small)[2:] if small else (M, P)


def _parts(n: int) -> list[int]:
    """Give what divides n and is not too narrow, n itself too."""
    return [n // k for k in range(1, n // SIDE + 1) if n % k == 0] or [n]


remembered_tile = cache(tile)


class StepProduct(NamedTuple):
    """y_g = x W_g, or x_g W_g, for weights (G, K, P); a step calls ``multiply(x, weights, y)``."""

    multiply: Callable[..., Any]
    """``np.dot`` for one block of one matrix: half the overhead of ``np.matmul``."""
    weights: Array
    """(K, P), or (G, B, K, P/B): in B blocks of columns, each contiguous."""

    def columns(self, y: Array) -> Array:
        """View a result (G, N, P) as ``multiply`` writes it: (N, P), or (G, B, N, P/B)."""
        if self.weights.ndim == 2:
            only: Array = y[0]
            return only
        G, B, _, width = self.weights.shape
        return y.reshape(G, y.shape[1], B, width).transpose(0, 2, 1, 3)


def step_product(weights: Array, N: int) -> StepProduct:
    """Lay weights out for a product with N rows.

    Parameters
    ----------
    weights : ndarray, shape (G, K, P)
        Any strides: a transposed view is copied here, once, instead of at every step.
    N : int
        Rows of what they will multiply.

    Returns
    -------
    StepProduct
        In as few blocks as stay small, or in one if none would.
    """
    G, K, P = weights.shape
    B = 1 if N * K * P <= SMALL else _blocks(N, K, P)
    if G == B == 1:
        return StepProduct(np.dot, np.ascontiguousarray(weights[0]))
    blocks = weights.reshape(G, K, B, P // B).transpose(0, 2, 1, 3)
    return StepProduct(np.matmul, np.ascontiguousarray(blocks))


def _blocks(N: int, K: int, P: int) -> int:
    counts = (B for B in range(1, P // NARROWEST + 1) if P % B == 0)
    return next((B for B in counts if N * K * (P // B) <= SMALL), 1)
