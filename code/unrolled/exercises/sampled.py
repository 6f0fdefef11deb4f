"""An oracle that answers entry by entry, and judges a few places of a large answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.problems import Judge
from unrolled.shapes import Array


class Sampled(NamedTuple):
    """Answers that are found one entry, or one row, after the other; of many, a few are judged.

    Slow on purpose: a large call answered this way runs out of time.
    """

    one: Callable[..., Any]
    """From the settings and what belongs to one entry or row, its answer: a value or a tuple."""
    lead: int
    """How many leading axes count the entries or rows."""
    sample: int = 300

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> Any:
        """Find the whole answer."""
        lead = np.shape(arguments[0])[: self.lead]
        answers = self._answers(settings, arguments, range(int(np.prod(lead))))
        if not isinstance(answers, tuple):
            return answers.reshape(*lead, *answers.shape[1:])
        return tuple(part.reshape(*lead, *part.shape[1:]) for part in answers)

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Any, Judge]:
        """Compare a few places, drawn fresh."""
        lead = np.shape(arguments[0])[: self.lead]
        count = int(np.prod(lead))
        places = rng.choice(count, min(self.sample, count), replace=False)
        right = self._answers(settings, arguments, places)

        parts = right if isinstance(right, tuple) else (right,)

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            return tuple(
                _within(_rows(part, len(lead))[places] * 1.0 - true, tolerance, true)
                for part, true in zip(got, parts, strict=True)
            )

        forms = tuple(np.empty((*lead, *part.shape[1:])) for part in parts)
        return forms if isinstance(right, tuple) else forms[0], judged

    def _answers(self, settings: Any, arguments: tuple[Any, ...], places: Iterable[int]) -> Any:
        columns = [
            _rows(argument, self.lead) if isinstance(argument, np.ndarray) else argument
            for argument in arguments
        ]
        answers = [
            self.one(settings, *(_at(column, place) for column in columns)) for place in places
        ]
        if not isinstance(answers[0], tuple):
            return np.array(answers)
        return tuple(np.array(part) for part in zip(*answers, strict=True))


def _rows(array: Any, lead: int) -> Array:
    numbers = np.asarray(array)
    return numbers.reshape(-1, *numbers.shape[lead:])


def _within(gaps: Array, tolerance: float, true: Array) -> bool:
    return bool(np.max(np.abs(gaps)) <= tolerance * max(1.0, float(np.max(np.abs(true)))))


def _at(column: Any, place: int) -> Any:
    return column[place].tolist() if isinstance(column, np.ndarray) else column
