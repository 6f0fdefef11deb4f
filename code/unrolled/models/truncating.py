"""The loss of a stream whose gradient goes back through windows only: truncated BPTT."""

from __future__ import annotations

import numpy as np

from unrolled import ops
from unrolled.cells.base import State
from unrolled.models.checks import check_data
from unrolled.models.parts import Gradients, Model, ModelParams
from unrolled.models.running import loss_and_gradients
from unrolled.models.scoring import score
from unrolled.sequence import check_window, window_backward, windows
from unrolled.shapes import ArgumentError, Array
from unrolled.trees import map_arrays


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
    stride = check_window(length, stride)
    check_data(model, params, xs, targets, mask, state0)
    if model.steps != "every":
        raise ArgumentError(
            f"model.steps: expected 'every', a loss at every step to cut into windows, "
            f"got {model.steps!r}."
        )
    given = params, xs, targets, mask
    if stride == length:
        return _end_to_end(model, *given, length, state0)
    return _overlapping(model, *given, length, stride, state0)


def _end_to_end(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    mask: Array | None,
    length: int,
    state: State | None,
) -> tuple[Array, Gradients, State]:
    """Add up the windows' own losses and gradients; only the state goes from one to the next."""
    value = np.zeros((), params.Wy.dtype)
    dparams = map_arrays(np.zeros_like, params)
    dstate0 = None
    for start in range(0, len(xs), length):
        part = slice(start, start + length)
        value_w, gradients, state = loss_and_gradients(
            model,
            params,
            xs[part],
            targets[part],
            state0=state,
            mask=None if mask is None else mask[part],
        )
        value = value + value_w
        dparams = map_arrays(np.add, dparams, gradients.params)
        dstate0 = gradients.state0 if dstate0 is None else dstate0
    return value, Gradients(dparams, None, dstate0), state


def _overlapping(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    mask: Array | None,
    length: int,
    stride: int,
    state0: State | None,
) -> tuple[Array, Gradients, State]:
    """Go back through each window's older steps too, from its newest losses only."""
    stream = windows(model.cell, params.cell, xs, length=length, stride=stride, state0=state0)
    value = np.zeros((), params.Wy.dtype)
    dparams = map_arrays(np.zeros_like, params)
    dstate0 = model.cell.zero_state(params.cell, xs.shape[1])
    for window in stream:
        new = slice(window.start, window.start + len(window.hs))
        scored = targets[new], None if mask is None else mask[new]
        outputs = ops.affine(window.hs, params.Wy, params.by)
        value = value + score(model, outputs, *scored, doutputs=outputs)
        dhs, dWy, dby = ops.affine_backward(outputs, window.hs, params.Wy, params.by)
        dstate, dcell = window_backward(dhs, window)
        dparams = map_arrays(np.add, dparams, ModelParams(dcell, dWy, dby))
        if window.reaches_state0:
            dstate0 = map_arrays(np.add, dstate0, dstate)
    return value, Gradients(dparams, None, dstate0), window.state
