"""The curves of chapter 5 show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot

from unrolled import RNN, models, tasks
from unrolled.plots import scores


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def drawn(figure):
    return [line.get_ydata() for line in figure.axes[0].lines]


def test_gradient_by_margin():
    margins, values = np.array([0.0, 1.0]), {"a": np.array([0.1, 0.2]), "b": np.array([0.3, 0.1])}

    lines = drawn(scores.gradient_by_margin(margins, values))

    np.testing.assert_array_equal(lines, list(values.values()))


def test_spelling_curves_have_the_floor():
    first, second, floor = drawn(
        scores.spelling_curves({"a": np.array([2.0, 1.0]), "b": np.array([3.0, 2.5])}, 1.4)
    )

    np.testing.assert_array_equal([first, second], [[2, 1], [3, 2.5]])
    assert list(floor) == [1.4, 1.4]


def test_learning_curve_averages_and_names_the_levels():
    figure = scores.learning_curve(np.array([4.0, 2.0, 3.0]), {"pairs": 3.5}, mean_over=2)

    pale, mean, level = drawn(figure)
    np.testing.assert_array_equal(pale, [4, 2, 3])
    np.testing.assert_array_equal(mean, [3, 2.5])
    assert list(level) == [3.5, 3.5]
    assert figure.axes[0].texts[0].get_text() == "pairs 3.50"


def test_write_text_prints_the_same_for_the_same_seed(capsys):
    vocabulary, model = tasks.vocabulary_of("abc"), models.Model(RNN)
    params = models.init(model, 3, 4, 3, rng=np.random.default_rng(0))

    for _ in range(2):
        scores.write_text(model, params, vocabulary, "ab", 0.7, seed=3, length=10)

    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("ab")
    assert len(first) == 12
