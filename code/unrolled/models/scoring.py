"""Loss and slope of all scored rows in one go: what ``unrolled.ops`` computes, in fewer passes.

The targets pick entries out of the rows of scores; no one-hot row is made.
"""

from __future__ import annotations

import numpy as np

from unrolled.models.parts import Model
from unrolled.shapes import Array


def score(
    model: Model, outputs: Array, targets: Array, mask: Array | None, doutputs: Array | None = None
) -> Array:
    """Score the outputs of a run. See eq-cross-entropy and eq-mse (chapter 5).

    Parameters
    ----------
    model : Model
        Names the loss.
    outputs : ndarray, shape (T, N, V) or (N, V)
        Logits or predictions, checked; used up: it holds something else afterwards.
    targets, mask
        As for :func:`unrolled.models.loss`, checked.
    doutputs : ndarray, optional
        Where the gradient with respect to the outputs is written, eq-softmax-grad and
        eq-mse-grad; may be ``outputs`` itself.

    Returns
    -------
    ndarray, shape ()
        Mean over the N sequences of the sum over their steps.
    """
    N = outputs.shape[-2]
    rows, drows = as_rows(outputs), None if doutputs is None else as_rows(doutputs)
    if model.loss == "cross_entropy":
        each = _cross_entropy(rows, targets.ravel(), N, drows)
    else:
        each = _squared_error(rows, as_rows(targets), N, drows)
    if mask is not None:
        each[~mask.ravel()] = 0
        if drows is not None:
            drows[~mask.ravel()] = 0
    return np.asarray(each.sum() / N)


def as_rows(array: Array) -> Array:
    """View (T, N, K) as (T N, K).

    Parameters
    ----------
    array : ndarray, shape (T, N, K) or (N, K)
        In one piece, so that nothing is copied.

    Returns
    -------
    ndarray, shape (T N, K) or (N, K)
        What is written to it is written to ``array``.
    """
    return array.reshape(-1, array.shape[-1])


def _cross_entropy(logits: Array, targets: Array, N: int, dlogits: Array | None) -> Array:
    """Give log Σ exp(o) − o_y of each row, and (p − y)/N."""
    places = np.arange(len(logits))
    np.subtract(logits, logits.real.max(axis=1, keepdims=True), logits)
    right = logits[places, targets]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1, keepdims=True)
    if dlogits is not None:
        np.divide(logits, N * total, dlogits)
        dlogits[places, targets] -= 1 / N
    each: Array = np.log(total[:, 0]) - right
    return each


def _squared_error(y: Array, targets: Array, N: int, dy: Array | None) -> Array:
    """Give the mean square of each row, and 2 (y − targets)/(N V)."""
    np.subtract(y, targets, y)
    each: Array = (y * y).mean(axis=1)
    if dy is not None:
        np.divide(y, N * y.shape[1] / 2, dy)
    return each
