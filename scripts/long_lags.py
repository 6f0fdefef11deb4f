"""Run the long lags of chapter 12 and store what came out, failures too.

``python scripts/long_lags.py`` trains every learner on every problem from ten seeds and writes
``code/unrolled/data/long_lags.json``: whole, or not at all. A run that is interrupted goes on
where it was: each finished row lies under ``_build/long_lags``, by the numbers that it was run
with. After a change of what a cell or a task computes, delete that folder first. ``--parts``
prints what is finished and stops; ``--backwards`` begins at the end, so that two of them at once
meet in the middle.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.long_lags import PLAN, STORE, Row, run, summary

SEEDS = tuple(range(10))
PARTS = Path(__file__).resolve().parents[1] / "_build" / "long_lags"


def write(path: Path, text: str) -> None:
    """Replace a file in one step, or leave nothing."""
    beside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise SystemExit(
            f"{path} was not written: {error.strerror}. "
            "The rows that were finished are kept; the same command goes on from there."
        ) from None
    finally:
        with suppress(OSError):  # where it was swapped in, or never written
            beside.unlink()


def conditions() -> dict[str, Any]:
    """Say what the numbers depend on, beside the rows of the plan."""
    return {"python": platform.python_version(), "numpy": np.__version__, "seeds": list(SEEDS)}


def part(row: Row) -> Path:
    """Name the file of a finished row by all that its numbers depend on."""
    everything = json.dumps([row, conditions()])
    return PARTS / f"{hashlib.sha256(everything.encode()).hexdigest()[:16]}.json"


def machine() -> dict[str, Any]:
    """Say where the times were measured."""
    names = [platform.processor() or platform.machine()]
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"processor": names[0], "cores": os.cpu_count(), "system": platform.system()}


def train(row: Row) -> dict[str, Any]:
    """Run a row from every seed."""
    outcomes, seconds = [], []
    how = {"budget": row.budget, "settings": row.settings}
    for seed in SEEDS:
        start = time.process_time()
        outcomes.append(run(row.problem, row.learner, row.T or 1, seed, **how))
        seconds.append(round(time.process_time() - start, 2))
    return {
        **{"part": row.part, "problem": row.problem, "T": row.T, "learner": row.learner},
        **{**row.settings._asdict(), "H": outcomes[0].H, "weights": outcomes[0].weights},
        "budget": row.budget,
        "sequences": [outcome.sequences for outcome in outcomes],
        "error": [round(outcome.error, 5) for outcome in outcomes],
        "right": [round(outcome.right, 4) for outcome in outcomes],
        "seconds": seconds,
    }


def tell(row: Row, result: dict[str, Any]) -> None:
    """Print a line on standard error, where progress belongs."""
    found = summary(result)
    middle = "–" if found.median is None else f"{found.median:.0f}"
    print(
        f"{PLAN.index(row) + 1:2} of {len(PLAN)}  {row.problem:14} T={row.T or '':<4} "
        f"{row.learner:13} {found.solved:2} of {found.seeds} {middle:>7}  "
        f"{sum(result['seconds']):6.1f} s",
        file=sys.stderr,
        flush=True,
    )


def main(arguments: list[str]) -> None:
    """Train what is missing, then store all of it."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--parts", action="store_true", help="print what is finished and stop")
    parser.add_argument("--backwards", action="store_true", help="begin at the end of the plan")
    chosen = parser.parse_args(arguments)
    for row in PLAN[::-1] if chosen.backwards else PLAN:
        if not part(row).exists() and not chosen.parts:
            write(part(row), json.dumps(train(row)))
        if part(row).exists():
            tell(row, json.loads(part(row).read_text("utf-8")))
    if chosen.parts:
        return
    rows = [json.loads(part(row).read_text("utf-8")) for row in PLAN]
    store = {
        "date": date.today().isoformat(),
        **conditions(),
        "machine": machine(),
        "dtype": "float64",
        "seconds": round(sum(sum(row["seconds"]) for row in rows)),
        "rows": rows,
    }
    write(STORE, text(store))


def text(store: dict[str, Any]) -> str:
    """Write the store as JSON, one row a line, so that a change of one row shows as one."""
    head = json.dumps({**store, "rows": []}, indent=1, ensure_ascii=False)
    rows = ",\n".join("  " + json.dumps(row, ensure_ascii=False) for row in store["rows"])
    return head.removesuffix('"rows": []\n}') + f'"rows": [\n{rows}\n ]\n}}\n'


if __name__ == "__main__":
    main(sys.argv[1:])
