"""A text cut in three: to learn from, to make choices by, and to judge by in the end."""

from __future__ import annotations

from typing import NamedTuple

from unrolled import tasks
from unrolled.shapes import ArgumentError, Array, check_count
from unrolled.tasks import Vocabulary

HELD_OUT = 0.1
VALIDATION = 0.05


class Parts(NamedTuple):
    """A text as ids, in the order of reading."""

    vocabulary: Vocabulary
    """Of the whole text."""
    training: Array
    """What models are trained on, (T,)."""
    validation: Array
    """What choices are made by, such as when to stop, or the order of the n-gram; (T,)."""
    held_out: Array
    """The end, scored when all choices are made, (T,)."""


def parts(text: str, fewest: int = 2) -> Parts:
    """Cut a text: its last tenth is held out, the last twentieth of the rest is for choices.

    Parameters
    ----------
    text : str
        Any script.
    fewest : int
        Characters that the training part needs.

    Returns
    -------
    Parts
        The vocabulary and the three parts.

    Raises
    ------
    ArgumentError
        A text too short.
    """
    check_count("fewest", fewest)
    vocabulary = tasks.vocabulary_of(text)
    # each of the shorter parts needs two characters, so that one can be predicted
    share = (1 - HELD_OUT) * (1 - VALIDATION)
    needed = max(round(fewest / (1 - HELD_OUT) / (1 - VALIDATION)) + 4, 60)
    if len(text) < needed:
        raise ArgumentError(
            f"text: expected at least {needed} characters, of which {share:.1%} are "
            f"trained on, got {len(text)}. Use a longer text."
        )
    learned, held_out = tasks.split(vocabulary.encode(text), HELD_OUT)
    training, validation = tasks.split(learned, VALIDATION)
    return Parts(vocabulary, training, validation, held_out)
