"""The GRU as first published: the reset gate multiplies the state before the recurrent product."""

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

WEIGHTS = "Wx (D, 3H), Wh (H, 3H), b (3H,)"


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


def init(
    D: int, H: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type = np.float64
) -> ResetBeforeGRUParams:
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
    ResetBeforeGRUParams
        Wx (D, 3H), Wh (H, 3H), b (3H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    return ResetBeforeGRUParams(*stacked_weights(D, H, 3, rng=rng, dtype=dtype))


def zero_state(params: ResetBeforeGRUParams, N: int) -> Hidden:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : ResetBeforeGRUParams
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


def check_params(params: ResetBeforeGRUParams) -> Dims:
    """Check that the weights fit one another.

    Parameters
    ----------
    params : ResetBeforeGRUParams
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
    check_params_are(params, ResetBeforeGRUParams, WEIGHTS)
    return check_stacked(params, 3)


def check_state(name: str, state: Hidden, params: ResetBeforeGRUParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Hidden
        h (N, H).
    params : ResetBeforeGRUParams
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
    check_params_are(params, ResetBeforeGRUParams, WEIGHTS)
    return check_state_is(name, state, Hidden, params.Wh, dims)


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
    dims = check_params(params)
    dims = check_x("x", x, "N", dims)
    check_state("state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)
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
    dims = check_cache_is(
        "ResetBeforeGRU", cache, ResetBeforeGRUCache, check_params, ResetBeforeGRUCache._fields[2:]
    )
    params, x, h_prev, r, z, n = cache
    check_state("dstate", dstate, params, dims)
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


ResetBeforeGRU = Cell(
    "ResetBeforeGRU", init, zero_state, check_params, check_state, step, step_backward
)
