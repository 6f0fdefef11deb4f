"""The baselines equal index loops, and no text is impossible under them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from unrolled import baselines
from unrolled.shapes import ArgumentError


def looped(training: list[int], held_out: list[int], V: int, *, context: bool) -> float:
    bits = 0.0
    for before, after in itertools.pairwise(held_out):
        if context:
            places = [i for i in range(len(training) - 1) if training[i] == before]
            followers = [training[i + 1] for i in places]
        else:
            followers = training
        bits -= math.log2((followers.count(after) + 1) / (len(followers) + V))
    return bits / (len(held_out) - 1)


@pytest.mark.parametrize(
    ("bits", "context"), [(baselines.unigram_bits, False), (baselines.bigram_bits, True)]
)
def test_equals_loops(bits, context):
    rng = np.random.default_rng(5)
    training, held_out = rng.integers(0, 4, 60), rng.integers(0, 6, 20)  # 4 and 5 never seen

    got = bits(training, held_out, 6)

    assert got == pytest.approx(looped(training.tolist(), held_out.tolist(), 6, context=context))


def test_alternating_text_is_easy_for_pairs_only():
    text = np.arange(2000) % 2

    assert baselines.uniform_bits(2) == 1
    assert baselines.unigram_bits(text, text, 2) == pytest.approx(1, abs=1e-3)
    assert baselines.bigram_bits(text, text, 2) < 0.01


@pytest.mark.parametrize("bits", [baselines.unigram_bits, baselines.bigram_bits])
@pytest.mark.parametrize(
    ("training", "held_out", "message"),
    [
        ([0, 1], [1], "nothing follows"),
        ([0, 9], [0, 1], "token id at T index 1"),
        ([0, 1], [0, -1], "token id at T index 1"),
        ([0.0, 1.0], [0, 1], "integer token ids"),
    ],
)
def test_bad_text_is_refused(bits, training, held_out, message):
    with pytest.raises(ArgumentError, match=message):
        bits(np.array(training), np.array(held_out), 3)
