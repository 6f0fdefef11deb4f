"""Hand out a problem set: the notebooks, and its place in the gradebook."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from coursekit.forms import form_code
from coursekit.gradebook import Gradebook
from coursekit.handout import make_notebook
from coursekit.plain import write_whole
from coursekit.records import Course, CourseError, Student
from coursekit.roster import read_roster
from coursekit.sheets import Sheet, book_folder, read_sheet

CODE = re.compile(r'problem_set\(\\?"(?P<name>ps[0-9]+)\\?", \\?"(?P<code>[0-9a-z]+)\\?"\)')


class Released(NamedTuple):
    """What a release wrote."""

    notebook: Path
    """With the forms that the book shows."""
    students: int
    """How many students have a notebook of their own."""
    folder: Path
    """Where these are."""


def release(course: Course, problem_set: str, *, again: bool = False) -> Released:
    """Write the notebooks of a problem set and register it in the gradebook.

    Everything is read and made before anything is written. The same course
    gives the same bytes every time.

    Parameters
    ----------
    course : Course
        With a roster and a seed, every student gets a notebook.
    problem_set : str
        ``"ps1"``.
    again : bool
        Let students' notebooks be replaced by ones with other forms.

    Returns
    -------
    Released
        What stands where.

    Raises
    ------
    CourseError
        The page, the roster or the gradebook is not fit; or the forms that were
        handed out would change.
    """
    sheet = read_sheet(problem_set, book_folder(), book_url=course.book_url, package=course.package)
    students = read_roster(course.roster) if course.roster else ()
    codes = {student.id: form_code(problem_set, course.seed, student.id) for student in students}
    folder = course.folder / "students"
    own = codes if course.seed else {}
    if not again:
        _refuse_changed(folder, problem_set, own)
    notebook = make_notebook(sheet)
    contents = _contents(sheet, own)
    register(course, problem_set, notebook, students)
    plain = nbformat.writes(notebook).encode() + b"\n"
    path = course.folder / "release" / problem_set / f"{problem_set}.ipynb"
    # nbgrader's own pages list the assignments of the folder source.
    write_whole(course.folder / "source" / problem_set / f"{problem_set}.ipynb", plain)
    write_whole(path, plain)
    for student, code in own.items():
        write_whole(folder / student / f"{problem_set}.ipynb", contents[code])
    return Released(path, len(own), folder)


def register(
    course: Course, problem_set: str, notebook: Any, students: tuple[Student, ...]
) -> None:
    """Put the set and the students into the gradebook."""
    with Gradebook(course.gradebook) as gradebook:
        gradebook.prepare(problem_set, notebook, students)


def _contents(sheet: Sheet, codes: dict[str, str]) -> dict[str, bytes]:
    """Make the notebook of every form that somebody gets, once."""
    return {
        code: nbformat.writes(make_notebook(sheet, code)).encode() + b"\n"
        for code in sorted(set(codes.values()))
    }


def _refuse_changed(folder: Path, problem_set: str, codes: dict[str, str]) -> None:
    for student, code in codes.items():
        path = folder / student / f"{problem_set}.ipynb"
        if not path.is_file():
            continue
        found = [m["code"] for m in CODE.finditer(path.read_text("utf-8"))]
        if found != [code]:
            raise CourseError(
                f"{path} was handed out with the forms {', '.join(found) or 'unknown'}, and would "
                f"get {code}: the seed or the problems have changed since. Answers to the old "
                "forms would be graded as wrong. If nobody has the old notebooks, add --again."
            )
