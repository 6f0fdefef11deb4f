"""What a character model has to beat: counts, from single characters to Kneser–Ney, in bits."""

from unrolled.baselines.counts import bigram_bits, uniform_bits, unigram_bits
from unrolled.baselines.following import next_probabilities, write
from unrolled.baselines.kneser_ney import (
    KneserNey,
    Level,
    kneser_ney,
    kneser_ney_bits,
    probabilities,
)
from unrolled.baselines.mixture import mixture_weight

__all__ = [
    "KneserNey",
    "Level",
    "bigram_bits",
    "kneser_ney",
    "kneser_ney_bits",
    "mixture_weight",
    "next_probabilities",
    "probabilities",
    "uniform_bits",
    "unigram_bits",
    "write",
]
