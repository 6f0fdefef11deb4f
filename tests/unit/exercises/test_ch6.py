"""The exercises of chapter 6: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams, ops, unroll, unroll_backward
from unrolled.analysis.paths import path_ledger
from unrolled.exercises import check
from unrolled.exercises.checking import find

FUNCTIONS = ("ch6.dwy", "ch6.term", "ch6.backward", "ch6.immediate", "ch6.columns")
COUNTS = {
    "dWh, every step": 20 * 21 // 2,
    "dWh, last step": 20,
    "dWy, every step": 20,
    "dWy, last step": 1,
    "steps of the recursion": 20,
}
ZEROS = {
    "dWh, h_0 = 0": 4,
    "dWx, h_0 = 0": 0,
    "dWx, x_2 = 0": 3,
    "dWh, last step": 6,
    "dWh, h_0 = 0, last step": 7,
}
CLAIMS = {
    "dh_0 is zero if h_0 is zero": False,
    "the terms of one gradient are equal, because the weight is": False,
    "the immediate derivative of h_3 by W_h holds h_2": True,
    "dW_y at step t needs the gradient of a later loss": False,
    "dx_2 needs the gradient of a later loss": True,
}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(6))


def backward(dos, xs, hs, h0, Wx, Wh, Wy):
    """The recursion of the chapter, in arrays."""
    dWh, dWx, db, from_next = np.zeros_like(Wh), np.zeros_like(Wx), np.zeros(len(Wh)), 0
    for t in reversed(range(len(xs))):
        da = (dos[t] @ Wy.T + from_next) * (1 - hs[t] ** 2)
        dWh += (hs[t - 1] if t else h0).T @ da
        dWx += xs[t].T @ da
        db += da.sum(axis=0)
        from_next = da @ Wh.T
    dWy = sum(h.T @ do for h, do in zip(hs, dos, strict=True))
    return dWy, dos.sum(axis=(0, 1)), dWh, dWx, db, from_next


def by_package(dos, xs, hs, h0, Wx, Wh, Wy):
    b = np.mean(np.arctanh(hs[0]) - h0 @ Wh - xs[0] @ Wx, axis=0)
    _, _, tape = unroll(RNN, RNNParams(Wx, Wh, b), xs, Hidden(h0))
    dhs, dWy, dby = ops.affine_backward(dos, hs, Wy, np.zeros(Wy.shape[1]))
    _, dstate, dparams = unroll_backward(RNN, dhs, None, tape)
    return dWy, dby, dparams.Wh, dparams.Wx, dparams.b, dstate.h


def with_one(place, value):
    """Give the right backward with one of its six gradients replaced."""

    def answer(*given):
        right = list(backward(*given))
        right[place] = value(*given)
        return right

    return answer


def steps(*, carry=True, above=True, slope=True, transpose=True, add=True, stop=False, late=False):
    """Give the loop once more, with switches for the slips."""

    def answer(dos, xs, hs, h0, Wx, Wh, Wy):
        parts, from_next = [], np.zeros_like(h0)
        for t in (3, 2, 1, 0):
            dh = dos[t] @ Wy.T if above or t == 3 else 0
            dh = dh + from_next if carry else dh
            da = dh * (1 - hs[t] * hs[t])
            if late:
                da = (dos[t] @ Wy.T) * (1 - hs[t] * hs[t]) + from_next
            parts.append([(hs[t - 1] if t else h0).T @ da, xs[t].T @ da, da.sum(0)])
            from_next = (da if slope else dh) @ (Wh.T if transpose else Wh)
        sums = [sum(each) for each in zip(*parts, strict=True)] if add else parts[-1]
        start = dh if stop else from_next
        return np.einsum("tnh,tnv->hv", hs, dos), dos.sum((0, 1)), *sums, start

    return answer


def term(dh, hs, h0, Wh, t, k):
    states = [h0, *hs]
    jacobians = [np.einsum("nj,ij->nji", 1 - states[step] ** 2, Wh) for step in range(k + 1, t + 1)]
    for jacobian in reversed(jacobians):
        dh = np.einsum("nj,nji->ni", dh, jacobian)
    return states[k - 1].T @ (dh * (1 - states[k] ** 2))


def by_ledger(dh, hs, h0, Wh, t, k):
    """The ledger of a run whose inputs bring exactly these states about."""
    before = np.concatenate([h0[None], hs[:-1]])
    xs = np.arctanh(hs) - before @ Wh
    params = RNNParams(np.eye(len(Wh)), Wh, np.zeros(len(Wh)))
    _, _, tape = unroll(RNN, params, xs, Hidden(h0))
    dhs = np.zeros_like(hs)
    dhs[t - 1] = dh
    return path_ledger(RNN, dhs, tape).terms[t - 1][k - 1].Wh


def term_but(start=0, weight=np.transpose, first=True, slopes=True, links=0):
    def answer(dh, hs, h0, Wh, t, k):
        states = [h0, *hs]
        delta = dh * (1 - states[t] ** 2) if first else dh
        for step in range(t - 1, k - 1 + links, -1):
            delta = delta @ weight(Wh) * (1 - states[step] ** 2 if slopes else 1)
        return states[k - 1 + start].T @ delta

    return answer


def immediate(w, u, xs, h0):
    h1 = np.tanh(w * h0 + u * xs[0])
    h2 = np.tanh(w * h1 + u * xs[1])
    h3 = np.tanh(w * h2 + u * xs[2])
    p1, p2, p3 = ((1 - h * h) * before for h, before in ((h1, h0), (h2, h1), (h3, h2)))
    j2, j3 = ((1 - h * h) * w for h in (h2, h3))
    return p3, p3 + j3 * p2 + j3 * j2 * p1


def by_difference(w, u, xs, h0):
    def last(w3, w):
        h = h0
        for x in xs[:2]:
            h = np.tanh(w * h + u * x)
        return np.tanh(w3 * h + u * xs[2])

    tiny = 1e-30j
    return [last(w + tiny, w).imag / 1e-30, last(w + tiny, w + tiny).imag / 1e-30]


def scalar_but(*, slope=True, weight=True):
    def answer(w, u, xs, h0):
        h, total = h0, 0
        for x in xs:
            before, h = h, np.tanh(w * h + u * x)
            plus = before * (1 - h**2) if slope else before
            total = plus + (1 - h**2) * (w if weight else 1) * total
        return plus, total

    return answer


def sigmoid(a):
    return 0.5 * (1 + np.tanh(a / 2))


def columns(U, W, V, xs, h0, targets, slope=lambda h: h * (1 - h), **slips):
    hs = [h0]
    for x in xs:
        hs.append(sigmoid(U @ x + W @ hs[-1]))
    dU, dW, dV, from_next = 0, 0, 0, 0
    for t in (4, 3, 2, 1):
        e = slips.get("factor", 2) * (V @ hs[t] - targets[t - 1])
        delta = slope(hs[t]) * (V.T @ e + (0 if "no carry" in slips else from_next))
        states = hs[1 : t + 1] if "paths" in slips else hs[t : t + 1]
        dV = dV + sum(np.outer(e, h) for h in states)
        dU = dU + delta[:, None] * xs[t - 1]
        dW = dW + delta[:, None] * hs[t if "after" in slips else t - 1]
        from_next = (W if "untransposed" in slips else W.T) @ delta
    return dU, dW, dV


def columns_as_rows(U, W, V, xs, h0, targets):
    """The same net in the book's row layout, with its own loop over the paths."""
    hs = [h0]
    for x in xs:
        hs.append(sigmoid(x @ U.T + hs[-1] @ W.T))
    dU, dW, dV = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V)
    for t in range(1, 5):
        error = 2 * (hs[t] @ V.T - targets[t - 1])
        dV += np.outer(error, hs[t])
        delta = error @ V * hs[t] * (1 - hs[t])
        for k in range(t, 0, -1):
            dU += np.outer(delta, xs[k - 1])
            dW += np.outer(delta, hs[k - 1])
            delta = delta @ W * hs[k - 1] * (1 - hs[k - 1])
    return dU, dW, dV


