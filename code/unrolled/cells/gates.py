"""What the gated cells share: several blocks of H columns side by side in one weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrolled.shapes import (
    Array,
    Dims,
    check,
    check_bias,
    check_dtype,
    check_rng,
    check_same_dtype,
    check_size,
)


def stacked_weights(
    D: int, H: int, blocks: int, *, rng: np.random.Generator, dtype: np.dtype[Any] | type
) -> tuple[Array, Array, Array]:
    """Draw stacked weights, uniform in ±1/√H, and a bias of zeros. See eq-lstm-stacked.

    Parameters
    ----------
    D, H : int
        Input features and hidden units.
    blocks : int
        How many gates and candidates stand side by side.
    rng : numpy.random.Generator
        Where the weights are drawn from; it moves on.
    dtype : dtype
        float32, float64 or complex128.

    Returns
    -------
    Wx : ndarray, shape (D, blocks · H)
        Input to hidden.
    Wh : ndarray, shape (H, blocks · H)
        Hidden to hidden.
    b : ndarray, shape (blocks · H,)
        Bias.

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    check_size("D", D, "D")
    check_size("H", H, "H")
    check_rng(rng)
    dtype = check_dtype("dtype", dtype)
    width = 1 / np.sqrt(H)
    return (
        rng.uniform(-width, width, (D, blocks * H)).astype(dtype),
        rng.uniform(-width, width, (H, blocks * H)).astype(dtype),
        np.zeros(blocks * H, dtype),
    )


def check_stacked(params: Any, blocks: int) -> Dims:
    """Check that stacked Wx, Wh and b fit one another.

    Parameters
    ----------
    params : NamedTuple
        With Wx (D, blocks · H), Wh (H, blocks · H) and b (blocks · H,) or (1, blocks · H).
    blocks : int
        How many gates and candidates stand side by side.

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They do not fit.
    """
    dims = check("Wx", params.Wx, f"D {blocks}H", hint="One block of H columns for each gate.")
    check("Wh", params.Wh, f"H {blocks}H", dims, hint="Did you swap Wx and Wh?")
    check_bias("b", params.b, f"{blocks}H", dims)
    check_same_dtype(Wx=params.Wx, Wh=params.Wh, b=params.b)
    return dims


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
