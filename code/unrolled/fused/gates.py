"""What gated cells share: gates in blocks of their own, and one tanh for all of them."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import Array


def by_gate(weights: Array, sigmoids: int, H: int) -> Array:
    """Put each gate's columns into a block of their own, and halve those of the sigmoids.

    A gate of one step is then contiguous, so that every ufunc runs at full width.
    Halved, because σ(z) = (1 + tanh(z/2))/2: one call of tanh serves all gates.

    Parameters
    ----------
    weights : ndarray, shape (K, G·H)
        Columns side by side, the sigmoid gates first.
    sigmoids : int
        How many gates are sigmoids.
    H : int
        Hidden units.

    Returns
    -------
    ndarray, shape (G, K, H)
        A copy.
    """
    blocks = weights.reshape(len(weights), -1, H).transpose(1, 0, 2).copy()
    halved = blocks[:sigmoids]
    np.multiply(halved, np.array(0.5, blocks.dtype), halved)
    return blocks


def finish_sigmoids(tanh_of_half: Array, half: Array) -> None:
    """Make (1 + t)/2 of t = tanh(z/2), in place: σ(z).

    Parameters
    ----------
    tanh_of_half : ndarray
        The gates of one step.
    half : ndarray, shape ()
        0.5 of their dtype: a Python number would be converted at every call.
    """
    np.multiply(tanh_of_half, half, tanh_of_half)
    np.add(tanh_of_half, half, tanh_of_half)