def column(**slips):
    return lambda *given: columns(*given, **slips)


RIGHT = [
    ("ch6.count", COUNTS),
    ("ch6.count", {name: float(count) for name, count in COUNTS.items()}),
    ("ch6.dwy", lambda hs, dos: sum(h.T @ do for h, do in zip(hs, dos, strict=True))),
    ("ch6.dwy", lambda hs, dos: np.tensordot(hs, dos, ((0, 1), (0, 1)))),
    ("ch6.zeros", ZEROS),
    ("ch6.zeros", dict(reversed(ZEROS.items()))),
    ("ch6.term", term),
    ("ch6.term", by_ledger),
    ("ch6.term", term_but()),
    ("ch6.backward", backward),
    ("ch6.backward", by_package),
    ("ch6.backward", steps()),
    ("ch6.immediate", immediate),
    ("ch6.immediate", by_difference),
    ("ch6.immediate", scalar_but()),
    ("ch6.columns", columns),
    ("ch6.columns", columns_as_rows),
    ("ch6.claims", CLAIMS),
    ("ch6.claims", {claim: np.bool_(holds) for claim, holds in CLAIMS.items()}),
]

WRONG = [
    ("ch6.count", COUNTS | {"dWh, every step": 400}, "all pairs"),
    ("ch6.count", COUNTS | {"dWh, every step": 190}, "k = t"),
    ("ch6.count", COUNTS | {"dWy, every step": 210, "dWy, last step": 20}, "like dWh"),
    ("ch6.count", COUNTS | {"dWy, last step": 20}, "does this loss read"),
    ("ch6.count", COUNTS | {"steps of the recursion": 210}, "where two gradients meet"),
    ("ch6.dwy", lambda hs, dos: sum(hs[k].T @ dos[t] for t in range(4) for k in range(t + 1)),
     "earlier states"),
    ("ch6.dwy", lambda hs, dos: hs[3].T @ dos[3], "every step is scored"),
    ("ch6.dwy", lambda hs, dos: sum(hs[t - 1].T @ dos[t] for t in (1, 2, 3)), "same step"),
    ("ch6.dwy", lambda hs, dos: np.mean(hs.transpose(0, 2, 1) @ dos, axis=0), "mean over"),
    ("ch6.dwy", lambda hs, dos: sum(do.T @ h for h, do in zip(hs, dos, strict=True)),
     "exchanged"),
    ("ch6.zeros", ZEROS | {"dWh, h_0 = 0": 1}, "first loss"),
    ("ch6.zeros", ZEROS | {"dWx, h_0 = 0": 4}, "state or the input"),
    ("ch6.zeros", ZEROS | {"dWx, x_2 = 0": 7}, "only passes step 2"),
    ("ch6.zeros", ZEROS | {"dWx, x_2 = 0": 1}, "look back to step 2"),
    ("ch6.zeros", ZEROS | {"dWh, last step": 3}, "not scored"),
    ("ch6.zeros", ZEROS | {"dWh, h_0 = 0, last step": 10}, "share some terms"),
    ("ch6.term", term_but(start=1), "after step k"),
    ("ch6.term", term_but(weight=np.array), "the way the state came"),
    ("ch6.term", term_but(first=False), "slope of step t"),
    ("ch6.term", term_but(slopes=False), "its own slope"),
    ("ch6.term", term_but(links=1), "one link is missing"),
    ("ch6.backward", steps(add=False), "only one step is left"),
    ("ch6.backward", with_one(2, lambda *g: after(*g)), "state after each step"),
    ("ch6.backward", steps(carry=False), "comes from the next step"),
    ("ch6.backward", steps(above=False), "only the last loss"),
    ("ch6.backward", lambda *g: backward(*g[:3], g[2][-1], *g[4:]), "hs[-1], the last state"),
    ("ch6.backward", steps(late=True), "added behind tanh"),
    ("ch6.backward", steps(slope=False), "not yet passed tanh"),
    ("ch6.backward", steps(transpose=False), "the way the state came"),
    ("ch6.backward", steps(stop=True), "One link is missing"),
    ("ch6.immediate", lambda *given: immediate(*given)[::-1], "two are exchanged"),
    ("ch6.immediate", lambda *given: [immediate(*given)[0]] * 2, "stops at step 3"),
    ("ch6.immediate", scalar_but(slope=False), "not passed tanh"),
    ("ch6.immediate", scalar_but(weight=False), "two factors"),
    ("ch6.columns", column(slope=lambda h: 1 - h * h), "slope of tanh"),
    ("ch6.columns", column(paths=True), "no path through time"),
    ("ch6.columns", column(factor=1), "no factor ½"),
    ("ch6.columns", column(untransposed=True), "column notation too"),
    ("ch6.columns", column(**{"no carry": True}), "comes from the next step"),
    ("ch6.columns", column(after=True), "state after each step"),
    *(
        ("ch6.claims", CLAIMS | {claim: not CLAIMS[claim]}, words)
        for claim, words in zip(
            CLAIMS,
            ("slope zero", "same state", "multiply at step 3", "go on to the next", "which losses"),
            strict=True,
        )
    ),
]  # fmt: skip

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch6.count", dict.fromkeys(COUNTS, ...), "still open"),
    ("ch6.zeros", dict.fromkeys(ZEROS, ...), "still open"),
    ("ch6.claims", dict.fromkeys(CLAIMS, ...), "still open"),
]


