"""Measure everything, print one table, and on request store it: ``python -m benchmarks``.

Stop it with Ctrl-C: the next run goes on where it was, unless the code, a version or the machine
has changed since. Progress goes to stderr, the table to stdout.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import clock, machine, trials
from benchmarks.parts import PACKAGE, ROOT, Parts, fingerprint, write_json
from benchmarks.sizes import CELLS, GROWTH, GROWTH_T, SEED, SIZES, STREAM, TRAINING, WINDOW
from benchmarks.table import clock_of, table
from benchmarks.team import Worker, measure, team

STORE = PACKAGE / "data" / "speed.json"
PARTS = ROOT / "_build" / "benchmarks"
ROUNDS = {
    "textbook": 11,
    "small": 11,
    "char-LM": 11,
    "large": 5,
    "growth": 9,
    "training": 9,
    "tricks": 7,
}
QUICK = {"textbook": 5, "small": 5, "char-LM": 3, "growth": 3, "training": 2, "tricks": 2}
SIDES = {
    "ours": "unrolled.fused with a workspace, as training uses it",
    "torch": "nn.RNN, nn.LSTM, nn.GRU and autograd",
    "jax": "lax.scan and vjp under jit, the input product before the scan, compilation not timed",
    "loop": "NumPy step by step as a course writes it, nothing checked",
    "unroll": "unrolled.unroll and unroll_backward, the loop of chapters 5 and 6",
    "fresh": "unrolled.fused without a workspace: every array is made anew",
    "floor": "only the matrix products that the algorithm needs, written into arrays that exist",
}

BUSY = 0.5
"""Programs that wanted a core on average of the last minute, above which wall times say little."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing, print the table, and store it if that is asked for."""
    options = parsed(arguments)
    rounds = QUICK if options.quick else ROUNDS
    host = machine.machine()
    conditions = {
        "machine": host,
        "versions": machine.versions(),
        "rounds": rounds,
        "code": fingerprint(),
    }
    busy = machine.load()
    if options.store and busy > BUSY:
        say(f"The machine is busy (load {busy}, at most {BUSY}): a run to store needs it alone.")
        return 1
    kept = Parts(PARTS / ("quick.json" if options.quick else "full.json"), conditions)
    load = kept.get("load", lambda: busy)
    if load > BUSY:
        say(f"The machine is busy (load {load}): trust the ratios of CPU time, not the rest.")
    if host["cores"] < 2:
        say("There is one core only: two threads are left out.")
    try:
        with team([1, 2][: host["cores"]]) as workers:
            parts = everything(workers, rounds, kept)
    except KeyboardInterrupt:
        say("\nStopped. What is finished is kept; the same command goes on from there.")
        return 130
    found = {
        "date": date.today().isoformat(),
        "seconds": round(sum(part["seconds"] for part in parts.values())),
        "machine": host,
        "load": load,
        "versions": conditions["versions"],
        "settings": {"seed": SEED, "dtype": "float32", "rounds": rounds},
        "sizes": {name: list(SIZES[name]) for name in SIZES if name in rounds},
        "sides": SIDES,
        **put_together(parts, rounds),
    }
    print(table(found))
    if options.store:
        write_json(options.store, found)
        say(f"\nwrote {options.store}")
    kept.forget()
    return 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a look: few rounds, no large size")
    parser.add_argument(
        "--store",
        type=Path,
        nargs="?",
        const=STORE,
        metavar="FILE",
        help=f"write all figures, to {STORE.relative_to(ROOT)} if no file is named",
    )
    options = parser.parse_args(arguments)
    if options.store is None:
        return options
    if options.quick and options.store == STORE:
        parser.error("--store: what the book shows is not a quick look; name another file.")
    if not options.store.resolve().parent.is_dir():
        parser.error(f"--store: there is no folder {options.store.resolve().parent}")
    return options


