"""What a problem of a problem set is: its variants, its questions, and how answers are judged.

No right answer stands here. A gradient is held against the complex step of the
forward that the reader was given, so nothing has to be kept secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.shapes import Array

COMPLEX_STEP = 1e-30


class Variant(NamedTuple):
    """One form of a problem; each student may get another, of equal work."""

    name: str
    settings: Any
    """What tells this form from the others: a squashing function, a number of steps."""
    words: Mapping[str, str]
    """How the page says it: a formula or a word by its key; the same keys in every variant."""


class Judge(Protocol):
    """The numbers an answer to one large call must have."""

    def __call__(self, got: tuple[Any, ...]) -> tuple[bool, ...]:
        """Tell for every part whether it is right."""


class Oracle(Protocol):
    """Where right numbers come from."""

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> Any:
        """Find the whole answer to a small call."""

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Any, Judge]:
        """Give an answer's form for a large call, and what judges its numbers."""


class Problem(NamedTuple):
    """A function to be written, graded from outside on fresh questions."""

    id: str
    """``"ps1.leaky"``: the set, then a name."""
    title: str
    function: str
    """The name that the reader's function must have."""
    points: int
    variants: tuple[Variant, ...]
    """The first is the one that the book shows."""
    given: Callable[[Any], Mapping[str, Callable[..., Any]]]
    """From the settings, the functions that the reader may call."""
    draw: Callable[[Any, np.random.Generator], tuple[Any, ...]]
    """The arguments of a small call: every size odd or different, every number fresh."""
    large: Callable[[Any, np.random.Generator], tuple[Any, ...]]
    """Arguments so large that differentiating the forward numerically takes far too long."""
    oracle: Oracle
    mistakes: tuple[Mistake, ...]
    """What each computes from the settings and the same arguments, and what to say to it."""
    parts: tuple[str, ...] = ()
    """Names of the values returned, in order, where there are several."""
    draws: int = 5
    tolerance: float = 1e-9

    @property
    def short(self) -> str:
        """Its name within the set: ``"leaky"``."""
        return self.id.partition(".")[2]

    @property
    def is_value(self) -> bool:
        """Always a function here."""
        return False


class Gradients(NamedTuple):
    """The gradients of a loss that the given forward makes, by the complex step."""

    loss: Callable[..., Any]
    """From the settings and the arguments, a number; analytic in those of ``wrt``."""
    wrt: tuple[int, ...]
    """The positions of the arguments whose gradients are asked for, in order."""

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
        """Differentiate by every entry."""
        return tuple(self._gradient(settings, arguments, place) for place in self.wrt)

    def _gradient(self, settings: Any, arguments: tuple[Any, ...], place: int) -> Array:
        at = np.asarray(arguments[place])
        gradient = np.empty(at.shape)
        for entry in np.ndindex(at.shape):
            nudge = np.zeros(at.shape)
            nudge[entry] = 1.0
            gradient[entry] = self._slope(settings, arguments, place, nudge)
        return gradient

    def _slope(self, settings: Any, arguments: tuple[Any, ...], place: int, along: Array) -> float:
        moved = list(arguments)
        moved[place] = arguments[place] + 1j * COMPLEX_STEP * along
        return float(np.imag(self.loss(settings, *moved)) / COMPLEX_STEP)

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[tuple[Array, ...], Judge]:
        """Compare slopes along random directions: one evaluation each, however large the arrays.

        A wrong gradient agrees along a random direction with probability zero.
        """
        ways = [rng.standard_normal(np.shape(arguments[place])) for place in self.wrt]
        slopes = [
            self._slope(settings, arguments, place, way)
            for place, way in zip(self.wrt, ways, strict=True)
        ]

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            return tuple(
                _within(np.sum(part * way) - slope, tolerance, part * way)
                for part, way, slope in zip(map(np.asarray, got), ways, slopes, strict=True)
            )

        return tuple(np.empty(way.shape) for way in ways), judged


class Values(NamedTuple):
    """Numbers that a second road finds, whatever the size: loops, or a closed form."""

    compute: Callable[..., Any]
    """From the settings and the arguments, the whole answer."""

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> Any:
        """Compute the answer."""
        return self.compute(settings, *arguments)

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Any, Judge]:
        """Compare every entry; there is nothing to draw."""
        right = self.expected(settings, arguments)
        parts = right if isinstance(right, tuple) else (right,)

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            return tuple(
                _within(np.asarray(part) * 1.0 - true, tolerance, np.asarray(true) * 1.0)
                for part, true in zip(got, parts, strict=True)
            )

        return right, judged


def _within(gaps: Array, tolerance: float, terms: Array) -> bool:
    """Compare with the size of what was summed, so that rounding in long sums is no mistake."""
    size = max(1.0, float(np.sqrt(np.sum(np.square(np.abs(terms))))))
    # numbers so huge that their size overflows would leave any gap open
    return bool(np.isfinite(size) and np.max(np.abs(gaps)) <= tolerance * size)