def after(dos, xs, hs, h0, Wx, Wh, Wy):
    total, from_next = 0, 0
    for t in (3, 2, 1, 0):
        da = (dos[t] @ Wy.T + from_next) * (1 - hs[t] ** 2)
        total = total + hs[t].T @ da
        from_next = da @ Wh.T
    return total


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
    rng = np.random.default_rng(66)
    for _ in range(30):
        given = exercise.draw(rng)
        right = exercise.expected(*given)
        for mistake in exercise.mistakes:
            wrong = mistake.answer(*given)
            pairs = zip(right, wrong, strict=True) if exercise.parts else [(right, wrong)]
            assert not all(np.shape(r) == np.shape(w) and np.allclose(r, w) for r, w in pairs)


def test_zeros_are_those_of_the_ledger():
    rng = np.random.default_rng(6)
    xs, dhs = rng.normal(size=(4, 1, 2)), rng.normal(size=(4, 1, 3))
    params, given = RNN.init(2, 3, rng=rng), Hidden(rng.normal(size=(1, 3)))
    pairs = [(t, k) for t in range(4) for k in range(t + 1)]

    def count(name, xs, dhs, state0):
        _, _, tape = unroll(RNN, params, xs, state0)
        terms = path_ledger(RNN, dhs, tape).terms
        return sum(not getattr(terms[t][k], name).any() for t, k in pairs)

    last = dhs * (np.arange(4) == 3)[:, None, None]
    no_x2 = xs * (np.arange(4) != 1)[:, None, None]
    assert {
        "dWh, h_0 = 0": count("Wh", xs, dhs, None),
        "dWx, h_0 = 0": count("Wx", xs, dhs, None),
        "dWx, x_2 = 0": count("Wx", no_x2, dhs, given),
        "dWh, last step": count("Wh", xs, last, given),
        "dWh, h_0 = 0, last step": count("Wh", xs, last, None),
    } == ZEROS
