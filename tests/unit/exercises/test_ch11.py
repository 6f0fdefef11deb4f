"""The exercises of chapter 11: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import GRU, GRUParams, Hidden
from unrolled.analysis.memory import bias_for_half_life
from unrolled.cells import MGU, MGUParams
from unrolled.cells.gru import GRUCache
from unrolled.cells.mgu import MGUCache
from unrolled.exercises import check
from unrolled.exercises.checking import find

ARRAYS = ("ch11.backward", "ch11.columns", "ch11.mgu")
FUNCTIONS = (*ARRAYS, "ch11.count", "ch11.half_life", "ch11.verdicts")
KEEPS = {
    "f of the LSTM": 1,
    "z of this book": 1,
    "z of Chung and others": 0,
    "i of the coupled LSTM": 0,
    "f of the minimal gated unit": 0,
}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(11))


def gru_by_package(dh, x, h_prev, r, z, n, q, Wx, Wh):
    H = h_prev.shape[1]
    params = GRUParams(Wx, Wh, np.zeros(3 * H), np.zeros(H))
    cache = GRUCache(params, x, h_prev, r, z, n, q)
    dx, dstate, d = GRU.step_backward(Hidden(dh), cache)
    return dx, dstate.h, d.Wx, d.Wh, d.b, d.bhn


def gru(change=None):
    """The lines of the chapter, one of them changed."""

    def answer(dh, x, h_prev, r, z, n, q, Wx, Wh):
        v = {"dn": dh * (1 - z), "dz": dh * (h_prev - n), "direct": dh * z}
        v |= {} if change is None else change(dh, h_prev, z, n, v)
        da_n = v["dn"] * v.get("slope", 1 - n**2)
        dr, dq = da_n * v.get("r meets", q), da_n * v.get("q meets", r)
        from_x = np.hstack([dr * r * (1 - r), v["dz"] * z * (1 - z), da_n])
        from_h = np.hstack([from_x[:, : 2 * h_prev.shape[1]], dq])
        dh_prev = v["direct"] + from_h @ Wh.T
        return (from_x @ Wx.T, dh_prev, x.T @ from_x, h_prev.T @ from_h, from_x.sum(0), dq.sum(0))

    return answer


def mgu_by_package(dh, x, h_prev, f, n, Wx, Wh):
    cache = MGUCache(MGUParams(Wx, Wh, np.zeros(Wx.shape[1])), x, h_prev, f, n)
    dx, dstate, d = MGU.step_backward(Hidden(dh), cache)
    return dx, dstate.h, d.Wx, d.Wh, d.b


def mgu(direct=lambda f: 1 - f, inner=1, seen=lambda f, h: f * h, back=lambda f: f, sign=1):
    def answer(dh, x, h_prev, f, n, Wx, Wh):
        H = h_prev.shape[1]
        da_n = dh * f * (1 - n * n)
        ds = da_n @ Wh[:, H:].T
        da_f = (sign * dh * (n - h_prev) + inner * ds * h_prev) * f * (1 - f)
        dh_prev = dh * direct(f) + ds * back(f) + da_f @ Wh[:, :H].T
        dWh = np.hstack([h_prev.T @ da_f, seen(f, h_prev).T @ da_n])
        da = np.hstack([da_f, da_n])
        return [da @ Wx.T, dh_prev, x.T @ da, dWh, da.sum(axis=0)]

    return answer


def by_slices(W, H):
    return np.concatenate([W[:, H : 2 * H], -W[:, :H], W[:, 2 * H :]], axis=1)


def by_index(W, H):
    order = [*range(H, 2 * H), *range(H), *range(2 * H, 3 * H)]
    return W[:, order] * np.repeat([1, -1, 1], H)


def blocks(order, *signs):
    def answer(W, H):
        parts = dict(zip("zrn", np.split(W, 3, axis=1), strict=True))
        return np.hstack([sign * parts[name] for name, sign in zip(order, signs, strict=True)])

    return answer


def p_value(a, b, runs):
    ways = [math.comb(runs, k) * math.comb(runs, a + b - k) for k in range(min(a, a + b) + 1)]
    return sum(ways) / math.comb(2 * runs, a + b)


def binomial_tail(a, p, n):
    terms = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    return sum(terms[: a + 1])


def verdicts(rule):
    def answer(runs):
        solved = {name: sum(u is not None for u in each) for name, each in runs.items()}
        best = solved.pop("LSTM")
        return {name: bool(rule(a, best, 6)) for name, a in solved.items()}

    return answer


RIGHT = [
    ("ch11.count", lambda D, H: 3 * H * (D + H + 1) + H),
    ("ch11.count", lambda D, H: sum([3 * D * H, 3 * H * H, 4 * H])),
    ("ch11.keeps", KEEPS),
    ("ch11.keeps", {name: float(value) for name, value in KEEPS.items()}),
    ("ch11.backward", gru_by_package),
    ("ch11.backward", gru()),
    ("ch11.columns", by_slices),
    ("ch11.columns", by_index),
    ("ch11.half_life", bias_for_half_life),
    ("ch11.half_life", lambda T: -math.log(2 ** (1 / T) - 1)),
    ("ch11.mgu", mgu_by_package),
    ("ch11.mgu", mgu()),
    ("ch11.verdicts", verdicts(lambda a, b, n: p_value(a, b, n) < 0.05)),
    ("ch11.verdicts", verdicts(lambda a, b, n: p_value(n - b, n - a, n) < 0.05)),
]


def flipped(name):
    return KEEPS | {name: 1 - KEEPS[name]}


WRONG = [
    ("ch11.count", lambda D, H: 3 * H * (D + H + 1), "second bias"),
    ("ch11.count", lambda D, H: 3 * H * (D + H + 2), "two biases for every block"),
    ("ch11.count", lambda D, H: 4 * H * (D + H + 1), "this is the LSTM"),
    ("ch11.count", lambda D, H: 3 * H * (D + H), "no bias"),
    ("ch11.keeps", flipped("z of this book"), "z, or 1 − z"),
    ("ch11.keeps", flipped("z of Chung and others"), "in that paper"),
    ("ch11.keeps", flipped("i of the coupled LSTM"), "leaves no room"),
    ("ch11.keeps", flipped("f of the minimal gated unit"), "name misleads"),
    ("ch11.keeps", flipped("f of the LSTM"), "multiplies c_prev"),
    ("ch11.keeps", {name: 1 - value for name, value in KEEPS.items()}, "turned round"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"direct": 0}), "four places"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"q meets": 1}), "between q and the candidate"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"dz": -v["dz"]}), "sign turned"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"dn": dh * z}), "multiplies n in the last"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"r meets": h}), "r multiplies q"),
    ("ch11.backward", gru(lambda dh, h, z, n, v: {"slope": 1}), "candidate's tanh"),
    (
        "ch11.backward",
        lambda *v: (*gru()(*v)[:3], gru(lambda *_: {"q meets": 1})(*v)[3], *gru()(*v)[4:]),
        "two rows of blocks",
    ),
    (
        "ch11.backward",
        lambda *v: (*gru()(*v)[:5], gru(lambda *_: {"q meets": 1})(*v)[5]),
        "second bias stands in q",
    ),
    ("ch11.columns", blocks("rzn", 1, -1, -1), "keeps its sign"),
    ("ch11.columns", blocks("rzn", 1, 1, 1), "a z that keeps"),
    ("ch11.columns", blocks("zrn", -1, 1, 1), "still stand as theirs"),
    ("ch11.columns", blocks("rzn", -1, 1, 1), "wrong gate"),
    ("ch11.columns", blocks("rzn", -1, -1, -1), "only z changes"),
    ("ch11.columns", lambda W, H: by_slices(W, H) + np.repeat([0, 1, 0], H), "inside of σ"),
    ("ch11.columns", blocks("rnz", 1, 1, -1), "moved round"),
    ("ch11.half_life", lambda T: math.log(T - 1), "1/e is left"),
    ("ch11.half_life", lambda T: 2 ** (-1 / T), "gate's value"),
    ("ch11.half_life", lambda T: -bias_for_half_life(T), "sign is turned"),
    ("ch11.half_life", lambda T: math.log(2 ** (-1 / T)), "this is ln f"),
    ("ch11.mgu", mgu(inner=0), "one more place"),
    ("ch11.mgu", mgu(seen=lambda f, h: h), "what f left of it"),
    ("ch11.mgu", mgu(direct=lambda f: f), "direct way"),
    ("ch11.mgu", mgu(back=lambda f: 1), "factor is missing"),
    ("ch11.mgu", mgu(sign=-1), "a sign turned"),
    ("ch11.verdicts", verdicts(lambda a, b, n: a < b), "not yet worse"),
    (
        "ch11.verdicts",
        verdicts(lambda a, b, n: binomial_tail(a, b / n, n) < 0.05),
        "no exact chance",
    ),
    ("ch11.verdicts", verdicts(lambda a, b, n: 1 - p_value(a, b, n) < 0.05), "does better"),
    ("ch11.verdicts", verdicts(lambda a, b, n: p_value(a - 1, b, n) < 0.05), "in your sum"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch11.keeps", dict.fromkeys(KEEPS, ...), "still open"),
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


@pytest.mark.parametrize("exercise_id", [*ARRAYS, "ch11.count", "ch11.half_life"])
def test_no_mistake_is_ever_right(exercise_id):
    exercise = find(exercise_id)
    rng = np.random.default_rng(44)
    for _ in range(50):
        given = exercise.draw(rng)
        right = exercise.expected(*given)
        for mistake in exercise.mistakes:
            wrong = mistake.answer(*given)
            pairs = zip(right, wrong, strict=True) if exercise.parts else [(right, wrong)]
            assert not all(np.shape(r) == np.shape(w) and np.allclose(r, w) for r, w in pairs)


@pytest.mark.parametrize("seed", range(30))
def test_a_check_of_verdicts_always_tells_the_mistakes_apart(seed):
    exercise = find("ch11.verdicts")
    for mistake in exercise.mistakes:
        result = check("ch11.verdicts", mistake.answer, rng=np.random.default_rng(seed))
        assert result.message == mistake.hint
