"""The gradebook: nbgrader's own rows, whole or not at all, whoever else writes."""

from __future__ import annotations

import copy
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest
from nbgrader import api
from sqlalchemy.exc import OperationalError

from coursekit import gradebook as module
from coursekit.gradebook import Gradebook
from coursekit.handout import make_notebook
from coursekit.records import CourseError, Marks, Score, Student
from coursekit.sheets import book_folder, read_sheet
from unrolled.exercises.sets import set_problems

PROBLEMS = set_problems("ps1")
SHORTS = [problem.short for problem in PROBLEMS]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/gradebook.db"


def marks(student, *points, message="hint"):
    scores = tuple(
        Score(short, each, problem.points, message, "part")
        for short, problem, each in zip(SHORTS, PROBLEMS, points, strict=True)
    )
    return Marks(student, "ps1", "digest", "000", 7, scores)


def prepared(url, *students):
    book = Gradebook(url)
    book.prepare("ps1", None, [Student(each) for each in students])
    return closing(book)


def close(opened):
    with opened:
        pass


def rows(url, query):
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
        return sorted(db.execute(query).fetchall(), key=str)


def all_rows(url):
    """Read every table; the made-up keys left out, so that two gradebooks compare."""
    queries = {
        "student": "SELECT id, first_name, last_name, email, lms_user_id FROM student",
        "cells": "SELECT name, type, notebook_id IS NULL FROM base_cell",
        "grade cells": "SELECT b.name, g.max_score, g.cell_type "
        "FROM grade_cells g JOIN base_cell b ON b.id = g.id",
        "sources": "SELECT name, cell_type, locked, source, checksum FROM source_cell",
        "submitted": "SELECT student_id, timestamp FROM submitted_assignment",
        "grades": "SELECT sa.student_id, b.name, auto_score, manual_score, extra_credit, "
        "needs_manual_grade FROM grade g JOIN base_cell b ON b.id = g.cell_id "
        "JOIN submitted_notebook sn ON sn.id = g.notebook_id "
        "JOIN submitted_assignment sa ON sa.id = sn.assignment_id",
        "comments": "SELECT sa.student_id, b.name, auto_comment, manual_comment "
        "FROM comment c JOIN base_cell b ON b.id = c.cell_id "
        "JOIN submitted_notebook sn ON sn.id = c.notebook_id "
        "JOIN submitted_assignment sa ON sa.id = sn.assignment_id",
    }
    return {name: rows(url, query) for name, query in queries.items()}


def test_scores_stand_where_nbgrader_reads_them(url):
    with prepared(url) as book:
        book.record("ps1", marks("ada", 5.0, 2.67, 0.0))
    with api.Gradebook(url) as theirs:
        submission = theirs.find_submission("ps1", "ada")
        assert submission.score == pytest.approx(7.67)
        assert submission.max_score == sum(problem.points for problem in PROBLEMS)
        assert not submission.needs_manual_grade
        grade = theirs.find_grade("leaky-check", "ps1", "ps1", "ada")
        assert (grade.auto_score, grade.score, grade.needs_manual_grade) == (2.67, 2.67, False)
        assert theirs.find_comment("leaky", "ps1", "ps1", "ada").auto_comment == "hint"
    assert rows(url, "SELECT count(*) FROM grade WHERE auto_score IS NULL") == [(0,)]


def test_it_has_nbgrader_s_version_and_no_command_is_needed_for_it(url, monkeypatch):
    monkeypatch.setenv("PATH", "")
    close(prepared(url))
    with closing(Gradebook(url)):
        pass
    assert len(rows(url, "SELECT version_num FROM alembic_version")) == 1
    monkeypatch.undo()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert rows(url, "SELECT version_num FROM alembic_version") == [(api.get_alembic_version(),)]


def test_recording_again_changes_nothing(url):
    with prepared(url, "ada") as book:
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        before = all_rows(url)
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        book.prepare("ps1", None, [Student("ada")])
        assert all_rows(url) == before
        book.record("ps1", marks("ada", 5.0, 2.0, 3.0, message="better"))
        assert book.grades("ps1")["ada"]["loops"].score == 5.0
    assert len(all_rows(url)["grades"]) == len(PROBLEMS)
    assert {row[2] for row in all_rows(url)["comments"]} == {"better"}


