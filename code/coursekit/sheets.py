"""Cut a problem set's page into the cells of a notebook, and hold it against the problems."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import nbformat

import unrolled
from coursekit.records import CourseError
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import set_problems

FOLDER = "book/exercises"
LABEL = re.compile(r"\((?P<name>[\w-]+)\)=\s*")
SECTION = "## "
LINK = re.compile(r"\{doc\}`(?:(?P<words>[^`<]+?)\s*<)?(?P<page>[\w./-]+)>?`")
# What a notebook outside the book would show as bare text.
BOOK_ONLY = re.compile(
    r"\{[\w:-]+\}`[^`]*`|^(?:`{3,}|:{3,}|~{3,})\{.*|^\$\$ *\([\w-]+\)|\]\([^)\s]+\.md[)#]", re.M
)
ABOUT = (
    "This is the problem set `{name}` of the book {book}. {install} "
    "Change the answer cells only, and hand in this one file."
)
INSTALL = 'It needs Python 3.11 or newer and the book\'s package: `pip install "{package}"`.'
ASK = "It needs Python 3.11 or newer and the book's package `unrolled`: ask how to get it."


class Sheet(NamedTuple):
    """A page cut into the cells of its notebook, in the forms that the book shows."""

    problem_set: str
    problems: tuple[Problem, ...]
    cells: tuple[tuple[str, Any], ...]
    """Each cell behind the short name of the problem it belongs to, or the empty string."""


def book_folder() -> Path:
    """Find the book's repository beside the package.

    Raises
    ------
    CourseError
        The package was installed without it.
    """
    root = Path(unrolled.__file__).resolve().parents[2]
    if not (root / FOLDER).is_dir():
        raise CourseError(
            f"the pages of the problem sets are not beside the package ({root / FOLDER}): "
            'clone the book\'s repository and run there pip install -e ".[course]" '
            "-c constraints.txt"
        )
    return root


def read_sheet(
    problem_set: str, root: Path, *, book_url: str = "", package: str = "", text: str | None = None
) -> Sheet:
    """Read a problem set's page and check it against the problems.

    Parameters
    ----------
    problem_set : str
        ``"ps1"``.
    root : Path
        The book's repository.
    book_url : str
        Where the book is published; empty, chapters are named without links.
    package : str
        What students give to pip; empty, they are told to ask.
    text : str, optional
        The page, where it is not the repository's.

    Returns
    -------
    Sheet
        Ready to be put into a student's forms.

    Raises
    ------
    CourseError
        There is no such page, or it does not hold what its problems need.
    """
    problems = set_problems(problem_set)
    if text is None:
        path = root / FOLDER / f"{problem_set}.md"
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    book = f"[Unrolled]({book_url})" if book_url else "Unrolled"
    install = INSTALL.format(package=package) if package else ASK
    about = nbformat.v4.new_markdown_cell(
        ABOUT.format(name=problem_set, book=book, install=install)
    )
    page = jupytext.reads(text, fmt="md:myst")
    cells = [("", about), *_sectioned(_split(page.cells), problem_set, problems)]
    for number, (_, cell) in enumerate(cells):
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda found: _link(found, root, book_url), cell.source)
            _check_plain(problem_set, cell.source)
        _tidy(cell, problem_set, number)
    sheet = Sheet(problem_set, problems, tuple(cells))
    _check(sheet)
    return sheet


def check_words(problem: Problem, text: str) -> None:
    """Check that a problem's section says the words of the form that the book shows.

    Parameters
    ----------
    problem : Problem
        Its first variant's words are looked for.
    text : str
        The section.

    Raises
    ------
    CourseError
        A word is missing, or two of them cannot be told apart.
    """
    words = problem.variants[0].words
    for variant in problem.variants:
        if set(variant.words) != set(words):
            raise CourseError(f"{problem.id}: form {variant.name!r} has other words.")
    for key, word in words.items():
        others = [other for name, other in words.items() if name != key]
        if not word or any(word in other for other in others):
            raise CourseError(f"{problem.id}: the words of {key!r} are part of another's.")
        if word not in text:
            raise CourseError(f"{problem.id}: the page does not say {word!r} ({key}).")


def _split(cells: Sequence[Any]) -> Iterator[Any]:
    """Begin a new Markdown cell at every label and section heading."""
    for cell in cells:
        if cell.cell_type != "markdown":
            yield cell
            continue
        parts: list[list[str]] = [[]]
        fenced = False
        for line in cell.source.splitlines():
            fenced ^= line.lstrip().startswith("```")
            after_label = bool(parts[-1]) and all(LABEL.fullmatch(x) or not x for x in parts[-1])
            starts = LABEL.fullmatch(line) or (line.startswith(SECTION) and not after_label)
            if starts and not fenced and parts[-1]:
                parts.append([])
            parts[-1].append(line)
        for part in parts:
            if any(line.strip() for line in part):
                yield nbformat.v4.new_markdown_cell("\n".join(part).strip())


def _sectioned(
    cells: Iterator[Any], problem_set: str, problems: tuple[Problem, ...]
) -> Iterator[tuple[str, Any]]:
    """Say which problem each cell belongs to, and take the labels out."""
    labels = {f"{problem_set}-{problem.short}": problem.short for problem in problems}
    section = ""
    for cell in cells:
        if cell.cell_type == "markdown":
            lines = cell.source.splitlines()
            found = [m["name"] for line in lines if (m := LABEL.fullmatch(line))]
            text = "\n".join(line for line in lines if not LABEL.fullmatch(line)).strip()
            if found or text.startswith(SECTION):
                section = next((labels[name] for name in found if name in labels), "")
            cell.source = text
        if cell.source:
            yield section, cell


def _tidy(cell: Any, problem_set: str, number: int) -> None:
    """Leave of a cell what a student needs, under an id that is always the same."""
    about = cell.metadata.get("nbgrader")
    tags = cell.metadata.get("tags")
    cell.metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
    cell.id = f"{problem_set}-{number:02d}"
    if about is not None:
        cell.metadata.nbgrader = about
        cell.id = str(about.get("grade_id", cell.id))
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None


def _link(found: re.Match[str], root: Path, book_url: str) -> str:
    """Name a page of the book, with a link where its address is known."""
    page = found["page"]
    place = page.lstrip("/") if page.startswith("/") else posixpath.join(FOLDER, page)
    place = posixpath.normpath(place)
    path = root / f"{place}.md"
    if place.startswith("..") or not path.is_file():
        raise CourseError(f"the page refers to {page!r}, which the book does not have.")
    heading = next(x for x in path.read_text("utf-8").splitlines() if x.startswith("# "))
    words = found["words"] or heading.removeprefix("# ").strip()
    return f"[{words}]({book_url}/{place}.html)" if book_url else words


def _check_plain(problem_set: str, text: str) -> None:
    found = BOOK_ONLY.search(text)
    if found:
        raise CourseError(
            f"{problem_set}: the page says {found[0]!r}, which only the book's own tools show."
        )


def _check(sheet: Sheet) -> None:
    """Hold the page against the problems: each stated, answered, checked and worth the same."""
    name = sheet.problem_set
    calls = [cell for _, cell in sheet.cells if f'problem_set("{name}")' in cell.source]
    if len(calls) != 1 or calls[0].cell_type != "code":
        raise CourseError(f'{name}: the page must say problem_set("{name}") in one cell.')
    for problem in sheet.problems:
        short = problem.short
        cells = [cell for place, cell in sheet.cells if place == short]
        roles = {cell.metadata.nbgrader.grade_id: cell for cell in cells if _graded(cell)}
        if set(roles) != {short, f"{short}-check"}:
            raise CourseError(f"{problem.id}: the page has not one answer cell and one check.")
        answer, check = roles[short], roles[f"{short}-check"]
        fits = (
            answer.metadata.nbgrader.get("solution") is True
            and f"def {problem.function}(" in answer.source
            and check.metadata.nbgrader.get("grade") is True
            and check.metadata.nbgrader.get("points") == problem.points
            and check.source.strip() == f'{name}.check("{short}", {problem.function})'
        )
        if not fits:
            raise CourseError(
                f"{problem.id}: the page's cells are not those of {problem.function} "
                f"for {problem.points} points."
            )
        check_words(problem, "\n".join(cell.source for cell in cells if cell is not check))


def _graded(cell: Any) -> bool:
    return "nbgrader" in cell.metadata
