"""What chapter 6 asks for: the questions, answers by untied weights, and usual slips."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.shapes import Array

NUDGE = 1e-30


def _sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Give sizes that all differ, so that no two axes can be taken for one another."""
    return [int(size) for size in rng.permutation([2, 3, 4, 5])[:count]]


def _sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _by_nudges(function: Callable[..., Any], *at: Array) -> tuple[Array, ...]:
    """Differentiate a function of some arrays by each entry of each, with a complex step."""
    copies = [np.array(array, complex) for array in at]
    slopes = [np.empty(array.shape) for array in copies]
    for copy, slope in zip(copies, slopes, strict=True):
        for index in np.ndindex(copy.shape):
            copy[index] += 1j * NUDGE
            slope[index] = np.imag(function(*copies)) / NUDGE
            copy[index] = copy[index].real
    return tuple(slopes)


def draw_readout(rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw all states and the gradients of all outputs."""
    N, H, V = _sizes(rng, 3)
    return np.tanh(rng.standard_normal((4, N, H))), rng.standard_normal((4, N, V))


def running(hs: Array, dos: Array) -> Array:
    """Pair each loss with every state up to its own, as if Wy had a path through time."""
    paired: Array = np.einsum("tnh,tnv->hv", hs.cumsum(axis=0), dos)
    return paired


def _states(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    hs = [h0]
    for x in xs:
        hs.append(np.tanh(hs[-1] @ Wh + x @ Wx + b))
    return np.stack(hs[1:])


def draw_run(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dos, and a run: xs, hs, h0 and the three weights."""
    N, D, H, V = _sizes(rng, 4)
    xs, h0 = rng.standard_normal((4, N, D)), np.tanh(rng.standard_normal((N, H)))
    Wx, Wh, Wy = (0.5 * rng.standard_normal(shape) for shape in ((D, H), (H, H), (H, V)))
    hs = _states(xs, h0, Wx, Wh, 0.3 * rng.standard_normal(H))
    return rng.standard_normal((4, N, V)), xs, hs, h0, Wx, Wh, Wy


def backward(
    dos: Array, xs: Array, hs: Array, h0: Array, Wx: Array, Wh: Array, Wy: Array
) -> tuple[Array, ...]:
    """Nudge everything forward; the loss Σ dos · (h Wy + by) sends exactly dos back.

    What is asked for is eq-bptt-delta and the sums from eq-bptt-dwy to eq-bptt-dh0 (chapter 6).
    """
    b = (np.arctanh(hs[0]) - h0 @ Wh - xs[0] @ Wx)[0]
    by = np.zeros(Wy.shape[1])
    return _by_nudges(
        lambda Wy, by, Wh, Wx, b, h0: (dos * (_states(xs, h0, Wx, Wh, b) @ Wy + by)).sum(),
        *(Wy, by, Wh, Wx, b, h0),
    )


def slip(kind: str) -> Callable[..., Any]:
    """Give the backward loop with one slip in it."""

    def answer(
        dos: Array, xs: Array, hs: Array, h0: Array, Wx: Array, Wh: Array, Wy: Array
    ) -> tuple[Array, ...]:
        before = np.concatenate([hs[-1:] if kind == "wraps" else h0[None], hs[:-1]])
        before = hs if kind == "after" else before
        carry = np.zeros_like(h0)
        dWh, dWx, db = np.zeros_like(Wh), np.zeros_like(Wx), np.zeros(len(Wh))
        for t in reversed(range(len(xs))):
            above = dos[t] @ Wy.T
            if kind == "not added":
                dh = above if t == len(xs) - 1 else carry
            else:
                dh = above + (0 if kind == "no carry" else carry)
            da = dh * (1 - hs[t] ** 2)
            if kind == "late":
                da = above * (1 - hs[t] ** 2) + carry
            parts = before[t].T @ da, xs[t].T @ da, da.sum(axis=0)
            if kind == "assigned":
                dWh, dWx, db = parts
            else:
                dWh, dWx, db = dWh + parts[0], dWx + parts[1], db + parts[2]
            carry = (dh if kind == "no slope" else da) @ (Wh if kind == "untransposed" else Wh.T)
        dWy = np.einsum("tnh,tnv->hv", hs, dos)
        return dWy, dos.sum(axis=(0, 1)), dWh, dWx, db, dh if kind == "stopped" else carry

    return answer


def draw_term(rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw what reaches h_t from above, a run, and two steps k < t, counted from 1."""
    N, H = _sizes(rng, 2)
    h0, Wh = np.tanh(rng.standard_normal((N, H))), 0.5 * rng.standard_normal((H, H))
    hs = _states(0.7 * rng.standard_normal((5, N, H)), h0, np.eye(H), Wh, np.zeros(H))
    k, t = sorted(int(step) for step in rng.permutation(np.arange(1, 6))[:2])
    return rng.standard_normal((N, H)), hs, h0, Wh, t, k


def term(dh: Array, hs: Array, h0: Array, Wh: Array, t: int, k: int) -> Array:
    """Untie: nudge the copy of Wh that step k uses, and no other. See eq-path-term (chapter 6)."""
    states = [h0, *hs]
    rest = [np.arctanh(states[step]) - states[step - 1] @ Wh for step in range(1, t + 1)]

    def loss(copy: Array) -> Any:
        h = h0
        for step in range(1, t + 1):
            h = np.tanh(h @ (copy if step == k else Wh) + rest[step - 1])
        return (dh * h).sum()

    return _by_nudges(loss, Wh)[0]


def term_slip(kind: str) -> Callable[..., Array]:
    """Give the product along one path with one slip in it."""

    def answer(dh: Array, hs: Array, h0: Array, Wh: Array, t: int, k: int) -> Array:
        states = [h0, *hs]
        delta = dh * (1 if kind == "first slope" else 1 - states[t] ** 2)
        for step in range(t - 1, k if kind == "short" else k - 1, -1):
            delta = delta @ (Wh if kind == "untransposed" else Wh.T)
            delta = delta * (1 if kind == "slopes" else 1 - states[step] ** 2)
        term: Array = states[k if kind == "after" else k - 1].T @ delta
        return term

    return answer


def draw_scalar(rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw w, u, three inputs and the first state."""
    w, u, h0 = (float(value) for value in rng.uniform(0.4, 1.2, 3))
    return w, u, rng.uniform(-1, 1, 3), h0


def _scalar_states(w: Any, u: float, xs: Array, h0: float) -> list[Any]:
    hs = [h0]
    for weight, x in zip(np.broadcast_to(w, 3), xs, strict=True):
        hs.append(np.tanh(weight * hs[-1] + u * x))
    return hs


def scalar(w: float, u: float, xs: Array, h0: float) -> tuple[Any, Any]:
    """Nudge the third copy of w alone, then all three.

    See eq-bptt-immediate and eq-bptt-total (chapter 6).
    """
    last, all_three = np.array([0, 0, 1]), np.ones(3)
    nudged = (_scalar_states(w + 1j * NUDGE * copies, u, xs, h0) for copies in (last, all_three))
    immediate, total = (np.imag(hs[3]) / NUDGE for hs in nudged)
    return immediate, total


def scalar_slip(kind: str) -> Callable[..., Any]:
    """Give the recursion of the total derivative with one slip in it."""

    def answer(w: float, u: float, xs: Array, h0: float) -> tuple[Any, Any]:
        hs = _scalar_states(w, u, xs, h0)
        total = 0.0
        for t in (1, 2, 3):
            slope = 1 - hs[t] ** 2
            immediate = hs[t - 1] * (1 if kind == "no slope" else slope)
            link = slope * (1 if kind == "no weight" else w)
            total = immediate + (0 if kind == "not carried" else link * total)
        return (total, immediate) if kind == "exchanged" else (immediate, total)

    return answer


def draw_columns(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw U, W, V, inputs, the first state and the targets, all as columns of one sequence."""
    D, H, out = _sizes(rng, 3)
    U, W, V = (0.8 * rng.standard_normal(shape) for shape in ((H, D), (H, H), (out, H)))
    xs, targets = rng.standard_normal((4, D)), rng.standard_normal((4, out))
    return U, W, V, xs, _sigmoid(rng.standard_normal(H)), targets


def columns(
    U: Array, W: Array, V: Array, xs: Array, h0: Array, targets: Array
) -> tuple[Array, ...]:
    """Nudge U, W and V forward through the sigmoid. See eq-bptt-uwv (chapter 6)."""

    def loss(U: Array, W: Array, V: Array) -> Any:
        h, total = h0, 0.0
        for x, target in zip(xs, targets, strict=True):
            h = _sigmoid(U @ x + W @ h)
            total = total + ((V @ h - target) ** 2).sum()
        return total

    return _by_nudges(loss, U, W, V)


def column_slip(kind: str) -> Callable[..., Any]:
    """Give the backward loop in column form with one slip in it."""

    def answer(
        U: Array, W: Array, V: Array, xs: Array, h0: Array, targets: Array
    ) -> tuple[Array, ...]:
        hs = [h0]
        for x in xs:
            hs.append(_sigmoid(U @ x + W @ hs[-1]))
        dU, dW, dV, carry = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V), 0 * h0
        for t in reversed(range(1, len(hs))):
            e = (1 if kind == "half" else 2) * (V @ hs[t] - targets[t - 1])
            slope = 1 - hs[t] ** 2 if kind == "tanh" else hs[t] * (1 - hs[t])
            delta = slope * (V.T @ e + (0 if kind == "no carry" else carry))
            states = sum(hs[1 : t + 1]) if kind == "paths" else hs[t]
            dV += np.outer(e, states)
            dU += np.outer(delta, xs[t - 1])
            dW += np.outer(delta, hs[t] if kind == "after" else hs[t - 1])
            carry = (W if kind == "untransposed" else W.T) @ delta
        return dU, dW, dV

    return answer
