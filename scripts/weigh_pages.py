"""Weigh the first load of every built page: requests, bytes over the wire, time to its figures.

A page is opened cold, at 1300 × 900, and left alone until nothing is on its way: what loads on
scrolling or on a click does not count. Bytes are those of the bodies as a server with gzip sends
them. The time is from the beginning of the navigation until every figure responds; it depends
on the machine and is no budget.

Usage: `make weigh`, after `make book`. The exit status is 1 if a budget is broken.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

ROOT = Path(__file__).resolve().parent.parent
if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KINDS = {
    ".html": "html",
    ".css": "css",
    ".js": "js",
    ".mjs": "js",
    ".woff2": "fonts",
    ".woff": "fonts",
    ".ttf": "fonts",
    ".svg": "images",
    ".png": "images",
    ".jpg": "images",
    ".webp": "images",
    ".ico": "images",
}
COLUMNS = ("html", "css", "js", "fonts", "images", "other")
COMPRESSIBLE = {".html", ".css", ".js", ".mjs", ".svg", ".json", ".txt"}
LEVEL = 6  # gzip's own default, and the servers'
OWN_SCRIPT = "unrolled.js"
MOST_BYTES = 250_000
MOST_REQUESTS = 20
MOST_SCRIPT = 60_000
QUIET = 15_000  # milliseconds until a page that is still loading counts as broken
PATIENCE = 5_000  # milliseconds until a figure that does not respond counts as dead

NOTE_FIGURES = """() => {
  const look = () => {
    const figures = [...document.querySelectorAll(".unrolled-figure")];
    const parsed = document.readyState !== "loading";
    if (parsed && figures.every((figure) => "ready" in figure.dataset)) {
      window.figuresReady = figures.length ? performance.now() : null;
    } else {
      requestAnimationFrame(look);
    }
  };
  look();
}"""
INLINE_SCRIPTS = """() => [...document.querySelectorAll("script:not([src])")]
  .filter((script) => ["", "module", "text/javascript"].includes(script.type))
  .map((script) => script.textContent)"""
ICONS = "() => [...document.querySelectorAll('link[rel~=icon]')].map((link) => link.href)"


@dataclass(frozen=True)
class Load:
    """First load of a page.

    Parameters
    ----------
    page : str
        Path of the page in the site.
    files : dict of str to int
        Bytes over the wire of each file asked for, by its address.
    inline : int
        Bytes of the scripts inside the page, which its own bytes hold too.
    ready : float or None
        Milliseconds until every figure responded; none without figures, infinity if one never did.
    """

    page: str
    files: dict[str, int]
    inline: int
    ready: float | None

    @property
    def total(self) -> int:
        """Bytes over the wire."""
        return sum(self.files.values())

    @property
    def own_scripts(self) -> int:
        """Bytes of the book's own scripts, those inside the page among them."""
        bundles = {url: size for url, size in self.files.items() if name_of(url) == OWN_SCRIPT}
        return self.inline + sum(bundles.values())

    def of_kind(self, kind: str) -> int:
        """Bytes of one kind, named as in the table's head."""
        return sum(size for url, size in self.files.items() if kind_of(url) == kind)


def main() -> int:
    """Print the table and return the exit status."""
    sys.path.insert(0, str(ROOT / "tests" / "site"))
    from crawl import SITE, built_pages
    from playwright.sync_api import sync_playwright
    from server import served

    if not (SITE / "index.html").is_file():
        print("_build/html holds no site: build it first, with `make book`", file=sys.stderr)
        return 1
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    with served(SITE) as site, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        loads = [weigh(browser, site.url, SITE, page) for page in built_pages()]
        browser.close()
    print(table(loads))
    broken = [f"{load.page}: {problem}" for load in loads for problem in broken_budgets(load)]
    print("\n".join(["", *broken]) if broken else "\nevery page keeps its budget")
    return 1 if broken else 0


