"""Every exercise of a page can be done there: its stub runs, its folded solution is right."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import numpy as np
import pytest

from unrolled.exercises import check

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))
CHECK = re.compile(r"exercises\.check\(\s*\"(?P<id>ch\d+\.[\w-]+)\",\s*(?P<name>\w+)\s*\)")
SOLUTION = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{solution\} (?P<exercise>[\w-]+)\n(?P<body>.*?)^(?P=fence)$",
    re.M | re.S,
)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


class Asked(NamedTuple):
    """An exercise as a page asks it."""

    page: Path
    id: str
    name: str
    """What the stub defines: a function, or a value."""
    stub: str
    solution: str


def asked(page: Path) -> list[Asked]:
    """Read a page's exercises: stub cells and folded solutions, in the same order."""
    notebook = jupytext.read(page, fmt="md:myst")
    stubs = [cell.source for cell in notebook.cells if CHECK.search(cell.source)]
    solutions = [
        "\n".join(PYTHON.findall(match["body"]))
        for match in SOLUTION.finditer(page.read_text("utf-8"))
    ]
    assert len(stubs) == len(solutions), f"{page.name}: a stub without a solution, or the reverse"
    return [
        Asked(page, found["id"], found["name"], stub, solution)
        for stub, solution in zip(stubs, solutions, strict=True)
        if (found := CHECK.search(stub)) is not None
    ]


def imports(page: Path) -> dict[str, Any]:
    """Run a page's first code cell, the imports, and return its names."""
    notebook = jupytext.read(page, fmt="md:myst")
    names: dict[str, Any] = {}
    exec(next(cell.source for cell in notebook.cells if cell.cell_type == "code"), names)
    return names


ALL = [each for page in CHAPTERS for each in asked(page)]
each_exercise = pytest.mark.parametrize("each", ALL, ids=lambda each: each.id)


@each_exercise
def test_the_folded_solution_passes_its_check(each: Asked) -> None:
    names = imports(each.page)
    exec(each.solution, names)
    result = check(each.id, names[each.name], rng=np.random.default_rng(5))
    assert result.passed, result


@each_exercise
def test_the_stub_runs_and_does_not_pass(each: Asked) -> None:
    names = imports(each.page)
    exec(each.stub, names)
    result = check(each.id, names[each.name], rng=np.random.default_rng(5))
    assert not result.passed
    assert re.search("yet|still open", result.message), result


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_page_and_package_hold_the_same_exercises(page: Path) -> None:
    module = import_module(f"unrolled.exercises.ch{int(page.name[:2])}")
    assert {each.id for each in module.EXERCISES} == {each.id for each in asked(page)}


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_has_at_least_five_exercises_each_with_three_hints(page: Path) -> None:
    module = import_module(f"unrolled.exercises.ch{int(page.name[:2])}")
    assert len(module.EXERCISES) >= 5
    for exercise in module.EXERCISES:
        hints = [mistake.hint for mistake in exercise.mistakes]
        assert len(hints) >= 3, exercise.id
        assert len(set(hints)) == len(hints), exercise.id
