"""Answers to problem set 2: right ones in different spellings, and wrong ones, by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]

# Each squashing function with its slope at z, by hand
TABLE: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "inverse root": (lambda z: z / (1 + z**2) ** 0.5, lambda z: (1 + z**2) ** -1.5),
    "arctangent": (np.arctan, lambda z: 1 / (1 + z**2)),
    "inverse hyperbolic sine": (np.arcsinh, lambda z: (1 + z**2) ** -0.5),
    "sine": (np.sin, np.cos),
    "Lorentzian": (
        lambda z: 2 * z / (1 + z**2),
        lambda z: 2 * (1 - z**2) / (1 + z**2) ** 2,
    ),
}

# The forms by number, as the page and the notebooks tell them
ROUTES = (2, 3, 4, 5)
SKIP = (
    (2, "inverse root"),
    (3, "arctangent"),
    (4, "inverse hyperbolic sine"),
    (2, "sine"),
    (3, "Lorentzian"),
)
BOTH = (
    (0, "arctangent"),
    (1, "inverse root"),
    (0, "sine"),
    (1, "inverse hyperbolic sine"),
    (0, "Lorentzian"),
    (1, "arctangent"),
)


def routes_back(form: int) -> Callable[..., Any]:
    """Walk back once, and spread what each step has."""
    k = ROUTES[form]

    def route_sums(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        T = len(w)
        r = np.zeros(T)
        r[-1] = 1
        for t in reversed(range(1, T)):
            r[t - 1] += w[t] * r[t]
            if t >= k:
                r[t - k] += v[t] * r[t]
        return r

    return route_sums


def routes_solved(form: int) -> Callable[..., Any]:
    """Solve the linear equations of the network for an input at each step."""
    k = ROUTES[form]

    def route_sums(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        T = len(w)
        M = np.eye(T) - np.diag(w[1:], -1) - np.diag(v[k:], -k)
        return np.linalg.solve(M.T, np.eye(T)[-1])

    return route_sums


def routes_forward(form: int) -> Callable[..., Any]:
    """Run forward with all impulses side by side."""
    k = ROUTES[form]

    def route_sums(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        T = len(w)
        h = [np.zeros(T)] * k
        for t in range(T):
            h.append(w[t] * h[-1] + v[t] * h[-k] + (np.arange(T) == t))
        return h[-1]

    return route_sums


def routes_wrong(form: int, name: str) -> Callable[..., Any]:
    """Give the recursion, with one slip."""
    k = ROUTES[form] + (name == "too far")

    def route_sums(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        T = len(w)
        if name == "counts":
            w, v = np.ones(T), np.ones(T)
        if name == "short only":
            v = np.zeros(T)
        if name == "from the first":
            h = np.zeros(T)
            h[0] = 1
            for t in range(1, T):
                h[t] = w[t] * h[t - 1] + (v[t] * h[t - k] if t >= k else 0)
            return h
        if name == "never mixed":
            short = np.append(np.cumprod(w[:0:-1])[::-1], 1.0)
            long = np.zeros(T)
            long[-1] = 1
            for s in range(T - 1 - k, -1, -1):
                long[s] = v[s + k] * long[s + k]
            long[-1] = 0
            return short + long
        r, once = np.zeros(T), np.zeros(T)
        r[-1] = once[-1] = 1
        for s in range(T - 2, -1, -1):
            at_one, at_k = (s, s) if name == "leaving" else (s + 1, s + k)
            r[s] = w[at_one] * r[s + 1]
            once[s] = w[at_one] * once[s + 1]
            if s + k < T:
                r[s] += v[at_k] * (once if name == "one long" else r)[s + k]
            if name == "one long":
                once[s] = w[s + 1] * once[s + 1]
        if name == "no empty route":
            r[-1] = 0
        if name == "zeros":
            r[:] = 0
        if name == "reversed":
            r = r[::-1]
        return r

    return route_sums


def skip_walk(form: int, *slips: str) -> Callable[..., Arrays]:
    """Walk back with a list of gradients, one for each state."""
    k, name = SKIP[form]
    squash, slope = TABLE[name]

    def skip_backward(
        dhs: np.ndarray, xs: np.ndarray, h0s: np.ndarray, Wx: Any, Wh: Any, Ws: Any, b: Any
    ) -> Arrays:
        T = len(xs)
        hs, zs = list(h0s), []
        for x in xs:
            zs.append(x @ Wx + hs[-1] @ Wh + hs[-k] @ Ws + b)
            hs.append(squash(zs[-1]))
        back = [np.zeros_like(h) for h in h0s] + [dh.copy() for dh in dhs]
        if "last loss" in slips:
            back[:-1] = [np.zeros_like(h) for h in back[:-1]]
        dxs, dWx, dWh, dWs, db = np.zeros_like(xs), 0, 0, 0, 0
        Bh, Bs = (Wh, Ws) if "transposed" in slips else (Wh.T, Ws.T)
        for t in reversed(range(T)):
            s = slope(zs[t])
            s = 1.0 if "slope" in slips else s
            s = 1 - hs[t + k] ** 2 if "tanh" in slips else s
            dz = back[t + k] * s
            dxs[t] = dz @ Wx.T
            if t == T - 1 or "last use" not in slips:
                dWx, dWh = dWx + xs[t].T @ dz, dWh + hs[t + k - 1].T @ dz
                dWs, db = dWs + hs[t].T @ dz, db + dz.sum(axis=0)
            if "one step" not in slips:
                back[t + k - 1] += dz @ Bh
            if "look back" not in slips:
                back[t] += dz @ Bs
        dh0s = np.stack(back[:k])
        if "newest start" in slips:
            dh0s[:-1] = 0
        return dxs, dh0s[::-1] if "reversed" in slips else dh0s, dWx, dWh, dWs, db

    return skip_backward


def skip_arrays(form: int) -> Callable[..., Arrays]:
    """Keep all dz in one array and look ahead; sum over time and batch at the end."""
    k, name = SKIP[form]
    squash, slope = TABLE[name]

    def skip_backward(
        dhs: np.ndarray, xs: np.ndarray, h0s: np.ndarray, Wx: Any, Wh: Any, Ws: Any, b: Any
    ) -> Arrays:
        T, N, H = dhs.shape
        states = np.concatenate([h0s, np.empty((T, N, H))])
        z = xs @ Wx + b
        for t in range(T):
            z[t] += states[t + k - 1] @ Wh + states[t] @ Ws
            states[t + k] = squash(z[t])
        dz = np.zeros((T + 2 * k, N, H))  # dz[i] is of states[i]; k zeros before and behind
        for i in range(T + k - 1, k - 1, -1):
            dh = dhs[i - k] + dz[i + 1] @ Wh.T + dz[i + k] @ Ws.T
            dz[i] = dh * slope(z[i - k])
        dh0s = dz[k : 2 * k] @ Ws.T
        dh0s[-1] += dz[k] @ Wh.T
        dz = dz[k : k + T]
        rows = dz.reshape(-1, H)
        return (
            dz @ Wx.T,
            dh0s,
            xs.reshape(len(rows), -1).T @ rows,
            states[k - 1 : -1].reshape(-1, H).T @ rows,
            states[:-k].reshape(-1, H).T @ rows,
            rows.sum(axis=0),
        )

    return skip_backward


def both_walk(form: int, *slips: str) -> Callable[..., Arrays]:
    """Walk each pass back the way it came, by one helper."""
    shift, name = BOTH[form]
    squash, slope = TABLE[name]

    def both_backward(
        dys: np.ndarray, xs: np.ndarray, h0: np.ndarray, Wx: Any, Wh: Any, b: Any
    ) -> Arrays:
        def run(steps: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
            hs, zs = [h0], []
            for x in steps:
                zs.append(x @ Wx + hs[-1] @ Wh + b)
                hs.append(squash(zs[-1]))
            return np.stack(hs), zs

        def back(steps: Any, hs: Any, zs: Any, above: Any, carried: bool = True) -> list[Any]:
            total, carry = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)], 0
            dxs = np.zeros_like(xs)
            for t in reversed(range(len(steps))):
                s = 1.0 if "slope" in slips else slope(zs[t])
                s = 1 - hs[t + 1] ** 2 if "tanh" in slips else s
                dz = (above[t + 1] + (carry if carried else 0)) * s
                dxs[t] = dz @ Wx.T
                parts = (steps[t].T @ dz, hs[t].T @ dz, dz.sum(axis=0))
                total = [a + part for a, part in zip(total, parts, strict=True)]
                carry = dz @ (Wh if "transposed" in slips else Wh.T)
            direct = 0 if "direct" in slips else above[0]
            return [dxs, carry + direct, *total]

        (fs, z_f), (gs, z_g) = run(xs), run(xs[::-1])
        T = len(xs)
        above_f, above_g = np.zeros_like(fs), np.zeros_like(gs)
        for t in range(T):
            i, j = t + shift, T - t - shift  # y_t joins fs[i] and gs[j]
            if "same step" in slips:
                i, j = t + 1, T - t
            above_f[i] = dys[t] * (1 if "join" in slips else gs[j])
            above_g[j] = dys[t] * (1 if "join" in slips else fs[i])
        f = back(xs, fs, z_f, above_f, "left not carried" not in slips)
        g = back(xs[::-1], gs, z_g, above_g, "not carried" not in slips)
        g[0] = g[0][::-1]
        for slip, places in (("inputs", [0]), ("start", [1]), ("weights", [2, 3, 4])):
            for place in places if slip in slips else ():
                g[place] = np.zeros_like(g[place])
        return tuple(a + c for a, c in zip(f, g, strict=True))

    return both_backward


def both_arrays(form: int) -> Callable[..., Arrays]:
    """Stack the two passes as one batch of twice the size, then take them apart."""
    shift, name = BOTH[form]
    squash, slope = TABLE[name]

    def both_backward(
        dys: np.ndarray, xs: np.ndarray, h0: np.ndarray, Wx: Any, Wh: Any, b: Any
    ) -> Arrays:
        T, N, H = dys.shape
        two = np.concatenate([xs, xs[::-1]], axis=1)
        z = two @ Wx + b
        h = np.empty((T + 1, 2 * N, H))
        h[0] = np.concatenate([h0, h0])
        for t in range(T):
            z[t] += h[t] @ Wh
            h[t + 1] = squash(z[t])
        f, g = h[:, :N], h[::-1, N:]
        dh, here = np.zeros_like(h), slice(shift, shift + T)
        dh[here, :N] = dys * g[here]
        dh[::-1, N:][here] = dys * f[here]
        dz = np.empty_like(z)
        for t in reversed(range(T)):
            dz[t] = dh[t + 1] * slope(z[t])
            dh[t] += dz[t] @ Wh.T
        rows = dz.reshape(-1, H)
        dxs = dz @ Wx.T
        return (
            dxs[:, :N] + dxs[::-1, N:],
            dh[0, :N] + dh[0, N:],
            two.reshape(len(rows), -1).T @ rows,
            h[:-1].reshape(-1, H).T @ rows,
            rows.sum(axis=0),
        )

    return both_backward
