"""The gated recurrent unit: two gates, one state, the reset after the recurrent product."""

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
from unrolled.shapes import Array, Dims, check_bias, check_same_dtype, check_size

WEIGHTS = "Wx (D, 3H), Wh (H, 3H), b (3H,), bhn (H,)"


class GRUParams(NamedTuple):
    """Weights of the GRU, columns in the order r, z, n; a gradient has the same type."""

    Wx: Array
    """Input to hidden, (D, 3H)."""
    Wh: Array
    """Hidden to hidden, (H, 3H)."""
    b: Array
    """Bias, (3H,) or (1, 3H)."""
    bhn: Array
    """The candidate's second bias, inside the reset gate's product, (H,) or (1, H)."""


class GRUCache(NamedTuple):
    """What one step keeps for the way back; each array but x is (N, H)."""

    params: GRUParams
    x: Array
    h_prev: Array
    r: Array
    z: Array
    n: Array
    q: Array
    """h_{t−1} W_hn + b_hn, which the reset gate multiplies."""


def init(
    D: int, H: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type = np.float64
) -> GRUParams:
    """Draw fresh weights, uniform in ±1/√H, and biases of zeros.

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
    GRUParams
        Wx (D, 3H), Wh (H, 3H), b (3H,), bhn (H,).

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    Wx, Wh, b = stacked_weights(D, H, 3, rng=rng, dtype=dtype)
    return GRUParams(Wx, Wh, b, bhn=np.zeros(H, b.dtype))


def zero_state(params: GRUParams, N: int) -> Hidden:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    params : GRUParams
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


def check_params(params: GRUParams) -> Dims:
    """Check that Wx, Wh and the biases fit one another.

    Parameters
    ----------
    params : GRUParams
        Wx (D, 3H), Wh (H, 3H), b (3H,) or (1, 3H), bhn (H,) or (1, H).

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    check_params_are(params, GRUParams, WEIGHTS)
    dims = check_stacked(params, 3)
    check_bias("bhn", params.bhn, "H", dims)
    check_same_dtype(Wx=params.Wx, bhn=params.bhn)
    return dims


def check_state(name: str, state: Hidden, params: GRUParams, dims: Dims) -> Dims:
    """Check that a state, or the gradient of one, fits the parameters.

    Parameters
    ----------
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : Hidden
        h (N, H).
    params : GRUParams
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
    check_params_are(params, GRUParams, WEIGHTS)
    return check_state_is(name, state, Hidden, params.Wh, dims)


def step(params: GRUParams, x: Array, state: Hidden) -> tuple[Hidden, GRUCache]:
    """Compute the next state. See eq-gru-r, eq-gru-z, eq-gru-n and eq-gru-h (chapter 11).

    The gates of Cho and others 2014; the reset gate multiplies the recurrent product, as in
    PyTorch, cuDNN and Keras by default. A z of 1 keeps the state.

    Parameters
    ----------
    params : GRUParams
        Wx (D, 3H), Wh (H, 3H), b (3H,), bhn (H,); columns r, z, n.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence; token ids stand for one-hot rows.
    state : Hidden
        h_{t−1}, (N, H).

    Returns
    -------
    state : Hidden
        h_t, (N, H).
    cache : GRUCache
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
    from_h_r, from_h_z, from_h_n = blocks_of(state.h @ params.Wh, 3)
    r = ops.sigmoid(from_x_r + from_h_r)
    z = ops.sigmoid(from_x_z + from_h_z)
    q = from_h_n + params.bhn
    n = ops.tanh(from_x_n + r * q)
    h = (1 - z) * n + z * state.h
    return Hidden(h), GRUCache(params, x, state.h, r, z, n, q)


def step_backward(dstate: Hidden, cache: GRUCache) -> tuple[Array | None, Hidden, GRUParams]:
    """Carry a gradient back through one step, gate by gate.

    See eq-gru-dn, eq-gru-dz, eq-gru-dr, eq-gru-da, eq-gru-dparams and eq-gru-dprev
    (chapter 11).

    Parameters
    ----------
    dstate : Hidden
        dL/dh_t, (N, H): what comes from above and from the future, added.
    cache : GRUCache
        From :func:`step`.

    Returns
    -------
    dx : ndarray, shape (N, D), or None
        None if x was token ids.
    dstate_prev : Hidden
        dL/dh_{t−1}, (N, H).
    dparams : GRUParams
        Summed over the batch.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        ``dstate`` or ``cache`` does not fit.
    """
    dims = check_cache_is("GRU", cache, GRUCache, check_params, GRUCache._fields[2:])
    params, x, h_prev, r, z, n, q = cache
    check_state("dstate", dstate, params, dims)
    dn = dstate.h * (1 - z)
    dz = dstate.h * (h_prev - n)
    da_n = ops.tanh_backward(dn, n)
    dr = da_n * q
    dq = da_n * r
    da_r = ops.sigmoid_backward(dr, r)
    da_z = ops.sigmoid_backward(dz, z)
    from_x = side_by_side(da_r, da_z, da_n)
    from_h = side_by_side(da_r, da_z, dq)  # the reset gate stands between q and a_n
    dWx, dx = input_part_backward(from_x, params.Wx, x)
    dparams = GRUParams(
        Wx=dWx,
        Wh=h_prev.T @ from_h,
        b=from_x.sum(axis=0).reshape(params.b.shape),
        bhn=dq.sum(axis=0).reshape(params.bhn.shape),
    )
    return dx, Hidden(dstate.h * z + from_h @ params.Wh.T), dparams


GRU = Cell("GRU", init, zero_state, check_params, check_state, step, step_backward)
