"""Tell from a name alone whose submission a file is: pure, nothing is opened."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from coursekit.intake.places import Entry
from coursekit.plain import printable
from coursekit.records import Student
from coursekit.roster import check_id

SUFFIXES = (".ipynb", ".zip")
CANVAS = re.compile(
    r"[^_]+_(?:LATE_)?(?P<canvas_id>[0-9]{1,18})_(?P<attempt>[0-9]{1,18})_(?P<file>.+)"
)
MOODLE = re.compile(r"(?P<name>.+)_(?P<moodle_id>[0-9]{1,18})_assignsubmission_file(?:_.*)?", re.S)
MOODLE_DROPS = re.compile(r"[\x00-\x1f\x7f&<>\"`|':\\/]")
"""What Moodle leaves out of a name that it makes a file's name of: O'Brien becomes OBrien."""
CANVAS_COPY = re.compile(r"-[0-9]{1,4}$")
A_SET = re.compile(r"(?P<before>ps[0-9]+)_.+|.+_(?P<after>ps[0-9]+)")
ANY_SET = re.compile(r"ps[0-9]+")
NO_NOTEBOOK = "it is no notebook (.ipynb), and no zip of one."
LITTER = (".", "__MACOSX", "Thumbs.db", "desktop.ini")
"""Beginnings of names that systems and not students make; ``.ipynb_checkpoints`` too."""


class Claim(NamedTuple):
    """A file that may be a submission."""

    parts: tuple[str, ...]
    student: str
    """Empty where it is not clear."""
    reason: str
    """Why it is refused; empty where it is not."""
    attempt: int = 0
    """Canvas' number of the upload, rising; 0 elsewhere."""
    file: str = ""
    """The name that the student gave the file, where Canvas tells it."""


class People(NamedTuple):
    """The roster, by what names of files tell."""

    ids: Mapping[str, str] | None
    """None without a roster: then every id that fits is somebody."""
    canvas: Mapping[str, tuple[str, ...]]
    moodle: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]


def claims(
    entries: Iterable[Entry], problem_set: str, roster: Sequence[Student] | None
) -> Iterator[Claim]:
    """Go through a listing.

    Parameters
    ----------
    entries : iterable of Entry
        Everything but folders.
    problem_set : str
        ``"ps1"``.
    roster : sequence of Student, optional
        Who may hand in.

    Yields
    ------
    Claim
        For each file that may belong to the problem set.
    """
    people = _people(roster)
    for entry in entries:
        if not any(part.startswith(LITTER) for part in entry.parts):
            claim = _claim(entry, problem_set, people)
            if claim is not None and entry.problem and not claim.reason:
                claim = claim._replace(reason=entry.problem)
            if claim is not None:
                yield claim


def _claim(entry: Entry, problem_set: str, people: People) -> Claim | None:
    """Tell whose a file is; None for one that has nothing to do with the problem set."""
    parts, last = entry.parts, entry.parts[-1]
    moodle = MOODLE.fullmatch(parts[0])
    if moodle and len(parts) <= 2:
        return _of_moodle(parts, moodle, people)
    if len(parts) == 1 and _is_submission(last):
        return _of_flat(parts, problem_set, people)
    if len(parts) == 1 and entry.problem and _known(last, people):
        return _of_id(parts, last, people)  # a link in place of a student's folder
    if len(parts) == 1:
        return Claim(parts, "", NO_NOTEBOOK)
    own = (problem_set, *(problem_set + suffix for suffix in SUFFIXES))
    between = parts[1:-1]
    if between in ((), (problem_set,)) and last in own and (last != problem_set or entry.problem):
        return _of_id(parts, parts[0], people)
    if not _is_submission(last) or any(_is_other_set(part, problem_set) for part in parts[1:]):
        return None
    if between == (problem_set,):
        claim = _of_id(parts, parts[0], people)
        expected = f"it is not called {problem_set}.ipynb: rename it."
        return claim if claim.reason else claim._replace(reason=expected)
    return Claim(parts, "", "no layout has a notebook there: see unrolled-course grade --help.")


def _is_submission(name: str) -> bool:
    return name.casefold().endswith(SUFFIXES)


def _is_other_set(part: str, problem_set: str) -> bool:
    name = part.rpartition(".")[0] if _is_submission(part) else part
    return name != problem_set and bool(ANY_SET.fullmatch(name))


