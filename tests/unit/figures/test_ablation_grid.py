"""The numbers in chapter 11's responding figure, counted again from the store."""

from __future__ import annotations

import re

import numpy as np
import pytest

from unrolled import ablation
from unrolled.ablation import VARIANTS
from unrolled.figures.ablation_grid import ablation_grid

NAMES = list(VARIANTS)
MEASURES = ("solved", "updates", "score")


@pytest.fixture(scope="module")
def grids():
    return ablation.stored()["grids"]


@pytest.fixture(scope="module")
def figure():
    return ablation_grid(ablation.stored(), "GRU")


def elements(figure):
    return {
        element.get("data-key"): element
        for still in figure.stills
        for top in still.shapes
        for element in top.iter()
        if element.get("data-key")
    }


def changed(figure, key, attribute):
    """The values of one attribute in every state of its control, or the one that stays."""
    for change in figure.changes:
        if (change.key, change.attribute) == (key, attribute):
            return list(change.values)
    element = elements(figure)[key]
    return [element.text if attribute == "#" else element.get(attribute)]


def spread(values, length):
    return values if len(values) == length else values * length


def runs_of(grid, name):
    runs = grid["runs"].get(name)
    return None if runs is None else [np.nan if u is None else u for u in runs["updates"]]


@pytest.mark.parametrize("row", range(len(NAMES)))
def test_each_number_of_the_table(figure, grids, row):
    for column, grid in enumerate(grids):
        runs = runs_of(grid, NAMES[row])
        solved, updates, score = spread(changed(figure, f"{row}-{column}", "#"), 3)
        if runs is None:
            assert (solved, updates, score) == ("·", "·", "·")
            continue
        done = np.sort(runs)  # the unsolved come last
        assert int(solved) == (done == done).sum()
        if done[5] == done[5]:
            assert float(updates) == pytest.approx((done[4] + done[5]) / 2, abs=0.5)
        else:
            assert updates == "–"
        accuracy = np.mean(grid["runs"][NAMES[row]]["accuracy"])
        assert float(score.removesuffix(" %")) == pytest.approx(100 * accuracy, abs=0.51)


def test_each_dot_stands_at_its_updates(figure, grids):
    tops, bottoms = set(), set()
    for column, grid in enumerate(grids):
        for seed in range(10):
            key = f"run{column}-{seed}"
            heights = spread(changed(figure, key, "cy"), len(NAMES))
            fills = spread(changed(figure, key, "fill"), len(NAMES))
            shown = spread(changed(figure, key, "opacity"), len(NAMES))
            for place, name in enumerate(NAMES):
                runs = runs_of(grid, name)
                assert float(shown[place] or 1) == (runs is not None)
                if runs is None:
                    continue
                solved = not np.isnan(runs[seed])
                assert ("paper" in fills[place]) == (not solved)
                if solved:
                    bottoms.add((float(heights[place]), runs[seed] / grid["budget"]))
                else:
                    tops.add(float(heights[place]))
    assert len(tops) == 1
    heights, shares = np.array(sorted(bottoms)).T
    slope, start = np.polyfit(shares, heights, 1)
    assert slope < -60
    assert np.abs(start + slope * shares - heights).max() < 0.2  # one straight scale for all
    assert min(heights) > tops.pop() + 8  # solved at the last test stands below not solved


def test_the_words_say_how_many_runs(figure, grids):
    words = next(c.values for c in figure.changes if c.key.startswith("text-3"))
    for name, text in zip(NAMES, words, strict=True):
        assert text.startswith(f"Runs of {name}, solved: ")
        counted = [
            "was not run" if (runs := runs_of(grid, name)) is None
            else f"{sum(u == u for u in runs)} of 10"
            for grid in grids
        ]  # fmt: skip
        assert re.findall(r"was not run|\d+ of \d+", text) == counted
        titles = re.findall(
            r"(\w+) (\d+) in (\d+)(?::| was)", text.removeprefix(f"Runs of {name}, solved: ")
        )
        assert titles == [(g["task"], str(g["T"]), str(g["budget"])) for g in grids]


def test_one_name_is_bold_and_framed(figure):
    for place, name in enumerate(NAMES):
        weights = changed(figure, f"name{place}", "font-weight")
        assert [w == "bold" for w in weights] == [each == name for each in NAMES]
    frames = [float(y) for y in changed(figure, "row", "y")]
    moved = [elements(figure)[f"name{place}"].get("transform") for place in range(len(NAMES))]
    labels = [float(re.search(r" ([\d.]+)\)", each)[1]) for each in moved]
    middles = np.array(frames) + float(elements(figure)["row"].get("height")) / 2
    assert np.abs(middles - labels).max() < 8


def test_the_shade_follows_what_was_solved(figure, grids):
    fills = [
        float(element.get("fill-opacity"))
        for element in figure.stills[1].shapes
        if element.get("fill-opacity") is not None
    ]
    counts = [
        0 if (runs := runs_of(grid, name)) is None else sum(u == u for u in runs)
        for name in NAMES
        for grid in grids
    ]
    assert len(fills) == len(counts)
    assert np.corrcoef(fills, counts)[0, 1] > 0.999


def test_controls_and_start(figure):
    measure, variant = figure.controls
    assert measure.options == MEASURES
    assert measure.labels == ("solved of 10", "median updates", "mean last score")
    assert variant.options == tuple(NAMES)
    assert (measure.start, variant.start) == ("solved", "GRU")
    assert len(figure.stills[0].text) == 0
