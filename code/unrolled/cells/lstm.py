"""The long short-term memory: a cell c that is added to, behind three gates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled import ops
from unrolled.cells.base import Params, input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, fresh, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.shapes import ArgumentError, Array


class LSTMParams(NamedTuple):
    """Weights of the LSTM, columns in the order i, f, o, g; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 4H)."""
    Wh: Array
    """Hidden to hidden, (H, 4H)."""
    b: Array
    """Bias, (4H,) or (1, 4H)."""


class Memory(NamedTuple):
    """State of a cell that carries h and c."""

    h: Array
    """Hidden state, (N, H): what is shown."""
    c: Array
    """Cell state, (N, H): what is kept."""


class LSTMCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: LSTMParams
    x: Array
    h_prev: Array
    c_prev: Array
    i: Array
    f: Array
    o: Array
    g: Array
    c: Array
    tanh_c: Array


FORM = Form("LSTM", LSTMParams, Memory, blocks=4)


def remembering(
    form: Form,
    D: int,
    H: int,
    *,
    rng: np.random.Generator,
    dtype: np.dtype[Any] | type = np.float64,
    forget_bias: float = 1.0,
) -> Params:
    """Draw fresh weights, uniform in ±1/√H, and biases of zeros but for the forget gate's.

    Parameters
    ----------
    form : Form
        Given already where this is called as ``LSTM.init``; its second block is the forget gate.
    D : int
        Input features.
    H : int
        Hidden units.
    rng : numpy.random.Generator
        Where the weights are drawn from; it moves on.
    dtype : dtype
        float32, float64 or complex128: the dtype of all that is computed.
    forget_bias : float
        Bias of the forget gate; 1 keeps about 73 % of c at each step (Gers,
        Schmidhuber, Cummins 2000; Jozefowicz, Zaremba, Sutskever 2015).

    Returns
    -------
    NamedTuple
        Of the type of the cell's parameters.

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, no Generator, or a forget bias that is not finite.
    """
    finite = isinstance(forget_bias, (int, float, np.integer, np.floating))
    if isinstance(forget_bias, bool) or not finite or not np.isfinite(forget_bias):
        raise ArgumentError(f"forget_bias: expected a finite number, got {forget_bias!r}.")
    params = fresh(form, D, H, rng=rng, dtype=dtype)
    params.b[H : 2 * H] = forget_bias
    return params


def step(params: LSTMParams, x: Array, state: Memory) -> tuple[Memory, LSTMCache]:
    """Compute the next state.

    See eq-lstm-i, eq-lstm-f, eq-lstm-o, eq-lstm-g, eq-lstm-c and eq-lstm-h (chapter 9);
    Hochreiter and Schmidhuber 1997, the forget gate of Gers, Schmidhuber and Cummins 2000.

    Parameters
    ----------
    params : LSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,) or (1, 4H); columns i, f, o, g.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Memory
        h_{t−1} and c_{t−1}, (N, H).

    Returns
    -------
    state : Memory
        h_t and c_t, (N, H).
    cache : LSTMCache
        For :func:`step_backward`; holds the gates too.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_step(FORM, params, x, state)
    a = state.h @ params.Wh + input_part(params.Wx, x) + params.b
    a_i, a_f, a_o, a_g = blocks_of(a, 4)
    i = ops.sigmoid(a_i)
    f = ops.sigmoid(a_f)
    o = ops.sigmoid(a_o)
    g = ops.tanh(a_g)
    c = f * state.c + i * g
    tanh_c = ops.tanh(c)
    h = o * tanh_c
    return Memory(h, c), LSTMCache(params, x, state.h, state.c, i, f, o, g, c, tanh_c)


def step_backward(dstate: Memory, cache: LSTMCache) -> tuple[Array | None, Memory, LSTMParams]:
    """Carry a gradient back through one step, gate by gate.

    See eq-lstm-do, eq-lstm-dc, eq-lstm-df, eq-lstm-di, eq-lstm-dg, eq-lstm-da,
    eq-lstm-dparams, eq-lstm-dprev and eq-lstm-dc-prev (chapter 10).

    Parameters
    ----------
    dstate : Memory
        dL/dh_t, from above and from the future, added; dL/dc_t, from the future alone.
    cache : LSTMCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Memory
        dL/dh_{t−1} and dL/dc_{t−1}, (N, H).
    dparams : LSTMParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    check_step_backward(FORM, dstate, cache, LSTMCache)
    params, x, h_prev, c_prev, i, f, o, g, _, tanh_c = cache
    do = dstate.h * tanh_c
    dc = dstate.c + ops.tanh_backward(dstate.h * o, tanh_c)  # c_t is used twice
    df = dc * c_prev
    di = dc * g
    dg = dc * i
    da = side_by_side(
        ops.sigmoid_backward(di, i),
        ops.sigmoid_backward(df, f),
        ops.sigmoid_backward(do, o),
        ops.tanh_backward(dg, g),
    )
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = LSTMParams(dWx, h_prev.T @ da, da.sum(axis=0).reshape(params.b.shape))
    return dx, Memory(da @ params.Wh.T, dc * f), dparams


LSTM = make_cell(FORM, step, step_backward, init=remembering)
