"""The graph of chapter 10 draws the numbers that it is given, each where it belongs."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib import pyplot

from unrolled import ShapeError
from unrolled.plots import lstm_graph
from unrolled.plots.style import COLOURS

NAMES = ["x", "h_prev", "c_prev", "a_f", "a_i", "a_g", "a_o", "f", "i", "g", "o"]
NAMES += ["kept", "new", "c", "tanh_c", "h"]
LABELS = {"kept": "f ⊙ c_prev", "new": "i ⊙ g", "tanh_c": "tanh(c)"}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def arrays(seed):
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-99, 99, (1, 2)) / 100 for name in NAMES}


def read(text):
    return [float(each) for each in text.replace("−", "-").split()]


def boxes(figure):
    """The framed texts by their first line."""
    texts = figure.axes[0].texts
    return {
        text.get_text().split("\n")[0]: text
        for text in texts
        if text.get_bbox_patch() is not None and "\n" in text.get_text()
    }


def test_each_box_holds_its_value_and_its_gradient():
    values, gradients = arrays(1), arrays(2)
    figure = lstm_graph.graph(values, gradients)
    found = boxes(figure)
    assert len(found) == len(NAMES) == 16
    orange = [t for t in figure.axes[0].texts if t.get_color() == COLOURS["gradient"]]
    assert len(orange) == 16
    for name in NAMES:
        box = found[LABELS.get(name, name)]
        assert read(box.get_text().split("\n")[1]) == pytest.approx(values[name][0])
        x, y = box.get_position()
        below = next(
            t for t in orange if t.get_position()[0] == x and 0 < y - t.get_position()[1] < 0.3
        )
        assert read(below.get_text()) == pytest.approx(gradients[name][0])


def test_without_gradients_there_is_no_place_for_them():
    figure = lstm_graph.graph(arrays(1))
    assert {text.get_text().count("\n") for text in boxes(figure).values()} == {1}
    assert not [t for t in figure.axes[0].texts if t.get_color() == COLOURS["gradient"]]


def test_every_operation_has_its_arrows_and_none_crosses_a_box():
    figure = lstm_graph.graph(arrays(1), arrays(2))
    arrows = [(t.xyann, t.xy) for t in figure.axes[0].texts if getattr(t, "arrow_patch", None)]
    ends = sum(len(node.inputs) + len(node.outputs) for node in lstm_graph._NODES)
    assert len(arrows) == ends + 1 == 29
    for start, end in arrows:
        for share in np.linspace(0.02, 0.98, 25):
            x, y = np.array(start) + share * (np.array(end) - start)
            for place in lstm_graph._PLACES.values():
                assert abs(x - place.x) > 0.45 or abs(y - place.y) > 0.25
    fed = [name for node in lstm_graph._NODES for name in node.inputs]
    assert sorted(fed) == sorted(set(NAMES) - {"h"})
    made = [name for node in lstm_graph._NODES for name in node.outputs]
    assert sorted(made) == sorted(set(NAMES) - {"x", "h_prev", "c_prev"})


def test_colours_are_the_book_s():
    found = boxes(lstm_graph.graph(arrays(1)))
    for name, colour in (("x", "input"), ("h", "state"), ("c", "cell"), ("f", "forget_gate")):
        edge = found[name].get_bbox_patch().get_edgecolor()
        assert edge == pytest.approx(matplotlib.colors.to_rgba(COLOURS[colour]))


def test_other_arrays_are_refused():
    values = arrays(1)
    with pytest.raises(ShapeError, match=r"values: .*got \{'c': \(2, 2\)\}"):
        lstm_graph.graph({**values, "c": np.zeros((2, 2))})
    with pytest.raises(ShapeError, match=r"gradients: .*got \{'h': \(0,\)\}"):
        lstm_graph.graph(values, {name: values[name] for name in NAMES[:-1]})
