"""Hold an answer against fresh questions, and say what is wrong with it.

The answer runs in the reader's own process: this is help, not grading.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise
from unrolled.shapes import ArgumentError, check_rng


@dataclass(frozen=True, repr=False)
class Result:
    """Whether an answer is right, and what to say about it."""

    exercise: str
    passed: bool
    message: str

    def __repr__(self) -> str:
        """Say it as the reader sees it."""
        return f"{'✓' if self.passed else '✗'} {self.exercise}: {self.message}"


def check(exercise_id: str, answer: object, *, rng: np.random.Generator | None = None) -> Result:
    """Check an answer to one of the book's exercises.

    Parameters
    ----------
    exercise_id : str
        As printed beside the exercise, ``"ch4.db"``.
    answer : callable, or the value asked for
        The reader's function, or table, number, word.
    rng : numpy.random.Generator, optional
        Where the questions are drawn from; fresh ones at every call if left out.

    Returns
    -------
    Result
        Shown by a notebook cell as one line; never raises for a wrong answer.

    Raises
    ------
    ArgumentError
        No such exercise.
    """
    exercise = find(exercise_id)
    rng = np.random.default_rng() if rng is None else rng
    check_rng(rng)
    if exercise.draw is None:
        problem = _value_problem(exercise, answer)
    else:
        problem = _function_problem(exercise, answer, rng)
    return Result(exercise.id, problem is None, problem or f"right. {exercise.title} is done.")


def find(exercise_id: str) -> Exercise:
    """Look an exercise up by its id.

    Parameters
    ----------
    exercise_id : str
        ``"ch4.db"``.

    Returns
    -------
    Exercise
        The one of that id.

    Raises
    ------
    ArgumentError
        No such exercise; the message lists those of the chapter.
    """
    chapter = str(exercise_id).partition(".")[0]
    try:
        known_form = chapter[:2] == "ch" and chapter[2:].isdigit()
        module = import_module(f"unrolled.exercises.{chapter}") if known_form else None
    except ModuleNotFoundError:
        module = None
    exercises: tuple[Exercise, ...] = getattr(module, "EXERCISES", ())
    for exercise in exercises:
        if exercise.id == exercise_id:
            return exercise
    known = [each.id for each in exercises] or "chapters ch1, ch2, …"
    raise ArgumentError(f"exercise_id: expected one of {known}, got {exercise_id!r}.")


def _function_problem(exercise: Exercise, answer: object, rng: np.random.Generator) -> str | None:
    if not callable(answer):
        return f"expected a function, got {type(answer).__name__}: pass its name without ()."
    suspects = list(exercise.mistakes)
    wrong: str | None = None
    for _ in range(exercise.draws):
        arguments = exercise.draw(rng)  # type: ignore[misc]
        got, problem = _call(answer, arguments)
        if problem is not None:
            return problem
        expected = exercise.expected(*_copies(arguments))
        difference = _difference(exercise, got, expected)
        # a mistake is named only if it explains every draw so far
        suspects = [
            mistake
            for mistake in suspects
            if _difference(exercise, got, mistake.answer(*_copies(arguments))) is None
        ]
        if difference is not None and wrong is None:
            wrong = difference
    if wrong is None:
        return None
    return suspects[0].hint if suspects else wrong


def _value_problem(exercise: Exercise, answer: object) -> str | None:
    if answer is None or answer is Ellipsis:
        return "no answer yet: replace the dots."
    if isinstance(answer, Mapping) and any(
        value is None or value is Ellipsis for value in answer.values()
    ):
        return "some entries are still open: replace every set of dots."
    difference = _difference(exercise, answer, exercise.expected())
    if difference is None:
        return None
    for mistake in exercise.mistakes:
        if _difference(exercise, answer, mistake.answer()) is None:
            return mistake.hint
    for mistake in exercise.mistakes:  # of several in one table, name the first
        if _holds(exercise, answer, mistake.answer()):
            return mistake.hint
    return difference


def _holds(exercise: Exercise, answer: object, mistaken: Any) -> bool:
    """Tell whether a table has every wrong entry of this mistake, and perhaps others."""
    right = exercise.expected()
    if not isinstance(mistaken, Mapping) or not isinstance(right, Mapping):
        return False
    wrong = {
        key: value
        for key, value in mistaken.items()
        if _difference(exercise, value, right[key]) is not None
    }
    return _difference(exercise, answer, wrong) is None


def _call(answer: Any, arguments: tuple[Any, ...]) -> tuple[Any, str | None]:
    """Run the reader's function on copies; say what it raised, or that it changed them."""
    given = _copies(arguments)
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


