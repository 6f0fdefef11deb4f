"""The course's configuration file, read and checked before anything is done."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from coursekit.records import Course, CourseError, Limits

FILE = "course.toml"
SQLITE = "sqlite:///"
MEBIBYTE = 1 << 20
SET_NAME = re.compile(r"ps[0-9]+")


def find_config(start: Path) -> Path:
    """Find the configuration file in a folder or above it.

    Parameters
    ----------
    start : Path
        Where to begin.

    Returns
    -------
    Path
        The nearest ``course.toml``.

    Raises
    ------
    CourseError
        There is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise CourseError(
        f"no {FILE} in {start} or above it: change to the course's folder, name the file with "
        "--config, or make a new course with: unrolled-course init FOLDER"
    )


def read_course(path: Path) -> Course:
    """Read a configuration file.

    Parameters
    ----------
    path : Path
        A TOML file; the paths it names are relative to its folder.

    Returns
    -------
    Course
        Every value checked, every path absolute.

    Raises
    ------
    CourseError
        No such file, broken TOML, an unknown key, a value of the wrong kind.
    """
    path = path.absolute()
    table = _load(path)
    _refuse_unknown(path, "", table, KEYS)
    values = {key: kind(path, key, table[key]) for key, kind in KEYS.items() if key in table}
    for key in REQUIRED:
        if key not in values:
            raise CourseError(f"{path}: the key {key!r} is missing.")
    return Course(
        folder=path.parent,
        title=values["title"],
        roster=path.parent / values["roster"] if values.get("roster") else None,
        seed=values.get("seed", ""),
        gradebook=_database(path, values.get("gradebook", f"{SQLITE}gradebook.db")),
        limits=values.get("limits", Limits()),
        exports=values.get("export", {}),
        book_url=values.get("book_url", ""),
        package=values.get("package", ""),
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 text: save it again as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path} is not valid TOML: {error}.") from error


def _refuse_unknown(
    path: Path, place: str, table: Mapping[str, Any], known: Mapping[str, Any]
) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}."
            raise CourseError(f"{path}: unknown key {key!r}{place}; {hint}")


def _wrong(path: Path, key: str, expected: str, got: object) -> CourseError:
    return CourseError(f"{path}: {key}: expected {expected}, got {got!r}.")


def _text(path: Path, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise _wrong(path, key, "text of one line, in quotes", value)
    return value.strip()


def _title(path: Path, key: str, value: object) -> str:
    text = _text(path, key, value)
    if not text:
        raise _wrong(path, key, "a name for the course", value)
    return text


def _address(path: Path, key: str, value: object) -> str:
    text = _text(path, key, value)
    if text and not re.fullmatch(r"https?://[^\s<>\"')(]+", text):
        raise _wrong(path, key, "an address that begins with https://", value)
    return text.rstrip("/")


def _package(path: Path, key: str, value: object) -> str:
    text = _text(path, key, value)
    if text.startswith("-") or set(text) & set("`\"'\\"):
        raise _wrong(path, key, "one requirement as pip takes it, without quotes", value)
    return text


def _limits(path: Path, key: str, value: object) -> Limits:
    table = _table(path, key, value)
    known: dict[str, tuple[float, float]] = {
        "cpu_seconds": (1, 3600),
        "wall_seconds": (1, 36000),
        "memory_mb": (128, 1 << 20),
        "reply_mb": (1, 4096),
    }
    _refuse_unknown(path, f" in [{key}]", table, known)
    for name, number in table.items():
        low, high = known[name]
        kinds = (int, float) if name == "wall_seconds" else (int,)
        if type(number) not in kinds or not low <= number <= high:
            kind = "a number" if name == "wall_seconds" else "a whole number"
            raise _wrong(path, f"{key}.{name}", f"{kind} from {low} to {high}", number)
    start = Limits()
    return Limits(
        cpu_seconds=table.get("cpu_seconds", start.cpu_seconds),
        wall_seconds=float(table.get("wall_seconds", start.wall_seconds)),
        memory_bytes=table.get("memory_mb", start.memory_bytes // MEBIBYTE) * MEBIBYTE,
        reply_bytes=table.get("reply_mb", start.reply_bytes // MEBIBYTE) * MEBIBYTE,
    )


def _exports(path: Path, key: str, value: object) -> dict[str, dict[str, str]]:
    table = _table(path, key, value)
    _refuse_unknown(path, f" in [{key}]", table, {"canvas": 0, "moodle": 0})
    return {name: _export(path, f"{key}.{name}", part) for name, part in table.items()}


def _export(path: Path, key: str, value: object) -> dict[str, str]:
    table = _table(path, key, value)
    named = {name: text for name, text in table.items() if not SET_NAME.fullmatch(name)}
    known = {"identify": 0} if key.endswith("moodle") else {}
    _refuse_unknown(path, f" in [{key}]", named, {**known, "ps1": 0})
    texts = {name: _title(path, f"{key}.{name}", text) for name, text in table.items()}
    if texts.get("identify", "email") not in ("email", "idnumber"):
        raise _wrong(path, f"{key}.identify", "'email' or 'idnumber'", texts["identify"])
    return texts


def _table(path: Path, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, key, f"a table, [{key}]", value)
    return value


def _database(path: Path, url: str) -> str:
    """Make the gradebook's URL one that means the same from every folder."""
    if url.startswith("env:"):  # a password need not stand in the file
        name = url.removeprefix("env:")
        url = os.environ.get(name, "")
        if not url:
            raise CourseError(f"{path}: gradebook: the environment variable {name!r} is not set.")
    if not re.match(r"[a-z][a-z0-9+]*://", url):
        raise CourseError(
            f"{path}: gradebook: expected the address of a database, 'sqlite:///gradebook.db' "
            "say, or 'env:NAME' for an environment variable that holds one."
        )
    file = url.removeprefix(SQLITE)
    if file in (url, "", ":memory:"):
        if url.startswith("sqlite"):
            raise CourseError(f"{path}: gradebook: expected a file, 'sqlite:///gradebook.db' say.")
        return url
    return f"{SQLITE}{path.parent / file}"


KEYS: Mapping[str, Callable[[Path, str, object], Any]] = {
    "title": _title,
    "roster": _text,
    "seed": _text,
    "gradebook": _text,
    "book_url": _address,
    "package": _package,
    "limits": _limits,
    "export": _exports,
}
REQUIRED = ("title",)
