"""The minimal gated unit: one gate resets, forgets and lets in."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.cells.rnn import Hidden
from unrolled.shapes import Array


class MGUParams(NamedTuple):
    """Weights of the cell, columns in the order f, n; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 2H)."""
    Wh: Array
    """Hidden to hidden, (H, 2H)."""
    b: Array
    """Bias, (2H,) or (1, 2H)."""


class MGUCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: MGUParams
    x: Array
    h_prev: Array
    f: Array
    n: Array


FORM = Form("MGU", MGUParams, Hidden, blocks=2)


def step(params: MGUParams, x: Array, state: Hidden) -> tuple[Hidden, MGUCache]:
    """Compute the next state. See eq-mgu (chapter 11); Zhou and others 2016.

    h = (1 − f) ⊙ h_{t−1} + f ⊙ n with n = tanh(x W_xn + b_n + (f ⊙ h_{t−1}) W_hn). An f of 1
    overwrites the state: it is the opposite of the LSTM's forget gate.

    Parameters
    ----------
    params : MGUParams
        Wx (D, 2H), Wh (H, 2H), b (2H,); columns f, n.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Hidden
        h_{t−1}, (N, H).

    Returns
    -------
    state : Hidden
        h_t, (N, H).
    cache : MGUCache
        For :func:`step_backward`; holds the gates too.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    from_x_f, from_x_n = blocks_of(input_part(params.Wx, x) + params.b, 2)
    Whf, Whn = blocks_of(params.Wh, 2)
    f = ops.sigmoid(from_x_f + state.h @ Whf)
    n = ops.tanh(from_x_n + (f * state.h) @ Whn)
    h = (1 - f) * state.h + f * n
    return Hidden(h), MGUCache(params, x, state.h, f, n)


def step_backward(dstate: Hidden, cache: MGUCache) -> tuple[Array | None, Hidden, MGUParams]:
    """Carry a gradient back through one step. See eq-mgu (chapter 11).

    Parameters
    ----------
    dstate : Hidden
        dL/dh_t, (N, H): what comes from above and from the future, added.
    cache : MGUCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Hidden
        dL/dh_{t−1}, (N, H).
    dparams : MGUParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, MGUCache)
    params, x, h_prev, f, n = cache
    Whf, Whn = blocks_of(params.Wh, 2)
    da_n = ops.tanh_backward(dstate.h * f, n)
    ds = da_n @ Whn.T  # s = f ⊙ h_prev, the state that the candidate sees
    da_f = ops.sigmoid_backward(dstate.h * (n - h_prev) + ds * h_prev, f)  # f is used thrice
    da = side_by_side(da_f, da_n)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dWh = side_by_side(h_prev.T @ da_f, (f * h_prev).T @ da_n)
    dh_prev = dstate.h * (1 - f) + ds * f + da_f @ Whf.T
    return dx, Hidden(dh_prev), MGUParams(dWx, dWh, da.sum(axis=0).reshape(params.b.shape))


MGU = make_cell(FORM, step, step_backward)
