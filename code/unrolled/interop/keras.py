"""Weights of the Keras layers ``SimpleRNN``, ``LSTM`` and ``GRU``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from unrolled.interop.layouts import (
    BEFORE,
    Params,
    Stacked,
    Weights,
    check_own_blocks,
    kind_of,
    ours,
    theirs,
    width_of,
)
from unrolled.shapes import ArgumentError, Array, check, check_same_dtype

NAMES = ("kernel", "recurrent_kernel", "bias")


def from_keras(cell: str, weights: Weights | Sequence[Array]) -> Params:
    """Read the weights of a Keras ``SimpleRNN``, ``LSTM`` or ``GRU`` layer.

    Keras stores rows, as we do. An LSTM's columns are i, f, g, o (its c̃ is our g); a
    GRU's are z, r, n (its h̃ is our n). A GRU with ``reset_after=True``, the default,
    has two biases; one with ``reset_after=False`` has one, and is another cell:
    see eq-gru-before (chapter 11).

    Parameters
    ----------
    cell : str
        ``"rnn"``, ``"lstm"`` or ``"gru"``.
    weights : mapping of str to ndarray, or list of ndarray
        ``kernel`` (D, kH), ``recurrent_kernel`` (H, kH) and ``bias`` (kH,), or (2, 3H)
        of a GRU that resets after, with k = 1, 4 or 3; a list in this order, as
        ``layer.get_weights()`` gives it.

    Returns
    -------
    RNNParams, LSTMParams, GRUParams or ResetBeforeGRUParams
        Copies; of a GRU's two biases all is added but the candidate's.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Another cell, names missing or too many, shapes that do not fit.
    """
    width = width_of(cell, "keras")
    named = _named(weights)
    kernel, recurrent, bias = (named[name] for name in NAMES)
    check_own_blocks(cell, "recurrent_kernel", recurrent, columns=1)
    dims = check("kernel", kernel, f"D {width}")
    dims = check("recurrent_kernel", recurrent, f"H {width}", dims)
    two = cell == "gru" and isinstance(bias, np.ndarray) and bias.ndim == 2 and len(bias) == 2
    each = "each row of bias" if two else "bias"
    for row in bias if two else [bias]:
        check(each, row, width, dims, hint=_bias_hint(cell))
    check_same_dtype(**named)
    bx, bh = bias if two else (bias, np.zeros_like(bias))
    kind = BEFORE if cell == "gru" and not two else cell
    return ours(kind, "keras", Stacked(kernel, recurrent, bx, bh))


def to_keras(params: Params) -> dict[str, Array]:
    """Write weights as the Keras layers ``SimpleRNN``, ``LSTM`` and ``GRU`` store them.

    Parameters
    ----------
    params : RNNParams, LSTMParams, GRUParams or ResetBeforeGRUParams
        Ours; back by :func:`from_keras` they are the same to the last bit, and a bias
        of one row comes back as (kH,). The last belong to ``reset_after=False``.

    Returns
    -------
    dict of str to ndarray
        Copies, in the order of ``layer.set_weights(list(….values()))``.

    Raises
    ------
    ShapeError, DTypeError
        Parameters that do not fit one another, or of a cell that Keras has not.
    """
    kind = kind_of(params, "Keras", ("rnn", "lstm", "gru", BEFORE))
    Wx, Wh, bx, bh = theirs(kind, "keras", params)
    bias = np.stack([bx, bh]) if kind == "gru" else bx
    return {"kernel": Wx, "recurrent_kernel": Wh, "bias": bias}


def _named(weights: object) -> dict[str, Array]:
    if isinstance(weights, (list, tuple)) and len(weights) == len(NAMES):
        kernel, recurrent, bias = weights
        return {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}
    if isinstance(weights, Mapping) and set(weights) == set(NAMES):
        return dict(weights)
    got: object = type(weights).__name__
    count = None
    if isinstance(weights, Mapping):
        got, count = list(weights), len(weights)
    elif isinstance(weights, (list, tuple)):
        got, count = f"{len(weights)} of them", len(weights)
    hint: Mapping[int | None, str] = {
        2: " A layer with use_bias=False: add a bias of zeros.",
        6: " Two directions or two layers: convert each alone.",
    }
    raise ArgumentError(f"weights: expected {list(NAMES)}, got {got}.{hint.get(count, '')}")


def _bias_hint(cell: str) -> str:
    if cell == "gru":
        return "A GRU's bias is (2, 3H) with reset_after=True and (3H,) with reset_after=False."
    return "One bias for each column."
