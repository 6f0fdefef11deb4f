"""The numbers of chapter 9's responding figure, computed again without the package."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest

from unrolled.figures.gate_mixer import ALONG, HEIGHT, STEPS, mixer
from unrolled.shapes import ArgumentError

BEFORE = -0.7


@pytest.fixture(scope="module")
def figure():
    return mixer(BEFORE)


@pytest.fixture(scope="module")
def choices(figure):
    """Every choice, each option under its control's place and under its name."""
    names = [control.name for control in figure.controls]
    every = product(*(control.options for control in figure.controls))
    return [dict(enumerate(choice)) | dict(zip(names, choice, strict=True)) for choice in every]


def numbers(text):
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", text.replace("−", "-"))]


def values(choice):
    """Where each bar begins and ends."""
    kept = choice["f"] * BEFORE
    c = kept + choice["i"] * choice["g"]
    h = choice["o"] * math.tanh(c)
    return {
        "kept": (0, kept),
        "written": (kept, c),
        "c": (0, c),
        "tanh_c": (0, math.tanh(c)),
        "h": (0, h),
    }


def test_every_bar_has_its_two_ends_and_its_number(choices, shown):
    for choice in choices:
        for key, (start, end) in values(choice).items():
            low, high = sorted((ALONG(start), ALONG(end)))
            assert float(shown(choice, key, "x")) == pytest.approx(low, abs=0.06)
            width = max(high - low, 1.5)
            assert float(shown(choice, key, "width")) == pytest.approx(width, abs=0.06)
            written = shown(choice, f"{key}-number").replace("−", "-")
            assert float(written) == pytest.approx(end - start, abs=5.1e-4)
            assert written != "-0.000"


def test_the_words_say_both_sums(choices, shown):
    for choice in choices:
        f, i, g, o = (choice[name] for name in "figo")
        c = f * BEFORE + i * g
        said = numbers(shown(choice, "text-3"))
        assert said == pytest.approx([f, BEFORE, i, g, c], abs=5.1e-4)
        said = numbers(shown(choice, "text-4"))
        assert said == pytest.approx([o, math.tanh(c), o * math.tanh(c)], abs=5.1e-4)


def test_the_dots_are_what_is_left(figure, choices, shown):
    for choice in choices:
        left = 1.0
        for k in range(STEPS + 1):
            place = float(shown(choice, f"left{k}", "cy"))
            assert place == pytest.approx(HEIGHT(left), abs=0.06)
            left *= choice["f"]


def test_the_words_give_the_half_life_and_what_is_left(figure, choices, shown):
    for choice in choices:
        f, text = choice["f"], shown(choice, "text-2")
        if f in (0, 1):
            assert numbers(text)[0] == f
            assert ("gone" in text) == (f == 0)
            assert ("stays" in text) == (f == 1)
            continue
        gate, lives, after, left = numbers(text)
        assert (gate, after) == (f, 20)
        assert f**lives == pytest.approx(0.5, abs=0.02)
        assert lives == pytest.approx(-math.log(2) / math.log(f), abs=5.1e-3)
        if "less than" in text:
            assert f**20 < left == 1e-4
        else:
            assert left == pytest.approx(f**20, abs=5.1e-5)


def test_the_line_stands_at_the_half_life_or_is_hidden(choices, shown):
    for choice in choices:
        f = choice["f"]
        lives = math.log(0.5) / math.log(f) if 0 < f < 1 else math.inf
        seen = float(shown(choice, "half", "opacity"))
        assert seen == (lives <= STEPS)
        if seen:
            x = numbers(shown(choice, "half", "points"))[0]
            assert x == pytest.approx(52 + lives / STEPS * 388, abs=0.02)


def test_every_number_of_a_sentence_can_be_read(choices, shown):
    assert not any("nan" in shown(choice, f"text-{k}") for choice in choices for k in (2, 3, 4))
    assert "0.9 · (−0.7) + 0.4 · (−0.5)" in shown({0: 0.9, 1: 0.4, 2: -0.5}, "text-3")


@pytest.mark.parametrize("bad", [0, 1.2, -1.01, np.nan])
def test_a_cell_that_does_not_fit_the_drawing_is_refused(bad):
    with pytest.raises(ArgumentError, match="c_prev: expected a number from −1 to 1 but 0"):
        mixer(bad)
