"""The still figures of chapter 13 draw the numbers they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, reading


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with matplotlib.rc_context():
        pyplot.switch_backend("Agg")
        yield
        pyplot.close("all")


def test_memorising_draws_both_curves_and_marks_the_best() -> None:
    runs = {
        "all": {"step": [10, 20, 30], "training": [3.0, 2.0, 1.0], "validation": [3.0, 2.5, 2.8]},
        "some": {"step": [10, 20], "training": [3.0, 2.6], "validation": [2.9, 2.4]},
    }
    figure = reading.memorising(runs)
    assert len(figure.axes) == 2
    for axes, (title, curves) in zip(figure.axes, runs.items(), strict=True):
        training, validation, best = axes.lines
        assert axes.get_title() == title
        assert list(training.get_xdata()) == list(validation.get_xdata()) == curves["step"]
        assert list(training.get_ydata()) == curves["training"]
        assert list(validation.get_ydata()) == curves["validation"]
        assert training.get_linestyle() != validation.get_linestyle()
        assert list(best.get_ydata()) == [min(curves["validation"])]
        assert list(best.get_xdata()) == [20]
        assert [text.get_text() for text in axes.texts] == ["training", "validation"]
    assert figure.axes[0].get_ylim() == (0.7, 3.0)
    assert figure.axes[1].get_ylim() == (0.7, 3.0)  # one scale for both


def test_bits_by_reach_draws_one_named_line_a_model() -> None:
    kept, curves = [1, 5, 20], {"6-gram": [4.0, 2.1, 2.1], "LSTM": [4.2, 2.2, 2.0]}
    (axes,) = reading.bits_by_reach(kept, curves).axes
    assert axes.get_xscale() == "log"
    for line, (name, bits), text in zip(axes.lines, curves.items(), axes.texts, strict=True):
        assert list(line.get_xdata()) == kept
        assert list(line.get_ydata()) == bits
        assert text.get_text() == name
        assert text.xy == (1, bits[0])
    assert to_hex(axes.lines[1].get_color()) == COLOURS["state"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5", "20"]
