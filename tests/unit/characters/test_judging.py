"""The verdict: probabilities one by one, the mixture by a grid, and who won."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import baselines, characters, models, tasks, train
from unrolled.baselines import mixture_weight
from unrolled.characters import ORDERS, Speller, Verdict, character_probabilities, sentence
from unrolled.characters.speller import MODEL
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng
CUT = characters.parts(tasks.read_text()[:6000])


@pytest.fixture(scope="module")
def speller():
    V = len(CUT.vocabulary.characters)
    params = models.init(MODEL, V, 6, V, rng=RNG(0), dtype=np.float32)
    return Speller(MODEL, params, CUT.vocabulary)


def test_probabilities_are_those_of_one_step_after_the_other(speller):
    ids = CUT.held_out[:450]
    state, expected = None, []
    for t in range(len(ids) - 1):
        run = models.forward(MODEL, speller.params, ids[t : t + 1, None], state0=state)
        logits = run.outputs[0, 0].astype(float)
        expected.append(np.exp(logits[ids[t + 1]]) / np.exp(logits).sum())
        state = run.state_T
    got = character_probabilities(speller, ids)
    assert got == pytest.approx(expected, rel=1e-5)
    bits = train.bits_per_character(MODEL, speller.params, ids)
    assert -np.log2(got).mean() == pytest.approx(bits, rel=1e-6)
    with pytest.raises(ArgumentError, match="token id at T index 1"):
        character_probabilities(speller, np.array([0, 9999]))
    for short in ([], [0]):
        with pytest.raises(ArgumentError, match=r"^ids: .* at least [12], got"):
            character_probabilities(speller, np.array(short, dtype=int))


def test_the_verdict_chooses_on_validation_and_scores_what_was_held_out(speller):
    V = len(CUT.vocabulary.characters)
    verdict = characters.judge(speller, CUT)
    assert verdict.uniform == pytest.approx(np.log2(V))
    for k, validation, held_out, all_of_it in zip(
        ORDERS, verdict.validation, verdict.held_out, verdict.held_out_all, strict=True
    ):
        bits = baselines.kneser_ney_bits
        assert validation == pytest.approx(bits(CUT.training, CUT.validation, V, k))
        assert held_out == pytest.approx(bits(CUT.training, CUT.held_out, V, k))
        both = np.concatenate([CUT.training, CUT.validation])
        assert all_of_it == pytest.approx(bits(both, CUT.held_out, V, k))
    assert verdict.validation[verdict.order - 1] == min(verdict.validation)
    assert verdict.n_gram_held_out == verdict.held_out[verdict.order - 1]
    scored = train.bits_per_character(MODEL, speller.params, CUT.held_out)
    assert verdict.model_held_out == pytest.approx(scored, rel=1e-6)
    assert ORDERS == (1, 2, 3, 4, 5, 6)
    counts = baselines.kneser_ney(CUT.training, V, verdict.order)
    for part, alone, mixed in (
        (CUT.validation, verdict.model_validation, verdict.mixture_validation),
        (CUT.held_out, verdict.model_held_out, verdict.mixture_held_out),
    ):
        p, q = character_probabilities(speller, part), baselines.probabilities(counts, part)
        assert alone == pytest.approx(-np.log2(p).mean())
        share = verdict.weight
        assert mixed == pytest.approx(-np.log2(share * p + (1 - share) * q).mean())
    assert verdict.mixture_validation <= min(verdict.validation) + 1e-9
    assert verdict.mixture_validation <= verdict.model_validation + 1e-9


def test_a_model_of_another_vocabulary_is_not_judged(speller):
    other = [*CUT.vocabulary.characters[1:], "가"]  # as many, but others
    for vocabulary in (tasks.Vocabulary(tuple(other)), tasks.Vocabulary(("a", "b"))):
        with pytest.raises(ArgumentError, match=r"^speller: expected the vocabulary of the text"):
            characters.judge(speller._replace(vocabulary=vocabulary), CUT)


def test_the_winner_is_named():
    one = Verdict(6, (3, 2.5), (3.1, 2.6), (3, 2.5), 2, 2.0, 2.125, 0.5, 1.9, 2.0)
    assert sentence(one) == (
        "On the held-out text the LSTM won with 2.125 bits per character; "
        "the 2-gram needed 2.600, 0.475 more."
    )
    assert sentence(one._replace(model_held_out=2.75)) == (
        "On the held-out text the 2-gram won with 2.600 bits per character; "
        "the LSTM needed 2.750, 0.150 more."
    )


def test_writing_needs_a_prompt_of_the_vocabulary(speller):
    one = characters.write(speller, "The", 9, rng=RNG(1), temperature=0.5)
    assert len(one) == 9
    assert one == characters.write(speller, "The", 9, rng=RNG(1), temperature=0.5)
    as_it_is = characters.write(speller, "The", 30, rng=RNG(1), temperature=1.0)
    assert characters.write(speller, "The", 30, rng=RNG(1)) == as_it_is
    for prompt in ("", "가"):
        with pytest.raises(ArgumentError, match=r"^text: expected"):
            characters.write(speller, prompt, 9, rng=RNG(1))


# --- mixture


@pytest.mark.parametrize("seed", range(4))
def test_the_weight_is_the_best_of_a_fine_grid(seed):
    rng = RNG(seed)
    p, q = rng.beta(1, 2, 300), rng.beta(1 + seed, 2, 300)
    grid = np.linspace(0, 1, 2001)[:, None]
    with np.errstate(divide="ignore"):
        scores = np.log(grid * p + (1 - grid) * q).mean(axis=1)
    weight = mixture_weight(p, q)
    assert weight == pytest.approx(grid[scores.argmax(), 0], abs=2e-3)
    assert mixture_weight(q, p) == pytest.approx(1 - weight, abs=1e-6)


def test_the_better_of_two_takes_it_all():
    p = np.full(5, 0.5)
    assert mixture_weight(p, p / 4) == pytest.approx(1)
    assert mixture_weight(p / 4, p) == pytest.approx(0, abs=1e-12)
    assert mixture_weight(2 * p, p) == pytest.approx(1)
    assert mixture_weight(p, p) == pytest.approx(0.5)
    assert mixture_weight(p.astype(np.float32), p) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("p", "q", "error", "says"),
    [
        ([0.5], np.array([0.5]), DTypeError, "^p: expected an array of probabilities"),
        (np.array([0.5]), np.array([1]), DTypeError, "^q:"),
        (np.array([0.5]), np.array([0.5, 0.5]), ShapeError, r"^q: .*\(1,\) and \(2,\)"),
        (np.array([[0.5]]), np.array([[0.5]]), ShapeError, "^p:"),
        (np.array([]), np.array([]), ShapeError, "^p:"),
        (np.array([0.0]), np.array([0.5]), ArgumentError, "^p: expected probabilities above 0"),
        (np.array([0.5]), np.array([1.5]), ArgumentError, "^q:"),
        (np.array([np.nan]), np.array([0.5]), ArgumentError, "^p:"),
    ],
)
def test_what_are_no_probabilities_is_refused(p, q, error, says):
    with pytest.raises(error, match=says):
        mixture_weight(p, q)