def everything(
    workers: Sequence[Worker], rounds: dict[str, int], kept: Parts
) -> dict[str, dict[str, Any]]:
    """Make every part, or take it from an earlier run that was stopped."""
    jobs: dict[str, Callable[[], Any]] = {}
    ask = workers[0].ask
    for size in (name for name in SIZES if name in rounds):
        for cell in CELLS:
            jobs[f"passes {size} {cell}"] = partial(passes, workers, size, cell, rounds[size])
            jobs[f"memory {size} {cell}"] = partial(
                ask, "memory", of="passes", cell=cell, size=size
            )
    for cell in CELLS:
        jobs[f"training {cell}"] = partial(training, workers, cell, rounds["training"])
        jobs[f"growth {cell}"] = partial(growth, workers, cell, rounds["growth"])
    jobs.update(trials.jobs(workers, rounds))
    jobs["streams"] = partial(ask, "memory", of="streams", cell=STREAM)
    parts = {}
    for number, (key, job) in enumerate(jobs.items(), start=1):
        state = "kept" if key in kept else "measured"
        parts[key] = kept.get(key, partial(in_seconds, job))
        say(f"[{number:2}/{len(jobs)}] {key:24} {state}: {parts[key]['seconds']:6.1f} s")
    return parts


def in_seconds(job: Callable[[], Any]) -> dict[str, Any]:
    """Do a job, and note how long it took."""
    began = time.monotonic()
    found = job()
    return {"found": found, "seconds": round(time.monotonic() - began, 2)}


def passes(workers: Sequence[Worker], size: str, cell: str, rounds: int) -> dict[str, Any]:
    """Forward and backward by all sides, with each number of threads."""
    found = measure(workers, rounds, job="passes", cell=cell, size=size)
    entries = [
        {
            "size": size,
            "cell": cell,
            "threads": threads,
            "seconds": {name: clock.medians(times, name) for name in clock.CLOCKS},
            "ratios": {name: clock.ratios(times, name) for name in clock.CLOCKS},
        }
        for threads, times in found.items()
    ]
    both = zip(*found.values(), strict=True) if len(found) == 2 else ()
    twice = [two["ours"].wall / one["ours"].wall for one, two in both]
    return {"entries": entries, "two_threads": clock.quartiles(twice) if twice else None}


def training(workers: Sequence[Worker], cell: str, rounds: int) -> list[dict[str, Any]]:
    """Tokens per second, ours and PyTorch's."""
    found = measure(workers, rounds, job="training", cell=cell)
    entries = []
    for threads, times in found.items():
        name = clock_of(threads)
        seconds = clock.medians(times, name)
        # theirs ÷ ours in time is ours ÷ theirs in speed
        ratio = clock.ratios(times, name, own="torch")["ours"]
        speed = {side: TRAINING.tokens / s for side, s in seconds.items()}
        entry = {"cell": cell, "threads": threads, "tokens_per_second": speed, "ratio": ratio}
        entries.append(entry)
    return entries


def growth(workers: Sequence[Worker], cell: str, rounds: int) -> dict[str, Any]:
    """Time of ours at several T, one thread, CPU time."""
    times = measure(workers[:1], rounds, job="growth", cell=cell)[1]
    seconds = [clock.medians(times, "cpu")[str(T)] for T in GROWTH_T]
    slope = clock.slope(GROWTH_T, seconds)
    return {"cell": cell, "T": list(GROWTH_T), "seconds": seconds, "slope": slope}


def put_together(parts: dict[str, dict[str, Any]], rounds: dict[str, int]) -> dict[str, Any]:
    """Sort the parts into what is stored."""
    found = {key: part["found"] for key, part in parts.items()}
    pairs = [(size, cell) for size in SIZES if size in rounds for cell in CELLS]
    return {
        "passes": [e for s, c in pairs for e in found[f"passes {s} {c}"]["entries"]],
        "two_threads": [
            {"size": s, "cell": c, "ratio": ratio}
            for s, c in pairs
            if (ratio := found[f"passes {s} {c}"]["two_threads"])
        ],
        "memory": [{"size": s, "cell": c, "bytes": found[f"memory {s} {c}"]} for s, c in pairs],
        "tricks": trials.put_together(found),
        "training": [entry for cell in CELLS for entry in found[f"training {cell}"]],
        "growth": {
            "N, D, H": list(GROWTH[1:]),
            "time": [found[f"growth {cell}"] for cell in CELLS],
            "memory": {
                "cell": STREAM,
                "T": list(GROWTH_T),
                "length": WINDOW,
                **found["streams"],
            },
        },
    }


def say(words: str) -> None:
    """Tell how far it is, beside the table."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
