"""The smallest net with a cliff in its error surface: one sigmoid unit, run for fifty steps.

The example is that of Pascanu, Mikolov, Bengio 2013: the state starts at x_0 = 1/2, and two
numbers, a weight and a bias, are to bring σ(x_50) to 0.7.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.ops import sigmoid, sigmoid_backward
from unrolled.shapes import (
    Array,
    DTypeError,
    Size,
    check,
    check_count,
    check_finite,
    check_positive,
    check_same_dtype,
)
from unrolled.train import clip_by_global_norm
from unrolled.trees import map_arrays

START, TARGET, STEPS = 0.5, 0.7, 50


class Place(NamedTuple):
    """Where on the surface; a gradient of the loss has the same type."""

    w: Array
    """The weight of the state on itself, one for each place (N,)."""
    b: Array
    """The bias, (N,)."""


class Descent(NamedTuple):
    """A way down the surface, or off it."""

    path: Place
    """Before each step and after the last, w and b (steps + 1,)."""
    losses: Array
    """There, (steps + 1,)."""
    norms: Array
    """Of the gradient there, before any clipping, (steps + 1,)."""


def states(at: Place, steps: int = STEPS) -> Array:
    """Run x_t = w σ(x_{t−1}) + b from x_0 = 1/2. See eq-cliff (chapter 7).

    Parameters
    ----------
    at : Place
        Weights and biases, (N,) each.
    steps : int
        How many steps T.

    Returns
    -------
    ndarray, shape (steps + 1, N)
        x_0, x_1, … x_T.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arrays that do not fit, NaN or infinity in them, or fewer than one step.
    """
    _check_place(at)
    check_count("steps", steps)
    xs = [np.full_like(at.w, START)]
    for _ in range(steps):
        xs.append(at.w * sigmoid(xs[-1]) + at.b)
    return np.stack(xs)


def loss(at: Place, steps: int = STEPS) -> Array:
    """Compute (σ(x_T) − 0.7)². See eq-cliff (chapter 7).

    Parameters
    ----------
    at, steps
        As for :func:`states`.

    Returns
    -------
    ndarray, shape (N,)
        One loss for each place.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As for :func:`states`.
    """
    gap: Array = sigmoid(states(at, steps)[-1]) - TARGET
    return gap * gap


def gradient(at: Place, steps: int = STEPS) -> Place:
    """Differentiate the loss, last step first. See eq-cliff (chapter 7).

    Parameters
    ----------
    at, steps
        As for :func:`states`.

    Returns
    -------
    Place
        dL/dw and dL/db at each place, (N,) each.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As for :func:`states`.
    """
    squashed = sigmoid(states(at, steps))
    dx = sigmoid_backward(2 * (squashed[-1] - TARGET), squashed[-1])
    dw, db = np.zeros_like(at.w), np.zeros_like(at.b)
    for s in squashed[-2::-1]:  # σ(x_{t−1}) for t = T, … 1; dx is dL/dx_t
        dw = dw + dx * s
        db = db + dx
        dx = sigmoid_backward(dx * at.w, s)
    return Place(dw, db)


def descend(start: Place, rate: float, count: int, *, clip: float | None = None) -> Descent:
    """Go down by plain gradient descent. See eq-gd-step (chapter 1) and eq-clip (chapter 7).

    Parameters
    ----------
    start : Place
        One weight and one bias, real, (1,) each.
    rate : float
        η, above zero.
    count : int
        How many steps of descent.
    clip : float, optional
        Limit of the gradient's norm; none if left out.

    Returns
    -------
    Descent
        Every place on the way, the start first.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        A start that is not one place, a rate or a limit of zero or less, or
        fewer than one step.
    """
    _check_place(start)
    check("start.w", start.w, "N", {"N": Size(1, "a single start")})
    if start.w.dtype.kind == "c":
        raise DTypeError("start: expected real numbers (N, one place), got complex ones.")
    check_positive("rate", rate)
    check_count("count", count)
    if clip is not None:
        check_positive("clip", clip)
    at, places, slopes = start, [start], [gradient(start)]
    for _ in range(count):
        slope = slopes[-1] if clip is None else clip_by_global_norm(slopes[-1], clip)
        at = map_arrays(lambda p, g: (p - rate * g).astype(p.dtype), at, slope)
        places.append(at)
        slopes.append(gradient(at))
    path, along = (
        map_arrays(lambda *parts: np.concatenate(parts), *each) for each in (places, slopes)
    )
    return Descent(path, loss(path), np.hypot(along.w, along.b))


def _check_place(at: Place) -> None:
    if not isinstance(at, Place):
        raise DTypeError(
            f"at: expected Place(w, b), arrays over the places (N,), got {type(at).__name__}."
        )
    dims = check("at.w", at.w, "N")
    check("at.b", at.b, "N", dims)
    check_same_dtype(**{"at.w": at.w, "at.b": at.b})
    check_finite("at.w", at.w, "N")
    check_finite("at.b", at.b, "N")
