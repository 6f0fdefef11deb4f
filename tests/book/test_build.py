"""`scripts/build_book.py` on a tiny book: what must fail fails, twice, and numbers are fresh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("_config.yml", "requirements.txt", "constraints.txt")
FOLDERS = ("scripts", "book", "code")
# Pages of its own, and no Python in them; what npm installed is shared.
LEFT_OUT = ("*.md", "*.bib", "*.ipynb", "*.egg-info", "node_modules", "python", "__pycache__")
FORMULA = "code/unrolled/tiny.py"
TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: book/chapter\n"
CHAPTER = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A chapter

$$
\\textcolor{state}{h_t} = \\tanh(a_t)
$$ (eq-tiny)

```{code-cell} ipython3
from unrolled.tiny import formula
print("the number is", formula())
```
"""


def build(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "scripts" / "build_book.py")]
    environment = {**os.environ, "PYODIDE_WHEELS": "none"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def page(project: Path) -> str:
    return (project / "_build" / "html" / "book" / "chapter.html").read_text("utf-8")


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny book with the project's own build script and settings, built once."""
    project = tmp_path_factory.mktemp("tiny") / "project"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for name in OURS:
        shutil.copy(ROOT / name, project)
    modules = "book/_frontend/node_modules"
    (project / modules).symlink_to(ROOT / modules)
    (project / FORMULA).write_text("def formula():\n    return 6 * 7\n", "utf-8")
    book = project / "book"
    book.joinpath("index.md").write_text("# Tiny\n\nSee {eq}`eq-tiny`.\n", "utf-8")
    book.joinpath("chapter.md").write_text(CHAPTER, "utf-8")
    book.joinpath("references.bib").write_text("", "utf-8")
    project.joinpath("_toc.yml").write_text(TOC, "utf-8")
    result = build(project)
    assert result.returncode == 0, result.stderr
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    """A copy of the built tiny book, to be changed: the traps lie in trees that exist."""
    return Path(shutil.copytree(built, tmp_path / "project", symlinks=True))


def test_a_clean_build_shows_the_number_and_its_formula(built: Path) -> None:
    assert "the number is 42" in page(built)
    assert 'class="katex-display"' in page(built)


def test_nothing_changed_is_said_and_nothing_rebuilt(project: Path) -> None:
    chapter = project / "_build" / "html" / "book" / "chapter.html"
    before = chapter.stat().st_mtime_ns
    result = build(project)
    assert result.returncode == 0
    assert "nothing changed" in result.stdout
    assert "no Run buttons (PYODIDE_WHEELS=none" in result.stdout.splitlines()[-1]
    assert chapter.stat().st_mtime_ns == before


def test_a_deleted_page_is_built_again(project: Path) -> None:
    chapter = project / "_build" / "html" / "book" / "chapter.html"
    chapter.unlink()
    result = build(project)
    assert result.returncode == 0, result.stderr
    assert chapter.is_file()


def test_an_edited_formula_gives_a_new_number(project: Path) -> None:
    edit(project / FORMULA, "6 * 7", "6 * 8")
    result = build(project)
    assert result.returncode == 0, result.stderr
    assert "the number is 48" in page(project)


def test_a_failing_cell_fails_the_build_every_time(project: Path) -> None:
    edit(project / "book" / "chapter.md", "formula())", "formula() / 0)")
    first, second = build(project), build(project)
    assert first.returncode != 0
    assert second.returncode != 0
    assert "ZeroDivisionError" in first.stderr
    assert "ZeroDivisionError" in second.stderr


def test_a_missing_page_fails_the_build(project: Path) -> None:
    edit(project / "_toc.yml", "chapters:\n", "chapters:\n  - file: book/absent\n")
    result = build(project)
    assert result.returncode != 0
    assert "book/absent" in result.stderr


def test_a_wrong_formula_fails_the_build(project: Path) -> None:
    edit(project / "book" / "chapter.md", "\\tanh(a_t)", "\\tanhh(a_t)")
    result = build(project)
    assert result.returncode != 0
    assert "KaTeX" in result.stderr
