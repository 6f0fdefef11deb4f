"""The GRU as first published: the reset gate multiplies the state before the recurrent product."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.cells.rnn import Hidden
from unrolled.shapes import Array


class ResetBeforeGRUParams(NamedTuple):
    """Weights of the cell, columns in the order r, z, n; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 3H)."""
    Wh: Array
    """Hidden to hidden, (H, 3H)."""
    b: Array
    """Bias, (3H,) or (1, 3H)."""


class ResetBeforeGRUCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: ResetBeforeGRUParams
    x: Array
    h_prev: Array
    r: Array
    z: Array
    n: Array


FORM = Form("ResetBeforeGRU", ResetBeforeGRUParams, Hidden, blocks=3)


def step(
    params: ResetBeforeGRUParams, x: Array, state: Hidden
) -> tuple[Hidden, ResetBeforeGRUCache]:
    """Compute the next state. See eq-gru-before (chapter 11); Cho and others 2014.

    n = tanh(x W_xn + b_n + (r ⊙ h_{t−1}) W_hn): ONNX with linear_before_reset=0, Keras with
    reset_after=False. A z of 1 keeps the state, as in ``GRU``.

    Parameters
    ----------
    params : ResetBeforeGRUParams
        Wx (D, 3H), Wh (H, 3H), b (3H,); columns r, z, n.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Hidden
        h_{t−1}, (N, H).

    Returns
    -------
    state : Hidden
        h_t, (N, H).
    cache : ResetBeforeGRUCache
        For :func:`step_backward`; holds the gates too.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    from_x_r, from_x_z, from_x_n = blocks_of(input_part(params.Wx, x) + params.b, 3)
    Whr, Whz, Whn = blocks_of(params.Wh, 3)
    r = ops.sigmoid(from_x_r + state.h @ Whr)
    z = ops.sigmoid(from_x_z + state.h @ Whz)
    n = ops.tanh(from_x_n + (r * state.h) @ Whn)
    h = (1 - z) * n + z * state.h
    return Hidden(h), ResetBeforeGRUCache(params, x, state.h, r, z, n)


def step_backward(
    dstate: Hidden, cache: ResetBeforeGRUCache
) -> tuple[Array | None, Hidden, ResetBeforeGRUParams]:
    """Carry a gradient back through one step. See eq-gru-before (chapter 11).

    Parameters
    ----------
    dstate : Hidden
        dL/dh_t, (N, H): what comes from above and from the future, added.
    cache : ResetBeforeGRUCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Hidden
        dL/dh_{t−1}, (N, H).
    dparams : ResetBeforeGRUParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, ResetBeforeGRUCache)
    params, x, h_prev, r, z, n = cache
    Whr, Whz, Whn = blocks_of(params.Wh, 3)
    da_z = ops.sigmoid_backward(dstate.h * (h_prev - n), z)
    da_n = ops.tanh_backward(dstate.h * (1 - z), n)
    ds = da_n @ Whn.T  # s = r ⊙ h_prev, the state that the candidate sees
    da_r = ops.sigmoid_backward(ds * h_prev, r)
    da = side_by_side(da_r, da_z, da_n)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dWh = side_by_side(h_prev.T @ da_r, h_prev.T @ da_z, (r * h_prev).T @ da_n)
    dh_prev = dstate.h * z + ds * r + da_r @ Whr.T + da_z @ Whz.T
    return (
        dx,
        Hidden(dh_prev),
        ResetBeforeGRUParams(dWx, dWh, da.sum(axis=0).reshape(params.b.shape)),
    )


ResetBeforeGRU = make_cell(FORM, step, step_backward)
