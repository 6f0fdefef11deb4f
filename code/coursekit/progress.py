"""Show how far a run is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

LINES = 10
"""How many a whole run writes where there is no terminal."""
Item = TypeVar("Item")


def counted(
    items: Iterable[Item], total: int, name: str, tell: Callable[[str], None]
) -> Iterator[Item]:
    """Pass items on, and show how many came.

    Parameters
    ----------
    items : iterable
        Whatever comes.
    total : int
        How many there will be.
    name : str
        What is counted.
    tell : callable
        Is told a line where standard error is no terminal.

    Yields
    ------
    object
        The items.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=name, total=total, unit="submission", dynamic_ncols=True)
        return
    step = max(1, -(-total // LINES))
    for count, item in enumerate(items, 1):
        yield item
        if count % step == 0 or count == total:
            tell(f"{name}: {count} of {total}")
