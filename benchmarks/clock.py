"""How it is timed: all sides in turn, round after round, and the ratios of each round."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

CLOCKS = ("cpu", "wall")


class Times(NamedTuple):
    """Seconds for one call."""

    cpu: float
    """Of all threads of the process together."""
    wall: float


Round: TypeAlias = Mapping[str, Times]
"""One round: each side's times, measured within moments of one another."""


def timed(run: Callable[[], object], calls: int) -> Times:
    """Time some calls and share the time out among them."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Times(cpu / calls, wall / calls)


def calls_for(seconds: float, one: Times) -> int:
    """Say how many calls fill so many seconds, at least one."""
    return max(1, round(seconds / max(one.wall, 1e-9)))


def turn(names: Sequence[str], number: int) -> list[str]:
    """Put the sides in the order of one round: each comes first, second, … in its turn."""
    start = number % len(names)
    return [*names[start:], *names[:start]]


def quartiles(values: Iterable[float]) -> list[float]:
    """Give the first quartile, the median and the third quartile."""
    return [float(q) for q in np.percentile(list(values), [25, 50, 75])]


def medians(rounds: Sequence[Round], clock: str) -> dict[str, float]:
    """Give each side's median time."""
    return {
        name: quartiles(getattr(times[name], clock) for times in rounds)[1] for name in rounds[0]
    }


def ratios(rounds: Sequence[Round], clock: str, own: str = "ours") -> dict[str, list[float]]:
    """Divide our time by each other side's, round by round, and give the quartiles.

    A ratio of two medians would mix rounds in which the machine was fast with rounds in
    which it was slow; both sides of one round saw the same machine.
    """
    return {
        name: quartiles(
            getattr(times[own], clock) / getattr(times[name], clock) for times in rounds
        )
        for name in rounds[0]
        if name != own
    }


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Fit log seconds = slope · log size + constant: 1 where time grows in proportion."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
