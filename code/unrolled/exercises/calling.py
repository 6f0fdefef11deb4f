"""Call a reader's function on copies, and say in one sentence what went wrong."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np

from unrolled.shapes import Array


def call(answer: Any, arguments: tuple[Any, ...]) -> tuple[Any, str | None]:
    """Run the function on copies of its arguments.

    Parameters
    ----------
    answer : callable
        The reader's function.
    arguments : tuple
        Arrays, numbers, tuples and dicts of them; never modified.

    Returns
    -------
    tuple
        What it returned and None, or None and a sentence: it raised, returned
        nothing, or changed its arguments.
    """
    given = copies(arguments)
    try:
        got = answer(*given)
    except NotImplementedError:
        return None, "not written yet: replace the line that raises NotImplementedError."
    except Exception as error:  # noqa: BLE001 — the reader's code may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        line = frames[1].lineno if len(frames) > 1 else None
        place = f" in line {line} of the cell" if line else ""
        return None, f"your function stopped{place} with {type(error).__name__}: {error}"
    if got is None or got is Ellipsis:
        return None, "your function returns nothing yet: end it with return."
    for position, (before, after) in enumerate(zip(arguments, given, strict=True)):
        if not _same(before, after):
            return None, (
                f"your function changed its argument number {position + 1}. "
                f"Make a new array: write a = a + b, not a += b."
            )
    return got, None


def copies(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copy the arguments of a call, arrays and all that holds them."""
    return tuple(_copy(argument) for argument in arguments)


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        members = [_copy(member) for member in value]
        return type(value)(*members) if hasattr(value, "_fields") else tuple(members)
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_copy(member) for member in value]
    return value


def _same_bytes(before: Array, after: Array) -> bool:
    """Compare bit by bit: NaN is the same as itself, and −0 is not 0."""
    if before.itemsize == 8 and before.flags.c_contiguous and after.flags.c_contiguous:
        one, other = before.reshape(-1).view(np.uint64), after.reshape(-1).view(np.uint64)
        return bool(np.array_equal(one, other))  # without a copy: arguments may be large
    return before.tobytes() == after.tobytes()


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return bool(
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and _same_bytes(before, after)
        )
    if isinstance(before, (tuple, list)):
        same = type(before) is type(after) and len(before) == len(after)
        return same and all(map(_same, before, after))
    if isinstance(before, dict):
        return list(before) == list(after) and all(_same(before[k], after[k]) for k in before)
    return callable(before) or before is after or bool(before == after)
