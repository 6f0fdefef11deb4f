"""Train the character model of chapter 13 on the book's prose, and store what came out.

``python scripts/characters.py`` writes ``code/unrolled/data/characters.json`` and the small model
``characters.npz`` beside it: each whole, or not at all. The book's run comes first, with its curve,
what it wrote on the way and what its predictions depend on; then a small model for the page, the
book's run with nothing against memorising, and the same from other seeds. Each is timed by itself,
on one thread: by the clock, and in seconds of the processor, which others' work does not lengthen.
Finished runs lie under ``_build`` until the last one is there, so that an interrupted script goes
on; they are thrown away when Python, NumPy, the settings or the prose change. After a change of
what the model computes, delete them first. ``--parts`` prints what is finished and stops.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported; the times are of one thread

import argparse
import hashlib
import io
import json
import platform
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from unrolled import characters, models, ops, tasks
from unrolled.analysis.connectivity import connectivity
from unrolled.characters import MODEL_STORE, ORDERS, STORE, Noted, Parts, Settings, Speller
from unrolled.characters.files import write_whole
from unrolled.characters.speller import MODEL
from unrolled.characters.store import packed
from unrolled.train import Fit

PARTS = Path(__file__).resolve().parents[1] / "_build" / "characters_parts"
PROMPT = "The state "
TEMPERATURES = (0.3, 0.7, 1.0)
LENGTH = 160
MOMENTS = (0, 100, 200, 300, 400, 600, 800, 1000, 1300, 1600, 2000, 2500)
LIKELY = 3
BOOK = Settings()
RUNS = {
    "book": BOOK,
    "small": BOOK._replace(H=128, drop=0.25),
    "memorising": BOOK._replace(drop=0.0),
    "seed 1": BOOK._replace(seed=1),
    "seed 2": BOOK._replace(seed=2),
}
# held-out lines whose predictions are traced back
SENTENCES = (
    "The gated recurrent unit (GRU) leaves out one gate and one state.",
    "The slope of the sigmoid is s(1 - s) at a value s.",
    "Greff (2017) study eight variants of the LSTM, the coupled gates among them.",
    "Let the variant have a successes, the LSTM b, each of n runs.",
)


def main() -> int:
    """Train what is missing, then store all of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--parts", action="store_true", help="print what is finished, and stop")
    asked = parser.parse_args()
    text = tasks.read_text()
    cut = characters.parts(text)
    conditions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "prose": hashlib.sha256(text.encode()).hexdigest(),
    }
    if asked.parts:
        print(*(name for name in RUNS if finished(name, conditions)), sep="\n")
        return 0
    for name, settings in RUNS.items():
        if not finished(name, conditions):
            found = run(name, cut, settings)
            write_whole(part(name), json.dumps({"conditions": conditions, "found": found}))
    found = {name: json.loads(part(name).read_text("utf-8"))["found"] for name in RUNS}
    write_whole(MODEL_STORE, (PARTS / "small.npz").read_bytes())
    write_whole(STORE, json.dumps(store(cut, conditions, found), ensure_ascii=False) + "\n")
    for path in PARTS.iterdir():
        path.unlink()
    PARTS.rmdir()
    return 0


def part(name: str) -> Path:
    """Name the file of a finished run."""
    return PARTS / f"{name.replace(' ', '_')}.json"


def finished(name: str, conditions: dict[str, str]) -> bool:
    """Ask whether a run is there, with these settings and under these conditions."""
    if not part(name).exists():
        return False
    stored = json.loads(part(name).read_text("utf-8"))
    same = stored["found"]["settings"] == RUNS[name]._asdict()
    return bool(same and stored["conditions"] == conditions)


def run(name: str, cut: Parts, settings: Settings) -> dict[str, Any]:
    """Train once, and judge."""
    print(f"{name}: {settings}", file=sys.stderr)
    noted: list[Noted] = []

    def look(now: Noted) -> None:
        noted.append(now)
        print(f"  step {now.step:5}  {now.validation:.4f}", file=sys.stderr, flush=True)

    start, start_cpu = time.monotonic(), time.process_time()
    fit = characters.learn(cut, settings, look=look)
    seconds, cpu_seconds = time.monotonic() - start, time.process_time() - start_cpu
    if fit.best is None:
        raise SystemExit(f"{name}: no look in {settings.steps} steps")
    speller = Speller(MODEL, fit.best.params, cut.vocabulary)
    verdict = characters.judge(speller, cut)
    print(f"  {seconds:.0f} s. {characters.sentence(verdict)}", file=sys.stderr)
    found: dict[str, Any] = {
        "settings": settings._asdict(),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "steps": len(fit.losses),
        "curve": curve(fit, settings),
        "best": {"step": fit.best.step, "validation": round(fit.best.score, 4)},
        "verdict": verdict._asdict(),
    }
    if name == "book":
        found["samples"] = samples([now for now in noted if now.step in MOMENTS])
        found["connectivity"] = [traced(speller, sentence) for sentence in SENTENCES]
    if name == "small":
        found["bytes"] = save_small(speller)
        small = characters.judge(characters.stored_model(PARTS / "small.npz"), cut)
        found["verdict"] = small._asdict()  # of the rounded weights, which the page has
    return found


