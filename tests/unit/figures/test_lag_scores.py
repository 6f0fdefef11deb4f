"""The numbers in chapter 12's responding figure, counted again from the rows it was given."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from unrolled import ArgumentError, long_lags
from unrolled.figures import base
from unrolled.figures.lag_scores import lag_scores

LENGTHS = (10, 50, 100)
LEARNERS = ("RNN", "LSTM, b_f = 1")
WRITTEN = ("RNN", "LSTM, forget bias 1")  # in plain text, where no letter can be lowered
SEEDS = 6
# made up for this test: for each learner and length, how many of the six solved it
SOLVED = {
    "adding": {"RNN": (6, 3, 0), "LSTM, b_f = 1": (6, 5, 1)},
    "order 6a": {"RNN": (4, 0, 0), "LSTM, b_f = 1": (6, 4, 2)},
}


def made_up(learner, T, count):
    start = 800 * (1 + LEARNERS.index(learner)) * T // 10
    needed = [start + 400 * seed for seed in range(count)] + [None] * (SEEDS - count)
    return needed[1:] + needed[:1]


def rows():
    return [
        {
            **{"problem": problem, "T": T, "learner": learner, "budget": 50 * T + 9000},
            "sequences": made_up(learner, T, counts[place]),
        }
        for problem, learners in SOLVED.items()
        for place, T in enumerate(LENGTHS)
        for learner, counts in learners.items()
        if (problem, T, learner) != ("order 6a", 50, "RNN")  # one that was not run
    ]


CHOICES = [{"problem": problem, "T": T} for problem in SOLVED for T in LENGTHS]


@pytest.fixture(scope="module")
def figure():
    return lag_scores(rows(), "order 6a", 100)


@pytest.fixture(scope="module")
def shown(figure, still):
    def look(choice, key, attribute="#"):
        element = still.get(key)
        stays = None if element is None else element.get(attribute)
        return base.shown(figure, choice).get((key, attribute), stays)

    return look


def run_of(choice, learner):
    found = [r for r in rows() if r["learner"] == learner and r["T"] == choice["T"]]
    found = [r for r in found if r["problem"] == choice["problem"]]
    return found[0]["sequences"] if found else None


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_words_and_names_count_the_runs(shown, choice):
    words = shown(choice, "text-4")
    name = {"adding": "Adding", "order 6a": "Temporal order"}[choice["problem"]]
    budget = 50 * choice["T"] + 9000
    assert words.startswith(f"{name}, T = {choice['T']}, at most {budget:,} sequences. RNN: ")
    for place, learner in enumerate(LEARNERS):
        runs = run_of(choice, learner)
        said = re.search(rf"{WRITTEN[place]}: (.*?)[;.](?: |$)", words)[1]
        if runs is None:
            assert said == shown(choice, f"count{place}") == "not run"
            continue
        solved = sum(n is not None for n in runs)
        middle = np.median([math.inf if n is None else n for n in runs])
        wanted = f", median {middle:,.0f}" if middle < math.inf else ", no median"
        assert said == f"{solved} of 6" + (wanted if solved else "")
        assert shown(choice, f"count{place}") == f"{solved} of 6"


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_each_dot_stands_at_its_sequences(shown, choice):
    places = []
    for place, learner in enumerate(LEARNERS):
        runs = run_of(choice, learner)
        for seed in range(SEEDS):
            x, fill, opacity = (
                shown(choice, f"run{place}-{seed}", each) for each in ("cx", "fill", "opacity")
            )
            assert float(opacity) == (runs is not None)
            if runs is None:
                continue
            assert ("paper" in fill) == (runs[seed] is None)
            if runs[seed] is None:
                assert float(x) > 420
            else:
                places.append((math.log(runs[seed]), float(x)))
        middle = np.median([math.inf if n is None else n for n in runs]) if runs else math.inf
        hidden = float(shown(choice, f"median{place}", "opacity")) == 0
        assert hidden == (middle == math.inf)
        if not hidden:
            points = shown(choice, f"median{place}", "points")
            places.append((math.log(middle), float(points.split(",")[0])))
    if len(places) > 2:
        logs, xs = np.array(places).T
        slope, start = np.polyfit(logs, xs, 1)
        assert slope > 10
        assert np.abs(start + slope * logs - xs).max() < 0.1  # one logarithmic scale
        assert xs.max() < 405


@pytest.mark.parametrize("problem", SOLVED)
def test_the_curves_hold_the_shares_and_their_intervals(shown, problem):
    heights, shares = [], []
    for place, learner in enumerate(LEARNERS):
        drawn = []
        for spot, T in enumerate(LENGTHS):
            choice = {"problem": problem, "T": T}
            runs = run_of(choice, learner)
            opacity = float(shown(choice, f"share{place}-{spot}", "opacity"))
            assert opacity == float(shown(choice, f"bar{place}-{spot}", "opacity"))
            assert opacity == (runs is not None)
            if runs is None:
                continue
            x, y = (float(shown(choice, f"share{place}-{spot}", each)) for each in ("cx", "cy"))
            drawn.append(f"{x:g},{y:g}")
            share = sum(n is not None for n in runs) / SEEDS
            ends = shown(choice, f"bar{place}-{spot}", "points").split()
            low, high = (float(end.split(",")[1]) for end in ends)
            # a limit is where the share seen is 1.96 standard deviations off
            ps = np.linspace(0, 1, 20_001)
            fits = ps[(share - ps) ** 2 <= 1.96**2 * ps * (1 - ps) / SEEDS]
            heights += [y - 64 * place, low - 64 * place, high - 64 * place]
            shares += [share, fits.min(), fits.max()]
        assert shown(choice, f"curve{place}", "points").split() == drawn
    slope, start = np.polyfit(shares, heights, 1)
    assert slope < -20  # up is more
    assert np.abs(start + slope * np.array(shares) - heights).max() < 0.05


def test_one_column_is_lit_and_a_click_on_it_chooses(figure, still, shown):
    for T in LENGTHS:
        lit = {
            each: float(shown({"problem": "adding", "T": T}, f"column{each}", "fill-opacity"))
            for each in LENGTHS
        }
        assert [each for each, opacity in lit.items() if opacity] == [T]
        assert still[f"column{T}"].get("data-set") == f'{{"T": {T}}}'
    assert [control.start for control in figure.controls] == ["order 6a", 100]
    assert figure.controls[0].labels == ("adding", "temporal order")


def test_the_stored_curve_fills_the_figure():
    """Every problem, length and learner was run, from ten seeds."""
    drawn = lag_scores(long_lags.rows(part="curve"), "order 6a", 100)
    problem, T = drawn.controls
    assert set(problem.options) == {"order 6a", "adding"}
    assert T.options == (10, 20, 50, 100)
    words = next(change.values for change in drawn.changes if change.key == "text-4")
    assert len(words) == 8
    for text in words:
        assert "not run" not in text
        assert len(re.findall(r"\d+ of 10", text)) == len(long_lags.LEARNERS)
        assert "_" not in text
        for words in ("GRU, update bias 1: ", "LSTM, forget bias 3: ", "LSTM, chrono: "):
            assert words in text


def without(name):
    return [{key: value for key, value in row.items() if key != name} for row in rows()]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([], "rows: expected those of long_lags.rows"),
        ([row | {"sequences": [None] * 6} for row in rows()], "rows: expected some run that solv"),
        ([row | {"T": None} for row in rows()], "rows: expected .* got one of 6 runs without T."),
        (without("problem"), "rows: .* without problem."),
        (without("budget"), "rows: .* without budget."),
        (without("sequences"), "row: expected one of rows"),
        ([3], "row: expected one of rows"),
    ],
)
def test_rows_that_cannot_be_drawn(given, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        lag_scores(given, "order 6a", 100)


def test_a_start_that_no_row_has():
    with pytest.raises(ArgumentError, match=r"^start of 'T': 99 is not among"):
        lag_scores(rows(), "order 6a", 99)
    with pytest.raises(ArgumentError, match=r"^start of 'problem': 'copy' is not among"):
        lag_scores(rows(), "copy", 100)
