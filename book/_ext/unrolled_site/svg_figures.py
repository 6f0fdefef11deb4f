"""Figures are drawn as SVG and stand in the page itself, in its colours and letters.

A cell's figure, and a drawing of our own, becomes part of the HTML: it follows the reader's
theme, prints sharply, and asks the server for nothing. In Lab and on Binder figures stay
Matplotlib's usual pictures, since only the kernels of the build get the settings written here.
"""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.writers.html5 import HTML5Translator

from unrolled.plots.style import DRAWING, themed

MATPLOTLIB = "<dc:title>Matplotlib"
# Settings of the kernels that run the cells. Who changes them changes what the cells put out, so
# the execution cache is keyed to this file.
KERNEL_SETTINGS = f"""
c = get_config()
c.InlineBackend.figure_formats = {{"svg"}}
c.InlineBackend.rc = {dict(DRAWING)!r}
c.InlineBackend.print_figure_kwargs = {{"bbox_inches": "tight", "metadata": {{"Date": None}}}}
"""
COMMENT = re.compile(r"<!--.*?-->|<\?xml.*?\?>", re.DOTALL)
TITLE = re.compile(r"<title[^>]*>.*?</title>", re.DOTALL)
BETWEEN_TAGS = re.compile(r">\s+<")


class InlineSvg(nodes.General, nodes.Element):
    """An image whose text stands in the page; the search index does not read it."""


def draw_svg(app: Sphinx, config: Config) -> None:
    """Give the kernels of this build settings of their own, so that their figures are SVG."""
    folder = Path(app.doctreedir, "ipython")
    profile = folder / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = profile / "ipython_kernel_config.py"
    if not settings.is_file() or settings.read_text("utf-8") != KERNEL_SETTINGS:
        settings.write_text(KERNEL_SETTINGS, "utf-8")
    os.environ["IPYTHONDIR"] = str(folder)


def put_in_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Replace the page's SVG images by their contents."""
    if app.builder.format != "html":
        return
    for count, image in enumerate(list(doctree.findall(nodes.image))):
        file = Path(app.srcdir, image["uri"])
        if file.suffix != ".svg" or not file.is_file():
            continue
        text = file.read_text("utf-8")
        label = image.get("alt", "")
        if MATPLOTLIB in text:
            svg = themed(text, label=label, prefix=f"f{count}")
        else:
            svg = own_drawing(text, label, " ".join(image["classes"]))
        image.replace_self(InlineSvg("", svg=svg))


def own_drawing(text: str, label: str, classes: str) -> str:
    """Return a drawing of ours, which names the page's colours already, under its label."""
    svg = BETWEEN_TAGS.sub("><", TITLE.sub("", COMMENT.sub("", text))).strip()
    names = f' class="drawing {classes}" role="img" aria-label="{escape(label)}"'
    opening = svg[: svg.index(">")]
    for given in ("role", "aria-label", "class"):
        opening = re.sub(rf'\s{given}="[^"]*"', "", opening)
    return opening + names + svg[svg.index(">") :]


def visit_inline_svg(translator: HTML5Translator, node: InlineSvg) -> None:
    """Write the element as it is, in a box of its own that may scroll on a narrow page."""
    translator.body.append(f'<div class="svg-figure">{node["svg"]}</div>\n')


def depart_inline_svg(translator: HTML5Translator, node: InlineSvg) -> None:
    """Nothing is left open."""


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the above."""
    app.add_node(InlineSvg, html=(visit_inline_svg, depart_inline_svg))
    app.connect("config-inited", draw_svg)
    app.connect("doctree-resolved", put_in_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
