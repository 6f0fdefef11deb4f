"""What holds for every problem of every problem set, and for its section of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from itertools import combinations, permutations
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import numpy as np
import pytest
from course.problems.harness import answered
from course.problems.harness import problem as asked_for

from unrolled.exercises import problems as package
from unrolled.exercises.calling import call, copies
from unrolled.exercises.comparing import difference
from unrolled.exercises.papers import Mark, Paper, Reply, draw_paper, mark
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import SECONDS, problem_set

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(package.__file__).parent
SETS = sorted(file.stem for file in FOLDER.glob("ps*.py") if re.fullmatch(r"ps\d+", file.stem))
PROBLEMS: list[Problem] = [
    problem for name in SETS for problem in import_module(f"unrolled.exercises.{name}").PROBLEMS
]
each_set = pytest.mark.parametrize("name", SETS)
each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.id)
each_form = pytest.mark.parametrize(
    ("problem", "form"),
    [(problem, form) for problem in PROBLEMS for form in range(len(problem.variants))],
    ids=lambda value: value.id if isinstance(value, Problem) else str(value),
)


# ── the package ──────────────────────────────────────────────────────────────


class Drawn(NamedTuple):
    """A paper with the right answers to all its questions."""

    paper: Paper
    right: tuple[Any, ...]


@cache
def _drawn(problem_id: str, form: int) -> Drawn:
    problem = asked_for(problem_id)
    settings = problem.variants[form].settings
    rng = np.random.default_rng(0)
    calls = tuple(problem.draw(settings, rng) for _ in range(problem.draws + 1))
    expected = tuple(problem.oracle.expected(settings, copies(each)) for each in calls)
    shape, judge = problem.oracle.judge(settings, copies(calls[-1]), rng, problem.tolerance)
    paper = Paper(problem, problem.variants[form], calls, expected[:-1], shape, judge)
    return Drawn(paper, expected)


def drawn(problem: Problem, form: int) -> Paper:
    """A paper whose last question is small too, so that the right answer to it is known.

    Its judge is the large question's own: only the size differs.
    """
    return _drawn(problem.id, form).paper


def right(paper: Paper) -> list[Any]:
    """The right answers to all its questions."""
    form = paper.problem.variants.index(paper.variant)
    return list(_drawn(paper.problem.id, form).right)


def unhinted(paper: Paper, values: list[Any]) -> Mark:
    """Mark without looking for a hint, which takes a while."""
    plain = paper._replace(problem=paper.problem._replace(mistakes=()))
    return mark(plain, [Reply(value) for value in values])


def changed(value: Any, entry: bool = False) -> Any:
    """Another value of the same form: all of it, or its last entry."""
    if isinstance(value, (bool, np.bool_)):
        return not value
    if isinstance(value, str):
        return value + "x"
    moved = np.array(value) * 1.0
    moved[(-1,) * moved.ndim if entry else ...] += 0.01 + 0.01 * abs(moved).max()
    return moved


def with_part(problem: Problem, value: Any, place: int, new: Any) -> Any:
    if not isinstance(value, tuple) or not problem.parts:
        return new
    return tuple(new if i == place else part for i, part in enumerate(value))


def part_of(problem: Problem, value: Any, place: int) -> Any:
    return value[place] if isinstance(value, tuple) and problem.parts else value


def parts(problem: Problem) -> range:
    return range(len(problem.parts) or 1)


def test_the_sets_are_found():
    assert [f"ps{number + 1}" for number in range(len(SETS))] == SETS
    assert len(SETS) >= 5


@each_set
def test_a_set_has_twenty_points_in_three_or_four_problems(name):
    own = [problem for problem in PROBLEMS if problem.id.startswith(f"{name}.")]
    assert tuple(own) == problem_set(name).problems
    assert len(own) in (3, 4)
    assert sum(problem.points for problem in own) == 20
    assert len({problem.id for problem in own}) == len({p.function for p in own}) == len(own)


@each_problem
def test_there_are_enough_forms_and_hints(problem):
    assert len(problem.variants) >= 4
    assert len({variant.name for variant in problem.variants}) == len(problem.variants)
    assert len(problem.mistakes) >= 5
    assert re.fullmatch(r"ps\d+\.[a-z]+", problem.id)
    assert problem.function.isidentifier()


@each_form
def test_the_right_numbers_earn_all_points(problem, form):
    paper = drawn(problem, form)
    result = unhinted(paper, right(paper))
    assert (result.points, result.message, result.kind) == (problem.points, "right.", "right")


@each_form
def test_one_wrong_entry_of_a_small_answer_costs_its_part(problem, form):
    paper = drawn(problem, form)
    for place in parts(problem):
        for question in range(problem.draws):
            values = right(paper)
            spoilt = changed(part_of(problem, values[question], place), entry=True)
            values[question] = with_part(problem, values[question], place, spoilt)
            earned = unhinted(paper, values).points
            share = (len(parts(problem)) - 1) / len(parts(problem))
            assert earned == pytest.approx(problem.points * share if share >= 0.5 else 0, abs=0.01)


@each_form
def test_one_wrong_part_of_the_last_answer_costs_its_part(problem, form):
    paper = drawn(problem, form)
    for place in parts(problem):
        values = right(paper)
        spoilt = changed(part_of(problem, values[-1], place))
        values[-1] = with_part(problem, values[-1], place, spoilt)
        result = unhinted(paper, values)
        share = (len(parts(problem)) - 1) / len(parts(problem))
        wanted = problem.points * share if share >= 0.5 else 0
        assert result.points == pytest.approx(wanted, abs=0.01)
        assert "not on large ones" in result.message


@each_form
def test_no_part_is_zero_and_each_question_has_its_own_answer(problem, form):
    paper = drawn(problem, form)
    for place in parts(problem):
        answers = [part_of(problem, value, place) for value in right(paper)]
        assert all(np.any(np.asarray(answer) != 0) for answer in answers)
        assert len({repr(answer) for answer in answers}) > 1


@each_form
def test_the_questions_of_a_seed_are_always_the_same(problem, form):
    variant = problem.variants[form]
    paper = draw_paper(problem, variant, np.random.default_rng(4))
    again, other = (
        [problem.draw(variant.settings, rng) for _ in range(problem.draws)]
        + [problem.large(variant.settings, rng)]
        for rng in map(np.random.default_rng, (4, 5))
    )
    assert flat(paper.calls) == flat(again)
    for ours, theirs in zip(paper.calls, other, strict=True):  # the large one is fresh too
        assert flat(ours) != flat(theirs)
    assert len({repr(flat(each)) for each in paper.calls}) == len(paper.calls)


def flat(value: Any) -> Any:
    """Everything in it, as something that can be compared."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, (tuple, list)):
        return [flat(each) for each in value]
    if isinstance(value, Mapping):
        return {key: flat(each) for key, each in value.items()}
    return value


