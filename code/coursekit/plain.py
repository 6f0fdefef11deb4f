"""Text of strangers made safe to show, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from pathlib import Path

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Kinds of characters that steer a terminal, turn the writing direction, or show nothing."""


def _umask() -> int:
    kept = os.umask(0)
    os.umask(kept)
    return kept


UMASK = _umask()
"""Read once: asking for it sets it, which other threads would notice."""


def printable(text: str, most: int = 200) -> str:
    r"""Make one short line of a text that may hold anything, a file's name say.

    Parameters
    ----------
    text : str
        Anything, surrogates of an undecodable file name too.
    most : int
        Characters kept; the rest is three dots.

    Returns
    -------
    str
        One line: what cannot be seen stands as ``\u202e`` does in Python.
    """
    cut = text[: most + 1]
    shown = "".join(
        each if unicodedata.category(each) not in UNSEEN else ascii(each)[1:-1] for each in cut
    )
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader, or the next run, sees all of it or nothing.

    Parameters
    ----------
    path : Path
        Its folder is made where there is none.
    content : bytes
        All of it.
    mode : int
        The file's permissions, less what the umask takes.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), mode & ~UMASK)
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
    except OSError as error:  # name the file that was asked for, not the temporary one
        error.filename = str(path)
        raise


def sweep(folder: Path) -> None:
    """Remove the temporary files of a writer that was killed; call it holding the lock."""
    for left in folder.glob(".*.tmp"):
        left.unlink(missing_ok=True)
