"""Training against memorising: at each step some recurrent weights are missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled.characters.settings import check_seed, check_share
from unrolled.models import ModelParams
from unrolled.shapes import ArgumentError, Array
from unrolled.train import Optimiser
from unrolled.train.optimisers import check_optimiser
from unrolled.trees import check_alike


class DroppedMemory(NamedTuple):
    """The whole weights beside another optimiser's memory; those of a step lack some."""

    steps: int
    whole: Any
    inner: Any


def dropped(optimiser: Optimiser, share: float, seed: int = 0) -> Optimiser:
    """Leave a random share of the recurrent weights out of the steps. See eq-weight-drop (ch. 13).

    The first step lacks nothing. The same weights are missing at every time step of a window and
    in all of its sequences; the others are divided by 1 − share, so that the sum over them stays
    what it was on average. What ``judged`` gives has all of its weights. Merity, Keskar and
    Socher, Regularizing and optimizing LSTM language models, ICLR 2018.

    Parameters
    ----------
    optimiser : Optimiser
        It steps with the whole weights.
    share : float
        From 0 to below 1.
    seed : int
        Of what is drawn, together with the number of the step: a run that is resumed draws
        the same again.

    Returns
    -------
    Optimiser
        For the parameters of a model, whose cell has recurrent weights ``Wh``. With a
        :class:`DroppedMemory`.

    Raises
    ------
    ArgumentError
        No optimiser, a share or a seed out of range, parameters without recurrent weights.
    """
    check_optimiser(optimiser)
    share, seed = check_share("share", share), check_seed("seed", seed)

    def init(params: ModelParams) -> DroppedMemory:
        if not isinstance(getattr(getattr(params, "cell", None), "Wh", None), np.ndarray):
            raise ArgumentError(
                f"params: expected those of a model whose cell has recurrent weights Wh, "
                f"got {type(params).__name__}."
            )
        return DroppedMemory(0, params, optimiser.init(params))

    def update(
        params: ModelParams, gradients: ModelParams, memory: DroppedMemory
    ) -> tuple[ModelParams, DroppedMemory]:
        if not isinstance(memory, DroppedMemory):
            raise ArgumentError(
                f"memory: expected the DroppedMemory of an earlier step, "
                f"got {type(memory).__name__}."
            )
        check_alike("memory.whole", memory.whole, "params", params)
        check_alike("gradients", gradients, "params", params)
        kept = _kept(gradients.cell.Wh, share, seed, memory.steps)
        gradients = _times(gradients, kept)
        whole, inner = optimiser.update(memory.whole, gradients, memory.inner)
        kept = _kept(whole.cell.Wh, share, seed, memory.steps + 1)
        return _times(whole, kept), DroppedMemory(memory.steps + 1, whole, inner)

    def judged(params: ModelParams, memory: DroppedMemory) -> Any:
        return optimiser.judged(memory.whole, memory.inner)

    return Optimiser(f"{optimiser.name}, dropping {share}", init, update, judged)


def _kept(Wh: Array, share: float, seed: int, step: int) -> Array:
    """Draw 0 where a weight is missing, 1 / (1 − share) where not; the same for the same step."""
    if step == 0:
        return np.ones_like(Wh)
    drawn = np.random.default_rng([seed, step]).random(Wh.shape, dtype=np.float32)
    return np.asarray((drawn >= share) / (1 - share), dtype=Wh.dtype)


def _times(params: ModelParams, factor: Array) -> ModelParams:
    return params._replace(cell=params.cell._replace(Wh=params.cell.Wh * factor))
