"""The icons of the pages: the theme's fonts, cut down to the few that are used."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pydata_sphinx_theme
from sphinx.application import Sphinx

from .fonts import cut_fonts

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FOLDER = "vendor/fontawesome/webfonts"

# Named in templates and menus. A page with another one is a warning (see lean_page.py).
USED = frozenset(
    f"fa-{name}"
    for name in (
        *("angle-left", "angle-right", "arrow-up", "bars", "brands", "chevron-down"),
        *("circle-half-stroke", "code", "download", "expand", "file", "file-pdf", "github"),
        *("lightbulb", "list", "magnifying-glass", "moon", "play", "rocket", "server"),
        *("solid", "regular", "lg", "sun", "xmark"),
    )
)
ICON = re.compile(r"\bfa-[a-z0-9-]+")
# Font Awesome names a character in the stylesheet: .fa-sun:before{content:"\f185"}
NAMED = re.compile(r"((?:\.fa-[a-z0-9-]+:{1,2}before,?)+)\{content:\"\\?([^\"]+)\"")
# The theme's own (admonitions, links that lead away) stand in variables and rules.
IN_RULES = re.compile(r"(?:--pst-icon[a-z-]*|content):\s*\"([^\"]*)\"")


def named_by(text: str) -> set[str]:
    """Return the icons that some HTML or a selector names."""
    return set(ICON.findall(text))


@functools.cache
def characters() -> frozenset[int]:
    """Return the code points of every icon that the pages use."""
    css = (STATIC / "styles" / "pydata-sphinx-theme.css").read_text("utf-8")
    found = {code_point(match[2]) for match in NAMED.finditer(css) if USED & named_by(match[1])}
    return frozenset(
        found | {ord(c) for text in IN_RULES.findall(NAMED.sub("", css)) for c in text}
    )


def code_point(content: str) -> int:
    """Return what a `content` value stands for: one character, or its number in base 16."""
    return ord(content) if len(content) == 1 else int(content, 16)


def cut_icon_fonts(app: Sphinx, static: Path) -> None:
    """Cut the fonts that were copied to the site; the copies in an old format go."""
    whole = sorted((STATIC / FOLDER).glob("*.woff2"))
    cut_fonts(whole, characters(), static / FOLDER, cache=Path(app.doctreedir, "fonts"))
    for unused in (static / FOLDER).glob("*.ttf"):
        unused.unlink()
