"""The notebooks handed out: valid, the page's, in the student's forms, the same every time."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from types import SimpleNamespace

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum

from coursekit.forms import form_code
from coursekit.handout import make_notebook
from coursekit.records import Course, CourseError, Limits
from coursekit.release import release
from coursekit.sheets import FOLDER, book_folder, check_words, read_sheet
from coursekit.status import problem_sets
from unrolled.exercises.problems import Variant
from unrolled.exercises.sets import DIGITS, problem_set, set_problems

ROOT = book_folder()
SETS = [name for name in problem_sets() if (ROOT / FOLDER / f"{name}.md").is_file()]
each_set = pytest.mark.parametrize("name", SETS)


def shorts(name):
    return [problem.short for problem in set_problems(name)]


@cache
def the_sheet(name):
    return read_sheet(name, ROOT)


def page(name="ps1"):
    return (ROOT / FOLDER / f"{name}.md").read_text("utf-8")


def course(folder, *ids, seed="autumn"):
    (folder / "roster.csv").write_text("id\n" + "\n".join(ids) + "\n")
    url = f"sqlite:///{folder}/gradebook.db"
    return Course(folder, "A course", folder / "roster.csv", seed, url, Limits(), {})


def form(name, place, digit):
    """Make the code of a set in which one problem has another form."""
    return "".join(digit if each == place else "0" for each in range(len(set_problems(name))))


FORMS = [
    (name, place, DIGITS[number])
    for name in SETS
    for place, problem in enumerate(set_problems(name))
    for number in range(len(problem.variants))
]


def test_there_are_pages_to_release():
    assert "ps1" in SETS


@each_set
def test_it_is_valid_and_a_student_can_write_the_answers_only(name):
    notebook = make_notebook(the_sheet(name))
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    graded = {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}
    assert set(graded) == {*shorts(name), *(f"{short}-check" for short in shorts(name))}
    for problem in set_problems(name):
        short = problem.short
        answer, check = graded[short], graded[f"{short}-check"]
        assert answer.metadata.nbgrader.solution
        assert not answer.metadata.nbgrader.locked
        assert "editable" not in answer.metadata
        assert not answer.metadata.deletable
        assert check.metadata.nbgrader.points == problem.points
        assert not check.metadata.editable
        assert check.source == f'{name}.check("{short}", {problem.function})'
    for cell in graded.values():
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
        assert cell.metadata.nbgrader.cell_type == "code"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
            assert (cell.outputs, cell.execution_count) == ([], None)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@each_set
def test_its_text_needs_nothing_of_the_book_s_tools(name):
    for url in ("", "https://example.org/unrolled"):
        for cell in make_notebook(read_sheet(name, ROOT, book_url=url)).cells:
            if cell.cell_type == "markdown":
                assert not re.findall(r"\{[\w:-]+\}`[^`]*`", cell.source)
                assert not re.findall(r"^(?:`{3,}|:{3,})\{.*", cell.source, re.M)
                assert not re.findall(r"^\([\w-]+\)=|^\$\$ *\(|\.md\)", cell.source, re.M)


def test_chapters_are_links_where_the_book_s_address_is_known():
    text = "\n".join(c.source for c in make_notebook(read_sheet("ps1", ROOT)).cells)
    assert "Shape audit" in text
    assert "https:" not in text
    sheet = read_sheet("ps1", ROOT, book_url="https://example.org/b", package="unrolled @ x")
    notebook = make_notebook(sheet)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "[Shape audit](https://example.org/b/book/03_shape_audit.html)" in text
    assert "[Unrolled](https://example.org/b)" in notebook.cells[0].source
    assert '`pip install "unrolled @ x"`' in notebook.cells[0].source
    assert notebook.cells[0].cell_type == "markdown"


@each_set
def test_a_notebook_without_a_code_is_the_page(name):
    """Every line of the page's code and prose is in it, but labels and links."""
    text = "\n".join(cell.source for cell in make_notebook(the_sheet(name)).cells)
    body = page(name).split("---\n", 2)[2]
    body = re.sub(r"^---\n.*?^---\n", "", body, flags=re.M | re.S)
    for line in body.splitlines():
        skipped = line.startswith(("```", "(", ":tags:")) or "{doc}" in line
        assert skipped or line.strip() in text


