"""A page for every student: what was earned, the hint, and the answer that earned it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from coursekit.gradebook import Gradebook
from coursekit.gradebook_rows import Grade
from coursekit.pages import page
from coursekit.plain import printable, write_whole
from coursekit.points import written
from coursekit.records import Course, CourseError, Student
from coursekit.roster import check_id, read_roster
from coursekit.store import PRIVATE, Kept, load_all
from unrolled.exercises.sets import problem_set as open_set

LONGEST_LINE = 300
MOST_LINES = 300
LABELS = {
    "right": "right",
    "part": "partly right",
    "wrong": "not right yet",
    "form": "not of the shape asked for",
    "error": "no answer that could be marked",
    "refused": "not graded",
    "time": "too slow",
    "memory": "out of memory",
    "ended": "ended Python",
    "flood": "too much output",
}


class Item(NamedTuple):
    """One problem on the page."""

    title: str
    points: str
    out_of: str
    label: str
    kind: str
    message: str
    form: str
    """The name of the student's form of the problem."""
    graded_as: str
    """What grading gave, where the instructor changed it; otherwise empty."""
    comment: str
    """The instructor's own words."""
    source: str


def write_feedback(course: Course, problem_set: str) -> int:
    """Write a page for every student who has marks.

    Parameters
    ----------
    course : Course
        Points come from its gradebook, so the instructor's changes count.
    problem_set : str
        ``"ps1"``.

    Returns
    -------
    int
        How many pages there are now, each ``feedback/<id>/ps1/ps1.html``, where
        nbgrader has its own.

    Raises
    ------
    CourseError
        Nothing is graded, or marks or gradebook cannot be read.
    """
    names = {each.id: each for each in (read_roster(course.roster) if course.roster else ())}
    with Gradebook(course.gradebook) as gradebook:
        grades = gradebook.grades(problem_set)
    count = 0
    for kept in load_all(course, problem_set):
        student = names.get(kept.marks.student, Student(kept.marks.student))
        wrong = check_id(student.id)
        if wrong is not None:  # it names a folder
            raise CourseError(f"the id of marks: {wrong}.")
        html = render(course.title, student, kept, grades.get(student.id, {}))
        path = course.folder / "feedback" / student.id / problem_set / f"{problem_set}.html"
        write_whole(path, html.encode(), PRIVATE)
        count += 1
    if count == 0:
        raise CourseError(
            f"nothing of {problem_set} is graded yet: "
            f"run unrolled-course grade {problem_set} first."
        )
    return count


def render(course_title: str, student: Student, kept: Kept, grades: Mapping[str, Grade]) -> str:
    """Make a student's page; it runs no script and loads nothing.

    Parameters
    ----------
    course_title : str
        The course.
    student : Student
        Whose page it is.
    kept : Kept
        What was graded.
    grades : mapping of str to Grade
        The gradebook's, by problem; where one is missing the marks count.

    Returns
    -------
    str
        HTML in which nothing of the student's can become markup.
    """
    marks = kept.marks
    given = open_set(marks.problem_set, marks.code)
    items, total = [], 0.0
    for score in marks.scores:
        grade = grades.get(score.problem) or Grade(score.points, score.points)
        total += grade.score
        changed = grade.score != score.points
        items.append(
            Item(
                title=given.problem(score.problem).title,
                points=written(grade.score),
                out_of=written(score.out_of),
                label=LABELS[score.kind],
                kind=score.kind,
                message=printable(score.message, 1000),
                form=given.variant(score.problem).name,
                graded_as=written(score.points) if changed else "",
                comment=grade.comment or "",
                source=readable(kept.answers.get(score.problem, "")),
            )
        )
    return page(
        "feedback",
        course=printable(course_title),
        set_title=f"Problem set {marks.problem_set.removeprefix('ps')}",
        id=printable(student.id),
        name=printable(student.name),
        items=items,
        total=written(total),
        out_of=written(sum(score.out_of for score in marks.scores)),
        marks=marks,
        graded=kept.graded,
        graded_words=f"{kept.graded[:10]} at {kept.graded[11:16]} UTC",
    )


def readable(source: str) -> str:
    """Show a student's code as it is; what steers the eye or the terminal becomes visible.

    Parameters
    ----------
    source : str
        Anything.

    Returns
    -------
    str
        The first lines, marks that turn the direction of writing spelt out.
    """
    lines = source.expandtabs(4).splitlines()
    shown = [printable(line, LONGEST_LINE) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"… and {len(lines) - MOST_LINES} lines more")
    return "\n".join(shown)
