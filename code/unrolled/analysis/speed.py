"""The measured speeds of chapter 14, which ``make bench`` stores: read, and looked up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from unrolled.analysis.costs import Machine
from unrolled.analysis.timing import Ratio
from unrolled.results import DATA, read_results
from unrolled.shapes import ArgumentError

STORE = DATA / "speed.json"


def stored(path: Path = STORE) -> dict[str, Any]:
    """Read the results that ``make bench`` stored.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        ``passes``, ``memory``, ``growth``, ``training``, ``tricks``, and with what, when and
        how long it ran.

    Raises
    ------
    ArgumentError
        No such file, or none that holds results.
    """
    return read_results(path, "sizes", "passes")


def one_pass(store: Mapping[str, Any], size: str, cell: str, threads: int = 1) -> dict[str, Any]:
    """Look up one forward and backward pass.

    Parameters
    ----------
    store : mapping
        From :func:`stored`.
    size, cell : str
        As the store names them.
    threads : int
        1 or 2.

    Returns
    -------
    dict
        ``seconds`` and ``ratios`` of every side, by the clock that :func:`clock` names.

    Raises
    ------
    ArgumentError
        Nothing of that kind was measured.
    """
    for each in store["passes"]:
        if (each["size"], each["cell"], each["threads"]) == (size, cell, threads):
            by = clock(threads)
            return {"seconds": each["seconds"][by], "ratios": each["ratios"][by]}
    sizes = list(store["sizes"])
    raise ArgumentError(
        f"size, cell, threads: expected one of {sizes}, a cell and 1 or 2, "
        f"got {size!r}, {cell!r} and {threads!r}."
    )


def clock(threads: int) -> Literal["cpu", "wall"]:
    """Name the clock that compares fairly: with one thread the processor's, with more the wall's.

    Parameters
    ----------
    threads : int
        Of every side.

    Returns
    -------
    str
        ``"cpu"`` or ``"wall"``.
    """
    return "cpu" if threads == 1 else "wall"


def machine(store: Mapping[str, Any]) -> Machine:
    """Take the three constants of the machine that the store was measured on.

    Parameters
    ----------
    store : mapping
        From :func:`stored`.

    Returns
    -------
    Machine
        For :func:`unrolled.analysis.costs.seconds`.
    """
    return Machine(**store["tricks"]["machine"])


def gain(store: Mapping[str, Any], trick: str, size: str) -> Ratio:
    """Say how many times as fast a piece of the LSTM's pass runs with a trick.

    Parameters
    ----------
    store : mapping
        From :func:`stored`.
    trick, size : str
        As the store names them.

    Returns
    -------
    Ratio
        Below 1 where the trick loses.

    Raises
    ------
    ArgumentError
        Nothing of that kind was measured.
    """
    pairs = store["tricks"]["pairs"]
    for pair in pairs:
        if (pair["trick"], pair["size"]) == (trick, size):
            high, middle, low = pair["ratio"]  # with ÷ without
            return Ratio(1 / low, 1 / middle, 1 / high)
    known = list(dict.fromkeys(pair["trick"] for pair in pairs))
    raise ArgumentError(
        f"trick, size: expected one of {known} at one of "
        f"{list(dict.fromkeys(pair['size'] for pair in pairs))}, got {trick!r} at {size!r}."
    )


def gains_in_words(store: Mapping[str, Any], trick: str) -> str:
    """Write a trick's gain at every size, medians only.

    Parameters
    ----------
    store : mapping
        From :func:`stored`.
    trick : str
        As the store names it.

    Returns
    -------
    str
        ``"small 1.24, large 0.90"``; nothing for a trick that is not there.
    """
    pairs = [pair for pair in store["tricks"]["pairs"] if pair["trick"] == trick]
    return ", ".join(
        f"{pair['size']} {gain(store, trick, pair['size']).middle:.2f}" for pair in pairs
    )
