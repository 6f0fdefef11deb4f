"""The jobs that time the tricks one by one, and the machine's three constants (chapter 14)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks import clock
from benchmarks.sizes import DTYPE, SEED, SIZES
from benchmarks.team import Worker, measure
from benchmarks.trick_numbers import Way
from benchmarks.tricks import TRICKS
from unrolled.shapes import Array

PRODUCT = 512
"""Rows, depth and columns of the product that gives flops a second."""
LONG = 8192
"""Numbers of the addition that gives bytes a second: three arrays that fit into the cache."""


def pieces(name: str, size: str) -> dict[str, Way]:
    """Give both ways of one trick, after they were compared.

    Parameters
    ----------
    name : str
        A key of :data:`TRICKS`.
    size : str
        A key of ``SIZES``.

    Returns
    -------
    dict
        ``"without"`` and ``"with"``.

    Raises
    ------
    ValueError
        The two ways find other numbers.
    """
    pair = TRICKS[name].pair(SIZES[size])
    one, other = pair.without(), pair.with_()
    apart = _difference(one, other)
    if not apart <= 1e-3:
        raise ValueError(f"{name}: without and with the trick differ by {apart:.1g}")
    return {"without": pair.without, "with": pair.with_}


def _difference(one: Any, other: Any) -> float:
    if isinstance(one, tuple):
        return float(np.max([_difference(a, b) for a, b in zip(one, other, strict=True)]))
    return float(np.max(np.abs(one - other)) / np.max(np.abs(one)))


def jobs(workers: Sequence[Worker], rounds: Mapping[str, int]) -> dict[str, Callable[[], Any]]:
    """List what is to be measured, with one thread, by CPU time.

    Parameters
    ----------
    workers : sequence of Worker
        The first has one thread.
    rounds : mapping
        ``"tricks"``, and the sizes of this run.

    Returns
    -------
    dict
        For each trick and size, and for the machine's constants.
    """
    one = workers[:1]
    listed: dict[str, Callable[[], Any]] = {"constants": partial(_constants, one, rounds["tricks"])}
    for size in (name for name in SIZES if name in rounds and name != "textbook"):
        for name in TRICKS:
            listed[f"trick {size} {name}"] = partial(_trick, one, rounds["tricks"], name, size)
    return listed


def put_together(found: Mapping[str, Any]) -> dict[str, Any]:
    """Sort what the jobs found into what is stored."""
    return {
        "machine": found["constants"],
        "pairs": [entry for key, entry in found.items() if key.startswith("trick ")],
    }


def _trick(workers: Sequence[Worker], rounds: int, name: str, size: str) -> dict[str, Any]:
    times = measure(workers, rounds, job="trick", name=name, size=size)[1]
    return {
        "trick": name,
        "words": TRICKS[name].words,
        "size": size,
        "seconds": clock.medians(times, "cpu"),
        # below 1 where the trick gains, as all ratios of the store
        "ratio": clock.ratios(times, "cpu", own="with")["without"],
    }


def _constants(workers: Sequence[Worker], rounds: int) -> dict[str, float]:
    times = measure(workers, rounds, job="constants")[1]
    return machine(clock.medians(times, "cpu"))


def constants() -> dict[str, Way]:
    """Give the work by which the machine's three constants are found."""
    rng = np.random.default_rng(SEED)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(DTYPE)

    h, a, Wh = drawn(1, 3), drawn(1, 3), drawn(3, 3)
    square, out = drawn(PRODUCT, PRODUCT), drawn(PRODUCT, PRODUCT)
    long, room = drawn(LONG), drawn(LONG)
    return {
        "calls": lambda: np.tanh(np.add(np.dot(h, Wh), a)),
        "product": lambda: np.dot(square, square, out),
        "add": lambda: np.add(long, long, room),
    }


def machine(seconds: Mapping[str, float]) -> dict[str, float]:
    """Turn the times of :func:`constants` into the constants of ``unrolled.analysis.costs``."""
    return {
        "call_seconds": seconds["calls"] / 3,
        "flops_per_second": 2 * PRODUCT**3 / seconds["product"],
        "bytes_per_second": 3 * LONG * np.dtype(DTYPE).itemsize / seconds["add"],
    }
