"""The figures of chapter 9 draw the numbers they are given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, gates


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_cell_has_three_sigmoids_two_tanh_and_a_straight_road():
    figure = gates.cell()
    found = words(figure)
    assert (found.count("σ"), found.count("tanh")) == (3, 2)
    assert (found.count("×"), found.count("+")) == (3, 1)
    named = {"$c_{t-1}$", "$c_t$", "$h_{t-1}$", "$h_t$", "$x_t$", "$i_t$", "$f_t$", "$o_t$"}
    assert named | {"$g_t$", "kept", "added", "shown"} <= set(found)
    coloured = {text.get_text(): to_hex(text.get_color()) for text in figure.axes[0].texts}
    for name, place in (("i", "input_gate"), ("f", "forget_gate"), ("o", "output_gate")):
        assert coloured[f"${name}_t$"] == COLOURS[place]
    assert coloured["$g_t$"] == COLOURS["candidate"]
    assert coloured["$c_t$"] == COLOURS["cell"]


def test_decay_draws_shares_and_marks_half_lives():
    steps = np.array([1.0, 2.0, 4.0])
    shares = {"one": 0.5**steps, "two": 0.9**steps}
    (axes,) = gates.decay(steps, shares, [1.0, 6.5]).axes
    half, *drawn = axes.lines
    assert set(half.get_ydata()) == {0.5}
    for (label, left), line, dot, text, life in zip(
        shares.items(), drawn[::2], drawn[1::2], axes.texts, (1.0, 6.5), strict=True
    ):
        np.testing.assert_array_equal(line.get_xdata(), steps)
        np.testing.assert_array_equal(line.get_ydata(), left)
        assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (life, 0.5)
        assert text.get_text() == label
    assert axes.get_xscale() == "log"


def test_learning_has_a_panel_a_network_and_the_loss_of_a_guess():
    losses = {"RNN": np.array([[0.7, 0.6], [0.8, 0.5]]), "LSTM": np.array([[0.7, 0.1]])}
    figure = gates.learning(losses)
    for axes, (name, runs) in zip(figure.axes, losses.items(), strict=True):
        *curves, guess = axes.lines
        assert axes.get_title() == name
        np.testing.assert_array_equal([curve.get_ydata() for curve in curves], runs)
        assert guess.get_ydata()[0] == pytest.approx(-math.log(0.5))


def test_inside_draws_gates_left_and_the_cell_right():
    i, f, c = np.random.default_rng(0).normal(size=(3, 4, 2))
    left, right = gates.inside(i, f, c, ["bit 0", "bit 1"]).axes
    np.testing.assert_array_equal([line.get_ydata() for line in left.lines], [*f.T, *i.T])
    np.testing.assert_array_equal([line.get_ydata() for line in right.lines[:2]], c.T)
    assert [line.get_ydata()[0] for line in right.lines[2:]] == [-1, 1]
    assert right.lines[0].get_xdata().tolist() == [1, 2, 3, 4]
    assert [text.get_text() for text in left.texts + right.texts] == ["f", "i", "bit 0", "bit 1"]


@pytest.mark.parametrize(("f", "life"), [(0.5, "1.0 steps"), (1.0, "none"), (0.0, "none")])
def test_explore_runs_the_unit_and_is_shown_once(f, life):
    figure = gates.explore(f, 0.8, 0.25, steps=13)
    assert not pyplot.get_fignums()
    (axes,) = figure.axes
    c, h = (line.get_ydata() for line in axes.lines[:2])
    expected = [0.0, *(0.8 * f**k for k in range(11)), 0.8 * f**11 - 0.4, 0.8 * f**12 - 0.4 * f]
    np.testing.assert_allclose(c, expected, atol=1e-15)
    np.testing.assert_allclose(h, [0.25 * math.tanh(each) for each in expected], atol=1e-15)
    assert axes.get_title() == f"half-life: {life}"
    assert {"g = 1", "g = −0.5", "c"} <= set(words(figure))
