"""What the exercises of chapter 7 are held against: drawn questions, answers by other roads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.shapes import Array

CLAIMS = {
    "shorten": True,
    "explode": False,
    "tanh": False,
    "direction": True,
    "revive": False,
    "forward": True,
}
CONDITIONS = {"a": "S", "b": "N", "c": "N", "d": "B", "e": "S", "f": "N"}


def changed(table: Mapping[str, Any], **entries: Any) -> Callable[[], dict[str, Any]]:
    """Give a table with other entries."""
    return lambda: {**table, **entries}


def draw_run(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw a gradient, the states of one sequence, and a recurrent weight."""
    H, T = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    return rng.standard_normal(H), np.tanh(rng.standard_normal((T, H))), rng.normal(size=(H, H))


def norms(dh: Array, hs: Array, Wh: Array) -> Array:
    """Move h_t along the gradient's path by index loops, one step at a time."""
    rows = [dh]
    for h in reversed(hs):
        row = np.zeros(len(dh))
        for k, j in np.ndindex(Wh.shape):
            row[j] += rows[-1][k] * Wh[j, k] / math.cosh(math.atanh(h[k])) ** 2
        rows.append(row)
    return np.array([math.hypot(*row) for row in rows])


def walk(back: Callable[[Array, Array, Array], Array], *, forth: bool = False) -> Any:
    """Take the steps back in some way, or begin at the wrong end."""

    def answer(dh: Array, hs: Array, Wh: Array) -> Array:
        norms = [np.linalg.norm(dh)]
        for h in hs if forth else hs[::-1]:
            dh = back(dh, h, Wh)
            norms.append(np.linalg.norm(dh))
        return np.array(norms)

    return answer


def lengths(size: Callable[[Array], Any]) -> Any:
    """Take the right steps, and measure each row in another way."""

    def answer(dh: Array, hs: Array, Wh: Array) -> Array:
        measures = [size(dh)]
        for h in hs[::-1]:
            dh = (dh * (1 - h**2)) @ Wh.T
            measures.append(size(dh))
        return np.array(measures)

    return answer


def draw_bound(rng: np.random.Generator) -> tuple[Array, float, int, float]:
    """Draw a matrix whose bound falls, a slope, a lag and a share."""
    H = int(rng.integers(2, 5))
    W = rng.standard_normal((H, H))
    slope = float(rng.choice([0.25, 1.0]))
    W = W * rng.uniform(0.5, 0.9) / slope / np.linalg.svd(W, compute_uv=False)[0]
    return W, slope * rng.uniform(0.9, 1.0), int(rng.integers(2, 6)), rng.uniform(0.001, 0.2)


def stretch(W: Array) -> float:
    """Give σ_max as the root of the largest eigenvalue of W Wᵀ."""
    return math.sqrt(float(np.linalg.eigvalsh(W @ W.T)[-1]))


def bound(W: Array, slope: float, lag: int, share: float) -> tuple[float, float]:
    """Multiply once a step; find the number of steps by halving."""
    factor = bound = slope * stretch(W)
    for _ in range(lag - 1):
        bound *= factor
    low, high = 0.0, 1e4
    for _ in range(200):  # halve until factor ** n = share
        middle = (low + high) / 2
        low, high = (middle, high) if factor**middle > share else (low, middle)
    return bound, low


def bound_with(factor: Callable[[Array, float], Any]) -> Any:
    """Use another factor for each step."""

    def answer(W: Array, slope: float, lag: int, share: float) -> tuple[Any, Any]:
        f = factor(W, slope)
        return f**lag, np.log(share) / np.log(f)

    return answer


def slope_once(W: Array, slope: float, lag: int, share: float) -> tuple[float, float]:
    """Count the slope once in the bound, though each step passes it."""
    factor = stretch(W)
    return slope * factor**lag, math.log(share) / math.log(slope * factor)


def bound_and(steps: Callable[[float, float], Any]) -> Any:
    """Give the right bound, and the number of steps in some other way."""

    def answer(W: Array, slope: float, lag: int, share: float) -> tuple[float, Any]:
        factor = slope * stretch(W)
        return factor**lag, steps(factor, share)

    return answer


