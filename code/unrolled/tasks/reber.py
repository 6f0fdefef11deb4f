"""The Reber grammar, alone and embedded: predict every symbol that may come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, Array, check_count, check_rng
from unrolled.tasks.batch import Batch

REBER_SYMBOLS = ("B", "T", "S", "X", "P", "V", "E")
"""By id."""

Grammar = Mapping[str, Mapping[str, str]]
"""From each place, the symbols that may come next and where each of them leads."""

START, END = "start", "end"

REBER: Grammar = MappingProxyType(
    {
        START: {"B": "1"},
        "1": {"T": "2", "P": "3"},
        "2": {"S": "2", "X": "4"},
        "3": {"T": "3", "V": "5"},
        "4": {"X": "3", "S": "6"},
        "5": {"P": "4", "V": "6"},
        "6": {"E": END},
        END: {},
    }
)
"""The plain grammar."""


def _embed(inner: Grammar) -> Grammar:
    """Put T or P before a string, and the same symbol after it."""
    outer = {START: {"B": "choice"}, "choice": {f"{k}": f"{k} {START}" for k in "TP"}}
    for kept in "TP":
        for place, arrows in inner.items():
            outer[f"{kept} {place}"] = {s: f"{kept} {to}" for s, to in arrows.items()}
        outer[f"{kept} {END}"] = {kept: "last"}
    return MappingProxyType({**outer, "last": {"E": END}, END: {}})


EMBEDDED: Grammar = _embed(REBER)
"""B, then T or P, a whole string of the plain grammar, the same T or P, E."""


class ReberSets(NamedTuple):
    """Strings to learn from and others to be tested by."""

    training: tuple[str, ...]
    test: tuple[str, ...]


def reber_string(*, rng: np.random.Generator, embedded: bool = True) -> str:
    """Walk through the grammar from its start to its end, each arrow equally likely.

    Hochreiter and Schmidhuber 1997, experiment 1, use the embedded grammar, in which the second
    symbol comes back as the last but one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the turns are drawn from; it moves on.
    embedded : bool
        False for the plain grammar.

    Returns
    -------
    str
        Of ``REBER_SYMBOLS``; at least 5 long, 9 if embedded.

    Raises
    ------
    ArgumentError
        No Generator, or neither True nor False.
    """
    check_rng(rng)
    grammar, place, read = _grammar(embedded), START, ""
    while place != END:
        arrows = tuple(grammar[place].items())
        symbol, place = arrows[rng.integers(len(arrows))]
        read += symbol
    return read


def reber_legal(string: str, *, embedded: bool = True) -> tuple[str, ...]:
    """List the symbols that may follow each symbol of a string.

    Parameters
    ----------
    string : str
        A string of the grammar, or the beginning of one.
    embedded : bool
        False for the plain grammar.

    Returns
    -------
    tuple of str
        For each symbol of the string, those that may come next: one or two of them, none after
        the E that ends it.

    Raises
    ------
    ArgumentError
        Not a text, or a symbol that may not stand where it stands.
    """
    grammar, place, legal = _grammar(embedded), START, []
    if not isinstance(string, str) or not string:
        raise ArgumentError(f"string: expected at least one symbol, got {string!r}.")
    for position, symbol in enumerate(string):
        if symbol not in grammar[place]:
            allowed = " or ".join(grammar[place]) or "the end of the string"
            raise ArgumentError(
                f"string: expected {allowed} at position {position} of {string!r}, got {symbol!r}."
            )
        place = grammar[place][symbol]
        legal.append("".join(grammar[place]))
    return tuple(legal)


def reber_sets(count: int, *, rng: np.random.Generator, embedded: bool = True) -> ReberSets:
    """Draw strings, all different, and deal them into a training and a test set.

    Parameters
    ----------
    count : int
        Strings in each set; 256 in 1997.
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.
    embedded : bool
        False for the plain grammar.

    Returns
    -------
    ReberSets
        No string stands twice, in one set or in both.

    Raises
    ------
    ArgumentError
        A count below 1, no Generator, neither True nor False.
    """
    check_count("count", count)
    strings: dict[str, None] = {}
    while len(strings) < 2 * count:
        strings[reber_string(rng=rng, embedded=embedded)] = None
    # short strings are found first: dealt out in that order, the test would be the longer ones
    dealt = [list(strings)[i] for i in rng.permutation(2 * count)]
    return ReberSets(tuple(dealt[:count]), tuple(dealt[count:]))


def reber_batch(strings: Sequence[str], *, embedded: bool = True) -> tuple[Batch, Array]:
    """Lay strings side by side: each symbol is an input, the one after it the target.

    Parameters
    ----------
    strings : sequence of str
        Whole strings of the grammar.
    embedded : bool
        False for the plain grammar.

    Returns
    -------
    batch : Batch
        With T one below the longest string: ``xs`` and ``targets`` (T, N), ids of
        ``REBER_SYMBOLS``, E again after a string's end; ``mask`` (T, N), True where a string
        still goes on.
    legal : ndarray of bool, shape (T, N, 7)
        Which symbols may come next; none after a string's end.

    Raises
    ------
    ArgumentError
        No string, or one that the grammar does not make.
    """
    if isinstance(strings, str) or not isinstance(strings, Sequence) or not len(strings):
        raise ArgumentError(f"strings: expected a list of at least one string, got {strings!r}.")
    follow = [reber_legal(string, embedded=embedded) for string in strings]
    for string, legal in zip(strings, follow, strict=True):
        if legal[-1]:
            raise ArgumentError(
                f"strings: expected whole strings, got {string!r}, which goes on with {legal[-1]}."
            )
    ids = np.full((max(map(len, strings)), len(strings)), REBER_SYMBOLS.index("E"))
    may = np.zeros((len(ids) - 1, len(strings), len(REBER_SYMBOLS)), bool)
    for n, string in enumerate(strings):
        ids[: len(string), n] = [REBER_SYMBOLS.index(symbol) for symbol in string]
        for t, symbols in enumerate(follow[n][:-1]):
            may[t, n, [REBER_SYMBOLS.index(symbol) for symbol in symbols]] = True
    goes_on: Array = np.logical_or.reduce(may, axis=-1)
    return Batch(ids[:-1], ids[1:], goes_on), may


def most_active(outputs: Array, legal: Array) -> Array:
    """Ask at which steps the legal symbols have the largest outputs.

    That is the paper's criterion: a network has solved the grammar when this holds at every
    step of every string, those it was never trained on too.

    Parameters
    ----------
    outputs : ndarray, shape (T, N, 7)
        Logits or probabilities.
    legal : ndarray of bool, shape (T, N, 7)
        As of :func:`reber_batch`.

    Returns
    -------
    ndarray of bool, shape (T, N)
        True where every legal output is above every other; True too where nothing is legal.

    Raises
    ------
    ArgumentError
        Two shapes that differ, other than numbers and booleans.
    """
    for name, array in (("outputs", outputs), ("legal", legal)):
        if not isinstance(array, np.ndarray):
            raise ArgumentError(f"{name}: expected an array (T, N, 7), got {type(array).__name__}.")
    kinds = outputs.dtype.kind in "fiu" and legal.dtype == np.bool_
    if not kinds or outputs.shape != legal.shape or not outputs.size:
        raise ArgumentError(
            f"outputs, legal: expected numbers and booleans of one shape (T, N, 7), "
            f"got {outputs.dtype} {outputs.shape} and {legal.dtype} {legal.shape}."
        )
    least = np.where(legal, outputs, np.inf).min(axis=-1)
    most = np.where(legal, -np.inf, outputs).max(axis=-1)
    active: Array = least > most
    return active


def _grammar(embedded: bool) -> Grammar:
    if not isinstance(embedded, bool):
        raise ArgumentError(f"embedded: expected True or False, got {embedded!r}.")
    return EMBEDDED if embedded else REBER
