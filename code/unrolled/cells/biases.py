"""How long a fresh cell remembers: the bias of the gate that keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.cells.base import Cell, Params
from unrolled.cells.coupled import CoupledLSTM, CoupledLSTMParams
from unrolled.cells.gru import GRU, GRUParams
from unrolled.cells.lstm import LSTM, LSTMParams
from unrolled.cells.mgu import MGU, MGUParams
from unrolled.cells.peephole import PeepholeLSTM, PeepholeLSTMParams
from unrolled.cells.reset_before import ResetBeforeGRU, ResetBeforeGRUParams
from unrolled.shapes import ArgumentError, Array, DTypeError, check_rng


class Keeper(NamedTuple):
    """Which gate of a cell keeps."""

    cell: Cell
    block: int
    """Its block of H columns."""
    sign: int
    """1 if an open gate keeps, −1 if an open gate overwrites."""
    writer: int | None
    """The block of a gate of its own that lets in, or None if the keeping gate does that."""


KEEPERS: Mapping[type[Any], Keeper] = {
    LSTMParams: Keeper(LSTM, 1, 1, 0),
    PeepholeLSTMParams: Keeper(PeepholeLSTM, 1, 1, 0),
    CoupledLSTMParams: Keeper(CoupledLSTM, 0, -1, None),
    GRUParams: Keeper(GRU, 1, 1, None),
    ResetBeforeGRUParams: Keeper(ResetBeforeGRU, 1, 1, None),
    MGUParams: Keeper(MGU, 0, -1, None),
}
"""By the type of the parameters."""


def with_forget_bias(params: Params, value: float) -> Params:
    """Set the bias of the gate that keeps, and no other.

    That is the forget gate of the LSTM and of the peephole LSTM, and the gate z of both
    GRUs. The coupled LSTM and the minimal gated unit keep with 1 − σ(a) = σ(−a), so there
    the bias becomes −value. In each of them a pre-activation of ``value`` keeps σ(value).

    Parameters
    ----------
    params : NamedTuple
        Of one of those six cells.
    value : float
        The bias; 1 keeps about 73 % at each step (Gers, Schmidhuber, Cummins 2000;
        Jozefowicz, Zaremba, Sutskever 2015).

    Returns
    -------
    NamedTuple
        As ``params``, with another b.

    Raises
    ------
    ArgumentError, DTypeError, ShapeError
        Parameters of another cell, or that do not fit one another; a value that is not finite.
    """
    keeper = _keeper(params)
    finite = isinstance(value, (int, float, np.integer, np.floating))
    if isinstance(value, bool) or not finite or not np.isfinite(value):
        raise ArgumentError(f"value: expected a finite number, got {value!r}.")
    return params._replace(b=_with_block(params, keeper.block, keeper.sign * value))


def chrono(params: Params, T_max: float, *, rng: np.random.Generator) -> Params:
    """Draw the biases of the keeping gate for lags up to ``T_max``. See eq-chrono (chapter 11).

    b_f ~ log U[1, T_max − 1] and b_i = −b_f, unit by unit (Tallec and Ollivier 2018): each
    unit keeps for 1/(1 − σ(b_f)) steps, spread evenly from 2 to T_max. A cell whose keeping
    gate also lets in has no b_i of its own, and gets the first of the two.

    Parameters
    ----------
    params : NamedTuple
        Of one of the cells of :func:`with_forget_bias`.
    T_max : float
        The longest lag expected, in steps, at least 2.
    rng : numpy.random.Generator
        Where the biases are drawn from; it moves on.

    Returns
    -------
    NamedTuple
        As ``params``, with another b.

    Raises
    ------
    ArgumentError, DTypeError, ShapeError
        Parameters of another cell, or that do not fit one another; fewer than 2 steps, or
        no Generator.
    """
    keeper = _keeper(params)
    finite = isinstance(T_max, (int, float, np.integer, np.floating))
    if isinstance(T_max, bool) or not finite or not 2 <= T_max < np.inf:
        raise ArgumentError(f"T_max: expected a number of at least 2 steps, got {T_max!r}.")
    check_rng(rng)
    keep = np.log(rng.uniform(1, T_max - 1, params.Wh.shape[0])).astype(params.b.dtype)
    kept = params._replace(b=_with_block(params, keeper.block, keeper.sign * keep))
    if keeper.writer is None:
        return kept
    return kept._replace(b=_with_block(kept, keeper.writer, -keep))


def _with_block(params: Params, block: int, value: Array | float) -> Array:
    H = params.Wh.shape[0]
    b: Array = params.b.copy()
    b[..., block * H : (block + 1) * H] = value
    return b


def _keeper(params: object) -> Keeper:
    keeper = KEEPERS.get(type(params))
    if keeper is None:
        names = ", ".join(form.__name__ for form in KEEPERS)
        raise DTypeError(
            f"params: expected weights of a cell with a gate that keeps, {names}, "
            f"got {type(params).__name__}. The plain RNN has no such gate."
        )
    keeper.cell.check_params(params)
    return keeper
