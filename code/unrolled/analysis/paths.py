"""The path ledger: backpropagation through time with every path kept apart.

One term for each pair of a step t whose loss is scored and a step k ≤ t at which the
parameters are used. `unroll_backward` adds all of them up as it goes; here they are kept.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from unrolled.cells.base import Cell, Params, State
from unrolled.sequence import Tape, check_gradients
from unrolled.shapes import ArgumentError, Array, DTypeError
from unrolled.trees import map_arrays


class Ledger(NamedTuple):
    """What each loss term sends to each use of the parameters, every path by itself.

    Steps are counted from 0. Row t is of the gradient that reaches the state after step t from
    above. If a gradient reached the last state from what follows the sequence, it has one more
    row, the last one, as long as the row before it.
    """

    terms: tuple[tuple[Params, ...], ...]
    """``terms[t][k]``: through the use of the parameters at step k; k runs from 0 to t."""
    dxs: tuple[tuple[Array | None, ...], ...]
    """``dxs[t][k]``: at the input of step k, (N, D); None for token ids."""
    dstate0s: tuple[State, ...]
    """``dstate0s[t]``: what is left for the state before the first step."""


class _Row(NamedTuple):
    """One row of a ledger."""

    terms: tuple[Params, ...]
    dxs: tuple[Array | None, ...]
    dstate0: State


class PathSum(NamedTuple):
    """The whole gradient, summed over the ledger; in the order of `unroll_backward`."""

    dxs: Array | None
    """(T, N, D); None for token ids."""
    dstate0: State
    dparams: Params


def path_ledger(
    cell: Cell, dhs: Array | None, tape: Tape, *, dstate_T: State | None = None
) -> Ledger:
    """Carry the gradient of each step back alone. See eq-path-term (chapter 6); Werbos 1990.

    This takes T (T + 1)/2 backward steps, where `unrolled.unroll_backward` takes T.

    Parameters
    ----------
    cell : Cell
        The one that made the tape.
    dhs : ndarray, shape (T, N, H), or None
        Gradient that reaches each hidden state from above; None stands for zeros.
    tape : Tape
        From `unrolled.unroll`.
    dstate_T : NamedTuple, optional
        Gradient that reaches the last state from what follows the sequence; it makes one
        more row. Not both may be None.

    Returns
    -------
    Ledger
        T rows, or T + 1.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Gradients that do not fit the run, or none at all, or another cell.
    """
    check_gradients(cell, dhs, dstate_T, tape)
    zero = cell.zero_state(tape.params, tape.hs.shape[1])
    above = np.zeros_like(tape.hs) if dhs is None else dhs
    sources = [(t, zero._replace(h=dh)) for t, dh in enumerate(above)]
    if dstate_T is not None:
        sources.append((len(above) - 1, dstate_T))
    rows = [_row(cell, t, dstate, tape) for t, dstate in sources]
    return Ledger(
        tuple(row.terms for row in rows),
        tuple(row.dxs for row in rows),
        tuple(row.dstate0 for row in rows),
    )


def sums_by_loss(ledger: Ledger) -> tuple[Params, ...]:
    """Add up each row: the gradient of each loss term by itself.

    Parameters
    ----------
    ledger : Ledger
        From `path_ledger`.

    Returns
    -------
    tuple of NamedTuple
        One gradient of the parameters for each row of the ledger.

    Raises
    ------
    DTypeError
        Not a ledger.
    """
    _check_ledger(ledger)
    return tuple(map(_added, ledger.terms))


def sums_by_use(ledger: Ledger) -> tuple[Params, ...]:
    """Add up each column: what reaches each use of the parameters, from all loss terms.

    Parameters
    ----------
    ledger : Ledger
        From `path_ledger`.

    Returns
    -------
    tuple of NamedTuple
        One gradient of the parameters for each of the T steps.

    Raises
    ------
    DTypeError
        Not a ledger.
    """
    _check_ledger(ledger)
    return tuple(map(_added, _columns(ledger.terms)))


def sum_of_paths(ledger: Ledger) -> PathSum:
    """Add up everything: the gradient of the whole loss. See eq-path-sum (chapter 6).

    Parameters
    ----------
    ledger : Ledger
        From `path_ledger`.

    Returns
    -------
    PathSum
        Equal to what `unrolled.unroll_backward` returns, up to rounding.

    Raises
    ------
    DTypeError
        Not a ledger.
    """
    _check_ledger(ledger)
    dxs = [_added(column) for column in _columns(ledger.dxs)]
    tokens = any(dx is None for dx in dxs)
    return PathSum(
        None if tokens else np.stack(dxs),
        _added(ledger.dstate0s),
        _added(sums_by_use(ledger)),
    )


def term_norms(ledger: Ledger, name: str) -> Array:
    """Measure every term of one parameter.

    Parameters
    ----------
    ledger : Ledger
        From `path_ledger`.
    name : str
        A field of the parameters, ``"Wh"``.

    Returns
    -------
    ndarray of float64, shape (T, T), or (T + 1, T)
        Root of the sum of squares of ``terms[t][k]``; 0 where k > t, since a loss hears nothing
        of a later use. The row T is of the gradient that followed the sequence, if there was one.

    Raises
    ------
    DTypeError, ArgumentError
        Not a ledger, or not a field of its parameters.
    """
    _check_ledger(ledger)
    (first, *_), *_ = ledger.terms
    fields = first._fields
    if not isinstance(name, str) or name not in fields:
        raise ArgumentError(f"name: expected one of {list(fields)}, got {name!r}.")
    norms = np.zeros((len(ledger.terms), len(ledger.terms[-1])))
    for t, row in enumerate(ledger.terms):
        for k, term in enumerate(row):
            norms[t, k] = np.linalg.norm(getattr(term, name))
    return norms


def _row(cell: Cell, t: int, dstate: State, tape: Tape) -> _Row:
    """Carry one gradient from the state after step t back to the start, and keep every part."""
    terms: list[Params] = []
    dxs: list[Array | None] = []
    for k in reversed(range(t + 1)):
        dx, dstate, dparams = cell.step_backward(dstate, tape.caches[k])
        terms.append(dparams)
        dxs.append(dx)
    return _Row(tuple(terms[::-1]), tuple(dxs[::-1]), dstate)


def _columns(rows: tuple[tuple[Any, ...], ...]) -> list[list[Any]]:
    """Turn rows of rising length into columns, each from the diagonal down."""
    return [[row[k] for row in rows if k < len(row)] for k in range(len(rows[-1]))]


def _added(trees: Any) -> Any:
    return reduce(lambda one, other: map_arrays(np.add, one, other), trees)


def _check_ledger(ledger: object) -> None:
    if not isinstance(ledger, Ledger):
        raise DTypeError(
            f"ledger: expected the Ledger that path_ledger returned, with a row for each of the "
            f"T time steps, got {type(ledger).__name__}."
        )
