"""What every cell offers, as one record of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from unrolled import ops
from unrolled.shapes import Array, Dims, DTypeError, check, check_ids

Params: TypeAlias = Any  # a NamedTuple of arrays: RNNParams, …
State: TypeAlias = Any  # a NamedTuple of arrays: Hidden, …
Cache: TypeAlias = Any  # what one step keeps for its backward twin


class Cell(NamedTuple):
    """One step of a recurrence: its parameters, its state, the step and its twin.

    A cell is a value that holds functions and no arrays, so that
    :func:`unrolled.sequence.unroll` can run any of them, the reader's own too.
    """

    name: str
    """As a reader would say it, ``"RNN"``."""
    init: Callable[..., Params]
    """``init(D, H, rng=…, dtype=…)``: fresh parameters."""
    zero_state: Callable[[Params, int], State]
    """``zero_state(params, N)``: the state before the first step."""
    check_params: Callable[[Params], Dims]
    """Refuse parameters that do not fit one another; return D and H."""
    check_state: Callable[[str, State, Params, Dims], Dims]
    """Refuse a state that does not fit; the name is the argument's, for the message."""
    step: Callable[[Params, Array, State], tuple[State, Cache]]
    """``step(params, x, state)``: the next state, and the cache for the way back."""
    step_backward: Callable[[State, Cache], tuple[Array | None, State, Params]]
    """``step_backward(dstate, cache)``: dx, the gradient of the state before, dparams."""


def check_cell(cell: object) -> None:
    """Check that something is a cell, every part of it a function.

    Parameters
    ----------
    cell : Cell
        The argument as the user gave it.

    Raises
    ------
    DTypeError
        It is something else.
    """
    if not isinstance(cell, Cell) or not all(callable(part) for part in cell[1:]):
        raise DTypeError(
            f"cell: expected a Cell, a record of functions such as RNN, got {type(cell).__name__}."
        )


def is_ids(x: Array) -> bool:
    """Tell token ids, the only integers that enter, from vectors.

    Parameters
    ----------
    x : ndarray
        One input or all of them.

    Returns
    -------
    bool
        True for integers.
    """
    return isinstance(x, np.ndarray) and bool(np.issubdtype(x.dtype, np.integer))


def check_x(name: str, x: Array, axes: str, dims: Dims) -> Dims:
    """Check vectors (…, D) or token ids (…) against the parameters.

    Parameters
    ----------
    name : str
        ``"x"`` or ``"xs"``.
    x : ndarray
        Vectors of D features, or integer ids below D.
    axes : str
        The axes before D: ``"N"`` or ``"T N"``.
    dims : mapping of str to Size
        With D.

    Returns
    -------
    mapping of str to Size
        With the letters of ``axes``.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        It does not fit, or an id is out of range.
    """
    if is_ids(x) and isinstance(axes, str) and x.ndim == len(axes.split()):
        return check_ids(name, x, axes, dims, "D")
    return check(name, x, f"{axes} D", dims, hint="Did you swap x and h?")


def input_part(Wx: Array, x: Array) -> Array:
    """Multiply the input by its weights; a token id picks the row that its one-hot row would.

    Parameters
    ----------
    Wx : ndarray, shape (D, H), or (D, 4H) and the like
        Input weights, already checked.
    x : ndarray, shape (N, D), or of int, shape (N,)
        One input per sequence, already checked.

    Returns
    -------
    ndarray
        x Wx, a row per sequence.
    """
    return Wx[x] if is_ids(x) else x @ Wx


def input_part_backward(da: Array, Wx: Array, x: Array) -> tuple[Array, Array | None]:
    """Carry a gradient back through :func:`input_part`.

    Parameters
    ----------
    da : ndarray
        Gradient with respect to x Wx.
    Wx, x : ndarray
        As for :func:`input_part`.

    Returns
    -------
    dWx : ndarray
        As ``Wx``, summed over the batch.
    dx : ndarray, shape (N, D), or None
        None for token ids, which have no gradient.
    """
    if is_ids(x):
        return ops.one_hot(x, Wx.shape[0], da.dtype).T @ da, None
    return x.T @ da, da @ Wx.T
