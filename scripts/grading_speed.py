"""Measure how many submissions a minute are graded, and keep the result for the book.

Grades folders of mixed submissions (honest, partly right, stubs, broken, hostile) with the
command that an instructor uses, one process from its start to its end. Run it on a machine that
does nothing else: `python scripts/grading_speed.py`.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from course import folders  # noqa: E402  (found through the path above)

from coursekit.plain import write_whole  # noqa: E402  (after the path, too)

RESULT = ROOT / "code" / "coursekit" / "data" / "speed.json"
SIZES = (200, 1000)
COURSE = 'title = "Speed"\nroster = "roster.csv"\nseed = "{seed}"\ngradebook = "{gradebook}"\n'


def main() -> int:
    """Measure each size, say it, and write the file."""
    runs = [measure(size) for size in SIZES]
    found = {
        "date": date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "nbgrader", "SQLAlchemy")},
        "set": "ps1",
        "course_seed": folders.SEED,
        "runs": runs,
    }
    write_whole(RESULT, (json.dumps(found, indent=1) + "\n").encode())
    print(f"wrote {RESULT.relative_to(ROOT)}")
    return 0


def measure(size: int) -> dict[str, float]:
    """Grade one folder and count."""
    with tempfile.TemporaryDirectory() as folder:
        made = folders.make_folder(Path(folder), size)
        course = Path(folder, "course.toml")
        text = COURSE.format(seed=folders.SEED, gradebook=made.course.gradebook)
        course.write_text(text, "utf-8")
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "coursekit.cli", "--config", str(course), "grade", "ps1"],
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - began
        marks = len(list(Path(folder, "marks", "ps1").glob("*.json")))
    if done.returncode or marks != size:
        raise SystemExit(f"{marks} of {size} were graded:\n{done.stderr}")
    print(f"{size} submissions in {seconds:.1f} s: {60 * size / seconds:.0f} a minute", flush=True)
    return {"submissions": size, "seconds": round(seconds, 1)}


if __name__ == "__main__":
    raise SystemExit(main())
