"""The book as one PDF: complete, its contents name the right pages, and its links stay inside."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pypdf
import pytest
import yaml
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
TOC = re.findall(r"^[\s-]*(?:root|file):\s*(\S+)", (ROOT / "_toc.yml").read_text("utf-8"), re.M)
A4 = (595, 842)  # points

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def book() -> Any:
    """The PDF, printed once."""
    if not (SITE / "index.html").is_file():
        pytest.fail("the book is not built: make book")
    command = [sys.executable, str(ROOT / "scripts" / "make_pdf.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return pypdf.PdfReader(ROOT / "_build" / "unrolled.pdf")


@pytest.fixture(scope="session")
def texts(book: Any) -> list[str]:
    """The text of each page, its spaces made even."""
    return [" ".join(page.extract_text().split()) for page in book.pages]


def titles() -> list[str]:
    """Return the title of each page of the book, in order."""
    found = []
    for name in TOC:
        html = (SITE / f"{name}.html").read_text("utf-8")
        heading = re.search(r"<h1>([^<]*)<a class=\"headerlink\"", html)
        assert heading, name
        found.append(unescape(heading[1]).strip())
    return found


def every_heading() -> set[str]:
    """Return the words of every heading of the site, its spaces made even."""
    found = set()
    for name in TOC:
        soup = BeautifulSoup((SITE / f"{name}.html").read_text("utf-8"), "html.parser")
        for heading in soup.select("article :is(h1, h2, h3, h4, h5, h6)"):
            for link in heading.select(".headerlink"):
                link.decompose()
            found.add(" ".join(heading.get_text().split()))
    return found


def links(book: Any) -> Iterator[tuple[int, Any]]:
    """Yield every link with its page, from 1."""
    for number, page in enumerate(book.pages, 1):
        for note in page.get("/Annots") or []:
            link = note.get_object()
            if link["/Subtype"] == "/Link":
                yield number, link


def outline(entries: list[Any]) -> Iterator[Any]:
    """Yield every bookmark, at any depth."""
    for entry in entries:
        if isinstance(entry, list):
            yield from outline(entry)
        else:
            yield entry


def test_the_contents_name_the_page_where_each_title_stands(texts: list[str]) -> None:
    first = re.search(rf"{re.escape(titles()[0])}\s*(\d+)", texts[1])
    assert first, "the contents begin on the second page"
    contents = " ".join(texts[1 : int(first[1]) - 1])
    position, before = 0, 0
    for title in titles():
        entry = re.compile(rf"{re.escape(title)}\s*(\d+)").search(contents, position)
        assert entry, title
        position, number = entry.end(), int(entry[1])
        assert number > before
        assert title in texts[number - 1][:200]
        before = number


def test_no_page_is_empty_and_every_page_but_the_cover_has_its_number(texts: list[str]) -> None:
    running = "|".join(map(re.escape, titles()))
    margins = re.compile(rf"((?P<title>{running}) )?(?P<number>\d+) ")
    reached = 0
    for number, text in enumerate(texts[1:], 2):
        assert len(text) > 40, number
        found = margins.match(text)
        assert found, (number, text[:100])
        assert int(found["number"]) == number
        if found["title"] is not None:  # the contents have none
            place = titles().index(found["title"])
            assert place in (reached, reached + 1), number
            reached = place
    assert reached == len(TOC) - 1


def test_every_page_is_a4(book: Any) -> None:
    sizes = {(round(page.mediabox.width), round(page.mediabox.height)) for page in book.pages}
    assert {(abs(width - A4[0]) <= 1, abs(height - A4[1]) <= 1) for width, height in sizes} == {
        (True, True)
    }


def test_every_font_is_in_the_file(book: Any) -> None:
    for page in book.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            kept = font.get_object()
            below = kept.get("/DescendantFonts", [kept])
            for each in below:
                shape = each.get_object().get("/FontDescriptor", {})
                in_file = {"/FontFile", "/FontFile2", "/FontFile3"} & set(shape)
                assert in_file or kept["/Subtype"] == "/Type3", kept


def test_the_bookmarks_have_every_page_of_the_book(book: Any) -> None:
    marked = {" ".join(entry.title.split()) for entry in outline(book.outline)}
    assert set(titles()) <= marked
    headings = {heading.replace(" ", ""): heading for heading in every_heading()}
    for mark in marked:  # a heading on two lines keeps the space between them
        assert headings.get(mark.replace(" ", ""), mark) == mark


def test_links_lead_inside_the_file_or_to_the_web(book: Any) -> None:
    inside = 0
    names = set(book.named_destinations)
    for number, link in links(book):
        action = link.get("/A", {})
        if "/URI" in action:
            assert re.match(r"https?://|mailto:", str(action["/URI"])), (number, action["/URI"])
            continue
        target = link.get("/Dest", action.get("/D"))
        assert isinstance(target, list) or str(target) in names, (number, target)
        inside += 1
    assert inside > 100


def test_no_path_of_this_machine_is_in_the_file(book: Any) -> None:
    data = (ROOT / "_build" / "unrolled.pdf").read_bytes()
    assert str(ROOT).encode() not in data
    for _, link in links(book):
        assert "file" + ":" not in str(link.get("/A", ""))


def test_it_is_tagged_and_says_its_title_author_and_language(book: Any) -> None:
    root = book.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert book.metadata.title == CONFIG["title"]
    assert book.metadata.author == CONFIG["author"]


def test_solutions_are_open_and_controls_are_not_printed(texts: list[str]) -> None:
    whole = " ".join(texts)
    assert whole.count("Solution to") > 30
    assert "your function returns nothing yet" in whole
    assert not re.search(r"\bRun all\b.*\bStop\b", whole)


def test_the_browser_is_looked_up_as_in_the_tests() -> None:
    def look_up(file: Path) -> Any:
        found = re.search(r"^SYSTEM_BROWSERS = (\(.*?\))$", file.read_text("utf-8"), re.M)
        assert found, file
        return ast.literal_eval(found[1])

    assert look_up(ROOT / "scripts" / "make_pdf.py") == look_up(ROOT / "tests" / "conftest.py")
