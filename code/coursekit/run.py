"""Grade a folder of submissions: many hands mark, one writes.

A kill at any moment costs nothing but the submissions that were under way.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from coursekit import store
from coursekit.desk import Desk, is_of
from coursekit.engines import Engine
from coursekit.gradebook import Gradebook
from coursekit.intake import NOTHING, Found, Intake, Refused, collect, read, refuse
from coursekit.marking import mark_job
from coursekit.plain import printable, write_whole
from coursekit.progress import counted
from coursekit.records import Course, CourseError, Job, Student, Submission
from coursekit.report import as_html, as_text, summarise
from coursekit.roster import read_roster
from unrolled.exercises.sets import set_problems
from unrolled.shapes import ArgumentError


class Summary(NamedTuple):
    """What a run did."""

    problem_set: str
    graded: int
    """Submissions marked now."""
    unchanged: int
    """Submissions whose marks stood already."""
    missing: int
    """Students of the roster who handed in nothing."""
    kept: int
    """Students without a file here whose earlier marks stay."""
    refused: tuple[Refused, ...]
    """Files that were not read, each with the reason."""
    seconds: float
    report: Path
    text: str
    """The report in plain words."""


def grade(
    course: Course,
    problem_set: str,
    folder: Path,
    *,
    engine: Engine,
    regrade: bool = False,
    no_wait: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Summary:
    """Grade all submissions of a problem set in a folder.

    What is marked already stays as it is, unless the student handed in another
    file. Started again after any end, a run goes on where it stopped.

    Parameters
    ----------
    course : Course
        The configuration.
    problem_set : str
        ``"ps1"``.
    folder : Path
        Holds the submissions, in a layout that :mod:`coursekit.intake` knows.
    engine : Engine
        Does the work.
    regrade : bool
        Mark everything anew, on fresh questions.
    no_wait : bool
        Raise where another grader is at it, in place of waiting.
    tell : callable, optional
        Is told what happens, a line at a time; standard error if left out.

    Returns
    -------
    Summary
        What was done; the report is written.

    Raises
    ------
    CourseError
        Something has to be mended first; nothing was written then.
    KeyboardInterrupt
        Somebody stopped the run; what is finished is kept.
    """
    tell = tell or _say
    started = time.monotonic()
    roster = _checked(course, problem_set, engine)
    with store.locked(course, problem_set, no_wait=no_wait, tell=tell):
        intake = _collected(folder, problem_set, roster)
        with closing(Gradebook(course.gradebook)) as book:
            book.prepare(problem_set, students=roster or ())
            seed = store.run_seed(course, problem_set, fresh=regrade)
            desk = Desk(course, problem_set, seed, book)
            todo, unchanged = _settle(desk, intake)
            try:
                graded = _mark(desk, todo, engine, tell)
            except KeyboardInterrupt:
                tell("stopped: what is finished is kept. Start again to go on.")
                raise
            missing, kept = _without_file(desk, intake)
        report = summarise(problem_set, store.load_all(course, problem_set), intake.refused)
        place = course.folder / "report" / f"{problem_set}.html"
        write_whole(place, as_html(report, course.title).encode("utf-8", "replace"), 0o600)
    seconds = time.monotonic() - started
    return Summary(
        problem_set, graded, unchanged, missing, kept, intake.refused, seconds, place,
        as_text(report),
    )  # fmt: skip


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _checked(course: Course, problem_set: str, engine: Engine) -> tuple[Student, ...] | None:
    """Check what can be checked before anything is touched."""
    try:
        set_problems(problem_set)
    except ArgumentError as error:
        raise CourseError(str(error)) from None
    roster = read_roster(course.roster) if course.roster is not None else None
    engine.check(course.limits)
    return roster


def _collected(folder: Path, problem_set: str, roster: tuple[Student, ...] | None) -> Intake:
    """Find the submissions; none at all is a wrong folder, and no zero for everybody."""
    intake = collect(folder, problem_set, roster)
    if intake.found or any(each.student for each in intake.refused):
        return intake
    refused = "".join(f" {each.path}: {each.reason}" for each in intake.refused[:1])
    raise CourseError(
        f"{printable(str(folder))}: no submission of {problem_set} in it. Expected "
        f"STUDENT/{problem_set}/{problem_set}.ipynb, STUDENT.ipynb, or what Canvas or Moodle "
        f"download.{refused}"
    )


def _settle(desk: Desk, intake: Intake) -> tuple[list[Found | Refused], int]:
    """Tell what has to be marked, and bring the gradebook in step with what is marked already.

    A kill may have fallen between a marks file and its record.
    """
    known = desk.book.grades(desk.problem_set)
    todo: list[Found | Refused] = []
    unchanged = 0
    sources: list[Found | Refused] = list(intake.found)
    sources += [each for each in intake.refused if each.student]
    for source in sources:
        kept = store.load(desk.course, desk.problem_set, source.student)
        job = desk.job(_submission(source, desk.problem_set)) if kept is not None else None
        if kept is None or job is None or not is_of(kept.marks, job):
            todo.append(source)
        else:
            unchanged += 1
            desk.bring_in(kept.marks, known.get(source.student))
    return todo, unchanged


def _submission(source: Found | Refused, problem_set: str) -> Submission:
    if isinstance(source, Found):
        return read(source, problem_set)
    return refuse(source.student, problem_set, f"{source.path}: {source.reason}")


def _mark(
    desk: Desk, todo: list[Found | Refused], engine: Engine, tell: Callable[[str], None]
) -> int:
    """Have everything marked, and write each outcome as it comes."""
    under_way: dict[str, Submission] = {}

    def jobs() -> Iterator[Job]:
        for source in todo:
            submission = _submission(source, desk.problem_set)
            under_way[source.student] = submission
            yield desk.job(submission)

    graded = 0
    with closing(engine.run(jobs())) as done:
        outcomes = ((marks, under_way.pop(marks.student).answers) for marks in done)
        for marks in counted(desk.saved(outcomes), len(todo), desk.problem_set, tell):
            desk.book.record(desk.problem_set, marks)
            graded += 1
    return graded


def _without_file(desk: Desk, intake: Intake) -> tuple[int, int]:
    """Give who handed in nothing a score too; marks from an earlier folder stay."""
    missing = kept_count = 0
    known = desk.book.grades(desk.problem_set)
    for student in intake.missing:
        job = desk.job(refuse(student, desk.problem_set, NOTHING))
        kept = store.load(desk.course, desk.problem_set, student)
        if kept is not None and kept.marks.digest != job.submission.digest:
            kept_count += 1
            marks = kept.marks
        else:
            missing += 1
            marks = mark_job(job, _NoBox())
        if kept is None or kept.marks != marks:
            desk.save(marks, {})
        desk.bring_in(marks, known.get(student))
    return missing, kept_count


class _NoBox:
    """For a submission without an answer to run."""

    def run(self, task: object) -> tuple[Any, ...]:
        """Never called."""
        raise CourseError("there is an answer where none was expected.")
