"""Where submissions lie: a folder of the instructor's, read without following anything."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

LARGEST = 5_000_000
"""Bytes that a notebook, or a zip of one, may have."""
CROWD = 1_000
"""Entries looked at in a folder of one student."""


class NotTaken(Exception):
    """A file that is not read; the message is the reason, a sentence."""


class Entry(NamedTuple):
    """A name that stands in a folder."""

    parts: tuple[str, ...]
    """The way to it, from the folder passed."""
    problem: str = ""
    """Why it is not read whatever its name is; empty for a plain file."""


class Place(Protocol):
    """Something that holds files."""

    def entries(self, problem_set: str) -> Iterator[Entry]:
        """List what may be a submission: everything but folders."""

    def content(self, parts: tuple[str, ...]) -> bytes:
        """Read a file whole, or raise NotTaken."""


class FolderPlace(NamedTuple):
    """A folder of the file system. The folder itself is trusted, what lies in it is not."""

    root: Path

    def entries(self, problem_set: str) -> Iterator[Entry]:
        """List the folder, the folders in it, and in those the one that the set names."""
        top = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with _closing(top):
            for name in sorted(os.listdir(top)):
                yield from _below(top, (name,), problem_set)

    def content(self, parts: tuple[str, ...]) -> bytes:
        """Open each folder on the way from the one before, so that no link is followed."""
        with contextlib.ExitStack() as opened:
            at = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.enter_context(_closing(at))
            try:
                for part in parts[:-1]:
                    at = os.open(part, _FOLDER, dir_fd=at)
                    opened.enter_context(_closing(at))
                problem = _problem(os.stat(parts[-1], dir_fd=at, follow_symlinks=False))
                if problem:
                    raise NotTaken(problem)
                file = os.open(parts[-1], _FILE, dir_fd=at)
                opened.enter_context(_closing(file))
                return _whole(file)
            except OSError as error:
                raise NotTaken(f"it cannot be read: {error.strerror}.") from None


_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


def _below(parent: int, parts: tuple[str, ...], problem_set: str) -> Iterator[Entry]:
    """List one entry; a folder of the top gives its own, one level or two down."""
    try:
        found = os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
        named = parts[-1].casefold().endswith((".ipynb", ".zip"))
        descends = (len(parts) == 1 and not named) or parts[1:] == (problem_set,)
        if not (stat.S_ISDIR(found.st_mode) and descends):
            yield Entry(parts, _problem(found))
            return
        folder = os.open(parts[-1], _FOLDER, dir_fd=parent)
    except OSError as error:
        yield Entry(parts, f"it cannot be read: {error.strerror}.")
        return
    with _closing(folder):
        with os.scandir(folder) as scan:
            names = sorted(each.name for each in islice(scan, CROWD + 1))
        if len(names) > CROWD:
            yield Entry(parts, f"the folder holds more than {CROWD} entries.")
            return
        for name in names:
            yield from _below(folder, (*parts, name), problem_set)


def _problem(found: os.stat_result) -> str:
    """Say why something is not read, by what the system says it is."""
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFLNK:
        return "it is a link, and links are not followed: hand in the file itself."
    if kind == stat.S_IFDIR:
        return "it is a folder, not a notebook."
    if kind != stat.S_IFREG:
        return "it is no plain file (a pipe, a socket or a device)."
    if found.st_nlink > 1:
        return "the file has a second name (a hard link), which may be another's: copy it."
    if found.st_size > LARGEST:
        return too_large(found.st_size)
    return ""


def too_large(size: int) -> str:
    """Say that a file is too large, and what makes it so."""
    return (
        f"it has {size / 1e6:.1f} MB; {LARGEST / 1e6:.0f} MB are allowed. "
        "Clear all outputs and save it again."
    )


def _whole(file: int) -> bytes:
    """Read an open file that nobody changes meanwhile."""
    before = os.fstat(file)
    problem = _problem(before)
    if problem:
        raise NotTaken(problem)
    chunks, left = [], before.st_size + 1  # one more than there is, should it grow
    while left > 0 and (chunk := os.read(file, min(left, 1 << 20))):
        chunks.append(chunk)
        left -= len(chunk)
    content, after = b"".join(chunks), os.fstat(file)
    if (len(content), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise NotTaken("it changed while it was read: grade again when nobody writes to it.")
    return content
