"""Looking at a model while it learns: how far it is, how good it is, and when to stop."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from unrolled.shapes import ArgumentError, check_count

Scores: TypeAlias = tuple[tuple[int, float], ...]
"""Pairs of step and score, oldest first."""


class Watch(NamedTuple):
    """Look at the parameters now and then; stop where they no longer get better.

    ``look`` is called after the steps ``every``, 2 ``every``, … from the very beginning, and
    after the last step. A last look off that rhythm is not in the checkpoint: a run that is
    resumed to more steps is then the run that had them from the beginning.
    Where the score of a look is below all before it, its parameters are the best. Once
    ``patience`` scores in a row were not below the best, training stops.
    """

    look: Callable[[int, Any], float | None]
    """``look(step, params)``: a score, lower being better, or None for none. ``step`` counts
    the updates made so far. A step that is redone after a kill is looked at again, so look
    should depend on its arguments alone."""
    every: int
    patience: int | None = None
    """Scores without a better one after which training stops; None never stops it."""


class Best(NamedTuple):
    """The parameters with the lowest score so far."""

    step: int
    score: float
    params: Any


def check_watch(watch: Watch | None) -> None:
    """Check that something is a watch.

    Parameters
    ----------
    watch : Watch or None
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        Something else, no function to call, a count below 1.
    """
    if watch is None:
        return
    if not isinstance(watch, Watch):
        raise ArgumentError(
            f"watch: expected None or Watch(look, every), got {type(watch).__name__}."
        )
    if not callable(watch.look):
        raise ArgumentError(
            f"watch.look: expected a function of step and params, got {type(watch.look).__name__}."
        )
    check_count("watch.every", watch.every)
    if watch.patience is not None:
        check_count("watch.patience", watch.patience)


def looked(
    watch: Watch, step: int, params: Any, scores: Scores, best: Best | None
) -> tuple[Scores, Best | None]:
    """Let the watch look once, and note what it says.

    Parameters
    ----------
    watch : Watch
        Whose function is called.
    step : int
        Updates made so far.
    params : ModelParams
        Those to judge.
    scores : tuple of (int, float)
        What earlier looks gave.
    best : Best or None
        Of the earlier looks.

    Returns
    -------
    scores : tuple of (int, float)
        With the new one, if one was given.
    best : Best or None
        The new one, if it is better.

    Raises
    ------
    ArgumentError
        A score that is no finite number.
    """
    score = watch.look(step, params)
    if score is None:
        return scores, best
    try:
        number = float(score)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ArgumentError(
            f"watch.look: expected a finite number or None, got {score!r} after {step} steps."
        )
    scores = (*scores, (step, number))
    if best is None or number < best.score:
        best = Best(step, number, params)
    return scores, best


def spent(watch: Watch | None, scores: Scores, best: Best | None) -> bool:
    """Tell whether patience has run out.

    Parameters
    ----------
    watch : Watch or None
        With its patience.
    scores : tuple of (int, float)
        So far.
    best : Best or None
        So far.

    Returns
    -------
    bool
        True if training should stop.
    """
    patience = None if watch is None else watch.patience
    later = [step for step, _ in scores if best is not None and step > best.step]
    return patience is not None and len(later) >= patience


def counted(first: int, steps: int, progress: bool) -> Iterator[int]:
    """Count, and show how far it is: a bar where tqdm is, tenths as text elsewhere.

    Parameters
    ----------
    first, steps : int
        From, and up to but without.
    progress : bool
        False counts in silence.

    Returns
    -------
    iterator of int
        The steps.
    """
    if not progress:
        yield from range(first, steps)
        return
    try:
        from tqdm import tqdm
    except ImportError:
        tenth = max(1, steps // 10)
        for step in range(first, steps):
            yield step
            if (step + 1) % tenth == 0:
                print(f"step {step + 1} of {steps}", file=sys.stderr)
        return
    yield from tqdm(range(first, steps), initial=first, total=steps, unit="step", leave=False)
