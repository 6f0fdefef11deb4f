"""The LSTM with coupled gates: what is let in is what is forgotten, f = 1 − i."""

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
from unrolled.cells.lstm import Memory
from unrolled.shapes import Array, Dims, check_same_dtype, check_size

WEIGHTS = "Wx (D, 3H), Wh (H, 3H), b (3H,)"


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


def init(
    D: int, H: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type = np.float64
) -> CoupledLSTMParams:
    """Draw fresh weights, uniform in ±1/√H, and a bias of zeros.

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

    Returns
    -------
    CoupledLSTMParams
        Wx (D, 3H), Wh (H, 3H), b (3H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    return CoupledLSTMParams(*stacked_weights(D, H, 3, rng=rng, dtype=dtype))


def zero_state(params: CoupledLSTMParams, N: int) -> Memory:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : CoupledLSTMParams
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


def check_params(params: CoupledLSTMParams) -> Dims:
    """Check that the weights fit one another.

    Parameters
    ----------
    params : CoupledLSTMParams
        Wx (D, 3H), Wh (H, 3H), b (3H,).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, CoupledLSTMParams, WEIGHTS)
    return check_stacked(params, 3)


def check_state(name: str, state: Memory, params: CoupledLSTMParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Memory
        h and c (N, H).
    params : CoupledLSTMParams
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
    check_params_are(params, CoupledLSTMParams, WEIGHTS)
    return check_state_is(name, state, Memory, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is(
        "CoupledLSTM", cache, CoupledLSTMCache, check_params, CoupledLSTMCache._fields[2:]
    )
    params, x, h_prev, c_prev, i, o, g, tanh_c = cache
    check_state("dstate", dstate, params, dims)
    da_o = ops.sigmoid_backward(dstate.h * tanh_c, o)
    dc = dstate.c + ops.tanh_backward(dstate.h * o, tanh_c)
    da_i = ops.sigmoid_backward(dc * (g - c_prev), i)  # more of g is less of c_prev
    da_g = ops.tanh_backward(dc * i, g)
    da = side_by_side(da_i, da_o, da_g)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = CoupledLSTMParams(dWx, h_prev.T @ da, da.sum(axis=0).reshape(params.b.shape))
    return dx, Memory(da @ params.Wh.T, dc * (1 - i)), dparams


CoupledLSTM = Cell("CoupledLSTM", init, zero_state, check_params, check_state, step, step_backward)
