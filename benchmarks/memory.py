"""How much memory NumPy holds at the worst moment of a run, as ``tracemalloc`` counts it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import loops, ours
from benchmarks.sizes import CELLS, DTYPE, GROWTH, GROWTH_T, SEED, SIZES, WINDOW, problem
from unrolled import models


def peak(run: Callable[[], object]) -> int:
    """Count the bytes that a run holds at its worst moment, beyond what was there before."""
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def of_passes(cell: str, size: str) -> dict[str, int]:
    """Compare the forms at one size; with a workspace it is the first run, which fills it."""
    task = problem(cell, SIZES[size])
    forms = {
        "ours": ours.with_workspace,
        "fresh": ours.fresh,
        "loop": loops.textbook,
        "unroll": ours.stepwise,
    }
    for form in forms.values():
        form(problem(cell, SIZES["textbook"]))()  # what only the first call loads is not counted
    return {name: peak(form(task)) for name, form in forms.items()}


def of_streams(cell: str) -> dict[str, list[int]]:
    """Let a stream grow, with full gradients and with truncated ones."""
    rng = np.random.default_rng(SEED)
    model = models.Model(CELLS[cell])
    V = GROWTH.D
    params = models.init(model, V, GROWTH.H, V, rng=rng, dtype=DTYPE)
    found: dict[str, list[int]] = {"full": [], "truncated": []}
    for number, T in enumerate(GROWTH_T):
        ids = rng.integers(0, V, (T + 1, GROWTH.N))
        full = partial(models.loss_and_gradients, model, params, ids[:-1], ids[1:])
        truncated = partial(models.truncated_loss_and_gradients, *full.args, length=WINDOW)
        for name, run in (("full", full), ("truncated", truncated)):
            if number == 0:
                run()  # what only the first call loads is not counted
            found[name].append(peak(run))
    return found


KINDS: dict[str, Callable[..., Any]] = {"passes": of_passes, "streams": of_streams}
