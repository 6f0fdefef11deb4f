"""The matrix form, written out a second time with NumPy and nothing from the package.

BPTT is done here without a loop carrying a gradient backward: every state's
gradient is the sum, over the later states, of products of step Jacobians.
"""

from __future__ import annotations

from functools import partial

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


def rnn_local(a, state):
    h = np.tanh(a)
    N, H = h.shape
    return (h,), _diagonal(1 - h**2), np.zeros((N, H, H))


def lstm_local(a, state):
    i, f, o = (1 / (1 + np.exp(-each)) for each in np.split(a[:, : 3 * len(a[0]) // 4], 3, 1))
    g = np.tanh(a[:, 3 * len(a[0]) // 4 :])
    c = f * state[1] + i * g
    shown = np.tanh(c)
    to_h = o / np.cosh(c) ** 2  # ∂h/∂c with the output gate held
    to_c = (g * i * (1 - i), state[1] * f * (1 - f), 0 * c, i * (1 - g**2))
    c_a = np.concatenate([_diagonal(each) for each in to_c], 2)
    h_a = to_h[:, :, None] * c_a
    N, H = c.shape
    h_a[:, :, 2 * H : 3 * H] += _diagonal(shown * o * (1 - o))
    kept = np.zeros((N, 2 * H, 2 * H))
    kept[:, H:, H:] = _diagonal(f)
    kept[:, :H, H:] = _diagonal(to_h * f)
    return (o * shown, c), np.concatenate([h_a, c_a], 1), kept


def gru_local(a, state):
    (h,) = state
    H = h.shape[1]
    r, z = 1 / (1 + np.exp(-a[:, :H])), 1 / (1 + np.exp(-a[:, H : 2 * H]))
    q = a[:, 3 * H :]
    n = np.tanh(a[:, 2 * H : 3 * H] + r * q)
    slope = (1 - z) * (1 - n**2)
    to_h = (slope * q * r * (1 - r), (h - n) * z * (1 - z), slope, slope * r)
    return (z * h + (1 - z) * n,), np.concatenate([_diagonal(e) for e in to_h], 2), _diagonal(z)


def coupled_local(a, state):
    """As lstm_local, with f = 1 − i; columns i, o, g."""
    i, o, g = np.split(a, 3, 1)
    i, o, g = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-o)), np.tanh(g)
    c = state[1] + i * (g - state[1])
    to_h = o / np.cosh(c) ** 2
    to_c = ((g - state[1]) * i * (1 - i), 0 * c, i * (1 - g**2))
    c_a = np.concatenate([_diagonal(each) for each in to_c], 2)
    h_a = to_h[:, :, None] * c_a
    N, H = c.shape
    h_a[:, :, H : 2 * H] += _diagonal(np.tanh(c) * o * (1 - o))
    kept = np.zeros((N, 2 * H, 2 * H))
    kept[:, H:, H:] = _diagonal(1 - i)
    kept[:, :H, H:] = _diagonal(to_h * (1 - i))
    return (o * np.tanh(c), c), np.concatenate([h_a, c_a], 1), kept


def _diagonal(rows):
    """(N, H) as N diagonal matrices."""
    return np.einsum("nj,jk->njk", rows, np.eye(rows.shape[1]))


def _plain(params):
    return tuple(np.reshape(p, (1, -1)) if place > 1 else p for place, p in enumerate(params))


def _plain_back(dWx, dWh, db):
    return dWx, dWh, db


def _gru_spread(params):
    """Weights whose pre-activations are a_r, a_z, the input's part of a_n, and q."""
    Wx, Wh, b, bhn = _plain(params)
    H = len(Wh)
    nothing = np.zeros_like
    return (
        np.hstack([Wx, nothing(Wx[:, :H])]),
        np.hstack([Wh[:, : 2 * H], nothing(Wh[:, :H]), Wh[:, 2 * H :]]),
        np.hstack([b, bhn]),
    )


def _gru_back(dWx, dWh, db):
    H = len(dWh)
    kept = np.hstack([dWh[:, : 2 * H], dWh[:, 3 * H :]])
    return dWx[:, : 3 * H], kept, db[: 3 * H], db[3 * H :]


# name: all weights as one affine map, ∂(state)/∂(pre-activations, old state), and the way back
FORMS = {
    "RNN": (_plain, rnn_local, _plain_back),
    "LSTM": (_plain, lstm_local, _plain_back),
    "GRU": (_gru_spread, gru_local, _gru_back),
    "CoupledLSTM": (_plain, coupled_local, _plain_back),
}


def _linearise(name, params, x, state):
    """New state; ∂state/∂a (N, S, A); ∂state/∂old state (N, S, S), every path of one step."""
    spread, local, _ = FORMS[name]
    Wx, Wh, b = spread(params)
    a = np.hstack([_rows(x, len(Wx)), state[0]]) @ np.vstack([Wx, Wh]) + b
    new, to_a, kept = local(a, state)
    jacobian = kept.copy()
    jacobian[:, :, : len(Wh)] += np.einsum("nsa,ha->nsh", to_a, Wh)
    return new, to_a, jacobian


def _unroll(name, params, xs, state0):
    state, hs = state0, []
    for x in xs:
        state, _, _ = _linearise(name, params, x, state)
        hs.append(state[0])
    return np.array(hs), state


def _unroll_backward(name, params, xs, state0, dhs, dstate_T):
    spread, _, back = FORMS[name]
    Wx, Wh, _ = spread(params)
    T, N, H, K = len(xs), len(state0[0]), len(Wh), len(state0)
    before, to_a, J, state = [], [], [], state0
    for x in xs:
        before.append(state[0])
        state, local, jacobian = _linearise(name, params, x, state)
        to_a.append(local)
        J.append(jacobian)
    above = np.zeros((T, N, K * H))
    if dhs is not None:
        above[:, :, :H] += dhs
    if dstate_T is not None:
        above[-1] += np.hstack(dstate_T)
    ds = np.zeros((T + 1, N, K * H))  # index 0 is the state before the first step
    for k in range(T + 1):
        path = np.broadcast_to(np.eye(K * H), (N, K * H, K * H))
        for t in range(k, T + 1):
            if t > k:
                path = np.einsum("nij,njk->nik", J[t - 1], path)
            if t > 0:
                ds[k] += np.einsum("ni,nik->nk", above[t - 1], path)
    delta = np.einsum("tns,tnsa->tna", ds[1:], np.array(to_a))
    vectors = _rows(xs, len(Wx))
    dWx = np.einsum("tnd,tna->da", vectors, delta)
    dWh = np.einsum("tnh,tna->ha", np.array(before), delta)
    dparams = back(dWx, dWh, delta.sum(axis=(0, 1)))
    shaped = tuple(d.reshape(np.shape(p)) for d, p in zip(dparams, params, strict=True))
    dxs = None if vectors is not xs else np.einsum("tna,da->tnd", delta, Wx)
    return dxs, tuple(np.split(ds[0], K, axis=1)), shaped


def _step(name, params, x, state):
    return _linearise(name, params, x, state)[0]


def _step_backward(name, params, x, state, dstate):
    dxs, dprev, dparams = _unroll_backward(name, params, x[None], state, None, dstate)
    return None if dxs is None else dxs[0], dprev, dparams


STEPS = {name: (partial(_step, name), partial(_step_backward, name)) for name in FORMS}
SEQUENCES = {name: (partial(_unroll, name), partial(_unroll_backward, name)) for name in FORMS}
# the plain cell once more, written for it alone
STEPS["RNN"] = (rnn_step, rnn_step_backward)


# The kin whose pre-activations are not affine in the state: one step at a time, every
# Jacobian written out. Each gives the new state, ∂state/∂a (N, S, A), ∂state/∂(old state)
# with a held (N, S, S), and the state that each block of columns of Wh multiplies.


def before_local(params, x, h):
    Wx, Wh, b = _plain(params)
    H = len(Wh)
    a = _rows(x, len(Wx)) @ Wx + b
    r, z = np.split(1 / (1 + np.exp(-a[:, : 2 * H] - h @ Wh[:, : 2 * H])), 2, 1)
    n = np.tanh(a[:, 2 * H :] + (r * h) @ Wh[:, 2 * H :])
    slope = _diagonal((1 - z) * (1 - n**2))
    through = np.einsum("njk,ik->nji", slope, Wh[:, 2 * H :])  # ∂h_j/∂(r h)_i
    to_a = [through * (h * r * (1 - r))[:, None], _diagonal((h - n) * z * (1 - z)), slope]
    kept = _diagonal(z) + through * r[:, None]
    return z * h + (1 - z) * n, to_a, kept, (h, h, r * h)


def mgu_local(params, x, h):
    Wx, Wh, b = _plain(params)
    H = len(Wh)
    a = _rows(x, len(Wx)) @ Wx + b
    f = 1 / (1 + np.exp(-a[:, :H] - h @ Wh[:, :H]))
    n = np.tanh(a[:, H:] + (f * h) @ Wh[:, H:])
    slope = _diagonal(f * (1 - n**2))
    through = np.einsum("njk,ik->nji", slope, Wh[:, H:])
    to_f = through * h[:, None] + _diagonal(n - h)
    return (
        (1 - f) * h + f * n,
        [to_f * (f * (1 - f))[:, None], slope],
        _diagonal(1 - f) + through * f[:, None],
        (h, f * h),
    )


def _masked_step(local, params, x, state):
    return (local(params, x, state[0])[0],)


def _masked_step_backward(local, params, x, state, dstate):
    """The last block of columns multiplies the masked state; the others the state itself."""
    Wx, Wh, b = params
    _, to_a, kept, seen = local(params, x, state[0])
    deltas = [np.einsum("nj,njk->nk", dstate[0], each) for each in to_a]
    delta = np.hstack(deltas)
    open_columns = delta[:, : -len(Wh)]
    dh = np.einsum("nj,njk->nk", dstate[0], kept)
    dh = dh + np.einsum("nk,ik->ni", open_columns, Wh[:, : -len(Wh)])
    vectors = _rows(x, len(Wx))
    dWh = np.hstack([np.einsum("ni,nk->ik", s, d) for s, d in zip(seen, deltas, strict=True)])
    dparams = (np.einsum("nd,nk->dk", vectors, delta), dWh, delta.sum(0).reshape(np.shape(b)))
    return None if vectors is not x else np.einsum("nk,dk->nd", delta, Wx), (dh,), dparams


def peephole_parts(params, x, state):
    Wx, Wh, b, pi, pf, po = params
    h, c_prev = state
    a = np.hstack([_rows(x, len(Wx)), h]) @ np.vstack([Wx, Wh]) + np.reshape(b, (1, -1))
    a_i, a_f, a_o, a_g = np.split(a, 4, 1)
    i = 1 / (1 + np.exp(-a_i - c_prev @ np.diag(pi)))
    f = 1 / (1 + np.exp(-a_f - c_prev @ np.diag(pf)))
    c = f * c_prev + i * np.tanh(a_g)
    return i, f, 1 / (1 + np.exp(-a_o - c @ np.diag(po))), np.tanh(a_g), c


def peephole_step(params, x, state):
    _, _, o, _, c = peephole_parts(params, x, state)
    return (o * np.tanh(c), c)


def peephole_step_backward(params, x, state, dstate):
    Wx, Wh, b, pi, pf, po = params
    h, c_prev = state
    i, f, o, g, c = peephole_parts(params, x, state)
    to_h = o / np.cosh(c) ** 2 + np.tanh(c) * o * (1 - o) * po  # ∂h/∂c, the output gate's eye too
    dc = dstate[1] + dstate[0] * to_h
    from_c = (g * i * (1 - i), c_prev * f * (1 - f), i * (1 - g**2))
    d_i, d_f, d_g = (np.einsum("nj,nj->nj", dc, each) for each in from_c)
    d_o = dstate[0] * np.tanh(c) * o * (1 - o)
    delta = np.hstack([d_i, d_f, d_o, d_g])
    joined = np.hstack([_rows(x, len(Wx)), h])
    dW = np.einsum("ni,nk->ik", joined, delta)
    back = np.einsum("nk,ik->ni", delta, np.vstack([Wx, Wh]))
    D = len(Wx)
    peeps = [np.einsum("nj,nj->j", d, s) for d, s in ((d_i, c_prev), (d_f, c_prev), (d_o, c))]
    dc_prev = dc * (f + c_prev * f * (1 - f) * pf + g * i * (1 - i) * pi)
    ids = np.issubdtype(np.asarray(x).dtype, np.integer)
    dparams = (dW[:D], dW[D:], delta.sum(0).reshape(np.shape(b)), *peeps)
    return None if ids else back[:, :D], (back[:, D:], dc_prev), dparams


for _name, _local in (("ResetBeforeGRU", before_local), ("MGU", mgu_local)):
    STEPS[_name] = (partial(_masked_step, _local), partial(_masked_step_backward, _local))
STEPS["PeepholeLSTM"] = (peephole_step, peephole_step_backward)


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
