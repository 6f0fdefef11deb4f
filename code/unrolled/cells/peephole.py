"""The LSTM with peepholes: each gate also sees the cell that it stands at."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.cells.lstm import Memory, remembering
from unrolled.shapes import Array


class PeepholeLSTMParams(NamedTuple):
    """Weights of the cell, columns in the order i, f, o, g; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 4H)."""
    Wh: Array
    """Hidden to hidden, (H, 4H)."""
    b: Array
    """Bias, (4H,) or (1, 4H)."""
    pi: Array
    """From c_{t−1} to the input gate, (H,)."""
    pf: Array
    """From c_{t−1} to the forget gate, (H,)."""
    po: Array
    """From c_t to the output gate, (H,)."""


class PeepholeLSTMCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: PeepholeLSTMParams
    x: Array
    h_prev: Array
    c_prev: Array
    i: Array
    f: Array
    o: Array
    g: Array
    c: Array
    tanh_c: Array


FORM = Form("PeepholeLSTM", PeepholeLSTMParams, Memory, blocks=4, vectors=("pi", "pf", "po"))


def step(params: PeepholeLSTMParams, x: Array, state: Memory) -> tuple[Memory, PeepholeLSTMCache]:
    """Compute the next state. See eq-peephole (chapter 11); Gers and Schmidhuber 2000.

    The gates i and f are set before c moves and see c_{t−1}; o is set after it and sees c_t.

    Parameters
    ----------
    params : PeepholeLSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,), pi, pf, po (H,); columns i, f, o, g.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Memory
        h_{t−1} and c_{t−1}, (N, H).

    Returns
    -------
    state : Memory
        h_t and c_t, (N, H).
    cache : PeepholeLSTMCache
        For :func:`step_backward`; holds the gates too.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    a = state.h @ params.Wh + input_part(params.Wx, x) + params.b
    a_i, a_f, a_o, a_g = blocks_of(a, 4)
    i = ops.sigmoid(a_i + state.c * params.pi)
    f = ops.sigmoid(a_f + state.c * params.pf)
    g = ops.tanh(a_g)
    c = f * state.c + i * g
    o = ops.sigmoid(a_o + c * params.po)
    tanh_c = ops.tanh(c)
    h = o * tanh_c
    return Memory(h, c), PeepholeLSTMCache(params, x, state.h, state.c, i, f, o, g, c, tanh_c)


def step_backward(
    dstate: Memory, cache: PeepholeLSTMCache
) -> tuple[Array | None, Memory, PeepholeLSTMParams]:
    """Carry a gradient back through one step. See eq-peephole (chapter 11).

    Parameters
    ----------
    dstate : Memory
        dL/dh_t, from above and from the future, added; dL/dc_t, from the future alone.
    cache : PeepholeLSTMCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Memory
        dL/dh_{t−1} and dL/dc_{t−1}, (N, H).
    dparams : PeepholeLSTMParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, PeepholeLSTMCache)
    params, x, h_prev, c_prev, i, f, o, g, c, tanh_c = cache
    da_o = ops.sigmoid_backward(dstate.h * tanh_c, o)
    # c_t is used three times: by the next step, inside h_t, and by the output gate
    dc = dstate.c + ops.tanh_backward(dstate.h * o, tanh_c) + da_o * params.po
    da_i = ops.sigmoid_backward(dc * g, i)
    da_f = ops.sigmoid_backward(dc * c_prev, f)
    da_g = ops.tanh_backward(dc * i, g)
    da = side_by_side(da_i, da_f, da_o, da_g)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = PeepholeLSTMParams(
        Wx=dWx,
        Wh=h_prev.T @ da,
        b=da.sum(axis=0).reshape(params.b.shape),
        pi=(da_i * c_prev).sum(axis=0),
        pf=(da_f * c_prev).sum(axis=0),
        po=(da_o * c).sum(axis=0),
    )
    dc_prev = dc * f + da_i * params.pi + da_f * params.pf
    return dx, Memory(da @ params.Wh.T, dc_prev), dparams


PeepholeLSTM = make_cell(FORM, step, step_backward, init=remembering)
