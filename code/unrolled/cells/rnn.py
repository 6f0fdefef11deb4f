"""The plain recurrent cell, h_t = tanh(h_{t−1} W_h + x_t W_x + b)."""

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
from unrolled.shapes import (
    Array,
    Dims,
    check,
    check_bias,
    check_dtype,
    check_rng,
    check_same_dtype,
    check_size,
)


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


def init(
    D: int, H: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type = np.float64
) -> RNNParams:
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
    RNNParams
        Wx (D, H), Wh (H, H), b (H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    check_size("D", D, "D")
    check_size("H", H, "H")
    check_rng(rng)
    dtype = check_dtype("dtype", dtype)
    width = 1 / np.sqrt(H)
    return RNNParams(
        Wx=rng.uniform(-width, width, (D, H)).astype(dtype),
        Wh=rng.uniform(-width, width, (H, H)).astype(dtype),
        b=np.zeros(H, dtype),
    )


def zero_state(params: RNNParams, N: int) -> Hidden:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : RNNParams
        Says H and the dtype.
    N : int
        Sequences in the mini-batch.

    Returns
    -------
    Hidden
        h (N, H), all zero.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        N below 1, or parameters that do not fit one another.
    """
    dims = check_params(params)
    return Hidden(np.zeros((check_size("N", N, "N"), dims["H"].value), params.Wh.dtype))


def check_params(params: RNNParams) -> Dims:
    """Check that Wx, Wh and b fit one another.

    Parameters
    ----------
    params : RNNParams
        Wx (D, H), Wh (H, H), b (H,) or (1, H).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, RNNParams, "Wx (D, H), Wh (H, H), b (H,)")
    dims = check("Wx", params.Wx, "D H")
    check("Wh", params.Wh, "H H", dims, hint="Did you swap Wx and Wh?")
    check_bias("b", params.b, "H", dims)
    check_same_dtype(Wx=params.Wx, Wh=params.Wh, b=params.b)
    return dims


def check_state(name: str, state: Hidden, params: RNNParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Hidden
        h (N, H).
    params : RNNParams
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
    check_params_are(params, RNNParams, "Wx (D, H), Wh (H, H), b (H,)")
    return check_state_is(name, state, Hidden, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is("RNN", cache, RNNCache, check_params, ("h_prev", "h_next"))
    params, x, h_prev, h_next = cache
    check_state("dstate", dstate, params, dims)
    da = ops.tanh_backward(dstate.h, h_next)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dparams = RNNParams(Wx=dWx, Wh=h_prev.T @ da, b=da.sum(axis=0).reshape(params.b.shape))
    return dx, Hidden(da @ params.Wh.T), dparams


RNN = Cell("RNN", init, zero_state, check_params, check_state, step, step_backward)
