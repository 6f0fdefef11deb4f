"""Hold an answer against fresh questions, and say what is wrong with it.

The answer runs in the reader's own process: this is help, not grading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from unrolled.exercises.calling import call, copies
from unrolled.exercises.comparing import difference
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
        got, problem = call(answer, arguments)
        if problem is not None:
            return problem
        expected = exercise.expected(*copies(arguments))
        found = difference(exercise, got, expected)
        # a mistake is named only if it explains every draw so far
        suspects = [
            mistake
            for mistake in suspects
            if difference(exercise, got, mistake.answer(*copies(arguments))) is None
        ]
        if found is not None and wrong is None:
            wrong = found
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
    found = difference(exercise, answer, exercise.expected())
    if found is None:
        return None
    for mistake in exercise.mistakes:
        if difference(exercise, answer, mistake.answer()) is None:
            return mistake.hint
    for mistake in exercise.mistakes:  # of several in one table, name the first
        if _holds(exercise, answer, mistake.answer()):
            return mistake.hint
    return found


def _holds(exercise: Exercise, answer: object, mistaken: Any) -> bool:
    """Tell whether a table has every wrong entry of this mistake, and perhaps others."""
    right = exercise.expected()
    if not isinstance(mistaken, Mapping) or not isinstance(right, Mapping):
        return False
    wrong = {
        key: value
        for key, value in mistaken.items()
        if difference(exercise, value, right[key]) is not None
    }
    return difference(exercise, answer, wrong) is None
