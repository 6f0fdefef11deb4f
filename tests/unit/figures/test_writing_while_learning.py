"""The curve, the marker and the text of chapter 13's first figure, found again from the store."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from unrolled.figures.base import shown
from unrolled.figures.writing_while_learning import wrapped, writing_while_learning

MADE = {
    "curve": {"step": [100, 200, 300], "validation": [3.0, 2.0, 1.7]},
    "levels": {"uniform": 6.0, "orders": [1, 2, 3], "validation": [4.5, 2.4, 1.9]},
    "samples": {
        "prompt": "The ",
        "temperatures": [0.3, 0.7, 1.0],
        "moments": [
            {"step": 0, "validation": 6.2, "texts": ["qq_q" * 60, "x\ny", "zz"]},
            {"step": 100, "validation": 3.0, "texts": ["a b c", "the h_t", "cell " * 90]},
            {"step": 300, "validation": 1.7, "texts": ["net", "of", "all"]},
        ],
    },
}
STEPS = (0, 100, 300)


@pytest.fixture(scope="module")
def figure():
    return writing_while_learning(MADE, 100)


def still(figure, key):
    for drawn in figure.stills:
        for top in drawn.shapes:
            for element in top.iter():
                if element.get("data-key") == key:
                    return element
    raise KeyError(key)


def seen(figure, step, temperature):
    return shown(figure, {"step": step, "temperature": temperature})


def lines(figure, step, temperature):
    found = seen(figure, step, temperature)
    return [found.get((f"line{row}", "#"), still(figure, f"line{row}").text) for row in range(6)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0])
def test_the_text_is_that_of_the_moment(figure, step, temperature):
    moment = MADE["samples"]["moments"][STEPS.index(step)]
    whole = "The " + moment["texts"][MADE["samples"]["temperatures"].index(temperature)]
    found = [line for line in lines(figure, step, temperature) if line]
    assert all(len(line) <= 50 for line in found)
    plain = "".join(found).replace(" ", "").replace("↵", "")
    assert "".join(whole.split()).startswith(plain)
    assert len(plain) >= min(len("".join(whole.split())), 150)
    words = seen(figure, step, temperature)[("text-3", "#")]
    assert words == f"At temperature {temperature:g} it writes: {' '.join(whole[:40].split())} …"


def test_the_marker_lies_on_the_curve_over_a_logarithmic_axis(figure):
    (curve,) = [
        element
        for element in figure.stills[0].shapes
        if element.tag == "polyline" and "state" in element.get("stroke", "")
    ]
    points = np.array([pair.split(",") for pair in curve.get("points").split()], dtype=float)
    bits = [6.2, 3.0, 2.0, 1.7]  # the first look is before the first step
    slope, start = np.polyfit(np.log(bits), points[:, 1], 1)
    assert slope < 0
    assert np.abs(start + slope * np.log(bits) - points[:, 1]).max() < 0.02
    for step in STEPS:
        found = seen(figure, step, 0.7)
        place = [0, 100, 200, 300].index(step)
        assert float(found["marker", "cx"]) == pytest.approx(points[place, 0], abs=0.02)
        assert float(found["marker", "cy"]) == pytest.approx(points[place, 1], abs=0.1)


def test_each_level_is_named_beside_its_line_and_no_label_covers_another(figure):
    named = {"uniform": 6.0, "1-gram": 4.5, "2-gram": 2.4, "3-gram": 1.9}
    texts = [e for e in figure.stills[0].shapes if e.tag == "text" and "gram" in (e.text or "")]
    texts = [e for e in figure.stills[0].shapes if (e.text or "").startswith("uniform")] + texts
    assert [e.text for e in texts] == [f"{name} {bits:.2f}" for name, bits in named.items()]
    heights = [float(re.search(r" ([\d.]+)\)", e.get("transform"))[1]) for e in texts]
    assert min(np.diff(heights)) > 15
    rules = [e for e in figure.stills[0].shapes if e.get("stroke-dasharray")]
    assert len(rules) == len(named)
    flat = [[p.split(",") for p in e.get("points").split()][:2] for e in rules]
    assert all(left[1] == right[1] for left, right in flat)


@pytest.mark.parametrize(
    ("step", "where"),
    [
        (0, "no better than knowing nothing"),
        (100, "between the levels 1-gram and 2-gram"),
        (300, "better than every n-gram up to the 3-gram"),
    ],
)
def test_the_words_say_how_good_it_is_by_then(figure, step, where):
    bits = MADE["samples"]["moments"][STEPS.index(step)]["validation"]
    words = seen(figure, step, 0.7)[("text-2", "#")]
    assert words.startswith(f"After {step} steps: {bits:.2f} bits per character")
    assert f"as among {math.exp(bits * math.log(2)):.1f} characters" in words
    assert words.endswith(f"{where}.")


def test_long_words_are_cut_and_line_ends_are_shown():
    assert wrapped("a" * 7 + "\nbb cc dd", 5, 9) == ["aaaaa", "aa↵", "bb cc", "dd"]
    assert wrapped("one two three", 3, 2) == ["one", "two"]
    assert wrapped("", 5, 2) == []
