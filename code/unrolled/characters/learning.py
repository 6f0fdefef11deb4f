"""Training a character model: how a run begins, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled import models, tasks, train
from unrolled.characters.cutting import Parts
from unrolled.characters.dropping import dropped
from unrolled.characters.keeping import notes
from unrolled.characters.settings import RiseAndFall, Settings, check_settings
from unrolled.characters.speller import MODEL, Speller
from unrolled.models import ModelParams
from unrolled.shapes import ArgumentError
from unrolled.train import Checkpoint, Fit, Optimiser, Saving, Watch


class Noted(NamedTuple):
    """What a look finds while the model learns."""

    step: int
    validation: float
    """Bits per character."""
    speller: Speller


def begin(parts: Parts, settings: Settings) -> tuple[ModelParams, Optimiser]:
    """Draw fresh weights, and make the optimiser.

    Parameters
    ----------
    parts : Parts
        From :func:`unrolled.characters.parts`.
    settings : Settings
        How it is trained.

    Returns
    -------
    params : ModelParams
        float32; the LSTM's forget bias is 1.
    optimiser : Optimiser
        Adam with a rate that rises and falls, a running mean of the weights, and some of the
        recurrent ones left out at each step.

    Raises
    ------
    ArgumentError
        Settings that cannot be trained with.
    """
    settings = check_settings(settings)
    V = len(parts.vocabulary.characters)
    rng = np.random.default_rng(settings.seed)
    params = models.init(MODEL, V, settings.H, V, rng=rng, dtype=np.float32)
    rate = RiseAndFall(settings.rate, settings.rise, settings.steps)
    averaged = train.averaged(train.adam(rate, square_decay=0.99), settings.average)
    return params, dropped(averaged, settings.drop, settings.seed)


def learn(
    parts: Parts,
    settings: Settings,
    *,
    path: str | Path | None = None,
    resume: bool = False,
    look: Callable[[Noted], None] | None = None,
    progress: bool = False,
) -> Fit:
    """Train a character model, judged on the validation part as it learns.

    Parameters
    ----------
    parts : Parts
        From :func:`unrolled.characters.parts`.
    settings : Settings
        How it is trained.
    path : str or Path, optional
        Where a checkpoint is kept, after every look.
    resume : bool
        Go on from that checkpoint, to the same weights as if the run had never been
        stopped, bit for bit. Its settings are read by ``settings_of``.
    look : callable, optional
        Called with what each look finds; before the first step too, unless resumed.
    progress : bool
        Show a bar.

    Returns
    -------
    Fit
        ``best.params`` are those of the look with the best score.

    Raises
    ------
    ArgumentError
        Settings that cannot be trained with, a text too short, a loss of NaN, nothing to resume.
    CheckpointError
        A checkpoint that cannot be written, or gone on from.
    """
    settings = check_settings(settings)
    fresh, optimiser = begin(parts, settings)
    start: ModelParams | Checkpoint = fresh
    first = 0
    said = notes(parts, settings)
    if resume:
        if path is None:
            raise ArgumentError("path: expected the checkpoint to resume from, got None.")
        start = train.load(path, MODEL, optimiser, like=fresh, notes=said)
        first = start.step
    batches = tasks.streams(parts.training, settings.T, settings.N, start=first)

    def watched(step: int, params: ModelParams) -> float:
        bits = train.bits_per_character(MODEL, params, parts.validation)
        if look is not None:
            look(Noted(step, bits, Speller(MODEL, params, parts.vocabulary)))
        return bits

    if not resume and look is not None:
        watched(0, fresh)
    return train.fit(
        MODEL,
        start,
        batches,
        optimiser,
        steps=settings.steps,
        clip=settings.clip,
        carry=True,
        progress=progress,
        watch=Watch(watched, settings.every, settings.patience),
        saving=None if path is None else Saving(path, settings.every, notes=said),
    )
