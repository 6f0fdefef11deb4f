"""Problem set 3: clipping unit by unit, each by its own length."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Judge, Problem, Variant
from unrolled.exercises.sampled import Sampled
from unrolled.shapes import Array

POWERS = (4, 3, 6, 5, 8)
PARTS = ("dWx", "dWh", "db")
SMALLEST = -1100.0
"""As a power of two: no double is smaller."""


def given(power: int) -> Mapping[str, Callable[..., Any]]:
    """Give nothing: the length is to be written.

    Parameters
    ----------
    power : int
        p of this form's length.

    Returns
    -------
    mapping
        Empty.
    """
    return {}


def draw(power: int, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw dWx, dWh, db of at least four units, and the limit."""
    D, H = rng.permutation([2, 3])[0], rng.permutation([4, 5])[0]
    return _gradients(power, D, H, rng, largest=(20.0, 1e200)[rng.integers(2)])


def large(power: int, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw the same for 768 units."""
    return _gradients(power, 63, 768, rng, largest=1e200)


def _gradients(
    power: int, D: int, H: int, rng: np.random.Generator, *, largest: float
) -> tuple[Any, ...]:
    """Draw a unit of each kind: zero, just within the limit, just past it, far past it."""
    limit = rng.uniform(0.5, 2.0)
    sizes = limit * np.array([0.0, 0.95, 1.05, largest])
    stack = rng.standard_normal((D + H + 1, H))
    # so near the limit, because another size or another limit would decide otherwise
    stack *= sizes[rng.permutation(np.arange(H) % 4)] / np.linalg.norm(stack, power, axis=0)
    return stack[:D].copy(), stack[D:-1].copy(), stack[-1].copy(), float(limit)


# A group is told by a label for each entry of the stack: Wx above Wh above b.
def _by_unit(D: int, H: int) -> Array:
    return np.tile(np.arange(H), (D + H + 1, 1))


def _all_in_one(D: int, H: int) -> Array:
    return np.zeros((D + H + 1, H), int)


def _arrays_apart(D: int, H: int) -> Array:
    labels: Array = _by_unit(D, H) + H * _whole_arrays(D, H)
    return labels


def _whole_arrays(D: int, H: int) -> Array:
    return np.tile(np.repeat([0, 1, 2], [D, H, 1])[:, None], H)


def _by_row(D: int, H: int) -> Array:
    labels = _by_unit(D, H)
    labels[D:-1] = np.arange(H)[:, None]
    return labels


class ByUnit(NamedTuple):
    """Right numbers, unit after unit; all units of a large call this way take too long."""

    def expected(self, settings: int, arguments: tuple[Any, ...]) -> tuple[Array, ...]:
        """Clip every unit."""
        dWx, dWh, db = Sampled(_clip_one, lead=1).expected(settings, _units(*arguments))
        return dWx.T, dWh.T, db

    def judge(
        self, settings: int, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[tuple[Array, ...], Judge]:
        """Compare a few units, drawn fresh."""
        sampled = Sampled(_clip_one, lead=1, sample=12)
        (dWx, dWh, db), judge = sampled.judge(settings, _units(*arguments), rng, tolerance)

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            return judge((np.asarray(got[0]).T, np.asarray(got[1]).T, got[2]))

        return (dWx.T, dWh.T, db), judged


def _units(dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Any, ...]:
    """Put what belongs to one unit into one row."""
    return dWx.T, dWh.T, db, limit


def _clip_one(
    power: int, dWx: list[float], dWh: list[float], db: float, limit: float
) -> tuple[list[float], list[float], float]:
    """Clip one unit."""
    factor = _factor([*dWx, *dWh, db], limit, power)
    return [entry * factor for entry in dWx], [entry * factor for entry in dWh], db * factor


def _factor(
    entries: list[float], limit: float, power: int, rooted: bool = True, lengthens: bool = False
) -> float:
    """Search a group's factor by halving: the largest that makes it short enough."""
    sizes = [abs(entry) for entry in entries if entry]
    share, most = (1, limit**power) if rooted else (power, limit)

    def fits(exponent: float) -> bool:
        scaled = [size * 2.0 ** (exponent / share) for size in sizes]
        small = max(scaled) <= max(limit, 1.0) * 2  # larger ones alone are too much
        return small and fsum(size**power for size in scaled) <= most

    low, high = SMALLEST, 1000.0 if lengthens else 0.0  # as powers of two
    if not sizes or fits(high):
        return float(2.0**high) if sizes else 1.0
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return float(2.0**low)


def _clipped(
    groups: Callable[[int, int], Array] = _by_unit,
    power: Callable[[int], int] = lambda power: power,
    rooted: bool = True,
    overflows: bool = False,
    lengthens: bool = False,
) -> Callable[..., Any]:
    """Change one choice: a mistake."""

    def answer(settings: int, dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
        D, H = dWx.shape
        short, labels, p = np.vstack([dWx, dWh, db]), groups(D, H), power(settings)
        for label in range(int(labels.max()) + 1):
            members = short[labels == label]
            factor = _factor(members.tolist(), limit, p, rooted, lengthens)
            with np.errstate(over="ignore"):
                endless = bool(np.isinf(np.sum(np.abs(members) ** p)))
            # the limit divided by infinity
            short[labels == label] *= 0.0 if overflows and endless else factor
        return short[:D], short[D:-1], short[-1]

    return answer


def _by_entry(settings: int, dWx: Array, dWh: Array, db: Array, limit: float) -> tuple[Array, ...]:
    return tuple(np.clip(each, -limit, limit) for each in (dWx, dWh, db))


def _mistakes() -> tuple[Mistake, ...]:
    """Most slips are made by readers who also let powers overflow, so each stands here twice."""
    slips: tuple[tuple[str, dict[str, Any]], ...] = (
        (
            "one length for all units. What belongs to one unit alone?",
            {"groups": _all_in_one},
        ),
        (
            "one length for each array. A unit has entries in all three arrays.",
            {"groups": _whole_arrays},
        ),
        (
            "a unit's three pieces are measured apart. They are one group, with one factor.",
            {"groups": _arrays_apart},
        ),
        (
            "which entries of Wh feed unit k, its row or its column?",
            {"groups": _by_row},
        ),
        (
            "this is the Euclidean length. The problem measures another one.",
            {"power": lambda power: 2},
        ),
        (
            "the sum of powers is not yet a length: twice the gradient must be twice as long.",
            {"rooted": False},
        ),
        (
            "short groups became longer. What happens to a group within the limit?",
            {"lengthens": True},
        ),
    )
    return (
        Mistake(
            "small numbers are right, and groups with huge numbers became 0: "
            "their powers overflow. Can you measure a multiple that is not huge?",
            _clipped(overflows=True),
        ),
        Mistake("entry by entry the direction changes. One factor for a group.", _by_entry),
        *(
            Mistake(hint, _clipped(**slip, overflows=overflows))
            for hint, slip in slips
            for overflows in (False, True)
        ),
    )


PROBLEM = Problem(
    "ps3.clip",
    "Clipping unit by unit",
    "clip_units",
    4,
    tuple(
        Variant(
            f"power {p}",
            p,
            {
                "length": rf"\Bigl(\sum_{{g \in G_k}} |g|^{p}\Bigr)^{{1/{p}}}",
                "example": rf"(3^{p} + 4^{p})^{{1/{p}}} \approx {(3**p + 4**p) ** (1 / p):.3f}",
            },
        )
        for p in POWERS
    ),
    given,
    draw,
    large,
    ByUnit(),
    _mistakes(),
    PARTS,
    draws=9,  # some with huge numbers and some without, so that two slips are told apart
)
"""Read by ``ps3``."""
