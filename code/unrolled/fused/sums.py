"""Act three: every sum over time, as one product over all rows of a chunk of steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled.fused.products import tiled
from unrolled.shapes import Array


class Sums(NamedTuple):
    """Gradients of the weights: what some chunks contribute, M matrices each.

    M is the number of gates, or 1: all their columns in one matrix.
    """

    dWx: Array
    """(M, D, P)."""
    dWh: Array
    """(M, H, P)."""
    db: Array
    """(M, P): a number for each column."""


def sums_of(xs: Array, D: int, h_prevs: Array, of_x: Array, of_h: Array, of_b: Array) -> Sums:
    """Sum over a chunk of S steps. See eq-bptt-dwh (chapter 6).

    Parameters
    ----------
    xs : ndarray, shape (S, N, D), or of int, shape (S, N)
        Inputs of these steps.
    D : int
        Input features.
    h_prevs : ndarray, shape (S, N, H)
        The state before each of them.
    of_x, of_h, of_b : ndarray, shape (M, S·N, P)
        Gradients of x W_x and of h W_h, and those whose sum over the rows is wanted.

    Returns
    -------
    Sums
        Fresh arrays.
    """
    rows = of_x.shape[1]
    x = _one_hot(xs, D, of_x.dtype) if xs.ndim == 2 else xs
    flat_x, flat_h = x.reshape(rows, -1), h_prevs.reshape(rows, -1)
    sums = Sums(
        np.empty((len(of_x), D, of_x.shape[2]), of_x.dtype),
        np.empty((len(of_h), flat_h.shape[1], of_h.shape[2]), of_h.dtype),
        np.matmul(np.full(rows, 1, of_b.dtype), of_b),
    )
    tiled(flat_x.T, of_x, sums.dWx)
    tiled(flat_h.T, of_h, sums.dWh)
    return sums


def _one_hot(ids: Array, D: int, dtype: np.dtype[Any]) -> Array:
    """Make a row with a single 1 of each id: a product adds them up, np.add.at one at a time.

    As :func:`unrolled.ops.one_hot`, but the ids were checked once, not at every chunk.
    """
    rows = np.zeros((ids.size, D), dtype)
    rows[np.arange(ids.size), ids.ravel()] = 1
    return rows


def add(sums: list[Sums], share: Sums) -> None:
    """Add a chunk's share to those of the chunks before it.

    Parameters
    ----------
    sums : list of Sums
        Empty before the first chunk, then one; changed in place.
    share : Sums
        Of the next chunk.
    """
    if not sums:
        sums.append(share)
        return
    for total, part in zip(*sums, share, strict=True):
        np.add(total, part, total)


def totals(sums: list[Sums]) -> tuple[Array, Array, Array]:
    """Put the gates' columns side by side.

    Parameters
    ----------
    sums : list of Sums
        From :func:`add`, after the last chunk.

    Returns
    -------
    ndarray, ndarray, ndarray
        dWx (D, M·P), dWh (H, M·P) and db (M·P,).
    """
    ((dWx, dWh, db),) = sums
    return _side_by_side(dWx), _side_by_side(dWh), db.reshape(-1)


def _side_by_side(matrices: Array) -> Array:
    M, K, P = matrices.shape
    if M == 1:
        only: Array = matrices[0]
        return only
    return matrices.transpose(1, 0, 2).reshape(K, M * P)


def room_for_inputs(Wx: Array, xs: Array) -> tuple[Array | None, Array]:
    """Make room for the gradients of vectors, and lay out the weights that carry them.

    Parameters
    ----------
    Wx : ndarray, shape (D, M·P)
        Input weights.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs.

    Returns
    -------
    ndarray, shape (T, N, D), or None
        None for token ids.
    ndarray, shape (M·P, D)
        W_xᵀ for :func:`input_gradients`: contiguous, copied once, not at every product.
    """
    if xs.ndim == 2:  # token ids
        return None, Wx
    return np.empty(xs.shape, Wx.dtype), np.ascontiguousarray(Wx.T)


def input_gradients(of_x: Array, WxT: Array, out: Array) -> None:
    """Carry the gradients of x W_x on to x, for a chunk of S steps.

    Parameters
    ----------
    of_x : ndarray, shape (M, S·N, P)
        As for :func:`sums_of`.
    WxT : ndarray, shape (M·P, D)
        From :func:`room_for_inputs`.
    out : ndarray, shape (S, N, D)
        Written whole.
    """
    M, rows, P = of_x.shape
    flat, by_gate = out.reshape(rows, -1), WxT.reshape(M, P, -1)
    if M == 1:
        tiled(of_x[0], by_gate[0], flat)
    else:
        parts = np.empty((M, *flat.shape), flat.dtype)
        tiled(of_x, by_gate, parts)
        np.add.reduce(parts, axis=0, out=flat)
