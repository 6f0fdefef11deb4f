"""What enters a model is checked once, before anything is run, so that bad data cost nothing."""

from __future__ import annotations

from unrolled.cells.base import State, check_x, is_ids
from unrolled.fused import Workspace
from unrolled.models.parts import Model, ModelParams, check_params
from unrolled.shapes import (
    ArgumentError,
    Array,
    Dims,
    check,
    check_finite,
    check_ids,
    check_mask,
    check_same_dtype,
)
from unrolled.trees import named_arrays


def check_inputs(model: Model, params: ModelParams, xs: Array, state0: State | None) -> None:
    """Check parameters, inputs and first state against one another.

    Parameters
    ----------
    model, params, xs, state0
        As for :func:`unrolled.models.forward`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity among the inputs or in the state.
    """
    dims = check_x("xs", xs, "T N", check_params(model, params))
    check_data_finite(model, params, xs, state0, dims)


def check_data(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    mask: Array | None,
    state0: State | None,
) -> None:
    """Check all that a loss is computed from.

    Parameters
    ----------
    model, params, xs, targets, mask, state0
        As for :func:`unrolled.models.loss`.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, NaN or infinity in the data.
    """
    dims = check_x("xs", xs, "T N", check_params(model, params))
    axes = "T N" if model.steps == "every" else "N"
    if model.loss == "cross_entropy":
        check_ids("targets", targets, axes, dims, "V", hint="One target for each scored step.")
    else:
        check("targets", targets, f"{axes} V", dims, hint="One target for each scored step.")
        check_same_dtype(Wy=params.Wy, targets=targets)
        check_finite("targets", targets, f"{axes} V")
    check_mask(mask, axes, dims)
    check_data_finite(model, params, xs, state0, dims)


def check_data_finite(
    model: Model, params: ModelParams, xs: Array, state0: State | None, dims: Dims
) -> None:
    """Check inputs and first state, the last of the checks since they may be long.

    Parameters
    ----------
    model, params, xs, state0
        As for :func:`unrolled.models.forward`.
    dims : mapping of str to Size
        The sizes known so far.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        A state that does not fit, NaN or infinity.
    """
    if not is_ids(xs):
        check_finite("xs", xs, "T N D")
    if state0 is not None:
        model.cell.check_state("state0", state0, params.cell, dims)
        for name, array in named_arrays(state0, "state0"):
            check_finite(name, array, "N H")


def check_workspace(workspace: Workspace | None) -> Workspace:
    """Give the workspace to use: the user's, or one of this run alone.

    Parameters
    ----------
    workspace : Workspace or None
        The argument as the user gave it.

    Returns
    -------
    Workspace
        Never None.

    Raises
    ------
    ArgumentError
        Something else.
    """
    if workspace is None:
        return Workspace()
    if not isinstance(workspace, Workspace):
        raise ArgumentError(
            f"workspace: expected None or fused.Workspace(), got {type(workspace).__name__}."
        )
    return workspace
