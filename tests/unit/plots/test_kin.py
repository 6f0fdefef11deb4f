"""The still figures of chapter 11 draw the numbers they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, kin


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with matplotlib.rc_context():
        pyplot.switch_backend("Agg")
        yield
        pyplot.close("all")


def test_fading_draws_each_share_and_names_it_where_it_leaves() -> None:
    lags = np.arange(51)
    shares = {"fast": 0.1**lags, "slow": 0.9**lags, "grows": 1.05**lags}
    (axes,) = kin.fading(shares, floor=1e-6).axes
    assert axes.get_yscale() == "log"
    for line, share in zip(axes.lines, shares.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), share)
        assert to_hex(line.get_color()) == COLOURS["gradient"]
    assert len({line.get_linestyle() for line in axes.lines}) == 3
    places = {text.get_text(): text.xy for text in axes.texts}
    assert places["fast"][0] == 6
    assert places["fast"][1] == pytest.approx(1e-6)
    assert places["slow"] == (50, pytest.approx(0.9**50))
    low, high = axes.get_ylim()
    assert low == 1e-6
    assert high > 1.05**50
    assert axes.get_xlim() == (0, pytest.approx(1.16 * 51))


def test_successes_draws_a_panel_for_each_task() -> None:
    counts = {"keep": [0, 3, 10], "count": [10, 7, 1]}
    figure = kin.successes(counts, ["b_f = 0", "1", "chrono"], 10)
    assert len(figure.axes) == 2
    for axes, (task, solved) in zip(figure.axes, counts.items(), strict=True):
        assert axes.get_title() == task
        assert [bar.get_width() for bar in axes.patches] == solved
        assert [text.get_text() for text in axes.texts] == [str(count) for count in solved]
        assert [text.get_position()[1] for text in axes.texts] == [0, 1, 2]
        assert axes.get_xlim() == (0, 12.5)
        low, high = axes.get_ylim()
        assert low > high  # the first bias on top
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named == ["$b_f$ = 0", "1", "chrono"]  # the other panels share them
    assert figure.get_supxlabel() == "runs that solved it, of 10"
