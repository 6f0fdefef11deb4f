"""A cell with a readout and a loss: from inputs and targets to a number and its gradients."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from unrolled import ops
from unrolled.cells.base import Cell, Params, State, check_cell, check_x, is_ids
from unrolled.sequence import Tape, unroll, unroll_backward, window_backward, windows
from unrolled.shapes import (
    ArgumentError,
    Array,
    Dims,
    DTypeError,
    check,
    check_bias,
    check_finite,
    check_ids,
    check_mask,
    check_rng,
    check_same_dtype,
    check_size,
)
from unrolled.trees import map_arrays, named_arrays

Loss: TypeAlias = Literal["cross_entropy", "squared_error"]
Steps: TypeAlias = Literal["every", "last"]


class Model(NamedTuple):
    """What is computed: which cell, which loss, scored at every step or at the last."""

    cell: Cell
    loss: Loss = "cross_entropy"
    steps: Steps = "every"


class ModelParams(NamedTuple):
    """The cell's parameters and the readout's; a gradient of them has the same type."""

    cell: Params
    Wy: Array
    """Hidden to output, (H, V)."""
    by: Array
    """(V,) or (1, V)."""


class Run(NamedTuple):
    """A forward run of a model."""

    outputs: Array
    """Logits or predictions, (T, N, V), or (N, V) where only the last step is scored."""
    state_T: State
    tape: Tape


class Gradients(NamedTuple):
    """Of the loss, with respect to all that it depends on."""

    params: ModelParams
    xs: Array | None
    """(T, N, D); None for token ids, and where a stream was truncated."""
    state0: State


def init(
    model: Model,
    D: int,
    H: int,
    V: int,
    *,
    rng: np.random.Generator,
    dtype: np.dtype[Any] | type = np.float64,
) -> ModelParams:
    """Draw fresh parameters for a cell and its readout.

    Parameters
    ----------
    model : Model
        Names the cell.
    D, H, V : int
        Input features (or input vocabulary), hidden units, classes or outputs.
    rng : numpy.random.Generator
        Where the weights are drawn from; it moves on.
    dtype : dtype
        float32, float64 or complex128.

    Returns
    -------
    ModelParams
        Wy uniform in ±1/√H, by zero.

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, something that is not a Generator.
    """
    _check_model(model)
    check_size("V", V, "V")
    check_rng(rng)
    cell = model.cell.init(D, H, rng=rng, dtype=dtype)
    width = 1 / np.sqrt(H)
    return ModelParams(cell, rng.uniform(-width, width, (H, V)).astype(dtype), np.zeros(V, dtype))


def check_params(model: Model, params: ModelParams) -> Dims:
    """Check a model's parameters against one another.

    Parameters
    ----------
    model : Model
        Names the cell.
    params : ModelParams
        The cell's parameters, Wy (H, V) and by (V,) or (1, V).

    Returns
    -------
    mapping of str to Size
        D, H and V.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        They do not fit one another.
    """
    _check_model(model)
    if not isinstance(params, ModelParams):
        raise DTypeError(
            f"params: expected ModelParams(cell, Wy (H, hidden units; V, classes), by (V,)), "
            f"got {type(params).__name__}. Make them with models.init."
        )
    dims = model.cell.check_params(params.cell)
    dims = check("Wy", params.Wy, "H V", dims)
    check_bias("by", params.by, "V", dims)
    check_same_dtype(Wx=params.cell.Wx, Wy=params.Wy, by=params.by)
    return dims


def forward(model: Model, params: ModelParams, xs: Array, *, state0: State | None = None) -> Run:
    """Run the cell over time and read its states out. See eq-readout (chapter 5).

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
    _check_inputs(model, params, xs, state0)
    hs, state_T, tape = unroll(model.cell, params.cell, xs, state0)
    outputs = ops.affine(_scored(model, hs), params.Wy, params.by)
    return Run(outputs, state_T, tape)


