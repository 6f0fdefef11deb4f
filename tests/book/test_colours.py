"""One meaning, one colour: the site and the figures use the same, and all can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unrolled.plots import COLOURS

ROOT = Path(__file__).resolve().parents[2]
CSS = (ROOT / "book/_static/unrolled.css").read_text("utf-8")
PLAYER_CSS = (ROOT / "code/unrolled/figures/player.css").read_text("utf-8")
WHITE, DARK = "#ffffff", "#121212"


def tokens(selector: str, css: str = CSS) -> dict[str, str]:
    """Return the colours that a stylesheet sets under a selector."""
    block = css.split(selector + " {", 1)[1].split("}", 1)[0]
    return {
        name.replace("-", "_"): value
        for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_figures_and_the_site_use_the_same_colours() -> None:
    assert tokens(":root") == dict(COLOURS)


def test_the_dark_page_has_a_tone_for_every_meaning() -> None:
    assert tokens('html[data-theme="dark"]').keys() == COLOURS.keys()


def test_the_figures_in_a_dark_lab_have_the_tones_of_the_dark_page() -> None:
    in_lab = tokens('body[data-jp-theme-light="false"] .unrolled-figure', PLAYER_CSS)
    _, dark_paper = re.findall(r"--paper: (#[0-9a-f]{6});", CSS)
    assert in_lab.pop("paper") == dark_paper
    assert in_lab == tokens('html[data-theme="dark"]')


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_can_be_read_as_text(name: str) -> None:
    assert contrast(COLOURS[name], WHITE) >= 4.5
    assert contrast(tokens('html[data-theme="dark"]')[name], DARK) >= 4.5
