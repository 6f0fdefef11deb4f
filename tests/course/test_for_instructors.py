"""The instructors' chapter, followed word for word; its numbers held against the stored ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "book" / "for_instructors.md").read_text("utf-8")
SPEED = json.loads((ROOT / "code" / "coursekit" / "data" / "speed.json").read_text("utf-8"))
# What the tests' own environment has done already.
DONE = ("git clone", "cd unrolled", "make course", "export PATH", "cd ..")


def commands() -> list[str]:
    """Return the page's shell blocks, less what is installed already."""
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.M | re.S)
    lines = "".join(blocks).splitlines()
    return [line for line in lines if not line.startswith(DONE)]


def test_the_chapters_commands_run_as_they_stand(sandbox, tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    script = "\n".join(["set -eu", *commands(), "pwd"])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    course = tmp_path / "rnn-course"
    assert done.stdout.splitlines()[-1] == str(course)
    named = set(re.findall(r"`([a-z]+/[\w/.-]+\.(?:ipynb|html))`", PAGE))
    assert {"release/ps1/ps1.ipynb", "report/ps1.html"} <= named
    assert [name for name in sorted(named) if not (course / name).is_file()] == []
    begun = re.findall(r"^\| `([\w.]+)` \|", PAGE, re.M)
    assert len(begun) == 4
    assert all((course / name).is_file() for name in begun)
    marks = json.loads((course / "marks" / "ps1" / "kim01.json").read_text("utf-8"))
    assert "returns nothing yet" in json.dumps(marks)


def test_its_speeds_are_the_stored_ones() -> None:
    small, large = SPEED["runs"]
    rate = [60 * run["submissions"] / run["seconds"] for run in (small, large)]
    for said in (
        f"on {SPEED['cores']} processor cores",
        f"| {small['submissions']} | {small['seconds']} s | measured |",
        f"| {large['submissions']:,} | {large['seconds']} s | measured |",
        f"| 100 | {100 / rate[0] * 60:.0f} s | computed",
        f"| 100,000 | {100_000 / rate[1] / 60:.1f} hours | computed",
        f"{rate[0]:.0f} a minute for the small folder and {rate[1]:.0f} for the large one",
        f"Python {SPEED['python']} and NumPy {SPEED['numpy']}, on {SPEED['date']}",
    ):
        assert said in PAGE, said


def test_every_command_it_names_exists() -> None:
    for verb in re.findall(r"unrolled-course ([a-z]+)", PAGE):
        done = subprocess.run(
            [sys.executable, "-m", "coursekit.cli", verb, "--help"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, verb
