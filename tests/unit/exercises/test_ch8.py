"""The exercises of chapter 8: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams, unroll, unroll_backward
from unrolled.analysis.rtrl import costs, rtrl
from unrolled.analysis.truncation import noise_share, stationary_share
from unrolled.exercises import check
from unrolled.exercises.checking import find
from unrolled.sequence import truncated, windows

FUNCTIONS = (
    "ch8.carry", "ch8.share", "ch8.truncated", "ch8.costs", "ch8.rtrl", "ch8.noise",
)  # fmt: skip
BOUNDARY = {
    "the value of h": "goes on",
    "the gradient of h": "stops",
    "the weights": "goes on",
    "Adam's running means": "goes on",
    "the caches": "stops",
}
COUNTS = {"all": 78, "length 4, stride 4": 30, "length 4, stride 2": 38, "length 4, stride 1": 42}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(8))


def starts(xs, h0, Wx, Wh, b, length):
    found, h = [], h0
    for t, x in enumerate(xs):
        if t % length == 0:
            found.append(h)
        h = np.tanh(h @ Wh + x @ Wx + b)
    return np.stack(found)


def starts_by_package(xs, h0, Wx, Wh, b, length):
    cell = RNNParams(Wx, Wh, b)
    seen = windows(RNN, cell, xs, length=length, state0=Hidden(h0))
    return np.stack([h0, *(window.state.h for window in seen)][:-1])


def starts_wrong(handed_on):
    def answer(xs, h0, Wx, Wh, b, length):
        found, h = [], h0
        for start in range(0, len(xs), length):
            found.append(h)
            hs, _, _ = unroll(RNN, RNNParams(Wx, Wh, b), xs[start : start + length], Hidden(h))
            h = handed_on(h0, hs)
        return np.stack(found)

    return answer


def ends(xs, h0, Wx, Wh, b, length):
    seen = windows(RNN, RNNParams(Wx, Wh, b), xs, length=length, state0=Hidden(h0))
    return np.stack([window.state.h for window in seen])


def dwh(window_dwh, handed_on=lambda h0, h: h, first=lambda h0: h0):
    """Loop over windows end to end and add what each gives."""

    def answer(xs, h0, dhs, Wx, Wh, b, length):
        h, total = first(h0), np.zeros_like(Wh)
        for start in range(0, len(xs), length):
            hs = [h]
            for x in xs[start : start + length]:
                hs.append(np.tanh(hs[-1] @ Wh + x @ Wx + b))
            total = total + window_dwh(hs, dhs[start : start + length], Wh)
            h = handed_on(h0, hs[-1])
        return total

    return answer


def back(hs, dhs, Wh):
    dh, total = np.zeros_like(hs[0]), np.zeros_like(Wh)
    for t in range(len(dhs), 0, -1):
        da = (dhs[t - 1] + dh) * (1 - hs[t] ** 2)
        total = total + hs[t - 1].T @ da
        dh = da @ Wh.T
    return total


def back_alone(hs, dhs, Wh):
    return sum(h.T @ (d * (1 - n**2)) for h, n, d in zip(hs[:-1], hs[1:], dhs, strict=True))


def back_from_last(hs, dhs, Wh):
    only = np.zeros_like(dhs)
    only[-1] = dhs[-1]
    return back(hs, only, Wh)


def dwh_by_package(stride):
    def answer(xs, h0, dhs, Wx, Wh, b, length):
        return truncated(
            RNN, RNNParams(Wx, Wh, b), xs, lambda w: dhs[w.start : w.start + len(w.hs)],
            length=length, stride=stride or length, state0=Hidden(h0),
        ).dparams.Wh  # fmt: skip

    return answer


def whole(xs, h0, dhs, Wx, Wh, b, length):
    _, _, tape = unroll(RNN, RNNParams(Wx, Wh, b), xs, Hidden(h0))
    return unroll_backward(RNN, dhs, None, tape)[2].Wh


def cut_where(cuts):
    """Walk back over the whole stream and forget what comes from later at some steps."""

    def answer(xs, h0, dhs, Wx, Wh, b, length):
        hs = [h0]
        for x in xs:
            hs.append(np.tanh(hs[-1] @ Wh + x @ Wx + b))
        total, dh = np.zeros_like(Wh), 0
        for t in range(len(xs) - 1, -1, -1):
            dh = 0 if cuts(t, length, len(xs)) else dh
            da = (dhs[t] + dh) * (1 - hs[t + 1] ** 2)
            total, dh = total + hs[t].T @ da, da @ Wh.T
        return total

    return answer


def forward(jacobian=True, old=True, last=False, slope=True, before=True, transposed=False):
    def answer(xs, h0, dhs, Wx, Wh, b):
        H, h = len(h0), h0
        P, total = np.zeros((H, H * H)), np.zeros(H * H)
        for t, x in enumerate(xs):
            prev, h = h, np.tanh(h @ Wh + x @ Wx + b)
            s = 1 - h * h
            J = np.diag(s) @ Wh.T if jacobian else Wh.T
            J = J.T if transposed else J
            now = np.zeros((H, H, H))
            for k in range(H):
                now[k, :, k] = (prev if before else h) * (s[k] if slope else 1)
            P = now.reshape(H, -1) + (J @ P if old else 0)
            total = dhs[t] @ P if last else total + dhs[t] @ P
        return total.reshape(H, H)

    return answer


def rtrl_by_package(xs, h0, dhs, Wx, Wh, b):
    return rtrl(RNN, RNNParams(Wx, Wh, b), xs[:, None], dhs[:, None], Hidden(h0[None])).dparams.Wh


def rtrl_by_bptt(xs, h0, dhs, Wx, Wh, b):
    _, _, tape = unroll(RNN, RNNParams(Wx, Wh, b), xs[:, None], Hidden(h0[None]))
    return unroll_backward(RNN, dhs[:, None], None, tape)[2].Wh


def share(w, length, stride):
    return 1 - w ** (length - stride + 1) * (1 - w**stride) / (stride * (1 - w))


def median(w, K):
    q = w * w
    return 1 - q**K * (1 + K * (1 - q) / (1 + q))


def weights(D, H):
    return H * (D + H + 1)


RIGHT = [
    ("ch8.boundary", BOUNDARY),
    ("ch8.boundary", {name: word.upper() for name, word in BOUNDARY.items()}),
    ("ch8.count", COUNTS),
    ("ch8.count", {name: float(number) for name, number in COUNTS.items()}),
    ("ch8.carry", starts),
    ("ch8.carry", starts_by_package),
    ("ch8.share", share),
    ("ch8.share", stationary_share),
    ("ch8.truncated", dwh(back)),
    ("ch8.truncated", dwh_by_package(None)),
    ("ch8.costs", lambda D, H, T: (H * weights(D, H), T * H, H * H * weights(D, H))),
    ("ch8.costs", lambda D, H, T: [costs(D, H, T)[i] for i in (1, 2, 3)]),
    ("ch8.rtrl", forward()),
    ("ch8.rtrl", rtrl_by_package),
    ("ch8.rtrl", rtrl_by_bptt),
    ("ch8.noise", median),
    ("ch8.noise", lambda w, K: noise_share(w, K).median),
]

WRONG = [
    ("ch8.boundary", BOUNDARY | {"the value of h": "stops"}, "one long run"),
    ("ch8.boundary", BOUNDARY | {"the gradient of h": "goes on"}, "nothing would be truncated"),
    (
        "ch8.boundary",
        BOUNDARY | {"the value of h": "stops", "the gradient of h": "goes on"},
        "are exchanged",
    ),
    ("ch8.boundary", BOUNDARY | {"the caches": "goes on"}, "flat in T"),
    ("ch8.boundary", BOUNDARY | {"Adam's running means": "stops"}, "not a new training"),
    ("ch8.boundary", BOUNDARY | {"the weights": "stops"}, "not start them"),
    ("ch8.count", COUNTS | {"length 4, stride 1": 48}, "rows are shorter"),
    ("ch8.count", COUNTS | {"length 4, stride 4": 48}, "not a square"),
    ("ch8.count", COUNTS | {"all": 66}, "the diagonal counts"),
    ("ch8.count", COUNTS | {"length 4, stride 2": 42}, "not carried equally far"),
    ("ch8.carry", starts_wrong(lambda h0, hs: 0 * h0), "zeros"),
    ("ch8.carry", starts_wrong(lambda h0, hs: h0), "h0 again"),
    ("ch8.carry", starts_wrong(lambda h0, hs: hs[max(0, len(hs) - 2)]), "before the last step"),
    ("ch8.carry", ends, "at the end of each window"),
    ("ch8.share", lambda w, K, S: 1 - w**K, "newest loss"),
    ("ch8.share", lambda w, K, S: 1 - w ** (K - S + 1), "at least that far"),
    ("ch8.share", lambda w, K, S: 1 - (1 - share(w, K, S)) / w, "count the uses again"),
    ("ch8.share", lambda w, K, S: 1 - share(w, K, S), "what is dropped"),
    ("ch8.share", lambda w, K, S: 1 - w ** (K - S + 1) * (1 - w**S) / (1 - w), "their mean"),
    ("ch8.share", lambda w, K, S: share(w, K, K), "whatever the stride"),
    ("ch8.truncated", whole, "the whole gradient"),
    ("ch8.truncated", dwh(back, lambda h0, h: 0 * h0, lambda h0: 0 * h0), "set to zero"),
    ("ch8.truncated", dwh(back, lambda h0, h: h0), "h0 again"),
    ("ch8.truncated", dwh(back_alone), "has to travel"),
    ("ch8.truncated", dwh(back_from_last), "only the last loss"),
    ("ch8.truncated", dwh_by_package(1), "stride 1"),
    ("ch8.truncated", cut_where(lambda t, length, T: t % length == 0), "one step off"),
    ("ch8.truncated", cut_where(lambda t, length, T: (T - 1 - t) % length == 0), "from the end"),
    ("ch8.costs", lambda D, H, T: (H**3, T * H, H**4), "W_x and b"),
    (
        "ch8.costs",
        lambda D, H, T: (H * H * (D + H), T * H, H**3 * (D + H)),
        "Which one is no matrix",
    ),
    (
        "ch8.costs",
        lambda D, H, T: (weights(D, H), T * H, H * weights(D, H)),
        "a row for each unit",
    ),
    (
        "ch8.costs",
        lambda D, H, T: (T * H * weights(D, H), T * H, H * H * weights(D, H)),
        "for every step",
    ),
    (
        "ch8.costs",
        lambda D, H, T: (H * weights(D, H), T * H, H * weights(D, H)),
        "sums over an index",
    ),
    ("ch8.rtrl", forward(old=False), "immediate derivative is used"),
    ("ch8.rtrl", forward(transposed=True), "indices exchanged"),
    ("ch8.rtrl", forward(jacobian=False), "pass tanh"),
    ("ch8.rtrl", lambda *given: forward()(*given).T, "is transposed"),
    ("ch8.rtrl", forward(slope=False), "lacks the slope"),
    ("ch8.rtrl", forward(last=True), "last loss is heard"),
    ("ch8.rtrl", forward(before=False), "one after"),
    ("ch8.noise", lambda w, K: 1 - w**K, "constant input"),
    ("ch8.noise", lambda w, K: 1 - w ** (2 * K), "more inert"),
    ("ch8.noise", lambda w, K: 1, "independent"),
    ("ch8.noise", lambda w, K: (1 - median(w, K)) / w**K, "correlation alone"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch8.boundary", dict.fromkeys(BOUNDARY, ...), "still open"),
    ("ch8.count", dict.fromkeys(COUNTS, ...), "still open"),
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
    rng = np.random.default_rng(88)
    for _ in range(10):
        given = exercise.draw(rng)
        right = np.stack(exercise.expected(*given)) if exercise.parts else exercise.expected(*given)
        answers = [mistake.answer(*given) for mistake in exercise.mistakes]
        for wrong in answers:
            assert not np.allclose(right, wrong, rtol=1e-6, atol=1e-6)
