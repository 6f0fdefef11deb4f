"""Training one variant on one task, and what chance alone would do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unrolled import models, train
from unrolled.ablation.tasks import TASKS
from unrolled.ablation.variants import VARIANTS
from unrolled.results import DATA, read_results
from unrolled.shapes import ArgumentError, Array, check_count, check_positive, check_size

STORE = DATA / "ablation.json"


class Settings(NamedTuple):
    """How every run is trained."""

    H: int = 16
    N: int = 32
    """Sequences in a mini-batch."""
    rate: float = 0.01
    """Of Adam."""
    clip: float = 1.0
    """Limit of the gradient's norm."""
    every: int = 25
    """Updates between two tests."""
    tests: int = 256
    """Sequences of a test, the same all through a run."""
    solved: float = 0.99
    """Share of right answers that counts as solved."""


class Outcome(NamedTuple):
    """How one run ended."""

    updates: int | None
    """After how many the task was solved; None if it was not."""
    accuracy: float
    """At the last test."""


def run(
    variant: str, task: str, T: int, seed: int, *, budget: int, settings: Settings | None = None
) -> Outcome:
    """Train one variant on one task until it is solved or the budget is spent.

    Parameters
    ----------
    variant : str
        A key of ``VARIANTS``.
    task : str
        A key of ``TASKS``.
    T : int
        Steps of each sequence.
    seed : int
        Of everything that is drawn.
    budget : int
        Updates at most, a multiple of ``settings.every``.
    settings : Settings, optional
        How it is trained.

    Returns
    -------
    Outcome
        After how many updates it was solved, and its last score.

    Raises
    ------
    ArgumentError
        A name that is not there, a size below 1, a seed below 0, a budget that is no such
        multiple, settings that cannot be trained with.
    """
    for name, value, known in (("variant", variant, VARIANTS), ("task", task, TASKS)):
        if not isinstance(value, str) or value not in known:
            raise ArgumentError(f"{name}: expected one of {list(known)}, got {value!r}.")
    check_size("T", T, "T")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"seed: expected an integer of at least 0, got {seed!r}.")
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise ArgumentError(f"settings: expected Settings(…), got {type(settings).__name__}.")
    check_count("settings.every", settings.every)
    check_positive("settings.solved", settings.solved)
    if check_count("budget", budget) % settings.every:
        raise ArgumentError(f"budget: expected a multiple of {settings.every}, got {budget}.")
    cell, start = VARIANTS[variant]
    D, V, steps, draw = TASKS[task]
    rng = np.random.default_rng([seed, T])
    model = models.Model(cell, "cross_entropy", steps)
    params = models.init(model, D, settings.H, V, rng=rng)
    params = params._replace(cell=start(params.cell, T, rng))
    test = draw(T, settings.tests, rng=rng)
    optimiser, memory, score = train.adam(settings.rate), None, 0.0
    for done in range(settings.every, budget + 1, settings.every):
        fitted = train.fit(
            model,
            params,
            _batches(draw, T, settings.N, rng),
            optimiser,
            steps=settings.every,
            clip=settings.clip,
            memory=memory,
            progress=False,
        )
        params, memory = fitted.params, fitted.memory
        answers = models.forward(model, params, test[0]).outputs.argmax(axis=-1)
        score = float((answers == test[1]).mean())
        if score >= settings.solved:
            return Outcome(done, score)
    return Outcome(None, score)


def fewer_by_chance(a: int, b: int, runs: int) -> float:
    """Ask how often chance alone deals out a difference like that of two variants, or more.

    Both ran from as many seeds; one solved a, the other b. Were they equally good, each way to
    deal a + b successes out among all the runs would be as probable as any other (Fisher's
    exact test, one-sided).

    Parameters
    ----------
    a, b : int
        Successes, from 0 to ``runs``.
    runs : int
        Of each variant.

    Returns
    -------
    float
        The share of the ways that leave a or fewer to the first.

    Raises
    ------
    ArgumentError
        A number of runs below 1, successes that are no such count.
    """
    check_count("runs", runs)
    for name, value in (("a", a), ("b", b)):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or not 0 <= value <= runs:
            raise ArgumentError(f"{name}: expected successes from 0 to {runs}, got {value!r}.")
    fewer = range(max(0, a + b - runs), a + 1)
    ways = sum(math.comb(runs, k) * math.comb(runs, a + b - k) for k in fewer)
    return ways / math.comb(2 * runs, a + b)


def stored(path: Path = STORE) -> dict[str, Any]:
    """Read the results that ``scripts/ablation.py`` stored.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        ``settings``, ``grids`` and where, when and how long it ran.

    Raises
    ------
    ArgumentError
        No such file, or none that holds results.
    """
    return read_results(path, "settings", "grids")


def _batches(
    draw: Callable[..., tuple[Array, Array]], T: int, N: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    while True:
        yield draw(T, N, rng=rng)
