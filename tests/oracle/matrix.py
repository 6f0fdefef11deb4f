"""The matrix form, written out a second time with NumPy and nothing from the package.

BPTT is done here without a loop carrying a gradient backward: every state's
gradient is the sum, over the later states, of products of step Jacobians.
"""

from __future__ import annotations

import numpy as np


def _rows(x, D):
    return np.eye(D)[x] if np.issubdtype(np.asarray(x).dtype, np.integer) else x


def rnn_step(params, x, state):
    Wx, Wh, b = params
    joined = np.hstack([_rows(x, len(Wx)), state[0]])
    a = joined @ np.vstack([Wx, Wh]) + np.reshape(b, (1, -1))
    e = np.exp(-2 * a)
    return ((1 - e) / (1 + e),)


def rnn_step_backward(params, x, state, dstate):
    Wx, Wh, b = params
    ids = np.issubdtype(np.asarray(x).dtype, np.integer)
    joined = np.hstack([_rows(x, len(Wx)), state[0]])
    (h,) = rnn_step(params, x, state)
    delta = np.einsum("nj,nj->nj", dstate[0], 1 - h**2)
    dW = np.einsum("ni,nj->ij", joined, delta)
    back = np.einsum("nj,ij->ni", delta, np.vstack([Wx, Wh]))
    D = len(Wx)
    db = np.einsum("nj->j", delta).reshape(np.shape(b))
    return None if ids else back[:, :D], (back[:, D:],), (dW[:D], dW[D:], db)


STEPS = {"RNN": (rnn_step, rnn_step_backward)}


def rnn_unroll(params, xs, state0):
    hs, state = [], state0
    for x in xs:
        state = rnn_step(params, x, state)
        hs.append(state[0])
    return np.array(hs), state


def rnn_unroll_backward(params, xs, state0, dhs, dstate_T):
    Wx, Wh, b = params
    hs, _ = rnn_unroll(params, xs, state0)
    T, N, H = hs.shape
    above = np.zeros_like(hs) if dhs is None else np.array(dhs)
    if dstate_T is not None:
        above[-1] = above[-1] + dstate_T[0]
    slope = 1 - hs**2
    # J[t][n] = ∂h_t/∂h_{t−1} for sequence n, as a matrix (new, old)
    J = np.einsum("tnj,ij->tnji", slope, Wh)
    dh = np.zeros((T + 1, N, H))  # index 0 is the state before the first step
    for k in range(T + 1):
        path = np.broadcast_to(np.eye(H), (N, H, H))
        for t in range(k, T + 1):
            if t > k:
                path = np.einsum("nji,nik->njk", J[t - 1], path)
            if t > 0:
                dh[k] += np.einsum("nj,njk->nk", above[t - 1], path)
    delta = dh[1:] * slope
    before = np.concatenate([state0[0][None], hs[:-1]])
    vectors = _rows(xs, len(Wx))
    dWx = np.einsum("tnd,tnj->dj", vectors, delta)
    dWh = np.einsum("tni,tnj->ij", before, delta)
    dxs = None if vectors is not xs else np.einsum("tnj,dj->tnd", delta, Wx)
    return dxs, (dh[0],), (dWx, dWh, delta.sum(axis=(0, 1)).reshape(np.shape(b)))


SEQUENCES = {"RNN": (rnn_unroll, rnn_unroll_backward)}


def cross_entropy(logits, targets, mask=None):
    """Σ counted (log Σ exp z − z_y) / N for (…, N, V), and its gradient."""
    counted = np.ones(targets.shape) if mask is None else mask.astype(float)
    y = np.eye(logits.shape[-1])[targets]
    log_sum = np.log(np.einsum("...v->...", np.exp(logits)))
    value = np.sum(counted * (log_sum - np.einsum("...v,...v->...", logits, y)))
    p = np.exp(logits - log_sum[..., None])
    return value / logits.shape[-2], (p - y) * counted[..., None] / logits.shape[-2]


def squared_error(y, targets, mask=None):
    counted = np.ones(y.shape[:-1]) if mask is None else mask.astype(float)
    gap = (y - targets) * counted[..., None]
    scale = y.shape[-1] * y.shape[-2]
    return np.tensordot(gap, gap, gap.ndim) / scale, 2 * gap / scale


LOSSES = {"cross_entropy": cross_entropy, "squared_error": squared_error}


def model(name, loss, steps, params, xs, targets, state0, mask):
    cell, Wy, by = params
    run, run_backward = SEQUENCES[name]
    hs, _ = run(cell, xs, state0)
    read = hs if steps == "every" else hs[-1:]
    if steps == "last":
        targets, mask = targets[None], None if mask is None else mask[None]
    value, dout = LOSSES[loss](np.einsum("tnj,jv->tnv", read, Wy) + by, targets, mask)
    dWy = np.einsum("tnj,tnv->jv", read, dout)
    dby = np.einsum("tnv->v", dout).reshape(np.shape(by))
    dhs = np.zeros_like(hs)
    dhs[-len(dout) :] = np.einsum("tnv,jv->tnj", dout, Wy)
    dxs, dstate0, dcell = run_backward(cell, xs, state0, dhs, None)
    return value, (dcell, dWy, dby), dxs, dstate0
