"""The plain recurrent cell, h_t = tanh(h_{t−1} W_h + x_t W_x + b)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled import ops
from unrolled.cells.base import Cell, check_x, is_ids
from unrolled.shapes import (
    Array,
    Dims,
    DTypeError,
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
    _check_type(params)
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
    _check_type(params)
    if not isinstance(state, Hidden):
        raise DTypeError(
            f"{name}: expected Hidden(h) with h (N, sequences in the mini-batch; "
            f"H, hidden units), got {type(state).__name__}. Write Hidden({name})."
        )
    dims = check(f"{name}.h", state.h, "N H", dims, hint="Did you swap x and h?")
    check_same_dtype(**{"Wh": params.Wh, f"{name}.h": state.h})
    return dims


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
    a = state.h @ params.Wh + _input_part(params, x) + params.b
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
    if not isinstance(cache, RNNCache):
        raise DTypeError(
            f"cache: expected the RNNCache that RNN.step returned second, of states (N, sequences "
            f"in the mini-batch; H, hidden units), got {type(cache).__name__}."
        )
    params, x, h_prev, h_next = cache
    dims = check_x("x", x, "N", check_params(params))
    dims = check("h_prev", h_prev, "N H", check("h_next", h_next, "N H", dims))
    check_same_dtype(Wh=params.Wh, x=None if is_ids(x) else x, h_prev=h_prev, h_next=h_next)
    check_state("dstate", dstate, params, dims)
    da = ops.tanh_backward(dstate.h, h_next)
    dWx, dx = _input_part_backward(params, x, da)
    dparams = RNNParams(Wx=dWx, Wh=h_prev.T @ da, b=da.sum(axis=0).reshape(params.b.shape))
    return dx, Hidden(da @ params.Wh.T), dparams


def _check_type(params: object) -> None:
    if not isinstance(params, RNNParams):
        raise DTypeError(
            f"params: expected RNNParams(Wx (D, H), Wh (H, H), b (H,)) of D input features "
            f"and H hidden units, got {type(params).__name__}. Make them with RNN.init."
        )


def _input_part(params: RNNParams, x: Array) -> Array:
    """Give x Wx; a token id picks the row of Wx that its one-hot row would."""
    return params.Wx[x] if is_ids(x) else x @ params.Wx


def _input_part_backward(params: RNNParams, x: Array, da: Array) -> tuple[Array, Array | None]:
    """Give dWx and dx; ids have no gradient."""
    if is_ids(x):
        return ops.one_hot(x, params.Wx.shape[0], da.dtype).T @ da, None
    return x.T @ da, da @ params.Wx.T


RNN = Cell("RNN", init, zero_state, check_params, check_state, step, step_backward)
