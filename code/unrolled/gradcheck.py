"""Numbers to hold a derived gradient against: central differences and the complex step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from unrolled.shapes import ArgumentError, Array, ShapeError, check_positive
from unrolled.trees import map_arrays, named_arrays

Tree = TypeVar("Tree")

CENTRAL_STEP = 1e-6
COMPLEX_STEP = 1e-30


class Report(NamedTuple):
    """How two gradients compare, and where they differ most."""

    name: str
    """Path of the array with the worst entry, ``"cell.Wx"`` say."""
    where: tuple[int, ...]
    """Where in that array."""
    got: complex
    expected: complex
    difference: float
    """The largest |got − expected| ÷ max(1, max |expected|), over every entry of every array."""
    tolerance: float
    entries: int
    """How many entries were compared."""

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; NaN never is."""
        return bool(self.difference <= self.tolerance)

    @property
    def is_nan(self) -> bool:
        """Whether a NaN, or two infinities, made the worst difference."""
        return bool(np.isnan(self.difference))

    def __str__(self) -> str:
        """Say it in one line."""
        verdict = "agree" if self.passed else "DIFFER"
        where = f"{self.name}[{', '.join(map(str, self.where))}]"
        return (
            f"{self.entries} entries {verdict}: largest difference {self.difference:.1e} "
            f"(allowed {self.tolerance:.0e}), at {where}: "
            f"got {self.got:.6g}, expected {self.expected:.6g}"
        )


def central_difference(
    function: Callable[[Tree], Any], at: Tree, step: float = CENTRAL_STEP
) -> Tree:
    """Differentiate by two evaluations an entry. See eq-central-difference (chapter 1).

    Parameters
    ----------
    function : callable
        Takes a tree like ``at``, returns a real number.
    at : ndarray of float64, or NamedTuple of them
        Where; never modified.
    step : float
        Half the distance of the two points. The error is of order step².

    Returns
    -------
    ndarray or NamedTuple
        Like ``at``; right to about 1e-9 for smooth functions of order 1.

    Raises
    ------
    ArgumentError
        Not float64, a step of zero or less, or a function that returns no single number.
    """
    _check_point(at)
    _check_function(function, step)

    def slope(copy: Tree, array: Array, index: tuple[int, ...]) -> Any:
        middle = array[index]
        array[index] = middle + step
        after = _number(function(copy))
        array[index] = middle - step
        before = _number(function(copy))
        array[index] = middle
        if np.iscomplexobj(after) or np.iscomplexobj(before):
            raise ArgumentError("function: expected it to return a real number, got a complex one.")
        return (after - before) / (2 * step)

    return _entry_by_entry(map_arrays(np.array, at), slope, at)


def complex_step(function: Callable[[Tree], Any], at: Tree, step: float = COMPLEX_STEP) -> Tree:
    """Differentiate by one complex evaluation an entry, exact to rounding.

    See eq-complex-step (chapter 1): no difference is taken, so nothing cancels.
    The function must be analytic: no abs, no comparison of the values, no conjugate.

    Parameters
    ----------
    function : callable
        Takes a tree like ``at`` but of complex128, returns a number.
    at : ndarray of float64, or NamedTuple of them
        Where; never modified.
    step : float
        Size of the imaginary nudge; may be as small as 1e-30.

    Returns
    -------
    ndarray or NamedTuple
        Like ``at``, float64.

    Raises
    ------
    ArgumentError
        Not float64, a step of zero or less, or a function that returns no single number.
    """
    _check_point(at)
    _check_function(function, step)

    def slope(copy: Tree, array: Array, index: tuple[int, ...]) -> Any:
        middle = array[index]
        array[index] = middle + 1j * step
        value = _number(function(copy))
        array[index] = middle
        return np.imag(value) / step

    return _entry_by_entry(map_arrays(lambda a: a.astype(np.complex128), at), slope, at)


