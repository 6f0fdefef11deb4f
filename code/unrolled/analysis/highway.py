"""How far the LSTM's cell state carries a gradient, and what comes besides through h."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled import ops
from unrolled.cells.form import check_cache
from unrolled.cells.gates import blocks_of
from unrolled.cells.lstm import FORM, LSTM, LSTMCache, Memory
from unrolled.sequence import Tape
from unrolled.shapes import ArgumentError, Array


class CellJacobian(NamedTuple):
    """The two parts of ∂c_t/∂c_{t−1}; each (N, H, H), [new, old]: the output's index first."""

    direct: Array
    """Along the cell state itself, diag(f_t)."""
    through_h: Array
    """Through h_{t−1} and the gates i, f and the candidate g that read it."""


class CellGradients(NamedTuple):
    """Gradients of the cell states 0, 1, … T steps before the last; each (T + 1, N, H)."""

    full: Array
    """dL/dc, along every path."""
    highway: Array
    """Its part that never leaves the cell state: the last one times the forget gates between."""


def cell_jacobian(previous: LSTMCache, cache: LSTMCache) -> CellJacobian:
    """Differentiate c_t by c_{t−1}, with h_{t−1} as the step before made it.

    See eq-lstm-dcdc (chapter 10). The gates of step t − 1, and all that came before, are held
    fixed. The output gate of step t is not in it, since c_t does not depend on it.

    Parameters
    ----------
    previous : LSTMCache
        Second result of ``LSTM.step`` for step t − 1.
    cache : LSTMCache
        The same for step t.

    Returns
    -------
    CellJacobian
        Both parts, (N, H, H); their sum is the derivative. Of the dtype of the parameters.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not two caches of the LSTM, or not of two steps in a row.
    """
    for each in (previous, cache):
        check_cache(FORM, each, LSTMCache)
    shown = previous.o * previous.tanh_c
    for name, made, read in (("c", previous.c, cache.c_prev), ("h", shown, cache.h_prev)):
        if not np.array_equal(made, read, equal_nan=True):
            raise ArgumentError(
                f"previous: expected the cache of the step before, "
                f"whose {name} (N, sequences; H, hidden units) is cache.{name}_prev, "
                f"got one of another step. Did you swap the two?"
            )
    W_i, W_f, _, W_g = (block.T for block in blocks_of(cache.params.Wh, 4))  # [new, old]
    slope_i = ops.sigmoid_backward(cache.g, cache.i)  # ∂c_t/∂a of each block
    slope_f = ops.sigmoid_backward(cache.c_prev, cache.f)
    slope_g = ops.tanh_backward(cache.i, cache.g)
    by_h = slope_i[:, :, None] * W_i + slope_f[:, :, None] * W_f + slope_g[:, :, None] * W_g
    h_by_c = ops.tanh_backward(previous.o, previous.tanh_c)
    direct = cache.f[:, :, None] * np.eye(cache.f.shape[1], dtype=cache.f.dtype)
    return CellJacobian(direct, by_h * h_by_c[:, None, :])


def cell_gradients(tape: Tape, dstate_T: Memory) -> CellGradients:
    """Carry a gradient back from the last state, and beside it the highway's part alone.

    See eq-lstm-dc and eq-lstm-dcdc (chapter 10). The full gradient of c_t counts both uses of
    c_t, in h_t and in c_{t+1}; that of c_0, which made no h, the one it has.

    Parameters
    ----------
    tape : Tape
        Third result of ``unroll(LSTM, …)``.
    dstate_T : Memory
        The gradient that arrives at h_T and c_T.

    Returns
    -------
    CellGradients
        [lag, n, unit], one for each lag from 0 to T; equal at lag 0.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Not a tape of the LSTM, or a gradient that does not fit its states.
    """
    is_tape = isinstance(tape, Tape) and isinstance(tape.caches, tuple)
    if not is_tape or not tape.caches or tape.cell is not LSTM:
        raise ArgumentError(
            "tape: expected the Tape of one step or more that unroll(LSTM, …) returned third "
            "(T, time steps; N, sequences), "
            f"got {'another Tape' if is_tape else type(tape).__name__}."
        )
    dstate, full, gates = dstate_T, [], []
    for cache in reversed(tape.caches):
        _, dstate_prev, _ = LSTM.step_backward(dstate, cache)
        full.append(dstate.c + ops.tanh_backward(dstate.h * cache.o, cache.tanh_c))
        gates.append(cache.f)
        dstate = dstate_prev
    full.append(dstate.c)
    kept = np.cumprod(np.stack([np.ones_like(dstate_T.c), *gates]), axis=0)
    return CellGradients(np.stack(full), full[0] * kept)
