"""The minimal gated unit: one gate resets, forgets and lets in."""

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
from unrolled.cells.rnn import Hidden
from unrolled.shapes import Array, Dims, check_same_dtype, check_size

WEIGHTS = "Wx (D, 2H), Wh (H, 2H), b (2H,)"


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


def init(
    D: int, H: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type = np.float64
) -> MGUParams:
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
    MGUParams
        Wx (D, 2H), Wh (H, 2H), b (2H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    return MGUParams(*stacked_weights(D, H, 2, rng=rng, dtype=dtype))


def zero_state(params: MGUParams, N: int) -> Hidden:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : MGUParams
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


def check_params(params: MGUParams) -> Dims:
    """Check that the weights fit one another.

    Parameters
    ----------
    params : MGUParams
        Wx (D, 2H), Wh (H, 2H), b (2H,).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, MGUParams, WEIGHTS)
    return check_stacked(params, 2)


def check_state(name: str, state: Hidden, params: MGUParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Hidden
        h (N, H).
    params : MGUParams
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
    check_params_are(params, MGUParams, WEIGHTS)
    return check_state_is(name, state, Hidden, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is("MGU", cache, MGUCache, check_params, MGUCache._fields[2:])
    params, x, h_prev, f, n = cache
    check_state("dstate", dstate, params, dims)
    Whf, Whn = blocks_of(params.Wh, 2)
    da_n = ops.tanh_backward(dstate.h * f, n)
    ds = da_n @ Whn.T  # s = f ⊙ h_prev, the state that the candidate sees
    da_f = ops.sigmoid_backward(dstate.h * (n - h_prev) + ds * h_prev, f)  # f is used thrice
    da = side_by_side(da_f, da_n)
    dWx, dx = input_part_backward(da, params.Wx, x)
    dWh = side_by_side(h_prev.T @ da_f, (f * h_prev).T @ da_n)
    dh_prev = dstate.h * (1 - f) + ds * f + da_f @ Whf.T
    return dx, Hidden(dh_prev), MGUParams(dWx, dWh, da.sum(axis=0).reshape(params.b.shape))


MGU = Cell("MGU", init, zero_state, check_params, check_state, step, step_backward)
