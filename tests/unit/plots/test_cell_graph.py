"""The figures of chapter 4 draw what they were given."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from unrolled import ShapeError
from unrolled.plots import cell_graph

SHAPES = [(1, 4), (4, 3), (1, 3), (3, 3), *6 * [(1, 3)]]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def test_graph_writes_every_number_where_it_belongs():
    rng = np.random.default_rng(4)
    arrays = [rng.integers(-9, 9, shape) / 10 for shape in SHAPES]
    figure = cell_graph.graph(arrays)
    assert isinstance(figure, Figure)
    boxes = [text.get_text() for text in figure.axes[0].texts if "\n" in text.get_text()]
    assert [box[0] for box in boxes] == list("ABCDEFGHIJ")
    for box, array in zip(boxes, arrays, strict=True):
        np.testing.assert_allclose(np.fromstring(box.partition("\n")[2], sep=" "), array.ravel())


def test_the_arrows_lead_down_to_the_next_state():
    figure = cell_graph.graph([np.full(shape, 0.25) for shape in SHAPES])
    ends = [(t.xyann, t.xy) for t in figure.axes[0].texts if getattr(t, "arrow_patch", None)]
    assert len(ends) == 14
    assert sum(start[1] - end[1] for start, end in ends) > 0


def test_graph_refuses_other_arrays():
    with pytest.raises(ShapeError, match="expected 10 arrays"):
        cell_graph.graph([np.zeros((1, 3))])
    with pytest.raises(ShapeError, match="two axes"):
        cell_graph.graph([np.zeros(3)] * 10)


def test_saturation_draws_the_sizes_of_states_and_gradients():
    scales = np.linspace(0.1, 2, 7)
    hs = np.tanh(scales[:, None] * np.array([1.0, -2.0]))
    das, wrong = 1 - hs**2, -1 / (1 - hs**2)
    figure = cell_graph.saturation(scales, hs, das, wrong)
    left, right = figure.axes
    drawn = [line.get_ydata() for axes in (left, right) for line in axes.lines]
    expected = [*np.abs(hs.T), *(np.abs(each[:, k]) for k in range(2) for each in (das, wrong))]
    np.testing.assert_allclose(drawn, expected)
    assert right.get_yscale() == "log"
    assert sum(text.get_text() == "unit 1" for text in left.texts + right.texts) == 3
