"""The built site as files: it works wherever it is put, and names no other host but in links."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from crawl import LOOKS, Window, built_pages, open_context
from server import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DEEP = "/some/deep/path/"
START = 20  # seconds until a server that does not answer counts as broken

LOADING = {"src", "srcset", "poster", "data", "background", "xlink:href"}
LOADING_TAGS = {"use", "image", "feimage"}  # of SVG: their href loads a file
LINKS_THAT_ONLY_SAY = {
    *("alternate", "author", "bookmark", "canonical", "help", "index"),
    *("license", "next", "prev", "search", "top"),
}
DATA_SCRIPTS = {
    "application/json",
    "application/ld+json",
    "application/vnd.jupyter.widget-state+json",
}

ELSEWHERE = r"""(?:https?:)?//[\w.-]+\.[a-z]{2,}"""
IN_CSS = re.compile(rf"""(?:url\(\s*|@import\s+)["']?({ELSEWHERE}[^"')\s]*)""", re.IGNORECASE)
# What makes a script load something: import, fetch and the like, or a source that is set.
IN_SCRIPT = re.compile(
    rf"""(?:\bimport\s*\(?|\bfrom|\b(?:fetch|importScripts|Worker|WebSocket|EventSource|open)\(|"""
    rf"""\.(?:src|href)\s*=|\bnew\s+URL\()\s*["'`]({ELSEWHERE}[^"'`]*)""",
)
STRING = re.compile(rf"""["'`]({ELSEWHERE}[^"'`\s]*)""")
NAMES = ("http://www.w3.org/", "https://www.w3.org/")  # namespaces: names, never asked
OUR_SCRIPTS = ("_static/unrolled.js", "_static/editor.js", "_static/python/worker.mjs")

each_page = pytest.mark.parametrize("page", built_pages())


@dataclass
class Tag:
    """A start tag of a page: name, attributes, and the text of a script or style."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Source:
    """What a page's source holds.

    Parameters
    ----------
    tags : list of Tag
        All its start tags, in order.
    anchors : set of str
        What a fragment may name in it.
    """

    tags: list[Tag] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)


class Reader(HTMLParser):
    """Reads a page's source."""

    def __init__(self) -> None:
        super().__init__()
        self.source = Source()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag and what can be linked to."""
        attributes = {name: value or "" for name, value in attrs}
        self.source.tags.append(Tag(tag, attributes))
        self.source.anchors.update(
            attributes[name] for name in ("id", "name") if attributes.get(name)
        )

    def handle_data(self, data: str) -> None:
        """Keep the text of a script or style; the parser hands it over under no other tag."""
        if self.cdata_elem:
            self.source.tags[-1].text += data


@functools.cache
def source_of(file: Path) -> Source:
    """Return what a page's source holds, read once."""
    reader = Reader()
    reader.feed(file.read_text("utf-8"))
    reader.close()
    return reader.source


@contextlib.contextmanager
def standard_server(folder: Path) -> Iterator[str]:
    """Run `python -m http.server`, as a reader would, and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--directory", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}/"
            wait_for(url)
            yield url
        finally:
            process.terminate()


def wait_for(url: str) -> None:
    """Return when a server answers."""
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(url, timeout=5),
        ):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


def visit_all(browser: Browser, url: str) -> list[str]:
    """Return what was asked for in vain, or elsewhere, on a walk through all pages."""
    wrong = []
    with open_context(browser, LOOKS[0]) as context:
        window = Window(context.new_page(), url)
        for page in built_pages():
            seen = window.begin()
            window.open(page)
            window.page.evaluate("() => scrollTo({ top: 1e6, behavior: 'instant' })")
            window.settle()
            wrong += [f"{page}: {line}" for line in seen.failed + seen.foreign + seen.errors]
    return wrong


@pytest.mark.browser
def test_works_in_a_deep_folder(chromium: Browser, built_site: Path) -> None:
    """Nothing takes the site's folder for the server's root."""
    with served(built_site, DEEP) as site:
        wrong = visit_all(chromium, site.url)
    # A browser may ask the server's root, which is not ours, for an icon.
    missing = [path for path in site.missing if path != "/favicon.ico"]
    assert not wrong + missing, "\n  ".join(
        ["under a path not everything is found:", *wrong, *missing]
    )


@pytest.mark.browser
def test_works_from_the_standard_librarys_server(chromium: Browser, built_site: Path) -> None:
    """`python -m http.server` will do: no header, no rewriting."""
    with standard_server(built_site) as url:
        wrong = visit_all(chromium, url)
    assert not wrong, "\n  ".join(["from a plain server not everything is found:", *wrong])


@each_page
def test_every_address_inside_the_site_leads_somewhere(page: str, built_site: Path) -> None:
    """Each relative address is a file, and its fragment an anchor in it."""
    wrong = {
        f"<{tag.name}> {address}: {problem}"
        for tag in source_of(built_site / page).tags
        for address in addresses(tag)
        if (problem := broken(built_site, page, address))
    }
    assert not wrong, "\n  ".join([f"{page} leads nowhere:", *sorted(wrong)])


@each_page
def test_a_page_names_other_hosts_only_in_links(page: str, built_site: Path) -> None:
    """A link is followed by a reader's own wish; anything else would ask by itself."""
    wrong = sorted(set(foreign_in_page(source_of(built_site / page))))
    assert not wrong, "\n  ".join([f"{page} would ask another host:", *wrong])


