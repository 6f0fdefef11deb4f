"""The naive form: what a course writes, one step after another, nothing checked, nothing reused.

One input product, one recurrent product and one list entry a step on the way forward; two
weight gradients a step on the way back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.sizes import Problem
from unrolled import GRUParams, LSTMParams, RNNParams
from unrolled.shapes import Array


def sigmoid(a: Array) -> Array:
    """Squash into (0, 1)."""
    result: Array = 1 / (1 + np.exp(-a))
    return result


def rnn(params: RNNParams, xs: Array, dhs: Array) -> tuple[Array, Array, RNNParams]:
    """Run the plain cell forward and backward."""
    Wx, Wh, b = params
    T, N, _ = xs.shape
    h = np.zeros((N, len(Wh)), xs.dtype)
    hs = [h]
    for t in range(T):
        h = np.tanh(xs[t] @ Wx + h @ Wh + b)
        hs.append(h)
    dWx, dWh, db, dxs = *map(np.zeros_like, params), np.empty_like(xs)
    dh = np.zeros_like(h)
    for t in reversed(range(T)):
        da = (1 - hs[t + 1] ** 2) * (dh + dhs[t])
        dWx += xs[t].T @ da
        dWh += hs[t].T @ da
        db += da.sum(axis=0)
        dxs[t] = da @ Wx.T
        dh = da @ Wh.T
    return np.stack(hs[1:]), dxs, RNNParams(dWx, dWh, db)


def lstm(params: LSTMParams, xs: Array, dhs: Array) -> tuple[Array, Array, LSTMParams]:
    """Run the LSTM forward and backward."""
    Wx, Wh, b = params
    T, N, H = len(xs), xs.shape[1], len(Wh)
    h = c = np.zeros((N, H), xs.dtype)
    hs, cs, gates = [h], [c], []
    for t in range(T):
        a = xs[t] @ Wx + h @ Wh + b
        i, f, o = (sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
        g = np.tanh(a[:, 3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        hs.append(h)
        cs.append(c)
        gates.append((i, f, o, g))
    dWx, dWh, db, dxs = *map(np.zeros_like, params), np.empty_like(xs)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(T)):
        i, f, o, g = gates[t]
        tanh_c = np.tanh(cs[t + 1])
        dh = dh + dhs[t]
        dc = dc + dh * o * (1 - tanh_c**2)
        da = np.concatenate(
            [
                dc * g * i * (1 - i),
                dc * cs[t] * f * (1 - f),
                dh * tanh_c * o * (1 - o),
                dc * i * (1 - g**2),
            ],
            axis=1,
        )
        dWx += xs[t].T @ da
        dWh += hs[t].T @ da
        db += da.sum(axis=0)
        dxs[t] = da @ Wx.T
        dh, dc = da @ Wh.T, dc * f
    return np.stack(hs[1:]), dxs, LSTMParams(dWx, dWh, db)


def gru(params: GRUParams, xs: Array, dhs: Array) -> tuple[Array, Array, GRUParams]:
    """Run the GRU forward and backward."""
    Wx, Wh, b, bhn = params
    T, N, H = len(xs), xs.shape[1], len(Wh)
    h = np.zeros((N, H), xs.dtype)
    hs, gates = [h], []
    for t in range(T):
        a, u = xs[t] @ Wx + b, h @ Wh
        r = sigmoid(a[:, :H] + u[:, :H])
        z = sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])
        u_n = u[:, 2 * H :] + bhn
        n = np.tanh(a[:, 2 * H :] + r * u_n)
        h = (1 - z) * n + z * h
        hs.append(h)
        gates.append((r, z, n, u_n))
    dWx, dWh, db, dbhn, dxs = *map(np.zeros_like, params), np.empty_like(xs)
    dh = np.zeros_like(h)
    for t in reversed(range(T)):
        r, z, n, u_n = gates[t]
        dh = dh + dhs[t]
        da_n = dh * (1 - z) * (1 - n**2)
        da_z = dh * (hs[t] - n) * z * (1 - z)
        da_r = da_n * u_n * r * (1 - r)
        da = np.concatenate([da_r, da_z, da_n], axis=1)
        du = np.concatenate([da_r, da_z, da_n * r], axis=1)
        dWx += xs[t].T @ da
        dWh += hs[t].T @ du
        db += da.sum(axis=0)
        dbhn += (da_n * r).sum(axis=0)
        dxs[t] = da @ Wx.T
        dh = dh * z + du @ Wh.T
    return np.stack(hs[1:]), dxs, GRUParams(dWx, dWh, db, dbhn)


LOOPS = {"RNN": rnn, "LSTM": lstm, "GRU": gru}


def textbook(problem: Problem) -> Any:
    """Return a run of the plain loop."""
    loop: Any = LOOPS[problem.cell.name]

    def run() -> Any:
        return loop(problem.params, problem.xs, problem.dhs)

    return run
