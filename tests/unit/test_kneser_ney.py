"""Kneser–Ney equals its definition by dictionaries, and no context loses any probability."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from unrolled import tasks
from unrolled.baselines import (
    kneser_ney,
    kneser_ney_bits,
    next_probabilities,
    probabilities,
    unigram_bits,
    write,
)
from unrolled.shapes import ArgumentError, DTypeError

RNG = np.random.default_rng


class Slow:
    """The definition, word for word: dictionaries of tuples, one character at a time."""

    def __init__(self, text, V, order, discounts=1):
        self.V, self.order = V, order
        grams = {k: [tuple(text[i : i + k]) for i in range(len(text) - k + 1)] for k in range(9)}
        self.a = {order: Counter(grams[order])}
        for k in range(1, order):
            lefts = defaultdict(set)
            for longer in grams[k + 1]:
                lefts[longer[1:]].add(longer[0])
            self.a[k] = Counter({gram: len(found) for gram, found in lefts.items()})
        self.D = {}
        for k, counts in self.a.items():
            n = [list(counts.values()).count(c) for c in range(5)]
            Y = n[1] / (n[1] + 2 * n[2]) if n[1] else 0.5
            self.D[k] = [0, Y, Y, Y]
            if discounts == 3 and 0 not in n[1:]:
                three = [1 - 2 * Y * n[2] / n[1], 2 - 3 * Y * n[3] / n[2], 3 - 4 * Y * n[4] / n[3]]
                self.D[k] = [0, *three] if min(three) > 0 else self.D[k]

    def p(self, w, u):
        u = tuple(u[len(u) - self.order + 1 :]) if len(u) >= self.order else tuple(u)
        k = len(u) + 1
        lower = self.p(w, u[1:]) if u else 1 / self.V
        after = {v: self.a[k][(*u, v)] for v in range(self.V)}
        total = sum(after.values())
        if not total:
            return lower
        lost = sum(self.D[k][min(count, 3)] for count in after.values())
        return max(after[w] - self.D[k][min(after[w], 3)], 0) / total + lost / total * lower


TEXTS = {
    "random": (RNG(0).integers(0, 4, 70), 6),
    "one character": (np.zeros(9, dtype=int), 3),
    "alternating": (np.arange(11) % 2, 2),
    "all different": (np.arange(7), 7),
    "as short as the order": (np.array([2, 0, 2]), 4),
    "a run once": (np.array([0, 0, 0, 0, 1, 2, 2, 0, 1]), 3),
    "every pair once": (np.array([0, 0, 1, 1, 0]), 2),
    "words": (np.array([int(c) for c in "0120123012340120"]), 5),
    "skewed": (np.minimum(RNG(1).geometric(0.35, 400) - 1, 11), 12),
    "more of three than of two": (np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 5, 5]), 6),
    "a large vocabulary": (np.array([60_000, 5, 60_000, 7, 5, 5]), 60_001),
}


@pytest.mark.parametrize("discounts", [1, 3])
@pytest.mark.parametrize("order", [1, 2, 3, 6])
@pytest.mark.parametrize("name", [name for name in TEXTS if name != "a large vocabulary"])
def test_equals_the_definition_at_every_place_of_any_text(name, order, discounts):
    training, V = TEXTS[name]
    if len(training) < order:
        training = np.tile(training, 3)
    model = kneser_ney(training, V, order, discounts=discounts)
    slow = Slow(training.tolist(), V, order, discounts)
    text = RNG(1).integers(0, V, 40)
    held_out = np.concatenate([training, text, training[::-1]])

    got = probabilities(model, held_out)

    whole = held_out.tolist()
    wanted = [slow.p(w, whole[:t]) for t, w in enumerate(whole) if t]
    assert got == pytest.approx(wanted, rel=1e-12)
    for k, level in enumerate(model.levels, 1):
        assert level.discounts == pytest.approx(slow.D[k][1:])
    one_by_one = [next_probabilities(model, held_out[:t])[held_out[t]] for t in range(1, 30)]
    assert one_by_one == pytest.approx(wanted[:29], rel=1e-12)


@pytest.mark.parametrize("discounts", [1, 3])
@pytest.mark.parametrize("name", TEXTS)
def test_every_context_shares_out_all_of_its_probability(name, discounts):
    training, V = TEXTS[name]
    order = min(len(training), 4)
    model = kneser_ney(training, V, order, discounts=discounts)
    contexts = [training[i : i + n] for n in range(6) for i in range(len(training))]
    contexts += [np.full(5, V - 1), np.array([V - 1, 0, 0, 0])]  # never seen
    for context in contexts:
        p = next_probabilities(model, context)
        assert p.shape == (V,)
        assert p.sum() == pytest.approx(1, abs=1e-12)
        assert (p > 0).all()


def test_three_discounts_are_taken_where_they_can_be_estimated():
    one = kneser_ney(*TEXTS["skewed"], 3).levels
    three = kneser_ney(*TEXTS["skewed"], 3, discounts=3).levels
    assert [len(set(level.discounts)) for level in one] == [1, 1, 1]
    assert [len(set(level.discounts)) for level in three] == [3, 3, 3]
    for a, b in zip(one, three, strict=True):
        assert b.discounts[0] == pytest.approx(a.discounts[0])
    # characters: 1, 2, 3, 3, 3, 4 times, so n = 1, 1, 3, 1, Y = 1/3: 2 - 3 · 3/3 is below zero
    odd = kneser_ney(TEXTS["more of three than of two"][0], 6, 1, discounts=3)
    assert odd.levels[0].discounts == pytest.approx([1 / 3] * 3)


def test_three_discounts_on_the_prose_are_better_at_high_orders():
    text = tasks.read_text()[:30_000]
    vocabulary = tasks.vocabulary_of(text)
    training, held_out = tasks.split(vocabulary.encode(text))
    one, three = (
        kneser_ney_bits(training, held_out, len(vocabulary.characters), 6, discounts=discounts)
        for discounts in (1, 3)
    )
    assert three < one - 0.02


def test_the_example_of_the_page():
    """The example of the page: "a state" sixfold, each number by hand."""
    vocabulary = tasks.vocabulary_of("abc")
    model = kneser_ney(vocabulary.encode("abacab"), 3, 2)
    # pairs ab 2, ba 1, ac 1, ca 1, so n1 = 3, n2 = 1, D = 3/5; before a: b, c; before b: a;
    # before c: a, so that a counts 2, b and c 1: n1 = 2, n2 = 1, D = 1/2.
    b = 0.5 / 4 + 0.5 * 3 / 4 / 3
    assert next_probabilities(model, np.array([], dtype=int))[1] == pytest.approx(b)
    assert next_probabilities(model, np.array([0]))[1] == pytest.approx(1.4 / 3 + 0.6 * 2 / 3 * b)
    assert next_probabilities(model, np.array([1]))[1] == pytest.approx(0 + 0.6 * 1 / 1 * b)


def test_a_real_text_wants_more_than_pairs_and_is_counted_at_once():
    text = tasks.read_text()[:30_000]
    vocabulary = tasks.vocabulary_of(text)
    training, held_out = tasks.split(vocabulary.encode(text))
    V = len(vocabulary.characters)
    scores = [kneser_ney_bits(training, held_out, V, order) for order in (1, 2, 3, 5)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == pytest.approx(unigram_bits(training, held_out, V), abs=0.01)
    assert scores[-1] < 3


def test_hangul_and_a_vocabulary_of_thousands():
    text = "시간을 따라 펼친 그물은 같은 무게를 나눈다. 그물은 같은 시간을 나눈다. " * 3
    vocabulary = tasks.vocabulary_of(text)
    ids = vocabulary.encode(text)
    assert kneser_ney_bits(ids, ids, len(vocabulary.characters), 5) < 1
    spread = np.sort(RNG(0).integers(0, 11_172, len(vocabulary.characters)))[ids]  # all syllables
    assert kneser_ney_bits(spread, spread, 11_172, 6) < 1


def test_narrow_and_read_only_ids_are_as_good():
    training, V = TEXTS["random"]
    small = training.astype(np.int8)
    small.flags.writeable = False
    wide = probabilities(kneser_ney(training, V, 3), training)
    assert probabilities(kneser_ney(training, V, 3), training[:2]).tolist() == wide[:1].tolist()
    assert probabilities(kneser_ney(small, V, 3), small).tolist() == wide.tolist()


# --- writing


def test_writing_draws_from_the_model():
    training, V = TEXTS["random"]
    model = kneser_ney(training, V, 2)
    written = write(model, np.array([3]), 4000, rng=RNG(2))
    assert written.dtype == np.int64
    for before in range(V):
        after = written[1:][written[:-1] == before]
        if len(after) > 400:
            shares = np.bincount(after, minlength=V) / len(after)
            expected = next_probabilities(model, np.array([before]))
            assert shares == pytest.approx(expected, abs=0.09)


def test_temperature_makes_it_bold_and_wild():
    training = np.array([0, 1, 0, 1, 0, 2, 0, 1])
    model = kneser_ney(training, 4, 2)
    for temperature in (1e-9, 1e-308):
        cold = write(model, np.array([0]), 20, rng=RNG(0), temperature=temperature)
        assert cold.tolist() == [1, 0] * 10
    hot = write(model, np.array([], dtype=int), 4000, rng=RNG(0), temperature=1e9)
    assert np.bincount(hot) / 4000 == pytest.approx([0.25] * 4, abs=0.04)
    warm = [write(model, np.array([0]), 30, rng=RNG(5), temperature=0.8).tolist() for _ in range(2)]
    assert warm[0] == warm[1]


# --- what is refused


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda m: kneser_ney(np.array([0, 1]), 3, 3), ArgumentError, "at least order = 3, got 2"),
        (lambda m: kneser_ney(np.array([0, 1]), 3, 0), ArgumentError, "^order:"),
        (lambda m: kneser_ney(np.array([0, 1]), 3, True), ArgumentError, "^order:"),
        (lambda m: kneser_ney(np.array([0, 1]), 3, 1, discounts=2), ArgumentError, "1 or 3 at ea"),
        (lambda m: kneser_ney(np.array([0, 1]), 3, 1, discounts=3.0), ArgumentError, "^discounts:"),
        (lambda m: kneser_ney(np.array([0, 1]), 3, 1, discounts=True), ArgumentError, "^discounts"),
        (lambda m: kneser_ney(np.array([0, 1]), 0, 1), ArgumentError, "^V:"),
        (lambda m: kneser_ney(np.array([0, 3]), 3, 1), ArgumentError, "token id at T index 1"),
        (lambda m: kneser_ney(np.array([0.0]), 3, 1), DTypeError, "integer token ids"),
        (lambda m: kneser_ney([0, 1], 3, 1), DTypeError, "^training:"),
        (lambda m: probabilities(m, np.array([0])), ArgumentError, "nothing follows"),
        (lambda m: probabilities(m, np.array([0, 9])), ArgumentError, "token id at T index 1"),
        (lambda m: probabilities("m", np.array([0, 1])), ArgumentError, "^model: expected the K"),
        (lambda m: next_probabilities(m, np.array([9])), ArgumentError, "^context:"),
        (lambda m: next_probabilities(m, [0]), DTypeError, "^context:"),
        (lambda m: next_probabilities(None, np.array([0])), ArgumentError, "^model:"),
        (lambda m: kneser_ney_bits(np.array([0, 1]), np.array([0]), 3, 1), ArgumentError, "^held"),
        (lambda m: write(m, np.array([0.0]), 2, rng=RNG(0)), DTypeError, "^context:"),
        (lambda m: write(m, np.array([0]), 0, rng=RNG(0)), ArgumentError, "^length:"),
        (lambda m: write(m, np.array([0]), 2, rng=0), ArgumentError, "^rng:"),
        (lambda m: write(m, np.array([9]), 2, rng=RNG(0)), ArgumentError, "^context:"),
        (
            lambda m: write(m, np.array([0]), 2, rng=RNG(0), temperature=0),
            ArgumentError,
            "^temperature:",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, says):
    model = kneser_ney(np.array([0, 1, 2, 1]), 3, 2)
    with pytest.raises(error, match=says):
        call(model)
