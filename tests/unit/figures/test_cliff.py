"""The numbers in chapter 7's figure of the cliff, computed again in plain floats."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

from unrolled.figures.base import shown
from unrolled.figures.cliff import (
    ACROSS,
    B_RANGE,
    BANDS,
    BOTTOM,
    COLUMNS,
    DOWN,
    HIGHEST,
    LEFT,
    LEVEL,
    LOWEST,
    OFF,
    RATE,
    RIGHT,
    ROWS,
    TOP,
    W_RANGE,
    cliff,
    inside,
    shades,
)
from unrolled.figures.numerals import power

STARTS = {"one": (4.2, -2.3), "two": (3.8, -2.5)}
CLIPS, STEPS = (0.5, 0.1), 10
EVERY = list(itertools.product(STARTS, (OFF, "0.5", "0.1")))


@pytest.fixture(scope="module")
def figure():
    return cliff(STARTS, CLIPS, STEPS)


def at(w, b):
    """Loss and both derivatives, carried forward in time."""
    x, dw, db = 0.5, 0.0, 0.0
    for _ in range(50):
        s = 1 / (1 + math.exp(-x))
        x, dw, db = w * s + b, s + w * s * (1 - s) * dw, 1 + w * s * (1 - s) * db
    s = 1 / (1 + math.exp(-x))
    outer = 2 * (s - 0.7) * s * (1 - s)
    return (s - 0.7) ** 2, outer * dw, outer * db


def walk(start, clip):
    w, b = STARTS[start]
    rows = []
    for _ in range(STEPS + 1):
        loss, dw, db = at(w, b)
        norm = math.hypot(dw, db)
        rows.append((w, b, loss, norm))
        share = 1.0 if clip == OFF else min(1.0, float(clip) / norm)
        w, b = w - RATE * share * dw, b - RATE * share * db
    return np.array(rows)


def seen(row):
    return W_RANGE[0] <= row[0] <= W_RANGE[1] and B_RANGE[0] <= row[1] <= B_RANGE[1]


def places(points):
    return np.array([[float(each) for each in pair.split(",")] for pair in points.split()])


@pytest.mark.parametrize(("start", "clip"), EVERY)
def test_the_path_goes_where_descent_goes(figure, start, clip):
    now = shown(figure, {"start": start, "clip": clip})
    rows = walk(start, clip)
    gone = next((step for step, row in enumerate(rows) if not seen(row)), None)
    drawn = places(now["path", "points"])
    inner = rows[:gone]
    expected = [[ACROSS(w), DOWN(b)] for w, b, *_ in inner]
    np.testing.assert_allclose(drawn[: len(inner)], expected, atol=0.06)
    assert len(drawn) == len(inner) + (gone is not None)
    if gone is not None:  # the last point lies on the edge, in the direction of the step
        x, y = drawn[-1]
        assert min(abs(x - LEFT), abs(x - RIGHT), abs(y - TOP), abs(y - BOTTOM)) < 0.06
        before, after = rows[gone - 1], rows[gone]
        way = np.array([ACROSS(after[0]) - ACROSS(before[0]), DOWN(after[1]) - DOWN(before[1])])
        part = np.array([x - ACROSS(before[0]), y - DOWN(before[1])])
        assert abs(way[0] * part[1] - way[1] * part[0]) / np.linalg.norm(way) < 0.15
    for step, row in enumerate(rows):
        shows = gone is None or step < gone
        opacity = now.get((f"place{step}", "opacity"), "1")
        assert opacity == str(int(shows))
        if shows and step:
            assert float(now[f"place{step}", "cx"]) == pytest.approx(ACROSS(row[0]), abs=0.06)
            assert float(now[f"place{step}", "cy"]) == pytest.approx(DOWN(row[1]), abs=0.06)


@pytest.mark.parametrize(("start", "clip"), EVERY)
def test_the_curve_and_the_words_say_how_long_the_gradient_is(figure, start, clip):
    now = shown(figure, {"start": start, "clip": clip})
    rows = walk(start, clip)
    logs = np.clip(np.log10(rows[:, 3]), LOWEST, HIGHEST)
    expected = np.stack([np.linspace(LEFT, RIGHT, STEPS + 1), list(map(LEVEL, logs))], axis=1)
    np.testing.assert_allclose(places(now["norms", "points"]), expected, atol=0.07)
    words = now["text-2", "#"].replace("\N{NO-BREAK SPACE}", " ")
    worst = int(rows[:, 3].argmax())
    assert f"longest at step {worst}: {power(rows[worst, 3])}. " in words
    assert words.startswith("No clipping." if clip == OFF else f"Clipped at {clip}.")
    loss, norm = re.search(r"loss (\S+) and a gradient of (\S+)\.$", words).groups()
    assert (loss, norm) == (power(rows[-1, 2]), power(rows[-1, 3]))
    left = re.search(r"Step (\d+) leaves the picture for w = (\S+), b = (\S+)\. ", words)
    outside = [step for step, row in enumerate(rows) if not seen(row)]
    assert bool(left) == bool(outside)
    if left:
        w, b = (float(each.replace("−", "-")) for each in left.groups()[1:])
        assert int(left[1]) == outside[0]
        assert (w, b) == pytest.approx(rows[outside[0], :2], abs=0.0051)


def test_the_limit_is_a_line_where_there_is_one(figure):
    for clip in ("0.5", "0.1"):
        now = shown(figure, {"start": "one", "clip": clip})
        level = LEVEL(math.log10(float(clip)))
        np.testing.assert_allclose(places(now["limit", "points"])[:, 1], level, atol=0.01)
        assert now["limit", "opacity"] == "1"
    assert shown(figure, {"start": "one", "clip": OFF})["limit", "opacity"] == "0"


def test_the_shades_are_the_losses():
    boxes = shades()
    rng = np.random.default_rng(0)
    width, height = (RIGHT - LEFT) / COLUMNS, (BOTTOM - TOP) / ROWS
    for column, row in zip(rng.integers(0, COLUMNS, 60), rng.integers(0, ROWS, 60), strict=True):
        x, y = LEFT + (column + 0.5) * width, TOP + (row + 0.5) * height
        w = W_RANGE[0] + (W_RANGE[1] - W_RANGE[0]) * (column + 0.5) / COLUMNS
        b = B_RANGE[1] - (B_RANGE[1] - B_RANGE[0]) * (row + 0.5) / ROWS
        band = sum(at(w, b)[0] > limit for limit in BANDS)
        (box,) = [
            box
            for box in boxes
            if float(box.get("x")) < x < float(box.get("x")) + float(box.get("width"))
            and float(box.get("y")) - 0.01 < y - height / 2 + 0.01 < float(box.get("y")) + 0.1
        ]
        assert float(box.get("fill-opacity")) == pytest.approx(0.09 * band, abs=0.006)
    assert sum(float(box.get("width")) for box in boxes) == pytest.approx(
        ROWS * (RIGHT - LEFT), rel=1e-3
    )


@pytest.mark.parametrize(
    ("end", "edge"),
    [
        ((6.6, -2.0), (5.6, -2.0)),
        ((2.6, -2.0), (3.6, -2.0)),
        ((4.6, 0.4), (4.6, -1.2)),
        ((4.6, -3.8), (4.6, -2.9)),
        ((7.6, -0.5), (5.6, -1.5)),
    ],
)
def test_a_path_is_cut_at_the_edge(end, edge):
    kept, gone = inside([(4.6, -1.9), (4.6, -2.0), end])
    assert gone == 2
    assert len(kept) == 3
    assert kept[-1] == pytest.approx(edge)


def test_a_path_inside_is_whole():
    path = [(4.6, -1.9), (4.6, -2.0)]
    assert inside(path) == (path, None)
