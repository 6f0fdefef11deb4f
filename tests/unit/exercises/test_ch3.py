"""Chapter 3's checks accept right answers, and name the usual mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import RNN, RNNParams, exercises, interop, ops, unroll

TABLE = {
    "x": (32, 10),
    "xs": (7, 32, 10),
    "h": (32, 64),
    "hs": (7, 32, 64),
    "Wx": (10, 64),
    "Wh": (64, 64),
    "b": (64,),
    "dWx": (10, 64),
}
PAIRS = {"a": (5, 3), "b": (5, 3), "c": "error", "d": (5, 5), "e": (4, 5, 3)}


def run_rows(xs, Wx, Wh, b):
    h, hs = np.zeros((xs.shape[0], len(b))), []
    for t in range(xs.shape[1]):
        h = np.tanh(h @ Wh + xs[:, t] @ Wx + b)
        hs.append(h)
    return np.stack(hs, axis=1)


def run_package(xs, Wx, Wh, b):
    hs, _, _ = unroll(RNN, RNNParams(Wx, Wh, b), xs.swapaxes(0, 1))
    return hs.swapaxes(0, 1)


def run_along_first(xs, Wx, Wh, b):
    return unroll(RNN, RNNParams(Wx, Wh, b), xs)[0]


def run_reshaped(xs, Wx, Wh, b):
    N, T, D = xs.shape
    return unroll(RNN, RNNParams(Wx, Wh, b), xs.reshape(T, N, D))[0].reshape(N, T, -1)


def run_time_major_out(xs, Wx, Wh, b):
    return unroll(RNN, RNNParams(Wx, Wh, b), xs.swapaxes(0, 1))[0]


def by_package(wih, whh, bih, bhh):
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return interop.from_torch("rnn", dict(zip(names, (wih, whh, bih, bhh), strict=True)))


def summed(y, t):
    return 2 * (len(y) * y - t.sum()) / len(y) ** 2


RIGHT = [
    ("table", TABLE),
    ("table", dict(reversed(TABLE.items()))),
    ("table", {name: list(shape) for name, shape in TABLE.items()}),
    ("pairs", PAIRS),
    ("pairs", PAIRS | {"c": " Error"}),
    ("converter", lambda wih, whh, bih, bhh: (wih.T, whh.T, bih + bhh)),
    ("converter", by_package),
    ("converter", lambda a, c, d, e: (np.einsum("kj->jk", a), np.swapaxes(c, 0, 1), e + d)),
    ("silent", lambda y, t: ((y - t[:, 0]) ** 2).mean()),
    ("silent", lambda y, t: float(ops.mse(y[:, None], t))),
    ("silent", lambda y, t: np.dot(y - t.ravel(), y - t.ravel()) / len(y)),
    ("batch_first", run_rows),
    ("batch_first", run_package),
    ("count", lambda D, H, V: D * H + H * H + H + H * V + V),
    ("count", lambda D, H, V: H * (D + H + 1) + V * (H + 1)),
    ("mean_trap", lambda y, t: 2 * (y - t.mean()) / len(y)),
    ("mean_trap", summed),
]

WRONG = [
    ("table", TABLE | {"xs": (32, 7, 10), "hs": (32, 7, 64)}, "time-major"),
    ("table", TABLE | {"Wx": (64, 10), "dWx": (64, 10)}, "edges"),
    ("table", TABLE | {"b": (64, 1)}, "column"),
    ("table", TABLE | {"dWx": (32, 10, 64)}, "summed over"),
    ("pairs", PAIRS | {"c": (5, 3)}, "lined up"),
    ("pairs", PAIRS | {"d": (5, 1)}, "not a column"),
    ("pairs", PAIRS | {"d": "error"}, "without a word"),
    ("pairs", PAIRS | {"e": "error"}, "missing axis"),
    ("converter", lambda a, c, d, e: (a.T, c, d + e), "square"),
    ("converter", lambda a, c, d, e: (a.T, c.T, d), "two biases"),
    ("converter", lambda a, c, d, e: (a.reshape(a.shape[::-1]), c.T, d + e), "old order"),
    ("converter", lambda a, c, d, e: (a, c.T, d + e), "still stored"),
    ("silent", lambda y, t: ((y - t) ** 2).mean(), "still the (N, N)"),
    ("silent", lambda y, t: ((y - t[:, 0]) ** 2).sum(), "added up here"),
    ("silent", lambda y, t: (y - t[:, 0]) ** 2, "single number"),
    ("silent", lambda y, t: ((y - t) ** 2).sum() / len(y), "N² squares"),
    ("batch_first", run_along_first, "over the sequences"),
    ("batch_first", run_reshaped, "reshape does not"),
    ("batch_first", run_time_major_out, "came out time-major"),
    ("batch_first", lambda xs, Wx, Wh, b: np.tanh(xs @ Wx + b), "hear one another"),
    ("count", lambda D, H, V: D * H + H * H + H * V, "biases are missing"),
    ("count", lambda D, H, V: D * H + H * H + H, "readout is missing"),
    ("count", lambda D, H, V: D * H + H * H + 2 * H + H * V + V, "second bias"),
    ("count", lambda D, H, V: D * H + H + H * V + V, "recurrent weight"),
    ("mean_trap", lambda y, t: 2 * (y - t[:, 0]) / len(y), "right loss"),
    ("mean_trap", lambda y, t: (y - t.mean()) / len(y), "factor"),
    ("mean_trap", lambda y, t: 2 * (y - t.mean()), "power of N"),
    ("mean_trap", lambda y, t: 2 * (t.mean() - y) / len(y), "sign"),
]

FUNCTIONS = ("converter", "silent", "batch_first", "count", "mean_trap")


def judge(name, answer):
    return exercises.check(f"ch3.{name}", answer, rng=np.random.default_rng(7))


@pytest.mark.parametrize(("name", "answer"), RIGHT)
def test_right_answers_pass(name, answer):
    result = judge(name, answer)
    assert result.passed, result.message


@pytest.mark.parametrize(("name", "answer", "words"), WRONG)
def test_each_mistake_gets_its_hint(name, answer, words):
    result = judge(name, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("name", FUNCTIONS)
def test_stubs_and_nan_are_refused(name):
    assert "returns nothing" in judge(name, lambda *arguments: ...).message
    parts = 3 if name == "converter" else 1
    answer = tuple(np.nan for _ in range(parts)) if parts > 1 else np.nan
    assert not judge(name, lambda *arguments: answer).passed


@pytest.mark.parametrize("table", [("table", TABLE), ("pairs", PAIRS)])
def test_open_tables_are_refused(table):
    name, right = table
    assert "still open" in judge(name, dict.fromkeys(right, ...)).message
    assert "no answer" in judge(name, ...).message


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "count"])
def test_arguments_may_not_change(name):
    right = next(answer for exercise, answer in RIGHT if exercise == name)

    def change(*arguments):
        arguments[0][...] += 1
        return right(*arguments)

    assert "changed its argument number 1" in judge(name, change).message


def test_nan_in_an_array_is_named():
    assert (
        "NaN"
        in judge("batch_first", lambda xs, Wx, Wh, b: run_rows(xs, Wx, Wh, b) * np.nan).message
    )
