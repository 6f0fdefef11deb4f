"""The diagrams of chapter 5 show what they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot

from unrolled.plots import unrolled_net


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_folded_and_unrolled_names_every_step_and_weight():
    found = words(unrolled_net.folded_and_unrolled("ABC", "BCD"))

    assert {"A", "B", "C", "→ B", "→ D", "$h_0$", "$h_3$", "$x_t$"} <= set(found)
    assert "$h_4$" not in found
    assert [found.count(f"$W_{part}$") for part in "xhy"] == [4, 3, 4]  # with the folded one


def test_elman_and_jordan_have_two_steps_each():
    found = words(unrolled_net.elman_and_jordan())

    assert [found.count(f"${part}_1$") for part in "xhy"] == [2, 2, 2]


def test_token_by_token_draws_the_probabilities():
    p = np.array([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]])

    figure = unrolled_net.token_by_token("abc", "aba", "ab", p, p[::-1])

    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes[:3]]
    assert heights == np.hstack([p, p[::-1]]).tolist()
    assert [axes.get_title() for axes in figure.axes[:3]] == ["next is a", "next is b", "next is a"]
    assert len(figure.artists) == 2  # the arrows from state to state


def test_gradient_by_step_draws_the_norms():
    norms = {"one": np.array([1.0, 2.0]), "two": np.array([3.0, 4.0])}

    figure = unrolled_net.gradient_by_step(norms)

    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[1, 2], [3, 4]]
    assert words(figure) == ["one", "two"]
