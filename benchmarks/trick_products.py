"""The tricks that are about matrix products: where they stand, and how the weights lie."""

from __future__ import annotations

import numpy as np

from benchmarks.sizes import DTYPE, Size
from benchmarks.trick_numbers import GATES, Pair, numbers
from unrolled.fused.products import step_product
from unrolled.shapes import Array


def hoisted(size: Size) -> Pair:
    """Make the input product step by step, and at once."""
    n = numbers(size)
    out = np.empty(n.da.shape, DTYPE)
    rows, flat = out.reshape(-1, n.Wx.shape[1]), n.xs.reshape(-1, size.D)

    def without() -> Array:
        for x, a in zip(n.xs, out, strict=True):
            np.dot(x, n.Wx, a)
        return out

    def with_() -> Array:
        np.dot(flat, n.Wx, rows)
        return out

    return Pair(without, with_)


def row_picks(size: Size) -> Pair:
    """Take token ids to W_x: as one-hot rows of a product, and as picked rows."""
    n = numbers(size)
    ids = n.ids.reshape(-1)
    out, eye = np.empty((len(ids), n.Wx.shape[1]), DTYPE), np.eye(size.D, dtype=DTYPE)
    return Pair(lambda: np.dot(eye[ids], n.Wx, out), lambda: np.take(n.Wx, ids, 0, out, "clip"))


def rows_back(size: Size) -> Pair:
    """Find the gradient of W_x for token ids: ``np.add.at``, and a product with one-hot rows."""
    n = numbers(size)
    ids, da = n.ids.reshape(-1), n.da.reshape(-1, n.da.shape[-1])
    eye = np.eye(size.D, dtype=DTYPE)

    def without() -> Array:
        dWx = np.zeros_like(n.Wx)
        np.add.at(dWx, ids, da)
        return dWx

    return Pair(without, lambda: eye[ids].T @ da)


def summed_after(size: Size) -> Pair:
    """Find the gradient of W_h: added up step by step, and as one product over all rows."""
    n = numbers(size)
    hs, da = n.hs.reshape(-1, size.H), n.da.reshape(-1, GATES * size.H)

    def without() -> Array:
        dWh = np.zeros_like(n.Wh)
        for h, d in zip(n.hs, n.da, strict=True):
            dWh += h.T @ d
        return dWh

    return Pair(without, lambda: hs.T @ da)


def copied_transpose(size: Size) -> Pair:
    """Go back through W_h: with a transposed view, and with a copy made beforehand."""
    n = numbers(size)
    out = np.empty((size.N, size.H), DTYPE)

    def product(right: Array) -> Array:
        for d in n.da:
            np.dot(d, right, out)
        return out.copy()

    def with_() -> Array:
        return product(np.ascontiguousarray(n.Wh.T))

    return Pair(lambda: product(n.Wh.T), with_)


def column_blocks(size: Size) -> Pair:
    """Make the recurrent product: with the weights in one piece, and in blocks of columns."""
    n = numbers(size)
    columns = step_product(n.Wh[None, :, : size.H], size.N).weights.shape[-1]  # as fused cuts
    if columns == size.H:  # fused does not cut here: halves, or what H can be cut into, show why
        columns = next(width for width in range((size.H + 1) // 2, 0, -1) if size.H % width == 0)
    count = n.Wh.shape[1] // columns
    blocks = np.ascontiguousarray(n.Wh.reshape(size.H, count, columns).transpose(1, 0, 2))
    whole = np.empty((size.N, n.Wh.shape[1]), DTYPE)
    parts = np.empty((count, size.N, columns), DTYPE)

    def without() -> Array:
        for h in n.hs:
            np.dot(h, n.Wh, whole)
        return whole.reshape(size.N, count, columns).transpose(1, 0, 2)

    def with_() -> Array:
        for h in n.hs:
            np.matmul(h, blocks, out=parts)
        return parts

    return Pair(without, with_)


def one_matrix(size: Size) -> Pair:
    """Make the affine part: input product hoisted, and [x, h, 1] times one matrix."""
    n = numbers(size)
    b = n.da[0, 0]
    W = np.concatenate([n.Wx, n.Wh, b[None]])
    ones = np.ones((size.N, 1), DTYPE)
    rows = np.empty((size.T * size.N, len(b)), DTYPE)
    hoisted, past = rows.reshape(n.da.shape), np.empty((size.N, len(b)), DTYPE)
    out, flat = np.empty_like(n.da), n.xs.reshape(-1, size.D)

    def without() -> Array:
        np.dot(flat, n.Wx, rows)
        np.add(rows, b, rows)
        for h, a in zip(n.hs, hoisted, strict=True):
            np.dot(h, n.Wh, past)
            np.add(a, past, a)
        return hoisted

    def with_() -> Array:
        for x, h, a in zip(n.xs, n.hs, out, strict=True):
            np.dot(np.concatenate([x, h, ones], axis=1), W, a)
        return out

    return Pair(without, with_)
