"""The order of the gates: which block of columns stands where, in each library."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from unrolled.cells.gates import blocks_of, side_by_side
from unrolled.shapes import ArgumentError, Array, check

ORDERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ours": MappingProxyType({"rnn": "n", "lstm": "ifog", "gru": "rzn"}),
        "torch": MappingProxyType({"rnn": "n", "lstm": "ifgo", "gru": "rzn"}),
        "keras": MappingProxyType({"rnn": "n", "lstm": "ifgo", "gru": "zrn"}),
        "onnx": MappingProxyType({"rnn": "n", "lstm": "iofg", "gru": "zrn"}),
    }
)
"""The gates side by side in one weight: by library, by cell, in this book's letters."""


def reorder(stacked: Array, have: str, want: str) -> Array:
    """Put the blocks of columns, one for each gate, into another order.

    See eq-lstm-stacked (chapter 9).

    Parameters
    ----------
    stacked : ndarray, shape (…, kH)
        Weights or a bias with k blocks of H columns.
    have : str
        The order they have, one letter a block: ``"ifog"`` is this book's LSTM.
    want : str
        The same letters in the order wanted.

    Returns
    -------
    ndarray, shape (…, kH)
        A copy.

    Raises
    ------
    ArgumentError
        The two orders do not have the same letters, each once, or more than nine.
    ShapeError, DTypeError
        The last axis cannot be cut into k equal blocks.
    """
    for name, order in (("have", have), ("want", want)):
        if not isinstance(order, str) or not 0 < len(order) < 10 or len(set(order)) < len(order):
            raise ArgumentError(
                f"{name}: expected one letter for each block of columns, 'ifog' say, "
                f"each once and at most nine, got {order!r}."
            )
    if set(have) != set(want):
        raise ArgumentError(f"want: expected the letters of {have!r} in some order, got {want!r}.")
    single = isinstance(stacked, np.ndarray) and stacked.ndim == 1
    check("stacked", stacked, f"{'' if single else '* '}{len(have)}H")
    blocks = blocks_of(stacked, len(have))
    return side_by_side(*(blocks[have.index(gate)] for gate in want))
