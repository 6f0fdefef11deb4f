"""What one cell's records are, and everything that follows from that alone.

Fresh weights, the first state and every check hang on the form of a cell and on nothing else,
so they are written once, here. A cell's own file holds its step and the step's twin.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from unrolled.cells.base import Cell, Params, State, check_x, is_ids
from unrolled.shapes import (
    Array,
    Dims,
    DTypeError,
    check,
    check_bias,
    check_dtype,
    check_rng,
    check_same_dtype,
    check_size,
)


class Form(NamedTuple):
    """The types of a cell's records, and how its weights are laid out.

    Every cell has Wx (D, kH), Wh (H, kH) and b (kH,): k blocks of H columns, one for each gate
    and candidate, side by side. See eq-lstm-stacked (chapter 9).
    """

    name: str
    """The cell's, as its users write it, ``"LSTM"``."""
    params: type[Any]
    """NamedTuple of Wx, Wh, b, then the further biases, then the further vectors."""
    state: type[Any]
    """NamedTuple of arrays (N, H), the hidden state h first."""
    blocks: int
    """k, how many."""
    biases: tuple[str, ...] = ()
    """Further biases, (H,) or (1, H)."""
    vectors: tuple[str, ...] = ()
    """Further weights, one for each unit, (H,)."""

    @property
    def width(self) -> str:
        """Axis of its columns, ``"H"`` or ``"4H"``."""
        return "H" if self.blocks == 1 else f"{self.blocks}H"


def make_cell(
    form: Form,
    step: Callable[..., Any],
    step_backward: Callable[..., Any],
    init: Callable[..., Params] | None = None,
) -> Cell:
    """Make the record of a cell of its form, its step and the step's twin.

    Parameters
    ----------
    form : Form
        What its records are.
    step, step_backward : callable
        As :class:`unrolled.cells.base.Cell` has them.
    init : callable, optional
        As :func:`fresh`, where the cell has a start of its own.

    Returns
    -------
    Cell
        A value of functions.
    """
    return Cell(
        form.name,
        _for(form, fresh if init is None else init),
        _for(form, zero_state),
        _for(form, check_params),
        _for(form, check_state),
        step,
        step_backward,
    )


def fresh(
    form: Form,
    D: int,
    H: int,
    *,
    rng: np.random.Generator,
    dtype: np.dtype[Any] | type = np.float64,
) -> Params:
    """Draw fresh weights, uniform in ±1/√H, and biases of zeros.

    Parameters
    ----------
    form : Form
        Given already where this is called as ``RNN.init``.
    D : int
        Input features.
    H : int
        Hidden units.
    rng : numpy.random.Generator
        Where the weights are drawn from; it moves on.
    dtype : dtype
        float32, float64 or complex128: the dtype of all that is computed.

    Returns
    -------
    NamedTuple
        Of the type of the cell's parameters.

    Raises
    ------
    ArgumentError, DTypeError
        A size below 1, another dtype, or something that is not a Generator.
    """
    check_size("D", D, "D")
    check_size("H", H, "H")
    check_rng(rng)
    dtype = check_dtype("dtype", dtype)
    width = 1 / np.sqrt(H)

    def drawn(*shape: int) -> Array:
        return rng.uniform(-width, width, shape).astype(dtype)

    columns = form.blocks * H
    return form.params(
        drawn(D, columns),
        drawn(H, columns),
        np.zeros(columns, dtype),
        *(np.zeros(H, dtype) for _ in form.biases),
        *(drawn(H) for _ in form.vectors),
    )


def zero_state(form: Form, params: Params, N: int) -> State:
    """Make the state of N sequences that have read nothing yet.

    Parameters
    ----------
    form : Form
        Given already where this is called as ``RNN.zero_state``.
    params : NamedTuple
        Says H and the dtype.
    N : int
        Sequences in the mini-batch.

    Returns
    -------
    NamedTuple
        Arrays (N, H), all zero.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        N below 1, or parameters that do not fit one another.
    """
    dims = check_params(form, params)
    shape = check_size("N", N, "N"), dims["H"].value
    return form.state(*(np.zeros(shape, params.Wh.dtype) for _ in form.state._fields))


