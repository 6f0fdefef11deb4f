"""Any cell over time: the loop forward, its mirror, which is BPTT, and windows of the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from unrolled.cells.base import Cache, Cell, Params, State, check_cell, check_x, is_ids
from unrolled.shapes import (
    ArgumentError,
    Array,
    Dims,
    ShapeError,
    check,
    check_count,
    check_same_dtype,
)
from unrolled.trees import map_arrays


class Tape(NamedTuple):
    """What a run keeps for the way back: the cell, and each step's cache in order."""

    cell: Cell
    params: Params
    caches: tuple[Cache, ...]
    hs: Array
    """All hidden states, (T, N, H)."""


class Window(NamedTuple):
    """What one pass of truncated BPTT sees: the newest steps, and how far back it may go."""

    start: int
    """How many steps of the stream came before the newest ones."""
    hs: Array
    """Hidden states of the newest steps, (T, N, H), T at most ``stride``; their losses enter."""
    state: State
    """After the newest step; the next window goes on from it."""
    tape: Tape
    """Of at most ``length`` steps, the newest ones last."""

    @property
    def reaches_state0(self) -> bool:
        """Whether it still holds the first step, so that its pass ends at state0."""
        return len(self.tape.caches) == self.start + len(self.hs)


class Truncated(NamedTuple):
    """What truncated BPTT returns."""

    dparams: Params
    """The sum of the terms that the windows keep."""
    dstate0: State
    """The part of the first state's gradient that they keep."""
    state_T: State
    """The last state, to go on from."""


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
    """Carry gradients back through time, last step first; Werbos 1990.

    See eq-carry (chapter 5), and eq-bptt-delta, eq-bptt-dwh, eq-bptt-dwx, eq-bptt-db and
    eq-bptt-dh0 (chapter 6).

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
    check_gradients(cell, dhs, dstate_T, tape)
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


def windows(
    cell: Cell,
    params: Params,
    xs: Array,
    *,
    length: int,
    stride: int | None = None,
    state0: State | None = None,
) -> Iterator[Window]:
    """Run a cell over a stream, one window after the other. See eq-truncation-window (chapter 8).

    The state goes on from window to window; what a pass may need is held, and no more.

    Parameters
    ----------
    cell, params, xs, state0
        As for :func:`unroll`; xs may be as long as memory allows.
    length : int
        Steps that a backward pass goes through, h in BPTT(h; h').
    stride : int, optional
        Steps from pass to pass, h', at most ``length``. Left out, ``length``: the
        windows lie end to end.

    Returns
    -------
    iterator of Window
        One for every ``stride`` steps, the last one perhaps with fewer new steps.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`unroll`; a length below 1, a stride below 1 or above the length.
    """
    stride = check_window(length, stride)
    check_cell(cell)
    dims = check_x("xs", xs, "T N", cell.check_params(params))
    if not is_ids(xs):
        check_same_dtype(Wx=params.Wx, xs=xs)
    state = cell.zero_state(params, dims["N"].value) if state0 is None else state0
    cell.check_state("state0", state, params, dims)
    return _windows(cell, params, xs, length, stride, state)


def check_window(length: int, stride: int | None) -> int:
    """Check the two numbers of BPTT(h; h').

    Parameters
    ----------
    length : int
        Steps that a backward pass goes through, h.
    stride : int or None
        Steps from pass to pass, h'; None stands for ``length``.

    Returns
    -------
    int
        The stride.

    Raises
    ------
    ArgumentError
        Not a count of at least 1, or a stride above the length.
    """
    check_count("length", length)
    if stride is None:
        return length
    check_count("stride", stride)
    if stride > length:
        raise ArgumentError(
            f"stride: expected at most length = {length}, got {stride}: the losses of the steps "
            f"between two windows would enter no pass."
        )
    return stride


def window_backward(dhs: Array, window: Window) -> tuple[State, Params]:
    """Carry the gradients of a window's newest states back through all of its steps.

    See eq-truncation-window (chapter 8); Williams and Peng 1990.

    Parameters
    ----------
    dhs : ndarray, shape (T, N, H)
        Gradient that reaches each of the newest states from above.
    window : Window
        From :func:`windows`.

    Returns
    -------
    dstate : NamedTuple
        What arrives before the window's first step; truncation drops it.
    dparams : NamedTuple
        Summed over the window's steps.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Gradients that do not fit the newest states, or no window.
    """
    if not isinstance(window, Window) or not isinstance(window.tape, Tape):
        raise ArgumentError(
            f"window: expected a Window that windows gave, got {type(window).__name__}."
        )
    dims = check("hs", window.hs, "T N H")
    check("dhs", dhs, "T N H", dims, hint="One gradient for each of the window's newest states.")
    check_same_dtype(hs=window.hs, dhs=dhs)
    padded = np.zeros_like(window.tape.hs)
    padded[len(padded) - len(dhs) :] = dhs  # older losses have had their pass
    _, dstate, dparams = unroll_backward(window.tape.cell, padded, None, window.tape)
    return dstate, dparams


def truncated(
    cell: Cell,
    params: Params,
    xs: Array,
    dhs_of: Callable[[Window], Array],
    *,
    length: int,
    stride: int | None = None,
    state0: State | None = None,
) -> Truncated:
    """Run truncated BPTT over a stream: every loss enters one pass of ``length`` steps.

    See eq-truncation-kept and eq-truncation-window (chapter 8); BPTT(h; h') of
    Williams and Peng 1990, with h = ``length`` and h' = ``stride``.

    Parameters
    ----------
    cell, params, xs, length, stride, state0
        As for :func:`windows`.
    dhs_of : callable
        Takes a :class:`Window`, returns the gradient that reaches its newest states
        from above, of the shape of ``window.hs``.

    Returns
    -------
    Truncated
        The kept terms' sum and the last state. All of the gradient if the first
        window holds the whole sequence.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`windows` and :func:`window_backward`; something that is no function.
    """
    if not callable(dhs_of):
        raise ArgumentError(
            f"dhs_of: expected a function of a Window, got {type(dhs_of).__name__}."
        )
    found = windows(cell, params, xs, length=length, stride=stride, state0=state0)
    dparams = map_arrays(np.zeros_like, params)
    dstate0 = cell.zero_state(params, xs.shape[1])
    for window in found:
        dstate, dparams_w = window_backward(dhs_of(window), window)
        dparams = map_arrays(np.add, dparams, dparams_w)
        if window.reaches_state0:
            dstate0 = map_arrays(np.add, dstate0, dstate)
    return Truncated(dparams, dstate0, window.state)


def _windows(
    cell: Cell, params: Params, xs: Array, length: int, stride: int, state: State
) -> Iterator[Window]:
    keep = length - stride  # so many steps back from its newest ones a pass still reaches
    older: tuple[Cache, ...] = ()
    older_hs: list[Array] = []
    for start in range(0, len(xs), stride):
        new_hs, state, tape = unroll(cell, params, xs[start : start + stride], state)
        caches, hs = (*older, *tape.caches), np.concatenate([*older_hs, new_hs])
        yield Window(start, new_hs, state, Tape(cell, params, caches, hs))
        older, older_hs = (caches[-keep:], [hs[-keep:]]) if keep else ((), [])


def check_tape(cell: Cell, tape: Tape) -> Dims:
    """Check that a tape is of this cell and whole.

    Parameters
    ----------
    cell : Cell
        The one that should have made it.
    tape : Tape
        The argument as the user gave it.

    Returns
    -------
    mapping of str to Size
        T, N, D and H.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Something else, a tape of another cell, or one cut short.
    """
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
    dims = check("hs", tape.hs, "T N H", cell.check_params(tape.params))
    if len(tape.caches) != len(tape.hs):
        raise ShapeError(
            f"tape: axis 0 (T, time steps) of its hs should be {len(tape.caches)} to match its "
            f"caches, got {len(tape.hs)}."
        )
    return dims


def check_gradients(cell: Cell, dhs: Array | None, dstate_T: State | None, tape: Tape) -> Dims:
    """Check the gradients that enter a run from above and from what follows it.

    Parameters
    ----------
    cell, dhs, dstate_T, tape
        As for :func:`unroll_backward`.

    Returns
    -------
    mapping of str to Size
        T, N, D and H.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Gradients that do not fit the run, or none at all, or another cell.
    """
    dims = check_tape(cell, tape)
    if dhs is None and dstate_T is None:
        raise ArgumentError(
            "dhs, dstate_T: expected a gradient with respect to the states "
            "(T, time steps; N, sequences; H, hidden units) or to the last one, got None for both."
        )
    if dhs is not None:
        check("dhs", dhs, "T N H", dims, hint="One gradient for each hidden state of the run.")
        check_same_dtype(hs=tape.hs, dhs=dhs)
    if dstate_T is not None:
        cell.check_state("dstate_T", dstate_T, tape.params, dims)
    return dims
