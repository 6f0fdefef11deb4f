"""Compare what a reader's function returned with what it should return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Yardstick(Protocol):
    """What a comparison asks of an exercise."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the values returned, in order, where there are several."""

    @property
    def tolerance(self) -> float:
        """Allowed: ``max |got − expected| ÷ max(1, max |expected|)``."""

    @property
    def is_value(self) -> bool:
        """Whether the number asked for is the answer itself, and must not be said."""


def difference(
    exercise: Yardstick, got: Any, expected: Any, name: str = "the result"
) -> str | None:
    """Say the first way in which two values differ.

    Parameters
    ----------
    exercise : Yardstick
        Names the parts and the tolerance.
    got, expected : array, number, str, bool, or tuples and dicts of them
        What was returned, which may be anything, and what is right.
    name : str
        What the value is called in the sentence.

    Returns
    -------
    str or None
        One sentence, or None where they agree; NaN equals nothing.
    """
    if isinstance(expected, Mapping):
        return _mapping_difference(exercise, got, expected)
    if isinstance(expected, tuple) and expected and all(type(e) is int for e in expected):
        same = isinstance(got, (tuple, list)) and tuple(got) == expected  # a shape, whole
        return None if same else f"{name}: {got!r} is not it."
    if isinstance(expected, tuple):
        problem = _count_problem(exercise, got, expected)
        if problem is not None:
            return problem
        names = _names(exercise, expected)
        found = (
            difference(exercise, g, e, part)
            for g, e, part in zip(got, expected, names, strict=True)
        )
        return next((each for each in found if each is not None), None)
    if isinstance(expected, (str, bool, np.bool_)):
        kind = str if isinstance(expected, str) else (bool, np.bool_)
        same = isinstance(got, kind) and _plain(got) == _plain(expected)
        return None if same else f"{name}: {got!r} is not it."
    return _array_difference(exercise, got, expected, name)


def _mapping_difference(exercise: Yardstick, got: Any, expected: Mapping[Any, Any]) -> str | None:
    if not isinstance(got, Mapping):
        return f"expected a dict with the keys {list(expected)}, got {type(got).__name__}."
    for key, value in expected.items():
        if key not in got:
            return f"the entry {key!r} is missing."
        found = difference(exercise, got[key], value, f"entry {key!r}")
        if found is not None:
            return found
    return None


def _array_difference(exercise: Yardstick, got: Any, expected: Any, name: str) -> str | None:
    problem = _array_problem(got, expected, name)
    if problem is not None:
        return problem
    numbers, reference = np.asarray(got), np.asarray(expected)
    gaps = np.abs(numbers * 1.0 - reference)  # booleans and unsigned integers too
    if gaps.size == 0 or gaps.max() <= exercise.tolerance * max(
        1.0, float(np.abs(reference * 1.0).max())
    ):
        return None
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(gaps), gaps.shape))
    where = f" at {list(worst)}" if worst else ""
    if exercise.is_value:  # the number asked for is the answer
        return f"{name}: {numbers[worst] * 1.0:.4g}{where} is not it."
    wanted, found = f"{reference[worst] * 1.0:.4g}", f"{numbers[worst] * 1.0:.4g}"
    if wanted == found:  # the same digits twice would tell nothing
        return (
            f"{name}: the shape fits, but{where} a number near {wanted} is off by "
            f"{gaps[worst]:.1g}. Is something rounded, or float32?"
        )
    return f"{name}: the shape fits, but{where} expected {wanted}, got {found}."


def _array_problem(got: Any, expected: Any, name: str) -> str | None:
    """Say why something cannot be compared with an array, number by number."""
    try:
        numbers = np.asarray(got)
    except Exception:  # noqa: BLE001 — what a reader returns may raise anything
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biufc":
        kind = f"an array of {got.dtype}" if isinstance(got, np.ndarray) else type(got).__name__
        return f"{name}: expected numbers, got {kind}."
    if numbers.shape != np.shape(expected):
        return f"{name}: expected shape {np.shape(expected)}, got {numbers.shape}."
    if not np.isfinite(numbers).all():
        return f"{name}: holds NaN or infinity. Look for a division by zero or an overflow."
    return None


def malformed(exercise: Yardstick, got: Any, expected: Any) -> str | None:
    """Say what is wrong with the form of an answer: how many values, their kind, their shapes.

    Parameters
    ----------
    exercise : Yardstick
        Names the parts.
    got : object
        What was returned.
    expected : array, number, or a tuple of them
        Something of the right form; its numbers are not looked at.

    Returns
    -------
    str or None
        One sentence, or None where every number can be compared.
    """
    if not isinstance(expected, tuple):
        return _array_problem(got, expected, "the result")
    problem = _count_problem(exercise, got, expected)
    if problem is not None:
        return problem
    names = _names(exercise, expected)
    found = (_array_problem(g, e, name) for g, e, name in zip(got, expected, names, strict=True))
    return next((each for each in found if each is not None), None)


def _count_problem(exercise: Yardstick, got: Any, expected: tuple[Any, ...]) -> str | None:
    if isinstance(got, (tuple, list)) and len(got) == len(expected):
        return None
    count = len(got) if isinstance(got, (tuple, list)) else 1
    parts = f" ({', '.join(exercise.parts)})" if exercise.parts else ""
    return f"expected {len(expected)} values{parts}, got {count}."


def _names(exercise: Yardstick, expected: tuple[Any, ...]) -> tuple[str, ...]:
    return exercise.parts or tuple(f"value {i + 1}" for i in range(len(expected)))


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value
