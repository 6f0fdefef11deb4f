"""Real-time recurrent learning: the gradient of a sequence without a way back.

Instead of the past, a matrix is carried forward that says how the present state
depends on every parameter.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.cells.base import Cache, Cell, Params, State, check_cell, check_x, is_ids
from unrolled.shapes import ArgumentError, Array, check, check_same_dtype, check_size


class ForwardGradients(NamedTuple):
    """What :func:`rtrl` returns."""

    dparams: Params
    """Summed over every step, as `unrolled.unroll_backward` gives it."""
    dstate0: State
    """With respect to the state before the first step."""


class Costs(NamedTuple):
    """What a gradient costs for one sequence of the plain cell, in numbers and in products."""

    weights: int
    """Entries of W_x, W_h and b together."""
    rtrl_held: int
    """Numbers in the influence matrix, whatever T is."""
    bptt_held: int
    """Numbers in the hidden states of T steps."""
    rtrl_products: int
    """Multiplications for each step, of the Jacobian and the influence matrix."""
    bptt_products: int
    """Multiplications for each step of the way back: those for dWh, dWx and dh."""


def rtrl(
    cell: Cell,
    params: Params,
    xs: Array,
    dhs: Array | None,
    state0: State | None = None,
    dstate_T: State | None = None,
) -> ForwardGradients:
    """Compute the gradient of a sequence on the way forward, no step kept.

    See eq-rtrl-influence and eq-rtrl-gradient (chapter 8); Williams and Zipser 1989.

    Parameters
    ----------
    cell : Cell
        RNN, or any record of the same functions.
    params : NamedTuple
        The cell's parameters.
    xs : ndarray, shape (T, N, D), or of int, shape (T, N)
        Inputs or token ids.
    dhs : ndarray, shape (T, N, H), or None
        Gradient that reaches each hidden state from above.
    state0 : NamedTuple, optional
        State before the first step; zeros if left out.
    dstate_T : NamedTuple, optional
        Gradient that reaches the last state from what follows. Not both may be None.

    Returns
    -------
    ForwardGradients
        Equal to those of `unrolled.unroll_backward`, up to rounding.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit, or no gradient at all.
    """
    check_cell(cell)
    dims = check_x("xs", xs, "T N", cell.check_params(params))
    N = dims["N"].value
    state = cell.zero_state(params, N) if state0 is None else state0
    cell.check_state("state0", state, params, dims)
    if dhs is None and dstate_T is None:
        raise ArgumentError(
            "dhs, dstate_T: expected a gradient with respect to the states "
            "(T, time steps; N, sequences; H, hidden units) or to the last one, got None for both."
        )
    if dhs is not None:
        check("dhs", dhs, "T N H", dims, hint="One gradient for each hidden state of the run.")
    check_same_dtype(Wx=params.Wx, xs=None if is_ids(xs) else xs, dhs=dhs)
    if dstate_T is not None:
        cell.check_state("dstate_T", dstate_T, params, dims)

    zero = cell.zero_state(params, N)
    S, P = _rows(zero).shape[1], sum(each.size for each in params)
    on_params = np.zeros((N, S, P), params.Wx.dtype)
    on_state0 = np.broadcast_to(np.eye(S, dtype=params.Wx.dtype), (N, S, S))
    row, rows0 = np.zeros(P, params.Wx.dtype), np.zeros_like(_rows(zero))
    for t, x in enumerate(xs):
        state, cache = cell.step(params, x, state)
        jacobian, immediate = _derivatives(cell, zero, cache, S, P)
        on_params = immediate + jacobian @ on_params
        on_state0 = jacobian @ on_state0
        arriving = _rows(zero if dhs is None else zero._replace(h=dhs[t]))
        if dstate_T is not None and t == len(xs) - 1:
            arriving = arriving + _rows(dstate_T)
        row = row + np.einsum("ns,nsp->p", arriving, on_params)
        rows0 = rows0 + np.einsum("ns,nsr->nr", arriving, on_state0)
    return ForwardGradients(_cut(row, params), type(zero)(*np.split(rows0, len(zero), axis=1)))


def costs(D: int, H: int, T: int) -> Costs:
    """Count what RTRL and BPTT hold and multiply, for one sequence of the plain cell.

    Only what grows with a product of two sizes is counted: not the additions, not
    the slopes of tanh, not the forward pass, which both need. See chapter 8.

    Parameters
    ----------
    D, H : int
        Input features, hidden units.
    T : int
        Steps of the sequence.

    Returns
    -------
    Costs
        Numbers held, and multiplications a step.

    Raises
    ------
    ArgumentError
        A size below 1.
    """
    for name, size in (("D", D), ("H", H), ("T", T)):
        check_size(name, size, name)
    weights = D * H + H * H + H
    return Costs(weights, H * weights, T * H, H * H * weights, D * H + 2 * H * H)


def _derivatives(cell: Cell, zero: State, cache: Cache, S: int, P: int) -> tuple[Array, Array]:
    """Differentiate a state by the one before, (N, S, S), and by this step's weights, (N, S, P).

    A gradient of 1 at one number of the state, carried back one step, is one row of both.
    """
    jacobian, immediate = [], []
    N = len(zero.h)
    for n in range(N):
        for field in zero._fields:
            zeros = getattr(zero, field)
            for k in range(zeros.shape[1]):
                unit = np.zeros_like(zeros)
                unit[n, k] = 1
                _, dstate, dparams = cell.step_backward(zero._replace(**{field: unit}), cache)
                jacobian.append(_rows(dstate)[n])
                immediate.append(np.concatenate([each.ravel() for each in dparams]))
    return np.stack(jacobian).reshape(N, S, S), np.stack(immediate).reshape(N, S, P)


def _rows(state: State) -> Array:
    """Lay the arrays of a state side by side, (N, S)."""
    return np.concatenate(state, axis=1)


def _cut(row: Array, params: Params) -> Params:
    """Cut one row of P numbers into arrays like those of the parameters."""
    ends = np.cumsum([each.size for each in params])
    parts = np.split(row, ends[:-1])
    return type(params)(*map(np.reshape, parts, [each.shape for each in params]))
