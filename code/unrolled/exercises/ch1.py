"""Exercises of chapter 1: tracing a graph. Answers by index loops and the complex step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array

TINY = 1e-30


def _slopes(function: Callable[..., Any], *at: float) -> tuple[float, ...]:
    """Differentiate by each argument in turn, with the complex step."""
    nudged = ([value + 1j * TINY * (i == j) for j, value in enumerate(at)] for i in range(len(at)))
    return tuple(float(np.imag(function(*each))) / TINY for each in nudged)


def _draw(count: int) -> Callable[[np.random.Generator], tuple[float, ...]]:
    def draw(rng: np.random.Generator) -> tuple[float, ...]:
        return tuple(float(each) for each in rng.uniform(0.5, 3.0, size=count))

    return draw


def _divide_arguments(rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    a, b = rng.normal(size=(2, 3)), rng.uniform(0.5, 2.0, size=(2, 3))
    return rng.normal(size=(2, 3)), a / b, a, b


def _divide_backward(dout: Array, out: Array, a: Array, b: Array) -> tuple[Array, Array]:
    da, db = np.empty(a.shape), np.empty(b.shape)
    for index in np.ndindex(a.shape):
        by_a, by_b = _slopes(lambda u, v: u / v, a[index].item(), b[index].item())
        da[index], db[index] = dout[index] * by_a, dout[index] * by_b
    return da, db


def _polynomial(rng: np.random.Generator) -> tuple[np.polynomial.Polynomial, float]:
    return np.polynomial.Polynomial(rng.uniform(-2.0, 2.0, size=6)), float(rng.uniform(-1.2, 1.2))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        id="ch1.dy",
        title="∂f/∂y of f = (x − y) z",
        draw=_draw(3),
        expected=lambda x, y, z: _slopes(lambda a, b, c: (a - b) * c, x, y, z)[1],
        mistakes=(
            Mistake(
                "the size is right, the sign is not. What is the local derivative of x − y by y?",
                lambda x, y, z: z,
            ),
            Mistake(
                "that is the derivative by z. Follow the edges from f to y instead.",
                lambda x, y, z: x - y,
            ),
            Mistake(
                "that is one edge only. The path from f to y has two edges: multiply along it.",
                lambda x, y, z: -1.0,
            ),
            Mistake(
                "that is a part of f, not a slope. By how much does it change when y grows by 1?",
                lambda x, y, z: -y * z,
            ),
        ),
    ),
    Exercise(
        id="ch1.update",
        title="One step of gradient descent",
        expected=lambda: 2.4,
        mistakes=(
            Mistake(
                "that is the gradient, a slope. The question is where x stands after the step.",
                lambda: -4.0,
            ),
            Mistake(
                "f would rise: the step went uphill. Look at the sign in the update.",
                lambda: 1.6,
            ),
            Mistake("the step is too long: where did the rate go?", lambda: 6.0),
            Mistake("that is the step itself. Where did it start from?", lambda: 0.4),
        ),
    ),
    Exercise(
        id="ch1.fanout",
        title="Fan-out",
        draw=_draw(2),
        expected=lambda x, y: _slopes(lambda a, b: (a + b) * (a * b), x, y),
        parts=("dq/dx", "dq/dy"),
        mistakes=(
            Mistake(
                "only the path through the sum is there. Where else are x and y used?",
                lambda x, y: (x * y, x * y),
            ),
            Mistake(
                "only the path through the product is there. Where else are x and y used?",
                lambda x, y: ((x + y) * y, (x + y) * x),
            ),
            Mistake(
                "you multiplied the two paths. Edges along one path multiply; what do paths do?",
                lambda x, y: (x * y * (x + y) * y, x * y * (x + y) * x),
            ),
            Mistake(
                "you took the mean of the two paths. Look at the total differential once more.",
                lambda x, y: ((x * y + (x + y) * y) / 2, (x * y + (x + y) * x) / 2),
            ),
        ),
    ),
    Exercise(
        id="ch1.divide",
        title="A node that divides",
        draw=_divide_arguments,
        expected=_divide_backward,
        parts=("da", "db"),
        mistakes=(
            Mistake(
                "the local derivatives are right. What arrives from the output is not used.",
                lambda dout, out, a, b: (1 / b, -a / b**2),
            ),
            Mistake(
                "look at the sign of db: when b grows, does a ÷ b grow?",
                lambda dout, out, a, b: (dout / b, dout * a / b**2),
            ),
            Mistake(
                "db has the wrong power of b. Differentiate b to the power −1.",
                lambda dout, out, a, b: (dout / b, -dout * a / b),
            ),
            Mistake(
                "these are the rules of the node ×. Write a ÷ b as a times a power of b.",
                lambda dout, out, a, b: (dout * b, dout * a),
            ),
        ),
    ),
    Exercise(
        id="ch1.complex",
        title="The complex step",
        draw=_polynomial,
        expected=lambda f, x: float(f.deriv()(x)),
        mistakes=(
            Mistake(
                "nothing is left of the slope. Nudge along the imaginary axis, then undo ε.",
                lambda f, x: 0.0,
            ),
            Mistake(
                "that is the value f(x). The slope is in the other part of the complex number.",
                lambda f, x: float(f(x)),
            ),
            Mistake(
                "the result still carries a factor i. A slope of a real function is real.",
                lambda f, x: 1j * f.deriv()(x),
            ),
            Mistake(
                "half the slope: the 2 belongs to the central difference, with its two points.",
                lambda f, x: float(f.deriv()(x)) / 2,
            ),
        ),
    ),
    Exercise(
        id="ch1.passes",
        title="Why reverse mode",
        expected=lambda: {
            "reverse": 1,
            "forward": 1_000_000,
            "central": 2_000_000,
            "complex": 1_000_000,
            "better for 3 inputs and 500 outputs": "forward",
        },
        mistakes=(
            Mistake(
                "forward and reverse are the wrong way round. Which one starts at the loss?",
                lambda: {"reverse": 1_000_000, "forward": 1},
            ),
            Mistake(
                "write out the central difference of one weight, and count its points.",
                lambda: {"central": 1_000_000},
            ),
            Mistake(
                "a pass of reverse mode gives the slopes of one output. Count both sides again.",
                lambda: {
                    "reverse": 1,
                    "forward": 1_000_000,
                    "better for 3 inputs and 500 outputs": "reverse",
                },
            ),
            Mistake(
                "the complex step subtracts nothing. At how many points does it look, then?",
                lambda: {"complex": 2_000_000},
            ),
        ),
    ),
)
