"""What search engines and previews read: a description, a card and an address for every page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
PAGES = sorted(file for file in SITE.rglob("*.html") if "_static" not in file.parts)
PAPERS = re.findall(r"--paper: (#\w+)", (ROOT / "book/_static/unrolled.css").read_text("utf-8"))
AXE = ROOT / "book" / "_frontend" / "node_modules" / "axe-core" / "axe.min.js"


class Head(HTMLParser):
    """Collect the tags in a page's head."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.links: dict[str, str] = {}
        self.title = ""
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "meta":
            name = found.get("name") or found.get("property") or found.get("http-equiv") or ""
            self.meta.setdefault(name.lower(), []).append(found.get("content", ""))
        elif tag == "link":
            self.links[found.get("rel", "")] = found.get("href", "")
        elif tag == "html":
            self.language = found.get("lang", "")
        self.in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if getattr(self, "in_title", False) and not self.title:
            self.title = data.strip()


@pytest.fixture(scope="module")
def heads() -> dict[str, Head]:
    """The head of every page of the built site, by path."""
    if not PAGES:
        pytest.fail("the book is not built: make book")
    return {page.relative_to(SITE).as_posix(): Head(page.read_text("utf-8")) for page in PAGES}


def published() -> str:
    """Return the address that the settings give the site."""
    owner, name = CONFIG["repository"]["url"].removeprefix("https://github.com/").split("/")
    return CONFIG["html"]["baseurl"] or f"https://{owner.lower()}.github.io/{name}/"


def test_every_page_has_one_description_of_its_own(heads: dict[str, Head]) -> None:
    found = {name: head.meta.get("description", []) for name, head in heads.items()}
    assert {name: texts for name, texts in found.items() if len(texts) != 1} == {}
    texts = [texts[0] for texts in found.values()]
    assert sorted(texts) == sorted(set(texts))


def test_descriptions_are_plain_whole_sentences(heads: dict[str, Head]) -> None:
    for name, head in heads.items():
        [text] = head.meta["description"]
        assert 40 <= len(text) <= 160, name
        assert text.endswith((".", "!", "?")), name
        assert not re.search(r"[\\${}<>`]|\*\*", text), name


def test_a_card_shows_the_title_the_description_and_the_picture(heads: dict[str, Head]) -> None:
    for name, head in heads.items():
        if name == "index.html":  # it only leads on
            continue
        assert head.meta["og:description"] == head.meta["description"]
        assert head.meta["og:title"][0]
        assert head.meta["og:title"][0] in head.title or not name.startswith("book/")
        assert head.meta["og:type"][0] in {"website", "article"}
        assert head.meta["og:image"] == [f"{published()}_static/card.png"]
        assert head.meta["twitter:card"] == ["summary_large_image"]
        assert head.meta["theme-color"] == PAPERS


def test_the_picture_of_the_card_is_on_the_site() -> None:
    assert (SITE / "_static" / "card.png").is_file()


def test_every_page_names_its_published_address(heads: dict[str, Head]) -> None:
    for name, head in heads.items():
        wanted = published() + ("book/index.html" if name == "index.html" else name)
        assert head.links["canonical"] == wanted


def test_the_root_leads_to_the_cover_without_a_script(heads: dict[str, Head]) -> None:
    root = heads["index.html"]
    assert root.language == "en"
    assert root.title == CONFIG["title"]
    assert root.meta["refresh"] == ["0; url=book/index.html"]
    html = (SITE / "index.html").read_text("utf-8")
    assert '<a href="book/index.html">' in html
    assert "<script" not in html
    assert (SITE / root.links["icon"]).is_file()


@pytest.mark.browser
def test_the_root_page_is_accessible(chromium: Browser) -> None:
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: make book")
    page = chromium.new_page()
    html = re.sub(r"<meta http-equiv[^>]*>", "", (SITE / "index.html").read_text("utf-8"))
    page.set_content(html)
    page.add_script_tag(path=AXE)
    result = page.evaluate("axe.run()")
    page.close()
    assert [broken["id"] for broken in result["violations"]] == []


def test_the_icon_of_the_root_is_an_icon_file() -> None:
    data = (SITE / "favicon.ico").read_bytes()
    assert data[:4] == b"\0\0\1\0"
    sizes = {data[6 + 16 * entry] for entry in range(data[4])}
    assert sizes == {16, 32}
