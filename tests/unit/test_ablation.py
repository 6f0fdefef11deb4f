"""The odyssey: its tasks by loops, its variants by their gates, its store against a fresh run."""

from __future__ import annotations

import importlib.util
import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from unrolled import LSTM, ArgumentError, Memory, ablation, gradcheck, unroll, unroll_backward
from unrolled.ablation import TASKS, VARIANTS, Outcome, Settings, fewer_by_chance, run
from unrolled.ablation.variants import LINEAR_OUTPUT, WELDED

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "ablation.py"
RNG = np.random.default_rng


@pytest.fixture(scope="module")
def store():
    return ablation.stored()


# --- tasks


def test_keep_asks_for_the_first_id():
    xs, targets = TASKS["keep"].draw(7, 400, rng=RNG(0))
    assert xs.shape == (7, 400)
    assert targets.tolist() == xs[0].tolist()
    assert set(targets.tolist()) == {0, 1}
    assert set(xs[1:].ravel().tolist()) == {2, 3, 4, 5}
    assert TASKS["keep"][:3] == (6, 2, "last")


@pytest.mark.parametrize("T", [10, 20, 33])
def test_order_asks_for_the_two_symbols_in_their_order(T):
    xs, targets = TASKS["order"].draw(T, 600, rng=RNG(1))
    places = [[], []]
    for n in range(600):
        symbols = [(t, int(xs[t, n])) for t in range(T) if xs[t, n] < 2]
        assert len(symbols) == 2
        for which, (t, _) in enumerate(symbols):
            places[which].append(t)
        assert targets[n] == 2 * symbols[0][1] + symbols[1][1]
    assert set(places[0]) == set(range(T // 10, T // 5 + 1))
    assert set(places[1]) == set(range(T // 2, 3 * T // 5 + 1))
    assert set(targets.tolist()) == {0, 1, 2, 3}
    assert set(xs.ravel().tolist()) == set(range(6))
    assert TASKS["order"][:3] == (6, 4, "last")


def test_count_asks_for_the_marks_since_the_last_reset():
    xs, targets = TASKS["count"].draw(60, 50, rng=RNG(2))
    for n in range(50):
        marks = 0
        for t in range(60):
            marks = 0 if xs[t, n] == 2 else min(7, marks + (xs[t, n] == 1))
            assert targets[t, n] == marks
    assert set(targets.ravel().tolist()) == set(range(8))
    shares = np.bincount(xs.ravel()) / xs.size
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.03)
    assert TASKS["count"][:3] == (3, 8, "every")


@pytest.mark.parametrize("task", TASKS)
def test_draws_come_from_the_generator_alone(task):
    draw = TASKS[task].draw
    one, two = draw(12, 5, rng=RNG(3)), draw(12, 5, rng=RNG(3))
    assert all(a.tolist() == b.tolist() for a, b in zip(one, two, strict=True))
    rng = RNG(3)
    draw(12, 5, rng=rng)
    assert draw(12, 5, rng=rng)[0].tolist() != one[0].tolist()
    for T, N, rng, says in ((0, 5, RNG(0), "T:"), (12, 0, RNG(0), "N:"), (12, 5, 0, "rng:")):
        with pytest.raises(ArgumentError, match=f"^{says}"):
            draw(T, N, rng=rng)


def test_order_needs_ten_steps():
    with pytest.raises(ArgumentError, match=r"^T: expected at least 10 steps .*, got 9\.$"):
        TASKS["order"].draw(9, 2, rng=RNG(0))


# --- variants


@pytest.mark.parametrize(
    ("name", "gate"), [("no input gate", "i"), ("no forget gate", "f"), ("no output gate", "o")]
)
def test_a_welded_gate_is_open_and_stays_so(name, gate):
    cell, start = VARIANTS[name]
    assert cell is LSTM
    params = start(LSTM.init(3, 4, rng=RNG(0)), 20, RNG(1))
    _, last, tape = unroll(LSTM, params, RNG(2).normal(size=(9, 5, 3)))
    ones = Memory(np.ones_like(last.h), np.ones_like(last.c))
    _, _, dparams = unroll_backward(LSTM, tape.hs, ones, tape)
    block = "ifog".index(gate)
    columns = slice(4 * block, 4 * block + 4)
    for cache in tape.caches:
        assert (getattr(cache, gate) == 1).all()
    for part in dparams:
        assert not part[..., columns].any()
        assert np.delete(part, np.arange(16)[columns], axis=-1).all()
    open_gates = {g: b for g, b in zip("ifo", params.b.reshape(4, 4)[:3], strict=True) if g != gate}
    assert all((b == (g == "f")).all() for g, b in open_gates.items())
    assert np.arctanh(1 - 2**-53) < WELDED / 2


def test_every_variant_starts_as_its_name_says():
    starts = {name: (cell.name, start) for name, (cell, start) in VARIANTS.items()}
    fresh = {name: VARIANTS[name].cell.init(2, 3, rng=RNG(0)) for name in VARIANTS}
    b = {name: start(fresh[name], 50, RNG(4)).b for name, (_, start) in starts.items()}
    for value in (0, 1, 3, 5):
        assert b[f"LSTM, b_f = {value}"].tolist() == [0] * 3 + [value] * 3 + [0] * 6
    draws = np.log(RNG(4).uniform(1, 49, 3))
    assert b["LSTM, chrono"] == pytest.approx([*-draws, *draws, *[0] * 6])
    assert b["peephole"].tolist() == b["no output tanh"].tolist() == b["LSTM, b_f = 1"].tolist()
    assert b["coupled"].tolist() == [-1] * 3 + [0] * 6
    assert b["GRU"].tolist() == b["GRU, reset before"].tolist() == [0] * 3 + [1] * 3 + [0] * 3
    assert b["MGU"].tolist() == [-1] * 3 + [0] * 3
    assert not b["RNN"].any()
    kinds = [name for name, _ in starts.values()]
    assert kinds == [
        *("RNN", *["LSTM"] * 8, "LSTM, h = o ⊙ c", "PeepholeLSTM", "CoupledLSTM"),
        *("GRU", "ResetBeforeGRU", "MGU"),
    ]


@pytest.mark.parametrize("tokens", [False, True])
def test_the_linear_output_s_gradient_is_the_complex_step_s(tokens):
    rng = RNG(5)
    params = LINEAR_OUTPUT.init(3, 4, rng=rng)
    xs = rng.integers(0, 3, (3, 2)) if tokens else rng.normal(size=(3, 2, 3))
    state0 = Memory(*rng.normal(size=(2, 2, 4)))
    dhs, (dh, dc) = rng.normal(size=(3, 2, 4)), rng.normal(size=(2, 2, 4))

    def scalar(tree):
        hs, last, _ = unroll(LINEAR_OUTPUT, tree[0], xs if tokens else tree[2], tree[1])
        return (hs * dhs).sum() + (last.h * dh).sum() + (last.c * dc).sum()

    hs, _, tape = unroll(LINEAR_OUTPUT, params, xs, state0)
    dxs, dstate0, dparams = unroll_backward(LINEAR_OUTPUT, dhs, Memory(dh, dc), tape)
    got = (dparams, dstate0) if tokens else (dparams, dstate0, dxs)
    exact = gradcheck.complex_step(scalar, (params, state0) if tokens else (params, state0, xs))
    assert gradcheck.compare(got, exact, tolerance=1e-12).passed
    last = tape.caches[-1]
    assert hs[-1] == pytest.approx(last.o * last.c, abs=1e-15)


# --- runs

QUICK = Settings(H=3, N=4, every=2, tests=8, solved=1e-9)


def test_a_run_stops_at_the_first_test_that_is_good_enough():
    assert run("GRU", "keep", 4, 0, budget=6, settings=QUICK).updates == 2
    hopeless = QUICK._replace(solved=1.1)
    outcome = run("GRU", "keep", 4, 0, budget=6, settings=hopeless)
    assert outcome.updates is None
    assert 8 * outcome.accuracy == round(8 * outcome.accuracy)


def test_a_run_depends_on_its_seed_alone():
    settings = QUICK._replace(solved=1.1, tests=200)
    one = run("MGU", "count", 6, 1, budget=4, settings=settings)
    assert run("MGU", "count", 6, 1, budget=4, settings=settings) == one
    assert run("MGU", "count", 6, 2, budget=4, settings=settings) != one
    assert 0 < one.accuracy < 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no such", "keep", 4, 0), "variant: expected one of"),
        (("GRU", "no such", 4, 0), "task: expected one of"),
        ((["GRU"], "keep", 4, 0), "variant: expected one of"),
        (("GRU", "keep", 0, 0), "T:"),
        (("GRU", "keep", 4, -1), "seed: expected an integer of at least 0, got -1"),
        (("GRU", "keep", 4, 1.0), "seed:"),
        (("GRU", "keep", 4, True), "seed:"),
    ],
)
def test_a_run_refuses(arguments, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        run(*arguments, budget=25)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (tuple(QUICK), "settings: expected Settings"),
        (QUICK._replace(every=0), "settings.every:"),
        (QUICK._replace(solved=None), "settings.solved:"),
        (QUICK._replace(H=0), "H:"),
        (QUICK._replace(N=0), "N:"),
        (QUICK._replace(rate=0.0), "rate:"),
        (QUICK._replace(clip=-1.0), "clip:"),
        (QUICK._replace(tests=0), "N:"),
    ],
)
def test_settings_that_cannot_be_trained_with(settings, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        run("GRU", "keep", 4, 0, budget=2, settings=settings)


@pytest.mark.parametrize("budget", [0, 24, 26, -25, 2.5, None])
def test_a_budget_is_a_multiple_of_the_tests(budget):
    with pytest.raises(ArgumentError, match=r"^budget: expected "):
        run("GRU", "keep", 4, 0, budget=budget)


# --- chance


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_chance_counts_every_way_to_deal(runs):
    for a in range(runs + 1):
        for b in range(runs + 1):
            ways = list(combinations(range(2 * runs), a + b))
            fewer = sum(sum(place < runs for place in way) <= a for way in ways)
            assert fewer_by_chance(a, b, runs) == pytest.approx(fewer / len(ways), abs=1e-15)


@pytest.mark.parametrize(("a", "b", "says"), [(-1, 2, "a"), (4, 2, "a"), (1, 4, "b"), (1, 1.0, "b"),
                                              (True, 1, "a"), (1, None, "b")])  # fmt: skip
def test_successes_are_counts_up_to_the_runs(a, b, says):
    with pytest.raises(ArgumentError, match=rf"^{says}: expected successes from 0 to 3, got "):
        fewer_by_chance(a, b, 3)
    with pytest.raises(ArgumentError, match=r"^runs: "):
        fewer_by_chance(0, 0, 0)


# --- the store


def script():
    found = importlib.util.spec_from_file_location("ablation_script", SCRIPT)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_store_is_whole(store):
    assert store["seeds"] == list(range(10))
    assert Settings(**store["settings"]) == Settings()
    module = script()
    assert [(g["task"], g["T"], g["budget"], tuple(g["runs"])) for g in store["grids"]] == [
        *module.GRIDS
    ]
    for grid in store["grids"]:
        for runs in grid["runs"].values():
            assert len(runs["updates"]) == len(runs["accuracy"]) == 10
            for updates, accuracy in zip(runs["updates"], runs["accuracy"], strict=True):
                solved = accuracy >= Settings().solved
                assert solved == (updates is not None)
                assert updates is None or updates in range(25, grid["budget"] + 1, 25)
                assert 0 <= accuracy <= 1
    assert store["seconds"] > 60
    assert set(store) == {"date", "python", "numpy", "settings", "seconds", "seeds", "grids"}


def test_a_larger_budget_only_adds_to_the_runs(store):
    less, more = (g for g in store["grids"] if (g["task"], g["T"]) == ("count", 20))
    assert less["budget"] < more["budget"]
    for name, runs in less["runs"].items():
        for u, v in zip(runs["updates"], more["runs"][name]["updates"], strict=True):
            assert u == v if u is not None else v is None or v > less["budget"]


def test_the_script_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    module = script()
    monkeypatch.setattr(module, "STORE", tmp_path / "store.json")
    monkeypatch.setattr(module, "PARTS", tmp_path / "build" / "parts.json")
    grids = (("keep", 4, 25, ("GRU", "MGU")), ("count", 4, 25, ("RNN",)))
    monkeypatch.setattr(module, "GRIDS", grids)
    done, stop = [], {("MGU", 1)}

    def fake(name, task, T, seed, *, budget, settings):
        if (name, seed) in stop:
            raise KeyboardInterrupt
        done.append((task, name, seed))
        return Outcome(25 if seed else None, seed / 4)

    monkeypatch.setattr(module, "run", fake)
    with pytest.raises(KeyboardInterrupt):
        module.main()
    assert not module.STORE.exists()
    assert len(done) == 11  # ten of the GRU, which are kept, and one of the MGU, which is not
    stop.clear()
    del done[:]
    module.main()
    assert done == [(t, n, s) for t, n in (("keep", "MGU"), ("count", "RNN")) for s in range(10)]
    whole = json.loads(module.STORE.read_text("utf-8"))
    assert [tuple(g["runs"]) for g in whole["grids"]] == [("GRU", "MGU"), ("RNN",)]
    for grid in whole["grids"]:
        for runs in grid["runs"].values():
            assert runs["updates"] == [None] + [25] * 9
            assert runs["accuracy"] == [seed / 4 for seed in range(10)]
    assert not list(tmp_path.rglob("*part*.*"))


def test_parts_of_other_seeds_are_not_taken(tmp_path, monkeypatch):
    module = script()
    monkeypatch.setattr(module, "STORE", tmp_path / "store.json")
    monkeypatch.setattr(module, "PARTS", tmp_path / "parts.json")
    monkeypatch.setattr(module, "GRIDS", (("keep", 4, 25, ("GRU", "MGU")),))
    tried = []

    def fake(name, task, T, seed, *, budget, settings):
        tried.append((name, seed))
        if name == "MGU" and len(module.SEEDS) == 2:
            raise KeyboardInterrupt
        return Outcome(25, 1.0)

    monkeypatch.setattr(module, "run", fake)
    monkeypatch.setattr(module, "SEEDS", (0, 1))
    with pytest.raises(KeyboardInterrupt):
        module.main()
    del tried[:]
    monkeypatch.setattr(module, "SEEDS", (0, 1, 2))
    module.main()
    assert tried == [(name, seed) for name in ("GRU", "MGU") for seed in range(3)]


@pytest.mark.parametrize(("variant", "seed"), [("LSTM, b_f = 5", 0), ("GRU", 0), ("MGU", 3)])
def test_a_stored_run_comes_out_again(store, variant, seed):
    stored = next(g for g in store["grids"] if (g["task"], g["T"]) == ("keep", 10))
    runs = stored["runs"][variant]
    outcome = run(variant, "keep", 10, seed, budget=stored["budget"])
    assert outcome.updates is not None
    assert abs(outcome.updates - runs["updates"][seed]) <= 25  # another processor may round
    assert isinstance(outcome, Outcome)


def test_the_store_reads_another_file(tmp_path):
    path = tmp_path / "other.json"
    other = {"settings": {"seeds": [math.pi]}, "grids": [{}]}
    path.write_text(json.dumps(other), encoding="utf-8")
    assert ablation.stored(path) == other
