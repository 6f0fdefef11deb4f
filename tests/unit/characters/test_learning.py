"""Cutting a text, a tiny training, and its going on bit for bit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unrolled import LSTM, characters, models, tasks, train
from unrolled.characters import Settings, parts
from unrolled.shapes import ArgumentError
from unrolled.train import CheckpointError
from unrolled.trees import named_arrays

RNG = np.random.default_rng
TEXT = tasks.read_text()[:1200]
TINY = Settings(H=5, T=7, N=3, steps=12, every=4, rise=2, drop=0.3)


@pytest.fixture(scope="module")
def cut():
    return parts(TEXT)


def learn(cut, **options):
    return characters.learn(cut, TINY, **options)


def equal(one, two):
    pairs = zip(named_arrays(one), named_arrays(two), strict=True)
    return all(np.array_equal(a, b) for (_, a), (_, b) in pairs)


# --- parts


def test_the_parts_are_the_text_in_its_order(cut):
    lengths = [len(part) for part in cut[1:]]
    assert lengths == [1026, 54, 120]
    assert cut.vocabulary.decode(np.concatenate(cut[1:])) == TEXT
    assert list(cut.vocabulary.characters) == sorted(set(TEXT))


@pytest.mark.parametrize(
    ("text", "fewest", "says"),
    [
        ("", 2, "text: expected at least one character"),
        ("ab" * 29, 2, r"^text: expected at least 60 characters, of which 85\.5% .*, got 58\."),
        ("ab" * 500, 2048, r"^text: expected at least 2399 characters, .*, got 1000\."),
        ("ab" * 500, 0, "^fewest:"),
    ],
)
def test_a_tiny_text_is_refused(text, fewest, says):
    with pytest.raises(ArgumentError, match=says):
        parts(text, fewest)


@pytest.mark.parametrize("fewest", [2, 100, 2048])
def test_a_text_that_is_long_enough_leaves_enough(fewest):
    needed = max(round(fewest / 0.9 / 0.95) + 4, 60)
    cut = parts("ab" * (needed // 2) + "a" * (needed % 2), fewest)
    assert len(cut.training) >= fewest
    assert len(cut.validation) >= 2 < len(cut.held_out)


# --- training


def test_a_run_is_watched_from_before_its_first_step(cut):
    seen = []
    fit = learn(cut, look=seen.append)
    assert [noted.step for noted in seen] == [0, 4, 8, 12]
    assert tuple((noted.step, noted.validation) for noted in seen[1:]) == fit.scores
    for noted in seen:
        model, params, vocabulary = noted.speller
        assert vocabulary is cut.vocabulary
        assert noted.validation == train.bits_per_character(model, params, cut.validation)
    assert seen[0].validation > fit.best.score
    assert fit.best.score == min(score for _, score in fit.scores)
    assert equal(fit.best.params, seen[[s.step for s in seen].index(fit.best.step)].speller.params)
    assert len(fit.losses) == 12
    assert not equal(fit.params, fit.best.params)  # it is the mean of the weights that is judged


def test_a_run_is_its_steps_one_after_the_other(cut, capsys):
    settings = TINY._replace(clip=0.5)  # every gradient is longer
    fit = characters.learn(cut, settings)
    assert capsys.readouterr().err == ""

    V = len(cut.vocabulary.characters)
    model = models.Model(LSTM)
    params = models.init(model, V, 5, V, rng=RNG(0), dtype=np.float32)
    adam = train.adam(
        lambda step: 0.02 * min((step + 1) / 2, 1) * (1 - step / 13), square_decay=0.99
    )
    optimiser = characters.dropped(train.averaged(adam, 0.99), 0.3, seed=0)
    memory, state, losses = optimiser.init(params), None, []
    for xs, targets in itertools.islice(tasks.streams(cut.training, 7, 3), 12):
        loss, gradients, state = models.loss_and_gradients(model, params, xs, targets, state0=state)
        losses.append(float(loss))
        clipped = train.clip_by_global_norm(gradients.params, 0.5)
        params, memory = optimiser.update(params, clipped, memory)
    assert fit.losses == pytest.approx(losses, rel=1e-6)
    assert fit.params.cell.Wh.dtype == np.float32
    assert fit.params.cell.Wh == pytest.approx(params.cell.Wh, rel=1e-4, abs=1e-6)


def test_a_run_depends_on_its_seed_alone(cut):
    one = learn(cut)
    assert equal(one.params, learn(cut).params)
    other = characters.learn(cut, TINY._replace(seed=1))
    assert not equal(one.params, other.params)


def test_a_run_without_luck_stops_early(cut, monkeypatch):
    scores = iter([6.0, 5.0, 4.0, 4.5, 4.0, 3.0])  # the first is of the fresh weights
    monkeypatch.setattr(train, "bits_per_character", lambda *_: next(scores))
    seen = []
    fit = characters.learn(cut, TINY._replace(every=1, patience=2), look=seen.append)
    assert [noted.validation for noted in seen] == [6.0, 5.0, 4.0, 4.5, 4.0]
    assert (fit.best.step, fit.best.score, len(fit.losses)) == (2, 4.0, 4)


class KillError(Exception):
    pass


@pytest.mark.parametrize("moment", [4, 8, 12])
def test_a_run_that_was_killed_goes_on_bit_for_bit(cut, tmp_path, moment):
    path, whole = tmp_path / "run.npz", tmp_path / "whole.npz"

    def die(noted):
        if noted.step == moment:
            raise KillError

    expected = learn(cut, path=whole)
    with pytest.raises(KillError):
        learn(cut, path=path, look=die)
    if moment == 4:  # died before anything was kept
        assert not path.exists()
        return
    seen = []
    settings = characters.settings_of(path, cut)
    assert settings == TINY
    fit = characters.learn(cut, settings, path=path, resume=True, look=seen.append)
    assert [noted.step for noted in seen] == list(range(moment, 13, 4))
    assert equal(fit.params, expected.params)
    assert equal(fit.best.params, expected.best.params)
    assert fit.losses.tolist() == expected.losses.tolist()
    assert fit.scores == expected.scores
    assert path.read_bytes() == whole.read_bytes()


def test_another_text_is_not_gone_on_with(cut, tmp_path):
    path = tmp_path / "run.npz"
    learn(cut, path=path)
    with pytest.raises(
        CheckpointError, match=r"^text: expected the \d+ .* got \d+; '가' is in one"
    ):
        characters.settings_of(path, parts(TEXT[:-1] + "가"))
    with pytest.raises(CheckpointError, match="another one of the same characters"):
        characters.settings_of(path, parts(TEXT[::-1]))
    with pytest.raises(CheckpointError, match="notes"):  # by the back door, too
        characters.learn(parts(TEXT[::-1]), TINY, path=path, resume=True)
    with pytest.raises(CheckpointError, match="optimiser"):
        characters.learn(cut, TINY._replace(rate=0.5), path=path, resume=True)


def test_a_broken_or_foreign_checkpoint_is_told(cut, tmp_path):
    path = tmp_path / "run.npz"
    learn(cut, path=path)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="cut short or changed"):
        characters.settings_of(path, cut)
    model = models.Model(LSTM)
    params = models.init(model, 3, 2, 3, rng=RNG(0))
    xs = np.zeros((2, 1), dtype=int)
    saving = train.Saving(path, 1)
    train.fit(model, params, [(xs, xs)], train.sgd(0.1), steps=1, saving=saving, progress=False)
    with pytest.raises(CheckpointError, match=r"checkpoint of a character model, .*'settings'"):
        characters.settings_of(path, cut)


def test_what_diverges_is_named_and_the_last_good_checkpoint_is_kept(cut, tmp_path, monkeypatch):
    path, calls = tmp_path / "run.npz", itertools.count()
    honest = models.loss_and_gradients

    def diverging(*arguments, **options):
        value, gradients, state = honest(*arguments, **options)
        return (value * np.nan if next(calls) == 6 else value), gradients, state

    monkeypatch.setattr(models, "loss_and_gradients", diverging)
    with pytest.raises(ArgumentError, match=r"^loss: expected .*, got nan at step 6\."):
        learn(cut, path=path)
    monkeypatch.undo()
    fit = learn(cut, path=path, resume=True)  # as if it had been killed
    assert fit.losses.tolist() == learn(cut).losses.tolist()


def test_nothing_to_resume_from(cut):
    with pytest.raises(ArgumentError, match=r"^path: expected the checkpoint to resume from"):
        learn(cut, resume=True)


def test_settings_of_numpy_are_as_good(cut, tmp_path):
    path = tmp_path / "run.npz"
    numbers = {"H": np.int64(5), "every": np.int32(4), "rate": np.float64(0.02)}
    numbers |= {"drop": np.float32(0.25), "average": np.float64(0.5), "seed": np.uint8(3)}
    plain = {name: number.item() for name, number in numbers.items()}
    fit = characters.learn(cut, TINY._replace(**numbers), path=path)
    assert equal(fit.params, characters.learn(cut, TINY._replace(**plain)).params)
    settings = characters.settings_of(path, cut)
    assert settings == TINY._replace(**plain)
    assert equal(fit.params, characters.learn(cut, settings, path=path, resume=True).params)


def test_a_rate_beyond_all_measure_is_named_with_its_step(cut, tmp_path):
    wild = Settings(H=8, T=16, N=4, steps=30, every=1, rate=1e20, rise=1)
    said = r"^loss: expected a finite number, got .* at step \d+\. .*The last checkpoint is of step"
    with pytest.raises(ArgumentError, match=said):
        characters.learn(cut, wild, path=tmp_path / "run.npz")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"H": 0}, "settings.H"),
        ({"H": np.float64(3)}, "settings.H"),
        ({"steps": 1.5}, "settings.steps"),
        ({"rate": 0}, "settings.rate"),
        ({"rate": float("inf")}, "settings.rate"),
        ({"clip": -1}, "settings.clip"),
        ({"average": 1}, "settings.average"),
        ({"clip": float("inf")}, "settings.clip"),
        ({"drop": 1.0}, "settings.drop"),
        ({"seed": -1}, "settings.seed"),
        ({"seed": True}, "settings.seed"),
        ({"patience": 0}, "settings.patience"),
    ],
)
def test_settings_out_of_range_are_refused(cut, change, says):
    with pytest.raises(ArgumentError, match=f"^{says}: expected"):
        characters.learn(cut, TINY._replace(**change))
    with pytest.raises(ArgumentError, match=r"^settings: expected Settings"):
        characters.learn(cut, {"H": 3})