def compare(got: Tree, expected: Tree, tolerance: float = 1e-12) -> Report:
    """Compare every entry of two gradients, and name the worst.

    Parameters
    ----------
    got, expected : ndarray, or NamedTuple of arrays
        Of the same form and shapes.
    tolerance : float
        Allowed difference: ``max |got − expected| ÷ max(1, max |expected|)``.

    Returns
    -------
    Report
        Print it, or ask ``.passed``.

    Raises
    ------
    ShapeError
        The two have other fields or other shapes.
    """
    check_positive("tolerance", tolerance)
    pairs = list(zip(named_arrays(got, ""), named_arrays(expected, ""), strict=False))
    if len(named_arrays(got)) != len(named_arrays(expected)):
        raise ShapeError(
            f"got: expected the arrays {[name for name, _ in named_arrays(expected)]}, "
            f"got {[name for name, _ in named_arrays(got)]}."
        )
    worst: Report | None = None
    entries = 0
    for (name, a), (other_name, b) in pairs:
        _check_numbers(name or "got", a)
        _check_numbers(other_name or "expected", b)
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or name != other_name:
            raise ShapeError(
                f"{name or 'got'}: expected shape {b.shape} ({other_name or 'expected'}), "
                f"got {a.shape}. A gradient has the shape of what it is the gradient of."
            )
        entries += a.size
        with np.errstate(invalid="ignore", over="ignore"):  # two infinities differ by NaN
            differences = np.abs(a * 1.0 - b) / max(1.0, float(np.abs(b * 1.0).max()))
        # NaN is the worst of all: argmax finds it first
        index = tuple(int(i) for i in np.unravel_index(np.argmax(differences), a.shape))
        report = Report(
            name or "array", index, a[index], b[index], float(differences[index]), tolerance, 0
        )
        if worst is None or not (report.difference <= worst.difference or worst.is_nan):
            worst = report
    if worst is None:
        raise ShapeError("got: expected at least one array to compare, got none.")
    return worst._replace(entries=entries)


def _entry_by_entry(
    copy: Tree, slope: Callable[[Tree, Array, tuple[int, ...]], Any], at: Tree
) -> Tree:
    def gradient(array: Array) -> Array:
        slopes = np.empty(array.shape)
        for index in np.ndindex(array.shape):
            slopes[index] = slope(copy, array, index)
        return slopes

    return map_arrays(gradient, copy)


def _number(value: Any) -> Any:
    _check_numbers("function", value)
    array = np.asarray(value)
    if array.size != 1:
        raise ArgumentError(
            f"function: expected it to return a single number, got an array {array.shape}. "
            f"Sum it, or choose one entry."
        )
    return array.reshape(())[()]


def _check_point(at: object) -> None:
    leaves = named_arrays(at)
    if not leaves:
        raise ArgumentError("at: expected at least one array to differentiate by, got none.")
    for name, array in leaves:
        plain = isinstance(array, np.ndarray) and not isinstance(array, np.ma.MaskedArray)
        if not plain or array.dtype != np.float64:
            kind = array.dtype if plain else type(array).__name__
            raise ArgumentError(
                f"at{'.' + name if name else ''}: expected a float64 array, got {kind}. "
                f"Numerical derivatives need every digit."
            )


def _check_function(function: object, step: float) -> None:
    if not callable(function):
        raise ArgumentError(f"function: expected a function, got {type(function).__name__}.")
    check_positive("step", step)


def _check_numbers(name: str, value: object) -> None:
    if not isinstance(value, (np.ndarray, np.number, int, float, complex)):
        raise ArgumentError(f"{name}: expected an array of numbers, got {type(value).__name__}.")
    array = np.asarray(value)
    if isinstance(value, np.ma.MaskedArray) or array.dtype.kind not in "iufc" or array.size == 0:
        raise ArgumentError(
            f"{name}: expected an array of numbers, none of them masked, "
            f"got {type(value).__name__} {array.shape} of {array.dtype}."
        )
