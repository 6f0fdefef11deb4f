"""What stands around the text: menus, the hub dialog, sidebars, colour mode, search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(page.stem for page in (ROOT / "book").glob("[0-9][0-9]_*.md"))
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1300, "height": 900}
HUB = '[data-do="hub"]'


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh window: nothing is kept from another test."""
    context = chromium.new_context(viewport=DESK)
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_opens_on_the_readers_hub(page: Page, site_url: str, chapter: str) -> None:
    """The dialog refuses what is no address, keeps a right one, and opens this chapter there."""
    page.context.route("https://hub.example.org/**", lambda route: route.fulfill(body="the hub"))
    page.goto(f"{site_url}book/{chapter}.html")
    page.locator("details.page-menu", has=page.locator(HUB)).locator("summary").click()
    page.locator(HUB).click()
    address = page.get_by_label("Address of the hub")
    address.fill("ftp://hub.example.org")
    page.keyboard.press("Enter")
    assert "no web address" in page.locator("#hub-problem").inner_text()
    address.fill("https://hub.example.org/hub/home")
    with page.context.expect_page() as hub:
        page.keyboard.press("Enter")
    hub.value.wait_for_load_state()
    url = urlsplit(hub.value.url)
    assert url.netloc + url.path == "hub.example.org/hub/user-redirect/git-pull"
    name = REPOSITORY["url"].rpartition("/")[2]
    assert parse_qs(url.query) == {
        "repo": [REPOSITORY["url"]],
        "branch": [REPOSITORY["branch"]],
        "urlpath": [f"lab/tree/{name}/book/{chapter}.md"],
    }
    page.locator(HUB).evaluate("button => button.click()")
    assert address.input_value() == "https://hub.example.org/"


def test_menus_open_one_at_a_time_and_close_with_escape(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}book/{CHAPTERS[0]}.html")
    summaries = page.locator("details.page-menu > summary")
    assert summaries.count() >= 2
    for place in (0, 1):
        summaries.nth(place).focus()
        page.keyboard.press("Enter")
        assert page.locator("details.page-menu[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("details.page-menu[open]").count() == 0
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_the_notebook_of_the_menu_is_there(page: Page, site_url: str) -> None:
    for chapter in CHAPTERS:
        page.goto(f"{site_url}book/{chapter}.html")
        link = page.locator('a[download][href$=".ipynb"]').first
        answer = page.request.get(link.evaluate("link => link.href"))
        assert answer.ok
        assert answer.json()["nbformat"] == 4


def test_the_colour_mode_changes_and_is_kept(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}book/{CHAPTERS[0]}.html")
    seen = set()
    for _ in range(3):
        page.get_by_role("button", name="Color mode").first.click()
        seen.add(page.evaluate("document.documentElement.dataset.mode"))
    assert seen == {"light", "dark", "auto"}
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        page.get_by_role("button", name="Color mode").first.click()
    page.goto(f"{site_url}book/{CHAPTERS[1]}.html")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_chapters_can_be_reached_on_a_phone(page: Page, site_url: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{site_url}book/{CHAPTERS[0]}.html")
    toggle = page.get_by_role("button", name="Chapters").locator("visible=true").first
    toggle.focus()
    page.keyboard.press("Enter")
    in_menu = page.locator("nav.bd-links a", has_text="Shape audit").locator("visible=true")
    in_menu.click()
    page.wait_for_url("**/03_shape_audit.html")


def test_search_finds_a_word_of_a_chapter(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}book/{CHAPTERS[0]}.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("bifurcation")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=bifurcation*")
    found = page.locator("#search-results a", has_text="The hidden state").first
    found.wait_for()
    found.click()
    page.wait_for_url("**/02_hidden_state.html*")
