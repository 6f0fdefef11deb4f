"""The figures of chapter 7 draw the numbers they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, gradients


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with matplotlib.rc_context():
        pyplot.switch_backend("Agg")
        yield
        pyplot.close("all")


def test_by_state_draws_nets_a_band_and_the_median() -> None:
    rng = np.random.default_rng(0)
    panels = {"one": rng.uniform(0.1, 1, (11, 4)), "two": rng.uniform(1, 9, (11, 4))}
    figure = gradients.by_state(panels, ("h4", "h3", "h2", "h1"), shown=3)
    for axes, (title, norms) in zip(figure.axes, panels.items(), strict=True):
        assert axes.get_title() == title
        assert axes.get_yscale() == "log"
        *thin, median = axes.lines
        np.testing.assert_array_equal([line.get_ydata() for line in thin], norms[:3])
        ordered = np.sort(norms, axis=0)
        np.testing.assert_allclose(median.get_ydata(), ordered[5])
        (band,) = axes.collections
        corners = band.get_paths()[0].vertices
        for state in range(4):
            heights = corners[corners[:, 0] == state, 1]
            assert heights.min() == pytest.approx(ordered[1, state])
            assert heights.max() == pytest.approx(ordered[9, state])
        assert [each.get_text() for each in axes.get_xticklabels()] == ["h4", "h3", "h2", "h1"]
    assert figure.axes[0].get_ylabel() == "norm of the gradient"


def test_decay_draws_and_labels_each_curve() -> None:
    curves = {"slow": 0.9 ** np.arange(11), "fast": 0.5 ** np.arange(11)}
    figure = gradients.decay(curves, x="steps", y="norm", colour=COLOURS["state"])
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("steps", "norm")
    for line, text, (label, curve) in zip(axes.lines, axes.texts, curves.items(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve)
        assert to_hex(line.get_color()) == COLOURS["state"]
        assert text.get_text() == label
        assert text.get_position()[1] == pytest.approx(curve[-1])
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert max(axes.get_xticks()) <= 10


def test_decay_keeps_labels_apart() -> None:
    curves = {name: np.array([1.0, 1e-6, end]) for name, end in (("a", 0.1), ("b", 0.1001))}
    figure = gradients.decay(curves, x="", y="")
    (axes,) = figure.axes
    assert to_hex(axes.lines[0].get_color()) == COLOURS["gradient"]
    low, high = np.log10(axes.get_ylim())
    lower, upper = (np.log10(text.get_position()[1]) for text in axes.texts)
    assert lower == pytest.approx(-1.0)
    assert upper - lower == pytest.approx((high - low) / 13, rel=0.05)


def test_cliff_section_draws_losses_above_slopes() -> None:
    bs = np.linspace(-1, 1, 5)
    losses, slopes = np.array([3.0, 2, 1, 0, 0]), np.array([0.1, 0.2, 41.4, 0.2, 0.1])
    figure = gradients.cliff_section(bs, losses, slopes)
    upper, lower = figure.axes
    np.testing.assert_array_equal(upper.lines[0].get_xydata(), np.stack([bs, losses], axis=1))
    np.testing.assert_array_equal(lower.lines[0].get_xydata(), np.stack([bs, slopes], axis=1))
    assert lower.get_yscale() == "log"
    assert lower.texts[0].get_text() == "41"
    assert lower.texts[0].xy == (0.0, 41.4)
    assert to_hex(upper.lines[0].get_color()) == COLOURS["loss"]
    assert to_hex(lower.lines[0].get_color()) == COLOURS["gradient"]