@pytest.mark.parametrize(("name", "place", "digit"), FORMS)
def test_each_form_says_its_own_words_in_its_own_section(name, place, digit):
    sheet, code = the_sheet(name), form(name, place, digit)
    shown, own = make_notebook(sheet), make_notebook(sheet, code)
    problem = set_problems(name)[place]
    before, after = problem.variants[0].words, problem.variants[DIGITS.index(digit)].words
    pairs = list(zip(shown.cells, own.cells, strict=True))
    inside = [at == problem.short for at, _ in sheet.cells]
    section = [pair for pair, is_in in zip(pairs, inside, strict=True) if is_in]
    others = [pair for pair, is_in in zip(pairs, inside, strict=True) if not is_in]
    for key, word in after.items():
        was = sum(a.source.count(before[key]) for a, _ in section)
        assert sum(b.source.count(word) for _, b in section) >= was > 0
    changed = [(a.source, b.source) for a, b in others if a.source != b.source]
    assert [b for _, b in changed] == [
        a.replace(f'problem_set("{name}")', f'problem_set("{name}", "{code}")') for a, _ in changed
    ]
    assert len(changed) == 1
    for a, b in pairs:
        assert (a.id, a.cell_type) == (b.id, b.cell_type)
        if a.metadata.get("nbgrader", {}).get("grade"):
            assert a == b  # nbgrader puts the released one back


@each_set
def test_forms_differ_in_what_the_student_reads(name):
    sheet = the_sheet(name)
    for place, problem in enumerate(set_problems(name)):
        texts = {
            "\n".join(
                cell.source for cell in make_notebook(sheet, form(name, place, digit)).cells[5:]
            )
            for digit in DIGITS[: len(problem.variants)]
        }
        assert len(texts) == len(problem.variants)


def test_each_student_gets_the_own_forms(tmp_path):
    made = course(tmp_path, "ada", "bo", "cleo")
    done = release(made, "ps1")
    assert (done.students, done.notebook) == (3, tmp_path / "release/ps1/ps1.ipynb")
    for student in ("ada", "bo", "cleo"):
        text = (tmp_path / "students" / student / "ps1.ipynb").read_text("utf-8")
        code = form_code("ps1", "autumn", student)
        setup = next(c for c in json.loads(text)["cells"] if "problem_set(" in "".join(c["source"]))
        assert f'problem_set("ps1", "{code}")' in "".join(setup["source"])
        assert repr(problem_set("ps1", code)).startswith(f"ps1, form {code}")
    book = nbformat.read(done.notebook, as_version=4)
    assert book == make_notebook(read_sheet("ps1", ROOT))
    assert (tmp_path / "source/ps1/ps1.ipynb").read_bytes() == done.notebook.read_bytes()
    assert len({form_code("ps1", "autumn", f"s{n}") for n in range(50)}) > 10


def test_without_a_seed_there_is_one_notebook_for_all(tmp_path):
    done = release(course(tmp_path, "ada", seed=""), "ps1")
    assert done.students == 0
    assert not (tmp_path / "students").exists()
    assert done.notebook.is_file()


def test_a_second_release_writes_the_same_bytes(tmp_path):
    made = course(tmp_path, "ada", "bo")
    release(made, "ps1")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    release(made, "ps1")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    assert len(before) == 4
    assert not list(tmp_path.rglob(".*"))


def test_forms_that_were_handed_out_do_not_change_by_accident(tmp_path):
    release(course(tmp_path, "ada", "bo"), "ps1")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    with pytest.raises(CourseError, match=r"the seed or the problems have changed since.*--again"):
        release(course(tmp_path, "ada", "bo", seed="winter"), "ps1")
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    release(course(tmp_path, "ada", "bo", seed="winter"), "ps1", again=True)
    assert before != {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}


