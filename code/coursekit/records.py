"""The values that travel through the kit: a course, a submission, the marks it earned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class CourseError(Exception):
    """Something the instructor can mend; the message is one sentence that says how."""


class Student(NamedTuple):
    """One line of the roster."""

    id: str
    """Names folders, files and gradebook rows: letters, digits, ``._-``, 64 at most."""
    name: str = ""
    email: str = ""
    columns: Mapping[str, str] = {}
    """The roster's other columns, ``"canvas_id"`` say, as an export needs them."""


class Limits(NamedTuple):
    """What a student's code may use, for all calls of one problem."""

    cpu_seconds: int = 1
    wall_seconds: float = 10.0
    memory_bytes: int = 1 << 30
    reply_bytes: int = 64 << 20


class Submission(NamedTuple):
    """What a student handed in, read and not run."""

    student: str
    problem_set: str
    digest: str
    """SHA-256 of the file as handed in, or of the refusal where there is no file to read."""
    answers: Mapping[str, str]
    """The source of each answer cell, by the problem's short name."""
    refusals: Mapping[str, str]
    """For each problem without an answer cell to run, one sentence saying why."""
    opened: str | None = None
    """The forms that the notebook says it has, ``""`` for the book's; None where it does not
    say. Only a hint is made of it."""


class Job(NamedTuple):
    """The unit of grading work: plain values only, so that it travels to any machine."""

    submission: Submission
    code: str
    """The student's forms of the problems, as ``problem_set`` takes it."""
    seed: int
    """Draws the questions; one for a whole run, so that all students get the same."""
    limits: Limits


class Score(NamedTuple):
    """What one problem earned."""

    problem: str
    points: float
    out_of: int
    message: str
    kind: str
    """``"right"``, ``"part"``, ``"wrong"``, ``"form"``, ``"error"``, ``"refused"``, or what
    the sandbox noticed: ``"time"``, ``"memory"``, ``"ended"``, ``"flood"``."""


class Marks(NamedTuple):
    """What a submission earned: the outcome of a job."""

    student: str
    problem_set: str
    digest: str
    code: str
    seed: int
    scores: tuple[Score, ...]


class Course(NamedTuple):
    """The configuration file, every path made absolute."""

    folder: Path
    title: str
    roster: Path | None
    seed: str
    """Draws the students' forms; a secret of the instructor's."""
    gradebook: str
    """An SQLAlchemy URL."""
    limits: Limits
    exports: Mapping[str, Any]
    """The table ``[export]`` of the file: names and ids that an LMS asks for."""
    book_url: str = ""
    """Where the book is published; empty, notebooks name its chapters without links."""
    package: str = ""
    """What students give to ``pip install``; empty, they get told to ask the instructor."""
