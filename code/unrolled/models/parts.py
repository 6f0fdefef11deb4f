"""The records that a model is made of, fresh parameters, and what must hold of them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np

from unrolled.cells.base import Cell, Params, State, check_cell
from unrolled.sequence import Tape
from unrolled.shapes import (
    ArgumentError,
    Array,
    Dims,
    DTypeError,
    check,
    check_bias,
    check_rng,
    check_same_dtype,
    check_size,
)

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


class Prediction(NamedTuple):
    """A forward run of which only the results are kept."""

    outputs: Array
    """As of :class:`Run`."""
    state_T: State


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
    check_model(model)
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
    check_model(model)
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


def check_model(model: Model) -> None:
    """Check that a model names a cell, a loss and the steps that are scored.

    Parameters
    ----------
    model : Model
        The argument as the user gave it.

    Raises
    ------
    DTypeError, ArgumentError
        Something else, or a name that is not there.
    """
    if not isinstance(model, Model):
        raise DTypeError(f"model: expected Model(cell, loss, steps), got {type(model).__name__}.")
    check_cell(model.cell)
    for name, value, choices in (
        ("loss", model.loss, ("cross_entropy", "squared_error")),
        ("steps", model.steps, ("every", "last")),
    ):
        if not isinstance(value, str) or value not in choices:
            raise ArgumentError(f"model.{name}: expected one of {choices}, got {value!r}.")
