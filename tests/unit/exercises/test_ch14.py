"""The exercises of chapter 14: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.analysis.costs import intensity, multiply_adds
from unrolled.analysis.counting import counted
from unrolled.exercises import check
from unrolled.exercises.checking import find

FUNCTIONS = (
    "ch14.count", "ch14.slope", "ch14.intensity", "ch14.whole", "ch14.hoist", "ch14.rows",
    "ch14.mgu",
)  # fmt: skip
LIMITS = {
    "adding two arrays of shape (1, 3)": "calls",
    "adding two arrays of 100 million numbers": "bytes",
    "(2048, 512) @ (512, 2048)": "products",
    "(1, 4096) @ (4096, 4096)": "bytes",
    "an LSTM with T = 4, N = 1, D = 4, H = 3": "calls",
}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(14))


def count_by_package(T, N, D, H, G):
    return multiply_adds({3: "GRU", 4: "LSTM"}[G], T, N, D, H)


def hoisted(start=lambda h: h, b=1, past=None, squash=np.tanh):
    @counted
    def answer(xs, h0, Wx, Wh, bias):
        a, h, hs = xs @ Wx + b * bias, start(h0), []
        for each in a:
            h = squash(each + (h if past is None else h0) @ Wh)
            hs.append(h)
        return np.stack(hs)

    return answer


@counted
def hoisted_in_rows(xs, h0, Wx, Wh, b):
    T, N, D = xs.shape
    hs = np.empty((T + 1, N, len(b)))
    hs[0] = h0
    a = np.dot(xs.reshape(-1, D), Wx).reshape(T, N, -1)
    for t in range(T):
        hs[t + 1] = np.tanh(np.dot(hs[t], Wh) + a[t] + b)
    return hs[1:]


@counted
def in_the_loop(xs, h0, Wx, Wh, b):
    h, hs = h0, []
    for x in xs:
        h = np.tanh(x @ Wx + h @ Wh + b)
        hs.append(h)
    return np.stack(hs)


@counted
def hoisted_and_lost(xs, h0, Wx, Wh, b):
    T, N, D = xs.shape
    a = (xs.reshape(T * N, D) @ Wx + b).reshape(T, N, -1)
    hs, Wh = np.empty((T + 1, *h0.shape)), np.ascontiguousarray(Wh)
    hs[0] = h0
    for t in range(T):
        hs[t + 1] = np.tanh(np.asarray(a[t]) + hs[t].dot(Wh))
    return hs[1:]


def mgu_and_lost(*blocks):
    @counted
    def answer(xs, h0, Wx, Wh, b):
        (T, N, D), H = xs.shape, h0.shape[1]
        a = (xs.reshape(T * N, D) @ Wx + b).reshape(T, N, 2 * H)
        lost = [np.ascontiguousarray(Wh[:, k * H : (k + 1) * H]) for k in (0, 1)]
        Whf, Whn = (lost[k] if k in blocks else Wh[:, k * H : (k + 1) * H] for k in (0, 1))
        hs = np.empty((T + 1, N, H))
        hs[0] = h0
        for t in range(T):
            f = sigmoid(np.asarray(a[t, :, :H] + hs[t] @ Whf))
            n = np.tanh(np.asarray(a[t, :, H:]) + (f * hs[t]) @ Whn)
            hs[t + 1] = hs[t] + f * (n - hs[t])
        return hs[1:]

    return answer


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mgu(products="fused", seen=lambda f, h: f * h, turned=False, order=(0, 1), gate=sigmoid):
    @counted
    def answer(xs, h0, Wx, Wh, b):
        H = h0.shape[1]
        f_, n_ = (slice(k * H, (k + 1) * H) for k in order)
        if products == "blocks":
            a = np.concatenate([xs @ Wx[:, :H], xs @ Wx[:, H:]], axis=2) + b
        else:
            a = xs @ Wx + b
        h, hs = h0, []
        for t in range(len(xs)):
            each = xs[t] @ Wx + b if products == "loop" else a[t]
            both = h @ Wh if products == "one" else None
            f = gate(each[:, f_] + (h @ Wh[:, f_] if both is None else both[:, f_]))
            past = seen(f, h) @ Wh[:, n_] if both is None else both[:, n_]
            n = np.tanh(each[:, n_] + past)
            h = f * h + (1 - f) * n if turned else (1 - f) * h + f * n
            hs.append(h)
        return np.stack(hs)

    if products != "loop":
        return answer
    return lambda *given: (answer(*given)[0], answer(*given)[1] - 1)  # a is not asked for


def rows_by_add_at(ids, da, V):
    dWx = np.zeros((V, da.shape[1]))
    np.add.at(dWx, ids, da)
    return dWx


def rows_overwritten(ids, da, V):
    dWx = np.zeros((V, da.shape[1]))
    dWx[ids] += da
    return dWx


def rows_of_means(ids, da, V):
    return np.stack(
        [da[ids == v].mean(axis=0) if (ids == v).any() else 0 * da[0] for v in range(V)]
    )


RIGHT = [
    ("ch14.count", count_by_package),
    ("ch14.count", lambda T, N, D, H, G: sum([T * N * D * G * H, T * N * H * G * H]) * 3),
    ("ch14.limits", LIMITS),
    ("ch14.limits", {work: name.upper() for work, name in LIMITS.items()}),
    ("ch14.slope", lambda t: (1 - t) * (1 + t) / 4),
    ("ch14.slope", lambda t: sigmoid(2 * np.arctanh(t)) * (1 - t) / 2),
    ("ch14.intensity", lambda N, H, G: intensity(N, H, G * H)),
    ("ch14.intensity", lambda N, H, G: N * H * G / (2 * (N + G * H + N * G))),
    ("ch14.whole", lambda share, gain: gain / (gain - share * (gain - 1))),
    ("ch14.whole", lambda share, gain: (1 - share + share / gain) ** -1),
    ("ch14.hoist", hoisted()),
    ("ch14.hoist", hoisted_in_rows),
    ("ch14.rows", rows_by_add_at),
    ("ch14.rows", lambda ids, da, V: (ids == np.arange(V)[:, None]) @ da),
    ("ch14.mgu", mgu()),
    ("ch14.mgu", mgu(gate=lambda z: 0.5 + 0.5 * np.tanh(z / 2))),
]


def changed(work, named):
    return LIMITS | {work: named}


WRONG = [
    ("ch14.count", lambda T, N, D, H, G: T * N * G * H * (D + H), "forward pass alone"),
    ("ch14.count", lambda T, N, D, H, G: 2 * T * N * G * H * (D + H), "as much as forward"),
    ("ch14.count", lambda T, N, D, H, G: 6 * T * N * G * H * (D + H), "these are flops"),
    ("ch14.count", lambda T, N, D, H, G: 3 * N * G * H * (D + H), "one step"),
    ("ch14.count", lambda T, N, D, H, G: 3 * T * N * H * (D + H), "G blocks"),
    ("ch14.count", lambda T, N, D, H, G: T * N * G * H * (2 * D + 3 * H), "gradient of the inputs"),
    ("ch14.limits", changed("adding two arrays of shape (1, 3)", "bytes"), "nanosecond"),
    ("ch14.limits", changed("adding two arrays of 100 million numbers", "products"), "twelve"),
    ("ch14.limits", changed("(2048, 512) @ (512, 2048)", "bytes"), "many times"),
    ("ch14.limits", changed("(1, 4096) @ (4096, 4096)", "products"), "half a flop"),
    ("ch14.limits", changed("an LSTM with T = 4, N = 1, D = 4, H = 3", "products"), "count the"),
    ("ch14.slope", lambda t: 1 - t**2, "slope of tanh itself"),
    ("ch14.slope", lambda t: (1 - t**2) / 2, "one half is missing"),
    ("ch14.slope", lambda t: t * (1 - t), "Put σ"),
    ("ch14.slope", lambda t: (1 + t) / 2, "this is σ"),
    ("ch14.slope", lambda t: (t**2 - 1) / 4, "sign is turned"),
    ("ch14.intensity", lambda N, H, G: intensity(N, H, G * H) / 2, "two flops|not eight"),
    ("ch14.intensity", lambda N, H, G: intensity(N, H, G * H) * 4, "How many bytes"),
    ("ch14.intensity", lambda N, H, G: N / 2, "only the weights"),
    ("ch14.intensity", lambda N, H, G: N * H * G / (2 * (N + G * H)), "written too"),
    ("ch14.whole", lambda share, gain: 1 - share + share / gain, "share of the old one"),
    ("ch14.whole", lambda share, gain: gain, "only the part"),
    ("ch14.whole", lambda share, gain: 1 + share * (gain - 1), "mean of two speeds"),
    ("ch14.whole", lambda share, gain: 1 / (1 - share), "the limit"),
    ("ch14.whole", lambda share, gain: 1 / (share + (1 - share) / gain), "not to the rest"),
    ("ch14.hoist", in_the_loop, "still stands in the loop"),
    ("ch14.hoist", hoisted_and_lost, "not all products were counted"),
    ("ch14.mgu", mgu_and_lost(0, 1), "not all products were counted"),
    ("ch14.mgu", mgu_and_lost(0), "One product in every step"),
    ("ch14.hoist", hoisted(start=np.zeros_like), "where is h0"),
    ("ch14.hoist", hoisted(b=0), "bias is missing"),
    ("ch14.hoist", hoisted(b=2), "added twice"),
    ("ch14.hoist", hoisted(past="h0"), "no step hears"),
    ("ch14.hoist", hoisted(squash=lambda z: z), "not squashed"),
    ("ch14.hoist", lambda *given: hoisted()(*given)[0], "expected 2 values"),
    ("ch14.rows", rows_overwritten, "comes twice"),
    ("ch14.rows", rows_of_means, "these are means"),
    ("ch14.rows", lambda ids, da, V: np.ones((V, 1)) * da.sum(axis=0), "the same sum"),
    ("ch14.mgu", mgu(products="loop"), "three products a step"),
    ("ch14.mgu", mgu(products="blocks"), "two input products"),
    ("ch14.mgu", mgu(products="one"), "is not enough"),
    ("ch14.mgu", mgu(turned=True), "wrong way round"),
    ("ch14.mgu", mgu(order=(1, 0)), "f first, then n"),
    ("ch14.mgu", mgu(gate=lambda z: z), "not a sigmoid"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch14.hoist", counted(lambda *given: None), "returns nothing"),
    ("ch14.mgu", counted(lambda *given: ...), "returns nothing"),
    ("ch14.limits", dict.fromkeys(LIMITS, ...), "still open"),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_right_answer_passes(exercise_id, answer):
    result = ask(exercise_id, answer)
    assert result.passed, result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), WRONG)
def test_wrong_answer_gets_its_own_hint(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert any(each in result.message for each in words.split("|")), result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", FUNCTIONS)
def test_no_mistake_is_ever_right(exercise_id):
    exercise = find(exercise_id)
    for seed in range(4):
        for mistake in exercise.mistakes:
            assert not check(exercise_id, mistake.answer, rng=np.random.default_rng(seed)).passed
