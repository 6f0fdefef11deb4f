"""Problem set 3: the products of Jacobians of a residual cell, all in one sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import COMPLEX_STEP, Judge, Problem, Variant
from unrolled.exercises.slips import (
    held,
    tangent,
    transposed,
    with_slope_of_tanh,
    with_tangent,
    without_slope,
)
from unrolled.exercises.squashes import SQUASHES, Squash
from unrolled.shapes import Array

Step = Callable[..., Array]


def step(squash: Squash, h: Array, x: Array, Wx: Array, Wh: Array, b: Array, eps: float) -> Array:
    """Take one step, h + ε φ(h Wh + x Wx + b), of one state or of a stack of them."""
    moved: Array = h + eps * squash.value(h @ Wh + x @ Wx + b)
    return moved


def given(squash: Squash) -> Mapping[str, Callable[..., Any]]:
    """Give φ and the forward of the residual cell.

    Parameters
    ----------
    squash : Squash
        φ of this form.

    Returns
    -------
    mapping
        ``squash(z)`` and ``forward(xs, h0, Wx, Wh, b, eps)`` → hs (T + 1, H).
    """

    def forward(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array, eps: float) -> Array:
        """From xs (T, D), h0 (H,), Wx (D, H), Wh (H, H), b (H,) make hs (T + 1, H), h0 first."""
        hs = [h0]
        for x in xs:
            hs.append(step(squash, hs[-1], x, Wx, Wh, b, eps))
        return np.stack(hs)

    return {"squash": squash.value, "forward": forward}


def draw(squash: Squash, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw hs, xs, Wx, Wh, b, eps of small sizes."""
    T, D, H = rng.permutation([3, 4, 5])
    return _run(squash, T, D, H, float(rng.uniform(0.3, 0.9)), 1.0, rng)


