"""nbgrader itself, on what a course hands out: validate, autograde, collect, list.

Its commands run as an instructor or a student types them, in a folder that
``unrolled-course init`` and ``release`` made.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from course import answers
from course.test_gradebook import all_rows
from nbgrader import api

from coursekit.beginning import begin
from coursekit.config import read_course
from coursekit.forms import form_code
from coursekit.release import release
from unrolled.exercises.sets import problem_set, set_problems

STUDENTS = {"ada": answers.right, "bo": answers.partly, "cleo": lambda code: {}}
SHORTS = [problem.short for problem in set_problems("ps1")]


def environment(home: Path) -> dict[str, str]:
    """Give what a command needs, with a home of its own and the tools of this Python."""
    kept = {name: os.environ[name] for name in ("LANG", "TZ", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JUPYTER_PLATFORM_DIRS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def nbgrader(folder: Path, *command: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command],
        cwd=folder,
        env=environment(folder.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == status, done.stdout[-3000:]
    return done.stdout


def solve(notebook, sources):
    """Write answers into the answer cells, as a student does."""
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        if about.get("solution") and about["grade_id"] in sources:
            cell.source = sources[about["grade_id"]]
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with a set released to three students, who work at it and hand it in."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    begin(folder)
    (folder / "roster.csv").write_text("id,name\nada,Ada L\nbo,Bo M\ncleo,Cleo N\n")
    made = read_course(folder / "course.toml")
    release(made, "ps1")
    for student, sources in STUDENTS.items():
        path = folder / "students" / student / "ps1.ipynb"
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        solved = solve(notebook, sources(form_code("ps1", made.seed, student)))
        target = folder / "submitted" / student / "ps1" / "ps1.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(solved, target)
    return made


def test_nbgrader_would_generate_the_same(course, tmp_path):
    """``nbgrader generate_assignment`` registers and writes what the release did."""
    theirs = tmp_path / "course"
    begin(theirs)
    source = theirs / "source" / "ps1" / "ps1.ipynb"
    source.parent.mkdir(parents=True)
    shutil.copy(course.folder / "source" / "ps1" / "ps1.ipynb", source)
    nbgrader(theirs, "generate_assignment", "ps1")
    ours, other = all_rows(course.gradebook), all_rows(f"sqlite:///{theirs}/gradebook.db")
    assert [row[0] for row in ours.pop("student")] == list(STUDENTS)
    assert other.pop("student") == []
    assert ours == other
    released = [
        nbformat.read(folder / "release" / "ps1" / "ps1.ipynb", as_version=4)
        for folder in (course.folder, theirs)
    ]
    assert released[0].cells == released[1].cells


def test_validation_passes_what_is_right_and_names_what_is_not(course):
    submitted = course.folder / "submitted"
    said = nbgrader(course.folder, "validate", str(submitted / "ada" / "ps1" / "ps1.ipynb"))
    assert "Success! Your notebook passes all the tests." in said
    stub = course.folder / "release" / "ps1" / "ps1.ipynb"
    said = nbgrader(course.folder, "validate", str(stub))
    assert f"VALIDATION FAILED ON {len(SHORTS)} CELL(S)!" in said
    for problem in set_problems("ps1"):
        assert problem.function in said


def by_hand(student, code, monkeypatch):
    """Score the answers in this process, problem by problem."""
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    opened = problem_set("ps1", code)
    scores = dict.fromkeys(SHORTS, 0.0)
    for short, source in STUDENTS[student](code).items():
        names = {"np": __import__("numpy"), "ps1": opened}
        exec(source, names)
        scores[short] = opened.check(short, names[opened.problem(short).function])
    return scores


def test_autograding_gives_the_points(course, monkeypatch, tmp_path):
    """With the gradebook that the release made: all, some, and none of them."""
    folder = tmp_path / "course"
    shutil.copytree(course.folder, folder)
    nbgrader(folder, "autograde", "ps1")
    earned = {}
    with api.Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        for student in STUDENTS:
            submission = book.find_submission("ps1", student)
            assert not submission.needs_manual_grade
            earned[student] = {
                grade.name.removesuffix("-check"): grade.score
                for grade in submission.notebooks[0].grades
            }
    for student, scores in earned.items():
        code = form_code("ps1", course.seed, student)
        assert scores == pytest.approx(by_hand(student, code, monkeypatch)), student
    totals = [sum(scores.values()) for scores in earned.values()]
    assert totals[0] == 20
    assert 0 < totals[1] < 20
    assert totals[2] == 0
    graded = nbformat.read(folder / "autograded" / "bo" / "ps1" / "ps1.ipynb", as_version=4)
    code = form_code("ps1", course.seed, "bo")
    assert any(f'problem_set("ps1", "{code}")' in cell.source for cell in graded.cells)


def test_the_formgrader_lists_the_set_and_the_students(course):
    """What its pages show comes from these calls."""
    from nbgrader.apps.api import NbGraderAPI
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(course.folder)
    config.CourseDirectory.db_url = course.gradebook
    listed = NbGraderAPI(config=config)
    (assignment,) = listed.get_assignments()
    assert assignment["name"] == "ps1"
    assert assignment["max_score"] == 20
    assert assignment["num_submissions"] == 3
    assert [each["id"] for each in listed.get_students()] == list(STUDENTS)
    (notebook,) = listed.get_notebooks("ps1")
    assert notebook["max_code_score"] == 20


def test_zip_collect_puts_an_lms_s_files_where_grading_looks(course, tmp_path):
    folder = tmp_path / "course"
    begin(folder)
    archive = folder / "downloaded" / "ps1" / "archive" / "all.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as packed:
        for student in STUDENTS:
            source = course.folder / "submitted" / student / "ps1" / "ps1.ipynb"
            packed.write(source, f"{student}_ps1.ipynb")
    nbgrader(folder, "zip_collect", "ps1")
    for student in STUDENTS:
        path = folder / "submitted" / student / "ps1" / "ps1.ipynb"
        assert (
            path.read_bytes()
            == (course.folder / "submitted" / student / "ps1" / "ps1.ipynb").read_bytes()
        )


def test_the_exchange_releases_and_collects(course, tmp_path):
    """Without a hub: one account hands out, works, hands in and collects."""
    folder, exchange, student = tmp_path / "course", tmp_path / "exchange", tmp_path / "student"
    shutil.copytree(course.folder, folder, ignore=shutil.ignore_patterns("submitted"))
    exchange.mkdir()
    exchange.chmod(0o777)
    student.mkdir()
    setting = f'\nc.Exchange.root = "{exchange}"\n'
    config = folder / "nbgrader_config.py"
    config.write_text(config.read_text() + setting)
    (student / "nbgrader_config.py").write_text(
        f'c = get_config()\nc.CourseDirectory.course_id = "unrolled"{setting}'
    )
    nbgrader(folder, "release_assignment", "ps1")
    nbgrader(student, "fetch_assignment", "ps1")
    path = student / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.write(solve(notebook, answers.right("000")), path)
    nbgrader(student, "submit", "ps1")
    nbgrader(folder, "collect", "ps1")
    (collected,) = (folder / "submitted").glob("*/ps1/ps1.ipynb")
    assert collected.read_bytes() == path.read_bytes()


@pytest.mark.browser
def test_it_opens_in_lab_and_runs_to_the_end(course, chromium, tmp_path):
    """Stubs and all: every check answers, and no cell fails."""
    from binder.lab_page import LabServer, open_launched_page, run_to_the_end

    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    shutil.copy(course.folder / "students" / "ada" / "ps1.ipynb", home / "ps1.ipynb")
    quiet = scratch / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)  # it would ask first whether it may fetch news
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    variables = {**environment(home), "JUPYTERLAB_SETTINGS_DIR": str(scratch / "settings")}
    image = SimpleNamespace(prefix=Path(sys.prefix), home=home, environment=variables)
    page = chromium.new_page()
    try:
        with LabServer(image, scratch) as lab:
            open_launched_page(page, f"{lab.url}/lab/tree/ps1.ipynb")
            run_to_the_end(page)
            shown = page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.content.widgets"
                ".filter(cell => cell.model.type === 'code')"
                ".map(cell => JSON.stringify(cell.model.outputs.toJSON()))"
            )
    finally:
        page.close()
    code = form_code("ps1", course.seed, "ada")
    assert sum(f"ps1, form {code}" in output for output in shown) == 1
    assert sum("returns nothing yet" in output for output in shown) == len(SHORTS)
    assert json.loads((home / "ps1.ipynb").read_text())["nbformat"] == 4
