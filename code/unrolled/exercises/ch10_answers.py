"""Chapter 10's questions drawn, and their answers by loops and by the complex step."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from unrolled.cells.lstm import LSTM, LSTMCache, LSTMParams, Memory
from unrolled.sequence import unroll
from unrolled.shapes import Array

Rule = Callable[[SimpleNamespace], Any]
TINY = 1e-30
GRADIENTS = ("dx", "dh_prev", "dc_prev", "dWx", "dWh", "db")
OVER_TIME = ("dxs", "dh_0", "dc_0", "dWx", "dWh", "db")


def suspects(dh: Array, cache: LSTMCache) -> dict[str, Array]:
    """Give four wrong gradients of the pre-activations, each divided by the right one.

    Parameters
    ----------
    dh : ndarray, shape (N, H)
        What arrives at h_t; nothing arrives at c_t.
    cache : LSTMCache
        From ``LSTM.step``.

    Returns
    -------
    dict of str to ndarray, shape (N, 4H)
        Under ``"A"`` to ``"D"``, a one where an entry is right; columns i, f, o, g.
    """
    dc = np.zeros_like(dh)
    right = _values(dh, dc, cache).da
    slips: dict[str, Rule] = {
        "dc": lambda v: v.dh * (1 - v.tanh_c**2),
        "df": lambda v: v.dc * v.c,
        "do": lambda v: v.dh * v.c,
        "da_i": lambda v: v.di,
    }
    return {
        name: _values(dh, dc, cache, **{rule: slip}).da / right
        for name, (rule, slip) in zip("ABCD", slips.items(), strict=True)
    }


_RULES: dict[str, Rule] = {
    "do": lambda v: v.dh * v.tanh_c,
    "dc": lambda v: v.dc_later + v.dh * v.o * (1 - v.tanh_c**2),
    "df": lambda v: v.dc * v.c_prev,
    "di": lambda v: v.dc * v.g,
    "dg": lambda v: v.dc * v.i,
    "da_i": lambda v: v.di * v.i * (1 - v.i),
    "da_f": lambda v: v.df * v.f * (1 - v.f),
    "da_o": lambda v: v.do * v.o * (1 - v.o),
    "da_g": lambda v: v.dg * (1 - v.g**2),
    "da": lambda v: np.concatenate([v.da_i, v.da_f, v.da_o, v.da_g], axis=1),
    "dx": lambda v: v.da @ v.params.Wx.T,
    "dh_prev": lambda v: v.da @ v.params.Wh.T,
    "dc_prev": lambda v: v.dc * v.f,
    "dWx": lambda v: v.x.T @ v.da,
    "dWh": lambda v: v.h_prev.T @ v.da,
    "db": lambda v: v.da.sum(axis=0),
}


def _values(dh: Array, dc: Array, cache: LSTMCache, /, **slips: Rule) -> SimpleNamespace:
    """Compute the backward step rule by rule, some of the rules replaced by a slip."""
    v = SimpleNamespace(**cache._asdict(), dh=dh, dc_later=dc)
    for name, rule in {**_RULES, **slips}.items():
        setattr(v, name, rule(v))
    return v


def slipped(**slips: Rule) -> Callable[..., Any]:
    """Give the backward step with some of its rules replaced."""
    return lambda dh, dc, cache: tuple(
        getattr(_values(dh, dc, cache, **slips), name) for name in GRADIENTS
    )


def step_by_loops(dh: Array, dc: Array, cache: LSTMCache) -> tuple[Array, ...]:
    """Follow every path from h[n, k] and c[n, k] back to whatever they were made of."""
    (Wx, Wh, _), x, h_prev, c_prev, i, f, o, g, c, _ = cache
    H = len(Wh)
    dx, dh_prev, dc_prev, dWx, dWh, db = (
        np.zeros(shape)
        for shape in (x.shape, h_prev.shape, h_prev.shape, Wx.shape, Wh.shape, 4 * H)
    )
    for n, k in np.ndindex(dh.shape):
        at = (n, k)
        dc_nk = dc[at] + dh[at] * o[at] / np.cosh(c[at]) ** 2
        dc_prev[at] = dc_nk * f[at]
        das = (
            dc_nk * g[at] * i[at] * (1 - i[at]),
            dc_nk * c_prev[at] * f[at] * (1 - f[at]),
            dh[at] * np.tanh(c[at]) * o[at] * (1 - o[at]),
            dc_nk * i[at] * (1 - g[at] ** 2),
        )
        for block, da in enumerate(das):
            column = block * H + k
            db[column] += da
            for m in range(x.shape[1]):
                dWx[m, column] += x[n, m] * da
                dx[n, m] += Wx[m, column] * da
            for j in range(H):
                dWh[j, column] += h_prev[n, j] * da
                dh_prev[n, j] += Wh[j, column] * da
    return dx, dh_prev, dc_prev, dWx, dWh, db


def sequence_by_loops(
    dhs: Array, dstate_T: Memory, caches: tuple[LSTMCache, ...]
) -> tuple[Any, ...]:
    """Run the loops from the last step to the first, and add what every step gives."""
    (dh, dc), dxs, weights = dstate_T, list[Array](), []
    for t in range(len(caches) - 1, -1, -1):
        dx, dh, dc, *dparams = step_by_loops(dh + dhs[t], dc, caches[t])
        dxs.insert(0, dx)
        weights.append(dparams)
    return np.array(dxs), dh, dc, *(sum(parts) for parts in zip(*weights, strict=True))


def slipped_sequence(slip: Callable[..., tuple[Any, ...]]) -> Callable[..., Any]:
    """Go back step by step, but with ``slip`` saying what enters and what is kept."""

    def answer(dhs: Array, dstate_T: Memory, caches: tuple[LSTMCache, ...]) -> Any:
        (dh, dc), dxs, total = dstate_T, list[Array](), None
        for t in reversed(range(len(caches))):
            dh, dc, keep = slip(dh, dc, dhs[t])
            dx, dh, dc, *dparams = step_by_loops(dh, dc, caches[t])
            dxs.insert(0, dx)
            old = [0.0] * 3 if total is None or not keep else total
            total = [a + b for a, b in zip(old, dparams, strict=True)]
        return np.array(dxs), dh, dc, *(total or ())

    return answer


def _sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Give N, D and H, all different, so that no two axes can be taken for one another."""
    N, D, H = rng.permutation([2, 3, 4])
    return int(N), int(D), int(H)