def test_no_stylesheet_or_script_names_another_host(built_site: Path) -> None:
    """Neither the theme's files nor ours load anything from elsewhere."""
    wrong = []
    for file in sorted(built_site.rglob("*")):
        name = file.relative_to(built_site).as_posix()
        if file.suffix == ".css":
            found = IN_CSS.findall(file.read_text("utf-8"))
        elif name in OUR_SCRIPTS:
            found = STRING.findall(file.read_text("utf-8"))
        elif file.suffix in {".js", ".mjs"}:
            found = IN_SCRIPT.findall(file.read_text("utf-8"))
        else:
            continue
        wrong += [f"{name}: {url}" for url in found if not url.startswith(NAMES)]
    assert not wrong, "\n  ".join(["another host is named in", *wrong])


def test_the_scan_knows_a_foreign_address(tmp_path: Path) -> None:
    """Each way to load something is found, and a plain link is not."""
    page = tmp_path / "page.html"
    page.write_text(
        '<link rel="canonical" href="https://a.example"><a href="https://b.example">b</a>'
        '<link rel="stylesheet" href="https://c.example/c.css"><img src="//d.example/d.png">'
        '<style>@import "https://e.example";</style><p style="background: url(//f.example/f)">'
        '<script type="module">import "https://g.example/g.js";</script>'
        '<svg><use href="https://h.example/#h"/></svg>',
        "utf-8",
    )
    found = " ".join(foreign_in_page(source_of(page)))
    assert re.findall(r"(\w)\.example", found) == list("cdefgh")


def addresses(tag: Tag) -> Iterator[str]:
    """Yield every address in a tag, whether it is followed or loaded."""
    for name, value in tag.attributes.items():
        if name == "srcset":
            yield from (candidate.split()[0] for candidate in value.split(",") if candidate.strip())
        elif name in {"href", "action"} | LOADING and not (name == "data" and tag.name != "object"):
            yield value
    if tag.attributes.get("http-equiv", "").lower() == "refresh":
        yield from re.findall(r"url=(\S+)", tag.attributes.get("content", ""))


def broken(site: Path, page: str, address: str) -> str:
    """Return what is wrong with an address inside the site; nothing if it is right."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return ""
    if parts.path.startswith("/"):
        return "starts at the server's root"
    path = normpath(PurePosixPath(page).parent / unquote(parts.path)) if parts.path else page
    if path.startswith(".."):
        return "leaves the site"
    file = site / path
    if file.is_dir():
        file /= "index.html"
    if not file.is_file():
        return "no such file"
    anchor = unquote(parts.fragment)
    if anchor and file.suffix == ".html" and anchor not in {"top"} | source_of(file).anchors:
        return f"no anchor {anchor!r} there"
    return ""


def foreign_in_page(source: Source) -> Iterator[str]:
    """Yield each address of another host that a page would ask by itself."""
    for tag in source.tags:
        for address in loaded(tag):
            if re.match(ELSEWHERE, address, re.IGNORECASE):
                yield f"<{tag.name}> {address}"
        styles = tag.attributes.get("style", "") + (tag.text if tag.name == "style" else "")
        yield from (f"<{tag.name}> {url}" for url in IN_CSS.findall(styles))
        if tag.name == "script" and tag.attributes.get("type") not in DATA_SCRIPTS:
            for url in STRING.findall(tag.text):
                if not url.startswith(NAMES):
                    yield f"<script> {url}"


def loaded(tag: Tag) -> Iterator[str]:
    """Yield the addresses in a tag that a browser loads, or connects to, unasked."""
    if tag.name == "link" and not is_said_only(tag):
        yield tag.attributes.get("href", "")
    if tag.name in LOADING_TAGS:
        yield tag.attributes.get("href", "")
    elif tag.name not in {"a", "link"}:
        yield from (
            address for name in LOADING & set(tag.attributes) for address in addresses_of(tag, name)
        )


def addresses_of(tag: Tag, name: str) -> Iterator[str]:
    """Yield the addresses in one attribute of a tag."""
    yield from addresses(Tag(tag.name, {name: tag.attributes[name]}))


def is_said_only(tag: Tag) -> bool:
    """Return whether a <link> only tells of a relation, so that nothing is loaded for it."""
    return set(tag.attributes.get("rel", "").lower().split()) <= LINKS_THAT_ONLY_SAY