@each_form
def test_a_right_small_answer_is_not_enough(problem, form):
    """The real large question: an answer of the right form with other numbers earns nothing."""
    paper = draw_paper(problem, problem.variants[form], np.random.default_rng(1))
    for number in (0.0, 1.0, 1e200):
        shape = paper.form if isinstance(paper.form, tuple) else (paper.form,)
        filled = tuple(np.full(np.shape(part), number) for part in shape)
        large = filled if isinstance(paper.form, tuple) else filled[0]
        result = unhinted(paper, [*paper.expected, large])
        assert result.points < problem.points / 2, number
        assert "not on large ones" in result.message


@each_form
def test_stubs_and_nan_earn_nothing(problem, form):
    paper = drawn(problem, form)
    for nothing in (None, ...):
        stub = mark(paper, answered(paper, lambda *given, nothing=nothing: nothing))
        assert stub.points == 0
        assert "returns nothing" in stub.message
    for place in parts(problem):
        for question in (0, -1):
            values = right(paper)
            part = part_of(problem, values[question], place)
            if np.asarray(part).dtype.kind not in "iufc":
                assert isinstance(part, (str, bool, np.bool_))
                continue
            spoilt = np.asarray(part) * np.nan
            values[question] = with_part(problem, values[question], place, spoilt)
            result = unhinted(paper, values)
            assert (result.points, result.kind) == (0, "form")
            assert "NaN" in result.message


@each_form
def test_wrong_shapes_and_counts_earn_nothing(problem, form):
    paper = drawn(problem, form)
    for question in (0, -1):
        wrongs = [()]
        for place in parts(problem):
            value = right(paper)[question]
            part = np.asarray(part_of(problem, value, place))
            wrongs.append(with_part(problem, value, place, part[None]))
            wrongs.append(with_part(problem, value, place, "words" if part.size else None))
        if problem.parts:
            wrongs += [value[:-1], (*value, value[0]), value[0]]
        for wrong in wrongs:
            values = right(paper)
            values[question] = wrong
            result = unhinted(paper, values)
            assert (result.points, result.kind) == (0, "form"), wrong


