"""Who learns: a cell, how wide it is, and how its keeping gate starts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from unrolled.cells import GRU, LSTM, RNN, Cell
from unrolled.cells.base import Params
from unrolled.cells.biases import chrono, with_forget_bias


class Learner(NamedTuple):
    """A cell and its start."""

    cell: Cell
    bias: float | Literal["chrono"] | None
    """Of the gate that keeps; by chrono, of the gate that lets in too."""
    width: float
    """How many times as many units as the LSTM, for about as many recurrent weights."""


LEARNERS: Mapping[str, Learner] = MappingProxyType(
    {
        "RNN": Learner(RNN, None, 2.0),
        "GRU, b_z = 1": Learner(GRU, 1.0, (4 / 3) ** 0.5),
        "LSTM, b_f = 1": Learner(LSTM, 1.0, 1.0),
        "LSTM, b_f = 3": Learner(LSTM, 3.0, 1.0),
        "LSTM, chrono": Learner(LSTM, "chrono", 1.0),
    }
)
"""By name."""


def started(learner: Learner, params: Params, lag: int, *, rng: np.random.Generator) -> Params:
    """Set the bias of the keeping gate, where there is one.

    Parameters
    ----------
    learner : Learner
        Says to what.
    params : NamedTuple
        Fresh ones of its cell.
    lag : int
        The longest lag, in steps, which chrono is told.
    rng : numpy.random.Generator
        Where chrono draws from; it moves on.

    Returns
    -------
    NamedTuple
        As ``params``.
    """
    if learner.bias is None:
        return params
    if learner.bias == "chrono":
        return chrono(params, lag, rng=rng)
    return with_forget_bias(params, learner.bias)
