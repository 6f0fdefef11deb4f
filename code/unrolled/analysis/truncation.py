"""What truncation keeps of a gradient: which terms, and how much of it in a case with a formula.

The case is the linear cell of one unit, h_t = w h_{t−1} + x_t, run for so long that
it has settled. The derivative of h_t with respect to w is the sum over the uses of w
that lie j steps back, of w^j h_{t−1−j}; windows cut this sum off.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from unrolled import models, ops
from unrolled.models import Model, ModelParams
from unrolled.sequence import check_window
from unrolled.shapes import (
    ArgumentError,
    Array,
    check_count,
    check_size,
)


class Spread(NamedTuple):
    """A Cauchy distribution: that of the ratio of two zero-mean normal numbers."""

    median: float
    scale: float
    """Half the distance of the two quartiles. A mean does not exist."""

    def quantile(self, p: float) -> float:
        """Give the number that a share ``p`` of the draws stays below.

        Parameters
        ----------
        p : float
            Between 0 and 1.

        Returns
        -------
        float
            The quantile.

        Raises
        ------
        ArgumentError
            Not a number between 0 and 1.
        """
        if isinstance(p, bool) or not isinstance(p, (int, float, np.floating)) or not 0 < p < 1:
            raise ArgumentError(f"p: expected a number between 0 and 1, got {p!r}.")
        return self.median - self.scale / math.tan(math.pi * float(p))


def kept_terms(T: int, length: int, stride: int | None = None) -> Array:
    """Say which terms of the gradient truncated BPTT keeps. See eq-truncation-kept (chapter 8).

    Parameters
    ----------
    T : int
        Steps of the sequence.
    length : int
        Steps that a backward pass goes through.
    stride : int, optional
        Steps from pass to pass, at most ``length``; ``length`` if left out.

    Returns
    -------
    ndarray of bool, shape (T, T)
        Entry [t, k], counted from 0: whether the loss of step t reaches the use of
        the weights at step k.

    Raises
    ------
    ArgumentError
        A size below 1, or a stride above the length.
    """
    check_size("T", T, "T")
    stride = check_window(length, stride)
    t, k = np.arange(T)[:, None], np.arange(T)
    end = (t // stride + 1) * stride  # the pass of t's loss is made before step `end`
    return (k >= end - length) & (k <= t)


def stationary_share(w: float, length: int, stride: int | None = None) -> float:
    """Give the share of the gradient kept by a settled linear cell. See eq-stationary-share.

    The input is constant, the stream is endless, and every loss has the same slope
    with respect to its state (chapter 8).

    Parameters
    ----------
    w : float
        Weight of the state on itself, between −1 and 1.
    length : int
        Steps that a backward pass goes through.
    stride : int, optional
        Steps from pass to pass, at most ``length``. With 1 every loss is carried back
        ``length`` steps; left out, it is ``length`` and the windows lie end to end.

    Returns
    -------
    float
        Kept divided by whole; above 1 may be reached where w is negative.

    Raises
    ------
    ArgumentError
        A weight out of range, a size below 1, or a stride above the length.
    """
    w = _check_weight(w)
    stride = check_window(length, stride)
    steps = range(length - stride + 1, length + 1)  # how far back each loss of a stride goes
    return 1 - math.fsum(w**m for m in steps) / stride


def noise_share(w: float, length: int) -> Spread:
    """Give the distribution of that share where the input is white noise.

    Kept and whole are zero-mean normal numbers, so their ratio is a Cauchy number
    (chapter 8). Every loss is carried back exactly ``length`` steps.

    Parameters
    ----------
    w : float
        Weight of the state on itself, between −1 and 1.
    length : int
        Steps that a backward pass goes through.

    Returns
    -------
    Spread
        Its median and its scale.

    Raises
    ------
    ArgumentError
        A weight out of range, or a length below 1.
    """
    w = _check_weight(w)
    check_count("length", length)
    r = w**length * (1 + length * (1 - w * w) / (1 + w * w))  # correlation over `length` steps
    return Spread(1 - w**length * r, abs(w) ** length * math.sqrt(1 - r * r))


def loss_by_position(
    model: Model,
    params: ModelParams,
    batches: Iterable[tuple[Array, Array]],
    *,
    carry: bool,
) -> Array:
    """Measure the loss of each step of a window, as a mean over the windows of a stream.

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights.
    batches : iterable of (ndarray, ndarray)
        Windows (T, N) of inputs and targets, all of one shape, at least two. The
        first one is only read, so that there is a state to carry.
    carry : bool
        Whether each window begins with the last state of the one before; with
        zeros if not.

    Returns
    -------
    ndarray, shape (T,)
        Nats.

    Raises
    ------
    ArgumentError
        A model of another kind, fewer than two windows, windows that do not fit.
    """
    models.check_params(model, params)
    if model.loss != "cross_entropy" or model.steps != "every":
        raise ArgumentError(
            f"model: expected loss 'cross_entropy' at 'every' step, "
            f"got {model.loss!r} at {model.steps!r}."
        )
    if not isinstance(batches, Iterable) or isinstance(batches, np.ndarray):
        raise ArgumentError(
            f"batches: expected an iterable of pairs (xs, targets), got {type(batches).__name__}."
        )
    if not isinstance(carry, bool):
        raise ArgumentError(f"carry: expected True or False, got {carry!r}.")
    state, found = None, []
    for pair in batches:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ArgumentError(
                f"batches: expected pairs (xs, targets), got {type(pair).__name__}."
            )
        xs, targets = pair
        run = models.forward(model, params, xs, state0=state)
        ops.softmax_cross_entropy(run.outputs, targets)  # refuses targets that do not fit
        t, n = np.indices(targets.shape)
        found.append(-np.log(ops.softmax(run.outputs)[t, n, targets]).mean(axis=1))
        state = run.state_T if carry else None
    if len(found) < 2 or len({len(each) for each in found}) > 1:
        raise ArgumentError(
            f"batches: expected at least two windows of one length (T, time steps), "
            f"got lengths {[len(each) for each in found]}."
        )
    return np.mean(found[1:], axis=0)  # type: ignore[no-any-return]


def _check_weight(w: float) -> float:
    good = isinstance(w, (int, float, np.integer, np.floating)) and not isinstance(w, bool)
    if not good or not -1 < w < 1:
        raise ArgumentError(
            f"w: expected a number between −1 and 1, so that the state settles, got {w!r}."
        )
    return float(w)
