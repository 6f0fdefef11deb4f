"""The routes of problem set 2: every way from one step to another, written out.

The naive road only: it lists the routes, and their number grows exponentially.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Judge
from unrolled.shapes import ArgumentError, Array

Route = tuple[int, ...]
Weigh = Callable[[Route, Array, Array], float]

FARTHEST = 24
"""Past this distance, routes by steps of 1 and 2 are too many for a page."""


def list_routes(k: int, first: int, last: int) -> list[Route]:
    """List every way from one step to another by steps of 1 and of k.

    Parameters
    ----------
    k : int
        Length of the long step.
    first, last : int
        Where the routes begin and end, counted from 0.

    Returns
    -------
    list of tuple of int
        The stops of each route, both ends included; one stop where both are the same.
    """
    open_routes: list[Route] = [(first,)]
    complete: list[Route] = []
    while open_routes:
        route = open_routes.pop()
        here = route[-1]
        if here == last:
            complete.append(route)
        else:
            stops = (here + length for length in (1, k) if here + length <= last)
            open_routes.extend((*route, stop) for stop in stops)
    return sorted(complete)


def routes_given(k: int) -> Mapping[str, Callable[..., Any]]:
    """Give the list of the routes, and the sums that follow from it by hard work.

    Parameters
    ----------
    k : int
        Length of the long step of this form.

    Returns
    -------
    mapping
        ``list_routes(first, last)``, and ``slow_sums(w, v)`` → (T,); both refuse
        distances whose routes would fill the memory.
    """

    def routes(first: int, last: int) -> list[Route]:
        """List the routes from one step to another, counted from 0."""
        _check_distance("last", last - first)
        return list_routes(k, first, last)

    def slow_sums(w: Array, v: Array) -> Array:
        """From w (T,) and v (T,) make the sums (T,), one route after the other."""
        _check_distance("w", len(w) - 1)
        return _sums(k, w, v)

    return {"list_routes": routes, "slow_sums": slow_sums}


def _check_distance(name: str, distance: int) -> None:
    if distance > FARTHEST:
        raise ArgumentError(
            f"{name}: expected at most {FARTHEST} steps from the first to the last, got "
            f"{distance}. There are too many routes to list them: find a road without a list."
        )


def routes_draw(k: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw w and v, long enough for two long steps."""
    return _routes_arguments(2 * k + 3 + int(rng.integers(3)), rng)


def routes_large(k: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw w and v of 1201 steps: more routes than can be listed."""
    return _routes_arguments(1201, rng)


def _routes_arguments(T: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Let w + v be about 1, so that the sums neither die out nor explode."""
    w = rng.uniform(0.3, 0.7, T)
    return w, (1 - w) * rng.uniform(0.98, 1.02, T)


def _last_state(k: int, w: Array, v: Array, x: Array) -> Any:
    """Run h_t = w_t h_{t−1} + v_t h_{t−k} + x_t from states of zero."""
    h = [0.0] * k
    for w_t, v_t, x_t in zip(w, v, x, strict=True):
        h.append(w_t * h[-1] + v_t * h[-k] + x_t)
    return h[-1]


class RouteSums:
    """Right sums: of the listed routes if small, else what the network makes of its inputs."""

    def expected(self, k: int, arguments: tuple[Any, ...]) -> Array:
        """List the routes."""
        return _sums(k, *arguments)

    def judge(
        self, k: int, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Array, Judge]:
        """Compare with the slope of the last state along random inputs.

        Wrong sums agree with probability zero.
        """
        w, v = arguments
        slopes = Gradients(_last_state, (2,))
        (form,), judged = slopes.judge(k, (w, v, np.zeros(len(w))), rng, tolerance)
        return form, judged


def _product(route: Route, w: Array, v: Array) -> float:
    """Multiply the weights of a route's steps."""
    return float(np.prod([w[t] if t - s == 1 else v[t] for s, t in pairwise(route)]))


def _product_on_leaving(route: Route, w: Array, v: Array) -> float:
    """Multiply the weights that stand where each step begins."""
    return float(np.prod([w[s] if t - s == 1 else v[s] for s, t in pairwise(route)]))


def _long_steps(route: Route) -> int:
    return sum(t - s > 1 for s, t in pairwise(route))


def _sums(
    k: int,
    w: Array,
    v: Array,
    weigh: Weigh = _product,
    counts: Callable[[Route], bool] = lambda route: True,
) -> Array:
    """Add up the routes from each step to the last, those that count."""
    T = len(w)
    routes = [filter(counts, list_routes(k, first, T - 1)) for first in range(T)]
    return np.array([sum(weigh(route, w, v) for route in each) for each in routes])


def _from_the_first(k: int, w: Array, v: Array) -> Array:
    """Add up the routes from the first step to each."""
    routes = [list_routes(k, 0, last) for last in range(len(w))]
    return np.array([sum(_product(route, w, v) for route in each) for each in routes])


ROUTES_MISTAKES = (
    Mistake(
        "these are the numbers of routes. Each route counts as much as its weights' product.",
        lambda k, w, v: _sums(k, w, v, lambda route, *_: 1.0),
    ),
    Mistake(
        "the last entry: standing still is a route too. What is a product of no factors?",
        lambda k, w, v: _sums(k, w, v, counts=lambda route: len(route) > 1),
    ),
    Mistake(
        "every sum is 0. With what does the walk begin? What is a product of no factors?",
        lambda k, w, v: np.zeros(len(w)),
    ),
    Mistake(
        "the sums stand in the wrong order: entry s belongs to the routes that begin at s.",
        lambda k, w, v: _sums(k, w, v)[::-1],
    ),
    Mistake(
        "w[t] and v[t] belong to the step that arrives at t. Where does yours take them?",
        lambda k, w, v: _sums(k, w, v, _product_on_leaving),
    ),
    Mistake(
        "these are the routes from the first step to each. Which end of a route is fixed here?",
        _from_the_first,
    ),
    Mistake(
        "only the short steps are there. What else arrives at a step?",
        lambda k, w, v: _sums(k, w, v, counts=lambda route: not _long_steps(route)),
    ),
    Mistake(
        "a route may take more than one long step, and short ones in between.",
        lambda k, w, v: _sums(k, w, v, counts=lambda route: _long_steps(route) <= 1),
    ),
    Mistake(
        "routes that mix short and long steps are missing.",
        lambda k, w, v: _sums(
            k, w, v, counts=lambda route: _long_steps(route) in (0, len(route) - 1)
        ),
    ),
    Mistake(
        "the long step goes one too far. Count from s to s + k.",
        lambda k, w, v: _sums(k + 1, w, v),
    ),
)
