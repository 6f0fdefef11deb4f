"""The exercises of chapter 1: right answers, the stub, and each usual mistake."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unrolled.exercises import Result, check
from unrolled.gradcheck import complex_step

PASSES = {
    "reverse": 1,
    "forward": 1_000_000,
    "central": 2_000_000,
    "complex": 1_000_000,
    "better for 3 inputs and 500 outputs": "forward",
}


def checked(name: str, answer: object) -> Result:
    return check(f"ch1.{name}", answer, rng=np.random.default_rng(7))


def by_loops(dout: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
    da, db = np.zeros((2, 3)), np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            da[i, j] = dout[i, j] * (1 / b[i, j])
            db[i, j] = dout[i, j] * (-a[i, j] / b[i, j] ** 2)
    return da, db


RIGHT = [
    ("dy", lambda x, y, z: -z),
    ("dy", lambda x, y, z: complex_step(lambda v: (x - v) * z, np.array(y))),
    ("update", 2.4),
    ("update", 2 - 0.1 * -4),
    ("fanout", lambda x, y: (x * y + (x + y) * y, x * y + (x + y) * x)),
    ("fanout", lambda x, y: [2 * x * y + y**2, 2 * x * y + x**2]),
    ("divide", lambda dout, out, a, b: (dout / b, -dout * out / b)),
    ("divide", by_loops),
    ("complex", lambda f, x: np.imag(f(x + 1e-30j)) / 1e-30),
    ("complex", lambda f, x: complex_step(f, np.array(x))),
    ("passes", PASSES),
    ("passes", PASSES | {"forward": 1e6, "better for 3 inputs and 500 outputs": "Forward "}),
]

WRONG = [
    ("dy", lambda x, y, z: z, "sign"),
    ("dy", lambda x, y, z: x - y, "derivative by z"),
    ("dy", lambda x, y, z: -1.0, "two edges"),
    ("dy", lambda x, y, z: -y * z, "part of f"),
    ("update", -4, "a slope"),
    ("update", 1.6, "uphill"),
    ("update", 6, "rate"),
    ("update", 0.4, "start from"),
    ("fanout", lambda x, y: (x * y, x * y), "through the sum"),
    ("fanout", lambda x, y: ((x + y) * y, (x + y) * x), "through the product"),
    ("fanout", lambda x, y: (x * y * (x + y) * y, x * y * (x + y) * x), "multiplied"),
    ("fanout", lambda x, y: (x * y + y * y / 2, x * y + x * x / 2), "mean"),
    ("divide", lambda dout, out, a, b: (1 / b, -a / b**2), "arrives"),
    ("divide", lambda dout, out, a, b: (dout / b, dout * a / b**2), "sign of db"),
    ("divide", lambda dout, out, a, b: (dout / b, -dout * a / b), "power of b"),
    ("divide", lambda dout, out, a, b: (dout * b, dout * a), "node ×"),
    ("complex", lambda f, x: np.imag(f(x + 1e-30j)), "undo ε"),
    ("complex", lambda f, x: np.real(f(x + 1e-30j)), "the value f(x)"),
    ("complex", lambda f, x: 1j * np.imag(f(x + 1e-30j)) / 1e-30, "factor i"),
    ("complex", lambda f, x: np.imag(f(x + 1e-30j)) / 2e-30, "half the slope"),
    ("passes", PASSES | {"reverse": 1_000_000, "forward": 1}, "wrong way round"),
    ("passes", PASSES | {"central": 1_000_000}, "count its points"),
    ("passes", PASSES | {"complex": 2_000_000}, "subtracts nothing"),
    ("passes", PASSES | {"better for 3 inputs and 500 outputs": "reverse"}, "both sides"),
    ("passes", PASSES | {"central": 3}, "entry 'central': 3 is not it"),
]

STUBS = [
    ("dy", lambda x, y, z: ..., "returns nothing"),
    ("update", ..., "no answer"),
    ("fanout", lambda x, y: ..., "returns nothing"),
    ("divide", lambda dout, out, a, b: None, "returns nothing"),
    ("complex", lambda f, x: None, "returns nothing"),
    ("passes", PASSES | {"reverse": ...}, "still open"),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_pass(name: str, answer: object) -> None:
    assert checked(name, answer).passed


@pytest.mark.parametrize(("name", "answer", "words"), WRONG + STUBS)
def test_wrong_answers_get_their_own_hint(name: str, answer: object, words: str) -> None:
    result = checked(name, answer)
    assert not result.passed
    assert words in result.message


def test_an_answer_that_changes_its_inputs_is_refused() -> None:
    def changes(dout: Any, out: Any, a: Any, b: Any) -> tuple[Any, Any]:
        dout /= b
        return dout, -dout * out

    result = checked("divide", changes)
    assert not result.passed
    assert "changed its argument number 1" in result.message


@pytest.mark.parametrize("name", ["dy", "complex"])
def test_nan_is_refused(name: str) -> None:
    result = checked(name, lambda *arguments: float("nan"))
    assert not result.passed
    assert "NaN" in result.message


@pytest.mark.parametrize("name", ["fanout", "divide"])
def test_nan_is_refused_among_several_values(name: str) -> None:
    result = checked(name, lambda *arguments: (np.nan * arguments[0], arguments[-1]))
    assert not result.passed
    assert "NaN" in result.message
