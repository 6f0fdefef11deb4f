"""Print the whole built book into one file, `_build/unrolled.pdf`.

The pages of `_build/html` are put one after the other, in the order of `_toc.yml`, behind a cover
and a table of contents, and a Chromium prints them. It is asked twice: the first print tells on
which page everything stands, the second has these numbers in its contents.

Usage: `python scripts/make_pdf.py` from anywhere, after `make book`; or `make pdf`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from pathlib import Path
from posixpath import normpath
from typing import Any
from urllib.parse import urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import BooleanObject, DictionaryObject, NameObject, TextStringObject

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
FOLDER = ROOT / "_build" / "pdf"
TARGET = ROOT / "_build" / "unrolled.pdf"
STYLE = Path(__file__).with_suffix(".css")
# The system's browser if there is one, else Playwright's: as in tests/conftest.py.
SYSTEM_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
UNKNOWN = "000"  # stands for a page number until the first print is read
NOT_FOR_PAPER = (
    "script, noscript, button, .headerlink, .cell-bar, .uf-controls, .uf-data, nav.contents"
)
REFERRING = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")


@dataclass
class Page:
    """One page of the book: its name in `_toc.yml`, its part, and its article."""

    name: str
    part: str
    article: Tag
    title: str = ""
    sections: list[tuple[str, str]] = field(default_factory=list)  # (anchor, title)

    @property
    def key(self) -> str:
        """Return what stands before every anchor of this page."""
        return self.name.rpartition("/")[2]

    @property
    def anchor(self) -> str:
        """Return where a link to the whole page leads."""
        return f"page-{self.key}"


def main() -> int:
    """Print the book and return the exit status."""
    started = time.monotonic()
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    toc = list(toc_pages(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))))
    missing = [name for name, _ in toc if not (SITE / f"{name}.html").is_file()]
    if missing:
        print(f"not built: {', '.join(missing)}; run `make book` first", file=sys.stderr)
        return 1
    print(f"reading {len(toc)} pages", flush=True)
    soups = {name: BeautifulSoup((SITE / f"{name}.html").read_text("utf-8"), "html.parser")
             for name, _ in toc}  # fmt: skip
    head = soups[toc[0][0]]
    pages = [read_page(name, part, soups[name]) for name, part in toc]
    links = Links(pages, published_at(head))
    for page in pages:
        links.rewrite(page)
    data = print_twice(config, head, pages)
    data = add_metadata(data, config, headings(pages))
    write_atomically(TARGET, data)
    seconds, size = time.monotonic() - started, len(data) / 1e6
    print(f"{TARGET.relative_to(ROOT)}: {count(data)} pages, {size:.1f} MB, in {seconds:.0f} s")
    return 0


def toc_pages(toc: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every page that `_toc.yml` names, with the caption of its part."""
    yield toc["root"], ""
    for part in toc.get("parts", [toc]):
        for chapter in part.get("chapters", []):
            yield from ((each["file"], part.get("caption", "")) for each in flatten(chapter))


