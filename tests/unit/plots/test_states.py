"""The figures of chapter 2 draw the numbers they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from unrolled.analysis import fixed_points, trajectory
from unrolled.plots import COLOURS, states


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with matplotlib.rc_context():
        pyplot.switch_backend("Agg")
        yield
        pyplot.close("all")


def test_squashers_draws_values_and_slopes() -> None:
    a = np.linspace(-1, 1, 5)
    values = {"tanh": np.tanh(a), "sigmoid": 1 / (1 + np.exp(-a))}
    slopes = {"tanh": 1 / np.cosh(a) ** 2, "sigmoid": np.full(5, 0.2)}
    figure = states.squashers(a, values, slopes)
    for axes, curves in zip(figure.axes, (values, slopes), strict=True):
        for line, curve in zip(axes.lines[:2], curves.values(), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), curve)
        assert {text.get_text() for text in axes.texts} == {"tanh", "sigmoid"}


def test_crossings_marks_what_attracts_and_what_repels() -> None:
    h = np.linspace(-1, 1, 9)
    figure = states.crossings(h, {1.5: np.tanh(1.5 * h)}, {1.5: fixed_points(1.5)})
    (axes,) = figure.axes
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), np.tanh(1.5 * h))
    dots = axes.lines[2:]
    assert [dot.get_xdata()[0] for dot in dots] == fixed_points(1.5).tolist()
    full = [to_hex(dot.get_markerfacecolor()) == COLOURS["state"] for dot in dots]
    assert full == [True, False, True]
    assert axes.get_title() == "w = 1.5: 3 fixed points"


@pytest.mark.parametrize("lowest", [-2.0, 0.0])
def test_trajectories_draws_runs_above_and_branches_below(lowest: float) -> None:
    runs = {w: trajectory(w, 0.0, np.array([0.1, 0.5]), 4) for w in (0.5, 1.5)}
    ws = np.linspace(lowest, 2, 41)
    figure = states.trajectories(runs, {float(w): fixed_points(float(w)) for w in ws})
    *upper, lower = figure.axes
    for axes, (w, hs) in zip(upper, runs.items(), strict=True):
        np.testing.assert_array_equal([line.get_ydata() for line in axes.lines], hs.T)
        assert axes.get_title() == f"w = {w}"
    ends = {line.get_ydata()[-1] for line in lower.lines if 2.0 in line.get_xdata()}
    assert ends == set(fixed_points(2.0))


def test_fade_labels_each_curve_at_its_end() -> None:
    distances = {"w = 0.5": np.array([0.4, 0.2]), "w = 0.9": np.array([0.4, 0.3])}
    (axes,) = states.fade(distances).axes
    for line, text, (label, distance) in zip(
        axes.lines, axes.texts, distances.items(), strict=True
    ):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2])
        np.testing.assert_array_equal(line.get_ydata(), distance)
        assert text.get_text() == label
    assert axes.get_yscale() == "log"


def test_gradients_draws_sizes() -> None:
    (axes,) = states.gradients({"w = -0.5": np.array([-0.5, 0.25])}).axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.5, 0.25])


def test_explore_gives_a_figure_that_is_shown_once() -> None:
    figure = states.explore(1.5, steps=3)
    assert isinstance(figure, Figure)
    assert not pyplot.get_fignums()
    lines = figure.axes[0].lines
    runs, points = lines[: len(states.STARTS)], lines[len(states.STARTS) :]
    expected = trajectory(1.5, 0.0, np.array(states.STARTS), 3)
    np.testing.assert_array_equal([line.get_ydata() for line in runs], expected.T)
    assert [point.get_ydata()[0] for point in points] == fixed_points(1.5).tolist()
