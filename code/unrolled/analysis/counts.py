"""How many weights a recurrent layer has, today's cells and those printed in 1997."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from unrolled.shapes import ArgumentError, check_count

PLACES = ("cells", "gates", "outputs")
"""Where biases may stand."""


class Experiment(NamedTuple):
    """One architecture of the paper of 1997."""

    task: str
    """What it had to learn."""
    arguments: Mapping[str, Any]
    """For :func:`weight_count`."""
    printed: int
    """The number of weights that the paper prints."""


def weight_count(
    inputs: int,
    blocks: int,
    *,
    cells: int = 1,
    gates: int = 0,
    gates_feed_back: bool = False,
    outputs: int = 0,
    biased: Collection[str] = ("cells", "gates"),
    extra_biases: int = 0,
) -> int:
    """Count the weights of a recurrent layer, unit by unit.

    See eq-weight-count and eq-weight-count-1997 (chapter 9). A block is some cells that share
    their gates. Each cell and each gate is a unit with one weight for every input and for every
    cell of the layer, and, in the network of 1997, for every gate too. An output has one weight
    for every cell. Today's cells are :data:`MODERN`: blocks of one cell.

    Parameters
    ----------
    inputs : int
        D input features.
    blocks : int
        How many blocks; with one cell in each, H hidden units.
    cells : int
        In each block.
    gates : int
        Of each block: none in the plain cell, 2 in 1997 (input, output), 3 in the LSTM of today.
    gates_feed_back : bool
        Whether units hear the gates of the step before, as in 1997.
    outputs : int
        Output units of the network; none for a cell alone.
    biased : collection of str
        Which units have a bias, out of :data:`PLACES`.
    extra_biases : int
        Further biases of each cell: 1 in the GRU of this book, whose candidate has two.

    Returns
    -------
    int
        Weights and biases together.

    Raises
    ------
    ArgumentError
        A count that is none, no bool, or a place that is none of :data:`PLACES`.
    """
    cells = check_count("blocks", blocks) * check_count("cells", cells)
    gates = blocks * _check_some("gates", gates)
    heard = check_count("inputs", inputs) + cells
    outputs, extra_biases = (
        _check_some("outputs", outputs),
        _check_some("extra_biases", extra_biases),
    )
    if not isinstance(gates_feed_back, bool):
        raise ArgumentError(f"gates_feed_back: expected True or False, got {gates_feed_back!r}.")
    units = {"cells": cells, "gates": gates, "outputs": outputs}
    biases = sum(units[place] for place in _check_places(biased)) + cells * extra_biases
    heard += gates * gates_feed_back
    return (cells + gates) * heard + outputs * cells + biases


def _check_some(name: str, value: object) -> int:
    """Check a count that may be zero."""
    if type(value) is int and value == 0:
        return 0
    return check_count(name, value)


def _check_places(biased: object) -> set[str]:
    """Check where the biases are."""
    expected = f"biased: expected a tuple of some of {PLACES}"
    if not isinstance(biased, (tuple, list, set, frozenset)):
        raise ArgumentError(f"{expected}, got {type(biased).__name__}.")
    for place in biased:
        if not isinstance(place, str) or place not in PLACES:
            got = repr(place) if isinstance(place, str) else type(place).__name__
            raise ArgumentError(f"{expected}, got {got} among them.")
    return set(biased)


MODERN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "RNN": MappingProxyType({"gates": 0}),
        "GRU": MappingProxyType({"gates": 2, "extra_biases": 1}),
        "LSTM": MappingProxyType({"gates": 3}),
    }
)
"""Switches of :func:`weight_count` for the cells of the package, beside D and H."""


PUBLISHED_1997: tuple[Experiment, ...] = tuple(
    Experiment(
        task,
        MappingProxyType(
            {
                "inputs": inputs,
                "blocks": blocks,
                "cells": cells,
                "gates": 2,
                "gates_feed_back": True,
                "outputs": outputs,
                "biased": biased,
            }
        ),
        printed,
    )
    for task, printed, inputs, blocks, cells, outputs, biased in (
        ("embedded Reber, 4 blocks", 264, 7, 4, 1, 7, ("gates",)),
        ("embedded Reber, 3 blocks", 276, 7, 3, 2, 7, ("gates",)),
        ("long lag, p = 50", 364, 54, 2, 1, 2, ()),
        ("long lag, p = 100", 664, 104, 2, 1, 2, ()),
        ("two sequences", 102, 1, 3, 1, 1, ("cells", "gates")),
        ("adding", 93, 2, 2, 2, 1, PLACES),
        ("temporal order, 4 classes", 156, 8, 2, 2, 4, PLACES),
        ("temporal order, 8 classes", 308, 8, 3, 2, 8, PLACES),
    )
)
"""Hochreiter and Schmidhuber 1997, experiments 1, 2c, 3, 4, 6a and 6b; 2c prints 6(p + 10) + 4."""
