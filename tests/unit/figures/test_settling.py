"""The numbers in chapter 2's responding figure, computed again by brute force."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest

from unrolled.figures.settling import HEIGHT, LOWER, settling

WS, STARTS = (-1.5, -1.0, 0.0, 0.7, 1.0, 1.2, 1.5, 2.0), (-1, -0.1, 0.1, 0.5)


@pytest.fixture(scope="module")
def figure():
    return settling(WS, STARTS, steps=12)


def changed(figure, key, attribute):
    """The values of one attribute by (place of w, place of the start)."""
    change = next(each for each in figure.changes if (each.key, each.attribute) == (key, attribute))
    lengths = [len(figure.controls[place].options) for place in change.controls]
    table = np.array(change.values, dtype=object).reshape(lengths)
    return table if len(lengths) == 2 else table[:, None].repeat(len(STARTS), 1)


def states(w, h):
    yield h
    for _ in range(12):
        h = math.tanh(w * h)
        yield h


def numbers(text):
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", text.replace("−", "-"))]


def test_each_dot_stands_at_its_state(figure):
    for t in range(1, 13):
        heights = changed(figure, f"h{t}", "cy")
        for (i, w), (j, start) in product(enumerate(WS), enumerate(STARTS)):
            state = list(states(w, start))[t]
            assert float(heights[i, j]) == pytest.approx(HEIGHT(state), abs=0.06)


def test_the_words_say_where_it_ends(figure):
    words = changed(figure, "text-3", "#")
    for (i, w), (j, start) in product(enumerate(WS), enumerate(STARTS)):
        assert numbers(words[i, j]) == pytest.approx(
            [start, 12, list(states(w, start))[-1]], abs=6e-5
        )


@pytest.mark.parametrize(("place", "w"), list(enumerate(WS)))
def test_the_words_name_the_fixed_points(figure, place, w):
    first, *rest = numbers(changed(figure, "text-2", "#")[place, 0])
    assert first == w
    if w < -1:
        zero, low, high = rest
        assert math.tanh(w * low) == pytest.approx(high, abs=2e-4)
        assert math.tanh(w * high) == pytest.approx(low, abs=2e-4)
        assert zero == 0
        return
    points = rest[: 3 if w > 1 else 1]
    for point in points:
        assert math.tanh(w * point) == pytest.approx(point, abs=2e-4)
    assert len(set(points)) == len(points)


@pytest.mark.parametrize(("place", "w"), list(enumerate(WS)))
def test_a_mark_is_full_where_near_states_come_nearer(figure, place, w):
    points = numbers(changed(figure, "text-2", "#")[place, 0])[1 : 4 if w > 1 else 2]
    for rank, point in enumerate(points):
        near = list(states(w, point + 0.1))[-1]
        comes_nearer = abs(near - point) < 0.099
        fill = changed(figure, f"point{rank}", "fill")[place, 0]
        assert ("paper" not in fill) == comes_nearer


def test_the_marks_stand_at_the_fixed_points(figure):
    heights = changed(figure, "point2", "cy")[:, 0]
    for place, w in enumerate(WS):
        if w > 1:
            state = list(states(w, 1.0))[-1]
            for _ in range(500):
                state = math.tanh(w * state)
            assert float(heights[place]) == pytest.approx(LOWER(state), abs=0.01)
