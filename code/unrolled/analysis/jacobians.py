"""How a change of an early state reaches the last one: Jacobians, their products, and norms.

Everything here runs any cell backward with chosen gradients. A state of several arrays, as the
LSTM's, is read as one row: its arrays side by side, in the order of its fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from unrolled.cells.base import Cache, Cell, State, check_cell, check_x
from unrolled.sequence import Tape, check_gradients, check_tape
from unrolled.shapes import (
    ArgumentError,
    Array,
    DTypeError,
)


class GradientByLag(NamedTuple):
    """Norms of the gradient at the states 0, 1, … T steps before the last; each (T + 1, N)."""

    h: Array
    """Of dL/dh."""
    c: Array | None
    """Of dL/dc; None where the state has no memory c."""
    state: Array
    """Of both together, that is, of the gradient of the whole state."""


def state_jacobian(cell: Cell, cache: Cache) -> Array:
    """Differentiate the state after a step by the state before. See eq-state-jacobian (chapter 7).

    Row k is what the cell's backward step returns for a gradient that is 1 at
    entry k of the state after the step, and 0 elsewhere.

    Parameters
    ----------
    cell : Cell
        The one that made the cache.
    cache : NamedTuple
        Second result of ``cell.step``, with the fields ``params`` and ``x``.

    Returns
    -------
    ndarray, shape (N, S, S)
        For each sequence, [new, old]: the output's index first. S is H for the RNN and the
        GRU, 2H for the LSTM (h, then c). Of the dtype of the parameters.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a cell, or not a cache of it.
    """
    check_cell(cell)
    if not hasattr(cache, "params") or not hasattr(cache, "x"):
        raise DTypeError(
            f"cache: expected what {cell.name}.step returned second, with params and x "
            f"(N, sequences; D, input features), got {type(cache).__name__}."
        )
    dims = check_x("cache.x", cache.x, "N", cell.check_params(cache.params))
    zero = cell.zero_state(cache.params, dims["N"].value)
    rows = []
    for field, zeros in zero._asdict().items():
        for k in range(zeros.shape[1]):
            unit = zeros.copy()
            unit[:, k] = 1
            _, dstate_prev, _ = cell.step_backward(zero._replace(**{field: unit}), cache)
            rows.append(np.concatenate(dstate_prev, axis=1))
    return np.stack(rows, axis=1)


def jacobian_products(cell: Cell, tape: Tape) -> Array:
    """Differentiate the last state by every state before it. See eq-jacobian-product (chapter 7).

    Parameters
    ----------
    cell : Cell
        The one that made the tape.
    tape : Tape
        Third result of :func:`unrolled.sequence.unroll`.

    Returns
    -------
    ndarray, shape (T + 1, N, S, S)
        [lag, n, new, old]: the last state, T, by the state T − lag. Lag 0 is
        the unit matrix. S as for :func:`state_jacobian`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a tape of this cell.
    """
    dims = check_tape(cell, tape)
    zero = cell.zero_state(tape.params, dims["N"].value)
    width = sum(array.shape[1] for array in zero)
    unit = np.eye(width, dtype=tape.hs.dtype)
    products = [np.broadcast_to(unit, (dims["N"].value, width, width))]
    for cache in reversed(tape.caches):
        products.append(products[-1] @ state_jacobian(cell, cache))
    return np.stack(products)


def gradient_by_lag(cell: Cell, tape: Tape, dstate_T: State) -> GradientByLag:
    """Measure a gradient on its way from the last state back to the first.

    See eq-gradient-by-lag (chapter 7). Nothing is added on the way, and no
    matrices are multiplied: the cost is that of one backward pass.

    Parameters
    ----------
    cell : Cell
        The one that made the tape.
    tape : Tape
        Third result of :func:`unrolled.sequence.unroll`.
    dstate_T : NamedTuple
        The gradient that arrives at the last state.

    Returns
    -------
    GradientByLag
        Euclidean norms, one for each lag from 0 to T and each sequence.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a tape of this cell, or a gradient that does not fit its states.
    """
    if dstate_T is None:
        raise ArgumentError(
            "dstate_T: expected a gradient at the last state "
            "(N, sequences; H, hidden units), got None."
        )
    gradients = list(_backward(cell, None, dstate_T, tape))
    hs = _norms([gradient.h for gradient in gradients])
    cs = _norms([gradient.c for gradient in gradients]) if hasattr(dstate_T, "c") else None
    return GradientByLag(hs, cs, _norms([np.concatenate(each, axis=1) for each in gradients]))


def gradient_norms(cell: Cell, dhs: Array | None, dstate_T: State | None, tape: Tape) -> Array:
    """Measure the whole gradient at every hidden state. See eq-carry (chapter 5).

    Parameters
    ----------
    cell, dhs, dstate_T, tape
        As for :func:`unrolled.sequence.unroll_backward`.

    Returns
    -------
    ndarray, shape (T + 1, N)
        The Euclidean norm of dL/dh_t for t = 0, 1, … T: from the loss at step t and from
        all later ones.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Gradients that do not fit the run, or none at all, or another cell.
    """
    return _norms([gradient.h for gradient in _backward(cell, dhs, dstate_T, tape)])[::-1]


def _backward(cell: Cell, dhs: Array | None, dstate_T: State | None, tape: Tape) -> Iterator[State]:
    """Yield the whole gradient of the states T, T − 1, … 0."""
    dims = check_gradients(cell, dhs, dstate_T, tape)
    dstate = cell.zero_state(tape.params, dims["N"].value) if dstate_T is None else dstate_T
    for t in reversed(range(len(tape.caches))):
        if dhs is not None:
            dstate = dstate._replace(h=dstate.h + dhs[t])
        yield dstate
        _, dstate, _ = cell.step_backward(dstate, tape.caches[t])
    yield dstate


def _norms(rows: list[Array]) -> Array:
    norms: Array = np.linalg.norm(np.stack(rows), axis=-1)
    return norms
