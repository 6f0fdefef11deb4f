"""What each command of ``unrolled-course`` does and says; it returns the exit status.

Heavy packages are imported by the command that needs them, so that the others
are quick and work without them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from coursekit.records import Course

if TYPE_CHECKING:
    from coursekit.engines import Engine

DONE, MEND, USAGE, STOPPED = 0, 1, 2, 130


def init(asked: argparse.Namespace) -> int:
    """Begin a course."""
    from coursekit.beginning import begin

    for path in begin(asked.folder):
        print(f"wrote {path}")
    print(f"Next: edit {asked.folder / 'course.toml'} and put your students into the roster.")
    return DONE


def release(asked: argparse.Namespace) -> int:
    """Make a set's notebooks."""
    from coursekit import release as releasing

    course = _course(asked)
    done = releasing.release(course, asked.set, again=asked.again)
    print(f"wrote {done.notebook} with the forms that the book shows")
    if done.students:
        print(
            f"wrote {done.students} notebooks {done.folder}/<id>/{asked.set}.ipynb, each with the "
            "student's own forms: hand out these. They are graded by these forms."
        )
    elif course.seed:
        print(
            "No roster is named, so there are no students' own notebooks. Students are graded by "
            'their own forms all the same: name a roster, or set seed = "" in course.toml.'
        )
    return DONE


def grade(asked: argparse.Namespace) -> int:
    """Grade what was handed in."""
    course = _course(asked)
    folder = asked.folder or course.folder / "submitted"
    engine = _engine(asked)
    from coursekit import run

    summary = run.grade(
        course, asked.set, folder, engine=engine, regrade=asked.regrade, no_wait=asked.no_wait
    )
    print(summary.text)
    print(
        f"graded now {summary.graded}, unchanged {summary.unchanged}, "
        f"kept from an earlier folder {summary.kept}"
    )
    print(f"report: {summary.report}")
    return DONE


def _engine(asked: argparse.Namespace) -> Engine:
    if asked.cluster:
        from coursekit.cluster import DaskEngine

        return DaskEngine(asked.cluster, unsafe=asked.unsafe)
    from coursekit.engines import LocalEngine

    return LocalEngine(asked.jobs, unsafe=asked.unsafe)


def feedback(asked: argparse.Namespace) -> int:
    """Write the students' pages."""
    from coursekit.feedback import write_feedback
    from coursekit.formgrader import write_answers

    course = _course(asked)
    count = write_feedback(course, asked.set)
    write_answers(course, asked.set)
    print(f"wrote {count} pages {course.folder}/feedback/<id>/{asked.set}/{asked.set}.html")
    return DONE


def export(asked: argparse.Namespace) -> int:
    """Write the scores for an LMS."""
    from coursekit import export as exporting

    course = _course(asked)
    done = exporting.export(course, asked.set, asked.to, zero=asked.missing == "zero")
    cell = "0" if asked.missing == "zero" else "an empty cell"
    print(f"wrote {done.path}: {done.students} students, {done.missing} without work ({cell})")
    if done.left_out:
        named = ", ".join(done.left_out[:5]) + (" …" if len(done.left_out) > 5 else "")
        print(f"left out, because the roster does not name them: {named}")
    if asked.to == "canvas" and asked.set not in course.exports.get("canvas", {}):
        print(
            "Canvas will offer to make a new assignment of it. To fill the one that is there, "
            f"name it in course.toml, [export.canvas]: {asked.set} = "
            f'"Problem set {asked.set[2:]} (its id)"'
        )
    return DONE


def status(asked: argparse.Namespace) -> int:
    """Say where every set stands."""
    from coursekit.status import standings, table

    course = _course(asked)
    print(f"{course.title} ({course.folder})")
    print(table(standings(course)))
    return DONE


def _course(asked: argparse.Namespace) -> Course:
    from coursekit.config import find_config, read_course

    return read_course(asked.config or find_config(Path.cwd()))
