"""A student's page: what it says, that it is whole, and that nobody's text becomes markup."""

from __future__ import annotations

import json
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbgrader import api

from coursekit import store
from coursekit.feedback import LABELS, readable, render, write_feedback
from coursekit.gradebook import Gradebook
from coursekit.gradebook_rows import Grade
from coursekit.records import Course, CourseError, Limits, Marks, Score, Student
from coursekit.store import KINDS, Kept
from unrolled.exercises.sets import set_problems

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "book" / "_frontend" / "node_modules" / "axe-core" / "axe.min.js"
PROBLEMS = set_problems("ps1")
SHORTS = [problem.short for problem in PROBLEMS]
EVIL = (
    "</code></pre><script>alert(1)</script>\"'<img src=x onerror=alert(2)>"
    "{{ 7*7 }}&lt;\u202egnp.exe"
)


class Page(HTMLParser):
    """The elements of a page, and its words."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words.append(data)


def kept(student="ada", *, kinds=("right", "part", "time"), message="a hint", answers=None):
    points = {"right": 1.0, "part": 0.5}
    scores = tuple(
        Score(short, problem.points * points.get(kind, 0.0), problem.points, message, kind)
        for short, problem, kind in zip(SHORTS, PROBLEMS, kinds, strict=True)
    )
    marks = Marks(student, "ps1", "abcdef0123456789", "012", 7, scores)
    answers = {"loops": "def second_order():\n    return 1"} if answers is None else answers
    return Kept(marks, answers, "2026-03-01T09:30:00Z")


def test_it_says_what_was_earned_and_why():
    page = Page(render("A course", Student("ada", "Ada Lovelace"), kept(), {}))
    words = " ".join(" ".join(page.words).split())
    assert "9 of 20 points" in words
    assert "5 of 5 points: right" in words
    assert "4 of 8 points: partly right a hint" in words
    assert "0 of 7 points: too slow a hint" in words
    for problem, number in zip(PROBLEMS, (0, 1, 2), strict=True):
        assert problem.title in words
        assert f"Your form of the problem: {problem.variants[number].name}." in words
    assert "Ada Lovelace ( ada )" in words
    assert "def second_order(): return 1" in words
    assert "No answer of yours was read." in words
    assert "Graded on 2026-03-01 at 09:30 UTC with the forms 012" in words


def test_the_instructor_s_changes_count_and_are_said():
    grades = {"leaky": Grade(7.5, 4.0, "nice\nwork")}
    words = " ".join(Page(render("c", Student("ada"), kept(), grades)).words)
    assert "12.5 of 20 points" in words
    assert "7.5 of 8 points" in words
    assert "The grader gave 4; your instructor changed it." in words
    assert "nice\nwork" in words


def test_every_kind_of_score_has_words():
    assert set(LABELS) == KINDS


def test_nobody_s_text_becomes_markup():
    plain = Page(render("c", Student("ada", "Ada"), kept(answers=dict.fromkeys(SHORTS, "x")), {}))
    answers = dict.fromkeys(SHORTS, f"{EVIL}\n{EVIL}")
    evil = kept(EVIL, message=EVIL, answers=answers)
    html = render(EVIL, Student(EVIL, EVIL), evil, {})
    assert Page(html).tags == plain.tags
    assert "<script" not in html
    assert "onerror=alert(2)>" not in html
    assert "49" not in html
    assert "\u202e" not in html
    names = {name for name, _ in Page(html).attributes}
    assert not {name for name in names if name.startswith("on")} | ({"src", "href"} & names)


def test_it_runs_and_loads_nothing():
    page = Page(render("c", Student("ada"), kept(), {}))
    assert not {"script", "img", "iframe", "link", "object", "form"} & set(page.tags)
    policy = next(value for name, value in page.attributes if value and "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_code_is_shown_as_it_is():
    assert readable("def f(x):\n\treturn x  # ü 한국어") == "def f(x):\n    return x  # ü 한국어"
    assert readable("a\x1b[31m\u202eb\r\nc") == "a\\x1b[31m\\u202eb\nc"
    assert readable("\n".join(["x"] * 1000)).endswith("x\n… and 700 lines more")
    assert len(readable("x" * 10**6)) < 400


@pytest.fixture
def course(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\nminji,김민지\n", "utf-8")
    url = f"sqlite:///{tmp_path}/gradebook.db"
    return Course(tmp_path, "A course", tmp_path / "roster.csv", "s", url, Limits(), {})


def graded(course, *students):
    with closing(Gradebook(course.gradebook)) as book:
        book.prepare("ps1")
        for student in students:
            store.save(course, kept(student))
            book.record("ps1", kept(student).marks)


def test_a_page_for_every_student_with_marks(course):
    graded(course, "ada", "minji", "guest")
    assert write_feedback(course, "ps1") == 3
    pages = sorted((course.folder / "feedback").glob("*/ps1/ps1.html"))
    assert [page.parts[-3] for page in pages] == ["ada", "guest", "minji"]
    assert "김민지" in pages[2].read_text("utf-8")
    assert "minji" not in pages[0].read_text("utf-8")
    before = [page.read_bytes() for page in pages]
    write_feedback(course, "ps1")
    assert [page.read_bytes() for page in pages] == before


def test_the_gradebook_s_points_are_shown(course):
    graded(course, "ada")
    with api.Gradebook(course.gradebook) as theirs:
        theirs.find_grade("shared-check", "ps1", "ps1", "ada").manual_score = 7
        theirs.db.commit()
    write_feedback(course, "ps1")
    page = course.folder / "feedback" / "ada" / "ps1" / "ps1.html"
    assert "16 of 20 points" in page.read_text("utf-8")


def test_nothing_graded_is_said(course):
    with pytest.raises(CourseError, match="nothing of ps1 is graded yet"):
        write_feedback(course, "ps1")


def test_an_id_that_would_leave_the_folder_is_refused(course):
    graded(course, "ada")
    path = course.folder / "marks" / "ps1" / "ada.json"
    content = json.loads(path.read_text())
    (course.folder / "marks" / "ps1" / "~x.json").write_text(
        json.dumps({**content, "student": "~x"})
    )
    with pytest.raises(CourseError, match="letters A to Z"):
        write_feedback(course, "ps1")
    assert not (course.folder / "feedback" / "~x").exists()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_it_is_readable_by_all(course, chromium, scheme, width):
    """Axe finds nothing, nothing is wider than the screen, and the policy stops nothing of ours."""
    long = dict.fromkeys(SHORTS, "y = " + "x + " * 200 + "\n" + EVIL)
    html = render("A course", Student("ada", "김민지"), kept(answers=long, message=EVIL), {})
    file = course.folder / "page.html"
    file.write_text(html, "utf-8")
    page = chromium.new_page(
        viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=False
    )
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    try:
        page.goto(file.as_uri())
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 24, 29)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert said == []
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        broken = [(each["id"], [n["html"] for n in each["nodes"]]) for each in found["violations"]]
        assert broken == []
    finally:
        page.close()
