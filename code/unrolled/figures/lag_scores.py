"""Chapter 12: how many seeds solved a problem, against its length, and after how many sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.analysis.proportions import wilson
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.long_lags import summary
from unrolled.shapes import ArgumentError

LEFT, RIGHT = (22.0, 196.0), (232.0, 400.0)  # where the curves and the runs stand
NEVER = 436.0  # middle of the runs that did not solve it
TOP, PITCH, HEIGHT = 66.0, 64.0, 34.0  # of the first row; from row to row; of a row's drawing
NAMES = {"adding": "adding", "order 6a": "temporal order"}
GATES = {"b_f =": "forget bias", "b_z =": "update bias"}  # where no letter can be lowered

Row = dict[str, Any]
Table = Mapping[tuple[str, int, str], Row]


def lag_scores(rows: Sequence[Row], problem: str, T: int) -> Figure:
    """Show the solved share against the length, and the runs behind one length.

    The bars of the curves are the intervals of eq-wilson (chapter 12).

    Parameters
    ----------
    rows : sequence of mapping
        Of the part ``"curve"``, as :func:`unrolled.long_lags.rows` gives them.
    problem : str
        The one shown first.
    T : int
        The length whose runs are shown first.

    Returns
    -------
    Figure
        One line for each learner. Choices: the problem, and the length.

    Raises
    ------
    ArgumentError
        No rows, others than those of the store, rows without a length, or none that any run
        solved; a problem or a length to start with that no row has.
    """
    _check(rows)
    table = {(row["problem"], row["T"], row["learner"]): row for row in rows}
    problems, lengths, learners = (list(dict.fromkeys(each)) for each in zip(*table, strict=True))
    lengths.sort()
    needed = [n for row in rows for n in row["sequences"] if n is not None]
    across = svg.scale((0, len(lengths) - 1), (LEFT[0] + 14, LEFT[1] - 14))
    along = svg.scale((log10(min(needed) / 1.2), log10(1.2 * max(needed))), RIGHT)
    bottom = TOP + PITCH * (len(learners) - 1) + HEIGHT

    def ground() -> Drawn:
        marks = (300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000)
        ticks = [n for n in marks if RIGHT[0] <= along(log10(n)) <= RIGHT[1]]
        shapes = [
            svg.text(LEFT[0], 14, "seeds that solved it", anchor="start", size=15),
            svg.text(RIGHT[0], 14, "sequences each run needed", anchor="start", size=15),
        ]
        for place in range(len(learners)):
            top, floor = _strip(place)
            shapes.append(svg.text(LEFT[0], top - 13, learners[place], anchor="start", size=15))
            for left, right in (LEFT, (RIGHT[0], NEVER + 20)):
                shapes.append(svg.line([(left, floor), (right, floor)], stroke="neutral", width=1))
            shapes += [
                svg.line([(each, top), (each, floor)], stroke="neutral", width=0.6, opacity=0.5)
                for each in (along(log10(n)) for n in ticks)
            ]
        for n in ticks:
            shapes.append(svg.text(along(log10(n)), bottom + 15, f"{n:,}", size=14))
        shapes.append(svg.text(NEVER, bottom + 15, "never", size=14))
        shapes += [
            svg.text(across(place), bottom + 15, str(each), size=14)
            for place, each in enumerate(lengths)
        ]
        shapes.append(svg.text(sum(LEFT) / 2, bottom + 34, "steps T", size=14))
        shapes.append(svg.text(sum(RIGHT) / 2, bottom + 34, "sequences", size=14))
        return Drawn(shapes, "")

    def chosen(T: int) -> Drawn:
        middle, height = (TOP + bottom) / 2, bottom - TOP + 12
        columns = [
            svg.box(
                across(place), middle, 34, height, key=f"column{each}", fill="state",
                fill_opacity=0.16 if each == T else 0, sets=f'{{"T": {each}}}',
            )
            for place, each in enumerate(lengths)
        ]  # fmt: skip
        return Drawn(columns, "")

    def curves(problem: str) -> Drawn:
        shapes = []
        for place, learner in enumerate(learners):
            found = [table.get((problem, each, learner)) for each in lengths]
            shapes += _curve(place, found, [across(each) for each in range(len(lengths))])
        return Drawn(shapes, "")

    def runs(problem: str, T: int) -> Drawn:
        shapes, words = [], []
        for place, learner in enumerate(learners):
            row = table.get((problem, T, learner))
            shapes += _runs(place, row, max(len(row["sequences"]) for row in rows), along)
            shapes.append(_count(place, row))
            words.append(f"{_written_out(learner)}: {_said(row)}")
        budgets = {row["budget"] for row in rows if (row["problem"], row["T"]) == (problem, T)}
        most = f", at most {max(budgets):,} sequences" if budgets else ""
        name = NAMES.get(problem, problem)
        text = f"{name[:1].upper()}{name[1:]}, T = {T}{most}. "
        return Drawn(shapes, text + "; ".join(words) + ".")

    return respond(
        "lag_scores",
        "Solved against the number of steps",
        "One row for each learner. On the left a curve over the number of steps: how many seeds "
        "solved the problem, with a bar for the chances that fit. On the right one dot for each "
        "run of the chosen length, placed by the sequences it needed, on a logarithmic scale; "
        "hollow dots at the right end never solved it.",
        (NEVER + 26, bottom + 46),
        [
            Control(
                "problem", "problem", tuple(problems), problem, "choice",
                tuple(NAMES.get(each, each) for each in problems),
            ),
            Control("T", "steps T", tuple(lengths), T),
        ],
        chosen,
        ground,
        curves,
        runs,
    )  # fmt: skip


def _check(rows: Sequence[Row]) -> None:
    """Refuse what cannot be drawn, before anything is."""
    if not rows:
        raise ArgumentError("rows: expected those of long_lags.rows(part='curve'), got none.")
    for row in rows:
        found = summary(row)
        lacking = [name for name in ("problem", "T", "learner", "budget") if row.get(name) is None]
        if lacking:
            raise ArgumentError(
                f"rows: expected rows of long_lags.rows(part='curve'), got one of {found.seeds} "
                f"runs without {', '.join(lacking)}."
            )
    if all(summary(row).solved == 0 for row in rows):
        raise ArgumentError("rows: expected some run that solved its problem, got failures only.")


def _written_out(learner: str) -> str:
    """Name a learner in plain text: ``LSTM, forget bias 1``."""
    for symbol, words in GATES.items():
        learner = learner.replace(symbol, words)
    return learner


def _strip(place: int) -> tuple[float, float]:
    """Give the top and the bottom of a learner's row."""
    return TOP + PITCH * place, TOP + PITCH * place + HEIGHT


