"""Which characters of the past a prediction depends on."""

from __future__ import annotations

from typing import cast

import numpy as np

from unrolled import models, ops
from unrolled.models import Model, ModelParams
from unrolled.shapes import ArgumentError, Array, Size
from unrolled.train.judging import check_text


def connectivity(model: Model, params: ModelParams, ids: Array) -> Array:
    """Measure how each prediction depends on each character read. See eq-connectivity (chapter 13).

    The size of the gradient of log p_t(y_t), y_t the character that follows, with respect to the
    one-hot input of step k: its Euclidean norm over the V directions. Drawn over a text by
    Madsen, Visualizing memorization in RNNs, Distill 2019.

    All predictions share one forward and one backward run: the text is read by as many sequences
    as it has predictions, and sequence t is scored at step t alone. It takes memory for T² inputs.

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights; as many inputs as classes.
    ids : ndarray of int, shape (T + 1,)
        The text, read from zeros; at least two characters.

    Returns
    -------
    ndarray, shape (T, T)
        [t, k]: how the prediction of ``ids[t + 1]`` depends on ``ids[k]``; zero for k > t. Of the
        dtype of the parameters.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, a text too short, a model of another kind.
    """
    dims = models.check_params(model, params)
    if model.loss != "cross_entropy" or model.steps != "every":
        raise ArgumentError(
            f"model: expected loss 'cross_entropy' at 'every' step, "
            f"got {model.loss!r} at {model.steps!r}."
        )
    D, V = dims["D"], dims["V"]
    if D.value != V.value:
        raise ArgumentError(
            f"params: expected as many input features (D) as classes (V), since the inputs are "
            f"characters, got {D.value} and {V.value}."
        )
    check_text("ids", ids, Size(V.value, "Wy"))
    T = len(ids) - 1
    xs = np.repeat(ops.one_hot(ids[:-1, None], V.value, params.Wy.dtype), T, axis=1)
    targets = np.repeat(ids[1:, None], T, axis=1)
    scored = np.eye(T, dtype=bool)  # sequence t at step t alone
    _, gradients, _ = models.loss_and_gradients(model, params, xs, targets, mask=scored)
    # one-hot rows have a gradient, (T, N, V), N = T; the loss was a mean over the N sequences
    sizes: Array = T * np.linalg.norm(cast(Array, gradients.xs), axis=-1).T
    return sizes