def curve(fit: Fit, settings: Settings) -> dict[str, list[float]]:
    """Give the bits of each look's steps, and those on validation."""
    bits = fit.losses / settings.T / np.log(2)
    steps = [step for step, _ in fit.scores]
    return {
        "step": steps,
        "training": [round(bits[max(0, s - settings.every) : s].mean(), 4) for s in steps],
        "validation": [round(score, 4) for _, score in fit.scores],
    }


def samples(moments: list[Noted]) -> dict[str, Any]:
    """Let the model of each moment write, the same draws at every temperature."""
    return {
        "prompt": PROMPT,
        "temperatures": TEMPERATURES,
        "moments": [
            {
                "step": now.step,
                "validation": round(now.validation, 4),
                "texts": [
                    characters.write(
                        now.speller, PROMPT, LENGTH, temperature=temperature,
                        rng=np.random.default_rng([BOOK.seed, now.step]),
                    )
                    for temperature in TEMPERATURES
                ],
            }
            for now in moments
        ],
    }  # fmt: skip


def traced(speller: Speller, sentence: str) -> dict[str, Any]:
    """Read a sentence after a line's end; say what was expected, and on what it depended."""
    text = "\n" + sentence
    ids = speller.vocabulary.encode(text)
    outputs = models.predict(MODEL, speller.params, ids[:-1, None]).outputs[:, 0]
    p = ops.softmax(outputs.astype(np.float64))
    best = np.argsort(-p, axis=1)[:, :LIKELY]
    sizes = connectivity(MODEL, speller.params, ids)
    return {
        "text": text,
        "bits": [round(-float(np.log2(p[t, i])), 3) for t, i in enumerate(ids[1:])],
        "likely": [
            [[speller.vocabulary.characters[i], round(float(p[t, i]), 3)] for i in row]
            for t, row in enumerate(best)
        ],
        "sizes": [[float(f"{size:.3g}") if size else 0 for size in row] for row in sizes],
    }


def save_small(speller: Speller) -> int:
    """Write the small model's file; say how large it is."""
    archive = io.BytesIO()
    np.savez_compressed(archive, **packed(speller))
    write_whole(PARTS / "small.npz", archive.getvalue())
    return len(archive.getvalue())


def store(cut: Parts, conditions: dict[str, str], found: dict[str, Any]) -> dict[str, Any]:
    """Put everything into its place."""
    book, small, memorising = found["book"], found["small"], found["memorising"]
    verdict = book["verdict"]
    seeds = [found[name] for name in ("book", "seed 1", "seed 2")]
    return {
        "date": date.today().isoformat(),
        "python": conditions["python"],
        "numpy": conditions["numpy"],
        "machine": machine(),
        "threads": 1,
        "seconds": book["seconds"],
        "cpu_seconds": book["cpu_seconds"],
        "seconds_in_all": round(sum(each["seconds"] for each in found.values())),
        "seed": BOOK.seed,
        "settings": book["settings"],
        "text": {
            "characters": sum(len(ids) for ids in cut[1:]),
            "V": len(cut.vocabulary.characters),
            "training": len(cut.training),
            "validation": len(cut.validation),
            "held_out": len(cut.held_out),
            "sha256": conditions["prose"],
        },
        "steps": book["steps"],
        "curve": book["curve"],
        "best": book["best"],
        "levels": {
            "uniform": round(verdict["uniform"], 4),
            "orders": ORDERS,
            "validation": [round(bits, 4) for bits in verdict["validation"]],
            "held_out": [round(bits, 4) for bits in verdict["held_out"]],
            "order": verdict["order"],
            "held_out_all": [round(bits, 4) for bits in verdict["held_out_all"]],
        },
        "model": scores(verdict, "model"),
        "seeds": [{"seed": each["settings"]["seed"], "steps": each["steps"],
                   **scores(each["verdict"], "model")} for each in seeds],
        "small": {"H": small["settings"]["H"], "settings": small["settings"],
                  "seconds": small["seconds"], "bytes": small["bytes"],
                  **scores(small["verdict"], "model")},
        "mixture": {"weight": round(verdict["weight"], 4), **scores(verdict, "mixture")},
        "memorising": {"settings": memorising["settings"], "best": memorising["best"],
                       "held_out": scores(memorising["verdict"], "model")["held_out"],
                       **memorising["curve"]},
        "samples": book["samples"],
        "connectivity": book["connectivity"],
    }  # fmt: skip


def scores(verdict: dict[str, Any], name: str) -> dict[str, float]:
    """Give the two scores of a verdict that begin with a name."""
    return {key: round(verdict[f"{name}_{key}"], 4) for key in ("validation", "held_out")}


def machine() -> str:
    """Say where the times were measured."""
    names = [platform.processor() or platform.machine()]
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {os.cpu_count()} cores"


if __name__ == "__main__":
    raise SystemExit(main())
