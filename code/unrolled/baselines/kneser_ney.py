"""Interpolated Kneser–Ney: characters predicted from the few before them, by counts.

A k-gram is a run of k characters. Those of the training text are numbered, at each k apart, in
sorted order: the number of a k-gram's first k − 1 characters times V, plus its last character,
is its *code*. So the k-grams that share a context lie side by side, and a text is looked up one
order after the other, all of its places at once. Integers are int64, also where Python is 32-bit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    Size,
    check_count,
    check_ids,
    check_size,
)
from unrolled.train.judging import check_text


class Level(NamedTuple):
    """What one order k knows: its k-grams, and how it shares the probability out."""

    codes: Array
    """Of the k-grams seen in training, sorted, (grams,)."""
    shares: Array
    """max(a(uw) − D, 0) / Σ_v a(uv), the part of p(w|u) that is this order's own, (grams,)."""
    left_over: Array
    """What is left of each context u for the order below, (contexts,); 1 if u never had a count."""
    discounts: tuple[float, float, float]
    """D, taken off a count of 1, of 2, and of more; all the same where the order has one."""


class KneserNey(NamedTuple):
    """An interpolated Kneser–Ney model of characters."""

    V: int
    """Characters in the vocabulary."""
    levels: tuple[Level, ...]
    """Orders 1, 2, … up to the model's."""


def kneser_ney(training: Array, V: int, order: int, *, discounts: int = 1) -> KneserNey:
    """Count a text. See eq-kneser-ney, eq-kneser-ney-counts and eq-discount (chapter 13).

    Kneser and Ney 1995, interpolated as by Chen and Goodman 1999, with one discount at each
    order. The recursion ends at p₀ = 1/V. Where no k-gram has the count 1 the rule for D gives
    nothing to the characters never seen; then D = 1/2, so that no text is impossible.

    With three discounts it is the modified form of Chen and Goodman, the best of those that they
    compare. See eq-three-discounts. An order keeps to one where no k-gram has the count 1, 2, 3
    or 4, or where one of the three would not be above zero.

    Parameters
    ----------
    training : ndarray of int, shape (T,)
        The text that is counted.
    V : int
        Characters in the vocabulary; the text need not hold all of them.
    order : int
        Length of the longest k-gram: ``order`` − 1 characters are looked back on.
    discounts : int
        At each order, 1 for all counts, or 3: for counts of 1, of 2, and of more.

    Returns
    -------
    KneserNey
        For :func:`probabilities`, :func:`next_probabilities` and :func:`write`.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, a text shorter than the order, another
        number of discounts.
    """
    check_ids("training", training, "T", {"V": Size(check_size("V", V, "V"), "V")}, "V")
    check_count("order", order)
    if check_count("discounts", discounts) not in (1, 3):
        raise ArgumentError(f"discounts: expected 1 or 3 at each order, got {discounts!r}.")
    if len(training) < order:
        raise ArgumentError(
            f"training: axis 0 (T, time steps) expected at least order = {order}, "
            f"got {len(training)}. Use a longer text or a lower order."
        )
    ids = training.astype(np.int64)
    codes: list[Array] = []
    contexts: list[Array] = []  # of each k-gram, the number of its first k − 1 characters
    endings: list[Array] = []  # of each k-gram, the number of its last k − 1 characters
    starting = np.zeros(len(ids) + 1, dtype=np.int64)  # number of the (k−1)-gram that starts here
    for k in range(1, order + 1):
        here = starting[: len(ids) - k + 1] * V + ids[k - 1 :]
        found, first, numbers, counts = np.unique(
            here, return_index=True, return_inverse=True, return_counts=True
        )
        codes.append(found)
        contexts.append(starting[first])
        endings.append(starting[first + 1])
        starting = numbers.astype(np.int64)
    levels: list[Level] = []
    for k in range(order, 0, -1):
        grams = len(codes[k - 1])
        if k < order:  # below the top a k-gram counts once for each different character before it
            counts = np.bincount(endings[k].astype(np.intp), minlength=grams)
        number_of_contexts = len(codes[k - 2]) if k > 1 else 1
        D = _discounts(counts, discounts)
        levels.append(_level(codes[k - 1], contexts[k - 1], counts, number_of_contexts, D))
    return KneserNey(V, tuple(reversed(levels)))


