"""What a forward and a backward pass cost, on paper: products, bytes, calls (chapter 14)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from unrolled.fused.chunks import spans
from unrolled.shapes import ArgumentError, check_count, check_positive

BLOCKS: Mapping[str, int] = MappingProxyType({"RNN": 1, "GRU": 3, "LSTM": 4})
"""G, how many blocks of H columns the weights of a cell have."""

KEPT: Mapping[str, int] = MappingProxyType({"RNN": 1, "GRU": 5, "LSTM": 6})
"""Numbers that ``fused`` keeps for each step, sequence and unit: the states, and what made them."""

FORMS = ("loop", "fused")


class Product(NamedTuple):
    """A matrix product (rows, depth) @ (depth, columns), made so many times."""

    name: str
    rows: int
    depth: int
    columns: int
    times: int = 1

    @property
    def multiply_adds(self) -> int:
        """One for each entry of the result and each number summed over, all times together."""
        return self.rows * self.depth * self.columns * self.times


class Work(NamedTuple):
    """What a run asks of a machine."""

    calls: int
    """Of NumPy, of any kind."""
    flops: int
    """In matrix products; a multiply-add counts as two."""
    bytes: int
    """Read and written by the calls that work entry by entry."""


class Machine(NamedTuple):
    """Three constants of a computer, as :mod:`unrolled.analysis.speed` reads them."""

    call_seconds: float
    """For one call that has next to nothing to do, mean of a product, an addition and a tanh."""
    flops_per_second: float
    """In a large matrix product."""
    bytes_per_second: float
    """In an addition of two arrays that stay in the cache."""


class Seconds(NamedTuple):
    """A predicted time in its three parts. See eq-cost-seconds (chapter 14)."""

    calls: float
    products: float
    bytes: float

    @property
    def total(self) -> float:
        """All three in sum, since no part is hidden behind another."""
        return sum(self)

    @property
    def largest(self) -> str:
        """The name of the part that takes most."""
        return max(self._fields, key=lambda name: float(getattr(self, name)))


def products(cell: str, T: int, N: int, D: int, H: int) -> tuple[Product, ...]:
    """List the matrix products that a forward and a backward pass cannot do without.

    See eq-cost-forward and eq-cost-backward (chapter 14). Only the two recurrent ones have to
    wait from step to step; every other one is made once, for all steps.

    Parameters
    ----------
    cell : str
        A key of :data:`BLOCKS`.
    T, N, D, H : int
        Time steps, sequences, input features, hidden units.

    Returns
    -------
    tuple of Product
        Inputs, recurrent, recurrent backward, dxs, dWx, dWh.

    Raises
    ------
    ArgumentError
        Another cell, a size below 1.
    """
    width = _blocks(cell) * H
    _check_sizes(T=T, N=N, D=D, H=H)
    return (
        Product("inputs", T * N, D, width),
        Product("recurrent", N, H, width, T),
        Product("recurrent backward", N, width, H, T),
        Product("dxs", T * N, width, D),
        Product("dWx", D, T * N, width),
        Product("dWh", H, T * N, width),
    )


def multiply_adds(cell: str, T: int, N: int, D: int, H: int) -> int:
    """Add up the products of a forward and a backward pass: 3 T N G H (D + H).

    Parameters
    ----------
    cell, T, N, D, H
        As for :func:`products`.

    Returns
    -------
    int
        Multiply-adds; twice as many flops.

    Raises
    ------
    ArgumentError
        As :func:`products`.
    """
    return sum(product.multiply_adds for product in products(cell, T, N, D, H))


def intensity(rows: int, depth: int, columns: int, itemsize: int = 4) -> float:
    """Divide the flops of a product by its bytes. See eq-intensity (chapter 14).

    Parameters
    ----------
    rows, depth, columns : int
        Of (rows, depth) @ (depth, columns).
    itemsize : int
        Bytes of a number; 4 in float32.

    Returns
    -------
    float
        Flops for each byte, if every number is read or written once.

    Raises
    ------
    ArgumentError
        A size below 1.
    """
    sizes = {"rows": rows, "depth": depth, "columns": columns, "itemsize": itemsize}
    for name, size in sizes.items():
        check_count(name, size)
    numbers = rows * depth + depth * columns + rows * columns
    return 2 * rows * depth * columns / (itemsize * numbers)


def plain_work(form: str, T: int, N: int, D: int, H: int, itemsize: int = 4) -> Work:
    """Count what the plain cell's forward and backward pass ask of the machine, in two forms.

    See the table of chapter 14. The loop makes every step by itself; ``fused`` makes whatever
    does not have to wait for a chunk of steps at once. Views (transposing, picking a step) and
    Python's own work are not counted.

    Parameters
    ----------
    form : str
        ``"loop"`` or ``"fused"``.
    T, N, D, H : int
        Time steps, sequences, input features, hidden units.
    itemsize : int
        Bytes of a number; 4 in float32.

    Returns
    -------
    Work
        Calls, flops, bytes.

    Raises
    ------
    ArgumentError
        Another form, a size below 1.
    """
    if not isinstance(form, str) or form not in FORMS:
        raise ArgumentError(f"form: expected one of {FORMS}, got {form!r}.")
    check_count("itemsize", itemsize)
    flops = 2 * multiply_adds("RNN", T, N, D, H)
    state, weights = N * H, D * H + H * H + H
    if form == "fused":
        # a step: product, add, tanh; add, multiply, product. A chunk: the input product, its bias,
        # two calls for the slopes, products for dWx, dWh, db and dxs, and three adds but once
        chunks = len(spans(T, N, H, 1))
        entries = T * (3 + 2 + 3 + 3 + 2 + 2 + 2 + 1) * state + 3 * (chunks - 1) * weights
        return Work(6 * T + 11 * chunks - 3, flops, itemsize * entries)
    # a step: two products, two adds, tanh; square, one minus, add, multiply, then two products,
    # a sum and three adds for the weights, dx and its place, and the product for dh
    forward, backward = (3 + 2 + 2) * state, (2 + 2 + 3 + 3 + 1) * state
    return Work(18 * T, flops, itemsize * T * (forward + backward + 3 * weights + 2 * N * D))


def seconds(work: Work, machine: Machine) -> Seconds:
    """Predict how long some work takes. See eq-cost-seconds (chapter 14).

    Parameters
    ----------
    work : Work
        As :func:`plain_work` counts it.
    machine : Machine
        What its machine can do.

    Returns
    -------
    Seconds
        In three parts.

    Raises
    ------
    ArgumentError
        A constant that is not above 0.
    """
    if not isinstance(work, Work):
        raise ArgumentError(f"work: expected Work(…), got {type(work).__name__}.")
    if not isinstance(machine, Machine):
        raise ArgumentError(f"machine: expected Machine(…), got {type(machine).__name__}.")
    for name, value in machine._asdict().items():
        check_positive(f"machine.{name}", value)
    return Seconds(
        work.calls * machine.call_seconds,
        work.flops / machine.flops_per_second,
        work.bytes / machine.bytes_per_second,
    )


def kept_bytes(cell: str, T: int, N: int, H: int, itemsize: int = 4) -> int:
    """Count what ``fused`` keeps of the steps for the way back. See eq-cost-kept (chapter 14).

    Parameters
    ----------
    cell : str
        A key of :data:`KEPT`.
    T, N, H : int
        Time steps, sequences, hidden units.
    itemsize : int
        Bytes of a number; 4 in float32.

    Returns
    -------
    int
        Bytes, without the inputs and without the state before the first step.

    Raises
    ------
    ArgumentError
        Another cell, a size below 1.
    """
    _blocks(cell)
    _check_sizes(T=T, N=N, H=H, itemsize=itemsize)
    return KEPT[cell] * T * N * H * itemsize


def _blocks(cell: object) -> int:
    if not isinstance(cell, str) or cell not in BLOCKS:
        raise ArgumentError(f"cell: expected one of {list(BLOCKS)}, got {cell!r}.")
    return BLOCKS[cell]


def _check_sizes(**sizes: object) -> None:
    for name, size in sizes.items():
        check_count(name, size)