@each_form
def test_no_argument_may_change(problem, form):
    arguments = problem.draw(problem.variants[form].settings, np.random.default_rng(0))
    places = [place for place, each in enumerate(arguments) if isinstance(each, np.ndarray)]
    for place in places:

        def answer(*given, place=place):
            given[place][...] = given[place] == 0  # numbers and truths alike
            return 1.0

        _, told = call(answer, arguments)
        assert f"changed its argument number {place + 1}." in told


@each_form
def test_every_hint_can_be_reached_and_is_a_mistake(problem, form):
    """Where a mistake's numbers differ from the right ones, its hint is given."""
    paper = drawn(problem, form)
    settings = paper.variant.settings
    for mistake in problem.mistakes:
        values = [mistake.answer(settings, *each) for each in paper.calls]
        pairs = zip(values[:-1], paper.expected, strict=True)
        if all(difference(problem, value, expected) is None for value, expected in pairs):
            continue  # in this form it is no mistake
        result = mark(paper, [Reply(value) for value in values])
        assert result.points < problem.points, mistake.hint
        assert result.message.startswith(mistake.hint)


@each_problem
def test_every_mistake_is_one_in_some_form(problem):
    for mistake in problem.mistakes:
        assert any(
            difference(problem, mistake.answer(paper.variant.settings, *each), expected)
            for paper in (drawn(problem, form) for form in range(len(problem.variants)))
            for each, expected in zip(paper.calls, paper.expected, strict=False)
        ), mistake.hint


@each_problem
def test_the_forms_ask_for_different_functions(problem):
    """On one paper's questions, another form's right answers are wrong somewhere."""
    for one, other in permutations(range(len(problem.variants)), 2):
        papers = [drawn(problem, form) for form in (one, other)]
        shapes = [[np.shape(each) for each in paper.calls[0]] for paper in papers]
        if shapes[0] != shapes[1]:
            continue  # not even the arguments are alike
        settings = problem.variants[other].settings
        answers = (problem.oracle.expected(settings, each) for each in papers[0].calls)
        assert any(
            difference(problem, answer, expected) is not None
            for answer, expected in zip(answers, right(papers[0]), strict=True)
        ), (problem.variants[one].name, problem.variants[other].name)


@each_form
def test_what_is_given_can_be_called_and_named(problem, form):
    name, _, short = problem.id.partition(".")
    given = problem.given(problem.variants[form].settings)
    code = "".join(
        str(form) if each.id == problem.id else "0" for each in problem_set(name).problems
    )
    assert sorted(vars(problem_set(name, code)[short])) == sorted(given)
    for key, function in given.items():
        assert key.isidentifier()
        assert callable(function)


# ── the page ─────────────────────────────────────────────────────────────────


class Section(NamedTuple):
    """A problem's part of its page."""

    text: str
    cells: list[Any]


def page(name: str) -> Path:
    return ROOT / "book" / "exercises" / f"{name}.md"


@cache
def sections(name: str) -> dict[str, Section]:
    """Cut a page at its problems' labels."""
    text = page(name).read_text("utf-8")
    head = text[: text.index("\n---\n", 4) + 5]
    cut = re.split(rf"^\({name}-(\w+)\)=\n", text, flags=re.M)
    return {
        short: Section(body, jupytext.reads(head + body, fmt="md:myst").cells)
        for short, body in zip(cut[1::2], cut[2::2], strict=True)
    }


def section(problem: Problem) -> Section:
    name, _, short = problem.id.partition(".")
    return sections(name)[short]


def nbgrader_cells(asked: Section) -> list[Any]:
    return [cell for cell in asked.cells if "nbgrader" in cell.metadata]


@each_set
def test_a_page_has_its_problems_in_order(name):
    shorts = [problem.short for problem in problem_set(name).problems]
    assert list(sections(name)) == shorts
    text = page(name).read_text("utf-8")
    assert f"({name})=\n# Problem set {name[2:]}: " in text
    assert "## What you practise" in text
    assert "## How it works" in text
    assert "## After the set" in text
    assert SECONDS == 1
    assert re.search(r"\b(one second|1 s) of processor time", text.replace("\n", " "))


@each_set
def test_a_page_opens_its_set_in_one_plain_cell(name):
    cells = jupytext.read(page(name), fmt="md:myst").cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    assert code[0].splitlines() == [
        "import numpy as np",
        "",
        "from unrolled.exercises import problem_set",
        "",
        f'{name} = problem_set("{name}")',
        name,
    ]
    text = page(name).read_text("utf-8")
    assert text.count("problem_set(") == 1


