"""Training one learner on one problem until it is solved or the budget is spent."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from unrolled import models, train
from unrolled.fused import Workspace
from unrolled.long_lags.learners import LEARNERS, started
from unrolled.long_lags.problems import PROBLEMS, Problem, Test
from unrolled.models import Model, ModelParams
from unrolled.shapes import ArgumentError, check_count, check_positive, check_size
from unrolled.trees import named_arrays


class Settings(NamedTuple):
    """How a run is trained. The numbers of each problem are in ``PLAN``."""

    H: int = 16
    """Hidden units of the LSTM; the other cells have about as many recurrent weights."""
    N: int = 32
    """Sequences in a mini-batch."""
    rate: float = 0.01
    """Of Adam."""
    clip: float = 1.0
    """Limit of the gradient's norm."""
    every: int = 25
    """Updates between two tests."""


class Outcome(NamedTuple):
    """How one run ended."""

    sequences: int | None
    """Sequences seen when the problem was solved; None if it was not."""
    error: float
    """The mean error of the last test that was made."""
    right: float
    """The share of right sequences in that test."""
    H: int
    """Hidden units."""
    weights: int
    """All of them, with those of the readout."""


def run(
    problem: str, learner: str, T: int, seed: int, *, budget: int, settings: Settings | None = None
) -> Outcome:
    """Train one learner on one problem from one seed.

    Every ``settings.every`` updates the problem's tests are taken, until one fails; when none
    does, the problem is solved. Weights, sequences and tests come from three generators, so
    that all learners with one seed see the same sequences. Computed in float64.

    Parameters
    ----------
    problem : str
        A key of ``PROBLEMS``.
    learner : str
        A key of ``LEARNERS``.
    T : int
        Steps, as the problem's generator takes them. The Reber grammar has none: there T only
        enters the seed (the store uses 1) and is the lag that chrono is told, then at least 2.
    seed : int
        Of everything that is drawn.
    budget : int
        Sequences at most; the last round of updates may go beyond.
    settings : Settings, optional
        How it is trained.

    Returns
    -------
    Outcome
        After how many sequences it was solved, and how the last test went.

    Raises
    ------
    ArgumentError
        A name that is not there, a size below 1, a seed below 0, too few steps for the
        problem, settings that cannot be trained with.
    """
    for name, value, known in (("problem", problem, PROBLEMS), ("learner", learner, LEARNERS)):
        if not isinstance(value, str) or value not in known:
            raise ArgumentError(f"{name}: expected one of {list(known)}, got {value!r}.")
    check_size("T", T, "T")
    if LEARNERS[learner].bias == "chrono" and T + PROBLEMS[problem].beyond < 2:
        raise ArgumentError(f"T: expected at least 2 steps, the lag that chrono is told, got {T}.")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"seed: expected an integer of at least 0, got {seed!r}.")
    check_count("budget", budget)
    settings = Settings() if settings is None else settings
    _check_settings(settings)
    return _run(PROBLEMS[problem], learner, T, seed, budget, settings)


def _run(
    problem: Problem, learner: str, T: int, seed: int, budget: int, settings: Settings
) -> Outcome:
    who, N, every = LEARNERS[learner], settings.N, settings.every
    of_weights, of_sequences, of_tests = (np.random.default_rng([seed, T, k]) for k in range(3))
    model = Model(who.cell, problem.loss, problem.steps)
    H = round(settings.H * who.width)
    params = models.init(model, problem.D, H, problem.V, rng=of_weights)
    cell = started(who, params.cell, T + problem.beyond, rng=of_weights)
    params = params._replace(cell=cell)
    source = problem.source(T, of_sequences)
    batches = iter(partial(source.draw, N, of_sequences), None)
    optimiser, memory, workspace = train.adam(settings.rate), None, Workspace()
    seen, solved = 0, False
    while not solved and seen < budget:
        fitted = train.fit(
            model, params, batches, optimiser,
            steps=every, clip=settings.clip, memory=memory, progress=False,
        )  # fmt: skip
        params, memory, seen = fitted.params, fitted.memory, seen + every * N
        for test in source.tests(of_tests):
            solved, error, right = _passed(problem, model, params, test, workspace)
            if not solved:
                break
    weights = sum(array.size for _, array in named_arrays(params))
    return Outcome(seen if solved else None, error, right, H, weights)


def _passed(
    problem: Problem, model: Model, params: ModelParams, test: Test, workspace: Workspace
) -> tuple[bool, float, float]:
    """Say whether a test is passed, its mean error, and its share of right sequences."""
    marks = test.judge(models.predict(model, params, test.xs, workspace=workspace).outputs)
    error, right = float(marks.error.mean()), float(marks.right.mean())
    return right >= problem.right and error < problem.error, error, right


def _check_settings(settings: object) -> None:
    if not isinstance(settings, Settings):
        raise ArgumentError(f"settings: expected Settings(…), got {type(settings).__name__}.")
    for name in ("H", "N", "every"):
        check_count(f"settings.{name}", getattr(settings, name))
    for name in ("rate", "clip"):
        check_positive(f"settings.{name}", getattr(settings, name))