def _difference(
    exercise: Exercise, got: Any, expected: Any, name: str = "the result"
) -> str | None:
    """Give the first way in which two values differ, or None; NaN equals nothing."""
    if isinstance(expected, Mapping):
        return _mapping_difference(exercise, got, expected)
    if isinstance(expected, tuple) and expected and all(type(e) is int for e in expected):
        same = isinstance(got, (tuple, list)) and tuple(got) == expected  # a shape, whole
        return None if same else f"{name}: {got!r} is not it."
    if isinstance(expected, tuple):
        if not isinstance(got, (tuple, list)) or len(got) != len(expected):
            count = len(got) if isinstance(got, (tuple, list)) else 1
            parts = f" ({', '.join(exercise.parts)})" if exercise.parts else ""
            return f"expected {len(expected)} values{parts}, got {count}."
        names = exercise.parts or tuple(f"value {i + 1}" for i in range(len(expected)))
        found = (
            _difference(exercise, g, e, part)
            for g, e, part in zip(got, expected, names, strict=True)
        )
        return next((each for each in found if each is not None), None)
    if isinstance(expected, (str, bool, np.bool_)):
        kind = str if isinstance(expected, str) else (bool, np.bool_)
        same = isinstance(got, kind) and _plain(got) == _plain(expected)
        return None if same else f"{name}: {got!r} is not it."
    return _array_difference(exercise, got, expected, name)


def _mapping_difference(exercise: Exercise, got: Any, expected: Mapping[Any, Any]) -> str | None:
    if not isinstance(got, Mapping):
        return f"expected a dict with the keys {list(expected)}, got {type(got).__name__}."
    for key, value in expected.items():
        if key not in got:
            return f"the entry {key!r} is missing."
        difference = _difference(exercise, got[key], value, f"entry {key!r}")
        if difference is not None:
            return difference
    return None


def _array_difference(exercise: Exercise, got: Any, expected: Any, name: str) -> str | None:
    try:
        numbers = np.asarray(got)
    except (TypeError, ValueError):
        numbers = np.asarray(None)
    reference = np.asarray(expected)
    if numbers.dtype.kind not in "biufc":
        return f"{name}: expected numbers, got {type(got).__name__}."
    if numbers.shape != reference.shape:
        return f"{name}: expected shape {reference.shape}, got {numbers.shape}."
    if not np.isfinite(numbers).all():
        return f"{name}: holds NaN or infinity. Look for a division by zero or an overflow."
    gaps = np.abs(numbers * 1.0 - reference)  # booleans and unsigned integers too
    if gaps.size == 0 or gaps.max() <= exercise.tolerance * max(
        1.0, float(np.abs(reference * 1.0).max())
    ):
        return None
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(gaps), gaps.shape))
    where = f" at {list(worst)}" if worst else ""
    if exercise.draw is None:  # the number asked for is the answer
        return f"{name}: {numbers[worst] * 1.0:.4g}{where} is not it."
    return (
        f"{name}: the shape fits, but{where} "
        f"expected {reference[worst] * 1.0:.4g}, got {numbers[worst] * 1.0:.4g}."
    )


def _copies(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
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


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray):
        return bool(
            isinstance(after, np.ndarray)
            and before.shape == after.shape
            and before.dtype == after.dtype
            and before.tobytes() == after.tobytes()
        )
    if isinstance(before, (tuple, list)):
        same = type(before) is type(after) and len(before) == len(after)
        return same and all(map(_same, before, after))
    if isinstance(before, dict):
        return list(before) == list(after) and all(_same(before[k], after[k]) for k in before)
    return callable(before) or before is after or bool(before == after)


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value
