"""Every row of the stored table: which problem, which learner, how long at most."""

from __future__ import annotations

from typing import Literal, NamedTuple

from unrolled.long_lags.learners import LEARNERS
from unrolled.long_lags.runs import Settings


class Row(NamedTuple):
    """One row: the same problem and learner from every seed."""

    part: Literal["table", "curve"]
    """Of the table beside that of 1997, or of the figure of what is solved against T too."""
    problem: str
    T: int | None
    """None for the Reber grammar, which has no T."""
    learner: str
    budget: int
    """Sequences at most."""
    settings: Settings


EVERY = tuple(LEARNERS)
RATE, RATE_RNN = 0.01, 0.003
"""Of .01, .003 and .001, those that did best in pilot runs from other seeds."""
USUAL = Settings(rate=RATE)
ONLINE = Settings(H=8, N=1, rate=RATE, every=200)
"""One string at a time, as in 1997."""
WIDE = Settings(H=64, rate=0.02)
"""Ten symbols do not fit into few units."""


def _rows(
    part: Literal["table", "curve"],
    problem: str,
    T: int | None,
    budget: int,
    learners: tuple[str, ...] = EVERY,
    settings: Settings = USUAL,
) -> tuple[Row, ...]:
    """Plan the same for several learners."""
    slower = settings._replace(rate=settings.rate * RATE_RNN / RATE)
    return tuple(
        Row(part, problem, T, learner, budget, slower if learner == "RNN" else settings)
        for learner in learners
    )


PLAN: tuple[Row, ...] = (
    *_rows("table", "embedded Reber", None, 40_000, EVERY[:3], ONLINE),
    *_rows("curve", "order 6a", 10, 32_000),
    *_rows("curve", "order 6a", 20, 32_000),
    *_rows("curve", "order 6a", 50, 32_000),
    *_rows("curve", "order 6a", 100, 32_000),
    *_rows("curve", "adding", 10, 38_400),
    *_rows("curve", "adding", 20, 38_400),
    *_rows("curve", "adding", 50, 38_400),
    *_rows("curve", "adding", 100, 38_400),
    *_rows("table", "adding 1997", 100, 80_000),
    *_rows("table", "order 6b", 100, 32_000),
    *_rows("table", "copy", 5, 64_000, (*EVERY[:3], EVERY[4]), WIDE),
)
"""In the order in which they are stored."""
