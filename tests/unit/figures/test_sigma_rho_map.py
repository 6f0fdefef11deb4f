"""The numbers in chapter 7's map of σ_max and ρ, computed again in plain NumPy."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from unrolled.figures.base import shown
from unrolled.figures.numerals import power
from unrolled.figures.sigma_rho_map import (
    HIGHEST,
    INPUTS,
    KINDS,
    LEFT,
    LEVEL,
    LOWEST,
    RHO,
    RIGHT,
    SIGMA,
    STEPS,
    UNITS,
    matrix,
    mixed,
    sigma_rho_map,
    trial,
)

SIGMAS, DOTS = (0.8, 1.0, 1.5, 3.0), 12
EVERY = list(itertools.product(KINDS, SIGMAS, INPUTS))


@pytest.fixture(scope="module")
def figure():
    return sigma_rho_map(SIGMAS, dots=DOTS)


def sizes(W):
    """σ_max by the operator's norm; ρ by squaring forty times, the length taken out each time.

    The eigenvalues of a triangular matrix stand on its diagonal.
    """
    if (np.triu(W) == W).all():
        return np.linalg.norm(W, 2), np.abs(np.diag(W)).max()
    power, log = W, 0.0
    for _ in range(40):
        length = np.linalg.norm(power)
        if length == 0:
            return np.linalg.norm(W, 2), 0.0
        power, log = power @ power / length**2, 2 * (log + math.log(length))
    return np.linalg.norm(W, 2), math.exp((log + math.log(np.linalg.norm(power))) / 2**40)


def by_hand(W, inputs, seed, held=False):
    H = len(W)
    rng = np.random.default_rng([5, seed])
    row = rng.standard_normal((1, H))[0]
    row = np.array([1.0, 0.0]) if held else row / math.sqrt(row @ row)
    drawn = 0.3 * rng.standard_normal((STEPS, 1, H))[:, 0]
    h, slopes = np.zeros(H), []
    for x in drawn:
        if held and inputs == "with input":
            slopes.append(np.array([1.0, 0.1]))
            continue
        a = h @ W + (x if inputs == "with input" and not held else 0)
        h = np.tanh(a)
        slopes.append(1 / np.cosh(a) ** 2)
    norms = [1.0]
    for slope in slopes[::-1]:
        row = W @ (row * slope)
        norms.append(math.sqrt(row @ row))
    return np.array(norms)


def places(points):
    return np.array([[float(each) for each in pair.split(",")] for pair in points.split()])


def wanted(kind, sigma):
    W = matrix(kind)
    return W * (sigma / np.linalg.norm(W, 2))


@pytest.mark.parametrize(("kind", "sigma", "inputs"), EVERY)
def test_the_ring_and_the_curve_stand_where_they_should(figure, kind, sigma, inputs):
    now = shown(figure, {"kind": kind, "sigma": sigma, "inputs": inputs})
    W = wanted(kind, sigma)
    _, rho = sizes(W)
    assert float(now["here", "cx"]) == pytest.approx(SIGMA(sigma), abs=0.02)
    assert float(now["here", "cy"]) == pytest.approx(RHO(rho), abs=0.1)
    norms = by_hand(W, inputs, 1, held=kind == "cancelling")
    logs = np.clip(np.log10(np.maximum(norms, 1e-40)), LOWEST, HIGHEST)
    expected = np.stack([np.linspace(LEFT, RIGHT, STEPS + 1), list(map(LEVEL, logs))], axis=1)
    np.testing.assert_allclose(places(now["norms", "points"]), expected, atol=0.07)


@pytest.mark.parametrize(("kind", "sigma", "inputs"), EVERY)
def test_the_words_say_the_same(figure, kind, sigma, inputs):
    words = shown(figure, {"kind": kind, "sigma": sigma, "inputs": inputs})["text-3", "#"]
    words = words.replace("\N{NO-BREAK SPACE}", " ")
    W = wanted(kind, sigma)
    _, rho = sizes(W)
    assert f"σmax = {sigma:.2f}, ρ = " in words
    assert float(re.search(r"ρ = (\d\.\d\d)", words)[1]) == pytest.approx(rho, abs=0.0051)
    end = by_hand(W, inputs, 1, held=kind == "cancelling")[-1]
    said = re.search(r"has the length (\S+) after 30", words)[1]
    if end == 0:
        assert said == "0"
    else:
        assert said == power(end)
    assert words.endswith(f"allows {power(sigma**STEPS)}.")


@pytest.mark.parametrize("sigma", SIGMAS)
def test_the_bound_is_a_straight_line_to_the_edge(figure, sigma):
    now = shown(figure, {"kind": "random", "sigma": sigma, "inputs": INPUTS[0]})
    (x0, y0), (x1, y1) = places(now["bound", "points"])
    assert (x0, y0) == (LEFT, pytest.approx(LEVEL(0)))
    lag = (x1 - LEFT) / (RIGHT - LEFT) * STEPS
    assert y1 == pytest.approx(LEVEL(lag * math.log10(sigma)), abs=0.05)
    assert LEVEL(HIGHEST) - 0.01 <= y1 <= LEVEL(LOWEST) + 0.01
    assert lag == pytest.approx(STEPS) or y1 == pytest.approx(LEVEL(HIGHEST), abs=0.01)


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_dot_is_full_where_the_gradient_grew(figure, inputs):
    now = shown(figure, {"kind": "random", "sigma": 1.5, "inputs": inputs})
    still = {each.get("data-key"): each for each in figure.stills[1].shapes}
    grown = 0
    for seed in range(DOTS):
        W = mixed(seed)
        sigma, rho = sizes(W)
        dot = still[f"dot{seed}"]
        assert float(dot.get("cx")) == pytest.approx(SIGMA(sigma), abs=0.02)
        assert float(dot.get("cy")) == pytest.approx(RHO(rho), abs=0.1)
        fill = now.get((f"dot{seed}", "fill"), dot.get("fill"))
        grew = by_hand(W, inputs, seed)[-1] > 1
        assert ("gradient" in fill) == grew
        grown += grew
    assert now["text-2", "#"].endswith(f"{grown} of {DOTS} nets.")


def test_matrices_are_what_their_names_say():
    W = {kind: matrix(kind) for kind in KINDS}
    assert all(W[kind].shape == (UNITS, UNITS) for kind in KINDS if kind != "cancelling")
    np.testing.assert_allclose(W["symmetric"], W["symmetric"].T)
    np.testing.assert_allclose(W["orthogonal"] @ W["orthogonal"].T, np.eye(UNITS), atol=1e-12)
    np.testing.assert_array_equal(W["triangular"], np.triu(W["triangular"]))
    np.testing.assert_array_equal(W["cancelling"] @ W["cancelling"], 0)
    assert sizes(wanted("triangular", 3.0))[1] < 1.1


def test_mixed_matrices_fill_the_plane():
    found = np.array([sizes(mixed(seed)) for seed in range(40)])
    assert (found[:, 0] > 0.3 - 1e-9).all()
    assert (found[:, 0] < 3.1 + 1e-9).all()
    ratios = found[:, 1] / found[:, 0]
    assert ratios.min() < 0.25
    assert ratios.max() > 0.8


def test_no_input_is_a_linear_net():
    W = wanted("random", 1.5)
    found = trial(W, INPUTS[0], 3)
    power_norm = np.linalg.norm(np.linalg.matrix_power(W.T, STEPS), 2)
    assert found.norms[-1] <= power_norm * (1 + 1e-12)
    assert found.norms.shape == (STEPS + 1,)
