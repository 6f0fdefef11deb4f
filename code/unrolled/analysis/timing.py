"""Which of two ways is faster: taken in turns, so that both meet the same machine (chapter 14)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_count, check_positive

COARSE = {"emscripten", "win32"}
"""Where the processor's time stands still or jumps (a browser) or is coarse (Windows)."""
CLOCK = time.perf_counter if sys.platform in COARSE else time.process_time
"""The processor's time, which other programs do not touch, where it is fine enough."""
PATIENCE = 1.0
"""Seconds on the wall after which a clock is given up that does not move."""


class Ratio(NamedTuple):
    """How many times as long the first way takes, over some rounds."""

    low: float
    """First quartile."""
    middle: float
    """Median."""
    high: float
    """Third quartile."""

    def __str__(self) -> str:
        """Write the median, and the quartiles in brackets."""
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def time_ratio(
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    rounds: int = 9,
    seconds: float = 0.01,
    clock: Callable[[], float] = CLOCK,
) -> Ratio:
    """Time two ways in turns, and divide: first by second, round by round.

    A machine that others use is now fast, now slow. A round takes both ways within moments, so
    its ratio says more than either time.

    Parameters
    ----------
    first, second : callable
        Both ways to do the same work; called without arguments, many times.
    rounds : int
        How many ratios.
    seconds : float
        Each way is repeated in a round until it fills about so long.
    clock : callable
        Gives seconds, of the processor where that can be had.

    Returns
    -------
    Ratio
        Above 1 where the second is faster.

    Raises
    ------
    ArgumentError
        No function, no rounds, no time.
    """
    for name, way in (("first", first), ("second", second)):
        if not callable(way):
            raise ArgumentError(
                f"{name}: expected a function of no arguments, got {type(way).__name__}."
            )
    check_count("rounds", rounds)
    check_positive("seconds", seconds)
    calls = [_calls(way, seconds, clock) for way in (first, second)]
    ratios = [
        _time(first, calls[0], clock) / max(_time(second, calls[1], clock), 1e-12)
        for _ in range(rounds)
    ]
    return Ratio(*(float(q) for q in np.percentile(ratios, [25, 50, 75])))


def _calls(way: Callable[[], object], seconds: float, clock: Callable[[], float]) -> int:
    """Double the calls until they fill the time: a browser's clock is too coarse for one."""
    way()
    calls, began = 1, time.perf_counter()
    while (each := _time(way, calls, clock)) * calls < seconds:
        if time.perf_counter() - began > PATIENCE:
            break
        calls = max(2 * calls, min(int(seconds / max(each, 1e-9)), 16 * calls))
    return calls


def _time(way: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    """Give the seconds of one call."""
    start = clock()
    for _ in range(calls):
        way()
    return (clock() - start) / calls