def test_what_the_instructor_changed_stays_and_counts(url):
    with prepared(url) as book:
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        with api.Gradebook(url) as theirs:
            leaky = theirs.find_grade("leaky-check", "ps1", "ps1", "ada")
            leaky.manual_score, leaky.extra_credit, leaky.needs_manual_grade = 7.5, 0.5, True
            theirs.find_comment("leaky", "ps1", "ps1", "ada").manual_comment = "nice"
            theirs.db.commit()
        book.record("ps1", marks("ada", 1.0, 4.0, 3.0))
        read = book.grades("ps1")["ada"]
    assert read["leaky"][:3] == (8.0, 4.0, "nice")
    assert read["loops"][:3] == (1.0, 1.0, None)


def test_a_release_after_the_grading_keeps_the_scores(url):
    notebook = make_notebook(read_sheet("ps1", book_folder()))
    with prepared(url) as book:
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        before = all_rows(url)
        book.prepare("ps1", notebook, ())
        after = all_rows(url)
    assert len(after.pop("sources")) == 2 * len(PROBLEMS)
    assert before.pop("sources") == []
    assert before == after


def test_a_second_release_brings_the_sources_up_to_date(url):
    notebook = make_notebook(read_sheet("ps1", book_folder()))
    with prepared(url) as book:
        book.prepare("ps1", notebook)
        before = all_rows(url)
        extra = copy.deepcopy(notebook)
        extra.cells[-1].metadata.nbgrader = {
            **{"grade_id": "more", "grade": False, "locked": True, "solution": False},
            "checksum": "x",
        }
        book.prepare("ps1", extra)
        assert "more" in [row[0] for row in all_rows(url)["sources"]]
        book.prepare("ps1", notebook)
        assert all_rows(url) == before


def test_other_problems_after_the_grading_are_refused(url, monkeypatch):
    with prepared(url) as book:
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        before = all_rows(url)
        monkeypatch.setattr(module, "set_problems", lambda name: PROBLEMS[:-1])
        with pytest.raises(CourseError, match="problems were added or taken away"):
            book.prepare("ps1")
        assert all_rows(url) == before


def test_other_problems_before_any_grading_are_taken(url, monkeypatch):
    with prepared(url) as book:
        monkeypatch.setattr(module, "set_problems", lambda name: PROBLEMS[:-1])
        book.prepare("ps1")
    assert len(all_rows(url)["cells"]) == 2 * len(PROBLEMS) - 2


def test_students_come_from_the_roster(url):
    with closing(Gradebook(url)) as book:
        people = [
            Student("ada", "Ada King Lovelace", "ada@example.org", {"canvas_id": "17"}),
            Student("minji", "김민지", "", {}),
        ]
        book.prepare("ps1", None, people)
        book.prepare("ps1", None, [Student("ada", "Ada Byron")])
    assert all_rows(url)["student"] == [
        ("ada", "Ada", "Byron", "ada@example.org", "17"),
        ("minji", "", "김민지", None, None),
    ]


def test_a_set_that_is_not_prepared_is_said(url):
    with closing(Gradebook(url)) as book:
        with pytest.raises(CourseError, match="does not know ps1 with 'loops'"):
            book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        assert book.grades("ps1") == {}
    assert all_rows(url)["student"] == []


