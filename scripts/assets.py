"""What the steps of the front-end assembly share: hashes, stamps, and files whole or absent."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class AssemblyError(RuntimeError):
    """A file of the site is missing or wrong; the message says which and what to do."""


def sha256(file: Path) -> str:
    """Return a file's SHA-256, or an `AssemblyError` saying why it cannot be read."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise AssemblyError(f"{file} cannot be read: {error.strerror or error}") from error


def verify(file: Path, expected: str, remedy: str) -> None:
    """Raise unless a file has its pinned SHA-256."""
    got = sha256(file)
    if got != expected:
        raise AssemblyError(
            f"{file} is not the pinned file: expected SHA-256 {expected}, got {got}; {remedy}"
        )


def digest(files: Iterable[Path], root: Path, *more: str) -> str:
    """Return one hash of files, by name below `root` and content, and of further text."""
    total = hashlib.sha256("\0".join(more).encode())
    for file in files:
        if file.is_file():
            total.update(f"\0{file.relative_to(root).as_posix()}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def files_below(folder: Path, skipped: Iterable[str] = ()) -> Iterator[Path]:
    """Yield every file below a folder, in order, without entering the folders named `skipped`."""
    skipped = {"__pycache__", *skipped}
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in skipped)
        yield from (Path(path, name) for name in sorted(names))


def is_fresh(stamp: Path, key: str) -> bool:
    """Return whether a step already ran for this very key."""
    return stamp.is_file() and stamp.read_text("utf-8") == key


def read_json(file: Path) -> dict[str, Any]:
    """Return what a stamp says; nothing if there is none."""
    try:
        return dict(json.loads(file.read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def write_json(file: Path, value: dict[str, Any]) -> None:
    """Write a stamp."""
    write_atomically(file, json.dumps(value, indent=1) + "\n")


def write_atomically(path: Path, text: str) -> None:
    """Write a file that is either whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the place of `folder` only if no error ends it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the real one, so that a rename suffices; Sphinx leaves names with a dot alone.
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
