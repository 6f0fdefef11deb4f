"""What a reader is told about an answer."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import ArgumentError, Hidden
from unrolled.exercises import Exercise, Mistake, check, checking


def vectors(rng):
    return (
        rng.normal(size=3),
        [rng.normal(size=2)],
        {"k": rng.normal(size=2)},
        Hidden(np.ones(1)),
        2,
    )


DOUBLE = Exercise(
    "ch0.double", "Doubling", lambda a, *_: 2 * a, vectors,
    (Mistake("You squared.", lambda a, *_: a * a), Mistake("You halved.", lambda a, *_: a / 2)),
)  # fmt: skip
PAIR = Exercise(
    "ch0.pair", "Two", lambda a: (a, a > 0), lambda rng: (rng.normal(size=2),), parts=("a", "sign")
)


def value(expected, *mistakes):
    return Exercise("ch0.value", "A value", lambda: expected, mistakes=mistakes)


@pytest.fixture
def told(monkeypatch):
    def tell(exercise, answer):
        monkeypatch.setattr(checking, "find", lambda _: exercise)
        return check(exercise.id, answer, rng=np.random.default_rng(0))

    return tell


def raises(a, *_):
    return 1 / 0


def mutates(a, *_):
    a *= 2
    return a


def mutates_list(a, b, *_):
    b[0] = 0
    return 2 * a


def mutates_dict(a, b, c, *_):
    c["k"][0] = 7
    return 2 * a


def sometimes(a, *_):
    return a * a if a[0] > 0 else 2 * a + 1


def unwritten(*_):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda *_: None, "returns nothing yet"),
        (lambda *_: ..., "returns nothing yet"),
        (unwritten, "not written yet"),
        (raises, "in line "),
        (raises, "ZeroDivisionError"),
        (mutates, "argument number 1"),
        (mutates_list, "argument number 2"),
        (mutates_dict, "argument number 3"),
        (lambda a, *_: a * a, "You squared."),
        (lambda a, *_: a / 2, "You halved."),
        (sometimes, "the shape fits, but at"),
        (lambda a, *_: np.float32(2 * a), "Is something rounded, or float32?"),
        (lambda a, *_: (2 * a).astype(object), "expected numbers, got an array of object"),
        (lambda a, *_: a[:1], "expected shape (3,), got (1,)"),
        (lambda a, *_: a * np.nan, "NaN or infinity"),
        (lambda a, *_: "a", "expected numbers, got str"),
        (lambda a, *_: [[1], [1, 2]], "expected numbers, got list"),
        (lambda: 1, "TypeError"),
        (5, "expected a function, got int"),
    ],
)
def test_wrong_functions(told, answer, says):
    result = told(DOUBLE, answer)
    assert not result.passed
    assert says in result.message
    assert repr(result) == f"✗ ch0.double: {result.message}"


def test_right_functions(told):
    result = told(DOUBLE, lambda a, *_: a + a)
    assert result.passed
    assert repr(result) == "✓ ch0.double: right. Doubling is done."
    assert told(DOUBLE, lambda a, *_: list(2 * a)).passed
    assert told(PAIR, lambda a: [a, a > 0]).passed


def test_several_values(told):
    assert "expected 2 values (a, sign), got 1" in told(PAIR, lambda a: a).message
    assert told(PAIR, lambda a: (a, a <= 0)).message.startswith("sign: the shape fits")
    assert told(PAIR, lambda a: (a + 1, a > 0)).message.startswith("a: the shape fits")


@pytest.mark.parametrize(
    ("expected", "answer", "says"),
    [
        (3, ..., "no answer yet"),
        (3, None, "no answer yet"),
        (3, 4, "4 is not it"),
        ({"a": 1}, {"a": ...}, "still open"),
        ({"a": 1}, {"b": 1}, "'a' is missing"),
        ({"a": 1}, {"a": 2}, "entry 'a'"),
        ({"a": 1}, [1], "expected a dict"),
        (True, 1, "is not it"),
        (True, False, "is not it"),
        ("tanh", "relu", "is not it"),
        ((1, 2), 1, "1 is not it"),  # a shape is right or wrong as a whole
        ((1, 2), (1, 3), "(1, 3) is not it"),
        ((1, "b"), 1, "expected 2 values, got 1"),
    ],
)
def test_wrong_values(told, expected, answer, says):
    result = told(value(expected), answer)
    assert not result.passed
    assert says in result.message


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        (3, 3.0), ({"a": 1}, {"a": 1, "b": 2}), (True, np.True_), (np.False_, False),
        ("tanh", " Tanh "), ((1, "b"), [1, "B"]), ((1, 2), [1, 2]),
        (np.array([True]), [True]), (np.array([1, 2], np.uint8), [1, 2]),
        (np.zeros(0), []),
    ],
)  # fmt: skip
def test_right_values(told, expected, answer):
    assert told(value(expected), answer).passed


def test_a_value_s_usual_mistake_gets_its_hint(told):
    result = told(value(3, Mistake("Not 5.", lambda: 5), Mistake("Count from 0.", lambda: 4)), 4)
    assert result.message == "Count from 0."


def test_one_mistake_among_others_in_a_table_gets_its_hint(told):
    def table(**entries):
        return value({"a": 1, "b": 2, "c": 3} | entries).expected

    mistakes = (
        Mistake("a!", table(a=9)),
        Mistake("b and c!", table(b=8, c=9)),
        Mistake("4!", lambda: 4),
    )
    exercise = value(table()(), *mistakes)
    assert told(exercise, {"a": 9, "b": 7, "c": 3}).message == "a!"
    assert told(exercise, {"a": 8, "b": 8, "c": 9}).message == "b and c!"
    assert told(exercise, {"a": 9, "b": 8, "c": 9}).message == "a!"
    assert "entry 'b'" in told(exercise, {"a": 1, "b": 8, "c": 3}).message


@pytest.mark.parametrize("unknown", ["ch0.x", "ch5.x", "chx.y", "x", "", "ch", None, 5, "ch\0.a"])
def test_unknown_exercises(unknown):
    with pytest.raises(ArgumentError, match="exercise_id: expected one of"):
        check(unknown, None)


def test_rng_is_checked(monkeypatch):
    monkeypatch.setattr(checking, "find", lambda _: DOUBLE)
    with pytest.raises(ArgumentError, match="rng"):
        check("ch0.double", None, rng=5)
    assert check("ch0.double", lambda a, *_: 2 * a).passed
