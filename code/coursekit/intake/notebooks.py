"""Read the answer cells of a notebook as data; whatever else it holds is not looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

LONGEST = 100_000
"""Characters of an answer cell."""
MAGIC = re.compile(r"^[ \t]*(?:%%?[A-Za-z]|!|\?\w|[\w.]+\?{1,2}[ \t]*$)")
"""A line that IPython reads and Python does not."""


class Broken(Exception):
    """Not a notebook; the message is a sentence that says why."""


class _Cell(NamedTuple):
    number: int
    """Counted from 1, as a reader of the notebook counts."""
    kind: Any
    is_solution: bool
    source: Any


def read_notebook(content: bytes, shorts: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Read a notebook's answer cells.

    Parameters
    ----------
    content : bytes
        The file.
    shorts : sequence of str
        The problems' short names, which their answer cells carry as ``grade_id``.

    Returns
    -------
    tuple of dict
        The sources by short name, and for each problem without one the reason.
    """
    try:
        cells = _cells(content)
    except Broken as error:
        return {}, dict.fromkeys(shorts, str(error))
    answers: dict[str, str] = {}
    refusals: dict[str, str] = {}
    for short in shorts:
        source, reason = _answer(short, cells.get(short, []))
        if reason:
            refusals[short] = reason
        else:
            answers[short] = source
    return answers, refusals


def opened_forms(content: bytes, problem_set: str) -> str | None:
    """Find which forms a notebook says it has: the code in its ``problem_set("ps1", "0213")``.

    Parameters
    ----------
    content : bytes
        The file.
    problem_set : str
        ``"ps1"``.

    Returns
    -------
    str or None
        The code, ``""`` for the book's forms; None where no such call stands.
    """
    quote = rb"\\?[\"']"
    name = quote + problem_set.encode() + quote
    code = quote + rb"([0-9a-z]{0,36})" + quote
    call = re.search(rb"problem_set\(\s*" + name + rb"(?:\s*,\s*" + code + rb")?", content)
    return None if call is None else (call[1] or b"").decode("ascii")


def magic_line(source: str) -> int | None:
    """Give the number of the first line that only IPython understands, if any."""
    lines = enumerate(source.splitlines(), 1)
    return next((number for number, line in lines if MAGIC.match(line)), None)


def _cells(content: bytes) -> dict[str, list[_Cell]]:
    """Give the cells that carry a ``grade_id``, by it."""
    notebook = _parsed(content)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        if isinstance(notebook, dict) and "worksheets" in notebook:
            raise Broken("the notebook has format 3: open it in Jupyter and save it again.")
        raise Broken("the file is no notebook: it has no list of cells.")
    version = notebook.get("nbformat")
    if type(version) is not int or version != 4:
        raise Broken(
            f"the notebook has format {str(version)[:20]!r}, expected 4: "
            "open it in Jupyter and save it again."
        )
    found: dict[str, list[_Cell]] = {}
    for number, raw in enumerate(notebook["cells"], 1):
        cell = raw if isinstance(raw, dict) else {}
        marked = _table(_table(cell.get("metadata")).get("nbgrader"))
        name = marked.get("grade_id")
        if isinstance(name, str):
            solution = marked.get("solution") is True
            one = _Cell(number, cell.get("cell_type"), solution, cell.get("source"))
            found.setdefault(name, []).append(one)
    return found


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parsed(content: bytes) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Broken(f"the file is no text in UTF-8 (byte {error.start}).") from None
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise Broken("the file is nested too deeply for a notebook.") from None
    except ValueError as error:
        where = getattr(error, "lineno", None)
        place = f" in line {where}" if where else ""
        raise Broken(f"the file is broken{place}: it is no JSON. Save it again.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a table whose every key stands once: which of two counts would be a guess."""
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Broken("the file holds a key twice, as no program saves it: save it again.")
    return table


def _answer(short: str, cells: Sequence[_Cell]) -> tuple[str, str]:
    """Give a problem's answer, or the reason why there is none."""
    if not cells:
        return "", (
            f"the answer cell {short!r} is gone: do not delete it, rename it or copy its text "
            "into a new cell; take the notebook as it was handed out."
        )
    if len(cells) > 1:
        numbers = " and ".join(str(cell.number) for cell in cells[:5])
        return "", (
            f"cells {numbers} both are the answer cell {short!r}, as when one is copied or "
            "split: keep one, and merge into it what belongs to it."
        )
    cell = cells[0]
    if cell.kind != "code":
        return "", f"the answer cell {short!r} (cell {cell.number}) is no code cell any more."
    if not cell.is_solution:
        return "", (
            f"cell {cell.number} is not marked as the answer cell {short!r} any more: "
            "take the notebook as it was handed out."
        )
    source = _joined(cell.source)
    if source is None:
        return "", f"the answer cell {short!r} (cell {cell.number}) holds no text."
    if len(source) > LONGEST:
        return "", f"the answer cell {short!r} has more than {LONGEST} characters."
    if any("\ud800" <= each <= "\udfff" for each in source):
        return "", f"the answer cell {short!r} holds half a character (a lone surrogate)."
    return source, ""


def _joined(source: Any) -> str | None:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None