def _of_id(parts: tuple[str, ...], name: str, people: People) -> Claim:
    found = _known(name, people)
    if found:
        return Claim(parts, found, "")
    return Claim(parts, "", _unknown(name, people))


def _of_moodle(parts: tuple[str, ...], match: re.Match[str], people: People) -> Claim:
    number, name = match["moodle_id"], _moodle_name(match["name"])
    numbered, named = people.moodle.get(number, ()), people.names.get(name, ())
    both = tuple(each for each in numbered if each in named)
    if numbered and named and not both:  # a number of another kind, a user's say, may agree
        reason = (
            f"its number {number} is the moodle_id of {numbered[0]}, and its name is that of "
            f"{named[0]}: mend the roster."
        )
        return Claim(parts, "", reason)
    owners = both or numbered or named
    if len(owners) != 1:
        how = "several students" if owners else "no student"
        reason = (
            f"{how} of the roster {'have' if owners else 'has'} the moodle_id {number} "
            f"or the name {printable(name, 60)!r}: mend the roster."
        )
        return Claim(parts, "", reason)
    if not _is_submission(parts[-1]):
        return Claim(parts, "", NO_NOTEBOOK)
    return Claim(parts, owners[0], "")


def _of_flat(parts: tuple[str, ...], problem_set: str, people: People) -> Claim | None:
    """Tell whose file it is; None for one of another problem set."""
    stem = parts[0].rpartition(".")[0]
    bare = stem.removeprefix(f"{problem_set}_"), stem.removesuffix(f"_{problem_set}")
    readings = [name for name in dict.fromkeys((stem, *bare)) if name]
    canvas = CANVAS.fullmatch(stem)
    if people.ids is None:  # then the longest reading would fit as well
        readings = [stem if canvas else min(readings, key=len)]
    owners = {
        found: Claim(parts, found, "") for name in readings if (found := _known(name, people))
    }
    for owner in people.canvas.get(canvas["canvas_id"], ()) if canvas else ():
        file = CANVAS_COPY.sub("", canvas["file"]) if canvas else ""
        attempt = int(canvas["attempt"]) if canvas else 0
        owners[owner] = Claim(parts, owner, "", attempt, file)
    if len(owners) == 1:
        return next(iter(owners.values()))
    if owners:
        return Claim(parts, "", f"its name fits {' and '.join(sorted(owners))}: rename it.")
    named = A_SET.fullmatch(stem)
    if named and (named["before"] or named["after"]) != problem_set:
        return None
    if canvas and people.ids is not None:
        number = canvas["canvas_id"]
        return Claim(parts, "", f"no student of the roster has the canvas_id {number}.")
    return Claim(parts, "", _unknown(min(readings, key=len), people))


def _known(name: str, people: People) -> str:
    """Give the id that a name is, or nothing."""
    if people.ids is not None:
        return people.ids.get(_normal(name), "")
    odd = check_id(name) is not None or ANY_SET.fullmatch(name) or CANVAS.fullmatch(name)
    return "" if odd else name


def _unknown(name: str, people: People) -> str:
    shown = printable(name, 60)
    if people.ids is not None:
        return f"no student of the roster has the id {shown!r}."
    return f"{shown!r} is no student's id that is taken without a roster: name one in the config."


def _people(roster: Sequence[Student] | None) -> People:
    if roster is None:
        return People(None, {}, {}, {})
    canvas = _index((each.columns.get("canvas_id", ""), each.id) for each in roster)
    moodle = _index((each.columns.get("moodle_id", ""), each.id) for each in roster)
    names = _index((_moodle_name(each.name), each.id) for each in roster)
    return People({_normal(each.id): each.id for each in roster}, canvas, moodle, names)


def _index(pairs: Iterable[tuple[str, str]]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, student in pairs:
        if key.strip():
            found[_normal(key)] = (*found.get(_normal(key), ()), student)
    return found


def _moodle_name(name: str) -> str:
    return MOODLE_DROPS.sub("", _normal(name)).replace("_", " ")


def _normal(text: str) -> str:
    """Write letters in one way: systems differ on how an accent or a Korean syllable is stored."""
    return unicodedata.normalize("NFC", text)
