"""The LSTM with coupled gates: what is let in is what is forgotten, f = 1 − i."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.cells.lstm import Memory
from unrolled.shapes import Array


class CoupledLSTMParams(NamedTuple):
    """Weights of the cell, columns in the order i, o, g; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 3H)."""
    Wh: Array
    """Hidden to hidden, (H, 3H)."""
    b: Array
    """Bias, (3H,) or (1, 3H)."""


class CoupledLSTMCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: CoupledLSTMParams
    x: Array
    h_prev: Array
    c_prev: Array
    i: Array
    o: Array
    g: Array
    tanh_c: Array


FORM = Form("CoupledLSTM", CoupledLSTMParams, Memory, blocks=3)


def step(params: CoupledLSTMParams, x: Array, state: Memory) -> tuple[Memory, CoupledLSTMCache]:
    """Compute the next state. See eq-coupled (chapter 11); Greff and others 2017.

    c_t = (1 − i) ⊙ c_{t−1} + i ⊙ g: one gate says both what enters and what leaves.

    Parameters
    ----------
    params : CoupledLSTMParams
        Wx (D, 3H), Wh (H, 3H), b (3H,); columns i, o, g.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Memory
        h_{t−1} and c_{t−1}, (N, H).

    Returns
    -------
    state : Memory
        h_t and c_t, (N, H).
    cache : CoupledLSTMCache
        For :func:`step_backward`; holds the gates too.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    a = state.h @ params.Wh + input_part(params.Wx, x) + params.b
    a_i, a_o, a_g = blocks_of(a, 3)
    i = ops.sigmoid(a_i)
    o = ops.sigmoid(a_o)
    g = ops.tanh(a_g)
    c = (1 - i) * state.c + i * g
    tanh_c = ops.tanh(c)
    h = o * tanh_c
    return Memory(h, c), CoupledLSTMCache(params, x, state.h, state.c, i, o, g, tanh_c)


def step_backward(
    dstate: Memory, cache: CoupledLSTMCache
) -> tuple[Array | None, Memory, CoupledLSTMParams]:
    """Carry a gradient back through one step. See eq-coupled (chapter 11).

    Parameters
    ----------
    dstate : Memory
        dL/dh_t, from above and from the future, added; dL/dc_t, from the future alone.
    cache : CoupledLSTMCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Memory
        dL/dh_{t−1} and dL/dc_{t−1}, (N, H).
    dparams : CoupledLSTMParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, CoupledLSTMCache)
    params, x, h_prev, c_prev, i, o, g, tanh_c = cache
    da_o = ops.sigmoid_backward(dstate.h * tanh_c, o)
    dc = dstate.c + ops.tanh_backward(dstate.h * o, tanh_c)
    da_i = ops.sigmoid_backward(dc * (g - c_prev), i)  # more of g is less of c_prev
    da_g = ops.tanh_backward(dc * i, g)
    da = side_by_side(da_i, da_o, da_g)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = CoupledLSTMParams(dWx, h_prev.T @ da, da.sum(axis=0).reshape(params.b.shape))
    return dx, Memory(da @ params.Wh.T, dc * (1 - i)), dparams


CoupledLSTM = make_cell(FORM, step, step_backward)
