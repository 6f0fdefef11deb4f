"""Visits to the built pages with a Chromium: what each asks for, logs and shows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
AXE = ROOT / "book" / "_frontend" / "node_modules" / "axe-core" / "axe.min.js"
IN_PAGE = Path(__file__).with_name("crawl.js")
WITHOUT_HOST = ("data:", "blob:", "about:")
PATIENCE = 15_000  # milliseconds until a page that does not load counts as broken


@dataclass(frozen=True)
class Look:
    """A way to look at a page: colour scheme, and size of the window in pixels."""

    scheme: str
    width: int
    height: int

    def __str__(self) -> str:
        """Return its name in a test's id."""
        return f"{self.scheme}-{self.width}"


LOOKS = [
    Look(scheme, *size)
    for scheme, size in itertools.product(("light", "dark"), ((1300, 900), (390, 844)))
]


@dataclass
class Visit:
    """What one visit to a page saw, each list with what is wrong in words."""

    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    overflow: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    shift: float = 0.0
    shifted: list[str] = field(default_factory=list)


class Crawler:
    """One browser window for each look, led together from page to page.

    No page is visited twice, even if a visit broke off.

    Parameters
    ----------
    browser : Browser
        What opens the windows.
    url : str
        Address of the site, ending in a slash.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._windows: dict[Look, Window] = {}
        self._visits: dict[str, dict[Look, Visit | Error]] = {}

    def visit(self, page: str, look: Look) -> Visit:
        """Return what a visit to a page saw.

        Parameters
        ----------
        page : str
            Path of the page in the site.
        look : Look
            How to look at it, one of `LOOKS`.
        """
        if page not in self._visits:
            self._visits[page] = self._visit(page)
        seen = self._visits[page][look]
        if isinstance(seen, Error):
            raise seen
        return seen

    def _visit(self, page: str) -> dict[Look, Visit | Error]:
        """Visit a page in every look; one window's axe works while the next window loads."""
        seen: dict[Look, Visit | Error] = {}
        for look in LOOKS:
            try:
                self._window(look).begin_visit(page)
            except Error as error:
                seen[look] = error
        for look in LOOKS:
            if look not in seen:
                try:
                    seen[look] = self._window(look).end_visit()
                except Error as error:
                    seen[look] = error
        return seen

    def close(self) -> None:
        """Close every window."""
        for window in self._windows.values():
            window.page.context.close()

    def _window(self, look: Look) -> Window:
        if look not in self._windows:
            context = open_context(self._browser, look)
            context.add_init_script(path=IN_PAGE)
            self._windows[look] = Window(context.new_page(), self._url)
        return self._windows[look]


class Window:
    """A browser page that notes all it asks for and logs on behalf of the present visit.

    Parameters
    ----------
    page : Page
        The browser page, new.
    url : str
        Address of the site, ending in a slash.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url
        self._seen = Visit()
        self._open: set[Request] = set()
        page.on("request", self._note_request)
        page.on("requestfinished", lambda request: self._open.discard(request))
        page.on("requestfailed", self._note_failure)
        page.on("response", self._note_response)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self._seen.errors.append(str(error)))

    def begin_visit(self, page: str) -> None:
        """Open a page, go through it once, look at it closely and set axe to work."""
        seen = self.begin()
        self.open(page)
        self.page.evaluate("() => crawl.scrollThrough()")
        self.settle()
        shift = self.page.evaluate("() => crawl.layoutShift()")
        seen.shift = shift["total"]
        seen.shifted = [
            f"{one['value']:.3f}: {', '.join(one['moved'])}" for one in shift["largest"]
        ]
        seen.overflow = self.page.evaluate("() => crawl.overflow()")
        seen.images = self.page.evaluate("() => crawl.images()")
        self.page.evaluate(AXE.read_text("utf-8"))
        self.page.evaluate("() => { window.found = crawl.violations(); }")

    def end_visit(self) -> Visit:
        """Wait for axe and return what was seen."""
        seen = self._seen
        seen.violations = self.page.evaluate("() => window.found")
        self.settle()
        return seen

    def begin(self) -> Visit:
        """Begin a visit: what is asked for and logged from now on is noted in it."""
        self._seen = Visit()
        return self._seen

    def open(self, page: str) -> None:
        """Open a page and wait until it has loaded, where it leads on too."""
        self.page.goto(self._url + page, wait_until="load", timeout=PATIENCE)
        if self.page.locator("meta[http-equiv=refresh i]").count():
            self.page.wait_for_url("**/book/**", wait_until="load", timeout=PATIENCE)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is on its way, so that each answer counts for its own page."""
        waited = 0
        self.page.wait_for_timeout(20)
        while self._open and waited < PATIENCE:
            self.page.wait_for_timeout(20)
            waited += 20
        self._seen.failed.extend(f"{request.url} never answered" for request in self._open)
        self._open.clear()

    def _note_request(self, request: Request) -> None:
        self._open.add(request)
        if not request.url.startswith((self._url, *WITHOUT_HOST)):
            self._seen.foreign.append(request.url)

    def _note_failure(self, request: Request) -> None:
        self._open.discard(request)
        self._seen.failed.append(f"{request.url}: {request.failure}")

    def _note_response(self, response: Response) -> None:
        if response.status >= 400:
            self._seen.failed.append(f"{response.url}: {response.status}")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            place = message.location
            self._seen.logged.append(f"{message.type}: {message.text} ({place.get('url', '')})")


def open_context(browser: Browser, look: Look, *, scripts: bool = True) -> BrowserContext:
    """Return a new context of a browser, with a cache of its own.

    Parameters
    ----------
    browser : Browser
        What opens it.
    look : Look
        How pages look in it.
    scripts : bool, optional
        Whether the pages' scripts run.
    """
    return browser.new_context(
        color_scheme=look.scheme,
        viewport={"width": look.width, "height": look.height},
        java_script_enabled=scripts,
    )


def built_pages(site: Path = SITE) -> list[str]:
    """Return every page of the built site, as paths in it; the root's alone if none is built.

    Parameters
    ----------
    site : Path, optional
        Folder of the site.
    """
    pages = [page.relative_to(site) for page in sorted(site.rglob("*.html"))]
    ours = [page.as_posix() for page in pages if not page.parts[0].startswith("_")]
    return ours or ["index.html"]
