"""Weights to and from other libraries' layouts, as plain arrays; none of them is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from unrolled.cells.rnn import RNNParams, check_params
from unrolled.shapes import ArgumentError, Array, check, check_same_dtype

Weights: TypeAlias = Mapping[str, Array]

_TORCH_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def from_torch(cell: str, weights: Weights) -> RNNParams:
    """Read the weights of a one-layer ``torch.nn.RNN``. See eq-layouts (chapter 3).

    PyTorch stores a weight as (out, in), the transpose of ours, and two biases
    that are only ever added.

    Parameters
    ----------
    cell : str
        ``"rnn"``, with the tanh non-linearity.
    weights : mapping of str to ndarray
        ``weight_ih_l0`` (H, D), ``weight_hh_l0`` (H, H), ``bias_ih_l0`` and
        ``bias_hh_l0`` (H,): a ``state_dict()`` with ``.numpy()`` on each.

    Returns
    -------
    RNNParams
        Copies; b is the sum of the two biases.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Another cell, names missing or too many, shapes that do not fit.
    """
    _check_cell(cell)
    if not isinstance(weights, Mapping):
        raise ArgumentError(
            f"weights: expected a mapping of {list(_TORCH_NAMES)}, got {type(weights).__name__}."
        )
    missing, extra = set(_TORCH_NAMES) - set(weights), set(weights) - set(_TORCH_NAMES)
    if missing or extra:
        raise ArgumentError(
            f"weights: expected exactly {list(_TORCH_NAMES)}, got {list(weights)}. "
            f"One layer, one direction, with biases."
        )
    weight_ih, weight_hh, bias_ih, bias_hh = (weights[name] for name in _TORCH_NAMES)
    dims = check("weight_ih_l0", weight_ih, "H D")
    dims = check("weight_hh_l0", weight_hh, "H H", dims)
    check("bias_ih_l0", bias_ih, "H", dims)
    check("bias_hh_l0", bias_hh, "H", dims)
    check_same_dtype(**weights)
    return RNNParams(
        Wx=weight_ih.T.copy(),
        Wh=weight_hh.T.copy(),
        b=np.where(bias_hh == 0, bias_ih, bias_ih + bias_hh),  # −0 + 0 would lose its sign
    )


def to_torch(params: RNNParams) -> dict[str, Array]:
    """Write weights as a one-layer ``torch.nn.RNN`` stores them. See eq-layouts (chapter 3).

    Parameters
    ----------
    params : RNNParams
        Ours; back by :func:`from_torch` they are the same to the last bit.

    Returns
    -------
    dict of str to ndarray
        Copies; b stands in ``bias_ih_l0``, zeros in ``bias_hh_l0``.

    Raises
    ------
    ShapeError, DTypeError
        Parameters that do not fit one another.
    """
    check_params(params)
    bias = params.b.reshape(-1)
    return {
        "weight_ih_l0": params.Wx.T.copy(),
        "weight_hh_l0": params.Wh.T.copy(),
        "bias_ih_l0": bias.copy(),
        "bias_hh_l0": np.zeros_like(bias),
    }


def _check_cell(cell: str) -> None:
    if not isinstance(cell, str) or cell != "rnn":
        raise ArgumentError(f"cell: expected 'rnn', got {cell!r}.")