def loss(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    *,
    state0: State | None = None,
    mask: Array | None = None,
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

    Returns
    -------
    ndarray, shape ()
        Mean over the N sequences of the sum over their steps.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity in the data.
    """
    _check_data(model, params, xs, targets, mask)
    run = forward(model, params, xs, state0=state0)
    return _score(model, run.outputs, targets, mask)


def loss_and_gradients(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    *,
    state0: State | None = None,
    mask: Array | None = None,
) -> tuple[Array, Gradients, State]:
    """Compute the loss and its gradients: forward, then everything backward.

    See eq-softmax-grad, eq-readout-backward and eq-carry (chapter 5), and eq-bptt-dwy and
    eq-bptt-dby (chapter 6).

    Parameters
    ----------
    model, params, xs, targets, state0, mask
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
    _check_data(model, params, xs, targets, mask)
    run = forward(model, params, xs, state0=state0)
    value = _score(model, run.outputs, targets, mask)

    doutputs = _score_backward(model, run.outputs, targets, mask)
    read = _scored(model, run.tape.hs)
    dread, dWy, dby = ops.affine_backward(doutputs, read, params.Wy, params.by)
    dxs, dstate0, dcell = unroll_backward(
        model.cell, _scored_backward(model, dread, run.tape.hs), None, run.tape
    )
    return value, Gradients(ModelParams(dcell, dWy, dby), dxs, dstate0), run.state_T


def truncated_loss_and_gradients(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    *,
    length: int,
    stride: int | None = None,
    state0: State | None = None,
    mask: Array | None = None,
) -> tuple[Array, Gradients, State]:
    """Compute the loss of a stream, and the terms of its gradients that windows keep.

    See eq-truncation-kept and eq-truncation-window (chapter 8); BPTT(h; h') of
    Williams and Peng 1990. The loss is exact; so are the gradients of the readout,
    since no path through time leads to it. The memory used does not grow with T.

    Parameters
    ----------
    model : Model
        Scored at every step.
    params, xs, targets, state0, mask
        As for :func:`loss`.
    length : int
        Steps that a backward pass goes through.
    stride : int, optional
        Steps from pass to pass, at most ``length``; ``length`` if left out.

    Returns
    -------
    loss : ndarray, shape ()
        As :func:`loss`.
    gradients : Gradients
        The kept terms; of the inputs, None.
    state_T : NamedTuple
        The last state, to carry on from.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As :func:`loss_and_gradients`; a loss at the last step only, a length below 1,
        a stride below 1 or above the length.
    """
    _check_data(model, params, xs, targets, mask)
    _check_inputs(model, params, xs, state0)
    if model.steps != "every":
        raise ArgumentError(
            f"model.steps: expected 'every', a loss at every step to cut into windows, "
            f"got {model.steps!r}."
        )
    stream = windows(model.cell, params.cell, xs, length=length, stride=stride, state0=state0)
    value = np.zeros((), params.Wy.dtype)
    dparams = map_arrays(np.zeros_like, params)
    dstate0 = model.cell.zero_state(params.cell, xs.shape[1])
    for window in stream:
        new = slice(window.start, window.start + len(window.hs))
        scored = targets[new], None if mask is None else mask[new]
        outputs = ops.affine(window.hs, params.Wy, params.by)
        value = value + _score(model, outputs, *scored)
        doutputs = _score_backward(model, outputs, *scored)
        dhs, dWy, dby = ops.affine_backward(doutputs, window.hs, params.Wy, params.by)
        dstate, dcell = window_backward(dhs, window)
        dparams = map_arrays(np.add, dparams, ModelParams(dcell, dWy, dby))
        if window.reaches_state0:
            dstate0 = map_arrays(np.add, dstate0, dstate)
    return value, Gradients(dparams, None, dstate0), window.state


def _scored(model: Model, hs: Array) -> Array:
    return hs if model.steps == "every" else hs[-1]


def _scored_backward(model: Model, dread: Array, hs: Array) -> Array:
    """Put the gradient where the loss reads: at every step, or at the last one only."""
    if model.steps == "every":
        return dread
    dhs = np.zeros_like(hs)
    dhs[-1] = dread
    return dhs


def _score(model: Model, outputs: Array, targets: Array, mask: Array | None) -> Array:
    if model.loss == "cross_entropy":
        return ops.softmax_cross_entropy(outputs, targets, mask)
    return ops.mse(outputs, targets, mask)


def _score_backward(model: Model, outputs: Array, targets: Array, mask: Array | None) -> Array:
    if model.loss == "cross_entropy":
        return ops.softmax_cross_entropy_backward(outputs, targets, mask)
    return ops.mse_backward(outputs, targets, mask)


def _check_model(model: Model) -> None:
    if not isinstance(model, Model):
        raise DTypeError(f"model: expected Model(cell, loss, steps), got {type(model).__name__}.")
    check_cell(model.cell)
    for name, value, choices in (
        ("loss", model.loss, ("cross_entropy", "squared_error")),
        ("steps", model.steps, ("every", "last")),
    ):
        if not isinstance(value, str) or value not in choices:
            raise ArgumentError(f"model.{name}: expected one of {choices}, got {value!r}.")


def _check_inputs(model: Model, params: ModelParams, xs: Array, state0: State | None) -> None:
    dims = check_x("xs", xs, "T N", check_params(model, params))
    if not is_ids(xs):
        check_finite("xs", xs, "T N D")
    if state0 is not None:
        model.cell.check_state("state0", state0, params.cell, dims)
        for name, array in named_arrays(state0, "state0"):
            check_finite(name, array, "N H")


def _check_data(
    model: Model, params: ModelParams, xs: Array, targets: Array, mask: Array | None
) -> None:
    """Check targets before anything is run, so that a bad one costs nothing."""
    dims = check_x("xs", xs, "T N", check_params(model, params))
    axes = "T N" if model.steps == "every" else "N"
    if model.loss == "cross_entropy":
        check_ids("targets", targets, axes, dims, "V", hint="One target for each scored step.")
    else:
        check("targets", targets, f"{axes} V", dims, hint="One target for each scored step.")
        check_same_dtype(Wy=params.Wy, targets=targets)
        check_finite("targets", targets, f"{axes} V")
    check_mask(mask, axes, dims)
