"""The cells that the contract suite runs for; a new cell joins by one line here.

Its step and its twin as loops and as matrices stand in ``tests/oracle``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled import GRU, LSTM, RNN
from unrolled.cells import MGU, CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from unrolled.trees import map_arrays

CELLS = (RNN, LSTM, GRU, ResetBeforeGRU, PeepholeLSTM, CoupledLSTM, MGU)

# T, N, D, H: each of one, all pairs equal, all different
SIZES = (
    (1, 1, 1, 1),
    (1, 2, 3, 4),
    (4, 1, 3, 2),
    (3, 2, 1, 4),
    (3, 2, 3, 1),
    (3, 3, 3, 2),
    (2, 3, 2, 3),
    (2, 4, 2, 2),
    (3, 3, 3, 3),
    (5, 2, 4, 3),
)


class Case(NamedTuple):
    """One run: parameters, inputs, a first state that is not zero, and gradients from above."""

    params: object
    xs: np.ndarray
    state0: object
    dhs: np.ndarray
    dstate_T: object


def draw(cell, sizes, *, bias="flat", tokens=False, dtype=np.float64, seed=0):
    T, N, D, H = sizes
    rng = np.random.default_rng([seed, *sizes])
    is_complex = np.dtype(dtype).kind == "c"

    def numbers(like):
        shape = np.shape(like)
        values = rng.normal(0, 0.8, shape)
        return (values + 1j * rng.normal(0, 0.1, shape) if is_complex else values).astype(dtype)

    params = map_arrays(numbers, cell.init(D, H, rng=rng, dtype=dtype))
    if bias == "row":
        biases = [field for field in params._fields if field.startswith("b")]
        params = params._replace(**{field: getattr(params, field)[None] for field in biases})
    xs = rng.integers(0, D, (T, N)) if tokens else numbers(np.empty((T, N, D)))
    zero = cell.zero_state(params, N)
    return Case(
        params,
        xs,
        map_arrays(numbers, zero),
        numbers(np.empty((T, N, H))),
        map_arrays(numbers, zero),
    )
