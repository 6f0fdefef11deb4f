"""What chapter 13 says in words is what the stored run, the counts and the small model say."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from unrolled import baselines, characters, models, ops, tasks
from unrolled.analysis import reach
from unrolled.trees import named_arrays

PAGE = (Path(__file__).resolve().parents[2] / "book" / "13_character_model.md").read_text("utf-8")


@pytest.fixture(scope="module")
def store():
    return characters.stored()


@pytest.fixture(scope="module")
def cut():
    return characters.parts(tasks.read_text())


@pytest.fixture(scope="module")
def small():
    return characters.stored_model()


@pytest.fixture(scope="module")
def six(cut):
    return baselines.kneser_ney(cut.training, len(cut.vocabulary.characters), 6)


def says(words):
    """Find a sentence of the page: who changes the words must look at the test too."""
    assert " ".join(words.split()) in " ".join(PAGE.split())


def test_the_numbers_of_banana_band_by_fractions():
    text = "banana band"
    pairs = [text[i : i + 2] for i in range(len(text) - 1)]
    kinds = set(pairs)

    def discount(counts):
        return Fraction(counts.count(1), counts.count(1) + 2 * counts.count(2))

    def p1(w):
        left = {v: sum(pair[1] == v for pair in kinds) for v in set(text)}
        D, total = discount(list(left.values())), sum(left.values())
        return (left[w] - D) / total + D * len(left) / total / len(set(text))

    def p2(w, u):
        after = [pair[1] for pair in pairs if pair[0] == u]
        D = discount([pairs.count(pair) for pair in kinds])
        own = max(after.count(w) - D, Fraction(0)) / len(after)
        return own + D * len(set(after)) / len(after) * p1(w)

    assert discount([pairs.count(pair) for pair in kinds]) == Fraction(3, 7)
    assert [p1(w) for w in "an"] == [Fraction(1, 3), Fraction(1, 6)]
    assert [p2(w, "n") for w in "adb"] == [Fraction(13, 21), Fraction(5, 21), Fraction(1, 21)]
    for line in (
        r"\frac{3}{7} \cdot \tfrac{2}{3} = \tfrac{2}{7}",
        r"= \frac{13}{21}",
        r"= \frac{5}{21}",
        r"\frac{1}{6} = \frac{1}{21}",
        r"\frac{1}{5} = \frac{1}{3}",
        r"\frac{1}{9} = \frac{1}{6}",
    ):
        assert line.removeprefix(r"\frac") in PAGE
    assert (text.count("n"), text.count("b")) == (3, 2)
    says("The character n occurs three times in `banana band`, and b twice.")


def test_the_order_is_the_best_of_six_on_validation(store, cut):
    V = len(cut.vocabulary.characters)
    levels = store["levels"]
    bits = [baselines.kneser_ney_bits(cut.training, cut.validation, V, k) for k in range(1, 9)]
    three = [
        baselines.kneser_ney_bits(cut.training, cut.validation, V, k, discounts=3)
        for k in range(1, 9)
    ]
    assert levels["orders"] == [1, 2, 3, 4, 5, 6]
    assert levels["validation"] == pytest.approx(bits[:6], abs=1e-4)
    assert levels["order"] == 1 + int(np.argmin(bits[:6])) == 6
    says("On validation order 6 is the best of them")
    assert bits[5] - 0.05 < min(bits[6:]) <= max(bits[6:]) < bits[5]
    assert all(more < one for one, more in zip(bits[3:], three[3:], strict=True))
    says("Orders 7 and 8 would gain a little more, and three discounts gain at every order from 4")
    assert (np.array(levels["held_out"]) > levels["validation"]).all()
    says("the held-out part is harder for every order")


def test_who_won_and_by_how_much(store):
    levels, ours = store["levels"], store["model"]["held_out"]
    gap = levels["held_out"][5] - ours
    says(
        "Against these counts the LSTM won, and by little. "
        "The gap is smaller than that between the 4-gram and the 5"
    )
    assert 0 < gap < levels["held_out"][3] - levels["held_out"][4]
    says("Every seed is below the 6-gram.")
    assert len(store["seeds"]) > 1
    assert all(each["held_out"] < levels["held_out"][5] for each in store["seeds"])
    says("The LSTM stays below it too.")
    assert ours < levels["held_out_all"][5]
    says("for minutes of training")
    assert store["seconds"] > 60


def test_who_won_against_counts_at_their_best(store, cut):
    V, ours = len(cut.vocabulary.characters), [each["held_out"] for each in store["seeds"]]

    def bits(part, order, discounts):
        return baselines.kneser_ney_bits(cut.training, part, V, order, discounts=discounts)

    best = {
        d: 1 + int(np.argmin([bits(cut.validation, k, d) for k in range(1, 9)])) for d in (1, 3)
    }
    assert min(best.values()) > 6
    says("With one discount the LSTM beats the higher order too.")
    assert max(ours) < min(bits(cut.held_out, k, 1) for k in range(1, 9))
    says("the LSTM beat the best n-gram with one discount at each order, by little.")
    says("With three discounts the 6-gram draws level with the LSTM,")
    assert min(ours) - 0.005 < bits(cut.held_out, 6, 3) < max(ours)
    says("and the 8-gram beats all three seeds by a little.")
    says("counts draw level at order 6 and win by a little at order 8.")
    assert (best[3], len(ours)) == (8, 3)
    assert min(ours) - 0.03 < bits(cut.held_out, 8, 3) < min(ours) - 0.005
    says("That with the large LSTM is better than the 8-gram with three discounts too.")
    assert store["mixture"]["held_out"] < bits(cut.held_out, 8, 3)


def test_the_mixture_is_better_than_either(store, cut, small, six):
    says("better than either, also with the small LSTM, which alone does not reach the 6-gram")
    assert store["small"]["held_out"] > store["levels"]["held_out"][5]
    alone = [store["model"]["held_out"], store["levels"]["held_out"][5]]
    assert store["mixture"]["held_out"] < min(alone) - 0.02
    own = [characters.character_probabilities(small, ids) for ids in (cut[2], cut[3])]
    counts = [baselines.probabilities(six, ids) for ids in (cut[2], cut[3])]
    weight = baselines.mixture_weight(own[0], counts[0])
    mixed = -np.log2(weight * own[1] + (1 - weight) * counts[1]).mean()
    assert mixed < min(-np.log2(p).mean() for p in (own[1], counts[1])) - 0.02


def test_the_network_has_more_weights_than_the_text_characters(store, cut):
    says("has more weights than the text has characters")
    params, _ = characters.begin(cut, characters.Settings(**store["settings"]))
    assert sum(array.size for _, array in named_arrays(params)) > len(cut.training)


def test_memory_ends_at_about_ten_characters(cut, small, six):
    M = 1500
    places = np.random.default_rng(5).integers(100, len(cut.held_out), M)
    answers, each, bits, bare = cut.held_out[places], np.arange(M), {}, {}

    def of_lstm(us):
        outputs = models.predict(small.model, small.params, us).outputs[-1]
        return -np.log2(ops.softmax(outputs.astype(np.float64))[each, answers])

    for k in (3, 5, 10, 50):
        us = reach.with_foreign_past(
            cut.held_out, places, kept=k, length=60, rng=np.random.default_rng(6)
        )
        counts = [
            baselines.next_probabilities(six, u)[y]
            for u, y in zip(us.T[:200], answers[:200], strict=True)
        ]
        bits[k], bare[k] = (-np.log2(counts).mean(), of_lstm(us)), of_lstm(us[-k:])
    assert bits[5][0] == bits[10][0] == bits[50][0] < bits[3][0]
    says("the numbers from $k = 5$ on are equal")
    gain = {k: bits[k][1] - bits[50][1] for k in bits}
    assert gain[5].mean() > 4 * gain[5].std() / M**0.5
    says("The LSTM still gains from five to ten")
    says("At $k = 5$ the mean is several standard errors above zero.")
    assert abs(gain[10].mean()) < min(0.03, gain[5].mean() / 4)
    says("Beyond ten there is next to nothing")
    by_counts = baselines.probabilities(
        six, np.vstack([cut.held_out[places - 5 + i] for i in range(6)]).T.ravel()
    )[4::6]
    for k in (3, 5):
        assert bits[k][1][:200].mean() > bits[k][0] + 0.05
        assert bare[k].mean() > -np.log2(by_counts).mean() + 0.05
    says("With three to five true characters the LSTM is worse than the counts.")
    says("from zeros, with nothing before them, it is worse than the counts as well")
    assert bare[10].mean() - bits[50][1].mean() < 0.05 < bare[5].mean() - bits[50][1].mean()
    says("It needs about ten characters to do its best.")


def test_near_temperature_zero_it_repeats_itself(small):
    says("soon it says the same again")
    rng = np.random.default_rng(3)
    written = characters.write(small, "The state ", 240, rng=rng, temperature=0.05)
    assert max(written.count(written[i : i + 15]) for i in range(200)) >= 4


def test_learning_by_heart(store):
    run, kept = store["memorising"], store["curve"]
    validation = run["validation"]
    says("Without it the training bits keep falling while those of the validation part rise.")
    assert (np.diff(run["training"]) < 0.01).all()
    assert validation[-1] > min(validation) + 0.05
    assert run["training"][-1] < validation[-1] - 0.5
    says("On validation it turns, and what it has learned by then does not beat the counts.")
    assert run["held_out"] > store["levels"]["held_out"][5]
    says("On the right the training bits are those of a network that lacks some of its weights")
    assert kept["training"][-1] > run["training"][-1]
    assert (
        store["memorising"]["settings"] | {"drop": store["settings"]["drop"]} == (store["settings"])
    )
    says("and nothing else changed")
    assert run["step"][-1] < kept["step"][-1]
    says("The left curves end early")


def test_the_figures_start_where_the_store_has_something(store):
    assert "writing_while_learning(store, 400)" in PAGE
    assert 400 in [moment["step"] for moment in store["samples"]["moments"]]
    assert 'connectivity_map(store["connectivity"], 30)' in PAGE
    assert min(len(each["text"]) for each in store["connectivity"]) > 31
    first = store["connectivity"][0]
    assert (first["text"][26], first["text"][30]) == ("(", ")")
    says("The bracket was opened four characters before")
    assert 2 ** -first["bits"][29] < 0.01
    says("and yet it gives the closing one next to no probability")
