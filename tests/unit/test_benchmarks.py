"""The benchmark's parts: who computes what, how times become ratios, what survives a stop.

No time is asserted, and neither PyTorch nor JAX is needed.
"""

from __future__ import annotations

import errno
import json
import math
import os
import sys
import types
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import benchmarks  # noqa: E402  (found through the path above)
from benchmarks import __main__ as command  # noqa: E402
from benchmarks import (  # noqa: E402
    clock,
    floor,
    loops,
    machine,
    memory,
    ours,
    parts,
    sizes,
    table,
    team,
    trials,
    worker,
)

from unrolled import unroll, unroll_backward  # noqa: E402
from unrolled.trees import map_arrays, named_arrays  # noqa: E402

CELLS = tuple(sizes.CELLS)
ODD = (sizes.Size(1, 1, 1, 1), sizes.Size(5, 3, 2, 7), sizes.Size(11, 2, 5, 3))


def in_double(problem):
    """The same problem with more digits, and biases that are not zero."""
    rng = np.random.default_rng(5)

    def other(a):
        return a + rng.standard_normal(a.shape)

    return problem._replace(
        params=map_arrays(other, problem.params),
        xs=problem.xs.astype(np.float64),
        dhs=problem.dhs.astype(np.float64),
    )


@pytest.mark.parametrize("size", ODD)
@pytest.mark.parametrize("cell", CELLS)
def test_the_plain_loop_and_our_forms_find_what_unroll_finds(cell, size):
    problem = in_double(sizes.problem(cell, size))
    hs, _, tape = unroll(problem.cell, problem.params, problem.xs)
    dxs, _, dparams = unroll_backward(problem.cell, problem.dhs, None, tape)
    wanted = dict(named_arrays((hs, dxs, *dparams)))
    for form in (loops.textbook, ours.with_workspace, ours.fresh, ours.stepwise):
        run = form(problem)
        for _ in range(2):
            found_hs, found_dxs, found = run()
            assert type(found) is type(dparams)
            for name, array in named_arrays((found_hs, found_dxs, *found)):
                assert array.shape == wanted[name].shape
                np.testing.assert_allclose(array, wanted[name], rtol=1e-12, atol=1e-12)


def test_a_problem_is_drawn_alike_each_time_in_float32():
    one, again = sizes.problem("GRU", ODD[1]), sizes.problem("GRU", ODD[1])
    assert one.xs.shape == (5, 3, 2)
    assert one.dhs.shape == (5, 3, 7)
    for (_, a), (_, b) in zip(named_arrays(one[1:]), named_arrays(again[1:]), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_array_equal(a, b)


def test_answers_are_copies_and_their_difference_is_relative():
    run = ours.with_workspace(sizes.problem("LSTM", ODD[1]))
    first, second = sizes.our_answer(run), sizes.our_answer(run)
    assert not any(np.shares_memory(a, b) for a, b in zip(first, second, strict=True))
    assert sizes.difference(first, second) == 0
    off = second._replace(dWh=second.dWh + np.float32(0.25) * np.abs(second.dWh).max())
    assert sizes.difference(first, off) == pytest.approx(0.25, rel=1e-5)
    assert math.isnan(sizes.difference(first, second._replace(hs=second.hs * np.nan)))
    with pytest.raises(ValueError, match=r"dxs: \(5, 3, 2\) float32 beside \(5, 3, 2\) float64"):
        sizes.difference(first, second._replace(dxs=second.dxs.astype(np.float64)))


@pytest.mark.parametrize("cell", CELLS)
def test_the_floor_makes_exactly_the_products_of_the_algorithm(cell):
    T, N, D, H = size = sizes.Size(7, 3, 5, 11)
    listed = floor.products(cell, size)
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[cell]
    # a multiply-add for each entry of W_x and W_h, once forward and twice backward
    counted = sum(p.left.shape[0] * p.left.shape[1] * p.right.shape[1] * p.times for p in listed)
    assert counted == 3 * T * N * (D + H) * gates * H
    dparams = sizes.problem(cell, size).params
    shapes = {p.name: p.out.shape for p in listed}
    assert shapes["dWx"] == dparams.Wx.shape
    assert shapes["dWh"] == dparams.Wh.shape
    assert shapes["dxs"] == (T * N, D)
    assert shapes["inputs"] == (T * N, gates * H)
    assert shapes["recurrent"] == (N, gates * H)
    assert shapes["recurrent backward"] == (N, H)
    assert {p.times for p in listed if p.name.startswith("recurrent")} == {T}
    for p in listed:
        assert p.out.dtype == p.left.dtype == p.right.dtype == np.float32
        p.out[...] = np.nan
    floor.multiply(cell, size)()  # writes into arrays of its own, like these
    for p in listed:
        np.dot(p.left, p.right, p.out)
        assert np.isfinite(p.out).all()


def test_quartiles_slope_and_turns():
    assert clock.quartiles([5, 1, 4, 2, 3]) == [2, 3, 4]
    assert clock.quartiles([7.0]) == [7, 7, 7]
    assert clock.slope([50, 100, 200], [3.0, 6.0, 12.0]) == pytest.approx(1, abs=1e-12)
    assert clock.slope([2, 4, 8], [5, 20, 80]) == pytest.approx(2, abs=1e-12)
    turns = [clock.turn(["a", "b", "c"], number) for number in range(4)]
    assert turns == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]


