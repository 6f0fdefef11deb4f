"""Text files that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file beside its place, then swap the names; folders are made where they lack.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    text : str or bytes
        Written as UTF-8.

    Raises
    ------
    OSError
        The disk is full, or the folder cannot be written to; the old file is kept.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        error.filename = str(path)  # a write that fails does not know its file's name
        raise
