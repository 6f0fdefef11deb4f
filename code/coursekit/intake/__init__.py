"""Take in what students handed in: find each one's file and read it, never running anything.

=====================================================  =======================================
Layout, below the folder or in the zip that is passed  Whose it is
=====================================================  =======================================
``<id>/ps1/ps1.ipynb`` (nbgrader's)                    the folder's name
``<id>/ps1.ipynb``                                     the folder's name
``<id>.ipynb``, ``<id>_ps1.ipynb``, ``ps1_<id>.ipynb``  the file's name
``nguyenan_4711_90210_ps1.ipynb`` and                  Canvas' bulk download: the first number
``nguyenan_LATE_4711_90210_ps1-2.ipynb``               stands in the roster as ``canvas_id``
``An Nguyen_815_assignsubmission_file/x.ipynb``,       Moodle's bulk download: the number stands
``An Nguyen_815_assignsubmission_file_/x.ipynb`` and   in the roster as ``moodle_id``, or one
``An Nguyen_815_assignsubmission_file_x.ipynb``        student of it has exactly this ``name``;
                                                       if they are two students', neither counts
=====================================================  =======================================

Wherever ``x.ipynb`` stands, ``x.zip`` will do that holds one notebook. All of them together
may come as the zip that an LMS downloads. Nothing is matched loosely: a file whose student
is not clear is refused, with the reason. Of several files that Canvas kept of one student
under one name, the last handed in counts; otherwise two files of a student are both refused.
A link is never followed, and a file that has a second name (a hard link) is not read, because
its other name may be a file of somebody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from coursekit.intake.layouts import Claim, claims
from coursekit.intake.notebooks import opened_forms, read_notebook
from coursekit.intake.places import FolderPlace, NotTaken, Place
from coursekit.intake.zips import ZipPlace, one_notebook
from coursekit.plain import printable
from coursekit.records import CourseError, Student, Submission
from unrolled.exercises.sets import set_problems

NOTHING = "nothing was handed in."


class Found(NamedTuple):
    """The one file of a student."""

    student: str
    path: str
    """Printable, below the folder."""
    place: Place
    parts: tuple[str, ...]


class Refused(NamedTuple):
    """A file that is not read."""

    path: str
    reason: str
    student: str = ""
    """Empty where it is not clear whose it is."""


class Intake(NamedTuple):
    """What a folder holds."""

    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    missing: tuple[str, ...]
    """Students of the roster of whom there is no file."""


def collect(folder: Path, problem_set: str, roster: Sequence[Student] | None = None) -> Intake:
    """Find the submissions of a problem set.

    Parameters
    ----------
    folder : Path
        A folder, or the zip that an LMS made of one.
    problem_set : str
        ``"ps1"``.
    roster : sequence of Student, optional
        Who may hand in; without it every id that fits is taken.

    Returns
    -------
    Intake
        Each student at most once, in the order of ids.

    Raises
    ------
    CourseError
        There is no such folder, or it is no zip.
    """
    place = _open(folder)
    made = list(claims(place.entries(problem_set), problem_set, roster))
    by_student: dict[str, list[Claim]] = {}
    for claim in made:
        if claim.student:
            by_student.setdefault(claim.student, []).append(claim)
    found: list[Found] = []
    refused = [Refused(_shown(claim.parts), claim.reason) for claim in made if not claim.student]
    for student, own in sorted(by_student.items()):
        chosen, reason = _choose(own)
        if reason is None:
            found.append(Found(student, _shown(chosen.parts), place, chosen.parts))
        else:
            refused.append(Refused(_shown(chosen.parts), reason, student))
    missing = [each.id for each in roster or () if each.id not in by_student]
    return Intake(tuple(found), tuple(refused), tuple(sorted(missing)))


def read(found: Found, problem_set: str) -> Submission:
    """Read a student's notebook; it is not run, and only answer cells are looked at.

    Parameters
    ----------
    found : Found
        The file.
    problem_set : str
        ``"ps1"``.

    Returns
    -------
    Submission
        Whatever the file holds: what cannot be read is refused with a reason.
    """
    shorts = _shorts(problem_set)
    try:
        content = found.place.content(found.parts)
        if found.parts[-1].casefold().endswith(".zip"):
            content = one_notebook(content)
    except NotTaken as refusal:
        return refuse(found.student, problem_set, f"{found.path}: {refusal}")
    answers, refusals = read_notebook(content, shorts)
    digest = hashlib.sha256(content).hexdigest()
    opened = opened_forms(content, problem_set)
    return Submission(found.student, problem_set, digest, answers, refusals, opened)


def refuse(student: str, problem_set: str, reason: str) -> Submission:
    """Make a submission that holds no answer, for one reason."""
    digest = hashlib.sha256(reason.encode("utf-8", "replace")).hexdigest()
    return Submission(student, problem_set, digest, {}, dict.fromkeys(_shorts(problem_set), reason))


def _shorts(problem_set: str) -> tuple[str, ...]:
    return tuple(problem.short for problem in set_problems(problem_set))


def _open(folder: Path) -> Place:
    if folder.is_dir():
        return FolderPlace(folder)
    if folder.is_file():
        return ZipPlace.of_file(folder)
    raise CourseError(
        f"{printable(str(folder))}: no such folder. Give the folder, or the zip, that holds "
        "the students' notebooks."
    )


def _choose(own: Sequence[Claim]) -> tuple[Claim, str | None]:
    """Take the one file of a student, or say why there is none to take."""
    if len(own) == 1:
        return own[0], own[0].reason or None
    if all(each.attempt and not each.reason for each in own) and _same(each.file for each in own):
        return max(own, key=lambda claim: claim.attempt), None
    names = " and ".join(_shown(each.parts) for each in own[:3])
    more = f" and {len(own) - 3} more" if len(own) > 3 else ""
    return own[0], f"several files of one student, {names}{more}: keep the one that counts."


def _same(values: Iterable[str]) -> bool:
    return len(set(values)) == 1


def _shown(parts: tuple[str, ...]) -> str:
    return printable("/".join(parts))
