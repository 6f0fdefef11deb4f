"""The numbers in chapter 14's responding figure, divided again from the store."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from unrolled.figures.speed_ratios import SIDES, multiple, speed_ratios

SIZES = {"ti-ny": [4, 1, 4, 3], "big": [100, 64, 512, 512]}
CELLS, THREADS = ("RNN", "LSTM"), (1, 2)


@pytest.fixture(scope="module")
def store():
    rng = np.random.default_rng(14)
    passes = []
    for size, cell, threads in itertools.product(SIZES, CELLS, THREADS):
        clocks = {
            clock: {side: sorted(rng.lognormal(0, 1, 3).tolist()) for side in SIDES}
            for clock in ("cpu", "wall")
        }
        clocks["cpu"]["jax"] = [0.001, 0.002, 0.003]  # so slow that its bar is cut
        seconds = {clock: {"ours": float(rng.uniform(1e-5, 1))} for clock in clocks}
        passes.append(
            {"size": size, "cell": cell, "threads": threads, "ratios": clocks, "seconds": seconds}
        )
    return {"sizes": SIZES, "passes": passes}


@pytest.fixture(scope="module")
def figure(store):
    return speed_ratios(store, "big", "LSTM")


STATES = list(itertools.product(SIZES, CELLS, THREADS))


def values(figure, key, attribute):
    """The values of one attribute, state by state."""
    for change in figure.changes:
        if (change.key, change.attribute) == (key, attribute):
            axes = [len(figure.controls[place].options) for place in change.controls]
            assert change.controls == (0, 1, 2)
            assert np.prod(axes) == len(STATES)
            return list(change.values)
    for still in figure.stills:
        for top in still.shapes:
            for element in top.iter():
                if element.get("data-key") == key:
                    found = element.text if attribute == "#" else element.get(attribute)
                    return [found] * len(STATES)
    raise AssertionError(key)


def entry(store, state):
    threads = state[2]
    for each in store["passes"]:
        if (each["size"], each["cell"], each["threads"]) == state:
            clock = "cpu" if threads == 1 else "wall"
            return each["ratios"][clock], each["seconds"][clock]["ours"]
    raise AssertionError(state)


@pytest.mark.parametrize("side", SIDES)
def test_each_bar_runs_from_the_middle_to_the_ratio(figure, store, side):
    lefts = np.array(values(figure, f"bar-{side}", "x"), float)
    widths = np.array(values(figure, f"bar-{side}", "width"), float)
    numbers = values(figure, f"number-{side}", "#")
    spreads = values(figure, f"spread-{side}", "points")
    points = []
    for state, left, width, number, spread in zip(
        STATES, lefts, widths, numbers, spreads, strict=True
    ):
        low, middle, high = entry(store, state)[0][side]
        assert number == multiple(1 / middle)
        end = left if middle > 1 else left + width  # theirs is the shorter time where ours ÷ > 1
        origin = left + width if middle > 1 else left
        points.append((origin, 0.0))
        points.append((end, math.log(1 / middle)))
        marks = [float(x) for x in re.findall(r"([\d.]+),", spread)]
        points += [(marks[0], math.log(1 / high)), (marks[1], math.log(1 / low))]
    inside = [(x, y) for x, y in points if abs(y) < math.log(12)]
    places, logs = np.array(inside).T
    slope, start = np.polyfit(logs, places, 1)
    assert slope > 20
    assert np.abs(start + slope * logs - places).max() < 0.05
    edge = start + slope * math.log(12)
    for x, y in points:
        if y > math.log(12):
            assert x == pytest.approx(edge, abs=0.1)


def test_the_words_give_every_number(figure, store):
    words = next(c.values for c in figure.changes if c.key.startswith("text-"))
    for state, text in zip(STATES, words, strict=True):
        size, cell, threads = state
        ratios, seconds = entry(store, state)
        T, N, D, H = SIZES[size]
        ending = "" if threads == 1 else "s"
        assert text.startswith(f"{cell}, T = {T}, N = {N}, D = {D}, H = {H}, {threads} thread")
        assert f"{threads} thread{ending}: fused takes {1e3 * seconds:.3g} ms" in text
        for side, name in SIDES.items():
            assert f"{name} {multiple(1 / ratios[side][1])}" in text


def test_the_ticks_stand_where_their_numbers_are(figure):
    ground = figure.stills[0].shapes
    texts = [each for each in ground if each.tag == "text"]
    labels = {
        each.text: float(re.search(r"\(([\d.]+)", each.get("transform"))[1]) for each in texts
    }
    powers = {"1/8": -3, "1/2": -1, "1": 0, "2": 1, "8": 3}
    gaps = [(labels[name] - labels["1"]) / power for name, power in powers.items() if power]
    assert np.ptp(gaps) < 0.02
    assert gaps[0] > 10


def test_controls_and_start(figure):
    size, cell, threads = figure.controls
    assert (size.options, size.start, size.labels) == (tuple(SIZES), "big", tuple(SIZES))
    assert (cell.options, cell.start) == (CELLS, "LSTM")
    assert (threads.options, threads.start) == (THREADS, 1)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.1234, "0.12"), (1.0, "1.0"), (9.94, "9.9"), (9.96, "10"), (123, "123")],
)
def test_ratios_are_written_short(value, written):
    assert multiple(value) == written
