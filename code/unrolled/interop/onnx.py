"""Weights of the ONNX operators ``RNN``, ``LSTM`` and ``GRU``."""

from __future__ import annotations

from collections.abc import Mapping

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
from unrolled.interop.orders import ORDERS
from unrolled.shapes import (
    ArgumentError,
    Array,
    DTypeError,
    ShapeError,
    check,
    check_same_dtype,
    describe,
)

NAMES = ("W", "R", "B")


def from_onnx(cell: str, weights: Weights, *, linear_before_reset: int | None = None) -> Params:
    """Read the weights of an ONNX ``RNN``, ``LSTM`` or ``GRU`` node.

    ONNX stores (directions, out, in) and both biases in one row. An LSTM's rows are
    i, o, f, g (its c is our g); a GRU's are z, r, n (its h is our n).

    Parameters
    ----------
    cell : str
        ``"rnn"``, ``"lstm"`` or ``"gru"``, with the default activations.
    weights : mapping of str to ndarray
        The node's inputs ``W`` (1, kH, D), ``R`` (1, kH, H) and ``B`` (1, 2kH), with
        k = 1, 4 or 3; ``B`` may be left out, as there, and is zero then.
    linear_before_reset : int, optional
        The GRU node's attribute, always to be said for a GRU: 0, the default of ONNX,
        resets before the recurrent product, see eq-gru-before (chapter 11); 1 after.

    Returns
    -------
    RNNParams, LSTMParams, GRUParams (1) or ResetBeforeGRUParams (0)
        Copies; b is the sum of the two biases, bhn the candidate's second one.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Another cell, names missing or too many, peepholes, two directions, shapes that
        do not fit, or a GRU without a word on its reset gate.
    """
    width = width_of(cell, "onnx")
    kind = _kind(cell, linear_before_reset)
    _check_names(weights)
    given = {name: weights[name] for name in NAMES if name in weights}
    both = f"{2 * len(ORDERS['onnx'][cell])}H"
    axes = {"W": f"{width} D", "R": f"{width} H", "B": both}
    for name, array in given.items():
        _check_one_direction(name, array, axes[name])
    only = {name: direction for name, (direction,) in given.items()}
    check_own_blocks(cell, "R[0]", only["R"], columns=0)
    dims = None
    for name, array in only.items():
        dims = check(f"{name}[0]", array, axes[name], dims)
    check_same_dtype(**given)
    W, R = only["W"].T.copy(), only["R"].T.copy()
    rows = R.shape[1]
    B = only.get("B", np.zeros(2 * rows, R.dtype))
    return ours(kind, "onnx", Stacked(W, R, B[:rows], B[rows:]))


def to_onnx(params: Params) -> dict[str, Array]:
    """Write weights as the inputs of an ONNX ``RNN``, ``LSTM`` or ``GRU`` node.

    Parameters
    ----------
    params : RNNParams, LSTMParams, GRUParams or ResetBeforeGRUParams
        Ours; back by :func:`from_onnx` they are the same to the last bit, and a bias of
        one row comes back as (kH,). Give the node linear_before_reset=1 for GRUParams
        and 0 for ResetBeforeGRUParams.

    Returns
    -------
    dict of str to ndarray
        Copies; b stands in the first half of ``B``, zeros in the second, but for bhn.

    Raises
    ------
    ShapeError, DTypeError
        Parameters that do not fit one another, or of a cell that ONNX has not.
    """
    kind = kind_of(params, "ONNX", ("rnn", "lstm", "gru", BEFORE))
    Wx, Wh, bx, bh = theirs(kind, "onnx", params)
    return {
        "W": Wx.T.copy()[None],
        "R": Wh.T.copy()[None],
        "B": np.concatenate([bx, bh])[None],
    }


def _kind(cell: str, linear_before_reset: object) -> str:
    if cell != "gru":
        if linear_before_reset is not None:
            raise ArgumentError(
                f"linear_before_reset: expected None for cell={cell!r}, which has no reset gate, "
                f"got {linear_before_reset!r}."
            )
        return cell
    whole = isinstance(linear_before_reset, (int, np.integer))
    if not whole or isinstance(linear_before_reset, bool) or linear_before_reset not in (0, 1):
        raise ArgumentError(
            f"linear_before_reset: expected the GRU node's attribute, 0 or 1, got "
            f"{linear_before_reset!r}. A node that does not have it means 0."
        )
    return "gru" if linear_before_reset == 1 else BEFORE


def _check_names(weights: object) -> None:
    if not isinstance(weights, Mapping):
        raise ArgumentError(
            f"weights: expected a mapping of {list(NAMES)}, got {type(weights).__name__}."
        )
    names = set(weights)
    if "P" in names:
        raise ArgumentError(
            f"weights: expected {list(NAMES)}, got P too, the peepholes from the cell state to "
            f"the gates, which the cells converted here do not have."
        )
    if not {"W", "R"} <= names <= set(NAMES):
        raise ArgumentError(
            f"weights: expected {list(NAMES)}, B optional, got {list(weights)}. "
            f"X, sequence_lens and the initial states are data."
        )


def _check_one_direction(name: str, array: object, axes: str) -> None:
    if not isinstance(array, np.ndarray):
        raise DTypeError(
            f"{name}: expected a NumPy array, directions first and then {describe(axes)}, "
            f"got {type(array).__name__}. Take it with onnx.numpy_helper.to_array."
        )
    count = 1 + len(axes.split())
    if array.ndim != count:
        raise ShapeError(
            f"{name}: expected {count} axes, directions first and then {describe(axes)}, "
            f"got {array.ndim}; {name} is {array.shape}. One direction still has its axis: "
            f"index with [None]."
        )
    if array.shape[0] != 1:
        raise ShapeError(
            f"{name}: axis 0 (directions) should be 1, got {array.shape[0]}; {name} is "
            f"{array.shape}. A bidirectional node is two layers: convert {name}[:1] and "
            f"{name}[1:] with the same of the others, each alone."
        )
