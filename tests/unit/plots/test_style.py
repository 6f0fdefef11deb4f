"""A figure turned into SVG takes its colours and letters from the page, and is always the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib import pyplot

from unrolled.plots import COLOURS, page_figure
from unrolled.plots.style import themed, themed_svg

matplotlib.use("Agg")

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="30pt" height="15pt" viewBox="0 0 30 15">'


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def drawn(label: str = "", prefix: str = "") -> str:
    figure, axes = page_figure(3.0, 2.0)
    axes.plot([0.0, 0.5, 1.0], [0.0, 2.0, 1.0], color=COLOURS["state"])
    axes.text(0.2, 1.0, "name  $h_1$", bbox={"facecolor": "white"}, color="#374151")
    axes.text(0.2, 0.5, "1  2", family="monospace")
    return themed_svg(figure, label=label, prefix=prefix)


def styled(style: str) -> str:
    """Return what a style becomes."""
    found = re.search(r'<path style="([^"]*)"', themed(f'{HEAD}<path style="{style}"/></svg>'))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", COLOURS)
def test_a_meaning_takes_the_pages_colour(name: str) -> None:
    variable = f"var(--{name.replace('_', '-')},{COLOURS[name]})"
    assert styled(f"fill: {COLOURS[name]}; stroke: none") == f"fill:{variable};stroke:none"


@pytest.mark.parametrize(
    ("colour", "becomes"),
    [
        ("#000000", "currentColor"),
        ("#ffffff", "var(--paper,#fff)"),
        ("#b0b0b0", "color-mix(in srgb,currentColor 31%,var(--paper,#fff))"),
        ("#1f2328", "color-mix(in srgb,currentColor 86%,var(--paper,#fff))"),
        ("#ff0000", "#ff0000"),
    ],
)
def test_ink_and_paper_take_the_pages(colour: str, becomes: str) -> None:
    assert styled(f"stroke: {colour}") == f"stroke:{becomes}"


def test_letters_are_set_in_the_pages_fonts() -> None:
    sans = "font-family: 'DejaVu Sans', 'Arial', sans-serif; font-size: 10.126px"
    assert styled(sans) == "font-size:10.13px"
    mono = "font-family: 'DejaVu Sans Mono', monospace"
    assert styled(mono) == "font-family:var(--pst-font-family-monospace,monospace)"
    assert styled("font-family: 'STIXSizeOneSym'") == "font-family:'STIXSizeOneSym'"


def test_what_html_does_not_need_goes() -> None:
    svg = drawn()
    assert svg.startswith('<svg class="still"')
    for gone in ("<?xml", "<!DOCTYPE", "metadata", "dc:date", "<style", "xmlns", "DejaVu Sans'"):
        assert gone not in svg


def test_spaces_are_kept() -> None:
    assert "1\N{NO-BREAK SPACE}\N{NO-BREAK SPACE}2</text>" in drawn()


def test_the_sheet_below_a_figure_goes_and_nameless_groups_too() -> None:
    groups = '<g id="figure_1"><g id="patch_1"><path d="M 0 0"/></g><g><path d="M 1 1"/></g></g>'
    root = ElementTree.fromstring(themed(f"{HEAD}{groups}<defs/></svg>"))
    assert [(child.tag, child.attrib) for child in root] == [("path", {"d": "M 1 1"})]


def test_it_is_as_wide_as_drawn_and_no_wider() -> None:
    root = ElementTree.fromstring(themed(f"{HEAD}</svg>"))
    assert (root.get("viewBox"), root.get("width"), root.get("height")) == ("0 0 30 15", "40", "20")
    assert "--w:40px;width:100%;max-width:var(--w);height:auto" in root.get("style", "")


def test_numbers_are_short_and_small_ones_stay() -> None:
    svg = themed(f'{HEAD}<path d="M 0.12345 -7.000001 \nL 12 0.5 "/></svg>')
    assert 'd="M 0.12 -7 L 12 0.5"' in svg


def test_a_label_is_read_out_and_none_hides_the_picture() -> None:
    labelled = ElementTree.fromstring(drawn('"a" < b & c'))
    assert (labelled.get("role"), labelled.get("aria-label")) == ("img", '"a" < b & c')
    assert labelled.get("aria-hidden") is None
    silent = ElementTree.fromstring(drawn())
    assert (silent.get("role"), silent.get("aria-label")) == (None, None)
    assert silent.get("aria-hidden") == "true"


def test_the_same_figure_gives_the_same_text() -> None:
    assert drawn() == drawn()


def test_references_stay_whole_and_ids_are_the_figures_own() -> None:
    one, other = drawn(prefix="one"), drawn(prefix="other")
    for svg, prefix in ((one, "one"), (other, "other")):
        ids = re.findall(r'\sid="([^"]+)"', svg)
        used = set(re.findall(r'(?:url\(|href=")#([^")]+)', svg))
        assert len(ids) == len(set(ids))
        assert used == set(ids)
        assert used
        assert all(name.startswith(f"{prefix}-") for name in ids)
    assert drawn() != one
    assert re.findall(r'\sid="s[0-9a-f]{8}-0"', drawn())


def test_the_figure_is_closed() -> None:
    drawn()
    assert pyplot.get_fignums() == []
