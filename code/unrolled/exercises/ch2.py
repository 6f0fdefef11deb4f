"""Exercises of chapter 2, the hidden state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array


def _sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Give N, D and H, all different, so that no two axes can be taken for one another."""
    N, D, H = rng.permutation([2, 3, 4, 5])[:3]
    return int(N), int(D), int(H)


def _weights(rng: np.random.Generator, D: int, H: int) -> tuple[Array, Array, Array]:
    shapes = ((D, H), (H, H), (H,))
    Wx, Wh, b = (0.6 * rng.standard_normal(shape) for shape in shapes)
    return Wx, Wh, b


def _draw_step(rng: np.random.Generator) -> tuple[Array, ...]:
    N, D, H = _sizes(rng)
    h_prev = np.tanh(rng.standard_normal((N, H)))
    return rng.standard_normal((N, D)), h_prev, *_weights(rng, D, H)


def _draw_run(rng: np.random.Generator) -> tuple[Array, ...]:
    N, D, H = _sizes(rng)
    xs = rng.standard_normal((int(rng.integers(6, 9)), N, D))
    return xs, np.tanh(rng.standard_normal((N, H))), *_weights(rng, D, H)


def _step(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """Sum entry by entry, and squash by exponentials."""
    h_next = np.empty_like(h_prev)
    for n, k in np.ndindex(h_prev.shape):
        a = b[k]
        for j in range(h_prev.shape[1]):
            a += h_prev[n, j] * Wh[j, k]
        for i in range(x.shape[1]):
            a += x[n, i] * Wx[i, k]
        h_next[n, k] = (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))
    return h_next