def test_a_ratio_is_taken_within_a_round():
    # the machine is ten times slower in the second round: a ratio of medians would not be 2
    rounds = [
        {"ours": clock.Times(2, 20), "peer": clock.Times(1, 5)},
        {"ours": clock.Times(20, 30), "peer": clock.Times(10, 10)},
        {"ours": clock.Times(3, 8), "peer": clock.Times(1.5, 4)},
    ]
    assert clock.ratios(rounds, "cpu") == {"peer": [2, 2, 2]}
    assert clock.ratios(rounds, "wall")["peer"] == [2.5, 3, 3.5]
    assert clock.ratios(rounds, "cpu", own="peer") == {"ours": [0.5, 0.5, 0.5]}
    assert clock.medians(rounds, "wall") == {"ours": 20, "peer": 5}


def test_calls_are_made_and_shared_out():
    made = []
    times = clock.timed(lambda: made.append(1), 7)
    assert len(made) == 7
    assert min(times) >= 0
    assert clock.calls_for(0.05, clock.Times(0, 0.01)) == 5
    assert clock.calls_for(0.05, clock.Times(0, 3)) == 1
    assert clock.calls_for(0.05, clock.Times(0, 0)) > 1


def test_peak_counts_what_a_run_holds_at_its_worst():
    kept = np.empty(10**6)
    assert 10**6 <= memory.peak(lambda: np.empty(10**6, np.uint8)) < 1.01 * 10**6
    # one after the other is not both at once
    assert memory.peak(lambda: [np.empty(10**6, np.uint8).size for _ in range(3)]) < 2.1 * 10**6
    assert kept.size
    with pytest.raises(ZeroDivisionError):
        memory.peak(lambda: 1 / 0)
    assert not memory.tracemalloc.is_tracing()


def test_memory_of_all_forms_and_of_streams(monkeypatch):
    held = memory.of_passes("LSTM", "textbook")
    assert list(held) == ["ours", "fresh", "loop", "unroll"]
    assert min(held.values()) > 4 * 3 * 4 * 4  # the states alone
    monkeypatch.setattr(memory, "GROWTH_T", (8, 80))
    monkeypatch.setattr(memory, "WINDOW", 4)
    monkeypatch.setattr(memory, "GROWTH", sizes.Size(0, 3, 5, 16))
    found = memory.of_streams("LSTM")
    assert found["full"][1] > 2 * found["full"][0]
    assert found["truncated"][1] < 1.3 * found["truncated"][0]


