"""The plain recurrent cell, h_t = tanh(h_{t−1} W_h + x_t W_x + b)."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.shapes import Array


class RNNParams(NamedTuple):
    """Weights of the plain cell; a gradient of them has the same type."""

    Wx: Array
    """Input to hidden, (D, H)."""
    Wh: Array
    """Hidden to hidden, (H, H)."""
    b: Array
    """Bias, (H,) or (1, H)."""


class Hidden(NamedTuple):
    """State of a cell that carries h and nothing else."""

    h: Array
    """Hidden state, (N, H)."""


class RNNCache(NamedTuple):
    """What one step keeps for the way back."""

    params: RNNParams
    x: Array
    h_prev: Array
    h_next: Array


FORM = Form("RNN", RNNParams, Hidden, blocks=1)


def step(params: RNNParams, x: Array, state: Hidden) -> tuple[Hidden, RNNCache]:
    """Compute the next state. See eq-rnn-step (chapter 2); Elman 1990.

    Parameters
    ----------
    params : RNNParams
        Wx (D, H), Wh (H, H), b (H,) or (1, H).
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows and pick rows
        of Wx.
    state : Hidden
        h_{t−1}, (N, H).

    Returns
    -------
    state : Hidden
        h_t, (N, H).
    cache : RNNCache
        For :func:`step_backward`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    a = state.h @ params.Wh + input_part(params.Wx, x) + params.b
    h_next = ops.tanh(a)
    return Hidden(h_next), RNNCache(params, x, state.h, h_next)


def step_backward(dstate: Hidden, cache: RNNCache) -> tuple[Array | None, Hidden, RNNParams]:
    """Carry a gradient back through one step; all six of it.

    See eq-cell-da, eq-cell-db, eq-cell-dwh, eq-cell-dwx, eq-cell-dx and
    eq-cell-dh-prev (chapter 4); Werbos 1990.

    Parameters
    ----------
    dstate : Hidden
        dL/dh_t, (N, H): what comes from above and from the future, added.
    cache : RNNCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Hidden
        dL/dh_{t−1}, (N, H).
    dparams : RNNParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError
        ``dstate`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, RNNCache)
    params, x, h_prev, h_next = cache
    da = ops.tanh_backward(dstate.h, h_next)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = RNNParams(Wx=dWx, Wh=h_prev.T @ da, b=da.sum(axis=0).reshape(params.b.shape))
    return dx, Hidden(da @ params.Wh.T), dparams


RNN = make_cell(FORM, step, step_backward)
