"""Weights that lie quieter: a running mean of those that the steps throw about."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_positive
from unrolled.train.optimisers import Optimiser, check_optimiser
from unrolled.trees import check_alike, map_arrays


class AveragedMemory(NamedTuple):
    """A running mean of the parameters beside another optimiser's memory."""

    steps: int
    mean: Any
    """Started at zero; ``judged`` undoes that bias."""
    inner: Any


def averaged(optimiser: Optimiser, decay: float = 0.999) -> Optimiser:
    """Keep a running mean of the parameters beside the steps of another optimiser.

    Single steps throw the weights about; their mean lies quieter. It is what
    ``judged`` gives, and what is scored while training; the steps themselves go on
    from the parameters of the last one. Polyak and Juditsky 1992, with a running
    mean for theirs.

    Parameters
    ----------
    optimiser : Optimiser
        :func:`sgd` or :func:`adam`.
    decay : float
        Share of the mean that a step keeps, between 0 and 1.

    Returns
    -------
    Optimiser
        With an :class:`AveragedMemory`.

    Raises
    ------
    ArgumentError
        No optimiser, a decay out of range.
    """
    check_optimiser(optimiser)
    decay = check_positive("decay", decay, below=1)

    def init(params: Any) -> AveragedMemory:
        return AveragedMemory(0, map_arrays(np.zeros_like, params), optimiser.init(params))

    def update(params: Any, gradients: Any, memory: AveragedMemory) -> tuple[Any, AveragedMemory]:
        if not isinstance(memory, AveragedMemory):
            raise ArgumentError(
                f"memory: expected the AveragedMemory of an earlier step, "
                f"got {type(memory).__name__}."
            )
        check_alike("memory.mean", memory.mean, "params", params)
        stepped, inner = optimiser.update(params, gradients, memory.inner)
        mean = map_arrays(lambda m, p: decay * m + (1 - decay) * p, memory.mean, stepped)
        return stepped, AveragedMemory(memory.steps + 1, mean, inner)

    def judged(params: Any, memory: AveragedMemory) -> Any:
        if memory.steps == 0:
            return params
        return map_arrays(lambda m: m / (1 - decay**memory.steps), memory.mean)

    return Optimiser(f"{optimiser.name}, averaged {decay}", init, update, judged)