def test_partial_results_are_kept_under_the_same_conditions_only(tmp_path):
    path = tmp_path / "new" / "parts.json"
    first = parts.Parts(path, {"code": "a"})
    assert first.get("x", lambda: [1, 2.5]) == [1, 2.5]
    again = parts.Parts(path, {"code": "a"})
    assert "x" in again
    assert again.get("x", lambda: pytest.fail("measured twice")) == [1, 2.5]
    assert "x" not in parts.Parts(path, {"code": "b"})
    for broken in ('{"conditions": {"code"', "[]", "null", '"x"'):
        path.write_text(broken, "utf-8")
        assert "x" not in parts.Parts(path, {"code": "a"})
    again.forget()
    again.forget()
    assert not path.exists()


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "speed.json"
    parts.write_json(path, {"ratio": "÷"})
    before = path.read_bytes()

    def full(value, file, **options):
        file.write("{")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(OSError, match="No space left"):
        parts.write_json(path, {"ratio": 1})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_fingerprint_covers_what_is_measured_and_what_measures(tmp_path, monkeypatch):
    package = tmp_path / "code" / "unrolled"
    for folder in ("benchmarks", "code/unrolled/fused", "code/unrolled/plots"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.py").write_text("1\n", "utf-8")
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    monkeypatch.setattr(parts, "PACKAGE", package)
    before = parts.fingerprint()
    (package / "plots" / "a.py").write_text("2\n", "utf-8")
    assert parts.fingerprint() == before
    for file in ("benchmarks/a.py", "code/unrolled/fused/a.py"):
        (tmp_path / file).write_text("2\n", "utf-8")
        assert parts.fingerprint() != before
        before = parts.fingerprint()


def test_the_machine_names_itself(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some CPU: 3 GHz\nmodel name\t: other\n", "utf-8")
    assert machine.processor(file) == "Some CPU: 3 GHz"
    file.write_text("nothing\n", "utf-8")
    assert machine.processor(file)
    assert machine.processor(tmp_path / "missing")
    assert machine.machine()["cores"] >= 1
    assert machine.load() >= 0


def test_a_worker_prepares_and_times_in_turn(monkeypatch):
    made = []
    contest = types.ModuleType("benchmarks.contest")
    contest.JOBS = {"count": lambda cell: {name: lambda n=name: made.append(n) for name in "ab"}}
    threads = []
    torch = types.SimpleNamespace(set_num_threads=threads.append)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "benchmarks.contest", contest)
    monkeypatch.setattr(benchmarks, "contest", contest, raising=False)
    monkeypatch.setattr(worker, "FILL", 1e-5)
    monkeypatch.setattr(worker, "SETTLE", 0)
    job = {}
    calls = worker.answer({"do": "prepare", "job": "count", "cell": "RNN"}, 2, job)
    assert made[:2] == ["a", "b"]
    assert set(calls) == {"a", "b"}
    made.clear()
    found = worker.answer({"do": "round", "number": 1}, 2, job)
    assert made == ["b"] * calls["b"] + ["a"] * calls["a"]
    assert all(len(times) == 2 for times in found.values())
    assert set(threads) == {2}
    held = worker.answer({"do": "memory", "of": "passes", "cell": "RNN", "size": "textbook"}, 1, {})
    assert held["ours"] > 0


def test_a_worker_that_dies_is_told_in_one_sentence(tmp_path, monkeypatch, capfd):
    (tmp_path / "torch.py").write_text("raise SystemExit('no torch today')\n", "utf-8")
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", paths)
    said = r"The process with 1 thread\(s\) ended while it worked on \{'number': 0\}"
    with team.team([1]) as (one,), pytest.raises(SystemExit, match=said):
        one.ask("round", number=0)
    assert "no torch today" in capfd.readouterr().err


CONSTANTS = dict.fromkeys(trials.constants(), 1e-3)


class Fake:
    """Answers as a worker does; with two threads everything takes half the wall time."""

    def __init__(self, threads, stop_at=math.inf):
        self.threads, self.stop_at, self.asked = threads, stop_at, []

    def ask(self, do, **request):
        self.asked.append((do, request))
        if len(self.asked) > self.stop_at:
            raise KeyboardInterrupt
        if do == "prepare":
            self.job = request["job"]
            return {}
        if do == "memory" and request["of"] == "streams":
            return {"full": [10**6 * T for T in sizes.GROWTH_T], "truncated": [5] * 5}
        if do == "memory":
            return {"ours": 1200, "fresh": 1100, "loop": 1000, "unroll": 2400}
        cpu = {
            "passes": {"ours": 2.0, "torch": 4.0, **dict.fromkeys(
                ("fresh", "jax", "loop", "unroll", "floor"), 1.0)},
            "growth": {str(T): T * 1e-3 for T in sizes.GROWTH_T},
            "training": {"ours": 1.0, "torch": 2.0},
            "trick": {"without": 3.0, "with": 1.5},
            "constants": CONSTANTS,
        }[self.job]  # fmt: skip
        return {name: (each, each / self.threads) for name, each in cpu.items()}


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """Give a way to run the whole command with processes that only pretend."""
    monkeypatch.setattr(command, "PARTS", tmp_path / "parts")
    monkeypatch.setattr(command, "STORE", tmp_path / "speed.json")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command.machine, "versions", lambda: {"numpy": "2.4", "torch": "2.13"})
    monkeypatch.setattr(command.machine, "load", lambda: host["load"])
    host = {"processor": "P", "cores": 2, "system": "S", "pinned": True, "load": 0.25}
    monkeypatch.setattr(command.machine, "machine", lambda: host)

    def run(*arguments, stop_at=math.inf):
        started = []

        @contextmanager
        def pretend(threads):
            started.extend(Fake(count, stop_at) for count in threads)
            yield started

        monkeypatch.setattr(command, "team", pretend)
        return command.main(arguments), started

    return types.SimpleNamespace(run=run, store=tmp_path / "speed.json", host=host, folder=tmp_path)


