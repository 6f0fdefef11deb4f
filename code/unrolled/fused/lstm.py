"""The LSTM over a whole sequence; the twin of ``cells.lstm``. Gates in the order i, f, o, g."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.cells.lstm import LSTMParams, Memory
from unrolled.fused.chunks import longest, spans
from unrolled.fused.gates import by_gate, finish_sigmoids
from unrolled.fused.inputs import from_inputs, input_part
from unrolled.fused.products import step_product
from unrolled.fused.sums import Sums, add, input_gradients, room_for_inputs, sums_of, totals
from unrolled.fused.way_back import carry, matrices, way_back
from unrolled.fused.workspace import Workspace
from unrolled.shapes import Array

SIGMOIDS = 3

PARAMS, STATE, BLOCKS = LSTMParams, Memory, 4


class Kept(NamedTuple):
    """What the way back needs."""

    hs: Array
    """(T + 1, N, H), the first state before the sequence."""
    cs: Array
    """(T + 1, N, H), the memories likewise."""
    gates: Array
    """(T, 4, N, H): i, f, o, g of all steps."""


def forward(
    params: LSTMParams, xs: Array, state0: Memory | None, ws: Workspace
) -> tuple[Kept, Memory]:
    """Run all steps. See eq-lstm-i to eq-lstm-h (chapter 9).

    Parameters
    ----------
    params : LSTMParams
        Weights.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs, already checked.
    state0 : Memory or None
        Before the first step; None stands for zeros.
    ws : Workspace
        Where the arrays come from.

    Returns
    -------
    Kept, Memory
        For :func:`backward`, and the last state.
    """
    (T, N), H, dtype = xs.shape[:2], len(params.Wh), params.Wx.dtype
    hs, cs = ws.empty("hs", (T + 1, N, H), dtype), ws.empty("cs", (T + 1, N, H), dtype)
    cuts = spans(T, N, H, BLOCKS)
    hs[0], cs[0] = (0, 0) if state0 is None else state0
    gates = ws.empty("gates", (T, 4, N, H), dtype)
    scratch = ws.empty("slopes", (4, longest(cuts), N, H), dtype)
    past, read = ws.empty("past", (4, N, H), dtype), ws.empty("read", (N, H), dtype)
    half = np.array(0.5, dtype)

    b = by_gate(params.b.reshape(1, -1), SIGMOIDS, H)
    inputs = input_part(by_gate(params.Wx, SIGMOIDS, H), b, xs)
    product = step_product(by_gate(params.Wh, SIGMOIDS, H), N)
    multiply, Wh, columns = product.multiply, product.weights, product.columns(past)
    h_prev, c_prev = hs[0], cs[0]
    for start, end in cuts:
        a_s = gates[start:end]  # pre-activations, which become gates in place
        from_inputs(inputs, xs[start:end], a_s, scratch[:, : end - start])
        i_s, f_s, o_s, g_s = a_s.transpose(1, 0, 2, 3)
        c_s, h_s = cs[start + 1 : end + 1], hs[start + 1 : end + 1]
        steps = zip(a_s, a_s[:, :SIGMOIDS], i_s, f_s, o_s, g_s, c_s, h_s, strict=True)
        for a, ifo, i, f, o, g, c, h in steps:
            multiply(h_prev, Wh, columns)
            np.add(a, past, a)
            np.tanh(a, a)
            finish_sigmoids(ifo, half)
            np.multiply(f, c_prev, c)
            np.multiply(i, g, read)
            np.add(c, read, c)
            np.tanh(c, read)
            np.multiply(o, read, h)
            h_prev, c_prev = h, c
    return Kept(hs, cs, gates), Memory(h_prev.copy(), c_prev.copy())


def backward(
    params: LSTMParams,
    xs: Array,
    kept: Kept,
    dhs: Array | None,
    dstate_T: Memory | None,
    ws: Workspace,
) -> tuple[Array | None, Memory, LSTMParams]:
    """Carry gradients back through all steps. See eq-lstm-dc and eq-lstm-da (chapter 10).

    Parameters
    ----------
    params, xs
        As for :func:`forward`.
    kept : Kept
        From :func:`forward`.
    dhs : ndarray, shape (T, N, H), or None
        From above.
    dstate_T : Memory or None
        From after the sequence.
    ws : Workspace
        Where the arrays come from.

    Returns
    -------
    ndarray or None, Memory, LSTMParams
        Gradients of inputs, first state and weights.
    """
    (T, N, H), D, dtype = kept.hs[1:].shape, len(params.Wx), kept.hs.dtype
    cuts = spans(T, N, H, BLOCKS)
    steps = longest(cuts)
    slopes = ws.empty("slopes", (4, steps, N, H), dtype)
    reads, through = ws.empty("reads", (steps, N, H), dtype), ws.empty("read", (N, H), dtype)
    dh, dc = np.zeros((1, N, H), dtype), np.zeros((N, H), dtype)
    if dstate_T is not None:
        dh[0], dc[...] = dstate_T
    way = way_back(params.Wh.T.reshape(4, H, H), 4 * H, steps, dh, ws)
    dxs, WxT = room_for_inputs(params.Wx, xs)
    sums: list[Sums] = []
    (of_h,) = dh
    views = list(zip(slopes.transpose(1, 0, 2, 3), *slopes, reads, strict=True))
    for start, end in reversed(cuts):
        _local(kept, start, end, slopes, reads)
        for t in reversed(range(start, end)):
            k = t - start
            slope, i, f, o, g, read = views[k]
            if dhs is not None:
                np.add(of_h, dhs[t], of_h)  # from above and from the future
            np.multiply(of_h, read, through)
            np.add(dc, through, dc)  # c_t is used twice
            np.multiply(i, dc, i)
            np.multiply(f, dc, f)
            np.multiply(o, of_h, o)
            np.multiply(g, dc, g)
            np.multiply(dc, kept.gates[t, 1], dc)  # to c_{t−1}
            carry(way, slope, k, of_h)  # to h_{t−1}
        da = matrices(way, slopes, end - start, 0, 4)
        add(sums, sums_of(xs[start:end], D, kept.hs[start:end], da, da, da))
        if dxs is not None:
            input_gradients(da, WxT, dxs[start:end])
    dWx, dWh, db = totals(sums)
    return dxs, Memory(of_h, dc), LSTMParams(dWx, dWh, db.reshape(params.b.shape))


def _local(kept: Kept, start: int, end: int, slopes: Array, reads: Array) -> None:
    """Make, for some steps at once, all factors that do not depend on the future.

    ``slopes`` become the factors from dc to the pre-activations of i, f, g and from dh to
    that of o; ``reads`` the factor from dh to dc.
    """
    i, f, o, g = kept.gates[start:end].transpose(1, 0, 2, 3)
    h = kept.hs[start + 1 : end + 1]
    of_i, of_f, of_o, of_g = slopes[:, : end - start]
    reads, one = reads[: end - start], np.array(1, h.dtype)

    np.multiply(i, g, of_i)
    np.multiply(of_i, g, of_g)
    np.subtract(i, of_g, of_g)  # i (1 − g²)
    np.subtract(one, i, reads)
    np.multiply(of_i, reads, of_i)  # g i (1 − i)
    np.multiply(f, kept.cs[start:end], of_f)
    np.subtract(one, f, reads)
    np.multiply(of_f, reads, of_f)  # c_{t−1} f (1 − f)
    np.subtract(one, o, of_o)
    np.multiply(of_o, h, of_o)  # tanh(c) o (1 − o), where tanh(c) o is h
    np.tanh(kept.cs[start + 1 : end + 1], reads)
    np.multiply(reads, h, reads)
    np.subtract(o, reads, reads)  # o (1 − tanh(c)²)
