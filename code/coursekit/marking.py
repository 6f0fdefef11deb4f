"""Mark one submission: questions are drawn here, answered in the box, and judged here again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from coursekit.intake.notebooks import magic_line
from coursekit.plain import printable
from coursekit.records import CourseError, Job, Marks, Score
from coursekit.sandbox.messages import Task
from coursekit.store import KINDS
from unrolled.exercises.papers import Paper, Reply, draw_paper, mark
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import DIGITS, set_problems
from unrolled.exercises.sets import problem_set as open_set

LONGEST_MESSAGE = 600
NO_PYTHON = "of the answer cell is no Python"
"""What the box says of a cell that does not compile."""
OTHER_FORMS = "the notebook opens the forms"
"""Begins what is said of an answer to another form; the report counts it."""
DRAWING = threading.Lock()
"""Two threads that need one paper draw it once."""


class Box(Protocol):
    """Where a student's code runs."""

    def run(self, task: Task) -> Sequence[Reply]:
        """Answer the calls in order, up to the first problem."""


def mark_job(job: Job, box: Box) -> Marks:
    """Mark a submission.

    Parameters
    ----------
    job : Job
        Plain values: the same job earns the same marks.
    box : Box
        An open sandbox; not used where nothing is to run.

    Returns
    -------
    Marks
        A score for every problem of the set, in its order.
    """
    given = open_set(job.submission.problem_set, job.code)
    scores = tuple(_score(job, problem, box) for problem in given.problems)
    sent = job.submission
    return Marks(sent.student, sent.problem_set, sent.digest, job.code, job.seed, scores)


def paper(problem_set: str, short: str, code: str, seed: int) -> Paper:
    """Draw a problem's questions: the same for all who have the same form of it.

    Parameters
    ----------
    problem_set, short : str
        ``"ps1"``, ``"leaky"``.
    code : str
        The forms of all problems of the set.
    seed : int
        The run's.

    Returns
    -------
    Paper
        Kept for the next student: never change its arrays.
    """
    problems = set_problems(problem_set)
    place = [problem.short for problem in problems].index(short)
    with DRAWING:
        return _drawn(problem_set, place, code[place], seed)


@lru_cache(maxsize=256)
def _drawn(problem_set: str, place: int, digit: str, seed: int) -> Paper:
    problem = set_problems(problem_set)[place]
    variant = problem.variants[DIGITS.index(digit)]
    number = int.from_bytes(f"{problem.id}.{digit}".encode(), "big")
    return draw_paper(problem, variant, np.random.default_rng([seed, number]))


def _score(job: Job, problem: Problem, box: Box) -> Score:
    sent, short = job.submission, problem.short
    refusal = sent.refusals.get(short)
    source = sent.answers.get(short)
    if refusal is not None or source is None:
        return Score(short, 0.0, problem.points, refusal or "there is no answer.", "refused")
    asked = paper(sent.problem_set, short, job.code, job.seed)
    task = Task(sent.problem_set, job.code, problem.function, source, asked.calls)
    replies = tuple(box.run(task))
    points, out_of, message, kind = mark(asked, replies)
    line = magic_line(source)
    if points == 0 and line is not None and NO_PYTHON in message:
        message = (
            f"line {line} of the answer cell is a command of IPython (%, ! or ?): only Python "
            "reaches the grader, delete that line."
        )
    if kind != "right":
        message = _other_form(job, short) + message
    return Score(short, points, out_of, printable(message, LONGEST_MESSAGE), kind)


def _other_form(job: Job, short: str) -> str:
    """Say so if the notebook shows another form of a problem than the one that is graded."""
    opened, set_name = job.submission.opened, job.submission.problem_set
    problems = set_problems(set_name)
    place = [problem.short for problem in problems].index(short)
    shown = DIGITS[0] * len(problems) if opened == "" else opened
    if shown is None or len(shown) != len(problems) or shown[place] == job.code[place]:
        return ""
    return (
        f"{OTHER_FORMS} {shown}, and this student's are {job.code}: "
        "was it the one that was handed out? "
    )


def check_marks(job: Job, marks: Marks) -> Marks:
    """Hold marks that came from elsewhere, another machine say, against the job they are for.

    Parameters
    ----------
    job : Job
        What was asked.
    marks : Marks
        What came back.

    Returns
    -------
    Marks
        The same.

    Raises
    ------
    CourseError
        They are of another job, or no marks that this problem set can earn.
    """
    sent, problems = job.submission, set_problems(job.submission.problem_set)
    expected = (sent.student, sent.problem_set, sent.digest, job.code, job.seed)
    fits = marks[:5] == expected and len(marks.scores) == len(problems)
    if not fits or not all(
        score.problem == problem.short
        and score.out_of == problem.points
        and 0 <= score.points <= problem.points
        and score.kind in KINDS
        and (score.kind != "right" or score.points == problem.points)
        and len(score.message) <= LONGEST_MESSAGE
        for score, problem in zip(marks.scores, problems, strict=True)
    ):
        raise CourseError(
            f"what came back for {sent.student!r} are no marks of this submission: a worker runs "
            "another version of the course kit. Install the same on all machines."
        )
    return marks