def test_a_busy_machine_is_said_and_stores_nothing(bench, capsys):
    bench.host["load"] = 0.75
    assert bench.run("--store") == (1, [])
    assert "The machine is busy (load 0.75, at most 0.5)" in capsys.readouterr().err
    assert not bench.store.exists()
    code, started = bench.run()
    assert (code, len(started)) == (0, 2)
    assert "The machine is busy (load 0.75): trust the ratios" in capsys.readouterr().err


def test_the_whole_run_prints_one_table_and_stores_it(bench, capsys):
    code, _ = bench.run("--store")
    assert code == 0
    said = capsys.readouterr()
    found = json.loads(bench.store.read_text("utf-8"))
    assert table.table(found) + "\n" == said.out
    assert "busy" not in said.err
    assert len(found["passes"]) == 4 * 3 * 2
    assert {tuple(e["ratios"]["wall"]["torch"]) for e in found["passes"]} == {(0.5, 0.5, 0.5)}
    assert found["two_threads"][0] == {"size": "textbook", "cell": "RNN", "ratio": [0.5, 0.5, 0.5]}
    # twice as fast as PyTorch, by the clock that counts; two threads share the work
    tokens = 8 * 64 * 32
    assert [e["tokens_per_second"]["ours"] for e in found["training"][:2]] == [tokens, 2 * tokens]
    assert found["training"][0]["ratio"] == [2, 2, 2]
    assert found["growth"]["time"][0]["slope"] == pytest.approx(1, abs=1e-9)
    assert found["growth"]["memory"]["truncated"] == [5] * 5
    one, two = (line.split()[2:] for line in said.out.splitlines() if "small     LSTM" in line)
    ratios = [".50", ".50–.50", *["2.00", "2.00–2.00"] * 5]
    assert one == ["1", "2e+03", "ms", *ratios, "1.2", "kB", "1.20", ".50"]
    assert two == ["2", "1e+03", "ms", *ratios, ".50", ".50–.50"]
    assert max(map(len, said.out.splitlines())) <= 170
    assert not list((bench.folder / "parts").iterdir())


