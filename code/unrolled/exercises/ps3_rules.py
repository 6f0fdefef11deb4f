"""How runs are cut into windows in problem set 3: what tells its truncated gradients apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, count, cycle, repeat
from typing import NamedTuple


class Rule(NamedTuple):
    """How a run is cut into windows that lie end to end."""

    name: str
    words: str
    """How the page says it."""
    example: str
    """The windows of 9 steps with K = 2, in the words of the page."""
    lengths: Callable[[int, int], Iterable[int]]
    """From T and K, the windows' lengths in order; they may go past T."""


def _from_the_end(T: int, K: int) -> Iterator[int]:
    yield T % K or K
    yield from repeat(K)


def _long_first(T: int, K: int) -> Iterator[int]:
    yield 2 * K
    yield from repeat(K)


RULES = (
    Rule(
        "counted from the end",
        "Windows are counted from the end: the last window has $K$ steps, "
        "each one before it has $K$ steps too, and the first takes what is left.",
        "$K = 2$ cuts 9 steps into 1, 2, 2, 2, 2",
        _from_the_end,
    ),
    Rule(
        "growing",
        "Windows grow: the first has $K$ steps, the next $2K$, the next $3K$ and so on, "
        "and the last takes what is left.",
        "$K = 2$ cuts 9 steps into 2, 4, 3",
        lambda T, K: count(K, K),
    ),
    Rule(
        "in turn",
        "Windows are short and long in turn: $K$ steps, $2K$ steps, $K$ steps and so on, "
        "and the last takes what is left.",
        "$K = 2$ cuts 9 steps into 2, 4, 2, 1",
        lambda T, K: cycle((K, 2 * K)),
    ),
    Rule(
        "growing slowly",
        "Windows grow slowly: the first has $K$ steps, the next $K + 1$, the next $K + 2$ "
        "and so on, and the last takes what is left.",
        "$K = 2$ cuts 9 steps into 2, 3, 4",
        lambda T, K: count(K),
    ),
    Rule(
        "long first",
        "Windows begin with a long one: the first has $2K$ steps, each later one has $K$ steps, "
        "and the last takes what is left.",
        "$K = 2$ cuts 9 steps into 4, 2, 2, 1",
        _long_first,
    ),
)


def starts(rule: Rule, T: int, K: int) -> frozenset[int]:
    """Count the steps before each window but the first."""
    found = set()
    for end in accumulate(rule.lengths(T, K)):
        if end >= T:
            break
        found.add(end)
    return frozenset(found)
