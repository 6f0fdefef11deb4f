"""Weights of one-layer ``torch.nn.RNN``, ``LSTM`` and ``GRU``."""

from __future__ import annotations

from collections.abc import Mapping

from unrolled.interop.layouts import (
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

NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def from_torch(cell: str, weights: Weights) -> Params:
    """Read the weights of a one-layer ``torch.nn.RNN``, ``LSTM`` or ``GRU``.

    See eq-layouts (chapter 3). PyTorch stores a weight as (out, in), the transpose of
    ours, and two biases that are added, but for the candidate of a GRU. An LSTM's rows
    are i, f, g, o; a GRU's are r, z, n.

    Parameters
    ----------
    cell : str
        ``"rnn"`` (with the tanh non-linearity), ``"lstm"`` or ``"gru"``.
    weights : mapping of str to ndarray
        ``weight_ih_l0`` (kH, D), ``weight_hh_l0`` (kH, H), ``bias_ih_l0`` and
        ``bias_hh_l0`` (kH,), with k = 1, 4 or 3: a ``state_dict()`` with ``.numpy()``
        on each.

    Returns
    -------
    RNNParams, LSTMParams or GRUParams
        Copies; b is the sum of the two biases, bhn the candidate's second one.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Another cell, names missing or too many, shapes that do not fit.
    """
    width = width_of(cell, "torch")
    if not isinstance(weights, Mapping):
        raise ArgumentError(
            f"weights: expected a mapping of {list(NAMES)}, got {type(weights).__name__}."
        )
    if set(weights) != set(NAMES):
        raise ArgumentError(
            f"weights: expected exactly {list(NAMES)}, got {list(weights)}. "
            f"{_names_hint({str(name) for name in weights}, width)}"
        )
    weight_ih, weight_hh, bias_ih, bias_hh = (weights[name] for name in NAMES)
    check_own_blocks(cell, "weight_hh_l0", weight_hh, columns=0)
    dims = check("weight_ih_l0", weight_ih, f"{width} D")
    dims = check("weight_hh_l0", weight_hh, f"{width} H", dims)
    check("bias_ih_l0", bias_ih, width, dims)
    check("bias_hh_l0", bias_hh, width, dims)
    check_same_dtype(**weights)
    return ours(cell, "torch", Stacked(weight_ih.T.copy(), weight_hh.T.copy(), bias_ih, bias_hh))


def to_torch(params: Params) -> dict[str, Array]:
    """Write weights as a one-layer ``torch.nn.RNN``, ``LSTM`` or ``GRU`` stores them.

    See eq-layouts (chapter 3).

    Parameters
    ----------
    params : RNNParams, LSTMParams or GRUParams
        Ours; back by :func:`from_torch` they are the same to the last bit, and a bias
        of one row comes back as (kH,).

    Returns
    -------
    dict of str to ndarray
        Copies; b stands in ``bias_ih_l0``, zeros in ``bias_hh_l0``, but for bhn.

    Raises
    ------
    ShapeError, DTypeError
        Parameters that do not fit one another, or of a cell that PyTorch has not.
    """
    kind = kind_of(params, "PyTorch", ("rnn", "lstm", "gru"))
    Wx, Wh, bx, bh = theirs(kind, "torch", params)
    return {
        "weight_ih_l0": Wx.T.copy(),
        "weight_hh_l0": Wh.T.copy(),
        "bias_ih_l0": bx,
        "bias_hh_l0": bh,
    }


def _names_hint(names: set[str], width: str) -> str:
    if any(name.endswith("_reverse") for name in names):
        return "Two directions are two layers: convert each alone, without _reverse in its names."
    if any("weight_hr" in name for name in names):
        return "A layer with proj_size is another cell."
    if names == set(NAMES[:2]):
        return f"A layer with bias=False: add two biases of {width} zeros."
    if {name.rpartition(".")[2] for name in names} == set(NAMES):
        return "Cut off what stands before the last dot."
    if names == {name.removesuffix("_l0") for name in NAMES}:
        return "A torch cell has no _l0 in its names: add it."
    if any(name.rpartition("_l")[2] not in ("", "0") for name in names if "_l" in name):
        return "Convert a stack layer by layer, each under the names of layer 0."
    return "One layer, one direction, with biases."
