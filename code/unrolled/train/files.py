"""Arrays in a file that is whole or not there: written in one go, read with mistrust.

A file is an .npz archive, readable by ``np.load``, of plain arrays and a header in JSON. Its
last bytes, the archive's comment, are a digest of all bytes before them: whatever was cut off
or changed is told before anything is taken for weights. Nothing is ever pickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.shapes import DTYPES, ArgumentError, Array

FORMAT = "unrolled checkpoint"
VERSION = 1
HEADER = "header"
KINDS = (*DTYPES, np.dtype(np.int64), np.dtype(np.uint8))
DIGEST = hashlib.sha256().digest_size * 2
MARK = b"sha256:"


class CheckpointError(ArgumentError):
    """A file that cannot be written, or cannot be gone on from; the message says why."""


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    """Write arrays and a header, whole or not at all.

    Parameters
    ----------
    path : Path
        Replaced if it is there; the old file stays until the new one is complete.
    header : mapping
        What JSON can hold.
    arrays : mapping of str to ndarray
        Of a dtype in ``KINDS``.

    Raises
    ------
    CheckpointError
        The disk is full, the folder cannot be written to, or an array is of another dtype.
    """
    for name, array in arrays.items():
        if array.dtype not in KINDS:
            raise CheckpointError(
                f"{name}: expected an array of one of {', '.join(map(str, KINDS))}, "
                f"got {array.dtype}."
            )
    text = json.dumps({"format": FORMAT, "version": VERSION, **header}, ensure_ascii=False)
    entries = {HEADER: np.frombuffer(text.encode(), np.uint8)} | dict(arrays)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as members:
        for name, array in entries.items():
            # a date of its own would make equal checkpoints unequal files
            members.writestr(zipfile.ZipInfo(f"{name}.npy"), _npy(array))
        members.comment = b"." * (len(MARK) + DIGEST)  # its length is part of what is hashed
    body = archive.getvalue()[: -len(members.comment)]
    _replace(path, _sealed(body))


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what :func:`write_arrays` wrote, and refuse everything else.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    header : dict
        As it was written.
    arrays : dict of str to ndarray
        By name; they may be written to.

    Raises
    ------
    CheckpointError
        No such file, one cut short or changed, one of another kind or of a newer format.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CheckpointError(
            f"path: expected a checkpoint, got {str(path)!r} ({_reason(error)})."
        ) from None
    if not raw.startswith(b"PK"):
        raise CheckpointError(
            f"path: expected a checkpoint that train.save wrote, got another kind of file, "
            f"{str(path)!r}."
        )
    body = raw[: -len(MARK) - DIGEST]
    if raw != _sealed(body):
        raise CheckpointError(
            f"path: expected a whole checkpoint, got {str(path)!r} ({len(raw)} bytes), which was "
            f"cut short or changed after it was written. Go on from an older copy."
        )
    entries = _entries(raw, path)
    header = _header(entries, path)
    return header, {name: array for name, array in entries.items() if name != HEADER}


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the file, make sure that it is on the disk, then swap the names.

    Parameters
    ----------
    path : Path
        In a folder that is there. Replaced if it is there.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        The disk is full, or the folder cannot be written to; the old file is kept.
    """
    part = _part(path)
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:  # whatever stopped it, Ctrl-C too
        part.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Check that a file could be written here, before hours are spent on what it would hold.

    Parameters
    ----------
    path : Path
        Where it is to be.

    Raises
    ------
    CheckpointError
        The folder is missing or cannot be written to, or the path is a folder itself.
    """
    if path.is_dir():
        raise CheckpointError(f"path: expected a file to write, got the folder {str(path)!r}.")
    if not path.parent.is_dir():
        raise CheckpointError(
            f"path: expected a file in a folder that is there, got {str(path)!r}. "
            f"Make the folder {str(path.parent)!r} first."
        )
    try:
        _part(path).touch()
        _part(path).unlink()
    except OSError as error:
        raise CheckpointError(_unwritten(path, error)) from None


def _sealed(body: bytes) -> bytes:
    return body + MARK + hashlib.sha256(body).hexdigest().encode()


def _replace(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise CheckpointError(_unwritten(path, error)) from None


def _part(path: Path) -> Path:
    """Name the unfinished file: always the same, so that one left by a kill is written over."""
    return path.with_name(f".{path.name}.part")


def _unwritten(path: Path, error: OSError) -> str:
    kept = "; the checkpoint that was there is kept" if path.is_file() else ""
    return (
        f"path: expected to write the checkpoint {str(path)!r}, got {_reason(error)!r}{kept}. "
        f"Make room, or choose another folder."
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _entries(raw: bytes, path: Path) -> dict[str, Array]:
    """Read every array, none of which may claim more than the file holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
            if any(each.compress_type != zipfile.ZIP_STORED for each in members):
                raise ValueError("compressed")
            if sum(each.file_size for each in members) > len(raw):
                raise ValueError("more than the file holds")
            return {each.filename.removesuffix(".npy"): _array(archive.read(each))
                    for each in members}  # fmt: skip
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, RuntimeError) as error:
        raise CheckpointError(
            f"path: expected an archive of plain arrays, got {str(path)!r} ({error})."
        ) from None


def _npy(array: Array) -> bytes:
    stream = io.BytesIO()
    rows = np.ascontiguousarray(array).reshape(array.shape)
    np.lib.format.write_array(stream, rows, allow_pickle=False)
    return stream.getvalue()


def _array(raw: bytes) -> Array:
    stream = io.BytesIO(raw)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("another version of .npy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    content = raw[stream.tell() :]
    if dtype not in KINDS or fortran or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"{shape} {dtype} in {len(content)} bytes")
    return np.frombuffer(content, dtype).reshape(shape).copy()


def _header(entries: Mapping[str, Array], path: Path) -> dict[str, Any]:
    try:
        header = json.loads(entries[HEADER].tobytes().decode())
        version = header["version"]
        ours = header["format"] == FORMAT and isinstance(version, int)
    except (KeyError, TypeError, ValueError):
        ours = False
    if not ours:
        raise CheckpointError(
            f"path: expected a checkpoint that train.save wrote, got an archive of other arrays, "
            f"{str(path)!r}."
        )
    if version > VERSION:
        raise CheckpointError(
            f"path: expected a checkpoint of format {VERSION}, got format {version} in "
            f"{str(path)!r}, which a newer version of the package wrote. Use that one."
        )
    return header  # type: ignore[no-any-return]