def large(squash: Squash, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw a run of 4,000 steps, with weights so small that no product overflows without ε."""
    return _run(squash, 4000, 3, 8, 0.005, 0.05, rng)


def _run(
    squash: Squash, T: int, D: int, H: int, eps: float, scale: float, rng: np.random.Generator
) -> tuple[Any, ...]:
    xs, h0 = rng.standard_normal((T, D)), rng.standard_normal(H)
    Wx, Wh = rng.standard_normal((D, H)) * D**-0.5, rng.standard_normal((H, H)) * H**-0.5 * scale
    b = 0.5 * rng.standard_normal(H)
    hs = given(squash)["forward"](xs, h0, Wx, Wh, b, eps)
    return hs, xs, Wx, Wh, b, eps


def _nudged(
    step: Step, squash: Squash, hs: Array, xs: Array, start: int, stop: int, *weights: Any
) -> Array:
    """Nudge each unit of one state alone, run on, and read a matrix: row out, column in."""
    H = hs.shape[1]
    h = hs[start] + 1j * COMPLEX_STEP * np.eye(H)
    for x in xs[start:stop]:
        h = step(squash, h, x, *weights)
    matrix: Array = (np.imag(h) / COMPLEX_STEP).T
    return matrix


def _products(step: Step = step) -> Callable[..., Array]:
    """By the complex step from every state anew: a road too slow for many steps."""

    def answer(squash: Squash, hs: Array, xs: Array, *weights: Any) -> Array:
        T = len(xs)
        return np.stack([_nudged(step, squash, hs, xs, k, T, *weights) for k in range(T + 1)])

    return answer


class Products(NamedTuple):
    """The complex step: every nudge alone in a small call, all at once in a large one."""

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> Array:
        """Nudge every entry of every state."""
        return _products()(settings, *arguments)

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Array, Judge]:
        """Nudge all states of one run along random directions, and add what arrives.

        A wrong product agrees along a random direction with probability zero.
        """
        hs, xs, *weights = arguments
        ways = rng.standard_normal(hs.shape)
        h = hs[0] + 1j * COMPLEX_STEP * ways[0]
        for x, way in zip(xs, ways[1:], strict=True):
            h = step(settings, h, x, *weights) + 1j * COMPLEX_STEP * way
        arrived = np.imag(h) / COMPLEX_STEP

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            terms = np.asarray(got[0]) * ways[:, None, :]
            size = max(1.0, float(np.sqrt(np.sum(np.square(np.abs(terms))))))
            gap = np.max(np.abs(terms.sum(axis=(0, 2)) - arrived))
            return (bool(np.isfinite(size) and gap <= tolerance * size),)

        return np.empty((*hs.shape, hs.shape[1])), judged


def _without_kept_state(
    squash: Squash, h: Array, x: Array, Wx: Array, Wh: Array, b: Array, eps: float
) -> Array:
    return held(h) + eps * squash.value(h @ Wh + x @ Wx + b)


def _without_slope(squash: Squash, *arguments: Any) -> Array:
    return step(without_slope(squash), *arguments)


def _slope_of_tanh(squash: Squash, *arguments: Any) -> Array:
    return step(with_slope_of_tanh(squash), *arguments)


def _without_eps(
    squash: Squash, h: Array, x: Array, Wx: Array, Wh: Array, b: Array, eps: float
) -> Array:
    candidate = squash.value(h @ Wh + x @ Wx + b)
    return h + with_tangent(eps * candidate, tangent(candidate))


def _transposed_weight(
    squash: Squash, h: Array, x: Array, Wx: Array, Wh: Array, b: Array, eps: float
) -> Array:
    return h + eps * squash.value(transposed(h, Wh) + x @ Wx + b)


def _states_one_step_late(
    squash: Squash, hs: Array, xs: Array, Wx: Array, Wh: Array, b: Array, eps: float
) -> Array:
    """Take the slope of step t at the state that it made, not at the one that it read."""
    read_late = hs.copy()
    read_late[:-1] = hs[1:]
    ones = _single_steps(squash, read_late, xs, Wx, Wh, b, eps)
    return _chain(ones, later_on_the_left=True)


def _single_steps(squash: Squash, hs: Array, xs: Array, *weights: Any) -> list[Array]:
    return [_nudged(step, squash, hs, xs, k, k + 1, *weights) for k in range(len(xs))]


def _chain(ones: list[Array], *, later_on_the_left: bool) -> Array:
    """Multiply, for every k, the single steps after it."""
    chains = [ones[k:][::-1] if later_on_the_left else ones[k:] for k in range(len(ones) + 1)]
    return np.stack([reduce(np.matmul, chain, np.eye(len(ones[0]))) for chain in chains])


def _earliest_on_the_left(squash: Squash, *arguments: Any) -> Array:
    return _chain(_single_steps(squash, *arguments), later_on_the_left=False)


def _one_factor(squash: Squash, hs: Array, xs: Array, *weights: Any) -> Array:
    return np.stack([*_single_steps(squash, hs, xs, *weights), np.eye(hs.shape[1])])


def _from_the_first_state(squash: Squash, hs: Array, xs: Array, *weights: Any) -> Array:
    return np.stack([_nudged(step, squash, hs, xs, 0, k, *weights) for k in range(len(hs))])


PROBLEM = Problem(
    "ps3.products",
    "All products in one sweep",
    "residual_products",
    5,
    tuple(Variant(s.name, s, {"squash": s.tex}) for s in SQUASHES),
    given,
    draw,
    large,
    Products(),
    (
        Mistake(
            "the old state reaches the new one in two ways, and one of them is missing.",
            _products(_without_kept_state),
        ),
        Mistake("the slope of φ is missing.", _products(_without_slope)),
        Mistake(
            "1 − φ² is the slope of tanh. Which slope has φ, and at which number?",
            _products(_slope_of_tanh),
        ),
        Mistake("ε multiplies φ on the way forward. And on the way back?", _products(_without_eps)),
        Mistake(
            "row: unit of the new state; column: unit of the old one. "
            "Which of the two does the row of Wh stand for?",
            _products(_transposed_weight),
        ),
        Mistake(
            "each slope belongs to the sum that step t squashed. "
            "Which of the states did that sum read?",
            _states_one_step_late,
        ),
        Mistake(
            "matrices do not commute. Which step stands on the left of the product?",
            _earliest_on_the_left,
        ),
        Mistake(
            "each matrix has its axes exchanged: the unit of h_T counts the rows.",
            lambda squash, *arguments: np.swapaxes(_products()(squash, *arguments), 1, 2),
        ),
        Mistake(
            "the order of the products: P[k] belongs to state k, not to lag k.",
            lambda squash, *arguments: _products()(squash, *arguments)[::-1],
        ),
        Mistake("each of these has one factor. How many steps lie between?", _one_factor),
        Mistake(
            "these are derivatives of h_k by the first state, not of the last state by h_k.",
            _from_the_first_state,
        ),
    ),
)
"""Read by ``ps3``."""
