"""Training against memorising: at each step some recurrent weights are missing."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from unrolled.characters.settings import check_share
from unrolled.models import ModelParams
from unrolled.shapes import Array
from unrolled.train import Optimiser


class DroppedMemory(NamedTuple):
    """The whole weights beside another optimiser's memory; those of a step lack some."""

    steps: int
    whole: Any
    inner: Any


def dropped(optimiser: Optimiser, share: float, seed: int = 0) -> Optimiser:
    """Leave a random share of the recurrent weights out of every step. See eq-weight-drop (ch. 13).

    The same weights are missing at every time step of a window and in all of its sequences;
    the others are divided by 1 − share, so that the sum over them stays what it was on average.
    Merity, Keskar and Socher, Regularizing and optimizing LSTM language models, ICLR 2018.
    What ``judged`` gives has all of its weights.

    Parameters
    ----------
    optimiser : Optimiser
        It steps with the whole weights.
    share : float
        From 0 to below 1.
    seed : int
        Of what is drawn, together with the number of the step: a run that is resumed draws
        the same again. The first step lacks nothing.

    Returns
    -------
    Optimiser
        For the parameters of a model, whose cell has recurrent weights ``Wh``. With a
        :class:`DroppedMemory`.

    Raises
    ------
    ArgumentError
        A share out of range.
    """
    check_share("share", share)

    def init(params: ModelParams) -> DroppedMemory:
        return DroppedMemory(0, params, optimiser.init(params))

    def update(
        params: ModelParams, gradients: ModelParams, memory: DroppedMemory
    ) -> tuple[ModelParams, DroppedMemory]:
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
