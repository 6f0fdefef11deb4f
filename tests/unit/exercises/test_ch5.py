"""Chapter 5's checks accept every right answer and name each usual mistake."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import ops, train
from unrolled.exercises import check

FUNCTIONS = ("dlogits", "masked-loss", "spell", "sgd", "floor", "squared-softmax")


def verdict(name, answer, seed=0):
    return check(f"ch5.{name}", answer, rng=np.random.default_rng(seed))


def softmax(o):
    return np.exp(o) / np.exp(o).sum()


def gap(o, y):
    return softmax(o) - np.eye(len(o))[y]


def nats(logits, targets):
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, targets[..., None], -1)[..., 0])


def dlogits_by_loop(o, y):
    total = sum(math.exp(each) for each in o)
    return np.array([math.exp(each) / total - (j == y) for j, each in enumerate(o)])


def squared_by_jacobian(o, y):
    p = softmax(o)
    return 2 / len(o) * (np.diag(p) - np.outer(p, p)) @ gap(o, y)


def squared_by_loop(o, y):
    p, g = softmax(o), gap(o, y)
    V = len(o)
    return [sum(2 / V * g[i] * p[i] * ((i == j) - p[j]) for i in range(V)) for j in range(V)]


def masked_by_loop(o, y, mask):
    T, N, _ = o.shape
    values = nats(o, y)
    return sum(values[t, n] for t in range(T) for n in range(N) if mask[t, n]) / N


def spell(params, first, length, *, carry=True, feed=True):
    Wx, Wh, b, Wy, by = params
    h, token, written = np.zeros(len(b)), first, []
    for _ in range(length):
        h = np.tanh(h @ Wh * carry + Wx[token] + b)
        written.append(int(np.argmax(softmax(h @ Wy + by))))
        token = written[-1] if feed else first
    return np.array(written)


def spell_one_hot(params, first, length):
    Wx, Wh, b, Wy, by = params
    h, x, written = np.zeros((1, len(b))), np.eye(len(Wx))[[first]], []
    while len(written) < length:
        h = np.tanh(np.concatenate([h, x], 1) @ np.concatenate([Wh, Wx]) + b)
        written += (h @ Wy + by).argmax(1).tolist()
        x = np.eye(len(Wx))[written[-1:]]
    return written


UNITS = {"units": 8, "parameters, T = 4": 140, "parameters, T = 400": 140}
REACH = {"last": 1 / 8, "every": 15 / 8, "terms at h_3": 2, "terms at Wy": 4}

RIGHT = [
    ("dlogits", dlogits_by_loop),
    ("dlogits", lambda o, y: ops.softmax_cross_entropy_backward(o[None], np.array([y]))[0]),
    ("units", UNITS),
    ("units", {key: np.int64(value) for key, value in UNITS.items()}),
    ("masked-loss", masked_by_loop),
    ("masked-loss", lambda o, y, mask: ops.softmax_cross_entropy(o, y, mask)),
    ("spell", spell),
    ("spell", spell_one_hot),
    ("sgd", lambda params, grads, rate: train.sgd(rate).update(params, grads, None)[0]),
    ("sgd", lambda params, grads, rate: [params[i] - grads[i] * rate for i in range(3)]),
    ("floor", lambda n: -(n * np.log(n / n.sum())).sum()),
    ("floor", lambda n: n.sum() * math.log(n.sum()) - sum(k * math.log(k) for k in n)),
    ("reach", REACH),
    ("reach", {key: float(value) for key, value in REACH.items()}),
    ("squared-softmax", squared_by_jacobian),
    ("squared-softmax", squared_by_loop),
]

WRONG = [
    ("dlogits", lambda o, y: softmax(o), "which class was right"),
    ("dlogits", lambda o, y: -gap(o, y), "sign is turned"),
    ("dlogits", lambda o, y: gap(o, y) * np.eye(len(o))[y], "wrong ones matter too"),
    ("dlogits", lambda o, y: gap(o, y) / len(o), "divided by V"),
    ("units", UNITS | {"units": 4}, "T counts the steps"),
    ("units", UNITS | {"parameters, T = 400": 14_000}, "shared"),
    ("units", {**UNITS, "parameters, T = 4": 128, "parameters, T = 400": 128}, "two biases"),
    ("units", UNITS | {"parameters, T = 4": 7}, "entry 'parameters, T = 4'"),
    ("masked-loss", lambda o, y, mask: nats(o, y).sum() / o.shape[1], "padded steps"),
    ("masked-loss", lambda o, y, mask: nats(o, y)[mask].mean(), "mean over the steps that count"),
    ("masked-loss", lambda o, y, mask: nats(o, y)[mask].sum(), "sum over all sequences"),
    ("masked-loss", lambda o, y, mask: (nats(o, y) * mask).mean(), "summed, not averaged"),
    ("spell", lambda *given: spell(*given, carry=False), "starts anew"),
    ("spell", lambda *given: spell(*given, feed=False), "read at every step"),
    ("spell", lambda p, i, n: np.append(i, spell(p, i, n - 1)), "what the network wrote"),
    ("sgd", lambda P, G, r: tuple(p + r * g for p, g in zip(P, G, strict=True)), "climbs"),
    ("sgd", lambda P, G, r: tuple(p - g for p, g in zip(P, G, strict=True)), "rate has no effect"),
    ("sgd", lambda P, G, r: tuple(-r * g for g in G), "the step alone"),
    ("floor", lambda n: -(n * np.log(n / n.sum())).sum() / n.sum(), "one occurrence"),
    ("floor", lambda n: -(n * np.log2(n / n.sum())).sum(), "in bits"),
    ("floor", lambda n: n.sum() * np.log(len(n)), "equal probabilities"),
    ("reach", REACH | {"last": 1 / 16}, "links between"),
    ("reach", REACH | {"every": 1}, "comes back"),
    ("reach", REACH | {"terms at h_3": 3}, "losses before it"),
    ("reach", REACH | {"terms at Wy": 1}, "one matrix"),
    ("squared-softmax", lambda o, y: 2 * gap(o, y) / len(o), "One more link"),
    (
        "squared-softmax",
        lambda o, y: 2 * gap(o, y) * softmax(o) * (1 - softmax(o)) / len(o),
        "off the diagonal",
    ),
    ("squared-softmax", lambda o, y: len(o) * squared_by_jacobian(o, y), "mean over the V"),
    ("squared-softmax", gap, "gradient of cross-entropy"),
]


@pytest.mark.parametrize(("name", "answer"), RIGHT)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_answers_pass(name, answer, seed):
    result = verdict(name, answer, seed)

    assert result.passed, result


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_mistake_gets_its_hint(name, answer, words, seed):
    result = verdict(name, answer, seed)

    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stub_is_not_an_answer(name):
    assert "returns nothing" in verdict(name, lambda *given: ...).message


@pytest.mark.parametrize(("name", "keys"), [("units", UNITS), ("reach", REACH)])
def test_open_entries_are_named(name, keys):
    assert "still open" in verdict(name, dict.fromkeys(keys, ...)).message
    assert "no answer" in verdict(name, ...).message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_changing_an_argument_is_refused(name):
    def careless(first, *others):
        array = first[0] if isinstance(first, tuple) else first
        array += 1
        return array

    assert "changed its argument number 1" in verdict(name, careless).message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_is_refused(name):
    answers = {each: function for each, function in RIGHT if each in FUNCTIONS}

    def broken(*given):
        value = answers[name](*given)
        if name == "sgd":
            return tuple(part * np.nan for part in value)
        return np.asarray(value) * np.nan

    assert "NaN" in verdict(name, broken).message
