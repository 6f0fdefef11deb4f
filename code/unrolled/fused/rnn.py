"""The plain cell over a whole sequence; the twin of ``cells.rnn``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.cells.rnn import Hidden, RNNParams
from unrolled.fused.chunks import longest, spans
from unrolled.fused.inputs import from_inputs, input_part
from unrolled.fused.products import step_product
from unrolled.fused.sums import Sums, add, input_gradients, room_for_inputs, sums_of, totals
from unrolled.fused.workspace import Workspace
from unrolled.shapes import Array

PARAMS, STATE, BLOCKS = RNNParams, Hidden, 1


class Kept(NamedTuple):
    """What the way back needs."""

    hs: Array
    """(T + 1, N, H), the first state before the sequence."""


def forward(
    params: RNNParams, xs: Array, state0: Hidden | None, ws: Workspace
) -> tuple[Kept, Hidden]:
    """Run all steps. See eq-rnn-step (chapter 2), eq-unroll (chapter 5).

    Parameters
    ----------
    params : RNNParams
        Weights.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs, already checked.
    state0 : Hidden or None
        Before the first step; None stands for zeros.
    ws : Workspace
        Where the arrays come from.

    Returns
    -------
    Kept, Hidden
        For :func:`backward`, and the last state.
    """
    (T, N), H, dtype = xs.shape[:2], len(params.Wh), params.Wx.dtype
    hs = ws.empty("hs", (T + 1, N, H), dtype)
    cuts = spans(T, N, H, BLOCKS)
    hs[0] = 0 if state0 is None else state0.h
    past = ws.empty("past", (1, N, H), dtype)
    inputs = input_part(params.Wx[None], params.b.reshape(1, 1, H), xs)
    product = step_product(params.Wh[None], N)
    multiply, Wh, columns = product.multiply, product.weights, product.columns(past)
    (of_h,) = past
    h_prev = hs[0]
    for start, end in cuts:
        a_s = hs[start + 1 : end + 1]  # pre-activations, which become states in place
        from_inputs(inputs, xs[start:end], a_s[:, None], a_s[None])
        for h in a_s:
            multiply(h_prev, Wh, columns)
            np.add(h, of_h, h)
            np.tanh(h, h)
            h_prev = h
    return Kept(hs), Hidden(h_prev.copy())


def backward(
    params: RNNParams,
    xs: Array,
    kept: Kept,
    dhs: Array | None,
    dstate_T: Hidden | None,
    ws: Workspace,
) -> tuple[Array | None, Hidden, RNNParams]:
    """Carry gradients back through all steps. See eq-bptt-delta (chapter 6).

    Parameters
    ----------
    params, xs
        As for :func:`forward`.
    kept : Kept
        From :func:`forward`.
    dhs : ndarray, shape (T, N, H), or None
        From above.
    dstate_T : Hidden or None
        From after the sequence.
    ws : Workspace
        Where the arrays come from.

    Returns
    -------
    ndarray or None, Hidden, RNNParams
        Gradients of inputs, first state and weights.
    """
    (T, N, H), D, dtype = kept.hs[1:].shape, len(params.Wx), kept.hs.dtype
    cuts = spans(T, N, H, BLOCKS)
    da = ws.empty("da", (longest(cuts), N, H), dtype)
    dh = np.zeros((1, N, H), dtype)
    if dstate_T is not None:
        dh[0] = dstate_T.h
    product = step_product(params.Wh.T[None], N)
    multiply, WhT, columns = product.multiply, product.weights, product.columns(dh)
    dxs, WxT = room_for_inputs(params.Wx, xs)
    sums: list[Sums] = []
    (of_h,), one = dh, np.array(1, dtype)
    for start, end in reversed(cuts):
        hs, slopes = kept.hs[start + 1 : end + 1], da[: end - start]
        np.multiply(hs, hs, slopes)
        np.subtract(one, slopes, slopes)  # 1 − h² of all these steps at once
        for t in reversed(range(start, end)):
            slope = slopes[t - start]
            if dhs is not None:
                np.add(of_h, dhs[t], of_h)  # from above and from the future
            np.multiply(slope, of_h, slope)  # through tanh
            multiply(slope, WhT, columns)  # to h_{t−1}
        rows = slopes.reshape(1, -1, H)
        add(sums, sums_of(xs[start:end], D, kept.hs[start:end], rows, rows, rows))
        if dxs is not None:
            input_gradients(rows, WxT, dxs[start:end])
    dWx, dWh, db = totals(sums)
    return dxs, Hidden(of_h), RNNParams(dWx, dWh, db.reshape(params.b.shape))
