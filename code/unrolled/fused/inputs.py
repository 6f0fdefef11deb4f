"""Act one: what the inputs add to the pre-activations, a product for a chunk of steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.fused.products import tiled
from unrolled.shapes import Array


class InputPart(NamedTuple):
    """What turns inputs into x W_x + b, gate by gate."""

    weights: Array
    """(G, D, H); for token ids (G·D, H), the bias added: an id picks its row."""
    bias: Array
    """(G, N, H), or (G, 1) of row numbers for token ids: where each gate's rows start."""


def input_part(Wx: Array, b: Array, xs: Array) -> InputPart:
    """Lay weights and bias out for the inputs of a run.

    Parameters
    ----------
    Wx : ndarray, shape (G, D, H)
        Each gate's by itself.
    b : ndarray, shape (G, 1, H)
        Likewise.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs.

    Returns
    -------
    InputPart
        For :func:`from_inputs`.
    """
    G, D, H = Wx.shape
    if xs.ndim == 2:  # token ids
        return InputPart((Wx + b).reshape(G * D, H), D * np.arange(G)[:, None])
    # a row for each sequence: a step's bias is then one contiguous block, as its gates are
    return InputPart(Wx, b.repeat(xs.shape[1], axis=1))


def from_inputs(part: InputPart, xs: Array, out: Array, scratch: Array) -> None:
    """Compute x W_x + b for a chunk of steps.

    Parameters
    ----------
    part : InputPart
        From :func:`input_part`.
    xs : ndarray, shape (S, N, D), or of int, shape (S, N)
        Inputs of S steps.
    out : ndarray, shape (S, G, N, H)
        Written whole.
    scratch : ndarray, shape (G, S, N, H)
        Not used where G is 1.
    """
    if xs.ndim == 2:  # token ids
        # with "raise" NumPy would copy through a buffer; the ids have been checked. Where Python
        # is 32-bit, as in the page, NumPy takes no int64 for a row number.
        rows = (xs[:, None] + part.bias).astype(np.intp, copy=False)
        np.take(part.weights, rows, axis=0, out=out, mode="clip")
        return
    S, G, N, H = out.shape
    if G == 1:  # straight to where it is wanted
        steps = out.reshape(S, N * H)
        tiled(xs.reshape(S * N, -1), part.weights[0], out.reshape(S * N, H))
        np.add(steps, part.bias.reshape(N * H), steps)
        return
    tiled(xs.reshape(S * N, -1), part.weights, scratch.reshape(G, S * N, H))
    np.add(scratch.transpose(1, 0, 2, 3), part.bias, out)
