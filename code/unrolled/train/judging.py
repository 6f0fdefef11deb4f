"""What a character model is judged by: bits per character, and what it writes."""

from __future__ import annotations

import numpy as np

from unrolled import models, ops
from unrolled.fused import Workspace
from unrolled.models import Model, ModelParams
from unrolled.shapes import (
    ArgumentError,
    Array,
    Size,
    check_ids,
    check_positive,
    check_rng,
    check_size,
)


def bits_per_character(model: Model, params: ModelParams, ids: Array, window: int = 200) -> float:
    """Judge a character model on a text: the mean of −log₂ p. See eq-bits (chapter 5).

    The text is read once from its beginning, the state carried from window to window.

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights.
    ids : ndarray of int, shape (T,)
        The text, at least two characters; each but the first is predicted.
    window : int
        Steps run at a time; changes memory, not the result.

    Returns
    -------
    float
        Bits for each predicted character.

    Raises
    ------
    ArgumentError
        A text of fewer than two characters, a model of another kind, or a score
        of NaN.
    """
    _check_speller(model, params)
    check_size("window", window, "T")
    check_text("ids", ids, Size(params.Wy.shape[1], "Wy"))
    nats, state, workspace = 0.0, None, Workspace()
    for start in range(0, len(ids) - 1, window):
        part = ids[start : start + window + 1][:, None]
        run = models.predict(model, params, part[:-1], state0=state, workspace=workspace)
        nats += float(ops.softmax_cross_entropy(run.outputs, part[1:]).real)
        if np.isnan(nats):
            raise ArgumentError(f"params: expected weights that give a score, got {nats}.")
        state = run.state_T
    return nats / (len(ids) - 1) / float(np.log(2))


def sample(
    model: Model,
    params: ModelParams,
    prompt: Array,
    length: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> Array:
    """Let a character model write: draw a character, feed it back. See eq-temperature (chapter 5).

    Parameters
    ----------
    model : Model
        Cross-entropy at every step.
    params : ModelParams
        Weights.
    prompt : ndarray of int, shape (T,)
        What it reads first.
    length : int
        How many characters to write.
    rng : numpy.random.Generator
        Where the draws come from; it moves on.
    temperature : float
        Divides the logits: below 1 bolder, above 1 wilder.

    Returns
    -------
    ndarray of int, shape (length,)
        What it wrote, without the prompt.

    Raises
    ------
    ArgumentError
        A temperature of zero or less, a bad prompt, no Generator, or logits of
        NaN or infinity.
    """
    _check_speller(model, params)
    check_size("length", length, "T")
    check_rng(rng)
    check_positive("temperature", temperature)
    check_ids("prompt", prompt, "T", {"V": Size(params.Wy.shape[1], "Wy")}, "V")
    workspace = Workspace()
    run = models.predict(model, params, prompt[:, None], workspace=workspace)
    written = np.empty(length, dtype=np.int64)
    for position in range(length):
        logits = run.outputs[-1, 0].real.astype(np.float64)
        best = logits.max()
        if not np.isfinite(best):
            raise ArgumentError(f"params: expected weights that give finite logits, got {best}.")
        with np.errstate(over="ignore"):  # next to a temperature of zero only the best is left
            p = ops.softmax((logits - best) / temperature)
        written[position] = rng.choice(len(p), p=p)
        newest = written[position : position + 1, None]
        run = models.predict(model, params, newest, state0=run.state_T, workspace=workspace)
    return written


def check_text(name: str, ids: Array, V: Size) -> None:
    """Check a text that is to be scored.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    ids : ndarray of int, shape (T,)
        The argument as the user gave it.
    V : Size
        Characters in the vocabulary, and where that is said.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, fewer than two of them.
    """
    check_ids(name, ids, "T", {"V": V}, "V")
    if len(ids) < 2:
        raise ArgumentError(
            f"{name}: axis 0 (T, time steps) expected at least 2, got {len(ids)}: "
            f"nothing follows a single character."
        )


def _check_speller(model: Model, params: ModelParams) -> None:
    models.check_params(model, params)
    if model.loss != "cross_entropy" or model.steps != "every":
        raise ArgumentError(
            f"model: expected loss 'cross_entropy' at 'every' step, "
            f"got {model.loss!r} at {model.steps!r}."
        )
