"""Chapter 2's exercises: right answers in several forms, and each mistake with its own hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams, exercises, unroll
from unrolled.ops import sigmoid_backward
from unrolled.shapes import Array

Answer = Callable[..., Any]


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def step(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    return np.tanh(np.hstack([h_prev, x]) @ np.vstack([Wh, Wx]) + b)


def package_step(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    return RNN.step(RNNParams(Wx, Wh, b), x, Hidden(h_prev))[0].h


def run(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array, first: int = 1) -> Array:
    hs = [h0]
    for x in xs:
        hs.append(step(x, hs[-1], Wx, Wh, b))
    return np.array(hs[first:])


def package_run(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    return unroll(RNN, RNNParams(Wx, Wh, b), xs, Hidden(h0))[0]


COUNTED = {"sets of weights": 1, "weights and biases": 32, "states computed": 10}
VALUES = {"tanh(0)": 0, "tanh(-2)": -0.964, "slope at 0": 1, "slope where h = 0.8": 0.36}
POINTS = {"w = -2": 1, "w = 0.5": 1, "w = 1": 1, "w = 2": 3}

RIGHT: list[tuple[str, Any]] = [
    ("step", step),
    ("step", package_step),
    ("repeat", COUNTED),
    ("repeat", {name: float(value) for name, value in COUNTED.items()}),
    ("tanh", VALUES),
    ("tanh", {**VALUES, "tanh(-2)": np.tanh(-2), "slope where h = 0.8": 1 - 0.8**2}),
    ("sigmoid_slope", lambda s: s - s**2),
    ("sigmoid_slope", lambda s: sigmoid_backward(np.ones_like(s), s)),
    ("map_slope", lambda w, h: w * (1 - h * h)),
    ("map_slope", lambda w, h: w / np.cosh(np.arctanh(h)) ** 2),
    ("count", POINTS),
    ("count", {name: np.int64(value) for name, value in POINTS.items()}),
    ("run", run),
    ("run", package_run),
    ("bound", lambda d, norm, slope, steps: d * (slope * norm) ** steps),
    ("bound", lambda d, norm, slope, steps: d * np.exp(steps * np.log(slope * norm))),
]

WRONG: list[tuple[str, Any, str]] = [
    ("step", lambda x, h, Wx, Wh, b: h @ Wh + x @ Wx + b, "pre-activations"),
    ("step", lambda x, h, Wx, Wh, b: np.tanh(x @ Wx + b), "carries the past"),
    ("step", lambda x, h, Wx, Wh, b: np.tanh(h @ Wh.T + x @ Wx + b), "transposed"),
    ("step", lambda x, h, Wx, Wh, b: np.tanh(h @ Wh + x @ Wx), "constant shift"),
    ("step", lambda x, h, Wx, Wh, b: sigmoid(h @ Wh + x @ Wx + b), "all entries are positive"),
    (
        "repeat",
        {**COUNTED, "sets of weights": 10, "weights and biases": 320},
        "weights of its own",
    ),
    ("repeat", {**COUNTED, "weights and biases": 320}, "must not grow"),
    ("repeat", {**COUNTED, "weights and biases": 28}, "bias for each unit"),
    ("repeat", {**COUNTED, "states computed": 11}, "given, not computed"),
    ("tanh", {**VALUES, "tanh(-2)": 0.964}, "odd function"),
    ("tanh", {**VALUES, "tanh(0)": 0.5}, "belongs to the sigmoid"),
    ("tanh", {**VALUES, "slope where h = 0.8": 0.2}, "One power"),
    ("tanh", {**VALUES, "slope where h = 0.8": 0.559}, "already the output"),
    ("sigmoid_slope", lambda s: 1 - s**2, "slope of tanh"),
    ("sigmoid_slope", lambda s: sigmoid(s) * (1 - sigmoid(s)), "squashed it a second time"),
    ("sigmoid_slope", lambda s: 0.25 + 0 * s, "largest slope"),
    ("sigmoid_slope", lambda s: s**2 - s, "sign is turned"),
    ("map_slope", lambda w, h: 1 - h * h, "two factors"),
    ("map_slope", lambda w, h: w / np.cosh(h) ** 2, "applied tanh to it again"),
    ("map_slope", lambda w, h: w / np.cosh(w * h) ** 2, "there is a bias"),
    ("map_slope", lambda w, h: w, "slope at zero"),
    ("count", {**POINTS, "w = -2": 3}, "opposite signs"),
    ("count", {**POINTS, "w = 1": 3}, "touches the diagonal"),
    ("count", {**POINTS, "w = 2": 1}, "steeper than the diagonal"),
    ("count", {**POINTS, "w = 2": 2}, "zero is a fixed point too"),
    ("run", lambda xs, h0, *W: np.array([step(x, h0, *W) for x in xs]), "from h0 again"),
    ("run", lambda *given: run(*given, first=0)[:-1], "one step too early"),
    ("run", lambda *given: run(*given, first=0), "one state too many"),
    ("run", lambda *given: run(*given)[-1], "only the last state"),
    ("run", lambda *given: run(*given)[::-1], "order of time"),
    ("bound", lambda d, norm, slope, steps: d * slope * norm, "one step"),
    ("bound", lambda d, norm, slope, steps: d * slope * norm**steps, "repeats as well"),
    ("bound", lambda d, norm, slope, steps: d * norm**steps, "bound for tanh"),
    ("bound", lambda d, norm, slope, steps: steps * d * slope * norm, "do not add up"),
]

FUNCTIONS = ["step", "sigmoid_slope", "map_slope", "run", "bound"]
TABLES = [("repeat", COUNTED), ("tanh", VALUES), ("count", POINTS)]


def checked(name: str, answer: Any) -> exercises.Result:
    return exercises.check(f"ch2.{name}", answer, rng=np.random.default_rng(3))


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_are_accepted(name: str, answer: Any) -> None:
    assert checked(name, answer).passed


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_each_mistake_gets_its_own_hint(name: str, answer: Any, words: str) -> None:
    result = checked(name, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_stub_is_told_apart_from_a_wrong_answer(name: str) -> None:
    assert "returns nothing yet" in checked(name, lambda *given: ...).message


@pytest.mark.parametrize(("name", "table"), TABLES)
def test_an_open_table_is_told_apart_from_a_wrong_one(name: str, table: dict[str, Any]) -> None:
    assert "still open" in checked(name, dict.fromkeys(table, ...)).message


@pytest.mark.parametrize("name", ["step", "sigmoid_slope", "run"])
def test_an_answer_must_not_change_its_arguments(name: str) -> None:
    right: dict[str, Answer] = {"step": step, "sigmoid_slope": lambda s: s - s * s, "run": run}

    def changing(*given: Array) -> Any:
        result = right[name](*given)
        given[0][...] = 0
        return result

    assert "changed its argument number 1" in checked(name, changing).message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_is_never_right(name: str) -> None:
    right = next(answer for each, answer in RIGHT if each == name)
    result = checked(name, lambda *given: np.nan * right(*given))
    assert not result.passed
    assert "NaN" in result.message
