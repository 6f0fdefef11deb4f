"""The scalar map h ← tanh(w h + b): where it settles, and the way there."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from unrolled.shapes import ArgumentError, Array

_HALVINGS = 200  # more than float64 needs to shrink [−1, 1] to neighbouring numbers


def fixed_points(w: float, b: float = 0.0) -> Array:
    """Find every h with h = tanh(w h + b). See eq-fixed-point (chapter 2).

    The gap tanh(w h + b) − h falls everywhere if w ≤ 1. If w > 1 it turns only where
    its slope is zero, at tanh(w h + b) = ±√(1 − 1/w). So each root stands
    alone between two neighbouring turning points, and halving finds it.

    Parameters
    ----------
    w : float
        Weight of the state on itself.
    b : float
        Bias, the input's part included.

    Returns
    -------
    ndarray of float64, shape (1,), (2,) or (3,)
        In rising order. Two only where the map just touches the diagonal.

    Raises
    ------
    ArgumentError
        A weight or bias that is not a finite number.
    """
    _check_finite(w=w, b=b)
    bounds = [-1.0, *_turning_points(w, b), 1.0]
    roots = [
        _root(w, b, low, high)
        for low, high in pairwise(bounds)
        if np.sign(_gap(w, b, low)) * np.sign(_gap(w, b, high)) <= 0
    ]
    return np.unique(roots)


def attracts(w: float, h: float) -> bool:
    """Tell whether a fixed point of h ← tanh(w h) draws near states in. See eq-tanh-slope.

    It does if the slope of the step there, w (1 − h²), is below 1 in size (chapter 2).

    Parameters
    ----------
    w : float
        Weight of the state on itself.
    h : float
        A fixed point, as `fixed_points` gives it for no bias.

    Returns
    -------
    bool
        False for a point that repels.

    Raises
    ------
    ArgumentError
        A weight or a state that is not a finite number.
    """
    _check_finite(w=w, h=h)
    if abs(w) == 1 and h == 0:
        return True  # the slope decides nothing here; |tanh(h)| < |h| does
    return abs(w * (1 - h**2)) < 1


def trajectory(w: float, b: float, h0: Array, steps: int) -> Array:
    """Apply h ← tanh(w h + b) again and again, from one start or many.

    Parameters
    ----------
    w, b : float
        Weight and bias, the same at every step.
    h0 : ndarray of float64 or complex128, any shape
        The starts.
    steps : int
        How often, at least 0.

    Returns
    -------
    ndarray, shape (steps + 1,) + h0.shape
        The starts first.

    Raises
    ------
    ArgumentError
        A weight or bias that is not a finite number, or fewer than 0 steps.
    """
    _check_finite(w=w, b=b)
    if steps < 0:
        raise ArgumentError(f"steps: expected at least 0 (T, time steps), got {steps!r}.")
    states = [np.asarray(h0)]
    for _ in range(steps):
        states.append(np.tanh(w * states[-1] + b))
    return np.stack(states)


def _gap(w: float, b: float, h: float) -> float:
    return math.tanh(w * h + b) - h


def _turning_points(w: float, b: float) -> list[float]:
    """Give the places in [−1, 1] where the gap turns, in rising order."""
    if w <= 1:
        return []
    a = math.asinh(math.sqrt(w - 1))  # cosh² a = w, where the map's slope w / cosh² a is 1
    return [min(max((side * a - b) / w, -1.0), 1.0) for side in (-1, 1)]


def _root(w: float, b: float, low: float, high: float) -> float:
    side = np.sign(_gap(w, b, low))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        gap = _gap(w, b, middle)
        if gap == 0:
            return middle
        if np.sign(gap) == side:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check_finite(**numbers: float) -> None:
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise ArgumentError(f"{name}: expected a finite number, got {number!r}.")
