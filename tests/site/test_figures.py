"""The responding figures of the built pages, with no kernel: by keyboard and by mouse.

What a figure must show for a choice is computed here by running the chapter's own cells; that
those numbers are right is what tests/unit/figures proves, against oracles of its own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupytext
import matplotlib as mpl
import pytest

from unrolled.figures.base import Control, Figure, shown

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = [
    page
    for page in sorted((ROOT / "book").glob("[0-9][0-9]_*.md"))
    if "unrolled.figures" in page.read_text("utf-8")
]
LOUD = {"error", "warning"}
MOVES = 6  # choices tried with each control, by each hand

READ = """root => {
  const seen = [];
  root.querySelectorAll('[data-key]').forEach(element => {
    for (const { name, value } of element.attributes) seen.push([element.dataset.key, name, value]);
    if (!element.children.length) seen.push([element.dataset.key, '#', element.textContent]);
  });
  return seen;
}"""


def test_the_five_first_chapters_have_figures() -> None:
    """Chapters 1 to 5 promise one each."""
    assert {page.name[:2] for page in CHAPTERS} >= {"01", "02", "03", "04", "05"}


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda page: page.stem)
def chapter(
    request: pytest.FixtureRequest, chromium: Browser, site_url: str
) -> Iterator[tuple[Page, dict[str, Figure], list[str]]]:
    """Open a built chapter; give the page, its figures as Python values, and what it logged."""
    page = chromium.new_page(viewport={"width": 1300, "height": 900})
    logged: list[str] = []
    page.on("pageerror", lambda error: logged.append(str(error)))
    page.on("console", lambda said: logged.append(said.text) if said.type in LOUD else None)
    page.goto(f"{site_url}book/{request.param.stem}.html")
    page.wait_for_function("!document.querySelector('.unrolled-figure:not([data-ready])')")
    yield page, {figure.name: figure for figure in figures_of(request.param)}, logged
    page.close()


def figures_of(page: Path) -> list[Figure]:
    """Run a chapter's cells up to its last figure, and return the figures."""
    cells = [cell for cell in jupytext.read(page, fmt="md:myst").cells if cell.cell_type == "code"]
    cells = [cell for cell in cells if "needs-kernel" not in cell.metadata.get("tags", [])]
    names: dict[str, Any] = {}
    found: list[Figure] = []
    with mpl.rc_context({"backend": "Agg"}):
        from matplotlib import pyplot

        for cell in cells:
            last = cell.source.rstrip().rsplit("\n", 1)[-1]
            exec(cell.source, names)
            pyplot.close("all")
            if "mystnb" in cell.metadata and not last.endswith(";"):
                value = eval(_last_expression(cell.source), names)
                if isinstance(value, Figure):
                    found.append(value)
    return found


def _last_expression(source: str) -> str:
    import ast

    last = ast.parse(source).body[-1]
    return ast.unparse(last.value) if isinstance(last, ast.Expr) else "None"


def test_every_choice_shows_what_the_package_computed(
    chapter: tuple[Page, dict[str, Figure], list[str]],
) -> None:
    """By keyboard and by mouse, picture and words become those of the choice."""
    page, figures, logged = chapter
    roots = page.locator(".unrolled-figure")
    assert roots.count() == len(figures) > 0
    for place in range(roots.count()):
        root = roots.nth(place)
        figure = figures[root.get_attribute("data-figure") or ""]
        root.scroll_into_view_if_needed()
        compare(root, figure)
        before = root.locator(".uf-text").inner_text()
        texts = {before}
        for control in figure.controls:
            box = root.locator(f'[data-control="{control.name}"]')
            for hand in (by_keyboard, by_mouse):
                for _ in itertools.islice(hand(page, box, control), MOVES):
                    compare(root, figure)
                    texts.add(root.locator(".uf-text").inner_text())
        assert len(texts) > 2, f"the words of {figure.name} hardly change"
    assert logged == []


def test_a_click_on_the_drawing_chooses(
    chapter: tuple[Page, dict[str, Figure], list[str]],
) -> None:
    """A shape that can be clicked takes the figure where it says."""
    page, figures, _ = chapter
    for shape in page.locator(".unrolled-figure [data-set]").all()[:12]:
        root = shape.locator("xpath=ancestor::*[@data-figure]")
        figure = figures[root.get_attribute("data-figure") or ""]
        wanted = json.loads(shape.get_attribute("data-set") or "{}")
        shape.dispatch_event("click")
        assert {name: chosen(root, figure)[name] for name in wanted} == wanted
        compare(root, figure)


def by_keyboard(page: Page, box: Locator, control: Control) -> Iterator[None]:
    """Walk through the options with the arrow keys, or the buttons with Enter."""
    inputs = box.locator("input")
    (box.locator("input:checked") if control.kind == "choice" else inputs.first).focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
        yield
    if control.kind == "steps":
        box.get_by_role("button", name="Back").focus()
        page.keyboard.press("Enter")
        yield
    if control.kind != "choice":
        inputs.first.focus()
        page.keyboard.press("Home")
        yield


def by_mouse(page: Page, box: Locator, control: Control) -> Iterator[None]:
    """Click into the slider, the buttons, the radio buttons."""
    if control.kind == "choice":
        for each in box.locator("label").all():
            each.click()
            yield
        return
    slider = box.locator("input").first
    size = slider.bounding_box() or {"width": 0, "height": 0}
    for part in (0.15, 0.9, 0.5):
        slider.click(position={"x": part * size["width"], "y": size["height"] / 2})
        yield
    if control.kind == "steps":
        for name in ("Next", "Back"):
            box.get_by_role("button", name=name).click()
            yield


def chosen(root: Locator, figure: Figure) -> dict[str, Any]:
    """Read the present choice from the controls."""
    choice = {}
    for control in figure.controls:
        box = root.locator(f'[data-control="{control.name}"]')
        active = box.locator("input:checked" if control.kind == "choice" else "input").first
        place = int(active.input_value())
        choice[control.name] = control.options[place]
        if control.kind != "choice":
            assert active.get_attribute("aria-valuetext") == control.labels[place]
            assert box.locator("output").inner_text() == control.labels[place]
    return choice


def compare(root: Locator, figure: Figure) -> None:
    """Compare the figure as it stands with what it must show."""
    seen = {(key, name): value for key, name, value in root.evaluate(READ)}
    for place, value in shown(figure, chosen(root, figure)).items():
        assert seen[place] == value, f"{figure.name}: {place}"
