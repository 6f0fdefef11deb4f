"""What a character model has to beat: counts of single characters and of pairs, in bits."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import Array, Size, check_ids, check_size
from unrolled.train.judging import check_text


def uniform_bits(V: int) -> float:
    """Give the cost of knowing nothing, log₂ V bits per character. See eq-bits (chapter 5).

    Parameters
    ----------
    V : int
        Characters in the vocabulary.

    Returns
    -------
    float
        Bits for each character.

    Raises
    ------
    ArgumentError
        Not an integer of at least 1.
    """
    return float(np.log2(check_size("V", V, "V")))


def unigram_bits(training: Array, held_out: Array, V: int) -> float:
    """Predict each character by how often it occurs. See eq-bits (chapter 5).

    The counts are those of the training text with one added to each, so that no
    character has probability zero.

    Parameters
    ----------
    training : ndarray of int, shape (T,)
        The text that is counted.
    held_out : ndarray of int, shape (T,)
        The text that is scored, at least two ids. As with
        :func:`unrolled.train.bits_per_character`, each but the first is predicted.
    V : int
        Characters in the vocabulary.

    Returns
    -------
    float
        Bits for each predicted character.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, a text too short.
    """
    _check_texts(training, held_out, V)
    # Ids are int64; where Python is 32-bit, as in the page, NumPy counts in narrower ones.
    counts = np.bincount(training.astype(np.intp), minlength=V) + 1
    return float(-np.log2((counts / counts.sum())[held_out[1:]]).mean())


def bigram_bits(training: Array, held_out: Array, V: int) -> float:
    """Predict each character from the one before it. See eq-bits (chapter 5).

    The pairs of the training text are counted, with one added to each pair.

    Parameters
    ----------
    training, held_out, V
        As for :func:`unigram_bits`.

    Returns
    -------
    float
        Bits for each predicted character.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        As for :func:`unigram_bits`.
    """
    _check_texts(training, held_out, V)
    counts = np.ones((V, V))
    np.add.at(counts, (training[:-1], training[1:]), 1)
    p = counts / counts.sum(axis=1, keepdims=True)
    return float(-np.log2(p[held_out[:-1], held_out[1:]]).mean())


def _check_texts(training: Array, held_out: Array, V: int) -> None:
    size = Size(check_size("V", V, "V"), "V")
    check_ids("training", training, "T", {"V": size}, "V")
    check_text("held_out", held_out, size)