def flatten(chapter: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a chapter and the pages below it."""
    yield chapter
    for section in chapter.get("sections", []):
        yield from flatten(section)


def published_at(head: BeautifulSoup) -> str:
    """Return the site's published address, from a page's own canonical link."""
    link = head.select_one("link[rel=canonical]")
    return str(link["href"]).rpartition("book/")[0] if link else ""


def read_page(name: str, part: str, soup: BeautifulSoup) -> Page:
    """Take a page's article, its title and its sections."""
    article = soup.select_one("article")
    if article is None:
        raise SystemExit(f"{name}.html has no article")
    for element in article.select(NOT_FOR_PAPER):
        element.decompose()
    for heading_link in article.select("a.toc-backref"):
        heading_link.unwrap()  # back to a list that is not printed
    # What folds lies open; plain elements break better over pages than these.
    for element in article.select("details, summary"):
        element.name = "div" if element.name == "details" else "p"
    page = Page(name, part, article)
    page.title = heading_text(article.select_one("h1"))
    for heading in article.select("section > section > h2"):
        anchor = f"{page.key}--{heading.parent['id']}"
        page.sections.append((anchor, heading_text(heading)))
    return page


def heading_text(heading: Tag | None) -> str:
    """Return a heading's text on one line."""
    return " ".join(heading.get_text().split()) if heading else ""


class Links:
    """Make every address of the pages right for one file: anchors unique, links inside it."""

    def __init__(self, pages: list[Page], published: str) -> None:
        self.pages = {f"{page.name}.html": page for page in pages}
        self.published = published

    def rewrite(self, page: Page) -> None:
        """Rewrite the anchors and addresses of one page."""
        for element in page.article.find_all(True):
            for name, value in list(element.attrs.items()):
                if name == "id":
                    element[name] = f"{page.key}--{value}"
                elif name in REFERRING:
                    words = value.split() if isinstance(value, str) else value
                    element[name] = " ".join(f"{page.key}--{word}" for word in words)
                elif name in {"href", "xlink:href"}:
                    self.point(element, name, str(value), page)
                elif name == "src":
                    element[name] = self.file(str(value), page)
                elif isinstance(value, str) and "url(#" in value:
                    element[name] = value.replace("url(#", f"url(#{page.key}--")
        # A label inside the title, so that a link to it lands at the top of the page.
        page.article["id"] = page.anchor

    def point(self, element: Tag, name: str, address: str, page: Page) -> None:
        """Point a link into the file, at the published site, or at nothing."""
        parts = urlsplit(address)
        if parts.scheme or address.startswith("//"):
            return
        if not parts.path:
            element[name] = f"#{page.key}--{parts.fragment}" if parts.fragment else "#"
            return
        path = normpath(f"{Path(page.name).parent.as_posix()}/{parts.path}")
        if path in self.pages:
            other = self.pages[path]
            element[name] = (
                f"#{other.key}--{parts.fragment}" if parts.fragment else f"#{other.anchor}"
            )
        elif self.published and not path.startswith(".."):
            element[name] = urljoin(self.published, path)
        else:
            del element[name]

    def file(self, address: str, page: Page) -> str:
        """Address a file of the site as seen from the folder of the print."""
        if urlsplit(address).scheme:
            return address
        return os.path.relpath(SITE / Path(page.name).parent / address, FOLDER)


def print_twice(config: dict[str, Any], head: BeautifulSoup, pages: list[Page]) -> bytes:
    """Print, read where everything stands, and print again with a true table of contents."""
    body = "\n".join(chapter(page) for page in pages)
    browser_path = next((path for name in SYSTEM_BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )

        def printed(numbers: dict[str, int]) -> bytes:
            text = document(config, head, pages, contents(pages, numbers) + body)
            source = FOLDER / "book.html"
            FOLDER.mkdir(parents=True, exist_ok=True)
            source.write_text(text, "utf-8")
            sheet = browser.new_page(color_scheme="light")
            sheet.goto(source.as_uri())
            sheet.evaluate("document.fonts.ready")
            data = sheet.pdf(
                prefer_css_page_size=True, print_background=True, outline=True, tagged=True
            )
            sheet.close()
            return data

        first = printed({})
        print(f"printed once: {count(first)} pages; printing with page numbers", flush=True)
        numbers = page_numbers(first)
        second = printed(numbers)
        browser.close()
    if page_numbers(second) != numbers or count(first) != count(second):
        raise SystemExit("the two prints differ: the contents would name wrong pages")
    return second


def document(config: dict[str, Any], head: BeautifulSoup, pages: list[Page], inside: str) -> str:
    """Write the whole book as one HTML document in the site's own style."""
    sheets = "".join(
        f'<link rel="stylesheet" href="{stylesheet(str(link["href"]))}">\n'
        for link in head.select("link[rel=stylesheet]")
    )
    running = "".join(
        f'@page {page.anchor} {{ @top-left {{ content: "{css_string(page.title)}"; '
        f"font: 9pt sans-serif; color: #555; }} }}\n"
        f"#{page.anchor} {{ page: {page.anchor}; }}\n"
        for page in pages
    )
    return (
        '<!DOCTYPE html>\n<html lang="en" data-theme="light" data-mode="light">\n<head>\n'
        f'<meta charset="utf-8">\n<title>{escape(config["title"])}</title>\n{sheets}'
        f"<style>\n{STYLE.read_text('utf-8')}\n{running}</style>\n</head>\n"
        # The classes around it are the theme's: the site's styles name them.
        '<body class="pdf-book">\n<main class="bd-main"><div class="bd-content">\n'
        f"{cover(config)}\n{inside}\n</div></main>\n</body>\n</html>\n"
    )


def stylesheet(address: str) -> str:
    """Address one of a page's stylesheets as seen from the folder of the print."""
    path = urlsplit(address).path
    return os.path.relpath(SITE / "book" / path, FOLDER)


def css_string(text: str) -> str:
    """Return a text for use between quotes in a stylesheet."""
    return text.replace("\\", r"\\").replace('"', r"\"")


def cover(config: dict[str, Any]) -> str:
    """Draw the cover."""
    drawing = (ROOT / "book" / "_static" / "cover.svg").read_text("utf-8")
    drawing = drawing[drawing.index("<svg") :]
    return (
        '<section class="pdf-cover">\n'
        f'<p class="title">{escape(config["title"])}</p>\n'
        '<p class="subtitle">Recurrent networks, computed and proved by hand</p>\n'
        f"{drawing}\n"
        f'<p class="imprint">{escape(config["author"])}, {escape(str(config["copyright"]))}<br>\n'
        f"Text: CC BY 4.0. Code: MIT.<br>\n{escape(config['repository']['url'])}</p>\n</section>"
    )


def contents(pages: list[Page], numbers: dict[str, int]) -> str:
    """Write the table of contents; unknown numbers take the room of known ones."""

    def entry(anchor: str, title: str) -> str:
        number = numbers.get(anchor, UNKNOWN)
        return (
            f'<a href="#{escape(anchor)}"><span>{escape(title)}</span>'
            f'<span class="dots"></span><span class="number">{number}</span></a>'
        )

    lines, part = [], ""
    for page in pages:
        if page.part != part:
            part = page.part
            lines.append(f'<li class="part">{escape(part)}</li>')
        inner = "".join(f"<li>{entry(anchor, title)}</li>" for anchor, title in page.sections)
        below = f"<ol>{inner}</ol>" if inner else ""
        lines.append(f'<li class="chapter">{entry(page.anchor, page.title)}{below}</li>')
    listed = "\n".join(lines)
    return f'<nav class="pdf-contents">\n<h1>Contents</h1>\n<ol>\n{listed}\n</ol>\n</nav>\n'


def chapter(page: Page) -> str:
    """Return a page's article, to begin on a new sheet."""
    classes = page.article.get("class") or []
    page.article["class"] = [*classes, "pdf-page"]
    return str(page.article)


def page_numbers(data: bytes) -> dict[str, int]:
    """Return on which page, from 1, each linked anchor stands."""
    reader = PdfReader(BytesIO(data))
    return {
        name.removeprefix("/"): reader.get_destination_page_number(target) + 1
        for name, target in reader.named_destinations.items()
    }


def headings(pages: list[Page]) -> dict[str, str]:
    """Return the words of every heading, found by its letters alone."""
    found = {}
    for page in pages:
        for heading in page.article.find_all(["h1", "h2", "h3", "h4", "h5", "h6"]):
            words = heading.get_text().split()
            found["".join(words)] = " ".join(words)
    return found


def bookmarks(entry: DictionaryObject) -> Iterator[DictionaryObject]:
    """Yield every bookmark below an entry of the outline, at any depth."""
    below = entry.get("/First")
    while below is not None:
        bookmark = below.get_object()
        yield bookmark
        yield from bookmarks(bookmark)
        below = bookmark.get("/Next")


def count(data: bytes) -> int:
    """Return the number of pages."""
    return len(PdfReader(BytesIO(data)).pages)


def add_metadata(data: bytes, config: dict[str, Any], words: dict[str, str]) -> bytes:
    """Name title and author, have viewers show the title, and mend the bookmarks.

    Where a heading is broken into two lines, Chromium's bookmark loses the space between them.
    """
    writer = PdfWriter(clone_from=BytesIO(data))
    for bookmark in bookmarks(writer.root_object["/Outlines"].get_object()):
        title = str(bookmark["/Title"])
        whole = words.get("".join(title.split()), title)
        bookmark[NameObject("/Title")] = TextStringObject(whole)
    about = {"/Title": config["title"], "/Author": config["author"]}
    writer.add_metadata({**about, "/Subject": "Recurrent networks, computed and proved by hand"})
    shown = DictionaryObject({NameObject("/DisplayDocTitle"): BooleanObject(True)})
    writer.root_object[NameObject("/ViewerPreferences")] = shown
    whole = BytesIO()
    writer.write(whole)
    return whole.getvalue()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is either whole or absent."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(data)
    draft.replace(path)


if __name__ == "__main__":
    raise SystemExit(main())
