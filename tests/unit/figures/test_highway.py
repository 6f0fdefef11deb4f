"""The numbers in chapter 10's responding figure, computed again by the complex step."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

from unrolled import LSTM, RNN
from unrolled.figures import highway
from unrolled.figures.base import shown

BIASES, SCALES, LAGS, SEEDS = (-1.0, 1.0, 4.0), (1.0, 3.0), 24, 2
TINY = 1e-30
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
CHOICES = list(product(BIASES, SCALES))


@pytest.fixture(scope="module")
def figure():
    return highway.highway(BIASES, SCALES, lags=LAGS, seeds=SEEDS)


def squash(a):
    return 1 / (1 + np.exp(-a))


def lstm_step(p, x, h, c):
    i, f, o, g = np.split(x @ p.Wx + h @ p.Wh + p.b, 4, axis=-1)
    c = squash(f) * c + squash(i) * np.tanh(g)
    return squash(o) * np.tanh(c), c, squash(f), squash(o)


def drawn(cell, seed, **options):
    rng = np.random.default_rng(seed)
    xs, dh = rng.standard_normal((LAGS + 1, 6, 4)), rng.standard_normal((6, 16))
    return xs, dh, cell.init(4, 16, rng=rng, **options)


def rows(a):
    """Repeat each sequence, once for each unit that will be nudged: (16 · 6, …)."""
    return np.tile(a, (16, 1)).astype(complex)


def norms(ends, dh):
    """Norms of the gradient, from the ends of the runs with one unit nudged each."""
    slopes = (ends.imag / TINY * np.tile(dh, (16, 1))).sum(axis=1)
    return np.linalg.norm(slopes.reshape(16, 6), axis=0)


NUDGE = 1j * TINY * np.repeat(np.eye(16), 6, axis=0)


def lstm_left(bias, scale):
    """By (lag, run): the full gradient at c and the forget gates' product, ÷ lag 0."""
    found = [[], []]
    for seed in range(SEEDS):
        xs, dh, p = drawn(LSTM, seed, forget_bias=bias)
        p = p._replace(Wh=scale * p.Wh)
        h = c = np.zeros((6, 16))
        states, fs = [], []
        for x in xs:
            h, c, f, o = lstm_step(p, x, h, c)
            states.append((o, c))
            fs.append(f)
        full, alone = [], []
        kept = dh * states[-1][0] / np.cosh(states[-1][1]) ** 2
        for lag in range(LAGS + 1):
            o, c = states[-1 - lag]
            nudged = rows(c) + NUDGE
            h = rows(o) * np.tanh(nudged)
            for x in xs[len(xs) - lag :]:
                h, nudged, *_ = lstm_step(p, rows(x), h, nudged)
            full.append(norms(h, dh))
            alone.append(np.linalg.norm(kept, axis=1))
            kept = kept * fs[-1 - lag]
        for each, values in zip(found, (full, alone), strict=True):
            each.append(np.array(values) / values[0])
    return [np.hstack(each) for each in found]


def rnn_left(scale):
    found = []
    for seed in range(SEEDS):
        xs, dh, p = drawn(RNN, seed)
        hs = [np.zeros((6, 16))]
        for x in xs:
            hs.append(np.tanh(x @ p.Wx + scale * hs[-1] @ p.Wh))
        full = []
        for lag in range(LAGS + 1):
            h = rows(hs[-1 - lag]) + NUDGE
            for x in xs[len(xs) - lag :]:
                h = np.tanh(rows(x) @ p.Wx + scale * h @ p.Wh)
            full.append(norms(h, dh))
        found.append(np.array(full) / full[0])
    return np.hstack(found)


def state(figure, bias, scale):
    """All that the figure shows for a choice, with what is the same for every choice."""
    attributes = {}
    for still in figure.stills:
        for top in still.shapes:
            for element in top.iter():
                if element.get("data-key"):
                    for name, value in element.attrib.items():
                        attributes[element.get("data-key"), name] = value
    return attributes | shown(figure, {"bias": bias, "scale": scale})


def curve(points):
    """The lags and the powers of ten of a shape's points."""
    pairs = np.array([each.split(",") for each in points.split()], float)
    lags = (pairs[:, 0] - highway.LEFT) / (highway.RIGHT - highway.LEFT) * LAGS
    height = (highway.BOTTOM - pairs[:, 1]) / (highway.BOTTOM - highway.TOP)
    return lags, highway.LOWEST + height * (highway.HIGHEST - highway.LOWEST)


def holds(attributes, name, values, *, band=True):
    lags, powers = curve(attributes[name, "points"])
    expected = np.log10(np.quantile(values, [0.1, 0.5, 0.9], axis=1))
    exact = np.interp(lags, np.arange(LAGS + 1), expected[1])
    assert lags == pytest.approx(np.arange(0, 2 * len(lags), 2), abs=0.01) or powers[-1] == -12
    np.testing.assert_allclose(powers[:-1], exact[:-1], atol=0.01)
    if not band:
        return
    lags, powers = curve(attributes[f"{name}-band", "points"])
    half = len(lags) // 2
    assert lags[:half] == pytest.approx(np.arange(0, LAGS + 1, 2), abs=0.01)
    np.testing.assert_allclose(powers[:half], np.clip(expected[2, ::2], -12, 4), atol=0.01)
    np.testing.assert_allclose(powers[half:][::-1], np.clip(expected[0, ::2], -12, 4), atol=0.01)


def numbers(text):
    found = re.findall(r"([−-]?\d+\.?\d*)(?:·10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    return [
        float(digits.replace("−", "-")) * 10.0 ** int(power.translate(RAISED) or 0)
        for digits, power in found
    ]


@pytest.mark.parametrize(("bias", "scale"), CHOICES)
def test_the_lstm_s_curves_and_words(figure, bias, scale):
    full, alone = lstm_left(bias, scale)
    attributes = state(figure, bias, scale)
    holds(attributes, "lstm", full)
    holds(attributes, "product", alone, band=False)
    full, alone = np.median(full, axis=1), np.median(alone, axis=1)
    halves = LAGS * np.log(0.5) / np.log(alone[-1])
    said = numbers(attributes["text-2", "#"])
    expected = [bias, scale, full[20], 20, full[24], 24, alone[20], 20, alone[24], 24, halves]
    assert said == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("scale", SCALES)
def test_the_rnn_s_curve_and_words(figure, scale):
    values = rnn_left(scale)
    attributes = state(figure, 1.0, scale)
    holds(attributes, "rnn", values)
    middle = np.median(values, axis=1)
    said = numbers(attributes["text-3", "#"])
    assert said == pytest.approx([middle[20], 20, middle[24], 24], rel=0.06)


def test_a_curve_ends_where_it_leaves_the_panel():
    across, down = (lambda k: float(k)), (lambda power: float(power))
    steep = 10.0 ** (-2.5 * np.arange(9))
    assert highway._points(steep, across, down) == [(0, 0), (2, -5), (4, -10), (4.8, -12)]
    steeper = 10.0 ** (-4.0 * np.arange(9))
    assert highway._points(steeper, across, down) == [(0, 0), (2, -8), (3, -12)]
    rising = 10.0 ** np.arange(9)
    assert highway._points(rising, across, down)[-2:] == [(6, 4), (8, 4)]
