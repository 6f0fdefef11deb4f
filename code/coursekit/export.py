"""Scores as the CSV files that Canvas, Moodle and spreadsheets take in."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from coursekit.gradebook import Gradebook
from coursekit.gradebook_rows import Grade
from coursekit.intake import NOTHING
from coursekit.plain import write_whole
from coursekit.points import written
from coursekit.records import Course, CourseError, Student
from coursekit.roster import read_roster
from coursekit.store import PRIVATE, load_all
from unrolled.exercises.sets import set_problems

FORMATS = ("canvas", "moodle", "csv")
NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?")
# A spreadsheet may part a line at other signs than ours, so a formula may begin behind each.
BEGINNING = re.compile(r"(?:^|(?<=[;,|\t]))(?P<space>[\s\u200b-\u200f\u2060\ufeff]*)(?P<sign>\S)")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
FORMULA = frozenset("=+-@\N{MINUS SIGN}")


class Line(NamedTuple):
    """One student's scores."""

    student: Student
    scores: Mapping[str, float] | None
    """By the problem's short name; None where nothing was handed in."""


class Exported(NamedTuple):
    """What an export wrote."""

    path: Path
    students: int
    missing: int
    """How many of them handed nothing in."""
    left_out: tuple[str, ...]
    """Students of the gradebook who are not in the roster."""


def export(course: Course, problem_set: str, to: str, *, zero: bool = False) -> Exported:
    """Write a set's scores, as the gradebook has them, for an LMS.

    Parameters
    ----------
    course : Course
        With a roster, its students are written, in its order; without one,
        those of the gradebook, in the order of their ids.
    problem_set : str
        ``"ps1"``.
    to : str
        ``"canvas"``, ``"moodle"`` or ``"csv"``.
    zero : bool
        Write 0 for who handed nothing in, not an empty cell. An LMS leaves a
        student's score as it is where the cell is empty.

    Returns
    -------
    Exported
        The file and what it holds.

    Raises
    ------
    CourseError
        Nothing is graded, or students cannot be told apart as the LMS needs it.
    """
    with Gradebook(course.gradebook) as gradebook:
        grades = gradebook.grades(problem_set)
    if not grades:
        raise CourseError(
            f"the gradebook holds no scores of {problem_set}: "
            f"run unrolled-course grade {problem_set} first."
        )
    absent = {
        kept.marks.student
        for kept in load_all(course, problem_set)
        if all(score.message == NOTHING for score in kept.marks.scores)
    }
    students = read_roster(course.roster) if course.roster else tuple(map(Student, sorted(grades)))
    lines = [Line(each, _scores(each.id, grades, absent)) for each in students]
    text = WRITERS[to](course, problem_set, lines, zero)
    name = problem_set if to == "csv" else f"{problem_set}-{to}"
    path = course.folder / "export" / f"{name}.csv"
    write_whole(path, text.encode(), PRIVATE)
    left_out = tuple(sorted(set(grades) - {each.id for each in students}))
    return Exported(path, len(lines), sum(line.scores is None for line in lines), left_out)


def canvas(course: Course, problem_set: str, lines: Sequence[Line], zero: bool) -> str:
    """Write what Canvas' gradebook imports: UTF-8 without a mark, the second row the maximum.

    Canvas finds a student by its own id, else by the SIS id, else by the login.
    """
    title = harmless(_column(course, "canvas", problem_set))
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title]
    names = ("canvas_id", "sis_id", "sis_login")
    keys = {line.student.id: [_other(line, name) for name in names] for line in lines}
    _refuse_unnamed(
        [id_ for id_, key in keys.items() if not any(key)],
        "Canvas finds students by the roster's column canvas_id, sis_id or sis_login",
    )
    for column, name in enumerate(names):
        _refuse_double([key[column] for key in keys.values()], name)
    most = written(sum(problem.points for problem in set_problems(problem_set)))
    rows = [["    Points Possible", "", "", "", "", most]]
    for line in lines:
        name = line.student.name
        if not name or "points possible" in name.lower():  # Canvas takes such a row for the maximum
            name = line.student.id
        cells = [name, *keys[line.student.id], _other(line, "section")]
        rows.append([*map(harmless, cells), _total(line, zero)])
    return _csv([header, *rows])


