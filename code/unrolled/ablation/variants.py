"""The cells of the odyssey: the LSTM, the LSTM with a part taken out, and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from unrolled.cells import (
    GRU,
    LSTM,
    MGU,
    RNN,
    Cell,
    CoupledLSTM,
    LSTMParams,
    Memory,
    PeepholeLSTM,
    ResetBeforeGRU,
)
from unrolled.cells.base import Params
from unrolled.cells.biases import chrono, with_forget_bias
from unrolled.cells.lstm import LSTMCache
from unrolled.shapes import Array

WELDED = 60.0
"""A gate's bias at which float64 gives σ = 1 and a slope of 0, both exactly."""

Start = Callable[[Params, int, np.random.Generator], Params]


class Variant(NamedTuple):
    """A cell and how it starts."""

    cell: Cell
    start: Start
    """``start(params, T, rng)``: fresh parameters as this variant wants them."""


def _biased(value: float) -> Start:
    return lambda params, T, rng: with_forget_bias(params, value)


def _welded(block: int) -> Start:
    """Hold a gate of the LSTM open: 0 input, 1 forget, 2 output."""

    def start(params: LSTMParams, T: int, rng: np.random.Generator) -> LSTMParams:
        b = with_forget_bias(params, 1.0).b.copy()
        H = len(params.Wh)
        b[..., block * H : (block + 1) * H] = WELDED
        return params._replace(b=b)

    return start


def _linear_step(params: LSTMParams, x: Array, state: Memory) -> tuple[Memory, LSTMCache]:
    _, cache = LSTM.step(params, x, state)
    return Memory(cache.o * cache.c, cache.c), cache


def _linear_backward(dstate: Memory, cache: LSTMCache) -> tuple[Array | None, Memory, LSTMParams]:
    # the LSTM's twin with c for tanh(c); its slope 1 − c² is made 1 by what is added to dc
    dc = dstate.c + dstate.h * cache.o * cache.c * cache.c
    return LSTM.step_backward(Memory(dstate.h, dc), cache._replace(tanh_c=cache.c))


LINEAR_OUTPUT = LSTM._replace(
    name="LSTM, h = o ⊙ c", step=_linear_step, step_backward=_linear_backward
)
"""The LSTM without its output activation."""

VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "RNN": Variant(RNN, lambda params, T, rng: params),
        "LSTM, b_f = 0": Variant(LSTM, _biased(0.0)),
        "LSTM, b_f = 1": Variant(LSTM, _biased(1.0)),
        "LSTM, b_f = 3": Variant(LSTM, _biased(3.0)),
        "LSTM, b_f = 5": Variant(LSTM, _biased(5.0)),
        "LSTM, chrono": Variant(LSTM, lambda params, T, rng: chrono(params, T, rng=rng)),
        "no forget gate": Variant(LSTM, _welded(1)),
        "no input gate": Variant(LSTM, _welded(0)),
        "no output gate": Variant(LSTM, _welded(2)),
        "no output tanh": Variant(LINEAR_OUTPUT, _biased(1.0)),
        "peephole": Variant(PeepholeLSTM, _biased(1.0)),
        "coupled": Variant(CoupledLSTM, _biased(1.0)),
        "GRU": Variant(GRU, _biased(1.0)),
        "GRU, reset before": Variant(ResetBeforeGRU, _biased(1.0)),
        "MGU": Variant(MGU, _biased(1.0)),
    }
)
"""By name. Keeping gates start at a bias of 1 where the name says nothing else."""