def _run(rng: np.random.Generator, T: int) -> tuple[tuple[LSTMCache, ...], int, int]:
    N, D, H = _sizes(rng)
    shapes = ((D, 4 * H), (H, 4 * H), (4 * H,))
    params = LSTMParams(*(0.8 * rng.standard_normal(shape) for shape in shapes))
    state0 = Memory(*rng.standard_normal((2, N, H)))
    _, _, tape = unroll(LSTM, params, rng.standard_normal((T, N, D)), state0)
    return tape.caches, N, H


def draw_do(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dh, o and c of one step."""
    ((cache,), N, H) = _run(rng, 1)
    return rng.standard_normal((N, H)), cache.o, cache.c


def draw_dc(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dh, the gradient of the next c, its forget gate, and o and c."""
    (one, two), N, H = _run(rng, 2)
    return *rng.standard_normal((2, N, H)), two.f, one.o, one.c


def draw_gates(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dc and what c was made of."""
    ((cache,), N, H) = _run(rng, 1)
    return rng.standard_normal((N, H)), cache.c_prev, cache.i, cache.f, cache.g


def draw_step(rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw dh, dc and the cache of one step."""
    ((cache,), N, H) = _run(rng, 1)
    return *rng.standard_normal((2, N, H)), cache


def draw_sequence(rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw what arrives from above, at the end, and the caches of four steps."""
    caches, N, H = _run(rng, 4)
    return rng.standard_normal((4, N, H)), Memory(*rng.standard_normal((2, N, H))), caches


def draw_through(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw o and c of one step, the gates of the next, and Wh."""
    (one, two), _, _ = _run(rng, 2)
    return one.o[0], one.c[0], two.i[0], two.f[0], two.g[0], two.params.Wh


def _squash(a: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-a)))


def _logit(s: Array) -> Array:
    return np.asarray(np.log(s / (1 - s)))


def output_gate(dh: Array, o: Array, c: Array) -> Array:
    """Nudge a_o, of which o is the sigmoid, by a complex step."""
    return np.asarray(np.imag(dh * _squash(_logit(o) + 1j * TINY) * np.tanh(c)) / TINY)


def cell_state(dh: Array, dc_next: Array, f_next: Array, o: Array, c: Array) -> Array:
    """Nudge c_t, and watch h_t and c_{t+1}."""
    nudged = c + 1j * TINY
    return np.asarray(np.imag(dh * o * np.tanh(nudged) + dc_next * f_next * nudged) / TINY)


def inner_gates(dc: Array, c_prev: Array, i: Array, f: Array, g: Array) -> tuple[Array, ...]:
    """Nudge each pre-activation, and watch c_t."""
    nudge = 1j * TINY
    ends = (
        f * c_prev + _squash(_logit(i) + nudge) * g,
        _squash(_logit(f) + nudge) * c_prev + i * g,
        f * c_prev + i * np.tanh(np.arctanh(g) + nudge),
    )
    return tuple(np.imag(dc * end) / TINY for end in ends)


def through_h(o_prev: Array, c_prev: Array, i: Array, f: Array, g: Array, Wh: Array) -> Array:
    """Nudge each entry of c_{t−1} where h_{t−1} is made of it, and watch c_t."""
    H = len(o_prev)
    columns = []
    for unit in np.eye(H):
        change = 1j * np.imag(o_prev * np.tanh(c_prev + 1j * TINY * unit)) @ Wh
        new_i, new_f = _squash(_logit(i) + change[:H]), _squash(_logit(f) + change[H : 2 * H])
        new_g = np.tanh(np.arctanh(g) + change[3 * H :])
        columns.append(np.imag(new_f * c_prev + new_i * new_g) / TINY)
    return np.stack(columns, axis=1)


def c_by_h(
    o_prev: Array, c_prev: Array, i: Array, f: Array, g: Array, Wh: Array, places: str = "ifog"
) -> Array:
    """Give ∂c_t/∂h_{t−1}, output first, the blocks of Wh taken to be in the order of places."""
    W = dict(zip(places, np.split(Wh.T, 4), strict=True))
    slopes = {"i": g * i * (1 - i), "f": c_prev * f * (1 - f), "g": i * (1 - g**2)}
    return np.asarray(sum(slope[:, None] * W[block] for block, slope in slopes.items()))


def h_by_c(o_prev: Array, c_prev: Array) -> Array:
    """Give ∂h_{t−1}/∂c_{t−1}, one entry a unit."""
    return np.asarray(o_prev * (1 - np.tanh(c_prev) ** 2))
