"""The gated recurrent unit: two gates, one state, the reset after the recurrent product."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import ops
from unrolled.cells.base import input_part, input_part_backward
from unrolled.cells.form import Form, check_step, check_step_backward, make_cell
from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.cells.rnn import Hidden
from unrolled.shapes import Array


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


FORM = Form("GRU", GRUParams, Hidden, blocks=3, biases=("bhn",))


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
    check_step(FORM, params, x, state)
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
    check_step_backward(FORM, dstate, cache, GRUCache)
    params, x, h_prev, r, z, n, q = cache
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


GRU = make_cell(FORM, step, step_backward)