def _states(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> list[Array]:
    """List the first state and all that follow."""
    states = [h0]
    for x in xs:
        states.append(_step(x, states[-1], Wx, Wh, b))
    return states


def _run(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    return np.stack(_states(xs, h0, Wx, Wh, b)[1:])


def _forgetful_run(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    return np.stack([_step(x, h0, Wx, Wh, b) for x in xs])


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _draw_outputs(rng: np.random.Generator) -> tuple[Array]:
    return (rng.uniform(0.05, 0.95, 6),)


def _sigmoid_slope(s: Array) -> Array:
    """Differentiate by a complex step at the a that s came from."""
    a = np.log(s / (1 - s))
    return np.asarray(np.imag(_sigmoid(a + 1e-30j)) / 1e-30)


def _draw_point(rng: np.random.Generator) -> tuple[float, float]:
    return float(rng.uniform(0.5, 3) * rng.choice([-1, 1])), float(rng.uniform(0.2, 0.9))


def _map_slope(w: float, h_star: float) -> float:
    """Find the bias that makes h_star a fixed point, then take a complex step there."""
    b = np.arctanh(h_star) - w * h_star
    return float(np.imag(np.tanh(w * (h_star + 1e-30j) + b)) / 1e-30)


def _draw_bound(rng: np.random.Generator) -> tuple[float, float, float, int]:
    numbers = rng.uniform(0.5, 3), rng.uniform(0.3, 0.95), rng.choice([0.25, 0.5, 0.8])
    distance, norm, slope = (float(number) for number in numbers)
    return distance, norm, slope, int(rng.integers(2, 7))


def _bound(distance: float, norm: float, slope: float, steps: int) -> float:
    for _ in range(steps):
        distance = distance * slope * norm
    return distance


def _counted() -> Mapping[str, int]:
    return {"sets of weights": 1, "weights and biases": 32, "states computed": 10}


def _values() -> Mapping[str, float]:
    return {"tanh(0)": 0, "tanh(-2)": -0.964, "slope at 0": 1, "slope where h = 0.8": 0.36}


def _points() -> Mapping[str, int]:
    return {"w = -2": 1, "w = 0.5": 1, "w = 1": 1, "w = 2": 3}


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch2.step",
        "One step of the cell",
        _step,
        _draw_step,
        (
            Mistake(
                "these look like pre-activations: some entries may lie outside (−1, 1). "
                "What comes last in the update?",
                lambda x, h_prev, Wx, Wh, b: h_prev @ Wh + x @ Wx + b,
            ),
            Mistake(
                "the result does not depend on the state before. Which term carries the past?",
                lambda x, h_prev, Wx, Wh, b: np.tanh(x @ Wx + b),
            ),
            Mistake(
                "Wh looks transposed. States are rows here: over which index of Wh is the sum?",
                lambda x, h_prev, Wx, Wh, b: np.tanh(h_prev @ Wh.T + x @ Wx + b),
            ),
            Mistake(
                "a constant shift of each unit is missing. Count the terms of the sum.",
                lambda x, h_prev, Wx, Wh, b: np.tanh(h_prev @ Wh + x @ Wx),
            ),
            Mistake(
                "all entries are positive. Which squashing function has the range (0, 1)?",
                lambda x, h_prev, Wx, Wh, b: _sigmoid(h_prev @ Wh + x @ Wx + b),
            ),
        ),
    ),
    Exercise(
        "ch2.repeat",
        "What repeats",
        _counted,
        mistakes=(
            Mistake(
                "you gave each step weights of its own. What is shared by all the steps?",
                lambda: {**_counted(), "sets of weights": 10, "weights and biases": 320},
            ),
            Mistake(
                "the number of weights must not grow with the length of the sequence. "
                "Add the entries of the three arrays once.",
                lambda: {**_counted(), "weights and biases": 320},
            ),
            Mistake(
                "the three arrays are not all counted. Is there a bias for each unit?",
                lambda: {**_counted(), "weights and biases": 28},
            ),
            Mistake(
                "the first state is given, not computed. Count the steps only.",
                lambda: {**_counted(), "states computed": 11},
            ),
        ),
    ),
    Exercise(
        "ch2.tanh",
        "Values of tanh",
        _values,
        mistakes=(
            Mistake(
                "tanh is an odd function. What does that say about the sign at −2?",
                lambda: {**_values(), "tanh(-2)": 0.964},
            ),
            Mistake(
                "the value in the middle belongs to the sigmoid. Put a = 0 into the definition.",
                lambda: {**_values(), "tanh(0)": 0.5},
            ),
            Mistake(
                "1 − h is not the slope. One power is missing.",
                lambda: {**_values(), "slope where h = 0.8": 0.2},
            ),
            Mistake(
                "0.8 is already the output. It must not go through tanh a second time.",
                lambda: {**_values(), "slope where h = 0.8": 1 - np.tanh(0.8) ** 2},
            ),
        ),
        tolerance=2e-3,
    ),
    Exercise(
        "ch2.sigmoid_slope",
        "The slope of the sigmoid",
        _sigmoid_slope,
        _draw_outputs,
        (
            Mistake(
                "that is the slope of tanh, from its output. Differentiate 1/(1 + e^(−a)) instead.",
                lambda s: 1 - s * s,
            ),
            Mistake(
                "s is already an output. You squashed it a second time.",
                lambda s: _sigmoid(s) * (1 - _sigmoid(s)),
            ),
            Mistake(
                "that is the largest slope, the same everywhere. The slope depends on s.",
                lambda s: np.full_like(s, 0.25),
            ),
            Mistake(
                "the sign is turned. The sigmoid rises; which inner derivative gave a minus?",
                lambda s: -s * (1 - s),
            ),
        ),
    ),
    Exercise(
        "ch2.map_slope",
        "The slope of the map at a fixed point",
        _map_slope,
        _draw_point,
        (
            Mistake(
                "the chain rule has two factors. What is the derivative of the inside, w h + b?",
                lambda w, h_star: 1 - h_star**2,
            ),
            Mistake(
                "h_star is the output of tanh at a fixed point. You applied tanh to it again.",
                lambda w, h_star: w * (1 - np.tanh(h_star) ** 2),
            ),
            Mistake(
                "there is a bias, so w h_star is not the whole pre-activation. "
                "Use what a fixed point says about tanh of it.",
                lambda w, h_star: w * (1 - np.tanh(w * h_star) ** 2),
            ),
            Mistake(
                "that is the slope at zero. It must shrink as h_star comes near ±1.",
                lambda w, h_star: w,
            ),
        ),
    ),
    Exercise(
        "ch2.count",
        "How many fixed points",
        _points,
        mistakes=(
            Mistake(
                "for a negative weight tanh(w h) and h have opposite signs. "
                "Where can they be equal? A pair that alternates is not fixed.",
                lambda: {**_points(), "w = -2": 3},
            ),
            Mistake(
                "at w = 1 the curve touches the diagonal at zero. Does it meet it anywhere else?",
                lambda: {**_points(), "w = 1": 3},
            ),
            Mistake(
                "the curve can be steeper than the diagonal at zero, and still end below it.",
                lambda: {**_points(), "w = 2": 1},
            ),
            Mistake(
                "zero is a fixed point too, even where states leave it.",
                lambda: {**_points(), "w = 2": 2},
            ),
        ),
    ),
    Exercise(
        "ch2.run",
        "Run many steps",
        _run,
        _draw_run,
        (
            Mistake(
                "each step starts from h0 again. Hand every new state on to the next step.",
                _forgetful_run,
            ),
            Mistake(
                "the states are one step too early: h0 is in the list, the last state is not.",
                lambda *arguments: np.stack(_states(*arguments)[:-1]),
            ),
            Mistake(
                "there is one state too many: the start is given and is not part of the answer.",
                lambda *arguments: np.stack(_states(*arguments)),
            ),
            Mistake(
                "only the last state comes back. Keep all of them, time first.",
                lambda *arguments: _states(*arguments)[-1],
            ),
            Mistake(
                "the order of time is turned. The first state of the answer is the earliest.",
                lambda *arguments: _run(*arguments)[::-1],
            ),
        ),
    ),
    Exercise(
        "ch2.bound",
        "How fast a contraction forgets",
        _bound,
        _draw_bound,
        (
            Mistake(
                "that is one step. Use the result of a step as the start of the next.",
                lambda distance, norm, slope, steps: distance * slope * norm,
            ),
            Mistake(
                "the activation acts at every step, so its slope bound repeats as well.",
                lambda distance, norm, slope, steps: distance * slope * norm**steps,
            ),
            Mistake(
                "that is the bound for tanh. Where does the largest slope enter?",
                lambda distance, norm, slope, steps: distance * norm**steps,
            ),
            Mistake(
                "the steps follow one another: their factors do not add up.",
                lambda distance, norm, slope, steps: distance * slope * norm * steps,
            ),
        ),
    ),
)