def check_params(form: Form, params: Params) -> Dims:
    """Check that parameters are of the cell's own kind and fit one another.

    Parameters
    ----------
    form : Form
        Given already where this is called as ``RNN.check_params``.
    params : NamedTuple
        The argument as the user gave it.

    Returns
    -------
    mapping of str to Size
        D and H.

    Raises
    ------
    ShapeError, DTypeError
        They are something else, or do not fit.
    """
    _check_kind(form, params)
    hint = "" if form.blocks == 1 else "One block of H columns for each gate."
    dims = check("Wx", params.Wx, f"D {form.width}", hint=hint)
    check("Wh", params.Wh, f"H {form.width}", dims, hint="Did you swap Wx and Wh?")
    check_bias("b", params.b, form.width, dims)
    for name in form.biases:
        check_bias(name, getattr(params, name), "H", dims)
    for name in form.vectors:
        check(name, getattr(params, name), "H", dims)
    check_same_dtype(**params._asdict())
    return dims


def check_state(form: Form, name: str, state: State, params: Params, dims: Dims) -> Dims:
    """Check a state, or the gradient of one: its kind, each array (N, H), the dtype.

    Parameters
    ----------
    form : Form
        Given already where this is called as ``RNN.check_state``.
    name : str
        What it is called in messages: ``"state"``, ``"dstate"``.
    state : NamedTuple
        The argument as the user gave it.
    params : NamedTuple
        Already checked.
    dims : mapping of str to Size
        The sizes known.

    Returns
    -------
    mapping of str to Size
        With N.

    Raises
    ------
    ShapeError, DTypeError
        It does not fit.
    """
    _check_kind(form, params)
    kind, fields = form.state.__name__, form.state._fields
    if not isinstance(state, form.state):
        wanted = f"{name}, …" if len(fields) > 1 else name
        raise DTypeError(
            f"{name}: expected {kind}({', '.join(fields)}) with {' and '.join(fields)} "
            f"(N, sequences in the mini-batch; H, hidden units), "
            f"got {type(state).__name__}. Write {kind}({wanted})."
        )
    for field in fields:
        array = getattr(state, field)
        dims = check(f"{name}.{field}", array, "N H", dims, hint="Did you swap x and h?")
        check_same_dtype(**{"Wh": params.Wh, f"{name}.{field}": array})
    return dims


def check_step(form: Form, params: Params, x: Array, state: State) -> None:
    """Check all that a step is given.

    Parameters
    ----------
    form : Form
        The cell's.
    params, x, state
        The arguments as the user gave them.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Shapes or dtypes that do not fit, a token id out of range.
    """
    dims = check_x("x", x, "N", check_params(form, params))
    check_state(form, "state", state, params, dims)
    if not is_ids(x):
        check_same_dtype(Wx=params.Wx, x=x)


def check_cache(form: Form, cache: Any, kind: type[Any]) -> Dims:
    """Check that a cache is of the cell's own kind and its arrays fit one another.

    Parameters
    ----------
    form : Form
        The cell's.
    cache : NamedTuple
        The argument as the user gave it: params, x, then arrays (N, H).
    kind : type
        The NamedTuple it has to be.

    Returns
    -------
    mapping of str to Size
        D, H and N.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        It does not fit.
    """
    if not isinstance(cache, kind):
        raise DTypeError(
            f"cache: expected the {kind.__name__} that {form.name}.step returned second, of states "
            f"(N, sequences in the mini-batch; H, hidden units), got {type(cache).__name__}."
        )
    params, x, *arrays = cache
    named = dict(zip(kind._fields[2:], arrays, strict=True))
    dims = check_x("x", x, "N", check_params(form, params))
    for name, array in named.items():
        dims = check(name, array, "N H", dims)
    check_same_dtype(Wh=params.Wh, x=None if is_ids(x) else x, **named)
    return dims


def check_step_backward(form: Form, dstate: State, cache: Any, kind: type[Any]) -> None:
    """Check all that a step's twin is given.

    Parameters
    ----------
    form : Form
        The cell's.
    dstate, cache
        The arguments as the user gave them.
    kind : type
        The NamedTuple that the cache has to be.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        A gradient or a cache that does not fit.
    """
    dims = check_cache(form, cache, kind)
    check_state(form, "dstate", dstate, cache.params, dims)


def _check_kind(form: Form, params: object) -> None:
    if not isinstance(params, form.params):
        kind, w = form.params.__name__, form.width
        further = "".join(f", {name} (H,)" for name in (*form.biases, *form.vectors))
        raise DTypeError(
            f"params: expected {kind}(Wx (D, {w}), Wh (H, {w}), b ({w},){further}) of D input "
            f"features and H hidden units, got {type(params).__name__}. "
            f"Make them with {form.name}.init."
        )


def _for(form: Form, function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function its form, and leave it its docstring."""
    given = partial(function, form)
    given.__doc__ = function.__doc__
    return given