def test_hostile_text_is_text(url):
    evil = "'); DROP TABLE grade; --\0<script>\U0001f642" * 100
    with prepared(url) as book:
        book.record("ps1", marks("ada", 1.0, 2.0, 3.0, message=evil))
    with api.Gradebook(url) as theirs:
        said = theirs.find_comment("leaky", "ps1", "ps1", "ada").auto_comment
    assert said == evil.replace("\0", "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_no_message_holds_the_password(tmp_path, name):
    url = {
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/g.db",
        "postgresql": "postgresql://grader:hunter2@localhost:1/db",
    }[name]
    with pytest.raises(CourseError) as raised:
        Gradebook(url)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert f"{name}:" in str(raised.value)


def test_a_password_that_a_database_repeats_is_hidden(monkeypatch):
    def refuse(address):
        raise OperationalError("connect", None, Exception(f"no entry for {address}"))

    monkeypatch.setattr(module, "_make_tables", refuse)
    with pytest.raises(CourseError, match=r"no entry for postgresql://grader:\*\*\*@localhost"):
        Gradebook("postgresql://grader:hunter2@localhost:1/db")


def test_what_is_no_address_is_said():
    with pytest.raises(CourseError, match="expected the address of a database"):
        Gradebook("gradebook.db")
    with pytest.raises(CourseError, match="cannot be used"):
        Gradebook("nosuchdatabase://x/y")


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "g.db").write_bytes(b"this is not a database, not at all" * 100)
    with pytest.raises(CourseError, match="file is not a database"):
        Gradebook(f"sqlite:///{tmp_path}/g.db")


def test_it_waits_for_another_writer(url):
    with prepared(url) as book:
        other = sqlite3.connect(
            url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False
        )
        other.execute("BEGIN IMMEDIATE")
        writer = Thread(target=book.record, args=("ps1", marks("ada", 1.0, 2.0, 3.0)))
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        other.execute("COMMIT")
        other.close()
        writer.join()
        assert set(book.grades("ps1")) == {"ada"}


def test_a_database_that_stays_locked_is_said(url, monkeypatch):
    close(prepared(url))
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with closing(Gradebook(f"{url}?timeout=0")) as book:
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="database is locked"):
            book.record("ps1", marks("ada", 1.0, 2.0, 3.0))
        other.close()


def test_many_graders_at_once_make_each_row_once(url):
    """Opening, preparing and recording race; the outcome is that of one alone."""
    start, errors = Barrier(4), []

    def grade(number):
        try:
            start.wait()
            with closing(Gradebook(url)) as book:
                book.prepare("ps1", None, [Student("ada"), Student("bo")])
                for student in ("ada", "bo", f"own{number}"):
                    book.record("ps1", marks(student, 1.0, 2.0, 3.0))
        except CourseError as error:
            errors.append(error)

    graders = [Thread(target=grade, args=(number,)) for number in range(4)]
    for each in graders:
        each.start()
    for each in graders:
        each.join()
    assert errors == []
    found = all_rows(url)
    students = ["ada", "bo", "own0", "own1", "own2", "own3"]
    assert [row[0] for row in found["student"]] == students
    assert [row[0] for row in found["submitted"]] == students
    assert len(found["grades"]) == len(found["comments"]) == len(PROBLEMS) * len(students)
    assert len(found["cells"]) == 2 * len(PROBLEMS)
    assert len(rows(url, "SELECT version_num FROM alembic_version")) == 1


@pytest.mark.parametrize("after", [0.0, 0.03])
def test_a_kill_leaves_no_half_student(url, tmp_path, after):
    """A process that records without end is killed: every student is there whole."""
    close(prepared(url))
    program = tmp_path / "endless.py"
    program.write_text(
        textwrap.dedent(
            f"""
            from coursekit.gradebook import Gradebook
            from coursekit.records import Marks, Score
            shorts, points = {SHORTS!r}, {[p.points for p in PROBLEMS]!r}
            book = Gradebook({url!r})
            number = 0
            while True:
                scores = tuple(Score(s, 1.0, p, "m", "part") for s, p in zip(shorts, points))
                book.record("ps1", Marks(f"s{{number}}", "ps1", "d", "000", 1, scores))
                number += 1
                print(number, flush=True)
            """
        )
    )
    process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE)
    with process:
        assert process.stdout.readline()
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    with closing(Gradebook(url)) as book:
        grades = book.grades("ps1")
        assert len(grades) >= 1
        assert {len(own) for own in grades.values()} == {len(PROBLEMS)}
        book.record("ps1", marks("after", 1.0, 2.0, 3.0))
    found = all_rows(url)
    whole = len(grades) + 1
    assert len(found["student"]) == len(found["submitted"]) == whole
    assert len(found["grades"]) == len(found["comments"]) == whole * len(PROBLEMS)
