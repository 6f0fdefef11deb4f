"""Arrays that count what is done with them, so that a claim about cost can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from math import prod
from typing import Any, NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError

PRODUCTS = (np.dot, np.inner, np.outer, np.vdot, np.tensordot, np.einsum)
"""Functions that multiply matrices and are no ufuncs, as ``@`` is."""


class Tally(NamedTuple):
    """What a run did with the arrays that it was given, and with those made of them."""

    products: int
    """Matrix products."""
    multiply_adds: int
    """In those products."""
    others: int
    """Other calls that work on numbers: additions, tanh, sums."""


def tally(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Tally]:
    """Run a function and count what it does with its arrays.

    Parameters
    ----------
    function : callable
        Of arrays, or of NamedTuples of arrays; called once.
    *arguments
        Its arguments; the function may change them, as it would without the counting.

    Returns
    -------
    result
        What the function returned, its arrays plain ones.
    Tally
        The counts.

    Raises
    ------
    ArgumentError
        No function.
    """
    if not callable(function):
        raise ArgumentError(f"function: expected a function, got {type(function).__name__}.")
    counts = {"products": 0, "multiply_adds": 0, "others": 0}
    result = function(*(_mapped(_watched(counts), each) for each in arguments))
    return _mapped(np.asarray, result), Tally(**counts)


def counted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function return its result and the number of matrix products that it made.

    Parameters
    ----------
    function : callable
        Of arrays.

    Returns
    -------
    callable
        It returns a tuple, or None where the function does.
    """

    @wraps(function)
    def run(*arguments: Any) -> tuple[Any, int] | None:
        result, counts = tally(function, *arguments)
        return None if result is None or result is Ellipsis else (result, counts.products)

    return run


class CountingArray(np.ndarray):
    """An array that adds to a tally whenever NumPy computes with it."""

    counts: dict[str, int] | None

    def __array_finalize__(self, parent: object) -> None:
        """Let views and copies count too."""
        self.counts = getattr(parent, "counts", None)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """Count, then compute with plain arrays."""
        plain = [_plain(each) for each in inputs]
        if out is not None:
            options["out"] = tuple(_plain(each) for each in out)
        result = getattr(ufunc, method)(*plain, **options)
        counts = _counts((*inputs, *(out or ())))
        if ufunc is np.matmul:
            _count_product(counts, np.size(result) * np.shape(plain[0])[-1])
        else:
            counts["others"] += 1
        return out[0] if out is not None and len(out) == 1 else _watched(counts)(result)

    def __array_function__(
        self, function: Any, types: Any, arguments: Any, options: Mapping[str, Any]
    ) -> Any:
        """Count the products among NumPy's functions; the others are made of ufuncs, or of none."""
        if function not in PRODUCTS:
            return super().__array_function__(function, types, arguments, options)
        flat = [*arguments, *options.values()]
        counts = _counts([*flat, *(e for each in flat if isinstance(each, tuple) for e in each)])
        plain = [_mapped(_plain, each) for each in arguments]
        plain_options = {name: _mapped(_plain, each) for name, each in options.items()}
        result = function(*plain, **plain_options)
        sizes = [each.size for each in plain if isinstance(each, np.ndarray)]
        # (rows · depth)(depth · columns) = result · depth², which gives the depth
        ratio = prod(sizes[:2]) / max(np.size(result), 1)
        _count_product(counts, round(np.size(result) * ratio**0.5))
        return _watched(counts)(result)

    def dot(self, other: Any, out: Any = None) -> Any:
        """Count as ``numpy.dot`` does; the method alone would pass uncounted."""
        return np.dot(self, other) if out is None else np.dot(self, other, out)


def _count_product(counts: dict[str, int], multiply_adds: int) -> None:
    counts["products"] += 1
    counts["multiply_adds"] += int(multiply_adds)


def _counts(values: Any) -> dict[str, int]:
    """Find the tally of the arrays."""
    found = (each.counts for each in values if isinstance(each, CountingArray))
    return next((each for each in found if each is not None), Tally(0, 0, 0)._asdict())


def _watched(counts: dict[str, int]) -> Callable[[Any], Any]:
    def watch(value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        array = value.view(CountingArray)
        array.counts = counts
        return array

    return watch


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, CountingArray) else value


def _mapped(change: Callable[[Any], Any], value: Any) -> Any:
    """Change an array, or each array of a NamedTuple; leave all else."""
    if isinstance(value, np.ndarray):
        return change(value)
    if isinstance(value, tuple):
        parts = [_mapped(change, part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, list):
        return [_mapped(change, part) for part in value]
    return value
