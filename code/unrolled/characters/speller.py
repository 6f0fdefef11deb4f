"""A trained character model: what it writes, and what it thinks of a text."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled import models, ops, train
from unrolled.cells import LSTM
from unrolled.fused import Workspace
from unrolled.models import Model, ModelParams
from unrolled.shapes import Array, Size
from unrolled.tasks import Vocabulary
from unrolled.train.judging import check_text

MODEL = Model(LSTM)
WINDOW = 200


class Speller(NamedTuple):
    """A trained character model, ready to write."""

    model: Model
    params: ModelParams
    vocabulary: Vocabulary


def write(
    speller: Speller,
    prompt: str,
    length: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> str:
    """Let a trained model write. See eq-temperature (chapter 5).

    Parameters
    ----------
    speller : Speller
        Model, weights, vocabulary.
    prompt : str
        What it reads first; at least one character of the vocabulary.
    length : int
        How many characters to write.
    rng : numpy.random.Generator
        Where the draws come from; it moves on.
    temperature : float
        Below 1 bolder, above 1 wilder.

    Returns
    -------
    str
        What it wrote, without the prompt.

    Raises
    ------
    ArgumentError
        As :func:`unrolled.train.sample`; a character that is not in the vocabulary.
    """
    model, params, vocabulary = speller
    ids = vocabulary.encode(prompt)
    return vocabulary.decode(
        train.sample(model, params, ids, length, rng=rng, temperature=temperature)
    )


def character_probabilities(speller: Speller, ids: Array) -> Array:
    """Give the probability of each character of a text but the first. See eq-bits (chapter 5).

    Parameters
    ----------
    speller : Speller
        Model, weights, vocabulary.
    ids : ndarray of int, shape (T,)
        The text, at least two characters, read once from its beginning.

    Returns
    -------
    ndarray of float64, shape (T − 1,)
        As :func:`unrolled.baselines.probabilities` gives it for counts.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, fewer than two of them.
    """
    model, params, vocabulary = speller
    check_text("ids", ids, Size(len(vocabulary.characters), "the vocabulary"))
    found, state, workspace = [], None, Workspace()
    for start in range(0, len(ids) - 1, WINDOW):
        part = ids[start : start + WINDOW + 1]
        run = models.predict(model, params, part[:-1, None], state0=state, workspace=workspace)
        p = ops.softmax(run.outputs[:, 0].astype(np.float64))
        found.append(p[np.arange(len(p)), part[1:]])
        state = run.state_T
    return np.concatenate(found)
