"""From the gates' gradients of one step to the state before it: Σ_g da_g W_gᵀ."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.fused.products import SMALL, StepProduct, step_product
from unrolled.fused.workspace import Workspace
from unrolled.shapes import Array


class WayBack(NamedTuple):
    """One product of all gates side by side; or one for each, and a sum.

    One is better, unless it would need packing.
    """

    product: StepProduct
    columns: Array
    """Where it writes."""
    parts: Array
    """(M, N, H): the same memory, a part for each of M products."""
    rows: Array | None
    """(S, N, columns): each step's gates side by side, where the product is one."""
    by_gate: Array | None
    """(S, columns/H, N, H): a view of the rows."""


def way_back(weights: Array, columns: int, steps: int, out: Array, ws: Workspace) -> WayBack:
    """Lay out weights and scratch.

    Parameters
    ----------
    weights : ndarray, shape (G, H, H)
        W_gᵀ of each gate that the state before enters.
    columns : int
        Of all gates of a step, these first.
    steps : int
        The longest chunk's.
    out : ndarray, shape (1, N, H)
        Where the sums go.
    ws : Workspace
        Where scratch comes from.

    Returns
    -------
    WayBack
        For :func:`carry` and :func:`matrices`.
    """
    (G, H, _), (_, N, _) = weights.shape, out.shape
    if N * G * H * H <= SMALL:
        product = step_product(weights.reshape(1, G * H, H), N)
        rows = ws.empty("rows", (steps, N, columns), out.dtype)
        by_gate = rows.reshape(steps, N, -1, H).transpose(0, 2, 1, 3)
        return WayBack(product, product.columns(out), out, rows, by_gate)
    product = step_product(weights, N)
    parts = ws.empty("past", (G, N, H), out.dtype)
    return WayBack(product, product.columns(parts), parts, None, None)


def carry(way: WayBack, gradients: Array, step: int, out: Array) -> None:
    """Carry one step's gradients back to the state before it.

    Parameters
    ----------
    way : WayBack
        From :func:`way_back`.
    gradients : ndarray, shape (G', N, H)
        Of the pre-activations, those of ``weights`` first.
    step : int
        Of the chunk.
    out : ndarray, shape (N, H)
        The one that :func:`way_back` was given.
    """
    (multiply, weights), columns, parts, rows, by_gate = way
    if rows is None or by_gate is None:
        multiply(gradients[: len(parts), None], weights, columns)
        np.add.reduce(parts, axis=0, out=out)
    else:
        by_gate[step] = gradients
        multiply(rows[step, :, : len(weights)], weights, columns)


def matrices(way: WayBack, gradients: Array, steps: int, first: int, last: int) -> Array:
    """View what the steps of a chunk carried as the sums over time want it.

    Parameters
    ----------
    way : WayBack
        From :func:`way_back`.
    gradients : ndarray, shape (G', S, N, H)
        Of a chunk, as :func:`carry` had them.
    steps : int
        So many steps of it.
    first, last : int
        First and last-plus-one gate wanted.

    Returns
    -------
    ndarray, shape (1, steps·N, G·H) or (G, steps·N, H)
        In as many matrices as the product has.
    """
    H = gradients.shape[-1]
    if way.rows is None:
        return gradients[first:last, :steps].reshape(last - first, -1, H)
    rows = way.rows[:steps].reshape(1, -1, way.rows.shape[-1])
    return rows[:, :, first * H : last * H]
