"""Right answers of chapter 12 by another road: sums over cases, quadrature, halving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

import numpy as np

from unrolled.shapes import Array

Ask = Callable[[Array], Array]


def sum_variance(k: int, low: float, high: float) -> float:
    """Integrate the square of the distance from the mean, and count it k times.

    Gauss's rule with three points is exact for a parabola.
    """
    points, weights = np.polynomial.legendre.leggauss(3)
    distances = (high - low) / 2 * points
    return k * float((weights / 2 * distances**2).sum())


def lucky_share(tolerance: float) -> float:
    """Integrate the density of the sum of two numbers, on either side of its peak."""
    points, weights = np.polynomial.legendre.leggauss(4)
    share = 0.0
    for low, high in ((1 - tolerance, 1.0), (1.0, 1 + tolerance)):
        sums = (low + high) / 2 + (high - low) / 2 * points
        share += (high - low) / 2 * float((weights * (1 - np.abs(sums - 1))).sum())
    return share


def windowed(T: int, W: int) -> float:
    """Average over every pair of places, one in each half."""
    unseen = [
        (first < T - W) + (second < T - W) for first in range(T // 2) for second in range(T // 2, T)
    ]
    return sum(unseen) / len(unseen) / 12


def marked(values: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Place the marks and add the numbers one by one."""
    T, N = values.shape
    xs, targets = np.zeros((T, N, 2)), np.zeros((N, 1))
    for t, n in np.ndindex(T, N):
        is_marked = t in (first[n], second[n])
        xs[t, n] = values[t, n], is_marked
        targets[n, 0] += values[t, n] * is_marked
    return xs, targets


def strings_right(outputs: Array, legal: Array) -> Array:
    """Compare every legal output with every illegal one."""
    T, N, V = outputs.shape
    right = np.ones(N, bool)
    for t, n in np.ndindex(T, N):
        for one in range(V):
            for other in range(V):
                if legal[t, n, one] and not legal[t, n, other]:
                    right[n] &= outputs[t, n, one] > outputs[t, n, other]
    return right


def answers_changed(ask: Ask, xs: Array, row: Array) -> float:
    """Swap one symbol at a time, and ask again about that sequence alone."""
    changed = 0
    for n, t in enumerate(row):
        other = xs[:, n : n + 1].copy()
        other[t, 0] = 1 - other[t, 0]
        changed += int(ask(other)[0] != ask(xs[:, n : n + 1])[0])
    return changed / len(row)


def report(sequences: Sequence[int | None], z: float) -> dict[str, float | str]:
    """Close in on the limits, and look for the middle among all runs."""
    k, n = sum(each is not None for each in sequences), len(sequences)
    ordered = sorted(inf if each is None else each for each in sequences)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return {
        "share": k / n,
        "low": _limit(k, n, z, 0.0),
        "high": _limit(k, n, z, 1.0),
        "median": "none" if middle == inf else middle,
    }


def _limit(k: int, n: int, z: float, end: float) -> float:
    """Halve the way between the share seen and an end, towards where z deviations are reached."""
    near, far = k / n, end
    if near == far:
        return end
    for _ in range(60):
        p = (near + far) / 2
        fits = (k - n * p) ** 2 <= z * z * n * p * (1 - p)
        near, far = (p, far) if fits else (near, p)
    return near
