"""Every built page in a Chromium: light and dark, on a desktop and on a phone, and in print."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from crawl import AXE, IN_PAGE, LOOKS, Crawler, Look, Visit, Window, built_pages, open_context

from weigh_pages import broken_budgets, weigh

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SHIFT = 0.05  # cumulative layout shift that a page stays under
MOST_LINES = 20  # that a failure's message holds
SHORTEST = 15  # characters that say nothing of a figure yet
PICTURES = re.compile(r"\.(png|svg|jpe?g|gif|webp|avif)$", re.IGNORECASE)
SAYS_NOTHING = {"image", "logo", "figure", "picture", "plot", "graph", "diagram", "photo", "icon"}
CONTROLS = ".page-bar, .cell-bar:not(.cell-bar-kernel), .uf-controls"
DESKTOP = LOOKS[0]

each_page = pytest.mark.parametrize("page", built_pages())
each_look = pytest.mark.parametrize("look", LOOKS, ids=str)


@pytest.fixture(scope="module")
def visit(chromium: Browser, site_url: str) -> Iterator[Callable[[str, Look], Visit]]:
    """Give what a visit to a page saw; every page is visited once a look."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing: `make book` installs it", pytrace=False)
    crawler = Crawler(chromium, site_url)
    yield crawler.visit
    crawler.close()


@pytest.fixture(scope="module")
def with_scripts(chromium: Browser, site_url: str) -> Iterator[Window]:
    """A window like a reader's own."""
    with open_context(chromium, DESKTOP) as context:
        context.add_init_script(path=IN_PAGE)
        yield Window(context.new_page(), site_url)


@pytest.fixture(scope="module")
def without_scripts(chromium: Browser, site_url: str) -> Iterator[Window]:
    """A window in which no page's script runs."""
    with open_context(chromium, DESKTOP, scripts=False) as context:
        yield Window(context.new_page(), site_url)


@each_look
@each_page
def test_asks_its_own_server_alone(
    page: str, look: Look, visit: Callable[[str, Look], Visit]
) -> None:
    """A reader may be offline, and owes nobody else an address."""
    assert_none(visit(page, look).foreign, f"{page} asks somebody else")


@each_look
@each_page
def test_gets_all_it_asks_for(page: str, look: Look, visit: Callable[[str, Look], Visit]) -> None:
    """Nothing is missing on the server, from the first byte to the last image."""
    assert_none(visit(page, look).failed, f"{page} asks for what it does not get")


@each_look
@each_page
def test_logs_no_error(page: str, look: Look, visit: Callable[[str, Look], Visit]) -> None:
    """No script throws, and the console has neither error nor warning."""
    seen = visit(page, look)
    assert_none(seen.errors + seen.logged, f"{page} logs errors")


@each_look
@each_page
def test_is_no_wider_than_the_window(
    page: str, look: Look, visit: Callable[[str, Look], Visit]
) -> None:
    """Nobody scrolls sideways to read a line."""
    assert_none(visit(page, look).overflow, f"{page} overflows {look.width} px")


@each_look
@each_page
def test_does_not_jump(page: str, look: Look, visit: Callable[[str, Look], Visit]) -> None:
    """What is being read stays where it is while the rest arrives."""
    seen = visit(page, look)
    moved = seen.shifted if seen.shift >= SHIFT else []
    assert_none(moved, f"{page} shifts by {seen.shift:.3f}, mostly")


@each_look
@each_page
def test_every_image_is_told_in_words(
    page: str, look: Look, visit: Callable[[str, Look], Visit]
) -> None:
    """An alternative text says what is seen: no file name, no bare noun."""
    images = visit(page, look).images
    mute = [f"{image['name']}: {image['text']!r}" for image in images if says_nothing(**image)]
    assert_none(mute, f"{page} has images without a real alternative text")


@each_look
@each_page
def test_has_no_serious_axe_violation(
    page: str, look: Look, visit: Callable[[str, Look], Visit]
) -> None:
    """axe-core finds nothing serious or critical."""
    assert_none(visit(page, look).violations, f"{page} keeps readers out")


@each_page
def test_reads_without_scripts(page: str, with_scripts: Window, without_scripts: Window) -> None:
    """Where scripts are off the whole text and every still show, and no dead control does."""
    with_scripts.open(page)
    text = with_scripts.page.evaluate("() => crawl.visibleText()")
    without_scripts.open(page)
    without_scripts.page.evaluate(IN_PAGE.read_text("utf-8"))
    still = without_scripts.page
    shown = set(still.evaluate("() => crawl.visibleText()"))
    assert_none([line for line in text if line not in shown], f"{page} hides text")
    assert_none(still.evaluate("() => crawl.lostPictures()"), f"{page} hides pictures")
    dead = still.evaluate(f"() => crawl.visible('{CONTROLS}, button:not(form *)')")
    assert_none(dead, f"{page} shows controls that only a script could answer")


@each_page
def test_prints_as_a_book(page: str, with_scripts: Window) -> None:
    """On paper nothing is to be pressed, and what is folded away is open."""
    with_scripts.open(page)
    printed = with_scripts.page
    closed = (
        "() => [...document.querySelectorAll('article details')].filter(one => !one.open).length"
    )
    before = printed.evaluate(closed)
    printed.emulate_media(media="print")
    try:
        printed.evaluate("() => dispatchEvent(new Event('beforeprint'))")
        assert printed.evaluate(closed) == 0, f"{page} prints folded-away parts closed"
        buttons = printed.evaluate(f"() => crawl.visible('{CONTROLS}, button')")
        assert_none(buttons, f"{page} prints controls")
    finally:
        printed.evaluate("() => dispatchEvent(new Event('afterprint'))")
        printed.emulate_media(media="null")
    assert printed.evaluate(closed) == before, f"{page} stays unfolded after printing"


@each_page
def test_is_light(page: str, chromium: Browser, site_url: str, built_site: Path) -> None:
    """The first load keeps the budgets of `make weigh`."""
    assert_none(broken_budgets(weigh(chromium, site_url, built_site, page)), f"{page} is heavy")


def says_nothing(name: str, text: str, figure: bool) -> bool:
    """Return whether an alternative text leaves a listener no wiser."""
    bare = text.strip(" .").lower()
    file = PurePosixPath(unquote(urlsplit(name).path)).stem.lower()
    empty = bare in {"", file} or bare in SAYS_NOTHING or PICTURES.search(bare) is not None
    return empty or (figure and len(text) <= SHORTEST)


def assert_none(found: list[str], wrong: str) -> None:
    """Fail with one line for each thing found, each kind once."""
    counted = {line: found.count(line) for line in found}
    lines = [f"{line} (×{times})" if times > 1 else line for line, times in counted.items()]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"… and {len(lines) - MOST_LINES} more"]
    if lines:
        pytest.fail("\n  ".join([f"{wrong}:", *lines]), pytrace=False)