def draw_clip(rng: np.random.Generator) -> tuple[Array, Array, Array, float]:
    """Draw three gradients together above or below the limit."""
    D, H = (int(size) for size in rng.permutation([2, 3, 4])[:2])
    parts = rng.normal(size=(D, H)), 3 * rng.normal(size=(H, H)), rng.normal(size=H)
    norm = math.sqrt(sum(float((part**2).sum()) for part in parts))
    return *parts, norm * float(rng.choice([0.1, 0.3, 2.0]))


def clip(dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
    """Measure the length over one list of all entries."""
    entries = [float(entry) for part in (dWx, dWh, db) for entry in part.flat]
    norm = math.hypot(*entries)
    return tuple(part * (limit / norm) if norm >= limit else part for part in (dWx, dWh, db))


def to_length_one(dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
    """Shorten to 1, whatever the limit."""
    short = clip(dWx, dWh, db, limit)
    return short if short[0] is dWx else tuple(part / limit for part in short)


def lengths_added(dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
    """Take the sum of three lengths for the length of all."""
    factor = min(1.0, limit / sum(float(np.linalg.norm(part)) for part in (dWx, dWh, db)))
    return factor * dWx, factor * dWh, factor * db


def each(cut: Callable[[Array, float], Array]) -> Any:
    """Treat each array by itself."""
    return lambda dWx, dWh, db, limit: tuple(cut(part, limit) for part in (dWx, dWh, db))


def rescaled(size: Callable[[Array], Any], *, always: bool = False) -> Any:
    """Measure the length in another way."""

    def answer(dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
        parts = dWx, dWh, db
        measure = size(np.concatenate([part.ravel() for part in parts]))
        if measure < limit and not always:
            return parts
        return tuple(part * (limit / measure) for part in parts)

    return answer


def draw_transient(rng: np.random.Generator) -> tuple[float, float, int]:
    """Draw r, k and a lag."""
    return rng.uniform(0.5, 0.95), rng.uniform(0.5, 4), int(rng.integers(2, 9))


def transient(r: float, k: float, lag: int) -> tuple[float, float]:
    """Multiply step by step; find where the slope of ℓ r^(ℓ−1) changes its sign by halving."""
    row = np.array([0.0, 1.0])
    for _ in range(lag):
        row = row @ np.array([[r, 0.0], [k, r]])
    low, high = 1e-9, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        rising = ((middle + 1e-30j) * r ** (middle + 1e-30j)).imag > 0
        low, high = (middle, high) if rising else (low, middle)
    return math.hypot(*row), low


def draw_product(rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw a matrix that can stretch by 1.2 or more, and states."""
    H, T = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    W = rng.standard_normal((H, H))
    W = W * rng.uniform(1.2, 2) / np.linalg.svd(W, compute_uv=False)[0]
    return W, np.tanh(0.8 * rng.standard_normal((T, H)))


def product(W: Array, hs: Array) -> tuple[float, float, float]:
    """Nudge the first state along every axis, and carry the nudges forward."""
    moved = np.eye(len(W))  # row j: the change of the state for a nudge of its entry j
    for h in hs:
        moved = np.stack([(row @ W) / np.cosh(np.arctanh(h)) ** 2 for row in moved])
    bound = math.exp(len(hs) * math.log(stretch(W)))
    return stretch(W), bound, stretch(moved)


def product_with(step: Callable[[Array, Array, Array], Array], *, forth: bool = False) -> Any:
    """Build another product."""

    def answer(W: Array, hs: Array) -> tuple[float, float, float]:
        product = np.eye(len(W))
        for h in hs if forth else hs[::-1]:
            product = step(product, np.diag(1 - h**2), W)
        return stretch(W), stretch(W) ** len(hs), stretch(product)

    return answer


def product_of_stretches(W: Array, hs: Array) -> tuple[float, float, float]:
    """Multiply the largest singular values of the Jacobians one by one."""
    each = [stretch(np.diag(1 - h**2) @ W.T) for h in hs]
    return *product(W, hs)[:2], math.prod(each)


def product_radius(W: Array, hs: Array) -> tuple[float, float, float]:
    """Give the spectral radius of the product where its stretch was asked for."""
    jacobian = np.eye(len(W))
    for h in hs[::-1]:
        jacobian = jacobian @ np.diag(1 - h**2) @ W.T
    return *product(W, hs)[:2], float(np.abs(np.linalg.eigvals(jacobian)).max())
