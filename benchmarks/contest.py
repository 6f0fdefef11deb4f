"""Who runs against whom in each job; every rival finds the same numbers before any is timed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from benchmarks import floor, jax_scan, loops, ours, pytorch, training, trials
from benchmarks.sizes import (
    GROWTH,
    GROWTH_T,
    SIZES,
    Rival,
    Rivals,
    Size,
    difference,
    our_answer,
    problem,
)

Runs: TypeAlias = dict[str, Callable[[], object]]

ALIKE = 1e-3
"""How far float32 gradients, summed up in another order, may lie apart."""


def rivals(cell: str, size: Size) -> Rivals:
    """Everybody who computes the whole of a problem; ours come first."""
    task = problem(cell, size)
    own = {
        "ours": ours.with_workspace(task),
        "fresh": ours.fresh(task),
        "loop": loops.textbook(task),
        "unroll": ours.stepwise(task),
    }
    return {
        **{name: Rival(run, partial(our_answer, run)) for name, run in own.items()},
        "torch": pytorch.rival(task),
        "jax": jax_scan.rival(task),
    }


def passes(cell: str, size: str) -> Runs:
    """Forward and backward, and the floor under them.

    Raises
    ------
    ValueError
        Somebody finds other numbers: there would be nothing to compare.
    """
    field = rivals(cell, SIZES[size])
    right = field["ours"].answer()
    for name, rival in field.items():
        apart = 0.0 if name == "ours" else difference(right, rival.answer())
        if not apart <= ALIKE:
            raise ValueError(f"{size} {cell}: {name} differs from ours by {apart:.1g}")
    return {
        **{name: rival.run for name, rival in field.items()},
        "floor": floor.multiply(cell, SIZES[size]),
    }


def growth(cell: str) -> Runs:
    """Ours at several numbers of steps."""
    return {str(T): ours.with_workspace(problem(cell, GROWTH._replace(T=T))) for T in GROWTH_T}


JOBS: dict[str, Callable[..., Runs]] = {
    "passes": passes,
    "growth": growth,
    "training": training.steps,
    "trick": trials.pieces,
    "constants": trials.constants,
}
