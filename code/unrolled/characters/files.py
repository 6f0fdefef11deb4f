"""Text files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

from unrolled.train import files


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, text if isinstance(text, bytes) else text.encode())
    except OSError as error:
        error.filename = str(path)  # a write that fails does not know its file's name
        raise
