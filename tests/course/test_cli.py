"""The command as an instructor types it: what it says, what it writes, and how it ends."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from course import answers

from coursekit import cli
from coursekit.config import read_course
from coursekit.forms import form_code
from coursekit.plain import write_whole
from coursekit.records import CourseError
from coursekit.status import problem_sets, standings, table

VERBS = ("init", "release", "grade", "feedback", "export", "status")


@pytest.fixture
def course(tmp_path, capsys):
    assert cli.main(["init", str(tmp_path / "course")]) == 0
    capsys.readouterr()
    return tmp_path / "course"


def run(course: Path, *arguments: str) -> int:
    verb, *others = arguments
    return cli.main([verb, "--config", str(course / "course.toml"), *others])


def said(capsys):
    """Give what was printed, and the one sentence of an error."""
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert len(lines) <= 1, err
    return out, "".join(lines)


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_tells_a_newcomer_what_each_command_writes(verb, capsys):
    assert cli.main([*verb.split(), "--help"]) == 0
    out, err = said(capsys)
    assert err == ""
    assert max(map(len, out.splitlines())) <= 82
    if verb:
        assert len(out.split()) > 20
    else:
        for name in (*VERBS, "Exit codes: 0 done; 1", "--to csv", "course.toml"):
            assert name in out


def test_it_says_its_version(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"unrolled-course \d+\.\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["release"], "required: SET"),
        (["release", "ps99"], "no problem set 'ps99': the book has ps1"),
        (["release", "../ps1"], "no problem set '../ps1'"),
        (["export", "ps1"], "required: --to"),
        (["export", "ps1", "--to", "excel"], "invalid choice: 'excel'"),
        (["grade", "ps1", "--jobs", "0"], "a number from 1 to 1024, got '0'"),
        (["grade", "ps1", "--jobs", "two"], "a number from 1 to 1024, got 'two'"),
        (["grade", "ps1", "--jobs", "2", "--cluster", "x"], "not allowed with argument --jobs"),
        (["status", "--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_wrong_usage_ends_with_2_and_one_line(arguments, words, capsys):
    assert cli.main(arguments) == 2
    out, err = said(capsys)
    assert out == ""
    assert words in err
    assert err.endswith("--help")


def test_a_course_goes_from_init_to_export(course, capsys, monkeypatch):
    """Everything but grading, whose part its own tests take: marks are put in its place."""
    from coursekit import store
    from coursekit.gradebook import Gradebook
    from coursekit.records import Marks, Score
    from unrolled.exercises.sets import set_problems

    monkeypatch.chdir(course)
    assert cli.main(["release", "ps1"]) == 0
    out, _ = said(capsys)
    assert "release/ps1/ps1.ipynb" in out
    assert "2 notebooks" in out
    assert cli.main(["feedback", "ps1"]) == 1
    assert "nothing of ps1 is graded yet: run unrolled-course grade ps1" in said(capsys)[1]
    read = read_course(course / "course.toml")
    scores = tuple(
        Score(problem.short, problem.points, problem.points, "right.", "right")
        for problem in set_problems("ps1")
    )
    marks = Marks("ada", "ps1", "d", form_code("ps1", read.seed, "ada"), 1, scores)
    store.save(read, store.Kept(marks, {}, store.now()))
    with Gradebook(read.gradebook) as book:
        book.record("ps1", marks)
    deep = course / "students" / "ada"
    monkeypatch.chdir(deep)
    assert cli.main(["feedback", "ps1"]) == 0
    assert "wrote 1 pages" in said(capsys)[0]
    assert cli.main(["export", "ps1", "--to", "csv"]) == 0
    assert "2 students, 1 without work (an empty cell)" in said(capsys)[0]
    assert cli.main(["export", "ps1", "--to", "csv", "--missing", "zero"]) == 0
    assert "1 without work (0)" in said(capsys)[0]
    assert cli.main(["export", "ps1", "--to", "canvas"]) == 1
    assert "canvas_id, sis_id or sis_login, which is empty for ada, minji" in said(capsys)[1]
    roster = read.roster.read_text("utf-8").replace("section", "sis_login")
    read.roster.write_text(roster.replace("org,A\n", "org,B\n", 1), "utf-8")
    assert cli.main(["export", "ps1", "--to", "canvas"]) == 0
    assert 'ps1 = "Problem set 1 (its id)"' in said(capsys)[0]
    read.roster.write_text("id\nminji\n", "utf-8")
    assert cli.main(["export", "ps1", "--to", "csv"]) == 0
    assert "left out, because the roster does not name them: ada" in said(capsys)[0]
    assert cli.main(["status"]) == 0
    line = next(line for line in said(capsys)[0].splitlines() if line.startswith("ps1"))
    assert "yes, 2 own" in line
    read.roster.unlink()
    config = course / "course.toml"
    config.write_text(config.read_text("utf-8").replace('roster = "', '# roster = "'), "utf-8")
    assert cli.main(["release", "ps1"]) == 0
    assert "name a roster" in said(capsys)[0]


def test_everything_a_course_writes_lies_below_its_folder(course, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert run(course, "release", "ps1") == 0
    assert list(elsewhere.iterdir()) == []
    assert cli.main(["--config", str(course / "course.toml"), "status"]) == 0


def test_mendable_things_end_with_1_and_one_sentence(course, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["status"]) == 1
    assert "no course.toml in" in said(capsys)[1]
    assert cli.main(["init", str(course)]) == 1
    assert "nothing is overwritten" in said(capsys)[1]
    (course / "roster.csv").write_text("id\nada\nADA\n")
    assert run(course, "release", "ps1") == 1
    assert "line 3: the id 'ADA' is already in line 2" in said(capsys)[1]
    assert not (course / "release").exists()
    (course / "course.toml").write_text('title = "x"\ntitel = "y"\n')
    assert run(course, "status") == 1
    assert "unknown key 'titel'" in said(capsys)[1]


def raising(error):
    def command(*arguments, **choices):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (CourseError("a sentence."), 1, "unrolled-course: a sentence."),
        (ModuleNotFoundError("x", name="nbgrader"), 1, 'needs nbgrader, which.*\\[course\\]" -c'),
        (PermissionError(13, "Permission denied", "/srv/x"), 1, "/srv/x: Permission denied"),
        (OSError(28, "No space left on device"), 1, "No space left on device"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)
def test_no_error_shows_a_trace(course, error, status, words, monkeypatch, capsys):
    monkeypatch.setattr("coursekit.status.standings", raising(error))
    assert run(course, "status") == status
    assert re.search(words, said(capsys)[1])


def test_a_missing_extra_is_named_with_the_command_that_brings_it(course):
    """In a Python that cannot import nbgrader; what needs it not goes on working."""
    program = (
        "import sys\n"
        "sys.modules.update(nbgrader=None, sqlalchemy=None, jupytext=None, distributed=None)\n"
        "from coursekit.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )

    def without(*arguments):
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=course,
            capture_output=True,
            text=True,
            check=False,
        )

    done = without("release", "ps1")
    assert done.returncode == 1
    assert re.search(r"needs \w+, which is not installed", done.stderr)
    assert 'pip install -e ".[course]" -c constraints.txt' in done.stderr
    assert "Traceback" not in done.stderr
    assert without("status").returncode == 0
    assert without("--help").returncode == 0


def test_output_that_nobody_reads_is_no_error(course):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "coursekit.cli", "status"],
            cwd=course,
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_a_file_that_cannot_be_written_is_named_itself(course):
    (course / "export").write_text("in the way of the folder")
    with pytest.raises(FileExistsError) as caught:
        write_whole(course / "export" / "ps1.csv", b"x")
    assert caught.value.filename == str(course / "export" / "ps1.csv")
    (course / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(course / "folder", b"x")
    assert caught.value.filename == str(course / "folder")
    assert list(course.glob(".*.tmp")) == []


def test_grading_is_told_what_was_asked(course, monkeypatch, capsys, tmp_path):
    from coursekit import cluster, engines
    from coursekit import run as running
    from coursekit.intake import Refused

    asked = []
    refused = ()

    def grade(course, problem_set, folder, **choices):
        asked.append((problem_set, folder, choices))
        report = tmp_path / "report.html"
        return running.Summary(problem_set, 1, 0, 0, 0, refused, 1.0, report, "the report")

    monkeypatch.setattr(running, "grade", grade)
    assert run(course, "grade", "ps1") == 0
    name, folder, choices = asked[-1]
    assert (name, folder) == ("ps1", course / "submitted")
    assert choices == {"engine": engines.LocalEngine(0), "regrade": False, "no_wait": False}
    out, _ = said(capsys)
    assert "the report" in out
    assert "graded now 1, unchanged 0, kept from an earlier folder 0" in out
    refused = (Refused("x.ipynb", "why"),)
    status = run(course, "grade", "ps1", "elsewhere", "--jobs", "3", "--unsafe", "--regrade")
    assert status == 0  # a refused file is no failure of the grading
    _, folder, choices = asked[-1]
    assert folder == Path("elsewhere")
    assert choices["engine"] == engines.LocalEngine(3, unsafe=True)
    assert choices["regrade"] is True
    run(course, "grade", "ps1", "--cluster", "tcp://host:8786", "--no-wait")
    assert asked[-1][2]["engine"] == cluster.DaskEngine("tcp://host:8786")
    assert asked[-1][2]["no_wait"] is True


def test_status_tells_how_far_each_set_is(course, monkeypatch):
    from coursekit import store
    from coursekit.intake import NOTHING
    from coursekit.records import Marks, Score

    read = read_course(course / "course.toml")
    assert {line.problem_set: line[1:] for line in standings(read)} == dict.fromkeys(
        problem_sets(), ("no", 0, 0, 0, "no", "no")
    )
    notebook = nbformat.v4.new_notebook(cells=[])
    handed_in = course / "submitted" / "ada" / "ps1" / "ps1.ipynb"
    write_whole(handed_in, nbformat.writes(notebook).encode())
    write_whole(course / "submitted" / "stranger" / "ps1" / "ps1.ipynb", b"{}")
    write_whole(course / "release" / "ps1" / "ps1.ipynb", b"{}")

    def put(student, kind, message):
        scores = (Score("loops", 0.0, 5, message, kind), Score("leaky", 0.0, 8, message, kind))
        marks = Marks(student, "ps1", "d", "000", 1, scores)
        store.save(read, store.Kept(marks, {}, store.now()))

    put("ada", "refused", "gone")
    put("minji", "refused", NOTHING)
    line = next(each for each in standings(read) if each.problem_set == "ps1")
    assert line == ("ps1", "yes", 2, 1, 3, "no", "no")
    write_whole(course / "feedback" / "ada" / "ps1" / "ps1.html", b"x")
    write_whole(course / "export" / "ps1-canvas.csv", b"x")
    line = next(each for each in standings(read) if each.problem_set == "ps1")
    assert (line.feedback, line.exported) == ("1", "canvas")
    later = time.time() + 60
    os.utime(course / "marks" / "ps1" / "ada.json", (later, later))
    line = next(each for each in standings(read) if each.problem_set == "ps1")
    assert line.feedback == "1 (older than the marks)"
    assert line.exported == "canvas (older than the marks)"
    shown = table(standings(read)).splitlines()
    assert shown[0].split()[:2] == ["set", "released"]
    assert len(shown) == 1 + len(problem_sets())


def test_a_course_is_graded_from_beginning_to_end(course, sandbox, capsys, monkeypatch):
    """Once, for real: students' own forms, the sandbox, the gradebook, pages and exports."""
    monkeypatch.chdir(course)
    read = read_course(course / "course.toml")
    assert cli.main(["release", "ps1"]) == 0
    for student, solve in (("ada", answers.right), ("minji", answers.partly)):
        path = course / "students" / student / "ps1.ipynb"
        notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
        sources = solve(form_code("ps1", read.seed, student))
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = sources.get(name, cell.source)
        target = course / "submitted" / f"{student}.ipynb"
        write_whole(target, nbformat.writes(notebook).encode())
    assert cli.main(["grade", "ps1"]) == 0
    assert cli.main(["feedback", "ps1"]) == 0
    assert cli.main(["export", "ps1", "--to", "csv"]) == 0
    rows = (course / "export" / "ps1.csv").read_text("utf-8-sig").splitlines()
    assert rows[2].endswith(",5,8,7,20")
    assert rows[3].startswith("minji,")
    assert "20 of 20 points" in (course / "feedback/ada/ps1/ps1.html").read_text("utf-8")
    assert "second_order" in (course / "feedback/minji/ps1/ps1.html").read_text("utf-8")
    capsys.readouterr()
    assert cli.main(["status"]) == 0
    assert re.search(r"^ps1 .*yes, 2 own +2 +2 +0 +2 +csv$", said(capsys)[0], re.M)
