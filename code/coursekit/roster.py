"""The roster: who takes the course, read from a table that a spreadsheet wrote."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from coursekit.records import CourseError, Student

LONGEST_ID = 64
ID = re.compile(r"[A-Za-z0-9_@+][A-Za-z0-9_@+.-]*")
# Control characters, ends of lines, and marks that turn the direction of what follows.
UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LARGEST = 16 << 20
LONGEST_CELL = 500


def read_roster(path: Path) -> tuple[Student, ...]:
    """Read a roster.

    Parameters
    ----------
    path : Path
        A CSV file, its columns parted by commas or semicolons, as UTF-8. Its
        first line names the columns: ``id`` has to be there, ``name`` and
        ``email`` are understood, the others are kept for the exports.

    Returns
    -------
    tuple of Student
        In the file's order.

    Raises
    ------
    CourseError
        No such file, or a line that cannot be right; the message says which.
    """
    rows = list(_rows(path, _text(path)))
    if not rows:
        raise CourseError(f"{path} is empty: its first line must name the columns, id first.")
    (_, header), *body = rows
    columns = [name.strip().lower().replace(" ", "_") for name in header]
    _check_columns(path, columns)
    students = tuple(_student(path, line, columns, row) for line, row in body)
    _refuse_doubles(path, [line for line, _ in body], students)
    return students


def check_id(student: str) -> str | None:
    """Say what is wrong with an id, which names folders and files.

    Parameters
    ----------
    student : str
        The id.

    Returns
    -------
    str or None
        What was expected, or None where the id is good.
    """
    if ID.fullmatch(student) and len(student) <= LONGEST_ID:
        return None
    return (
        f"expected at most {LONGEST_ID} letters A to Z, digits and . _ - @ +, "
        f"not beginning with . or -, got {student[: 2 * LONGEST_ID]!a}"
    )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise CourseError(f"the roster {path} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise CourseError(f"the roster {path} is larger than {LARGEST >> 20} MB: no roster is.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CourseError(
            f"the roster {path} is not UTF-8 text: save it from the spreadsheet as “CSV UTF-8”."
        ) from error


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Give every row that is not empty, with its line number."""
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise CourseError(f"{path}, line {reader.line_num}: {error}.") from error


def _check_columns(path: Path, columns: list[str]) -> None:
    if "id" not in columns:
        raise CourseError(f"{path}, line 1: expected a column named id, got {columns!a}.")
    named = [name for name in columns if name]
    double = next((name for name in named if named.count(name) > 1), None)
    if double:
        raise CourseError(f"{path}, line 1: the column {double!a} is there twice.")


def _student(path: Path, line: int, columns: list[str], row: list[str]) -> Student:
    extra = [cell for cell in row[len(columns) :] if cell.strip()]
    if extra:
        raise CourseError(
            f"{path}, line {line}: {len(row)} cells, but line 1 names {len(columns)} columns; "
            "a cell that holds a comma needs quotes."
        )
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}
    for name, cell in cells.items():
        if UNWANTED.search(cell) or len(cell) > LONGEST_CELL:
            raise CourseError(
                f"{path}, line {line}: {name}: expected one line of at most {LONGEST_CELL} "
                f"characters without control characters, got {cell[:40]!a}."
            )
    wrong = check_id(cells["id"]) if "id" in cells else "is missing"
    if wrong:
        raise CourseError(f"{path}, line {line}: id: {wrong}.")
    others = {k: v for k, v in cells.items() if k not in ("id", "name", "email")}
    return Student(cells["id"], cells.get("name", ""), cells.get("email", ""), others)


def _refuse_doubles(path: Path, lines: list[int], students: tuple[Student, ...]) -> None:
    """Refuse ids that differ in their case alone: some file systems cannot tell them apart."""
    seen: dict[str, int] = {}
    for line, student in zip(lines, students, strict=True):
        before = seen.setdefault(student.id.lower(), line)
        if before != line:
            raise CourseError(
                f"{path}, line {line}: the id {student.id!r} is already in line {before} "
                "(upper and lower case count as the same)."
            )
