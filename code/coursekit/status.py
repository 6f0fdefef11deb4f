"""Where a course stands: a line for each problem set."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import unrolled.exercises
from coursekit.config import SET_NAME
from coursekit.intake import NOTHING, collect
from coursekit.records import Course, Student
from coursekit.roster import read_roster
from coursekit.store import load_all

COLUMNS = ("set", "released", "handed in", "graded", "refused", "feedback", "exported")


class Standing(NamedTuple):
    """Where one problem set stands."""

    problem_set: str
    released: str
    """``"yes"``, or how many notebooks students have of their own."""
    handed_in: int
    graded: int
    """Students whose file is graded."""
    refused: int
    """Files, and single answers, that could not be graded."""
    feedback: str
    exported: str
    """Formats; each says when marks are newer."""


def problem_sets() -> tuple[str, ...]:
    """Name the problem sets that the package holds, in order."""
    names = [each.name for each in pkgutil.iter_modules(unrolled.exercises.__path__)]
    return tuple(sorted((n for n in names if SET_NAME.fullmatch(n)), key=lambda n: int(n[2:])))


def standings(course: Course) -> tuple[Standing, ...]:
    """Look at a course's folders.

    Parameters
    ----------
    course : Course
        Nothing of it is changed.

    Returns
    -------
    tuple of Standing
        One for each problem set of the book.

    Raises
    ------
    CourseError
        The roster or a marks file cannot be read.
    """
    roster = read_roster(course.roster) if course.roster else None
    return tuple(_standing(course, name, roster) for name in problem_sets())


def table(lines: Sequence[Standing]) -> str:
    """Write standings as a table of plain text."""
    rows = [COLUMNS, *(tuple(str(cell) for cell in line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _standing(course: Course, name: str, roster: tuple[Student, ...] | None) -> Standing:
    own = len(list((course.folder / "students").glob(f"*/{name}.ipynb")))
    released = (course.folder / "release" / name / f"{name}.ipynb").is_file()
    submitted = course.folder / "submitted"
    intake = collect(submitted, name, roster) if submitted.is_dir() else None
    scores = [kept.marks.scores for kept in load_all(course, name)]
    handed_in = [each for each in scores if any(score.message != NOTHING for score in each)]
    answers = [score for each in handed_in for score in each]
    marked = _newest((course.folder / "marks" / name).glob("*.json"))
    pages = list((course.folder / "feedback").glob(f"*/{name}/{name}.html"))
    files = {
        "canvas": course.folder / "export" / f"{name}-canvas.csv",
        "moodle": course.folder / "export" / f"{name}-moodle.csv",
        "csv": course.folder / "export" / f"{name}.csv",
    }
    exported = [f"{to}{_age([path], marked)}" for to, path in files.items() if path.is_file()]
    return Standing(
        problem_set=name,
        released=(f"yes, {own} own" if own else "yes") if released else "no",
        handed_in=len(intake.found) + len(intake.refused) if intake else len(handed_in),
        graded=len(handed_in),
        refused=sum(score.kind == "refused" for score in answers)
        + (len([each for each in intake.refused if not each.student]) if intake else 0),
        feedback=f"{len(pages)}{_age(pages, marked)}" if pages else "no",
        exported=", ".join(exported) or "no",
    )


def _newest(paths: Iterable[Path]) -> float:
    return max((path.stat().st_mtime for path in paths), default=0.0)


def _age(paths: Iterable[Path], marked: float) -> str:
    """Say where marks came after the oldest of these files."""
    return " (older than the marks)" if min(p.stat().st_mtime for p in paths) < marked else ""
