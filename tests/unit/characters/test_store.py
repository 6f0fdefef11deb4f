"""What chapter 13 prints: the stored results against what can be computed again at once."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from unrolled import characters, tasks
from unrolled.baselines import kneser_ney_bits, uniform_bits
from unrolled.characters import Settings, character_probabilities

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "characters.py"


@pytest.fixture(scope="module")
def store():
    return characters.stored()


@pytest.fixture(scope="module")
def cut():
    return characters.parts(tasks.read_text())


def test_it_is_of_the_prose_and_the_settings_that_are_there(store, cut):
    text = store["text"]
    assert text["sha256"] == hashlib.sha256(tasks.read_text().encode()).hexdigest()
    assert text["characters"] == len(tasks.read_text())
    assert text["V"] == len(cut.vocabulary.characters)
    for name in ("training", "validation", "held_out"):
        assert text[name] == len(getattr(cut, name))
    assert store["settings"] == Settings()._asdict()
    assert store["threads"] == 1
    assert store["cpu_seconds"] < 300  # of one processor: the book says, under five minutes


def test_the_n_grams_are_scored_as_stored(store, cut):
    levels, V = store["levels"], len(cut.vocabulary.characters)
    assert levels["uniform"] == pytest.approx(uniform_bits(V), abs=1e-4)
    assert levels["orders"] == list(range(1, 7))
    assert levels["order"] == 1 + int(np.argmin(levels["validation"]))
    for order in (3, levels["order"]):
        for name in ("validation", "held_out"):
            bits = kneser_ney_bits(cut.training, getattr(cut, name), V, order)
            assert levels[name][order - 1] == pytest.approx(bits, abs=1e-4)
    both = np.concatenate([cut.training, cut.validation])
    bits = kneser_ney_bits(both, cut.held_out, V, levels["order"])
    assert levels["held_out_all"][levels["order"] - 1] == pytest.approx(bits, abs=1e-4)


def test_the_small_model_scores_what_is_said_of_it(store, cut):
    speller = characters.stored_model()
    assert speller.vocabulary == cut.vocabulary
    assert speller.params.Wy.dtype == np.float32
    assert speller.params.cell.Wh.shape[0] == store["small"]["H"]
    p = character_probabilities(speller, cut.held_out)
    q = character_probabilities(speller, cut.validation)
    assert -np.log2(q).mean() == pytest.approx(store["small"]["validation"], abs=2e-3)
    assert -np.log2(p).mean() == pytest.approx(store["small"]["held_out"], abs=2e-3)
    size = characters.MODEL_STORE.stat().st_size
    assert size == store["small"]["bytes"] <= 300_000
    assert characters.write(speller, "The ", 30, rng=np.random.default_rng(0), temperature=0.5)


def test_curves_moments_and_seeds_fit_together(store):
    every = store["settings"]["every"]
    for curve, best in (
        (store["curve"], store["best"]),
        (store["memorising"], store["memorising"]["best"]),
    ):
        assert curve["step"] == list(range(every, curve["step"][-1] + 1, every))
        lengths = {len(curve[name]) for name in ("step", "training", "validation")}
        assert len(lengths) == 1
        assert best["validation"] == min(curve["validation"])
        assert curve["validation"][curve["step"].index(best["step"])] == best["validation"]
    assert store["model"]["validation"] == pytest.approx(store["best"]["validation"], abs=1e-3)
    assert store["seeds"][0]["held_out"] == store["model"]["held_out"]
    assert [each["seed"] for each in store["seeds"]] == [0, 1, 2]
    assert store["mixture"]["held_out"] < store["model"]["held_out"]
    samples = store["samples"]
    assert samples["moments"][0]["step"] == 0
    known = dict(zip(store["curve"]["step"], store["curve"]["validation"], strict=True))
    characters_known = set(characters.stored_model().vocabulary.characters)
    for moment in samples["moments"]:
        assert moment["step"] == 0 or known[moment["step"]] == moment["validation"]
        assert len(moment["texts"]) == len(samples["temperatures"])
        assert all(len(text) == 160 and set(text) <= characters_known for text in moment["texts"])


def test_the_traced_sentences_were_held_out(store, cut):
    held_out = cut.vocabulary.decode(cut.held_out)
    for traced in store["connectivity"]:
        assert traced["text"] in held_out
        T = len(traced["text"]) - 1
        assert len(traced["bits"]) == len(traced["likely"]) == T
        sizes = np.array(traced["sizes"])
        assert sizes.shape == (T, T)
        assert not np.triu(sizes, 1).any()
        assert (np.diag(sizes) > 0).all()
        for t, likely in enumerate(traced["likely"]):
            p = dict(likely).get(traced["text"][t + 1])
            assert p is None or -np.log2(p) == pytest.approx(traced["bits"][t], abs=1e-3 / p + 1e-3)


def test_the_script_stores_all_of_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # the script sets it; here it is put back
    spec = importlib.util.spec_from_file_location("characters_script", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    tiny = Settings(H=4, T=8, N=4, steps=6, every=2)
    text = tasks.read_text()[:3000]
    monkeypatch.setattr(script.tasks, "read_text", lambda: text)
    monkeypatch.setattr(script, "PARTS", tmp_path / "parts")
    monkeypatch.setattr(script, "STORE", tmp_path / "characters.json")
    monkeypatch.setattr(script, "MODEL_STORE", tmp_path / "characters.npz")
    monkeypatch.setattr(script, "BOOK", tiny)
    monkeypatch.setattr(script, "MOMENTS", (0, 4))
    monkeypatch.setattr(script, "SENTENCES", ("The state.",))
    runs = {
        name: tiny._replace(seed=settings.seed, H=3 if name == "small" else 4)
        for name, settings in script.RUNS.items()
    }
    monkeypatch.setattr(script, "RUNS", runs)
    monkeypatch.setattr("sys.argv", ["characters.py"])

    assert script.main() == 0
    monkeypatch.setattr("sys.argv", ["characters.py", "--halp"])
    with pytest.raises(SystemExit):
        script.main()

    assert not (tmp_path / "parts").exists()
    found, stored = (
        json.loads((tmp_path / "characters.json").read_text("utf-8")),
        characters.stored(),
    )
    assert found.keys() == stored.keys()
    for name, part in stored.items():
        if isinstance(part, dict):
            assert found[name].keys() == part.keys(), name
    assert [moment["step"] for moment in found["samples"]["moments"]] == [0, 4]
    small = characters.stored_model(tmp_path / "characters.npz")
    assert small.params.Wy.shape[0] == 3
    assert found["small"]["held_out"] == pytest.approx(
        -np.log2(character_probabilities(small, characters.parts(text).held_out)).mean(), abs=1e-4
    )
