"""Figures of chapter 3 and of the page on notation show what they were given."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled import ShapeError
from unrolled.plots import COLOURS, shape_boxes, swatches

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def texts(axes):
    return [text.get_text() for text in axes.texts]


def filled(axes, colour):
    return sum(to_hex(patch.get_facecolor()) == colour for patch in axes.patches)


def test_step_boxes_are_to_scale():
    N, D, H = 2, 4, 3
    (axes,) = shape_boxes.step_boxes(
        *(np.zeros(shape) for shape in ((N, D), (D, H), (N, H), (H, H), (H,)))
    ).axes
    # b and its dashed copies fill N rows
    assert len(axes.patches) == N * D + D * H + N * H + H * H + N * H + N * H
    assert {"(2, 4)", "(4, 3)", "(2, 3)", "(3, 3)", "(1, 3)"} <= set(texts(axes))
    lengths = {line.get_color(): set() for line in axes.lines}
    for line in axes.lines:
        extent = np.ptp(line.get_xdata()) + np.ptp(line.get_ydata())
        lengths[line.get_color()].add(float(extent))
    assert lengths == {COLOURS["input"]: {D}, COLOURS["state"]: {H}}


def test_step_boxes_refuse_what_does_not_fit():
    arrays = (np.zeros(shape) for shape in ((2, 4), (3, 3), (2, 3), (3, 3), (3,)))
    with pytest.raises(ShapeError):
        shape_boxes.step_boxes(*arrays)


def test_broadcast_difference_shows_every_difference():
    y, targets = np.array([0.5, 1.0, 2.0]), np.array([[0.0], [1.0], [3.0]])
    (axes,) = shape_boxes.broadcast_difference(y, targets).axes
    shown = [float(text.replace("−", "-")) for text in texts(axes) if text[-1:].isdigit()]
    expected = [*np.tile(y, 3), *np.repeat(targets[:, 0], 3), *(y - targets).ravel()]
    assert shown == expected
    assert filled(axes, COLOURS["loss"]) == 3


def test_layout_pages_fill_one_step():
    T, N, D = 5, 2, 4
    for axes in shape_boxes.layout_pages(np.zeros((T, N, D)), 2).axes:
        assert len(axes.patches) == 2 * T * N * D  # pages and memory
        assert filled(axes, COLOURS["input"]) == 2 * N * D


def test_descent_draws_what_it_was_given():
    right, wrong, targets = np.arange(4.0), np.ones(4), np.arange(4.0) + 0.1
    (axes,) = shape_boxes.descent(right, wrong, targets).axes
    for line, values in zip(axes.lines, (targets, right, wrong), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_swatches_have_their_names():
    (axes,) = swatches.colour_swatches(COLOURS).axes
    assert texts(axes) == [name.replace("_", " ") for name in COLOURS]
    assert [to_hex(patch.get_facecolor()) for patch in axes.patches] == list(COLOURS.values())
