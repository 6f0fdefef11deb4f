"""Problem set 3: how far weights may be scaled so that a gradient is sure to fade."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import COMPLEX_STEP, Problem, Variant
from unrolled.exercises.sampled import Sampled
from unrolled.shapes import Array


class Bump(NamedTuple):
    """A squashing function that is steepest away from 0."""

    name: str
    tex: str
    """Its formula in z."""
    value: Callable[[Array], Array]


BUMPS = (
    Bump("Cauchy bump", r"\frac{1}{1 + z^2}", lambda z: 1 / (1 + z * z)),
    Bump("Gauss bump", r"e^{-z^2}", lambda z: np.exp(-z * z)),
    Bump("hyperbolic bump", r"\frac{1}{\cosh z}", lambda z: 1 / np.cosh(z)),
    Bump("squared tanh", r"\tanh^2 z", lambda z: np.tanh(z) ** 2),
    Bump("cubed tanh", r"\tanh^3 z", lambda z: np.tanh(z) ** 3),
)
"""Of equal work: where each is steepest, a second derivative of one line is 0."""


def given(bump: Bump) -> Mapping[str, Callable[..., Any]]:
    """Give φ alone: the bound needs no forward.

    Parameters
    ----------
    bump : Bump
        φ of this form.

    Returns
    -------
    mapping
        ``squash(z)``.
    """
    return {"squash": bump.value}


def draw(bump: Bump, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw Wh, keep, lag and share of a few nets, one of them beyond help."""
    M, H = rng.permutation([3, 4])
    return _nets(M, H, rng)


def large(bump: Bump, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw 8,000 nets of 8 units, and long lags."""
    return _nets(8000, 8, rng, lags=(40, 80))


def _nets(
    M: int, H: int, rng: np.random.Generator, lags: tuple[int, int] = (2, 12)
) -> tuple[Array, ...]:
    keep = rng.uniform(0.1, 0.4, M)
    lag = rng.integers(*lags, M)
    share = rng.uniform(0.5, 0.95, M) ** lag  # above keep ** lag: some scale is small enough
    lost = rng.integers(M)
    share[lost] = rng.uniform(0.5, 0.9) * keep[lost] ** lag[lost]
    return rng.standard_normal((M, H, H)), keep, lag, share


@cache
def _steepest(bump: Bump) -> tuple[float, float]:
    """Find the largest slope: a grid tells about where, a polynomial through it exactly."""
    grid = np.linspace(-6, 6, 121)
    near = grid[np.argmax(_slope(bump, grid))]
    slope = Chebyshev.interpolate(partial(_slope, bump), 24, [near - 0.2, near + 0.2])
    flat = slope.deriv().roots()
    place = float(np.real(flat[np.argmin(np.abs(flat - near))]))
    return place, float(_slope(bump, np.array(place)))


def _slope(bump: Bump, z: Array) -> Array:
    slope: Array = np.imag(bump.value(z + 1j * COMPLEX_STEP)) / COMPLEX_STEP
    return slope


def _stretch(Wh: Array) -> Array:
    """Find the largest singular values by the eigenvalues of Wh Whᵀ."""
    stretch: Array = np.sqrt(np.linalg.eigvalsh(Wh @ np.swapaxes(Wh, 1, 2))[:, -1])
    return stretch


def _searched(kept: Callable[[float], bool], lowest: float = 0.0) -> float:
    """Halve an interval until the largest scale is known that still keeps a promise."""
    low, high = lowest, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if kept(middle) else (low, middle)
    return low


def _faded(keep: float, each: float, lag: int) -> float:
    """Multiply the factors of all steps, one by one: for thousands of nets this takes too long."""
    left = 1.0
    for _ in range(lag):
        left *= keep + each
    return left


def _room(bump: Bump, Wh: list[Any], keep: float, lag: int, share: float) -> float:
    """Search the room of one net."""
    each = _steepest(bump)[1] * float(_stretch(np.array([Wh]))[0])
    return _searched(lambda scale: _faded(keep, scale * each, lag) <= share)


def _slip(
    slope: Callable[[Bump], float] = lambda bump: _steepest(bump)[1],
    stretch: Callable[[Array], Array] = _stretch,
    bound: Callable[[float, float, int], float] = _faded,
) -> Callable[..., Any]:
    """Change one piece of the promise."""

    def answer(bump: Bump, Wh: Array, keep: Array, lag: Array, share: Array) -> Array:
        def room(each: float, keep: float, lag: int, share: float) -> float:
            return _searched(lambda scale: bound(keep, scale * each, lag) <= share)

        each = slope(bump) * stretch(Wh)
        columns = (column.tolist() for column in (each, keep, lag, share))
        return np.array([room(*of_net) for of_net in zip(*columns, strict=True)])

    return answer


def _uncut(bump: Bump, Wh: Array, keep: Array, lag: Array, share: Array) -> Array:
    """Let a scale be negative where none is small enough."""
    each, of_one_step = _steepest(bump)[1] * _stretch(Wh), share ** (1 / lag)

    def room(each: float, keep: float, most: float) -> float:
        return _searched(lambda scale: keep + scale * each <= most, -1e6)

    columns = (column.tolist() for column in (each, keep, of_one_step))
    return np.array([room(*of_net) for of_net in zip(*columns, strict=True)])


PROBLEM = Problem(
    "ps3.room",
    "How far weights may be scaled",
    "largest_scale",
    4,
    tuple(Variant(b.name, b, {"squash": b.tex}) for b in BUMPS),
    given,
    draw,
    large,
    Sampled(_room, lead=1),
    (
        Mistake(
            "γ is not 1 here. Where is φ steepest, and how steep is it there?",
            _slip(slope=lambda bump: 1.0),
        ),
        Mistake(
            "γ is a slope of φ, not the place z where φ is steepest.",
            _slip(slope=lambda bump: abs(_steepest(bump)[0])),
        ),
        Mistake(
            "eigenvalues do not bound a single step. What is the most that Wh stretches a row?",
            _slip(stretch=lambda Wh: np.abs(np.linalg.eigvals(Wh)).max(axis=1)),
        ),
        Mistake(
            "the root of the sum of all squared entries is too careful. "
            "What is the most that Wh stretches a row?",
            _slip(stretch=lambda Wh: np.sqrt((Wh**2).sum(axis=(1, 2)))),
        ),
        Mistake(
            "part of the gradient goes back along the kept state: it fades more slowly.",
            _slip(bound=lambda keep, each, lag: each**lag),
        ),
        Mistake(
            "the factor of one step comes in once for every step of the lag.",
            _slip(bound=lambda keep, each, lag: keep + each),
        ),
        Mistake(
            "the factors of ℓ steps are multiplied, not added. "
            "Which root of q belongs to one step?",
            _slip(bound=lambda keep, each, lag: (keep + each) * lag),
        ),
        Mistake(
            "a scale is not negative. What did the problem ask for where none is small enough?",
            _uncut,
        ),
    ),
)
"""Read by ``ps3``."""