def probabilities(model: KneserNey, ids: Array) -> Array:
    """Predict each character of a text but the first. See eq-kneser-ney (chapter 13).

    Parameters
    ----------
    model : KneserNey
        From :func:`kneser_ney`.
    ids : ndarray of int, shape (T,)
        The text, at least two characters. At its beginning a context is as long as what
        has been read.

    Returns
    -------
    ndarray of float64, shape (T − 1,)
        The probability of each character after the first, given those before it.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, an id out of range, a text too short, no such model.
    """
    check_model(model)
    check_text("ids", ids, Size(model.V, "V"))
    ids = ids.astype(np.int64)
    p = np.full(len(ids), 1 / model.V)
    ending = np.zeros(len(ids) + 1, dtype=np.int64)  # number of the (k−1)-gram that ends before t
    for level in model.levels:
        context = ending[:-1]
        known = context >= 0
        grams = _numbers(level.codes, context * model.V + ids, known)
        own = np.where(grams >= 0, level.shares[grams], 0.0)
        p = np.where(known, own + level.left_over[context] * p, p)
        ending = np.concatenate([[-1], grams])
    return p[1:]


def kneser_ney_bits(
    training: Array, held_out: Array, V: int, order: int, *, discounts: int = 1
) -> float:
    """Score a text under the counts of another one. See eq-bits (chapter 5).

    Parameters
    ----------
    training, held_out, V
        As for :func:`unrolled.baselines.unigram_bits`.
    order, discounts
        As for :func:`kneser_ney`.

    Returns
    -------
    float
        Bits for each predicted character.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        As :func:`kneser_ney` and :func:`probabilities`.
    """
    check_text("held_out", held_out, Size(check_size("V", V, "V"), "V"))
    p = probabilities(kneser_ney(training, V, order, discounts=discounts), held_out)
    return float(-np.log2(p).mean())


def check_model(model: object) -> None:
    """Check that something is a Kneser–Ney model.

    Parameters
    ----------
    model : KneserNey
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        It is something else.
    """
    if not isinstance(model, KneserNey):
        raise ArgumentError(
            f"model: expected the KneserNey that kneser_ney gave, got {type(model).__name__}."
        )


def _discounts(counts: Array, wanted: int) -> tuple[float, float, float]:
    """Estimate what is taken off a count of 1, of 2, and of more."""
    n = [int((counts == count).sum()) for count in range(5)]
    one = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5
    if wanted == 1 or not all(n[1:]):
        return one, one, one
    first, second, more = (c - (c + 1) * one * n[c + 1] / n[c] for c in (1, 2, 3))
    return (first, second, more) if min(first, second, more) > 0 else (one, one, one)


def _level(
    codes: Array,
    contexts: Array,
    counts: Array,
    number_of_contexts: int,
    discounts: tuple[float, float, float],
) -> Level:
    contexts = contexts.astype(np.intp)  # NumPy counts in no wider integers
    totals = np.bincount(contexts, weights=counts, minlength=number_of_contexts)
    taken = np.array([0.0, *discounts])[np.minimum(counts, 3)]
    lost = np.bincount(contexts, weights=taken, minlength=number_of_contexts)
    # A k-gram that only begins the text follows no character: its context may have no count.
    counted = np.maximum(totals, 1)
    shares = (counts - taken) / counted[contexts]
    left_over = np.where(totals > 0, lost / counted, 1.0)
    return Level(codes, shares, left_over, discounts)


def _numbers(codes: Array, wanted: Array, known: Array) -> Array:
    """Find the number of each code, −1 where there is none or its context is not known."""
    places = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(known & (codes[places] == wanted), places, -1).astype(np.int64)
