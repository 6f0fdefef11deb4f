"""Any cell over time: the loop forward, and its mirror, which is BPTT."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.cells.base import Cache, Cell, Params, State, check_cell, check_x, is_ids
from unrolled.shapes import ArgumentError, Array, ShapeError, check, check_same_dtype
from unrolled.trees import map_arrays


class Tape(NamedTuple):
    """What a run keeps for the way back: the cell, and each step's cache in order."""

    cell: Cell
    params: Params
    caches: tuple[Cache, ...]
    hs: Array
    """All hidden states, (T, N, H)."""


def unroll(
    cell: Cell, params: Params, xs: Array, state0: State | None = None
) -> tuple[Array, State, Tape]:
    """Run a cell over time, the same weights at every step. See eq-unroll (chapter 5).

    Parameters
    ----------
    cell : Cell
        RNN, or any record of the same functions.
    params : NamedTuple
        The cell's parameters.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs, time first; or token ids.
    state0 : NamedTuple, optional
        State before the first step; zeros if left out.

    Returns
    -------
    hs : ndarray, shape (T, N, H)
        The hidden state after every step.
    state_T : NamedTuple
        The state after the last one; hand it on to go on from here.
    tape : Tape
        For :func:`unroll_backward`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    check_cell(cell)
    dims = check_x("xs", xs, "T N", cell.check_params(params))
    if not is_ids(xs):
        check_same_dtype(Wx=params.Wx, xs=xs)
    state = cell.zero_state(params, dims["N"].value) if state0 is None else state0
    cell.check_state("state0", state, params, dims)

    hs, caches = [], []
    for x in xs:
        state, cache = cell.step(params, x, state)
        hs.append(state.h)
        caches.append(cache)
    stacked = np.stack(hs)
    return stacked, state, Tape(cell, params, tuple(caches), stacked)


def unroll_backward(
    cell: Cell, dhs: Array | None, dstate_T: State | None, tape: Tape
) -> tuple[Array | None, State, Params]:
    """Carry gradients back through time, last step first. See eq-carry (chapter 5); Werbos 1990.

    Parameters
    ----------
    cell : Cell
        The one that made the tape.
    dhs : ndarray, shape (T, N, H), or None
        Gradient that reaches each hidden state from above.
    dstate_T : NamedTuple or None
        Gradient that reaches the last state from what follows the sequence.
        Not both may be None.
    tape : Tape
        From :func:`unroll`.

    Returns
    -------
    dxs : ndarray, shape (T, N, D), or None
        None if xs was token ids.
    dstate0 : NamedTuple
        Gradient with respect to the state before the first step.
    dparams : NamedTuple
        Summed over every step, since every step used the same weights.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Gradients that do not fit the run, or none at all, or another cell.
    """
    _check_gradients(cell, dhs, dstate_T, tape)
    last_h = tape.hs[-1]
    zero = cell.zero_state(tape.params, last_h.shape[0])
    dstate = zero if dstate_T is None else dstate_T
    dparams = map_arrays(np.zeros_like, tape.params)

    dxs: list[Array | None] = []
    for t in reversed(range(len(tape.caches))):
        if dhs is not None:  # h_t is used twice: above it, and by the next step
            dstate = dstate._replace(h=dstate.h + dhs[t])
        dx, dstate, dparams_t = cell.step_backward(dstate, tape.caches[t])
        dparams = map_arrays(np.add, dparams, dparams_t)
        dxs.append(dx)
    tokens = any(dx is None for dx in dxs)
    return None if tokens else np.stack(dxs[::-1]), dstate, dparams  # type: ignore[arg-type]


def _check_gradients(cell: Cell, dhs: Array | None, dstate_T: State | None, tape: Tape) -> None:
    check_cell(cell)
    if not isinstance(tape, Tape) or not isinstance(tape.caches, tuple) or not tape.caches:
        raise ArgumentError(
            f"tape: expected the Tape that unroll returned third, got {type(tape).__name__}."
        )
    if cell is not tape.cell:
        raise ArgumentError(
            f"cell: expected {getattr(tape.cell, 'name', tape.cell)}, which made the tape, "
            f"got {cell.name}."
        )
    if dhs is None and dstate_T is None:
        raise ArgumentError(
            "dhs, dstate_T: expected a gradient with respect to the states "
            "(T, time steps; N, sequences; H, hidden units) or to the last one, got None for both."
        )
    dims = check("hs", tape.hs, "T N H", cell.check_params(tape.params))
    if len(tape.caches) != len(tape.hs):
        raise ShapeError(
            f"tape: axis 0 (T, time steps) of its hs should be {len(tape.caches)} to match its "
            f"caches, got {len(tape.hs)}."
        )
    if dhs is not None:
        check("dhs", dhs, "T N H", dims, hint="One gradient for each hidden state of the run.")
        check_same_dtype(hs=tape.hs, dhs=dhs)
    if dstate_T is not None:
        cell.check_state("dstate_T", dstate_T, tape.params, dims)
