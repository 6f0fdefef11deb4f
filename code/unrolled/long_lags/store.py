"""The stored results: read whole, picked from, summed up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from unrolled.results import DATA, read_results
from unrolled.shapes import ArgumentError

STORE = DATA / "long_lags.json"


class Summary(NamedTuple):
    """How a row went over its seeds."""

    seeds: int
    solved: int
    """On how many of them the problem was solved within the budget."""
    median: float | None
    """Sequences until it was solved, a failure counting as more than any number; None if the
    middle is a failure."""
    lowest: int | None
    """Fewest sequences of those that solved it; None if none did."""
    highest: int | None
    """Most sequences of those that solved it."""


def stored(path: Path = STORE) -> dict[str, Any]:
    """Read the results that ``scripts/long_lags.py`` stored.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        ``rows``, and where, when and how long they were run.

    Raises
    ------
    ArgumentError
        No such file, or none that holds results.
    """
    found = read_results(path, "rows")
    every = found["rows"]
    if not isinstance(every, list) or not all(isinstance(row, dict) for row in every):
        raise ArgumentError(f"path: expected stored results, got {path!r} (it holds no rows).")
    return found


def rows(path: Path = STORE, **wanted: Any) -> tuple[dict[str, Any], ...]:
    """Pick the stored rows whose entries are as asked for.

    Parameters
    ----------
    path : Path
        The file.
    **wanted
        Entries of a row: ``problem``, ``T``, ``learner``, ``part`` and others.

    Returns
    -------
    tuple of dict
        In the order of the store.

    Raises
    ------
    ArgumentError
        An entry that rows do not have, or no such row.
    """
    every = stored(path)["rows"]
    for name in wanted:
        if name not in every[0]:
            raise ArgumentError(f"wanted: expected some of {list(every[0])}, got {name!r}.")
    found = tuple(row for row in every if all(k in row and row[k] == v for k, v in wanted.items()))
    if not found:
        raise ArgumentError(f"wanted: expected what some row has, got {wanted}.")
    return found


def summary(row: dict[str, Any]) -> Summary:
    """Sum up a row over its seeds.

    Parameters
    ----------
    row : dict
        Of :func:`rows`.

    Returns
    -------
    Summary
        How many seeds solved it, and after how many sequences.

    Raises
    ------
    ArgumentError
        Not a row.
    """
    if not isinstance(row, dict):
        raise ArgumentError(f"row: expected one of rows(), got {type(row).__name__}.")
    numbers: list[int | None] = row.get("sequences", [])
    if not numbers or not isinstance(numbers, list) or not all(map(_fits, numbers)):
        raise ArgumentError(
            "row: expected one of rows(), got a dict whose 'sequences' is no list of "
            f"counts and None: {numbers!r}."
        )
    solved = sorted(number for number in numbers if number is not None)
    # the middle one of an odd number, else the mean of the middle two; failures stand at the end
    middle = [(len(numbers) - 1) // 2, len(numbers) // 2]
    median = sum(solved[i] for i in middle) / 2 if middle[1] < len(solved) else None
    return Summary(
        len(numbers),
        len(solved),
        median,
        solved[0] if solved else None,
        solved[-1] if solved else None,
    )


def _fits(number: object) -> bool:
    """Ask whether this is what a run needed, or None for a failure."""
    return number is None or (type(number) is int and number > 0)
