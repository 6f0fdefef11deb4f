"""Rows of an nbgrader gradebook, found or made within the caller's transaction.

nbgrader's own models throughout; its own methods are not used, because they
commit after every small step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from nbgrader import api

from coursekit.records import CourseError, Marks, Student
from unrolled.exercises.problems import Problem

LONGEST = 128  # characters of a student's columns


class Grade(NamedTuple):
    """What the gradebook says of one problem of one student."""

    score: float
    """What counts: the instructor's score where there is one, and extra credit."""
    auto_score: float
    """What grading gave."""
    comment: str | None = None
    """What the instructor wrote, if anything."""
    message: str | None = None
    """What grading said."""


def find_or_add(db: Any, model: Any, **key: Any) -> Any:
    """Find the row that these columns name, or add it."""
    row = db.query(model).filter_by(**key).one_or_none()
    if row is None:
        row = model(**key)
        db.add(row)
        db.flush()
    return row


def master_notebook(db: Any, problem_set: str, course_id: str) -> Any:
    """Find a set's notebook, or add it and its assignment."""
    assignment = db.query(api.Assignment).filter_by(name=problem_set).one_or_none()
    if assignment is None:
        assignment = api.Assignment(name=problem_set, course_id=course_id)
        db.add(assignment)
        db.flush()
    return find_or_add(db, api.Notebook, name=problem_set, assignment_id=assignment.id)


def register_cells(db: Any, master: Any, problems: tuple[Problem, ...]) -> None:
    """Register the answer cell and the graded cell of every problem.

    Raises
    ------
    CourseError
        Cells would come or go though submissions hang on them.
    """
    points = {f"{problem.short}-check": float(problem.points) for problem in problems}
    wanted = {*points, *(problem.short for problem in problems)}
    cells = _cells(db, master)
    if cells and set(cells) != wanted and master.submissions:
        raise CourseError(
            f"{master.name}: problems were added or taken away, but the gradebook holds graded "
            "submissions: bring the problems back, or name a new gradebook in course.toml."
        )
    for name in set(cells) - wanted:
        db.delete(cells[name])
    for name in sorted(wanted - set(cells)):
        if name in points:
            row = api.GradeCell(name=name, cell_type="code", max_score=points[name])
        else:
            row = api.SolutionCell(name=name)
        row.notebook_id = master.id
        db.add(row)
    for name in set(points) & set(cells):
        cells[name].max_score = points[name]


def register_sources(db: Any, master: Any, notebook: Any) -> None:
    """Keep the source of every cell that nbgrader knows, so that it can restore locked ones."""
    master.kernelspec = json.dumps(notebook.metadata.get("kernelspec", {}))
    known = {row.name: row for row in db.query(api.SourceCell).filter_by(notebook_id=master.id)}
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader")
        if about is None:
            continue
        row = known.pop(about["grade_id"], None)
        if row is None:
            row = api.SourceCell(name=about["grade_id"], notebook_id=master.id)
            db.add(row)
        row.cell_type = cell.cell_type
        row.locked = bool(about["locked"] or about["grade"]) and not about["solution"]
        row.source = cell.source
        row.checksum = about["checksum"]
    for row in known.values():
        db.delete(row)


def put_student(db: Any, student: Student) -> None:
    """Add a student, or bring name and address up to the roster's."""
    row = find_or_add(db, api.Student, id=student.id)
    first, _, last = student.name.rpartition(" ")
    if student.name:
        row.first_name, row.last_name = first.strip()[:LONGEST], last[:LONGEST]
    if student.email:
        row.email = student.email[:LONGEST]
    lms_id = student.columns.get("canvas_id") or student.columns.get("moodle_id")
    if lms_id:
        row.lms_user_id = lms_id[:LONGEST]


def put_marks(db: Any, problem_set: str, marks: Marks) -> None:
    """Put scores and messages in place; what the instructor wrote stays.

    Raises
    ------
    CourseError
        The set, or a problem of it, is not registered.
    """
    master = (
        db.query(api.Notebook)
        .join(api.Assignment)
        .filter(api.Assignment.name == problem_set, api.Notebook.name == problem_set)
        .one_or_none()
    )
    cells = {} if master is None else _cells(db, master)
    shorts = [score.problem for score in marks.scores]
    missing = [name for name in shorts if name not in cells or f"{name}-check" not in cells]
    if missing:
        raise CourseError(
            f"the gradebook does not know {problem_set} with {missing[0]!r}: "
            f"run unrolled-course release {problem_set} again."
        )
    find_or_add(db, api.Student, id=marks.student)
    handed_in = find_or_add(
        db,
        api.SubmittedAssignment,
        assignment_id=master.assignment_id,
        student_id=marks.student,
    )
    submitted = find_or_add(
        db, api.SubmittedNotebook, assignment_id=handed_in.id, notebook_id=master.id
    )
    grades = {row.cell_id: row for row in submitted.grades}
    comments = {row.cell_id: row for row in submitted.comments}
    for name, score in zip(shorts, marks.scores, strict=True):
        grade = _row(db, api.Grade, grades, cells[f"{name}-check"].id, submitted.id)
        grade.auto_score = float(score.points)
        grade.needs_manual_grade = False
        comment = _row(db, api.Comment, comments, cells[name].id, submitted.id)
        comment.auto_comment = score.message.replace("\0", "\N{REPLACEMENT CHARACTER}")


def read_grades(db: Any, problem_set: str) -> dict[str, dict[str, Grade]]:
    """Read what every student with a submission has, by the problems' short names."""
    comments: dict[tuple[str, str], tuple[str | None, str | None]] = {
        (notebook, cell): (manual or None, auto)
        for notebook, cell, manual, auto in _of_set(
            db, problem_set, api.Comment, "manual_comment", "auto_comment"
        )
    }
    students = dict(
        db.query(api.SubmittedNotebook.id, api.SubmittedAssignment.student_id)
        .join(api.SubmittedAssignment)
        .all()
    )
    found: dict[str, dict[str, Grade]] = {}
    rows = _of_set(db, problem_set, api.Grade, "score", "auto_score")
    for notebook, cell, score, auto in rows:
        name = cell.removesuffix("-check")
        told = comments.get((notebook, name), (None, None))
        grade = Grade(float(score or 0), float(auto or 0), *told)
        found.setdefault(students[notebook], {})[name] = grade
    return found


def _of_set(db: Any, problem_set: str, model: Any, *columns: str) -> list[Any]:
    """Read columns of all grades or comments of a set, behind the notebook's id and the cell."""
    asked = [getattr(model, column) for column in columns]
    rows: list[Any] = (
        db.query(model.notebook_id, api.BaseCell.name, *asked)
        .join(api.BaseCell, api.BaseCell.id == model.cell_id)
        .join(api.Notebook, api.Notebook.id == api.BaseCell.notebook_id)
        .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
        .filter(api.Assignment.name == problem_set, api.Notebook.name == problem_set)
        .all()
    )
    return rows


def _row(db: Any, model: Any, known: Mapping[str, Any], cell: str, notebook: str) -> Any:
    row = known.get(cell)
    if row is None:
        row = model(cell_id=cell, notebook_id=notebook)
        db.add(row)
    return row


def _cells(db: Any, master: Any) -> dict[str, Any]:
    return {row.name: row for row in db.query(api.BaseCell).filter_by(notebook_id=master.id)}
