"""KaTeX's fonts, cut down to the characters that the book's formulas are made of.

The characters are noted when a page is read and kept with Sphinx's other notes on it, so a build
that rereads one page still knows those of all pages.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .fonts import cut_fonts
from .katex_prerender import render_latex

Notes = dict[str, set[int]]
DRAWING = re.compile(r'<span class="katex-html".*', re.S)
TAG = re.compile(r"<[^>]*>")
# Everywhere on the site, and the few that most pages with formulas show first.
FOLDER = "katex/fonts"
FIRST = ("KaTeX_Main-Regular.woff2", "KaTeX_Math-Italic.woff2")


def notes(env: BuildEnvironment) -> Notes:
    """Return the characters of every page's formulas."""
    if not hasattr(env, "unrolled_formula_characters"):
        env.unrolled_formula_characters = {}  # type: ignore[attr-defined]
    return env.unrolled_formula_characters  # type: ignore[attr-defined,no-any-return]


def note_characters(app: Sphinx, doctree: nodes.document) -> None:
    """Note the characters of a page that was just read."""
    found: set[int] = set()
    for formula in doctree.findall(lambda node: isinstance(node, nodes.math | nodes.math_block)):
        display = {"displayMode": True} if isinstance(formula, nodes.math_block) else None
        found |= drawn_characters(render_latex(formula.astext(), display))
    notes(app.env)[app.env.docname] = found


def drawn_characters(rendered: str) -> set[int]:
    """Return the characters that a rendered formula draws, its hidden MathML aside."""
    drawing = DRAWING.search(rendered)
    return set(map(ord, html.unescape(TAG.sub("", drawing[0])))) if drawing else set()


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget a page that is read anew or gone."""
    notes(env).pop(docname, None)


def merge_notes(
    app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
) -> None:
    """Take over what a parallel reader noted."""
    notes(env).update({name: notes(other)[name] for name in docnames if name in notes(other)})


def all_characters(env: BuildEnvironment) -> frozenset[int]:
    """Return the characters of all formulas of the book."""
    return frozenset().union(*notes(env).values())


def rewrite_if_changed(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Have every page written anew when the fonts, and so their addresses, change."""
    before = getattr(env, "unrolled_font_characters", None)
    env.unrolled_font_characters = all_characters(env)  # type: ignore[attr-defined]
    unchanged = before == all_characters(env)
    return [] if unchanged else sorted(env.found_docs)


def cut_formula_fonts(app: Sphinx, static: Path) -> None:
    """Cut the fonts that were copied to the site."""
    whole = sorted(Path(app.srcdir, "book", "_vendor", FOLDER).glob("*.woff2"))
    cut_fonts(whole, all_characters(app.env), static / FOLDER, cache=Path(app.doctreedir, "fonts"))


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("doctree-read", note_characters)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_notes)
    app.connect("env-updated", rewrite_if_changed)
