"""The sizes that the prose states are those of the files."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "book" / "_vendor" / "python"
FIRST_RUN = ("pyodide", "python_stdlib", "numpy", "unrolled", "interpreter", "worker")


@pytest.fixture(scope="module")
def sizes() -> dict[str, float]:
    """Megabytes on the way, by file: compressed by the server where that helps."""
    if not (PYTHON / "manifest.json").is_file():
        pytest.fail("book/_vendor/python is not there: make book, where Pyodide's files can be had")
    names = json.loads((PYTHON / "manifest.json").read_text("utf-8"))["files"]
    return {name: len(gzip.compress((PYTHON / name).read_bytes(), 6)) / 1e6 for name in names}


def stated(file: str, pattern: str) -> float:
    """Return the one number that a page states in this form."""
    (found,) = re.findall(pattern, (ROOT / file).read_text("utf-8"))
    return float(found)


def test_how_to_use_says_what_run_loads(sizes: dict[str, float]) -> None:
    first = sum(size for name, size in sizes.items() if name.startswith(FIRST_RUN))
    rest = sum(sizes.values()) - first
    page = "book/how_to_use.md"
    assert round(first) == stated(page, r"about (\d+) MB from this site")
    assert round(rest) == stated(page, r"the rest, about (\d+) MB more")


def test_the_readme_says_what_the_build_downloads() -> None:
    total = sum(file.stat().st_size for file in PYTHON.iterdir()) / 1e6
    assert round(total) == stated("README.md", r"\(Pyodide, (\d+) MB\)")
