"""The instructor's report: its numbers counted again, and nothing of a student's as markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from coursekit.intake import NOTHING, Refused
from coursekit.marking import OTHER_FORMS
from coursekit.records import Marks, Score
from coursekit.report import as_html, as_text, bins, summarise
from coursekit.store import Kept

AXE = Path(__file__).parents[2] / "book/_frontend/node_modules/axe-core/axe.min.js"
OUT_OF = {"loops": 5, "leaky": 8, "shared": 7}
EVIL = "<script>alert('x')</script>&\"</title></svg>"


def kept(student, *scores, answers=None):
    """Make somebody's marks: for each problem points, kind and message."""
    made = tuple(
        Score(problem, points, OUT_OF[problem], message, kind)
        for problem, (points, kind, message) in zip(OUT_OF, scores, strict=True)
    )
    return Kept(Marks(student, "ps1", "d", "000", 5, made), answers or {}, "2026-01-01T00:00:00Z")


RIGHT = [(points, "right", "right.") for points in OUT_OF.values()]
SAME = {"leaky": "def f():\n    return 1\n"}
CLASS = [
    kept("ann", *RIGHT, answers=SAME),
    kept("bob", RIGHT[0], (4.0, "part", "dx: expected 0.3, got 1e-5."), RIGHT[2], answers=SAME),
    kept("cho", RIGHT[0], (0.0, "wrong", "dx: expected 7, got 2.25."), (0.0, "time", "too slow.")),
    kept("dan", *[(0.0, "refused", NOTHING)] * 3),
    kept("eve", *[(0.0, "refused", EVIL)] * 3, answers={"leaky": EVIL}),
    kept(
        "fay",
        RIGHT[0],
        (4.0, "part", "other"),
        RIGHT[2],
        answers={"leaky": "def f():\n\n    return 1  "},
    ),
    kept("hal", *[(0.0, "refused", "the file is broken.")] * 3),
    kept("gus", *[(0.0, "error", "your function returns nothing yet")] * 3, answers=SAME),
]
REFUSED = (Refused(EVIL, EVIL, ""), Refused("eve.ipynb", EVIL, "eve"))


@pytest.fixture
def report():
    return summarise("ps1", iter(CLASS), REFUSED)


def test_numbers(report):
    assert report.totals == (0.0, 0.0, 0.0, 5.0, 16.0, 16.0, 20.0)
    assert report.missing == ("dan",)
    assert [student for student, _ in report.unread] == ["hal"]
    assert [each.problem for each in report.questions] == ["leaky", "shared", "loops"]
    leaky, shared, loops = report.questions
    assert leaky.mean == pytest.approx(16 / 7)
    assert (leaky.right, shared.right, loops.right) == (1, 3, 4)
    assert (leaky.time_outs, shared.time_outs) == (0, 1)
    assert leaky.messages[0] == ("dx: expected …, got ….", 2)
    assert leaky.alike == (("ann", "bob", "fay"),)  # who earned nothing is not compared


def test_ranges(report):
    counts = dict(bins(report))
    assert list(counts) == [
        "0–2",
        "2–4",
        "4–6",
        "6–8",
        "8–10",
        "10–12",
        "12–14",
        "14–16",
        "16–18",
        "18–20",
    ]
    assert (counts["0–2"], counts["4–6"], counts["16–18"], counts["18–20"]) == (3, 1, 2, 1)
    assert sum(counts.values()) == 7


def test_words(report):
    text = as_text(report)
    assert "7 handed in" in text
    assert "1 handed in nothing" in text
    assert "too slow 1" in text
    assert "refused eve.ipynb" in text
    assert "nothing to grade from hal: the file is broken." in text
    assert "other forms" not in text
    other = kept("zed", *[(0.0, "wrong", f"{OTHER_FORMS} 111, and this student's are 000: …")] * 3)
    text = as_text(summarise("ps1", (*CLASS, other), ()))
    assert "other forms than the student's in 1 notebooks, and not right" in text


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attributes]


def test_page(report):
    page = as_html(report, EVIL)
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.seen
    assert not [name for name in tags.attributes if name.startswith("on") or name == "style"]
    assert tags.seen.count("h1") == 1
    assert "the median\n5." in page
    assert "alert(" in page  # it is shown, as text
    assert "<script" not in page
    assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'; style-src", page)


def test_nobody(report):
    empty = summarise("ps1", (), ())
    assert "0 handed in" in as_text(empty)
    assert "Nobody of the roster" in as_html(empty, "A course")


def test_many(report):
    refused = tuple(Refused(f"{n}", "no.") for n in range(1000))
    text = as_text(summarise("ps1", CLASS, refused))
    assert "and 700 more refused" in text
    unread = [kept(f"u{n}", *[(0.0, "refused", "gone.")] * 3) for n in range(302)]
    assert "and 2 more with nothing to grade" in as_text(summarise("ps1", unread, ()))
    assert "And 700 more." in as_html(summarise("ps1", CLASS, refused), "c")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1300, 390])
def test_in_a_browser(report, chromium, tmp_path, scheme, width):
    """The page's own policy allows its style; axe finds nothing; nothing is too wide."""
    path = tmp_path / "report.html"
    path.write_text(as_html(report, EVIL), encoding="utf-8")
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    try:
        page.goto(path.as_uri())
        shape = page.evaluate("getComputedStyle(document.querySelector('table')).borderCollapse")
        assert shape == "collapse"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert said == []
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        broken = [(each["id"], [n["html"] for n in each["nodes"]]) for each in found["violations"]]
        assert broken == []
    finally:
        page.close()
