"""The LSTM with peepholes: each gate also sees the cell that it stands at."""

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
from unrolled.cells.gates import blocks_of, check_stacked, side_by_side
from unrolled.cells.lstm import LSTM, Memory
from unrolled.shapes import Array, Dims, check, check_same_dtype, check_size

WEIGHTS = "Wx (D, 4H), Wh (H, 4H), b (4H,), pi, pf, po (H,)"


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


def init(
    D: int,
    H: int,
    *,
    rng: np.random.Generator,
    dtype: np.dtype[Any] | type = np.float64,
    forget_bias: float = 1.0,
) -> PeepholeLSTMParams:
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
        Bias of the forget gate, as in ``LSTM.init``.

    Returns
    -------
    PeepholeLSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,), pi, pf, po (H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, no Generator, or a forget bias that is not finite.
    """
    Wx, Wh, b = LSTM.init(D, H, rng=rng, dtype=dtype, forget_bias=forget_bias)
    width = 1 / np.sqrt(H)
    pi, pf, po = rng.uniform(-width, width, (3, H)).astype(b.dtype)
    return PeepholeLSTMParams(Wx, Wh, b, pi, pf, po)


def zero_state(params: PeepholeLSTMParams, N: int) -> Memory:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : PeepholeLSTMParams
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


def check_params(params: PeepholeLSTMParams) -> Dims:
    """Check that the weights fit one another.

    Parameters
    ----------
    params : PeepholeLSTMParams
        Wx (D, 4H), Wh (H, 4H), b (4H,), pi, pf, po (H,).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, PeepholeLSTMParams, WEIGHTS)
    dims = check_stacked(params, 4)
    for name in ("pi", "pf", "po"):
        check(name, getattr(params, name), "H", dims)
        check_same_dtype(**{"Wx": params.Wx, name: getattr(params, name)})
    return dims


def check_state(name: str, state: Memory, params: PeepholeLSTMParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Memory
        h and c (N, H).
    params : PeepholeLSTMParams
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
    check_params_are(params, PeepholeLSTMParams, WEIGHTS)
    return check_state_is(name, state, Memory, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is(
        "PeepholeLSTM", cache, PeepholeLSTMCache, check_params, PeepholeLSTMCache._fields[2:]
    )
    params, x, h_prev, c_prev, i, f, o, g, c, tanh_c = cache
    check_state("dstate", dstate, params, dims)
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


PeepholeLSTM = Cell(
    "PeepholeLSTM", init, zero_state, check_params, check_state, step, step_backward
)
