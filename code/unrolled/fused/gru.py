"""The GRU over a whole sequence; the twin of ``cells.gru``. Gates in the order r, z, n."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.cells.gru import GRUParams
from unrolled.cells.rnn import Hidden
from unrolled.fused.chunks import longest, spans
from unrolled.fused.gates import by_gate, finish_sigmoids
from unrolled.fused.inputs import from_inputs, input_part
from unrolled.fused.products import step_product
from unrolled.fused.sums import Sums, add, input_gradients, room_for_inputs, sums_of, totals
from unrolled.fused.way_back import carry, matrices, way_back
from unrolled.fused.workspace import Workspace
from unrolled.shapes import Array

SIGMOIDS = 2

PARAMS, STATE, BLOCKS = GRUParams, Hidden, 3


class Kept(NamedTuple):
    """What the way back needs."""

    hs: Array
    """(T + 1, N, H), the first state before the sequence."""
    gates: Array
    """(T, 3, N, H): r, z, n of all steps."""
    qs: Array
    """(T, N, H): h_{t−1} W_hn + b_hn, which the reset gate multiplies."""


def forward(
    params: GRUParams, xs: Array, state0: Hidden | None, ws: Workspace
) -> tuple[Kept, Hidden]:
    """Run all steps. See eq-gru-r to eq-gru-h (chapter 11).

    Parameters
    ----------
    params : GRUParams
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
    gates, qs = ws.empty("gates", (T, 3, N, H), dtype), ws.empty("qs", (T, N, H), dtype)
    scratch = ws.empty("slopes", (4, longest(cuts), N, H), dtype)[:3]
    past, scaled = ws.empty("past", (3, N, H), dtype), ws.empty("scaled", (N, H), dtype)
    half = np.array(0.5, dtype)

    b = by_gate(params.b.reshape(1, -1), SIGMOIDS, H)
    inputs = input_part(by_gate(params.Wx, SIGMOIDS, H), b, xs)
    product = step_product(by_gate(params.Wh, SIGMOIDS, H), N)
    multiply, Wh, columns = product.multiply, product.weights, product.columns(past)
    past_rz, past_n = past[:SIGMOIDS], past[2]
    bhn = params.bhn.reshape(1, H).repeat(N, axis=0)  # a row each: adding is then contiguous
    h_prev = hs[0]
    for start, end in cuts:
        a_s = gates[start:end]  # pre-activations, which become gates in place
        from_inputs(inputs, xs[start:end], a_s, scratch[:, : end - start])
        r_s, z_s, n_s = a_s.transpose(1, 0, 2, 3)
        q_s, h_s = qs[start:end], hs[start + 1 : end + 1]
        for rz, r, z, n, q, h in zip(a_s[:, :SIGMOIDS], r_s, z_s, n_s, q_s, h_s, strict=True):
            multiply(h_prev, Wh, columns)
            np.add(rz, past_rz, rz)
            np.tanh(rz, rz)
            finish_sigmoids(rz, half)
            np.add(past_n, bhn, q)
            np.multiply(r, q, scaled)
            np.add(n, scaled, n)
            np.tanh(n, n)
            np.subtract(h_prev, n, h)
            np.multiply(h, z, h)
            np.add(h, n, h)  # n + z (h_{t−1} − n)
            h_prev = h
    return Kept(hs, gates, qs), Hidden(h_prev.copy())


def backward(
    params: GRUParams,
    xs: Array,
    kept: Kept,
    dhs: Array | None,
    dstate_T: Hidden | None,
    ws: Workspace,
) -> tuple[Array | None, Hidden, GRUParams]:
    """Carry gradients back through all steps. See eq-gru-da and eq-gru-dprev (chapter 11).

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
    ndarray or None, Hidden, GRUParams
        Gradients of inputs, first state and weights.
    """
    (T, N, H), D, dtype = kept.hs[1:].shape, len(params.Wx), kept.hs.dtype
    cuts = spans(T, N, H, BLOCKS)
    steps = longest(cuts)
    # Gradients of q, a_r, a_z, a_n in this order: the first three go to W_h, the last three to W_x.
    slopes = ws.empty("slopes", (4, steps, N, H), dtype)
    dh, before = np.zeros((N, H), dtype), ws.empty("before", (1, N, H), dtype)
    if dstate_T is not None:
        dh[...] = dstate_T.h
    WhT_rz, WhT_n = params.Wh.T[: 2 * H], params.Wh.T[2 * H :]
    WhT = np.concatenate((WhT_n, WhT_rz)).reshape(3, H, H)
    way = way_back(WhT, 4 * H, steps, before, ws)
    dxs, WxT = room_for_inputs(params.Wx, xs)
    sums: list[Sums] = []
    (of_h,) = before
    views = list(zip(slopes.transpose(1, 0, 2, 3), *slopes, strict=True))
    for start, end in reversed(cuts):
        _local(kept, start, end, slopes)
        for t in reversed(range(start, end)):
            k = t - start
            slope, q, r, z, n = views[k]
            if dhs is not None:
                np.add(dh, dhs[t], dh)  # from above and from the future
            np.multiply(q, dh, q)
            np.multiply(r, dh, r)
            np.multiply(z, dh, z)
            np.multiply(n, dh, n)
            carry(way, slope, k, of_h)
            np.multiply(dh, kept.gates[t, 1], dh)
            np.add(dh, of_h, dh)  # to h_{t−1}, past the gates and through them
        qrz, rzn, qrzn = (
            matrices(way, slopes, end - start, *gates) for gates in ((0, 3), (1, 4), (0, 4))
        )
        add(sums, sums_of(xs[start:end], D, kept.hs[start:end], rzn, qrz, qrzn))
        if dxs is not None:
            input_gradients(rzn, WxT, dxs[start:end])
    dWx, dWh, db = totals(sums)
    dparams = GRUParams(
        Wx=dWx,
        Wh=np.concatenate((dWh[:, H:], dWh[:, :H]), axis=1),
        b=db[H:].reshape(params.b.shape),
        bhn=db[:H].reshape(params.bhn.shape),
    )
    return dxs, Hidden(dh), dparams


def _local(kept: Kept, start: int, end: int, slopes: Array) -> None:
    """Make, for some steps at once, the factors from dh to q, a_r, a_z and a_n."""
    r, z, n = kept.gates[start:end].transpose(1, 0, 2, 3)
    of_q, of_r, of_z, of_n = slopes[:, : end - start]
    one = np.array(1, n.dtype)

    np.subtract(one, z, of_q)
    np.subtract(kept.hs[start + 1 : end + 1], n, of_z)
    np.multiply(of_z, of_q, of_z)  # (h_{t−1} − n) z (1 − z), where (h_{t−1} − n) z is h − n
    np.multiply(n, n, of_n)
    np.subtract(one, of_n, of_n)
    np.multiply(of_n, of_q, of_n)  # (1 − z)(1 − n²)
    np.multiply(of_n, r, of_q)
    np.subtract(one, r, of_r)
    np.multiply(of_r, kept.qs[start:end], of_r)
    np.multiply(of_r, of_q, of_r)  # of_n q r (1 − r)