def test_a_refusal_of_the_gradebook_comes_before_any_file(tmp_path):
    made = course(tmp_path, "ada")._replace(gradebook="sqlite:////nowhere/at/all.db")
    with pytest.raises(CourseError, match="unable to open database file"):
        release(made, "ps1")
    assert not list(tmp_path.rglob("*.ipynb"))


def test_the_package_without_the_book_says_so(tmp_path, monkeypatch):
    away = SimpleNamespace(__file__=str(tmp_path / "lib" / "unrolled" / "__init__.py"))
    monkeypatch.setattr("coursekit.sheets.unrolled", away)
    with pytest.raises(CourseError, match=r"not beside the package.*pip install -e"):
        release(course(tmp_path, "ada"), "ps1")


def test_a_set_without_a_page_says_so(tmp_path):
    with pytest.raises(CourseError, match=r"ps1\.md cannot be read: No such file"):
        read_sheet("ps1", tmp_path)


CHANGES = [
    ('ps1 = problem_set("ps1")', 'ps1 = problem_set("ps1", "")', "must say problem_set"),
    ("def leaky_backward(", "def leaky_back(", "not those of leaky_backward"),
    ("  points: 8", "  points: 9", "for 8 points"),
    ('ps1.check("leaky", leaky_backward)', 'ps1.check("leaky", leaky)', "not those of"),
    ("  grade_id: leaky\n", "  grade_id: leaky2\n", "not one answer cell and one check"),
    ("(ps1-leaky)=", "(ps1-other)=", "not one answer cell and one check"),
    (r"\varphi(z) = \frac{z}{\sqrt{1 + z^2}}", r"\varphi(z) = z", "the page does not say"),
    ("## After the set", "```{note}\nx\n```\n\n## After the set", "only the book's own tools show"),
    ("## After the set", "See {eq}`x`.\n\n## After the set", "only the book's own tools show"),
    ("## After the set", "See [x](../01_trace_a_graph.md).\n\n## After the set", "own tools show"),
    ("{doc}`../01_trace_a_graph`", "{doc}`../99_nothing`", "which the book does not have"),
    ("{doc}`../01_trace_a_graph`", "{doc}`../../../etc/passwd`", "which the book does not have"),
]


@pytest.mark.parametrize(("old", "new", "words"), CHANGES)
def test_a_page_that_does_not_fit_its_problems_is_refused(old, new, words):
    assert old in page()
    with pytest.raises(CourseError, match=re.escape(words)):
        read_sheet("ps1", ROOT, text=page().replace(old, new))


def test_what_nbgrader_would_not_take_is_said():
    sheet = the_sheet("ps1")
    double = nbformat.v4.new_markdown_cell("x", metadata={"nbgrader": {"grade_id": "leaky"}})
    double.metadata.nbgrader.update(grade=False, locked=True, solution=False, schema_version=3)
    with pytest.raises(CourseError, match="ps1: nbgrader refuses the page: Duplicate grade id"):
        make_notebook(sheet._replace(cells=(*sheet.cells, ("", double))))


def test_a_problem_whose_forms_have_no_words_stays_as_it_is():
    sheet = the_sheet("ps1")
    first, *others = sheet.problems
    bare = tuple(variant._replace(words={}) for variant in first.variants)
    sheet = sheet._replace(problems=(first._replace(variants=bare), *others))
    shown, own = make_notebook(sheet), make_notebook(sheet, form("ps1", 0, "1"))
    assert sum(a.source != b.source for a, b in zip(shown.cells, own.cells, strict=True)) == 1


def test_words_must_be_found_and_told_apart():
    leaky = next(p for p in set_problems("ps1") if p.id == "ps1.leaky")
    check_words(leaky, page())
    with pytest.raises(CourseError, match="does not say 'inverse root'"):
        check_words(leaky, page().replace("inverse root", "x"))
    double = Variant("a", None, {"one": "root", "two": "inverse root"})
    with pytest.raises(CourseError, match="part of another's"):
        check_words(leaky._replace(variants=(double,)), page())
    less = Variant("b", None, {"one": "root"})
    with pytest.raises(CourseError, match="has other words"):
        check_words(leaky._replace(variants=(leaky.variants[0], less)), page())
