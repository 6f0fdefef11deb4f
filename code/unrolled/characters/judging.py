"""The verdict: the trained model beside counts of characters, and the two mixed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from unrolled.baselines import (
    kneser_ney,
    mixture_weight,
    probabilities,
    uniform_bits,
)
from unrolled.characters.cutting import Parts
from unrolled.characters.speller import Speller, character_probabilities
from unrolled.shapes import ArgumentError, Array

ORDERS = (1, 2, 3, 4, 5, 6)


class Verdict(NamedTuple):
    """Bits per character; every choice was made on the validation part."""

    uniform: float
    validation: tuple[float, ...]
    """Of the n-grams of ``ORDERS``, counted on the training part."""
    held_out: tuple[float, ...]
    """Of the same."""
    held_out_all: tuple[float, ...]
    """Of n-grams counted on the validation part too, which the model was not trained on."""
    order: int
    """The one with the best validation score."""
    model_validation: float
    model_held_out: float
    weight: float
    """The model's share in the mixture with the n-gram of ``order``."""
    mixture_validation: float
    mixture_held_out: float

    @property
    def n_gram_held_out(self) -> float:
        """What the model has to beat."""
        return self.held_out[ORDERS.index(self.order)]


def judge(speller: Speller, parts: Parts) -> Verdict:
    """Score a trained model beside interpolated Kneser–Ney. See eq-kneser-ney and eq-mixture.

    The counts have one discount at each order; with three they score better (chapter 13).

    Parameters
    ----------
    speller : Speller
        Model, weights, vocabulary.
    parts : Parts
        Of the text that it was trained on.

    Returns
    -------
    Verdict
        Held-out bits of everything, and what was chosen on validation.

    Raises
    ------
    ArgumentError
        A model with another vocabulary.
    """
    if speller.vocabulary.characters != parts.vocabulary.characters:
        raise ArgumentError(
            "speller: expected the vocabulary of the text, got another one. "
            "Cut the text that the model was trained on."
        )
    _, training, validation, held_out = parts
    V = len(parts.vocabulary.characters)
    learned = np.concatenate([training, validation])
    counted = [kneser_ney(training, V, order) for order in ORDERS]
    by_count = [(probabilities(each, validation), probabilities(each, held_out))
                for each in counted]  # fmt: skip
    all_counted = [kneser_ney(learned, V, order) for order in ORDERS]
    best = int(np.argmin([_bits(p) for p, _ in by_count]))
    own = character_probabilities(speller, validation), character_probabilities(speller, held_out)
    weight = mixture_weight(own[0], by_count[best][0])
    mixed = [weight * p + (1 - weight) * q for p, q in zip(own, by_count[best], strict=True)]
    return Verdict(
        uniform=uniform_bits(V),
        validation=tuple(_bits(p) for p, _ in by_count),
        held_out=tuple(_bits(p) for _, p in by_count),
        held_out_all=tuple(_bits(probabilities(each, held_out)) for each in all_counted),
        order=ORDERS[best],
        model_validation=_bits(own[0]),
        model_held_out=_bits(own[1]),
        weight=weight,
        mixture_validation=_bits(mixed[0]),
        mixture_held_out=_bits(mixed[1]),
    )


def sentence(verdict: Verdict) -> str:
    """Say plainly which won, and by how much.

    Parameters
    ----------
    verdict : Verdict
        From :func:`judge`.

    Returns
    -------
    str
        One sentence.
    """
    ours, counts = verdict.model_held_out, verdict.n_gram_held_out
    won, lost = "the LSTM", f"the {verdict.order}-gram"
    if ours > counts:
        won, lost = lost, won
    return (
        f"On the held-out text {won} won with {min(ours, counts):.3f} bits per character; "
        f"{lost} needed {max(ours, counts):.3f}, {abs(ours - counts):.3f} more."
    )


def _bits(p: Array) -> float:
    return float(-np.log2(p).mean())