@each_set
def test_cells_are_short_and_the_table_has_the_points(name):
    cells = jupytext.read(page(name), fmt="md:myst").cells
    for cell in cells:
        if cell.cell_type == "code":
            assert len(cell.source.splitlines()) <= 15
            assert max(map(len, cell.source.splitlines())) <= 82
    head = page(name).read_text("utf-8").partition(f"({name}-")[0]
    rows = [
        re.split(r"\s*\|\s*", row.strip("| ")) for row in head.splitlines() if row.startswith("| ")
    ]
    for problem in problem_set(name).problems:
        row = next(row for row in rows if row[0].endswith(f". {problem.title}"))
        assert row[-1] == str(problem.points)


@each_problem
def test_the_section_has_the_packages_names_and_points(problem):
    name, _, short = problem.id.partition(".")
    asked = section(problem)
    number = problem_set(name).problems.index(problem) + 1
    plural = "point" if problem.points == 1 else "points"
    heading = f"## Problem {number}: {problem.title} ({problem.points} {plural})\n"
    assert asked.text.startswith(heading)
    answer, checked = nbgrader_cells(asked)
    common = {"schema_version": 3, "cell_type": "code", "task": False}
    assert answer.metadata["nbgrader"] == common | {
        "grade": False,
        "grade_id": short,
        "locked": False,
        "solution": True,
    }
    assert answer.metadata["tags"] == ["exercise"]
    assert checked.metadata["nbgrader"] == common | {
        "grade": True,
        "grade_id": f"{short}-check",
        "locked": True,
        "points": problem.points,
        "solution": False,
    }
    assert checked.source.strip() == f'{name}.check("{short}", {problem.function})'


@each_problem
def test_the_stub_on_the_page_runs_and_earns_nothing(problem):
    name = problem.id.partition(".")[0]
    answer = nbgrader_cells(section(problem))[0]
    names: dict[str, Any] = {"np": np, name: problem_set(name)}
    exec(answer.source, names)
    stub = names[problem.function]
    assert stub.__doc__
    paper = drawn(problem, 0)
    result = mark(paper, answered(paper, stub))
    assert (result.points, result.kind) == (0, "error")
    assert "returns nothing yet" in result.message


@each_problem
def test_a_section_reads_well_in_a_plain_notebook(problem):
    text = section(problem).text
    assert not re.search(r"\{[a-z:]+\}`", text), "a role"
    directives = set(re.findall(r"^`{3,}\{([\w-]+)\}", text, flags=re.M))
    assert directives == {"code-cell"}
    assert not re.search(r"^:{3,}", text, flags=re.M)
    assert not re.search(r"^\$\$ *\(", text, flags=re.M), "a labelled equation"


@each_problem
def test_the_words_of_the_forms_fit_the_section(problem):
    first = problem.variants[0]
    text = section(problem).text
    assert first.words
    for variant in problem.variants:
        assert list(variant.words) == list(first.words)
    for key, fragment in first.words.items():
        assert len(fragment) >= 4, key
        assert fragment in text, f"{key}: {fragment}"
    for one, other in combinations(first.words.values(), 2):
        assert one not in other
        assert other not in one
    said = {tuple(variant.words.values()) for variant in problem.variants}
    assert len(said) == len(problem.variants)


@each_form
def test_a_forms_words_replace_those_of_the_book(problem, form):
    """All at once or one after another, it comes to the same, and the examples still run."""
    asked = section(problem)
    words, own = problem.variants[0].words, problem.variants[form].words
    one_by_one = asked.text
    for key, fragment in words.items():
        one_by_one = one_by_one.replace(fragment, own[key])
    pattern = "|".join(map(re.escape, words.values()))
    by_fragment = {fragment: own[key] for key, fragment in words.items()}
    at_once = re.sub(pattern, lambda found: by_fragment[found[0]], asked.text)
    assert one_by_one == at_once
    assert all(fragment in at_once for fragment in own.values())
    name = problem.id.partition(".")[0]
    code = "".join(
        str(form) if each.id == problem.id else "0" for each in problem_set(name).problems
    )
    names: dict[str, Any] = {"np": np, name: problem_set(name, code)}
    text = page(name).read_text("utf-8").replace(asked.text, at_once)
    text = text[: text.index(at_once) + len(at_once)]  # what stands above may be needed
    for cell in jupytext.reads(text, fmt="md:myst").cells:
        plain = ".check(" not in cell.source and "problem_set(" not in cell.source
        if cell.cell_type == "code" and plain:
            exec(cell.source, names)
