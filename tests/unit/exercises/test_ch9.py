"""The exercises of chapter 9: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import LSTM, LSTMParams, Memory, unroll
from unrolled.exercises import check
from unrolled.exercises.checking import find

FUNCTIONS = ("ch9.step", "ch9.columns", "ch9.cells")
NUMBERS = ("ch9.count", "ch9.half-life", "ch9.bias")
GATES = {
    "keep c, show nothing": (0, 1, 0),
    "keep c, show it": (0, 1, 1),
    "replace c by g, show it": (1, 0, 1),
    "add g to c, show nothing": (1, 1, 0),
}
WRONG_WAY = {
    "keep c, show nothing": (0, 0, 0),
    "keep c, show it": (0, 0, 1),
    "replace c by g, show it": (1, 1, 1),
    "add g to c, show nothing": (1, 0, 0),
}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(9))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def stepped(mix=lambda i, f, g, c: f * c + i * g, show=lambda o, c: o * np.tanh(c), order="ifog"):
    def answer(x, h_prev, c_prev, Wx, Wh, b):
        a = dict(zip(order, np.split(x @ Wx + h_prev @ Wh + b, 4, axis=1), strict=True))
        i, f, o, g = sigmoid(a["i"]), sigmoid(a["f"]), sigmoid(a["o"]), np.tanh(a["g"])
        c = mix(i, f, g, c_prev)
        return show(o, c), c

    return answer


def by_package(x, h_prev, c_prev, Wx, Wh, b):
    return LSTM.step(LSTMParams(Wx, Wh, b), x, Memory(h_prev, c_prev))[0]


def exchanged(*given):
    return by_package(*given)[::-1]


def every_fourth(x, h_prev, c_prev, Wx, Wh, b):
    H = len(Wh)
    order = np.arange(4 * H).reshape(H, 4).T.ravel()
    return stepped()(x, h_prev, c_prev, Wx[:, order], Wh[:, order], b[order])


def squeezed_candidate(x, h_prev, c_prev, Wx, Wh, b):
    i, f, o, g = np.split(sigmoid(x @ Wx + h_prev @ Wh + b), 4, axis=1)
    c = f * c_prev + i * g
    return o * np.tanh(c), c


def cells_from_zeros(xs, h0, c0, Wx, Wh, b):
    _, _, tape = unroll(LSTM, LSTMParams(Wx, Wh, b), xs)
    return np.stack([cache.c for cache in tape.caches])


def without_bias(x, h_prev, c_prev, Wx, Wh, b):
    return stepped()(x, h_prev, c_prev, Wx, Wh, np.zeros_like(b))


def cells_by_package(xs, h0, c0, Wx, Wh, b):
    _, _, tape = unroll(LSTM, LSTMParams(Wx, Wh, b), xs, Memory(h0, c0))
    return np.stack([cache.c for cache in tape.caches])


def cells_by_loop(xs, h0, c0, Wx, Wh, b, *, keep="c", carry="hc", first=1):
    h, c, kept = h0, c0, {"h": [h0], "c": [c0]}
    for x in xs:
        start = (h if "h" in carry else h0, c if "c" in carry else c0)
        h, c = stepped()(x, *start, Wx, Wh, b)
        kept["h"].append(h)
        kept["c"].append(c)
    return kept[keep][first : first + len(xs)]


def cells(**switches):
    return lambda *given: cells_by_loop(*given, **switches)


def columns(*order):
    return lambda W: np.hstack([np.split(W, 4, axis=1)[block] for block in order])


RIGHT = [
    ("ch9.freeze", GATES),
    ("ch9.freeze", {name: list(gates) for name, gates in GATES.items()}),
    ("ch9.count", lambda D, H: 4 * H * (D + H + 1)),
    ("ch9.count", lambda D, H: 4 * (D * H + H * H + H)),
    ("ch9.hand", [0.7, 0.6, 0]),
    ("ch9.hand", np.array([7 / 10, 3 / 5, 0.0])),
    ("ch9.step", stepped()),
    ("ch9.step", by_package),
    ("ch9.columns", columns(0, 1, 3, 2)),
    ("ch9.columns", lambda W: W.reshape(len(W), 4, -1)[:, [0, 1, 3, 2]].reshape(W.shape)),
    ("ch9.half-life", lambda b: math.log(2) / math.log1p(math.exp(-b))),
    ("ch9.half-life", lambda b: np.log(0.5) / np.log(sigmoid(b))),
    ("ch9.bias", lambda steps: -math.log(2 ** (1 / steps) - 1)),
    ("ch9.bias", lambda steps: np.log(0.5 ** (1 / steps) / (1 - 0.5 ** (1 / steps)))),
    ("ch9.cells", cells_by_package),
    ("ch9.cells", cells()),
]

WRONG = [
    ("ch9.freeze", WRONG_WAY, "forget gate is the wrong way"),
    ("ch9.freeze", {n: (f, i, o) for n, (i, f, o) in GATES.items()}, "order of the three"),
    ("ch9.freeze", {n: (i, f, 1 - o) for n, (i, f, o) in GATES.items()}, "output gate"),
    ("ch9.freeze", {n: (1 - i, f, o) for n, (i, f, o) in GATES.items()}, "input gate"),
    ("ch9.freeze", GATES | {"add g to c, show nothing": (1, 0, 0)}, "not to replace"),
    ("ch9.count", lambda D, H: 4 * D * H + 4 * H * H, "biases are missing"),
    ("ch9.count", lambda D, H: 4 * D * H + 4 * H * H + H, "How long is b"),
    ("ch9.count", lambda D, H: D * H + H * H + H, "one block of columns"),
    ("ch9.count", lambda D, H: 4 * D * H + 16 * H * H + 4 * H, "how many rows"),
    ("ch9.count", lambda D, H: 4 * D * H + 4 * H * H + 8 * H, "two biases"),
    ("ch9.hand", [1.3, 0.8, 0], "without its gate"),
    ("ch9.hand", [0.65, -0.37, 0], "exchanged"),
    ("ch9.hand", [1.2, 1.1, 0], "added whole"),
    ("ch9.hand", [0.5, 0.5, 0], "nothing was written"),
    ("ch9.hand", [0.7, 0.6, 0.537], "shut output gate"),
    ("ch9.hand", [0.6044, 0.4651, 0], "c itself went through tanh"),
    ("ch9.step", stepped(order="ifgo"), "candidate comes last"),
    ("ch9.step", stepped(order="fiog"), "input gate comes first"),
    ("ch9.step", stepped(lambda i, f, g, c: f * c + g), "unhindered"),
    ("ch9.step", stepped(lambda i, f, g, c: f * c), "whole term is missing"),
    ("ch9.step", stepped(lambda i, f, g, c: c + i * g), "cell of 1997"),
    ("ch9.step", stepped(show=lambda o, c: o * c), "without the tanh"),
    ("ch9.step", stepped(show=lambda o, c: np.tanh(c)), "output gate is not used"),
    (
        "ch9.step",
        stepped(lambda i, f, g, c: np.tanh(f * c + i * g), lambda o, c: o * c),
        "c is squashed",
    ),
    ("ch9.step", without_bias, "bias is missing"),
    ("ch9.step", exchanged, "other order"),
    ("ch9.step", squeezed_candidate, "never negative"),
    ("ch9.step", every_fourth, "every fourth column"),
    ("ch9.columns", lambda W: W[:, [0, 1, 3, 2]], "only four columns"),
    ("ch9.half-life", lambda b: np.log2(1 / sigmoid(b)), "halvings"),
    ("ch9.bias", lambda steps: np.log(steps / np.log(2)), "ln(1 + e^−b)"),
    ("ch9.cells", cells_from_zeros, "begins from zeros"),
    ("ch9.columns", lambda W: W.copy(), "nothing changed"),
    (
        "ch9.columns",
        lambda W: W.reshape(len(W), -1, 4)[..., [0, 1, 3, 2]].reshape(W.shape),
        "single columns",
    ),
    ("ch9.columns", columns(0, 2, 1, 3), "wrong two blocks"),
    ("ch9.columns", columns(3, 2, 1, 0), "all blocks moved"),
    ("ch9.half-life", lambda b: np.log(2) / np.log(sigmoid(b)), "sign is turned"),
    ("ch9.half-life", lambda b: -np.log(2) / np.log(b), "b is not the gate"),
    ("ch9.half-life", sigmoid, "share after one step"),
    ("ch9.half-life", lambda b: 1 / (2 * (1 - sigmoid(b))), "loss of the first step"),
    ("ch9.half-life", lambda b: -1 / np.log(sigmoid(b)), "until 1/e"),
    ("ch9.half-life", lambda b: np.log(2) / np.log(1 + np.exp(b)), "larger bias"),
    ("ch9.bias", lambda steps: 2 ** (-1 / steps), "this is the gate"),
    ("ch9.bias", lambda steps: np.log(2 ** (1 / steps) - 1), "sign is turned"),
    ("ch9.bias", lambda steps: -np.log(1 - 2 ** (-1 / steps)), "not exact"),
    ("ch9.bias", lambda steps: -np.log(np.exp(1 / steps) - 1), "1/e"),
    ("ch9.cells", cells(keep="h"), "hidden states"),
    ("ch9.cells", cells(first=0), "begins with c_0"),
    ("ch9.cells", cells(carry="h"), "from c_0 again"),
    ("ch9.cells", cells(carry="c"), "h_0 at every step"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS + NUMBERS),
    ("ch9.freeze", dict.fromkeys(GATES, ...), "still open"),
    ("ch9.hand", ..., "no answer"),
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


@pytest.mark.parametrize("exercise_id", FUNCTIONS + NUMBERS)
def test_no_mistake_is_ever_right_or_another(exercise_id):
    exercise = find(exercise_id)
    rng = np.random.default_rng(44)
    for _ in range(25):
        given = exercise.draw(rng)
        answers = [exercise.expected(*given)]
        answers += [mistake.answer(*given) for mistake in exercise.mistakes]
        for place, one in enumerate(answers):
            for other in answers[place + 1 :]:
                pairs = zip(one, other, strict=True) if exercise.parts else [(one, other)]
                assert not all(
                    np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-6, atol=1e-6)
                    for a, b in pairs
                )
