"""What the gated cells share: several blocks of H columns side by side in one weight."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import Array


def blocks_of(stacked: Array, count: int) -> list[Array]:
    """Cut the last axis into equal blocks, each a view. See eq-lstm-stacked (chapter 9).

    Parameters
    ----------
    stacked : ndarray, shape (…, count · H)
        Weights, a bias or pre-activations.
    count : int
        How many.

    Returns
    -------
    list of ndarray, shape (…, H)
        In the order of the columns.
    """
    H = stacked.shape[-1] // count
    return [stacked[..., block * H : (block + 1) * H] for block in range(count)]


def side_by_side(*blocks: Array) -> Array:
    """Join blocks along the last axis, the way back from :func:`blocks_of`.

    Parameters
    ----------
    *blocks : ndarray, shape (…, H)
        In the order of the columns.

    Returns
    -------
    ndarray, shape (…, count · H)
        A new array.
    """
    return np.concatenate(blocks, axis=-1)
