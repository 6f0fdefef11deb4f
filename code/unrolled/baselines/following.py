"""What follows a text under its counts: every character's probability, and a text drawn from it."""

from __future__ import annotations

import numpy as np

from unrolled.baselines.kneser_ney import KneserNey, check_model
from unrolled.shapes import Array, Size, check_ids, check_positive, check_rng, check_size


def next_probabilities(model: KneserNey, context: Array) -> Array:
    """Predict what follows a text, every character of the vocabulary. See eq-kneser-ney (ch. 13).

    Parameters
    ----------
    model : KneserNey
        From :func:`kneser_ney`.
    context : ndarray of int, shape (T,)
        What was read; may be empty. Only its last characters matter.

    Returns
    -------
    ndarray of float64, shape (V,)
        Sums to one.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, no such model.
    """
    check_model(model)
    if not isinstance(context, np.ndarray) or context.size:
        check_ids("context", context, "T", {"V": Size(model.V, "the model")}, "V")
    recent = [int(i) for i in context[-len(model.levels) :]]
    p = np.full(model.V, 1 / model.V)
    for k, level in enumerate(model.levels[: len(recent) + 1], start=1):
        number = _number_of(model, recent[len(recent) - k + 1 :])
        if number < 0:  # a context that was never seen; no longer one was either
            break
        first, last = np.searchsorted(level.codes, [number * model.V, (number + 1) * model.V])
        p = level.left_over[number] * p
        p[level.codes[first:last] - number * model.V] += level.shares[first:last]
    return p


def write(
    model: KneserNey,
    prompt: Array,
    length: int,
    *,
    rng: np.random.Generator,
    temperature: float = 1.0,
) -> Array:
    """Let the counts write: draw a character, append it. See eq-temperature (chapter 5).

    Parameters
    ----------
    model : KneserNey
        From :func:`kneser_ney`.
    prompt : ndarray of int, shape (T,)
        What stands before; may be empty.
    length : int
        How many characters to write.
    rng : numpy.random.Generator
        Where the draws come from; it moves on.
    temperature : float
        Divides the logarithms of the probabilities: below 1 bolder, above 1 wilder.

    Returns
    -------
    ndarray of int, shape (length,)
        What was written, without the prompt.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        As :func:`next_probabilities`; a temperature of zero or less, no Generator.
    """
    check_size("length", length, "T")
    check_rng(rng)
    check_positive("temperature", temperature)
    next_probabilities(model, prompt)  # refuses before anything is drawn
    text = np.concatenate([np.asarray(prompt, dtype=np.int64), np.zeros(length, dtype=np.int64)])
    for position in range(len(prompt), len(text)):
        logs = np.log(next_probabilities(model, text[:position]))
        with np.errstate(over="ignore"):  # next to a temperature of zero only the best is left
            p = np.exp((logs - logs.max()) / temperature)
        text[position] = rng.choice(model.V, p=p / p.sum())
    return text[len(prompt) :]


def _number_of(model: KneserNey, gram: list[int]) -> int:
    number = 0
    for level, i in zip(model.levels, gram, strict=False):
        code = number * model.V + i
        place = int(np.searchsorted(level.codes, code))
        if place == len(level.codes) or level.codes[place] != code:
            return -1
        number = place
    return number
