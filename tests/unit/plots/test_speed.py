"""The figures of chapter 14 draw the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, speed


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def test_gains_are_the_ratios_turned_round():
    pairs = [
        {"words": "one", "size": "small", "ratio": [0.2, 0.25, 0.5]},
        {"words": "one", "size": "large", "ratio": [1.0, 2.0, 4.0]},
        {"words": "two", "size": "small", "ratio": [0.5, 1.0, 1.25]},
    ]
    axes = speed.gains(pairs).axes[0]
    spreads = [
        line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_marker() == "None"
    ]
    marks = [line for line in axes.lines if len(line.get_xdata()) == 1]
    drawn = [tuple(line.get_xdata()) for line in spreads if tuple(line.get_xdata()) != (1, 1)]
    assert drawn == [(2.0, 5.0), (0.25, 1.0), (0.8, 2.0)]
    assert [line.get_xdata()[0] for line in marks] == [4.0, 0.5, 1.0]
    assert [to_hex(line.get_markerfacecolor()) == "#ffffff" for line in marks] == [
        False,
        True,
        False,
    ]
    heights = [line.get_ydata()[0] for line in marks]
    assert heights[0] < heights[1] < heights[2]
    assert [text.get_text() for text in axes.texts] == ["one", "two"]
    assert axes.get_xscale() == "log"


def test_predicted_stacks_the_parts():
    parts = {"calls": [1.0, 2.0], "products": [3.0, 0.5]}
    axes = speed.predicted(["a", "b"], parts, [2.0, 10.0]).axes[0]
    boxes = [(box.get_x(), box.get_width()) for box in axes.patches]
    np.testing.assert_allclose(boxes, [(0, 0.5), (0, 0.2), (0.5, 1.5), (0.2, 0.05)])
    assert axes.get_xlim()[1] > 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["calls", "products"]


def test_growth_draws_time_and_memory():
    times = [
        {"cell": "RNN", "T": [50, 100], "seconds": [0.001, 0.002]},
        {"cell": "GRU", "T": [50, 100], "seconds": [0.003, 0.006]},
    ]
    memory = {"T": [50, 100], "full": [1e6, 2e6], "truncated": [1e6, 1.1e6]}
    left, right = speed.growth(times, memory).axes
    np.testing.assert_allclose([line.get_ydata() for line in left.lines], [[1, 2], [3, 6]])
    np.testing.assert_allclose([line.get_ydata() for line in right.lines], [[1, 2], [1, 1.1]])
    assert [text.get_text() for text in left.texts] == ["RNN", "GRU"]
    assert [text.get_text() for text in right.texts] == ["full", "truncated"]
    assert to_hex(left.lines[0].get_color()) == COLOURS["state"]