def weigh(browser: Browser, url: str, site: Path, page: str) -> Load:
    """Open a page cold and return what its first load took.

    Parameters
    ----------
    browser : Browser
        A Chromium; the page gets a context of its own, so nothing is cached.
    url : str
        Address of the served site, ending in a slash.
    site : Path
        Folder of the site, from which the bodies are read.
    page : str
        Path of the page in the site.

    Returns
    -------
    Load
        The measurement.
    """
    asked: list[str] = []
    with browser.new_context(viewport={"width": 1300, "height": 900}) as context:
        context.on("request", lambda request: asked.append(request.url))
        context.add_init_script(f"({NOTE_FIGURES})()")
        tab = context.new_page()
        tab.goto(url + page, wait_until="networkidle", timeout=QUIET)
        scripts = tab.evaluate(INLINE_SCRIPTS)
        # A headless browser does not fetch the icon that the readers' browsers do.
        asked.extend(icon for icon in tab.evaluate(ICONS) if icon not in asked)
        ready = time_to_figures(tab)
    wire = [asked_url for asked_url in asked if not asked_url.startswith(("data:", "blob:"))]
    return Load(
        page,
        files={file: wire_bytes(site / path_in(file, url)) for file in wire},
        inline=sum(compressed(script.encode()) for script in scripts),
        ready=ready,
    )


def time_to_figures(tab: Page) -> float | None:
    """Return when the last figure of a page began to respond, in milliseconds."""
    from playwright.sync_api import TimeoutError as PageTimeoutError

    try:
        tab.wait_for_function("() => window.figuresReady !== undefined", timeout=PATIENCE)
    except PageTimeoutError:
        return float("inf")
    return tab.evaluate("() => window.figuresReady")


def broken_budgets(load: Load) -> list[str]:
    """Return in words which budgets a page breaks."""
    budgets = [
        ("weighs", load.total, MOST_BYTES, "bytes"),
        ("takes", len(load.files), MOST_REQUESTS, "requests"),
        ("carries scripts of its own of", load.own_scripts, MOST_SCRIPT, "bytes"),
    ]
    return [
        f"{verb} {value:,} {unit}, more than {most:,}"
        for verb, value, most, unit in budgets
        if value > most
    ]


def table(loads: list[Load]) -> str:
    """Return the measurements as text, kilobytes with one decimal."""
    head = (
        "page",
        "requests",
        *(f"{kind} kB" for kind in COLUMNS),
        "total kB",
        "own js kB",
        "ready",
    )
    rows = [head, *(row(load) for load in loads)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in rows
    )


def row(load: Load) -> tuple[str, ...]:
    """Return a page's line of the table."""
    sizes = [*(load.of_kind(kind) for kind in COLUMNS), load.total, load.own_scripts]
    if load.ready is None:
        ready = "–"
    else:
        ready = f"{load.ready:.0f} ms" if load.ready < float("inf") else "never"
    return (load.page, str(len(load.files)), *(f"{size / 1000:.1f}" for size in sizes), ready)


def path_in(file: str, url: str) -> str:
    """Return an address as a path in the site; of another site, one that does not exist."""
    path = unquote(urlsplit(urljoin(url, file)).path)
    prefix = urlsplit(url).path
    return path.removeprefix(prefix) if file.startswith(url) else f"elsewhere{path}"


def kind_of(url: str) -> str:
    """Return the kind of a file, by its suffix."""
    path = urlsplit(url).path
    return "html" if path.endswith("/") else KINDS.get(Path(path).suffix, "other")


def name_of(url: str) -> str:
    """Return the name of a file, without the version that its address may end in."""
    return Path(urlsplit(url).path).name


def wire_bytes(file: Path) -> int:
    """Return the size of a file over the wire; 0 if there is none."""
    if file.is_dir():
        file /= "index.html"
    if not file.is_file():
        return 0
    body = file.read_bytes()
    return compressed(body) if file.suffix in COMPRESSIBLE else len(body)


def compressed(body: bytes) -> int:
    """Return the size of a body that a server compresses."""
    return len(gzip.compress(body, LEVEL, mtime=0))


if __name__ == "__main__":
    raise SystemExit(main())
