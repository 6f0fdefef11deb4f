"""What an exercise is: questions drawn fresh, a right answer, and the usual mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Mistake(NamedTuple):
    """A wrong answer that readers give, and what to say to it."""

    hint: str
    """Points at the idea that is missing; never gives the answer away."""
    answer: Callable[..., Any]
    """What that mistake computes from the same arguments."""


class Exercise(NamedTuple):
    """A question with a check that needs no answer key of code.

    For a function to be written, ``draw`` makes the arguments of one call and
    ``expected`` computes the result by another road (index loops, the complex
    step). For a question answered by a value (a table, a number, a word),
    ``draw`` is None and ``expected`` takes no arguments.
    """

    id: str
    """``"ch4.db"``: the chapter, then a name."""
    title: str
    expected: Callable[..., Any]
    draw: Callable[[np.random.Generator], tuple[Any, ...]] | None = None
    mistakes: tuple[Mistake, ...] = ()
    parts: tuple[str, ...] = ()
    """Names of the values returned, in order, where there are several."""
    draws: int = 5
    """How many calls are compared."""
    tolerance: float = 1e-9

    @property
    def is_value(self) -> bool:
        """Whether the answer is a value, not a function."""
        return self.draw is None
