"""Chapter 11: every variant on every task, and the ten runs behind each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from statistics import fmean, median
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond

NAMES = 138.0  # width of the column of names
COLUMN, ROW = 53.0, 25.0
TOP = 80.0  # middle of the first row
PANEL = 92.0  # height of the runs below
MEASURES = ("solved", "updates", "score")


def ablation_grid(store: Mapping[str, Any], start: str) -> Figure:
    """Show a number for each variant and task, and below the runs of one variant.

    The variants and tasks are those of :mod:`unrolled.ablation` (chapter 11).

    Parameters
    ----------
    store : mapping
        As :func:`unrolled.ablation.stored` gives it.
    start : str
        The variant whose runs are shown first.

    Returns
    -------
    Figure
        Choices: what is counted, and whose runs are shown.
    """
    grids = store["grids"]
    names = list(grids[0]["runs"])
    seeds = len(store["seeds"])
    bottom = TOP + ROW * len(names) + 14
    floor, ceiling = bottom + PANEL, bottom + 16

    def ground() -> Drawn:
        shapes: list[Element] = [
            svg.text(4, y, words, anchor="start", size=13)
            for y, words in ((16, "task"), (36, "steps"), (54, "updates at most"))
        ]
        for column, grid in enumerate(grids):
            middle = _across(column)
            shapes.append(svg.text(middle, 16, grid["task"]))
            shapes.append(svg.text(middle, 36, f"T = {grid['T']}", size=13))
            shapes.append(svg.text(middle, 54, str(grid["budget"]), size=13))
            left, right = middle - 25, middle + 25
            for level in (floor, ceiling):
                shapes.append(svg.line([(left, level), (right, level)], stroke="neutral", width=1))
        for level, words in ((ceiling, "not solved"), ((floor + ceiling) / 2, "solved after")):
            shapes.append(svg.text(4, level, words, anchor="start", size=13))
        shapes.append(svg.text(4, floor, "0 updates", anchor="start", size=13))
        return Drawn(shapes, "")

    def cells(measure: str) -> Drawn:
        shapes = []
        for row, name in enumerate(names):
            for column, grid in enumerate(grids):
                place = (_across(column), TOP + ROW * row)
                runs = grid["runs"].get(name)
                share = _solved(runs) / seeds if runs else 0.0
                shapes.append(
                    svg.box(
                        *place, COLUMN - 4, ROW - 4, radius=4, fill="state",
                        fill_opacity=0.45 * share,
                    )
                )  # fmt: skip
                written = _measured(runs, measure)
                shapes.append(svg.text(*place, written, key=f"{row}-{column}"))
        return Drawn(shapes, _what(measure, seeds))

    def chosen(variant: str) -> Drawn:
        row = names.index(variant)
        width = NAMES + COLUMN * len(grids)
        frame = svg.box(
            1 + width / 2, TOP + ROW * row, width, ROW, radius=4, key="row", fill="none",
            stroke="text", stroke_width=1.5,
        )  # fmt: skip
        labels = [
            svg.text(
                4,
                TOP + ROW * place,
                name,
                key=f"name{place}",
                anchor="start",
                font_weight="bold" if name == variant else "normal",
            )
            for place, name in enumerate(names)
        ]
        dots = []
        for column, grid in enumerate(grids):
            runs = grid["runs"].get(variant)
            height = svg.scale((0, grid["budget"]), (floor, ceiling + 12))
            for seed in range(seeds):
                updates = runs["updates"][seed] if runs else None
                dots.append(
                    svg.circle(
                        _across(column) + 4.7 * (seed - (seeds - 1) / 2),
                        round(ceiling if updates is None else height(updates), 1),
                        3.0,
                        key=f"run{column}-{seed}",
                        fill="paper" if updates is None else "state",
                        stroke="loss" if updates is None else "state",
                        stroke_width=1.4,
                        opacity=1 if runs else 0,
                    )
                )
        return Drawn([frame, *labels, *dots], _runs_in_words(variant, grids))

    return respond(
        "ablation_grid",
        "What is lost without each part",
        "A table: a row for each variant of the cell, a column for each task, the darker the more "
        "runs solved it. Below, the ten runs of the chosen variant as dots, in each column from "
        "no update at the bottom to not solved at the top. One task has two columns: two budgets.",
        (NAMES + COLUMN * len(grids) + 3, floor + 12),
        [
            Control(
                "measure", "number", MEASURES, "solved", "choice",
                (f"solved of {seeds}", "median updates", "mean last score"),
            ),
            Control("variant", "runs of", tuple(names), start),
        ],
        ground,
        cells,
        chosen,
    )  # fmt: skip


def _across(column: int) -> float:
    return NAMES + COLUMN * (column + 0.5)


def _solved(runs: Mapping[str, Any]) -> int:
    return sum(updates is not None for updates in runs["updates"])


def _measured(runs: Mapping[str, Any] | None, measure: str) -> str:
    """Write one number of a variant on a task; a dash where there is none.

    In the median a run that was not solved counts as later than every other.
    """
    if runs is None:
        return "·"
    if measure == "solved":
        return str(_solved(runs))
    if measure == "score":
        return f"{100 * fmean(runs['accuracy']):.0f} %"
    middle = median(inf if updates is None else updates for updates in runs["updates"])
    return f"{middle:.0f}" if middle < inf else "–"


def _what(measure: str, seeds: int) -> str:
    return {
        "solved": f"The number: how many of {seeds} runs reached 99 % within the budget.",
        "updates": "The number: the median of the updates needed, all runs counted; – where half "
        "the runs or more did not get there.",
        "score": "The number: the share of right answers at the last test, mean of all runs.",
    }[measure]


def _runs_in_words(variant: str, grids: Sequence[Mapping[str, Any]]) -> str:
    parts = []
    for grid in grids:
        runs = grid["runs"].get(variant)
        what = f"{grid['task']} {grid['T']} in {grid['budget']}"
        if runs is None:
            parts.append(f"{what} was not run")
        else:
            parts.append(f"{what}: {_solved(runs)} of {len(runs['updates'])}")
    return f"Runs of {variant}, solved: {'; '.join(parts)}."
