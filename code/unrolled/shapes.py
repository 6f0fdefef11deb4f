"""One clear sentence for every array that does not fit, before anything is computed.

Every public function of the package describes its arrays in axis letters,
``"T N D"`` say, and calls :func:`check`. The letters mean the same everywhere:
see ``AXES``. Chapter 3 of the book is about these checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import permutations
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

AXES: Mapping[str, str] = {
    "T": "time steps",
    "N": "sequences in the mini-batch",
    "D": "input features",
    "H": "hidden units",
    "V": "classes",
}

DTYPES = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.complex128))


class ArgumentError(ValueError):
    """An argument that cannot be computed with; the message says which and why."""


class ShapeError(ArgumentError):
    """An array whose number of axes, or the size of one of them, does not fit."""


class DTypeError(ArgumentError, TypeError):
    """Something that is not an array of the numbers expected."""


class Size(NamedTuple):
    """A size an axis letter stands for, and the argument it was read from."""

    value: int
    source: str


Dims: TypeAlias = Mapping[str, Size]


def check(name: str, array: object, axes: str, dims: Dims | None = None, *, hint: str = "") -> Dims:
    """Check that ``array`` has the axes named, and read the sizes not known yet.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    array : ndarray
        Must be of a dtype in ``DTYPES``, no axis empty.
    axes : str
        Axis letters in order, ``"T N D"``. A letter may carry a factor,
        ``"D 4H"``; a leading ``"*"`` stands for any number of further axes.
    dims : mapping of str to Size, optional
        The sizes known so far, each with the argument that fixed it.
    hint : str
        The likely cause, said when a size does not fit.

    Returns
    -------
    mapping of str to Size
        ``dims`` together with the letters that this array fixes.

    Raises
    ------
    DTypeError
        Not a plain array, or not of floating or complex numbers.
    ShapeError
        Wrong number of axes, an empty axis, or a size that does not fit.
    """
    numbers = _plain_array(name, array, axes)
    if numbers.dtype not in DTYPES:
        raise DTypeError(
            f"{name}: expected {_dtype_names()} of axes {describe(axes)}, got {numbers.dtype}. "
            f"Convert it first, for example with {name}.astype(np.float64)."
        )
    return _fit(name, numbers, axes, _known(dims), hint)


def check_ids(
    name: str, array: object, axes: str, dims: Dims | None, classes: str, *, hint: str = ""
) -> Dims:
    """Check an array of token ids: integers from 0 to one below the size of ``classes``.

    Parameters
    ----------
    name, array, axes, dims, hint
        As for :func:`check`, but the array must be of integers.
    classes : str
        The axis letter whose size bounds the ids, ``"D"`` or ``"V"``; it must
        be in ``dims``.

    Returns
    -------
    mapping of str to Size
        As for :func:`check`.

    Raises
    ------
    DTypeError
        Not a plain array, or not of integers.
    ShapeError
        Wrong number of axes, or a size that does not fit.
    ArgumentError
        An id out of range.
    """
    fitted = check_integers(name, array, axes, dims, hint=hint)
    ids: Array = array  # type: ignore[assignment]
    if classes not in fitted:
        raise ArgumentError(f"classes: expected a letter of {sorted(fitted)}, got {classes!r}.")
    limit = fitted[classes]
    wrong = (ids < 0) | (ids >= limit.value)
    if wrong.any():
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ArgumentError(
            f"{name}: token id at {_position(axes, where)} expected from 0 to {limit.value - 1} "
            f"({classes}, {AXES[classes]}, is {limit.value} in {limit.source}), "
            f"got {int(ids[where])}."
        )
    return fitted


def check_integers(
    name: str, array: object, axes: str, dims: Dims | None = None, *, hint: str = ""
) -> Dims:
    """Check an array of integers, whatever they stand for.

    Parameters
    ----------
    name, array, axes, dims, hint
        As for :func:`check`, but the array must be of integers.

    Returns
    -------
    mapping of str to Size
        As for :func:`check`.

    Raises
    ------
    ShapeError, DTypeError
        Not a plain array of integers, or a size that does not fit.
    """
    ids = _plain_array(name, array, axes)
    if not np.issubdtype(ids.dtype, np.integer):
        raise DTypeError(
            f"{name}: expected integer token ids of axes {describe(axes)}, got {ids.dtype}."
        )
    return _fit(name, ids, axes, _known(dims), hint)


def check_bias(name: str, array: object, axis: str, dims: Dims | None = None) -> Dims:
    """Check a bias: one axis, or a row ``(1, axis)``; a column is refused.

    A bias of shape (H, 1) would broadcast without a word whenever N = H.

    Parameters
    ----------
    name, array, dims
        As for :func:`check`.
    axis : str
        The letter of its axis, with a factor if it has one (``"4H"``).

    Returns
    -------
    mapping of str to Size
        As for :func:`check`.

    Raises
    ------
    ShapeError, DTypeError
        As for :func:`check`.
    """
    if isinstance(array, np.ndarray) and array.ndim == 2 and array.shape[0] == 1:
        return check(name, array[0], axis, dims)
    return check(
        name, array, axis, dims, hint=f"A bias is ({axis},) or (1, {axis}), never a column."
    )


def check_mask(mask: object, axes: str, dims: Dims) -> None:
    """Check an optional mask: booleans, True where a step counts.

    Parameters
    ----------
    mask : ndarray of bool or None
        None lets every step count.
    axes : str
        Its axis letters, ``"T N"`` or ``"N"``.
    dims : mapping of str to Size
        The sizes it has to fit.

    Raises
    ------
    ShapeError, DTypeError
        Not an array of booleans, or of another shape.
    """
    if mask is None:
        return
    booleans = _plain_array("mask", mask, axes)
    if booleans.dtype != np.bool_:
        raise DTypeError(
            f"mask: expected booleans of axes {describe(axes)}, True where a step counts, "
            f"got {booleans.dtype}. Use mask.astype(bool)."
        )
    _fit("mask", booleans, axes, _known(dims), "")


def check_same_dtype(**arrays: Array | None) -> np.dtype[Any]:
    """Check that arrays share one dtype, the dtype of the computation.

    Parameters
    ----------
    **arrays : ndarray or None
        Arguments by name; ``None`` is passed over.

    Returns
    -------
    dtype
        The one they share.

    Raises
    ------
    DTypeError
        Two of them differ; nothing is ever converted silently.
    """
    given = [(name, array) for name, array in arrays.items() if array is not None]
    for name, array in given:
        _plain_array(name, array, "*")
    if not given:
        raise DTypeError("arrays: expected at least one array, got none.")
    first_name, first = given[0]
    for name, array in given[1:]:
        if array.dtype != first.dtype:
            raise DTypeError(
                f"{name}: expected {first.dtype} to match {first_name}, got {array.dtype} "
                f"({name} is {array.shape}). Convert one of them with .astype()."
            )
    return first.dtype


def check_finite(name: str, array: Array, axes: str) -> None:
    """Check that data holds no NaN and no infinity, where data enters the package.

    Parameters
    ----------
    name : str
        The argument's name.
    array : ndarray
        Already checked for shape; integers pass.
    axes : str
        Its axis letters, to say where the first bad entry is.

    Raises
    ------
    ArgumentError
        An entry is NaN or infinite.
    """
    numbers = _plain_array(name, array, axes)
    if numbers.dtype.kind not in "iufc":
        raise DTypeError(f"{name}: expected numbers of axes {describe(axes)}, got {numbers.dtype}.")
    bad = ~np.isfinite(numbers)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ArgumentError(
            f"{name}: expected finite numbers of axes {describe(axes)}, "
            f"got {array[where]} at {_position(axes, where)}. Clean the data first."
        )


def check_size(name: str, value: object, axis: str) -> int:
    """Check a size given as a number: an integer of at least 1.

    Parameters
    ----------
    name : str
        The argument's name.
    value : int
        The size.
    axis : str
        The axis letter it is a size of.

    Returns
    -------
    int
        The size.

    Raises
    ------
    ArgumentError
        Not an integer, or below 1.
    """
    if not _is_count(value):
        raise ArgumentError(
            f"{name}: size of axis {axis} ({AXES[axis]}), expected an integer of at least 1, "
            f"got {value!r}."
        )
    return int(value)


def check_count(name: str, value: object) -> int:
    """Check a count that is no axis: an integer of at least 1.

    Parameters
    ----------
    name : str
        The argument's name.
    value : int
        The count.

    Returns
    -------
    int
        The count.

    Raises
    ------
    ArgumentError
        Not an integer, or below 1.
    """
    if not _is_count(value):
        raise ArgumentError(f"{name}: expected an integer of at least 1, got {value!r}.")
    return int(value)


def check_positive(name: str, value: object, *, below: float = np.inf) -> float:
    """Check a rate, a step, a limit: a real number above zero.

    Parameters
    ----------
    name : str
        The argument's name.
    value : float
        The number.
    below : float
        What it has to stay below, infinity say.

    Returns
    -------
    float
        The number as Python's, which leaves the dtype of arrays alone.

    Raises
    ------
    ArgumentError
        Not a real number, or out of range.
    """
    kinds = (int, float, np.integer, np.floating)
    if (
        isinstance(value, bool)
        or not isinstance(value, kinds)
        or not 0 < value <= below
        or value == below < np.inf
    ):
        expected = "a positive number" + ("" if below == np.inf else f" below {below:g}")
        raise ArgumentError(f"{name}: expected {expected}, got {value!r}.")
    return float(value)


def check_dtype(name: str, dtype: object) -> np.dtype[Any]:
    """Check a dtype given by the user: one of ``DTYPES``.

    Parameters
    ----------
    name : str
        The argument's name.
    dtype : dtype
        As NumPy takes it.

    Returns
    -------
    dtype
        The same, as a NumPy dtype.

    Raises
    ------
    DTypeError
        Another dtype, or none at all.
    """
    try:
        found = None if dtype is None else np.dtype(dtype)  # type: ignore[call-overload]
    except (TypeError, ValueError, SyntaxError):
        found = None
    if found in DTYPES and found is not None:
        return found  # type: ignore[no-any-return]
    raise DTypeError(
        f"{name}: expected float32, float64 or complex128 for the weights "
        f"(D, input features; H, hidden units), got {found or repr(dtype)}."
    )


def check_rng(rng: object) -> None:
    """Check that randomness comes from a Generator, never from a global seed.

    Parameters
    ----------
    rng : numpy.random.Generator
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        It is something else.
    """
    if not isinstance(rng, np.random.Generator):
        raise ArgumentError(
            f"rng: expected a numpy.random.Generator, got {type(rng).__name__}. "
            f"Make one with np.random.default_rng(seed)."
        )


def describe(axes: str) -> str:
    """Spell axis letters out: ``"N D"`` gives ``(N, sequences in …; D, input features)``.

    Parameters
    ----------
    axes : str
        Axis letters as for :func:`check`.

    Returns
    -------
    str
        The letters with their meanings.
    """
    spelled = [f"{_label(token)}, {_meaning(token)}" for token in _tokens(axes)]
    return "(" + "; ".join(spelled) + ")"


def _plain_array(name: str, array: object, axes: str) -> Array:
    if isinstance(array, (np.ma.MaskedArray, np.matrix)):
        raise DTypeError(
            f"{name}: expected a plain NumPy array of axes {describe(axes)}, "
            f"got {type(array).__name__}, which changes what the operators mean. "
            f"Pass np.asarray({name}), and a mask by its own argument."
        )
    if not isinstance(array, np.ndarray):
        raise DTypeError(
            f"{name}: expected a NumPy array of axes {describe(axes)}, "
            f"got {type(array).__name__}. Wrap it in np.array(…, dtype=…)."
        )
    return array


def _fit(name: str, array: Array, axes: str, known: dict[str, Size], hint: str) -> Dims:
    tokens = _tokens(axes)
    free = tokens[0] == "*"
    tokens = tokens[free:]
    if array.ndim < len(tokens) + free or (array.ndim > len(tokens) and not free):
        count = len(tokens) + free
        wanted = f"{'at least ' if free else ''}{count} {'axis' if count == 1 else 'axes'}"
        raise ShapeError(
            f"{name}: expected {wanted} {describe(axes)}, "
            f"got {array.ndim}; {name} is {array.shape}."
            f"{_sentence(_rank_hint(array, tokens))}{_sentence(hint)}"
        )
    offset = array.ndim - len(tokens)
    expected = (
        "(" + ", ".join(map(_label, axes.split())) + ("," if len(axes.split()) == 1 else "") + ")"
    )
    for axis, length in enumerate(array.shape):
        if length == 0:
            token = tokens[axis - offset] if axis >= offset else "*"
            raise ShapeError(
                f"{name}: axis {axis} ({_label(token)}, {_meaning(token)}) expected to be "
                f"at least 1, got 0; {name} is {array.shape}, expected {expected}."
            )
    for axis, token in enumerate(tokens, start=offset):
        factor, letter = _split(token)
        length = array.shape[axis]
        if letter not in known and length % factor == 0:
            known[letter] = Size(length // factor, name)
        elif letter not in known or length != factor * known[letter].value:
            should, source = (
                (f"{factor * known[letter].value}", f" to match {known[letter].source}")
                if letter in known
                else (f"a multiple of {factor}", "")
            )
            cause = _swap_hint(array, tokens, known) or hint
            raise ShapeError(
                f"{name}: axis {axis} ({token}, {_meaning(token)}) should be {should}{source}, "
                f"got {length}; {name} is {array.shape}, expected {expected}.{_sentence(cause)}"
            )
    return known


def _rank_hint(array: Array, tokens: list[str]) -> str:
    if array.ndim == len(tokens) - 1 and tokens == ["N", "V"]:
        return "One value for each sequence still needs its V axis: index with [:, None]."
    if array.ndim == len(tokens) - 1 and tokens[0] in ("N", "T"):
        return f"A single one still needs its {tokens[0]} axis: index with [None]."
    if array.ndim == len(tokens) + 1 and 1 in array.shape:
        return "Remove the axis of length 1."
    return ""


def _swap_hint(array: Array, tokens: list[str], known: Mapping[str, Size]) -> str:
    """Say so when another order of the same axes would fit every known size."""
    if array.ndim != len(tokens) or array.ndim > 3:
        return ""
    for order in permutations(range(array.ndim)):
        if order != tuple(range(array.ndim)) and all(
            _split(token)[1] not in known
            or array.shape[axis] == _split(token)[0] * known[_split(token)[1]].value
            for axis, token in zip(order, tokens, strict=True)
        ):
            return "Its axes look swapped: transpose it, or did you swap two arguments?"
    return ""


def _known(dims: Dims | None) -> dict[str, Size]:
    if dims is None:
        return {}
    if not isinstance(dims, Mapping) or not all(isinstance(v, Size) for v in dims.values()):
        raise ArgumentError(f"dims: expected sizes by axis letter, got {dims!r}.")
    return dict(dims)


def _tokens(axes: str) -> list[str]:
    if not isinstance(axes, str) or not axes.split():
        raise ArgumentError(f"axes: expected letters such as 'T N D', got {axes!r}.")
    return axes.split()


@lru_cache(maxsize=64)  # every check of every step asks for the same few
def _split(token: str) -> tuple[int, str]:
    match = re.fullmatch(r"([1-9]?)([A-Z])", token)
    if match is None or match[2] not in AXES:
        raise ArgumentError(f"axes: expected letters such as 'T', 'N' or '4H', got {token!r}.")
    return int(match[1] or 1), match[2]


def _label(token: str) -> str:
    return "…" if token == "*" else token


def _meaning(token: str) -> str:
    return "any further axes" if token == "*" else AXES[_split(token)[1]]


def _position(axes: str, where: tuple[int, ...]) -> str:
    letters = [token for token in axes.split() if token != "*"]
    offset = len(where) - len(letters)
    named = [
        f"{_split(letter)[1]} index {index} ({_meaning(letter)})"
        for letter, index in zip(letters, where[offset:], strict=True)
    ]
    return ", ".join([*(str(index) for index in where[:offset]), *named])


def _is_count(value: object) -> TypeGuard[int]:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):  # True is an int
        return False
    return bool(value >= 1)


def _dtype_names() -> str:
    return "an array of " + ", ".join(str(dtype) for dtype in DTYPES[:-1]) + f" or {DTYPES[-1]}"


def _sentence(text: str) -> str:
    return f" {text}" if text else ""
