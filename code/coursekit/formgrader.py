"""Lay every graded answer where nbgrader's formgrader looks for it.

The notebooks are made anew from the set's page: only the text of the answers
is the student's. No output or markup of theirs reaches the instructor's browser.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat

from coursekit.feedback import readable
from coursekit.handout import make_notebook
from coursekit.plain import printable, write_whole
from coursekit.points import written
from coursekit.records import Course, Score
from coursekit.sheets import book_folder, read_sheet
from coursekit.store import PRIVATE, Kept, load_all


def write_answers(course: Course, problem_set: str) -> int:
    """Write a notebook for every student whose answers were graded.

    Parameters
    ----------
    course : Course
        Names the folder.
    problem_set : str
        ``"ps1"``.

    Returns
    -------
    int
        How many there are, each ``autograded/<id>/ps1/ps1.ipynb``.

    Raises
    ------
    CourseError
        The set's page is not there, or marks cannot be read.
    """
    sheet = read_sheet(problem_set, book_folder(), book_url=course.book_url, package=course.package)
    blank: dict[str, Any] = {}
    count = 0
    for kept in load_all(course, problem_set):
        place = _place(course, kept)
        if not kept.answers:  # nothing to look at: formgrader leaves the student out
            place.unlink(missing_ok=True)
            continue
        code = kept.marks.code
        if code not in blank:
            blank[code] = make_notebook(sheet, code)
        content = nbformat.writes(fill(blank[code], kept)).encode() + b"\n"
        if not place.is_file() or place.read_bytes() != content:
            write_whole(place, content, PRIVATE)
        count += 1
    return count


def fill(blank: Any, kept: Kept) -> Any:
    """Put a student's answers, and what was said to them, into a blank notebook.

    Parameters
    ----------
    blank : notebook
        As handed out; it is not changed.
    kept : Kept
        What was graded.

    Returns
    -------
    notebook
        Each check holds its message as plain text.
    """
    notebook = copy.deepcopy(blank)
    scores = {score.problem: score for score in kept.marks.scores}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        name = str(about.get("grade_id", ""))
        if about.get("solution") and name in kept.answers:
            cell.source = readable(kept.answers[name])
        elif about.get("grade") and name.removesuffix("-check") in scores:
            said = _said(scores[name.removesuffix("-check")])
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=said)]
    return notebook


def _said(score: Score) -> str:
    points = f"{written(score.points)} of {written(score.out_of)} points"
    return f"{points}: {printable(score.message, 1000)}\n"


def _place(course: Course, kept: Kept) -> Path:
    marks = kept.marks
    name = f"{marks.problem_set}.ipynb"
    return course.folder / "autograded" / marks.student / marks.problem_set / name