def moodle(course: Course, problem_set: str, lines: Sequence[Line], zero: bool) -> str:
    """Write what Moodle's grade import takes: UTF-8 without a mark.

    In Moodle's form choose “Map from” the first column, and “Map to” useremail or useridnumber.
    """
    if course.exports.get("moodle", {}).get("identify", "email") == "email":
        column, keys = "Email address", [line.student.email for line in lines]
    else:
        column, keys = "ID number", [_other(line, "idnumber") or line.student.id for line in lines]
    unnamed = [line.student.id for line, key in zip(lines, keys, strict=True) if not key]
    _refuse_unnamed(unnamed, "Moodle is to find students by their email address")
    _refuse_double(keys, column.lower())
    header = [column, "Full name", harmless(_column(course, "moodle", problem_set))]
    rows = [
        [harmless(key), harmless(line.student.name), _total(line, zero)]
        for key, line in zip(keys, lines, strict=True)
    ]
    return _csv([header, *rows])


def plain(course: Course, problem_set: str, lines: Sequence[Line], zero: bool) -> str:
    """Write a table for a spreadsheet, problem by problem, with the mark that Excel needs."""
    problems = set_problems(problem_set)
    shorts = [problem.short for problem in problems]
    rows = []
    for line in lines:
        scores = dict.fromkeys(shorts, 0.0) if zero and line.scores is None else line.scores
        each = ["" if scores is None else written(scores.get(short, 0.0)) for short in shorts]
        about = [line.student.id, line.student.name, line.student.email]
        rows.append([*map(harmless, about), *each, _total(line, zero)])
    most = [written(problem.points) for problem in problems]
    total = written(sum(problem.points for problem in problems))
    header = ["id", "name", "email", *shorts, problem_set]
    return "\ufeff" + _csv([header, ["points possible", "", "", *most, total], *rows])


WRITERS: Mapping[str, Callable[[Course, str, Sequence[Line], bool], str]] = {
    "canvas": canvas,
    "moodle": moodle,
    "csv": plain,
}


def harmless(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula; a number stays a number.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        One line; an apostrophe stands before what could begin a formula.
    """
    line = " ".join(CONTROL.sub(" ", text).split())
    return line if NUMBER.fullmatch(line) else BEGINNING.sub(_defused, line)


def _defused(found: re.Match[str]) -> str:
    sign = unicodedata.normalize("NFKC", found["sign"])[:1]  # full-width signs count too
    return f"{found['space']}'{found['sign']}" if sign in FORMULA else found[0]


def _scores(
    student: str, grades: Mapping[str, Mapping[str, Grade]], absent: set[str]
) -> Mapping[str, float] | None:
    """Give a student's scores; an instructor may have given some without a file."""
    own = {name: grade.score for name, grade in grades.get(student, {}).items()}
    return own if own and (student not in absent or any(own.values())) else None


def _total(line: Line, zero: bool) -> str:
    if line.scores is None:
        return "0" if zero else ""
    return written(sum(line.scores.values()))


def _column(course: Course, to: str, problem_set: str) -> str:
    named: str = course.exports.get(to, {}).get(
        problem_set, f"Problem set {problem_set.removeprefix('ps')}"
    )
    return named


def _other(line: Line, column: str) -> str:
    return line.student.columns.get(column, "")


def _refuse_unnamed(students: list[str], need: str) -> None:
    if students:
        more = f" and {len(students) - 3} more" if len(students) > 3 else ""
        raise CourseError(f"{need}, which is empty for {', '.join(students[:3])}{more}.")


def _refuse_double(keys: Sequence[str], column: str) -> None:
    double = [key for key, count in Counter(keys).items() if key and count > 1]
    if double:
        raise CourseError(f"two students of the roster have the {column} {double[0]!r}.")


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
