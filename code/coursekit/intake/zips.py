"""Read notebooks out of zips in memory: nothing is ever unpacked to the disk."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from coursekit.intake.places import LARGEST, Entry, NotTaken, too_large
from coursekit.plain import printable
from coursekit.records import CourseError

MEMBERS = 200_000
"""Files that the zip of a whole course may hold."""
MEMBERS_OF_ONE = 100
"""Files that a student's zip may hold."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others need memory that the zip itself chooses."""
ENCRYPTED = 1
BROKEN = (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, EOFError)


class ZipPlace(NamedTuple):
    """The zip that an LMS downloads, with all submissions in it."""

    archive: zipfile.ZipFile
    """Open as long as the place is in use: listed anew for every member, a large zip takes
    hours. It closes when it is dropped."""
    members: dict[tuple[str, ...], zipfile.ZipInfo | None]
    """None where two members have one name."""

    @classmethod
    def of_file(cls, path: Path) -> ZipPlace:
        """List a zip.

        Raises
        ------
        CourseError
            It is none, or holds too much.
        """
        shown = printable(str(path))
        try:
            archive = zipfile.ZipFile(path)
        except BROKEN as error:
            raise CourseError(
                f"{shown}: neither a folder nor a zip that can be read ({printable(str(error))})."
            ) from None
        listed = archive.infolist()
        if len(listed) > MEMBERS:
            raise CourseError(f"{shown}: holds {len(listed)} files; {MEMBERS} are allowed.")
        members: dict[tuple[str, ...], zipfile.ZipInfo | None] = {}
        for member in listed:
            if not member.filename.endswith("/"):  # is_dir() fails for a name of no letters
                parts = tuple(member.filename.split("/"))
                members[parts] = None if parts in members else member
        return cls(archive, members)

    def entries(self, problem_set: str) -> Iterator[Entry]:
        """List the members; no set's folder is told apart."""
        for parts, member in sorted(self.members.items()):
            yield Entry(parts, "the zip holds it twice." if member is None else _problem(member))

    def content(self, parts: tuple[str, ...]) -> bytes:
        """Unpack one member in memory."""
        member = self.members[parts]
        if member is None:
            raise NotTaken("the zip holds it twice.")
        try:
            return _unpacked(self.archive, member)
        except BROKEN as error:
            raise NotTaken(_broken(error)) from None


def one_notebook(content: bytes) -> bytes:
    """Take the one notebook out of a student's zip.

    Parameters
    ----------
    content : bytes
        The zip.

    Returns
    -------
    bytes
        The notebook.

    Raises
    ------
    NotTaken
        Broken, hostile, or not exactly one notebook in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            if len(listed) > MEMBERS_OF_ONE:
                raise NotTaken(f"the zip holds {len(listed)} files: zip the notebook alone.")
            odd = next((each for each in listed if _is_odd(each)), None)
            if odd is not None:
                raise NotTaken(f"the zip holds {printable(odd.filename)!r}: {_problem(odd)}")
            notebooks = [each for each in listed if _is_notebook(each)]
            if len(notebooks) != 1:
                raise NotTaken(
                    f"the zip holds {len(notebooks) or 'no'} notebooks: zip one, and it alone."
                )
            return _unpacked(archive, notebooks[0])
    except BROKEN as error:
        raise NotTaken(_broken(error)) from None


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    problem = _problem(member)
    if problem:
        raise NotTaken(problem)
    with archive.open(member) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotTaken(too_large(len(content)))
    return content


def _broken(error: Exception) -> str:
    return f"the zip is broken ({printable(str(error), 80)}): zip the notebook again."


def _is_notebook(member: zipfile.ZipInfo) -> bool:
    parts = member.filename.split("/")
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return parts[-1].casefold().endswith(".ipynb") and not hidden


def _is_odd(member: zipfile.ZipInfo) -> bool:
    """Tell whether only a program makes such a member, to deceive one that unpacks it."""
    return _leads_out(member.filename) or stat.S_ISLNK(member.external_attr >> 16)


def _leads_out(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or ":" in parts[0] or "\0" in name


def _problem(member: zipfile.ZipInfo) -> str:
    if _leads_out(member.filename):
        return "its name leads out of the zip."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link, and links are not followed: hand in the file itself."
    if member.is_dir():
        return "it is a folder, not a notebook."
    if member.flag_bits & ENCRYPTED:
        return "it is encrypted: zip it without a password."
    if member.compress_type not in PACKINGS:
        return "it is packed in a way that is not read: use a plain zip."
    if member.file_size > LARGEST:
        return too_large(member.file_size)
    return ""
