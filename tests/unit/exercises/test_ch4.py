"""The exercises of chapter 4: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams
from unrolled.exercises import check
from unrolled.exercises.checking import find

FUNCTIONS = ("ch4.db", "ch4.backward", "ch4.sigmoid", "ch4.jacobian")
SHAPES = {
    "da": (5, 3),
    "db": (3,),
    "dWh": (3, 3),
    "dWx": (4, 3),
    "dx": (5, 4),
    "dh_prev": (5, 3),
}
FAULTS = {
    "da": "value",
    "db": "shape",
    "dWh": "value",
    "dWx": "shape",
    "dx": "value",
    "dh_prev": "value",
}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(4))


def from_slope(slope):
    def answer(dh, x, h_prev, Wx, Wh, h):
        da = dh * slope(h)
        return da @ Wx.T, da @ Wh.T, x.T @ da, h_prev.T @ da, da.sum(axis=0)

    return answer


def by_package(dh, x, h_prev, Wx, Wh, h):
    b = (np.arctanh(h) - x @ Wx - h_prev @ Wh)[0]
    _, cache = RNN.step(RNNParams(Wx, Wh, b), x, Hidden(h_prev))
    dx, dstate, dparams = RNN.step_backward(Hidden(dh), cache)
    return dx, dstate.h, dparams.Wx, dparams.Wh, dparams.b


def by_index(dh, x, h_prev, Wx, Wh, h):
    da = dh - dh * h * h
    return [
        np.einsum("nk,ik->ni", da, Wx),
        np.einsum("nk,jk->nj", da, Wh),
        np.einsum("ni,nk->ik", x, da),
        np.einsum("nj,nk->jk", h_prev, da),
        np.einsum("nk->k", da),
    ]


def sigmoid_of_slope_at_a(dh, x, h_prev, Wx, Wh, h):
    a = np.log(h) - np.log1p(-h)
    return from_slope(lambda _: np.exp(-a) / (1 + np.exp(-a)) ** 2)(dh, x, h_prev, Wx, Wh, h)


def with_one(place, value):
    """Give the right backward with one of its five gradients replaced."""

    def answer(*given):
        right = list(from_slope(lambda h: 1 - h**2)(*given))
        dh, _, h_prev, _, Wh, h = given
        right[place] = value(dh * (1 - h**2), h_prev, Wh, h)
        return tuple(right)

    return answer


def table_jacobian(h, Wh):
    size = len(Wh)
    return [[Wh[j, k] * (1 - h[0, k] ** 2) for k in range(size)] for j in range(size)]


RIGHT = [
    ("ch4.db", lambda da: da.sum(axis=0)),
    ("ch4.db", lambda da: np.ones(len(da)) @ da),
    ("ch4.db", lambda da: [sum(column) for column in da.T]),
    ("ch4.shapes", SHAPES),
    ("ch4.shapes", {name: list(shape) for name, shape in SHAPES.items()}),
    ("ch4.hand", [0.36, 1.28, -3]),
    ("ch4.hand", np.array([9 / 25, 32 / 25, -3.0])),
    ("ch4.backward", from_slope(lambda h: 1 - h**2)),
    ("ch4.backward", by_package),
    ("ch4.backward", by_index),
    ("ch4.sigmoid", from_slope(lambda h: h * (1 - h))),
    ("ch4.sigmoid", sigmoid_of_slope_at_a),
    ("ch4.jacobian", lambda h, Wh: Wh @ np.diag(1 - h[0] ** 2)),
    ("ch4.jacobian", table_jacobian),
    ("ch4.faults", FAULTS),
    ("ch4.faults", {name: word.upper() for name, word in FAULTS.items()}),
]

H, DH = np.array([0.8, -0.6, 0.0]), np.array([1.0, 2.0, -3.0])

WRONG = [
    ("ch4.db", lambda da: da, "one row per sequence"),
    ("ch4.db", lambda da: da.mean(axis=0), "average"),
    ("ch4.db", lambda da: da.sum(axis=1), "other axis"),
    ("ch4.db", lambda da: da[0], "first sequence"),
    ("ch4.shapes", SHAPES | {"dWx": (3, 4)}, "transposed"),
    ("ch4.shapes", SHAPES | {"db": (5, 3)}, "How many biases"),
    ("ch4.shapes", SHAPES | {"dx": (5, 3), "dh_prev": (5, 4)}, "exchanged"),
    ("ch4.shapes", SHAPES | {"dx": (1, 4), "dh_prev": (1, 3)}, "keep the batch axis"),
    ("ch4.hand", list(DH / (1 - H**2)), "divided"),
    ("ch4.hand", [0.36, 0.64, 1.0], "slopes alone"),
    ("ch4.hand", list(DH * (1 - H)), "square is missing"),
    ("ch4.hand", list(DH * (1 - np.tanh(H) ** 2)), "second time"),
    ("ch4.hand", -1.36, "added the entries up"),
    ("ch4.backward", from_slope(lambda h: 1 / (1 - h**2)), "artanh"),
    ("ch4.backward", from_slope(np.ones_like), "never went through tanh"),
    ("ch4.backward", with_one(1, lambda da, h_prev, Wh, h: da @ Wh), "dh_prev goes back"),
    ("ch4.backward", with_one(3, lambda da, h_prev, Wh, h: da.T @ h_prev), "two indices"),
    ("ch4.backward", with_one(3, lambda da, h_prev, Wh, h: h.T @ da), "state after the step"),
    ("ch4.backward", with_one(4, lambda da, h_prev, Wh, h: da.mean(axis=0)), "average"),
    ("ch4.sigmoid", from_slope(lambda h: 1 - h**2), "slope of tanh"),
    ("ch4.sigmoid", from_slope(lambda h: np.exp(-h) / (1 + np.exp(-h)) ** 2), "second time"),
    ("ch4.sigmoid", from_slope(lambda h: 1 - h), "factor is missing"),
    ("ch4.sigmoid", from_slope(lambda h: 1 / h / (1 - h)), "divided by the slope"),
    ("ch4.jacobian", lambda h, Wh: np.diag(1 - h[0] ** 2) @ Wh.T, "indices are exchanged"),
    ("ch4.jacobian", lambda h, Wh: np.diag(1 - h[0] ** 2) @ Wh, "wrong index"),
    ("ch4.jacobian", lambda h, Wh: Wh.copy(), "Jacobian of a"),
    ("ch4.jacobian", lambda h, Wh: Wh @ np.diag(1 / (1 - h[0] ** 2)), "upside down"),
    ("ch4.faults", FAULTS | {"dh_prev": "shape"}, "whatever D is"),
    ("ch4.faults", FAULTS | {"dx": "shape"}, "Wx once more"),
    ("ch4.faults", FAULTS | {"dWh": "shape"}, "(3, 5) times (5, 3)"),
    ("ch4.faults", FAULTS | {"da": "shape"}, "elementwise"),
    ("ch4.faults", FAULTS | {"dWx": "value"}, "(5, 3) and (3, 5)"),
    ("ch4.faults", FAULTS | {"db": "value"}, "count the rows"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch4.shapes", dict.fromkeys(SHAPES, ...), "still open"),
    ("ch4.hand", ..., "no answer"),
    ("ch4.faults", dict.fromkeys(FAULTS, ...), "still open"),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_right_answer_passes(exercise_id, answer):
    result = ask(exercise_id, answer)
    assert result.passed, result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), WRONG)
def test_wrong_answer_gets_its_own_hint(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", FUNCTIONS)
def test_no_mistake_is_ever_right(exercise_id):
    exercise = find(exercise_id)
    rng = np.random.default_rng(44)
    for _ in range(100):
        given = exercise.draw(rng)
        right = exercise.expected(*given)
        for mistake in exercise.mistakes:
            wrong = mistake.answer(*given)
            pairs = zip(right, wrong, strict=True) if exercise.parts else [(right, wrong)]
            assert not all(np.shape(r) == np.shape(w) and np.allclose(r, w) for r, w in pairs)
