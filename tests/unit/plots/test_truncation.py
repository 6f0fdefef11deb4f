"""The figures of chapter 8 show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot

from unrolled.plots.truncation import kept_shares, loss_in_window


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def test_kept_shares_draws_lines_and_a_band():
    lengths, one, two = np.array([1, 5, 9]), np.array([0.1, 0.4, 0.6]), np.array([0.1, 0.2, 0.3])
    noise = np.array([-0.2, 0.0, 0.2]), np.array([0.1, 0.3, 0.5]), np.array([0.9, 1.0, 1.1])

    axes = kept_shares(lengths, one, two, noise).axes[0]

    drawn = [line.get_ydata() for line in axes.lines[:3]]
    np.testing.assert_array_equal(drawn, [noise[1], one, two])
    for line in axes.lines[:3]:
        np.testing.assert_array_equal(line.get_xdata(), lengths)
    band = axes.collections[0].get_paths()[0].vertices
    for x, low, high in zip(lengths, noise[0], noise[2], strict=True):
        assert {low, high} <= set(band[band[:, 0] == x, 1])


def test_loss_in_window_names_runs_and_levels():
    axes = loss_in_window(
        {"a": np.array([0.5, 0.2]), "b": np.array([0.9, 0.8])}, {"ln 2": 0.69}
    ).axes[0]

    first, second, level = axes.lines
    np.testing.assert_array_equal([first.get_ydata(), second.get_ydata()], [[0.5, 0.2], [0.9, 0.8]])
    np.testing.assert_array_equal(first.get_xdata(), [1, 2])
    assert list(level.get_ydata()) == [0.69, 0.69]
    assert [text.get_text() for text in axes.texts] == ["a", "b", "ln 2"]
