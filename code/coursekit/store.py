"""The marks on disk, the source of truth: one file a student, and a lock for the one writer.

``marks/ps1/<id>.json`` holds what a student earned and the answers it was earned with;
``marks/ps1.run.json`` the seed that drew the questions (beside the folder, so that no
student's id can name it); ``marks/ps1.lock`` is held while a grader runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from coursekit.plain import printable, sweep, write_whole
from coursekit.records import Course, CourseError, Marks, Score

KINDS = frozenset(
    {"right", "part", "wrong", "form", "error", "refused", "time", "memory", "ended", "flood"}
)
PRIVATE = 0o600


class Kept(NamedTuple):
    """What a student's file holds."""

    marks: Marks
    answers: Mapping[str, str]
    """The source of each answer cell that was marked, by the problem's short name."""
    graded: str
    """When, in UTC: ``2026-03-01T09:30:00Z``."""


def now() -> str:
    """Say the time as a kept file does."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def marks_path(course: Course, problem_set: str, student: str) -> Path:
    """Give the place of a student's marks."""
    return course.folder / "marks" / problem_set / f"{student}.json"


def save(course: Course, kept: Kept) -> None:
    """Write a student's marks, whole or not at all."""
    marks = kept.marks
    content = {
        **marks._asdict(),
        "scores": [score._asdict() for score in marks.scores],
        "answers": dict(kept.answers),
        "graded": kept.graded,
    }
    text = json.dumps(content, indent=1, ensure_ascii=True)
    write_whole(marks_path(course, marks.problem_set, marks.student), text.encode(), PRIVATE)


def load(course: Course, problem_set: str, student: str) -> Kept | None:
    """Read a student's marks.

    Parameters
    ----------
    course : Course
        Names the folder.
    problem_set : str
        ``"ps1"``.
    student : str
        The student's id.

    Returns
    -------
    Kept or None
        None where nothing is marked yet.

    Raises
    ------
    CourseError
        The file is damaged.
    """
    path = marks_path(course, problem_set, student)
    try:
        kept = parse(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise CourseError(
            f"{path} is damaged ({printable(str(error))}): delete it and grade again."
        ) from None
    if (kept.marks.problem_set, kept.marks.student) != (problem_set, student):
        raise CourseError(
            f"{path} holds the marks of {kept.marks.student!r} in {kept.marks.problem_set!r}: "
            "delete it and grade again."
        )
    return kept


def load_all(course: Course, problem_set: str) -> Iterator[Kept]:
    """Read the marks of all students one after the other, in the order of their ids."""
    folder = marks_path(course, problem_set, "x").parent
    for name in sorted(path.stem for path in folder.glob("*.json")):
        kept = None if name.startswith(".") else load(course, problem_set, name)
        if kept is not None:
            yield kept


def parse(content: bytes) -> Kept:
    """Read the bytes of a marks file.

    Raises
    ------
    ValueError
        They are not what :func:`save` writes.
    """
    raw = _table(json.loads(content), "the file")
    answers = _table(raw.get("answers"), "answers")
    if not all(isinstance(source, str) for source in answers.values()):
        raise ValueError("answers: expected texts")
    scores = raw.get("scores")
    if not isinstance(scores, list):
        raise ValueError("scores: expected a list")
    marks = Marks(
        _field(raw, "student", str),
        _field(raw, "problem_set", str),
        _field(raw, "digest", str),
        _field(raw, "code", str),
        _field(raw, "seed", int),
        tuple(_score(each) for each in scores),
    )
    return Kept(marks, answers, _field(raw, "graded", str))


def _score(raw: Any) -> Score:
    table = _table(raw, "a score")
    score = Score(
        _field(table, "problem", str),
        float(_field(table, "points", (int, float))),
        _field(table, "out_of", int),
        _field(table, "message", str),
        _field(table, "kind", str),
    )
    if score.kind not in KINDS or not 0 <= score.points <= score.out_of:
        raise ValueError(f"score of {score.problem!r}: {score.points} points, {score.kind!r}")
    return score


def _table(raw: Any, what: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{what}: expected a table, got {type(raw).__name__}")
    return raw


def _field(table: Mapping[str, Any], name: str, kind: Any) -> Any:
    value = table.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{name}: got {type(value).__name__}")
    return value


def run_seed(course: Course, problem_set: str, *, fresh: bool = False) -> int:
    """Give the seed that draws a run's questions: the first run draws it, the others read it.

    Parameters
    ----------
    course : Course
        Names the folder.
    problem_set : str
        ``"ps1"``.
    fresh : bool
        Draw another one: then every submission is graded anew.

    Returns
    -------
    int
        128 bits that no student can guess.

    Raises
    ------
    CourseError
        The file is damaged.
    """
    path = course.folder / "marks" / f"{problem_set}.run.json"
    if path.exists() and not fresh:
        try:
            return int(_field(_table(json.loads(path.read_bytes()), "the file"), "seed", int))
        except ValueError as error:
            raise CourseError(
                f"{path} is damaged ({printable(str(error))}): delete it and grade again."
            ) from None
    seed = secrets.randbits(128)
    write_whole(path, json.dumps({"problem_set": problem_set, "seed": seed}).encode(), PRIVATE)
    return seed


@contextlib.contextmanager
def locked(
    course: Course,
    problem_set: str,
    *,
    no_wait: bool = False,
    tell: Callable[[str], None] = print,
) -> Iterator[None]:
    """Be the one grader of a problem set; the lock goes with the process, killed or not.

    Parameters
    ----------
    course : Course
        Names the folder.
    problem_set : str
        ``"ps1"``.
    no_wait : bool
        Raise where another one runs, in place of waiting for its end.
    tell : callable
        Is told who is waited for.

    Raises
    ------
    CourseError
        Another grader runs and ``no_wait`` is set.
    """
    path = course.folder / "marks" / f"{problem_set}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = printable(file.read(200).decode("utf-8", "replace")) or "another grader"
            if no_wait:
                raise CourseError(
                    f"{problem_set} is being graded by {holder}: "
                    "wait for its end, or leave out --no-wait."
                ) from None
            tell(f"{problem_set} is being graded by {holder}: waiting for its end.")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()} on {socket.gethostname()} since {now()}".encode())
        sweep(path.parent / problem_set)
        yield
