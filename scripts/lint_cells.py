"""Run ruff over the code cells of the chapters.

Each page of `book/` with a kernel is turned into a notebook beside the project's configuration,
which ruff reads like any other file; it names the chapter and the cell.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import jupytext

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Check rules and format, and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        written = [write_notebook(page, Path(folder)) for page in chapters(ROOT / "book")]
        if not written:
            return 0
        ruff = [sys.executable, "-m", "ruff"]
        config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
        checks = (["check"], ["format", "--check", "--diff"])
        return max(
            subprocess.run([*ruff, *check, *config, "."], cwd=folder, check=False).returncode
            for check in checks
        )


def chapters(book: Path) -> list[Path]:
    """Return the pages that have cells."""
    pages = sorted([*book.glob("*.md"), *book.glob("exercises/*.md")])
    return [page for page in pages if "{code-cell}" in page.read_text("utf-8")]


def write_notebook(page: Path, folder: Path) -> Path:
    """Write a page as a notebook of the same name."""
    target = folder / f"{page.stem}.ipynb"
    jupytext.write(jupytext.read(page, fmt="md:myst"), target)
    return target


if __name__ == "__main__":
    raise SystemExit(main())
