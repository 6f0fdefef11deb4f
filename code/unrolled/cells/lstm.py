"""The long short-term memory: a cell c that is added to, behind three gates."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled import ops
from unrolled.cells.base import (
    Cell,
    check_cache_is,
    check_params_are,
    check_state_is,
    check_x,
    input_part,
    input_part_backward,
    is_ids,
)
from unrolled.cells.gates import blocks_of, check_stacked, side_by_side, stacked_weights
from unrolled.shapes import ArgumentError, Array, Dims, check_same_dtype, check_size


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


def init(
    D: int,
    H: int,
    *,
    rng: np.random.Generator,
    dtype: np.dtype[Any] | type = np.float64,
    forget_bias: float = 1.0,
) -> LSTMParams:
    """Draw fresh weights, uniform in ±1/√H, and a bias of zeros but for the forget gate's.

    Parameters
    ----------
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
    LSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, no Generator, or a forget bias that is not finite.
    """
    finite = isinstance(forget_bias, (int, float, np.integer, np.floating))
    if isinstance(forget_bias, bool) or not finite or not np.isfinite(forget_bias):
        raise ArgumentError(f"forget_bias: expected a finite number, got {forget_bias!r}.")
    Wx, Wh, b = stacked_weights(D, H, 4, rng=rng, dtype=dtype)
    b[H : 2 * H] = forget_bias
    return LSTMParams(Wx, Wh, b)


def zero_state(params: LSTMParams, N: int) -> Memory:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : LSTMParams
        Says H and the dtype.
    N : int
        Sequences in the mini-batch.

    Returns
    -------
    Memory
        h and c (N, H), all zero.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        N below 1, or parameters that do not fit one another.
    """
    dims = check_params(params)
    zeros = np.zeros((check_size("N", N, "N"), dims["H"].value), params.Wh.dtype)
    return Memory(h=zeros, c=zeros.copy())


def check_params(params: LSTMParams) -> Dims:
    """Check that Wx, Wh and b fit one another.

    Parameters
    ----------
    params : LSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,) or (1, 4H).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, LSTMParams, "Wx (D, 4H), Wh (H, 4H), b (4H,)")
    return check_stacked(params, 4)


def check_state(name: str, state: Memory, params: LSTMParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Memory
        h and c (N, H).
    params : LSTMParams
        Already checked.
    dims : mapping of str to Size
        The sizes known.

    Returns
    -------
    mapping of str to Size
        With N.

    Raises
    ------
    ShapeError, DTypeError
        It does not fit.
    """
    check_params_are(params, LSTMParams, "Wx (D, 4H), Wh (H, 4H), b (4H,)")
    return check_state_is(name, state, Memory, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is("LSTM", cache, LSTMCache, check_params, LSTMCache._fields[2:])
    params, x, h_prev, c_prev, i, f, o, g, _, tanh_c = cache
    check_state("dstate", dstate, params, dims)
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


LSTM = Cell("LSTM", init, zero_state, check_params, check_state, step, step_backward)
