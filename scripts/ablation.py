"""Run the odyssey of chapter 11 and store what came out, failures too.

``python scripts/ablation.py`` trains every variant on every task from ten seeds and writes
``code/unrolled/data/ablation.json``: whole, or not at all. A run that is interrupted goes on
where it was; its finished parts lie under ``_build`` until the last one is there. After a change
of what a cell or a task computes, delete them first.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from unrolled.ablation import STORE, VARIANTS, Settings, run

SEEDS = tuple(range(10))
BIASES = tuple(name for name in VARIANTS if name.startswith("LSTM"))
# task, steps, updates at most, variants
GRIDS = (
    ("order", 30, 300, tuple(VARIANTS)),
    ("count", 20, 300, tuple(VARIANTS)),
    ("count", 20, 900, tuple(VARIANTS)),
    ("keep", 10, 150, tuple(VARIANTS)),
    ("keep", 50, 150, tuple(VARIANTS)),
    ("keep", 100, 150, BIASES),
)
PARTS = Path(__file__).resolve().parents[1] / "_build" / "ablation_parts.json"


def write(path: Path, text: str) -> None:
    """Replace a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def main() -> None:
    """Train what is missing, then store all of it."""
    settings = Settings()
    conditions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "settings": settings._asdict(),
        "seeds": list(SEEDS),
    }
    parts = json.loads(PARTS.read_text("utf-8")) if PARTS.exists() else {}
    if parts.get("conditions") != conditions:
        parts = {"conditions": conditions, "runs": {}}
    runs = parts["runs"]
    wanted = [(*grid[:3], name) for grid in GRIDS for name in grid[3]]
    for done, (task, T, budget, name) in enumerate(wanted, start=1):
        key = f"{task}/{T}/{budget}/{name}"
        if key not in runs:
            start = time.process_time()
            outcomes = [run(name, task, T, s, budget=budget, settings=settings) for s in SEEDS]
            seconds = time.process_time() - start
            runs[key] = {
                "updates": [o.updates for o in outcomes],
                "accuracy": [round(o.accuracy, 4) for o in outcomes],
                "seconds": round(seconds, 1),
            }
            write(PARTS, json.dumps(parts))
        solved = sum(updates is not None for updates in runs[key]["updates"])
        print(
            f"{done:2} of {len(wanted)}  {task:5} T={T:<3} {name:16} "
            f"{solved:2} of {len(SEEDS)}  {runs[key]['seconds']:6.1f} s",
            file=sys.stderr,
        )
    store = {
        "date": date.today().isoformat(),
        **conditions,
        "seconds": round(sum(part["seconds"] for part in runs.values())),
        "grids": [
            {
                "task": task,
                "T": T,
                "budget": budget,
                "runs": {
                    name: {
                        key: runs[f"{task}/{T}/{budget}/{name}"][key]
                        for key in ("updates", "accuracy")
                    }
                    for name in names
                },
            }
            for task, T, budget, names in GRIDS
        ],
    }
    write(STORE, json.dumps(store, indent=1, ensure_ascii=False) + "\n")
    PARTS.unlink()


if __name__ == "__main__":
    main()
