"""Make a course and a folder of what its students handed in: honest, broken and hostile."""

from __future__ import annotations

import itertools
import json
import os
import zipfile
from typing import NamedTuple

from course import answers as a

from coursekit.forms import form_code
from coursekit.records import Course, Limits

SEED = "autumn"
LIMITS = Limits(wall_seconds=8.0)


class Made(NamedTuple):
    """A course with submissions."""

    course: Course
    folder: object
    honest: dict
    """For each student, the text of every answer whose points a hand run can tell."""
    zero: dict
    """For each student, the problems that must earn nothing."""


def make_course(root, ids, *, limits=LIMITS, seed=SEED):
    """Make a course with a roster."""
    root.mkdir(parents=True, exist_ok=True)
    roster = root / "roster.csv"
    rows = (f"{each},Student {each},{each}@example.org,{4000 + n}" for n, each in enumerate(ids))
    roster.write_text("id,name,email,canvas_id\n" + "\n".join(rows) + "\n")
    gradebook = f"sqlite:///{root}/gradebook.db"
    return Course(root, "A course", roster, seed, gradebook, limits, {})


def cell(short, source, **changed):
    """Make an answer cell."""
    marked = {
        "grade_id": short,
        "solution": True,
        "grade": False,
        "locked": False,
        "schema_version": 3,
        "task": False,
    }
    marked.update(changed)
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"answer-{short}",
        "metadata": {"nbgrader": marked},
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def words(source):
    """Make a cell of prose."""
    return {"cell_type": "markdown", "id": "words", "metadata": {}, "source": source}


def notebook(sources, *, cells=()):
    """Make a notebook with these answers."""
    own = [cell(short, source) for short, source in sources.items()]
    return {
        "cells": [words("# Problem set 1"), *own, *cells],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def hand_in(folder, student, content, *, name="ps1.ipynb"):
    """Put a file where nbgrader would."""
    path = folder / student / "ps1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    path.write_bytes(content)
    return path


def code_of(student, seed=SEED):
    """Give the student's forms."""
    return form_code("ps1", seed, student)


def _broken(path, whole):
    """Give ways to hand in a file of which nothing can be graded."""
    text = json.dumps(whole).encode()

    def link():
        path.unlink()
        path.symlink_to("/etc/passwd")

    def pipe():
        path.unlink()
        os.mkfifo(path)

    def folder():
        path.unlink()
        path.mkdir()

    return {
        "half": lambda: path.write_bytes(text[: len(text) // 2]),
        "deep": lambda: path.write_bytes(b"[" * 200_000),
        "large": lambda: path.write_bytes(text + b" " * 5_000_001),
        "link": link,
        "pipe": pipe,
        "folder": folder,
        "latin": lambda: path.write_bytes(b'{"cells": "\xe4"}'),
        "format 3": lambda: path.write_bytes(b'{"nbformat": 3, "worksheets": []}'),
    }


def make_folder(root, count=200, *, seed=SEED):
    """Make a course of this many students, nine tenths of them honest.

    Every tenth attacks in ``leaky`` and is honest elsewhere; every twentieth
    hands in a broken file, every fiftieth nothing. Of the others a fifth has
    stubs only, a quarter is partly right, and the rest is right.
    """
    ids = [f"s{n:05d}" for n in range(count)]
    course = make_course(root, ids, seed=seed)
    folder = root / "submitted"
    folder.mkdir(exist_ok=True)
    attacks = itertools.cycle(a.ATTACKS.values())
    honest, zero = {}, {}
    kinds = 0
    for n, student in enumerate(ids):
        code = code_of(student, seed)
        whole = a.right(code)
        if n % 50 == 7:
            zero[student] = a.SHORTS
        elif n % 10 == 3:
            honest[student] = {short: whole[short] for short in ("loops", "shared")}
            zero[student] = ("leaky",)
            hand_in(folder, student, notebook({**whole, "leaky": next(attacks)}))
        elif n % 20 == 11:
            path = hand_in(folder, student, notebook(whole))
            ways = list(_broken(path, notebook(whole)).values())
            ways[kinds % len(ways)]()
            kinds += 1
            zero[student] = a.SHORTS
        elif n % 5 == 0:
            honest[student] = dict(a.STUBS)
            hand_in(folder, student, notebook(a.STUBS))
        elif n % 4 == 1:
            honest[student] = a.partly(code)
            hand_in(folder, student, notebook(a.partly(code)))
        else:
            honest[student] = whole
            content = notebook(whole)
            if n % 16 == 2:
                _zipped(folder, student, content)
            else:
                hand_in(folder, student, content)
    return Made(course, folder, honest, zero)


def _zipped(folder, student, content):
    with zipfile.ZipFile(folder / f"{student}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"work/{student}.ipynb", json.dumps(content))