def test_a_stopped_run_goes_on_where_it_was(bench, capsys):
    code, _ = bench.run("--quick", stop_at=20)
    assert code == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert "the same command goes on from there" in said.err
    code, (one, _) = bench.run("--quick")
    assert code == 0
    assert capsys.readouterr().err.count("kept:") >= 1
    prepared = [(r["size"], r["cell"]) for do, r in one.asked if r.get("job") == "passes"]
    assert ("textbook", "RNN") not in prepared
    assert ("char-LM", "GRU") in prepared
    assert not any(size == "large" for size, _ in prepared)


def test_one_core_means_one_thread(bench, capsys):
    bench.host["cores"] = 1
    code, started = bench.run("--store", str(bench.folder / "other.json"))
    assert (code, len(started)) == (0, 1)
    said = capsys.readouterr()
    assert "two threads are left out" in said.err
    found = json.loads((bench.folder / "other.json").read_text("utf-8"))
    assert found["two_threads"] == []
    assert {e["threads"] for e in found["passes"]} == {1}
    assert not bench.store.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--quick", "--store"], "what the book shows is not a quick look; name another file"),
        (["--store", "no/such/folder/x.json"], "there is no folder"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_misuse_is_said_before_anything_runs(bench, capsys, arguments, said):
    with pytest.raises(SystemExit):
        bench.run(*arguments)
    assert said in capsys.readouterr().err


def test_figures_are_written_short():
    assert table.quartiles([0.396, 0.404, 1.256]) == ".40 .40–1.26"
    assert table.quartiles([0.0, 0.004, 10]) == ".00 .00–10.00"
    assert [table.bytes_of(n) for n in (0, 999, 1e3, 12_345, 5e7, 2.5e9, 3e13)] == [
        "0 B", "999 B", "1 kB", "12.3 kB", "50 MB", "2.5 GB", "3e+04 GB",
    ]  # fmt: skip
    assert table.columns([["a", "b", "1"], ["aa", "b", "22"]]) == "a   b   1\naa  b  22"


def test_the_stored_run_is_whole_and_can_be_printed():
    found = json.loads((ROOT / "code/unrolled/data/speed.json").read_text("utf-8"))
    assert found["sizes"] == {name: list(size) for name, size in sizes.SIZES.items()}
    assert found["settings"]["rounds"] == command.ROUNDS
    pairs = [(size, cell) for size in sizes.SIZES for cell in CELLS]
    entries = {(e["size"], e["cell"], e["threads"]): e for e in found["passes"]}
    assert set(entries) == {(*pair, threads) for pair in pairs for threads in (1, 2)}
    for entry in entries.values():
        for name in clock.CLOCKS:
            ratios, seconds = entry["ratios"][name], entry["seconds"][name]
            assert set(seconds) == set(found["sides"]) == {"ours", *ratios}
            assert all(0 < low <= middle <= high for low, middle, high in ratios.values())
    assert [(m["size"], m["cell"]) for m in found["memory"]] == pairs
    assert [(r["size"], r["cell"]) for r in found["two_threads"]] == pairs
    wanted = [(cell, threads) for cell in CELLS for threads in (1, 2)]
    assert [(e["cell"], e["threads"]) for e in found["training"]] == wanted
    for entry in found["growth"]["time"]:
        assert entry["slope"] == pytest.approx(clock.slope(entry["T"], entry["seconds"]))
    text = table.table(found)
    assert all(f"{name} {number}" in text for name, number in found["versions"].items())