def _count(place: int, row: Row | None) -> Element:
    top, _ = _strip(place)
    count = "not run" if row is None else f"{summary(row).solved} of {summary(row).seeds}"
    return svg.text(LEFT[1], top - 13, count, key=f"count{place}", anchor="end", size=15)


def _curve(place: int, found: Sequence[Row | None], xs: Sequence[float]) -> list[Element]:
    """Draw how many seeds solved it at each length, and which chances fit that number."""
    top, floor = _strip(place)
    height = svg.scale((0, 1), (floor, top))
    points, shapes = [], []
    for spot, (x, row) in enumerate(zip(xs, found, strict=True)):
        solved, seeds = (summary(row).solved, summary(row).seeds) if row else (0, 1)
        y, bar = height(solved / seeds), wilson(solved, seeds)
        seen = {"opacity": 1 if row else 0, "pointer_events": "none"}
        points += [(x, y)] if row else []
        shapes += [
            svg.line(
                [(x, height(bar.low)), (x, height(bar.high))],
                key=f"bar{place}-{spot}", stroke="neutral", width=1.6, **seen,
            ),
            svg.circle(x, y, 4, key=f"share{place}-{spot}", fill="state", **seen),
        ]  # fmt: skip
    curve = svg.line(points, key=f"curve{place}", stroke="state", width=1.6, pointer_events="none")
    return [curve, *shapes]


def _runs(place: int, row: Row | None, seeds: int, along: Any) -> list[Element]:
    """Draw a dot for each run, and a line at their median."""
    top, floor = _strip(place)
    needed = list(row["sequences"]) if row else []
    shapes = []
    for seed in range(seeds):
        n = needed[seed] if seed < len(needed) else None
        shapes.append(
            svg.circle(
                round(NEVER + 3.6 * (seed - (seeds - 1) / 2) if n is None else along(log10(n)), 1),
                top + 3 + (floor - top - 6) * (seed + 0.5) / seeds,
                3.2,
                key=f"run{place}-{seed}",
                fill="paper" if n is None else "state",
                stroke="loss" if n is None else "state",
                stroke_width=1.3,
                opacity=1 if seed < len(needed) else 0,
            )
        )
    median = summary(row).median if row else None
    x = RIGHT[0] if median is None else along(log10(median))
    shapes.append(
        svg.line(
            [(x, top), (x, floor)], key=f"median{place}", stroke="text", width=2,
            opacity=0 if median is None else 1,
        )
    )  # fmt: skip
    return shapes


def _said(row: Row | None) -> str:
    if row is None:
        return "not run"
    found = summary(row)
    middle = "no median" if found.median is None else f"median {found.median:,.0f}"
    return f"{found.solved} of {found.seeds}, {middle}" if found.solved else f"0 of {found.seeds}"
