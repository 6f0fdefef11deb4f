"""The two public functions: check, choose the cell's kernel, and run it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

from unrolled.cells import GRU, LSTM, RNN
from unrolled.cells.base import Cell, Params, State, check_cell, check_x, is_ids
from unrolled.fused import gru, lstm, rnn
from unrolled.fused.quick import fits, gradients_fit
from unrolled.fused.workspace import Workspace
from unrolled.shapes import ArgumentError, Array, check, check_same_dtype

KERNELS: tuple[tuple[Cell, ModuleType], ...] = ((RNN, rnn), (LSTM, lstm), (GRU, gru))


def supports(cell: object) -> bool:
    """Tell whether a cell has a fused kernel; :func:`unrolled.sequence.unroll` runs any other.

    Parameters
    ----------
    cell : Cell
        One step of a recurrence.

    Returns
    -------
    bool
        True for the package's own RNN, LSTM and GRU, and for nothing that only
        bears their name.
    """
    return any(cell is known for known, _ in KERNELS)


class FusedTape(NamedTuple):
    """What a run keeps for the way back."""

    cell: Cell
    params: Params
    xs: Array
    kept: Any
    """The kernel's own."""
    workspace: Workspace | None
    run: int
    """Which run of its workspace it is; a later one overwrites it."""

    @property
    def hs(self) -> Array:
        """All hidden states, (T, N, H). They are read only, since the way back needs them."""
        hs: Array = self.kept.hs[1:]
        hs.flags.writeable = False
        return hs


def forward(
    cell: Cell,
    params: Params,
    xs: Array,
    state0: State | None = None,
    *,
    workspace: Workspace | None = None,
) -> tuple[Array, State, FusedTape]:
    """Run a cell over time: what :func:`unrolled.sequence.unroll` computes, faster. See chapter 14.

    Parameters
    ----------
    cell : Cell
        RNN, LSTM or GRU.
    params, xs, state0
        As for :func:`unrolled.sequence.unroll`.
    workspace : Workspace, optional
        Lends the arrays of ``hs`` and of the tape, which the next run with it
        overwrites. Left out, calls share nothing.

    Returns
    -------
    hs : ndarray, shape (T, N, H)
        The hidden state after every step. It is the tape's own memory, so it is read
        only: copy it to change it.
    state_T : NamedTuple
        The state after the last one.
    tape : FusedTape
        For :func:`backward`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`unrolled.sequence.unroll`; another cell, no workspace, or xs lent by it.
    """
    kernel = _kernel(cell)
    if not fits(kernel, params, xs, state0):
        _check_run(cell, params, xs, state0)
    ws = _workspace(workspace)
    if ws.lent(xs):
        raise ArgumentError(
            "xs: expected an array (T, time steps; N, sequences; D, input features) of your own, "
            "got one that this workspace lent and the run would overwrite. "
            "Give each layer a Workspace() of its own."
        )
    ws.runs += 1
    kept, state_T = kernel.forward(params, xs, state0, ws)
    tape = FusedTape(cell, params, xs, kept, workspace, ws.runs)
    return tape.hs, state_T, tape


def backward(
    cell: Cell,
    dhs: Array | None,
    dstate_T: State | None,
    tape: FusedTape,
    *,
    workspace: Workspace | None = None,
) -> tuple[Array | None, State, Params]:
    """Carry gradients back in time: :func:`unrolled.sequence.unroll_backward`, but faster.

    Parameters
    ----------
    cell, dhs, dstate_T
        As for :func:`unrolled.sequence.unroll_backward`.
    tape : FusedTape
        From :func:`forward`.
    workspace : Workspace, optional
        Lends scratch; may be the one of :func:`forward`. What is returned is yours.

    Returns
    -------
    dxs, dstate0, dparams
        As :func:`unrolled.sequence.unroll_backward`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`unrolled.sequence.unroll_backward`; another cell, no workspace, or a tape
        whose workspace has been used again since.
    """
    kernel = _kernel(cell)
    _check_tape(cell, kernel, tape)
    if dhs is None and dstate_T is None:
        raise ArgumentError(
            "dhs, dstate_T: expected a gradient with respect to the states "
            "(T, time steps; N, sequences; H, hidden units) or to the last one, got None for both."
        )
    if not gradients_fit(kernel, dhs, dstate_T, tape.hs):
        _check_gradients(cell, dhs, dstate_T, tape)
    ws = _workspace(workspace)
    dxs, dstate0, dparams = kernel.backward(tape.params, tape.xs, tape.kept, dhs, dstate_T, ws)
    return dxs, dstate0, dparams


def _check_tape(cell: Cell, kernel: Any, tape: FusedTape) -> None:
    if not isinstance(tape, FusedTape):
        raise ArgumentError(
            f"tape: expected the FusedTape that fused.forward returned third, "
            f"got {type(tape).__name__}."
        )
    if cell is not tape.cell or type(tape.kept) is not kernel.Kept:
        raise ArgumentError(
            f"cell: expected {getattr(tape.cell, 'name', tape.cell)}, which made the tape, "
            f"got {cell.name}."
        )
    if tape.workspace is not None and tape.run != tape.workspace.runs:
        raise ArgumentError(
            f"tape: expected that of the workspace's latest run, number {tape.workspace.runs}, "
            f"got that of run {tape.run}, whose arrays are overwritten. "
            f"Call backward before the next forward, or give each run a Workspace() of its own."
        )


def _check_run(cell: Cell, params: Params, xs: Array, state0: State | None) -> None:
    dims = check_x("xs", xs, "T N", cell.check_params(params))
    if not is_ids(xs):
        check_same_dtype(Wx=params.Wx, xs=xs)
    if state0 is not None:
        cell.check_state("state0", state0, params, dims)


def _check_gradients(
    cell: Cell, dhs: Array | None, dstate_T: State | None, tape: FusedTape
) -> None:
    dims = check("hs", tape.hs, "T N H", cell.check_params(tape.params))
    if dhs is not None:
        check("dhs", dhs, "T N H", dims, hint="One gradient for each hidden state of the run.")
        check_same_dtype(hs=tape.hs, dhs=dhs)
    if dstate_T is not None:
        cell.check_state("dstate_T", dstate_T, tape.params, dims)


def _kernel(cell: Cell) -> Any:
    for known, kernel in KERNELS:
        if cell is known:
            return kernel
    check_cell(cell)
    names = ", ".join(known.name for known, _ in KERNELS)
    raise ArgumentError(f"cell: expected one of {names}, got {cell.name}; unroll runs any cell.")


def _workspace(workspace: Workspace | None) -> Workspace:
    if workspace is None:
        return Workspace()
    if not isinstance(workspace, Workspace):
        raise ArgumentError(f"workspace: expected a Workspace(), got {type(workspace).__name__}.")
    return workspace
