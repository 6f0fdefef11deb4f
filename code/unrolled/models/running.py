"""A model over whole sequences: what it says, how wrong that is, and all gradients."""

from __future__ import annotations

import numpy as np

from unrolled import fused, ops
from unrolled.cells.base import Cell, Params, State
from unrolled.fused import FusedTape, Workspace
from unrolled.fused.products import tiled
from unrolled.models.checks import check_data, check_inputs, check_workspace
from unrolled.models.parts import Gradients, Model, ModelParams, Prediction, Run
from unrolled.models.scoring import as_rows, score
from unrolled.sequence import Tape, unroll, unroll_backward
from unrolled.shapes import Array
from unrolled.trees import map_arrays


def forward(model: Model, params: ModelParams, xs: Array, *, state0: State | None = None) -> Run:
    """Run the cell over time, keep every step, read the states out. See eq-readout (chapter 5).

    Parameters
    ----------
    model : Model
        Says which steps are read out.
    params : ModelParams
        Weights.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs or token ids.
    state0 : NamedTuple, optional
        State before the first step; zeros if left out.

    Returns
    -------
    Run
        Outputs, last state, and the tape for the way back.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity among the inputs or in the state.
    """
    check_inputs(model, params, xs, state0)
    hs, state_T, tape = unroll(model.cell, params.cell, xs, state0)
    return Run(ops.affine(_scored(model, hs), params.Wy, params.by), state_T, tape)


def predict(
    model: Model,
    params: ModelParams,
    xs: Array,
    *,
    state0: State | None = None,
    workspace: Workspace | None = None,
) -> Prediction:
    """Compute what :func:`forward` computes, faster, and keep only the results.

    The numbers are the same to rounding, not to the last bit.

    Parameters
    ----------
    model, params, xs, state0
        As for :func:`forward`.
    workspace : Workspace, optional
        Lends the arrays, which the next run with it overwrites, these results too.
        Left out, calls share nothing.

    Returns
    -------
    Prediction
        Outputs and last state.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`forward`; something that is no workspace.
    """
    workspace = check_workspace(workspace)
    check_inputs(model, params, xs, state0)
    hs, state_T, _ = _run(model.cell, params.cell, xs, state0, workspace)
    return Prediction(_read_out(_scored(model, hs), params, workspace), state_T)


def loss(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    *,
    state0: State | None = None,
    mask: Array | None = None,
    workspace: Workspace | None = None,
) -> Array:
    """Compute the loss alone. See eq-total-loss (chapter 5).

    Parameters
    ----------
    model, params, xs, state0
        As for :func:`forward`.
    targets : ndarray
        Cross-entropy: ids (T, N), or (N,) for the last step. Squared error:
        values (T, N, V) or (N, V) of the dtype of the parameters.
    mask : ndarray of bool, shape (T, N) or (N,), optional
        True where a step counts.
    workspace : Workspace, optional
        As for :func:`predict`.

    Returns
    -------
    ndarray, shape ()
        Mean over the N sequences of the sum over their steps.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity in the data.
    """
    workspace = check_workspace(workspace)
    check_data(model, params, xs, targets, mask, state0)
    hs, _, _ = _run(model.cell, params.cell, xs, state0, workspace)
    return score(model, _read_out(_scored(model, hs), params, workspace), targets, mask)


def loss_and_gradients(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    *,
    state0: State | None = None,
    mask: Array | None = None,
    workspace: Workspace | None = None,
) -> tuple[Array, Gradients, State]:
    """Compute the loss and its gradients: forward, then everything backward.

    See eq-softmax-grad, eq-readout-backward and eq-carry (chapter 5), and eq-bptt-dwy and
    eq-bptt-dby (chapter 6).

    Parameters
    ----------
    model, params, xs, targets, state0, mask, workspace
        As for :func:`loss`.

    Returns
    -------
    loss : ndarray, shape ()
        As :func:`loss`.
    gradients : Gradients
        With respect to the parameters, the inputs and the first state.
    state_T : NamedTuple
        The last state, to carry on from.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity in the data.
    """
    workspace = check_workspace(workspace)
    check_data(model, params, xs, targets, mask, state0)
    hs, state_T, tape = _run(model.cell, params.cell, xs, state0, workspace)
    read = _scored(model, hs)
    outputs = _read_out(read, params, workspace)
    value = score(model, outputs, targets, mask, doutputs=outputs)
    dread, dWy, dby = _read_out_backward(outputs, read, params, workspace)
    # the gradient enters where the loss reads: at every step, or at the last one only
    dhs, dstate_T = (dread, None) if model.steps == "every" else (None, _of_h(dread, state_T))
    dxs, dstate0, dcell = _run_backward(model.cell, dhs, dstate_T, tape, workspace)
    return value, Gradients(ModelParams(dcell, dWy, dby), dxs, dstate0), state_T


def _run(
    cell: Cell, params: Params, xs: Array, state0: State | None, workspace: Workspace
) -> tuple[Array, State, Tape | FusedTape]:
    if fused.supports(cell):
        return fused.forward(cell, params, xs, state0, workspace=workspace)
    return unroll(cell, params, xs, state0)


def _run_backward(
    cell: Cell,
    dhs: Array | None,
    dstate_T: State | None,
    tape: Tape | FusedTape,
    workspace: Workspace,
) -> tuple[Array | None, State, Params]:
    if isinstance(tape, FusedTape):
        return fused.backward(cell, dhs, dstate_T, tape, workspace=workspace)
    return unroll_backward(cell, dhs, dstate_T, tape)


def _scored(model: Model, hs: Array) -> Array:
    return hs if model.steps == "every" else hs[-1]


def _of_h(dh: Array, state: State) -> State:
    """Make a gradient of a state of which only h is read."""
    return map_arrays(np.zeros_like, state)._replace(h=dh)


def _read_out(read: Array, params: ModelParams, workspace: Workspace) -> Array:
    """Multiply all states by W_y at once: ``ops.affine`` into a lent array."""
    shape = *read.shape[:-1], params.Wy.shape[1]
    outputs = workspace.empty("outputs", shape, read.dtype)
    tiled(as_rows(read), params.Wy, as_rows(outputs))
    outputs += params.by.ravel()
    return outputs


def _read_out_backward(
    doutputs: Array, read: Array, params: ModelParams, workspace: Workspace
) -> tuple[Array, Array, Array]:
    """Carry the gradient back: ``ops.affine_backward`` for all rows at once."""
    dread = workspace.empty("dread", read.shape, read.dtype)
    WyT = np.ascontiguousarray(params.Wy.T)  # copied once, not in every tile
    tiled(as_rows(doutputs), WyT, as_rows(dread))
    dWy = as_rows(read).T @ as_rows(doutputs)
    return dread, dWy, as_rows(doutputs).sum(axis=0).reshape(params.by.shape)
