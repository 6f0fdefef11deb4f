"""What holds for every exercise whose answer is a function, whatever it asks."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from unrolled import exercises
from unrolled.exercises import checking

FOLDER = Path(checking.__file__).parent
CHAPTERS = [file.stem for file in FOLDER.glob("ch*.py") if re.fullmatch(r"ch\d+", file.stem)]
FUNCTIONS = [
    exercise
    for chapter in sorted(CHAPTERS)
    for exercise in import_module(f"unrolled.exercises.{chapter}").EXERCISES
    if exercise.draw is not None
]

each = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.id)


def ask(exercise, answer):
    return exercises.check(exercise.id, answer, rng=np.random.default_rng(11))


def spoiled(right):
    """The right answer with every number NaN; words, truths and shapes as they are."""
    if isinstance(right, dict):
        return {key: spoiled(value) for key, value in right.items()}
    if isinstance(right, tuple) and not all(type(part) is int for part in right):
        return tuple(spoiled(part) for part in right)
    return right * np.nan if np.asarray(right).dtype.kind in "ifc" else right


def test_the_chapters_are_found():
    assert len(CHAPTERS) >= 11
    assert len(FUNCTIONS) > 50


@each
def test_the_stub_returns_nothing(exercise):
    result = ask(exercise, lambda *given: None)
    assert not result.passed
    assert "returns nothing" in result.message


@each
def test_nan_is_never_right(exercise):
    rng = np.random.default_rng(0)
    right = exercise.expected(*exercise.draw(rng))
    if repr(spoiled(right)) == repr(right):
        assert "nan" not in repr(right)  # an answer in words has no NaN
        return
    result = ask(exercise, lambda *given: spoiled(exercise.expected(*given)))
    assert not result.passed
    assert "NaN" in result.message


@each
def test_no_argument_may_change(exercise):
    drawn = exercise.draw(np.random.default_rng(0))
    for place in [place for place, each in enumerate(drawn) if isinstance(each, np.ndarray)]:

        def answer(*given, place=place):
            right = exercise.expected(*given)
            given[place][...] = given[place] == 0  # numbers and truths alike
            return right

        result = ask(exercise, answer)
        assert not result.passed
        assert f"changed its argument number {place + 1}." in result.message
