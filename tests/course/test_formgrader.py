"""Graded answers lie where nbgrader's formgrader looks, and nothing else of the student's does."""

from __future__ import annotations

import nbformat
import pytest
from course.test_feedback import EVIL, kept
from nbgrader.apps.api import NbGraderAPI
from traitlets.config import Config

from coursekit import store
from coursekit.beginning import begin
from coursekit.config import read_course
from coursekit.formgrader import fill, write_answers
from coursekit.gradebook import Gradebook
from coursekit.handout import make_notebook
from coursekit.release import release
from coursekit.sheets import book_folder, read_sheet


@pytest.fixture
def course(tmp_path):
    begin(tmp_path / "course")
    (tmp_path / "course" / "roster.csv").write_text("id\nada\nbo\n", "utf-8")
    course = read_course(tmp_path / "course" / "course.toml")
    release(course, "ps1")
    return course


def graded(course, one):
    store.save(course, one)
    with Gradebook(course.gradebook) as book:
        book.record("ps1", one.marks)


def test_the_formgrader_shows_what_was_graded_after_it(course):
    graded(course, kept("ada"))
    graded(course, kept("bo", answers={}))
    config = Config()
    config.CourseDirectory.root = str(course.folder)
    config.CourseDirectory.db_url = course.gradebook
    assert NbGraderAPI(config=config).get_notebook_submissions("ps1", "ps1") == []
    assert write_answers(course, "ps1") == 1
    (shown,) = NbGraderAPI(config=config).get_notebook_submissions("ps1", "ps1")
    assert shown["student"] == "ada"


def test_a_second_time_changes_no_byte_and_what_is_gone_is_taken_away(course):
    graded(course, kept("ada"))
    write_answers(course, "ps1")
    path = course.folder / "autograded" / "ada" / "ps1" / "ps1.ipynb"
    before = (path.stat().st_mtime_ns, path.read_bytes())
    write_answers(course, "ps1")
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    store.save(course, kept("ada", answers={}))
    assert write_answers(course, "ps1") == 0
    assert not path.exists()


def test_a_notebook_holds_the_answer_and_the_message_as_text(course):
    blank = make_notebook(read_sheet("ps1", book_folder()), "012")
    before = nbformat.writes(blank)
    notebook = fill(blank, kept(message=EVIL, answers={"loops": EVIL}))
    assert nbformat.writes(blank) == before
    nbformat.validate(notebook)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    assert "<script>" in cells["loops"].source
    assert "\u202e" not in cells["loops"].source
    (said,) = cells["loops-check"].outputs
    assert said.output_type == "stream"
    assert "\u202e" not in said.text
    assert said.text.startswith("5 of 5 points: ")
    assert "..." in cells["leaky"].source  # the stub, where nothing was graded
