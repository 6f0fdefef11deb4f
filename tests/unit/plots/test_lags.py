"""The still figures of chapter 12 draw the grammar and the losses they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled.plots import COLOURS, lags

# the arrows as chapter 12 lists them, from place to place
ARROWS = {
    ("start", "1"): "B", ("1", "2"): "T", ("1", "3"): "P", ("2", "2"): "S", ("2", "4"): "X",
    ("3", "3"): "T", ("3", "5"): "V", ("4", "3"): "X", ("4", "6"): "S", ("5", "4"): "P",
    ("5", "6"): "V", ("6", "end"): "E",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with matplotlib.rc_context():
        pyplot.switch_backend("Agg")
        yield
        pyplot.close("all")


def nearest(point: tuple[float, float]) -> str:
    return min(lags.PLACES, key=lambda place: np.hypot(*np.subtract(lags.PLACES[place], point)))


def drawn_arrows(axes: pyplot.Axes) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(text.xyann, text.xy) for text in axes.texts if getattr(text, "arrow_patch", None)]


def test_every_arrow_of_the_grammar_is_drawn_with_its_symbol() -> None:
    plain, _ = lags.reber_grammar().axes
    arrows = drawn_arrows(plain)
    assert sorted((nearest(one), nearest(two)) for one, two in arrows) == sorted(ARROWS)
    symbols = [t for t in plain.texts if t.get_text() in set("BTPSXVE")]
    assert len(symbols) == len(ARROWS)
    for one, two in arrows:
        ends = nearest(one), nearest(two)
        middle = np.add(lags.PLACES[ends[0]], lags.PLACES[ends[1]]) / 2
        if ends[0] == ends[1]:  # a loop, away from the middle of the drawing
            middle = middle + np.array([0, 0.7 * np.sign(middle[1])])
        closest = min(symbols, key=lambda t: np.hypot(*(np.array(t.get_position()) - middle)))
        assert closest.get_text() == ARROWS[ends]
        assert np.hypot(*(np.array(closest.get_position()) - middle)) < 0.25
    numbers = {t.get_text(): t.get_position() for t in plain.texts if t.get_text().isdigit()}
    assert numbers == {place: lags.PLACES[place] for place in "123456"}
    assert len(plain.patches) == len(lags.PLACES)


def test_the_embedding_puts_one_symbol_before_and_after_each_string() -> None:
    _, embedded = lags.reber_grammar().axes
    words = [t for t in embedded.texts if len(t.get_text()) > 1]
    assert [t.get_text() for t in words] == ["a Reber string"] * 2
    for symbol, up in (("T", 1), ("P", -1)):
        places = [t.get_position() for t in embedded.texts if t.get_text() == symbol]
        assert len(places) == 2
        assert all(np.sign(y) == up for _, y in places)
        (left, _), (right, _) = sorted(places)
        (box,) = [t for t in words if np.sign(t.get_position()[1]) == up]
        assert left < box.get_position()[0] < right
    assert [t.get_text() for t in embedded.texts if t.get_text() in "BE" and t.get_text()] == [
        *"BE"
    ]
    assert len(drawn_arrows(embedded)) == 6


def test_losses_are_means_of_blocks_beside_their_levels() -> None:
    rng = np.random.default_rng(0)
    curves = {"b_f = 1": rng.uniform(size=105), "other": rng.uniform(size=100)}
    levels = {"constant": 0.5, "half": 0.25}
    (axes,) = lags.losses(curves, levels, block=10, label="nats").axes
    lines = axes.lines
    assert len(lines) == 4
    for line, values in zip(lines[:2], curves.values(), strict=True):
        assert line.get_xdata().tolist() == [10 * k + 5 for k in range(10)]
        means = [values[10 * k : 10 * k + 10].mean() for k in range(10)]
        assert line.get_ydata() == pytest.approx(means)
        assert to_hex(line.get_color()) == COLOURS["loss"]
    for line, level in zip(lines[2:], levels.values(), strict=True):
        assert set(line.get_ydata()) == {level}
        assert to_hex(line.get_color()) == COLOURS["gradient"]
    assert len({line.get_linestyle() for line in lines[:2]}) == 2
    written = [text.get_text() for text in axes.get_legend().get_texts()]
    assert written == ["$b_f$ = 1", "other", "constant", "half"]
    assert axes.get_ylabel() == "nats"
    assert axes.get_xlim() == (0, 105)
    assert axes.get_ylim()[0] == 0
