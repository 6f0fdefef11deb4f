"""Every page keeps the book's promises: short cells, no hidden code, labels that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
PAGES = sorted([*BOOK.glob("*.md"), *BOOK.glob("exercises/*.md")])
PROBLEM_SETS = sorted(BOOK.glob("exercises/*.md"))
CHAPTERS = [page for page in PAGES if re.match(r"\d\d_", page.name)]
LONGEST_CELL = 15
SECTIONS = ("Objectives", "Exercises", "Summary", "References")
# Where the reader writes, or compares what was written, a function is the point.
OWN_CODE = {"exercise", "solution"}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
each_chapter = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
each_notebook = pytest.mark.parametrize(
    "page", [*CHAPTERS, *PROBLEM_SETS], ids=lambda page: page.stem
)


def cells(page: Path) -> list[Any]:
    """Return the code cells of a page."""
    notebook = jupytext.read(page, fmt="md:myst")
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def python(cell: Any) -> ast.Module:
    """Return a cell's syntax tree, without lines that are for IPython."""
    lines = cell.source.splitlines()
    return ast.parse("\n".join("" if line.startswith(("%", "!")) else line for line in lines))


def toc_pages() -> set[str]:
    """Return the names of the pages in the table of contents."""
    text = (ROOT / "_toc.yml").read_text("utf-8")
    return set(re.findall(r"^[\s-]*(?:root|file):\s*book/(\S+)", text, re.M))


def equation_labels() -> set[str]:
    """Return every equation label that the pages define."""
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    return set(re.findall(r"(?:^\$\$\s*\(|:label:\s*|^\()(eq-[\w-]+)", text, re.M))


def docstring_labels() -> set[tuple[str, str]]:
    """Return every equation label that a docstring of the package names, with its file."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    found = set()
    for file in sorted((ROOT / "code" / "unrolled").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            text = (ast.get_docstring(node) or "") if isinstance(node, documented) else ""
            found |= {(label, file.name) for label in re.findall(r"\beq-[\w-]*\w", text)}
    return found


@each_notebook
def test_cells_are_short(page: Path) -> None:
    long = [cell.source for cell in cells(page) if len(cell.source.splitlines()) > LONGEST_CELL]
    assert not long


@each_notebook
def test_chapters_define_nothing_that_the_package_should_hold(page: Path) -> None:
    for cell in cells(page):
        if OWN_CODE & set(cell.metadata.get("tags", [])):
            continue
        for node in ast.walk(python(cell)):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            is_named_lambda = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
            assert not is_named_lambda, cell.source


@each_chapter
def test_chapters_have_the_sections_of_the_template_in_order(page: Path) -> None:
    headings = re.findall(r"^## (.+?)\s*$", page.read_text("utf-8"), re.M)
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)


@each_notebook
def test_chapters_open_as_notebooks(page: Path) -> None:
    text = page.read_text("utf-8")
    header = text.split("---", 2)[1] if text.startswith("---\n") else ""
    assert "format_name: myst" in header
    assert re.search(r"kernelspec:\n(?:  .*\n)*?  name: python3", header)


@each_page
def test_only_pages_with_cells_have_a_kernel(page: Path) -> None:
    text = page.read_text("utf-8")
    assert ("kernelspec:" in text.split("\n# ", 1)[0]) == ("{code-cell}" in text)


@each_page
def test_pages_say_what_their_images_show(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.findall(r"!\[\s*\]\(", text)
    for block in re.findall(
        r"^(?:```+|:::+)\{(?:figure|image)\}.*\n(?:.*\n)*?(?=\n|`|:::)", text, re.M
    ):
        assert re.search(r"^:alt: +\S", block, re.M), block
    for tag in re.findall(r"<img\b[^>]*>", text):
        assert re.search(r"alt=\"[^\"]+\"", tag), tag


def test_the_table_of_contents_and_the_folder_agree() -> None:
    assert toc_pages() == {page.relative_to(BOOK).with_suffix("").as_posix() for page in PAGES}


def test_every_equation_that_a_docstring_names_is_in_the_book() -> None:
    labels = equation_labels()
    assert not {(label, file) for label, file in docstring_labels() if label not in labels}


def test_no_equation_label_is_used_twice() -> None:
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    labels = re.findall(r"^\$\$\s*\((eq-[\w-]+)", text, re.M)
    assert sorted(labels) == sorted(set(labels))
