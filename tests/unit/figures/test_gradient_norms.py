"""The numbers in chapter 7's figure of gradients by lag, computed again in plain NumPy."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from unrolled.figures.base import shown
from unrolled.figures.gradient_norms import (
    HIGHEST,
    LEFT,
    LEVEL,
    LOWEST,
    RIGHT,
    SINGLE,
    gradient_norms,
    net_norms,
)
from unrolled.figures.numerals import power

SCALES, WIDTHS, NETS, STEPS = (0.5, 1.0, 3.0), (2, 8), 7, 6
EVERY = list(itertools.product(SCALES, WIDTHS))


@pytest.fixture(scope="module")
def figure():
    return gradient_norms(SCALES, WIDTHS, nets=NETS, steps=STEPS)


def by_hand(scale, width, seed):
    """Draw in the same order; go back with the slope 1/cosh² of the pre-activation."""
    rng = np.random.default_rng(seed)
    bound = width**-0.5
    Wx = rng.uniform(-bound, bound, (4, width))
    Wh = scale * rng.uniform(-bound, bound, (width, width))
    letters = rng.integers(0, 4, (STEPS, 1))[:, 0]
    row = rng.standard_normal((1, width))[0]
    row = row / math.sqrt(row @ row)
    h, befores = np.zeros(width), []
    for letter in letters:
        befores.append(h @ Wh + Wx[letter])
        h = np.tanh(befores[-1])
    norms = [1.0]
    for a in befores[::-1]:
        row = Wh @ (row / np.cosh(a) ** 2)
        norms.append(math.sqrt(row @ row))
    return norms


def places(points):
    return np.array([[float(each) for each in pair.split(",")] for pair in points.split()])


def number(text):
    """Read 0.43 or 2.1·10⁻⁶."""
    if "·10" not in text:
        return float(text)
    digits, raised = text.split("·10")
    return float(digits) * 10.0 ** int(
        raised.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    )


@pytest.mark.parametrize(("scale", "width"), EVERY)
def test_every_curve_stands_at_its_norm(figure, scale, width):
    now = shown(figure, {"scale": scale, "width": width})
    logs = np.log10([by_hand(scale, width, seed) for seed in range(NETS)])
    ordered = np.sort(logs, axis=0)
    tenth = ordered[0] + 0.6 * (ordered[1] - ordered[0])  # place .1 · 6 among seven
    ninth = ordered[5] + 0.4 * (ordered[6] - ordered[5])
    across = np.linspace(LEFT, RIGHT, STEPS + 1)
    assert logs.min() > LOWEST
    assert logs.max() < HIGHEST
    curves = {f"net{seed}": logs[seed] for seed in range(SINGLE)}
    for key, values in (curves | {"median": ordered[3]}).items():
        expected = np.stack([across, [LEVEL(each) for each in values]], axis=1)
        np.testing.assert_allclose(places(now[key, "points"]), expected, atol=0.06)
    edge = np.concatenate([ninth, tenth[::-1]])
    band = places(now["band", "points"])
    np.testing.assert_allclose(band[:, 1], [LEVEL(each) for each in edge], atol=0.06)
    np.testing.assert_allclose(band[:, 0], [*across, *across[::-1]], atol=0.06)


@pytest.mark.parametrize(("scale", "width"), EVERY)
def test_the_words_say_where_the_nets_end(figure, scale, width):
    words = shown(figure, {"scale": scale, "width": width})["text-2", "#"]
    ends = np.array([by_hand(scale, width, seed)[-1] for seed in range(NETS)])
    assert words.startswith(f"Recurrent weights × {scale:g}, {width} units, {NETS} nets. ")
    assert f"After {STEPS} steps" in words
    found = re.search(r"median is (\S+), and .* between (\S+) and (\S+)\. ", words)
    logs = np.sort(np.log10(ends))
    expected = 10 ** np.array(
        [logs[3], logs[0] + 0.6 * (logs[1] - logs[0]), logs[5] + 0.4 * (logs[6] - logs[5])]
    )
    for text, value in zip(found.groups(), expected, strict=True):
        assert number(text) == pytest.approx(value, rel=0.06)
    shorter = sum(end < 1 for end in ends)
    assert words.endswith(f"shorter in {shorter} nets.")


def test_a_norm_off_the_scale_stays_at_its_edge():
    figure = gradient_norms((1.0, 1e-6), (8,), nets=5, steps=4)
    now = shown(figure, {"scale": 1e-6, "width": 8})
    assert places(now["median", "points"])[-1, 1] == LEVEL(LOWEST)


def test_net_norms_begin_at_one():
    norms = net_norms(2.0, 3, 5, 9)
    assert norms.shape == (10,)
    assert norms[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.43, "0.43"),
        (12.345, "12.3"),
        (999.4, "999"),
        (0.01, "0.01"),
        (0.00999, "0.01"),
        (999.7, "1.0·10³"),
        (0.0042, "4.2·10⁻³"),
        (1234.0, "1.2·10³"),
        (9.96e-7, "1.0·10⁻⁶"),
        (3.2e12, "3.2·10¹²"),
    ],
)
def test_power_writes_numbers_for_people(value, text):
    assert number(power(value)) == pytest.approx(value, rel=0.05)
    assert power(value) == text


@pytest.mark.parametrize(("exponent", "text"), [(0, "1"), (-12, "10⁻¹²"), (3, "10³"), (1, "10¹")])
def test_power_writes_ticks(exponent, text):
    assert power(10.0**exponent, whole=True) == text
