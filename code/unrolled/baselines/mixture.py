"""Two models at once: a share of one's probability and the rest of the other's."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import ArgumentError, Array, DTypeError, ShapeError

ROUNDS = 200


def mixture_weight(p: Array, q: Array) -> float:
    """Find the share of p that predicts a text best, mixed with q. See eq-mixture (chapter 13).

    Each round asks how much of every character's probability came from p, and takes the
    mean as the next share (expectation–maximisation; Jelinek and Mercer 1980). The score
    never gets worse on the way, and it has a single summit.

    Parameters
    ----------
    p, q : ndarray of float, shape (T,)
        What two models gave to each character of a text, above 0 and at most 1. Use a text
        that neither was trained on, and score the mixture on another one.

    Returns
    -------
    float
        λ of λ p + (1 − λ) q, from 0 to 1.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not probabilities, or not as many of one model as of the other.
    """
    for name, array in (("p", p), ("q", q)):
        if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
            raise DTypeError(f"{name}: expected an array of probabilities, got {array!r:.60}.")
        if array.ndim != 1 or not array.size or array.shape != p.shape:
            raise ShapeError(
                f"{name}: expected one probability a character (T, time steps), as many in p as "
                f"in q, got shapes {p.shape} and {q.shape}."
            )
        if not ((array > 0) & (array <= 1)).all():
            raise ArgumentError(f"{name}: expected probabilities above 0 and at most 1.")
    p, q = p.astype(np.float64), q.astype(np.float64)
    weight = 0.5
    for _ in range(ROUNDS):
        weight = float((weight * p / (weight * p + (1 - weight) * q)).mean())
    return weight
