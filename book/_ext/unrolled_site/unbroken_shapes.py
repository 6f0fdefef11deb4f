"""Keep a shape such as (T, N, D) on one line.

A browser may break a line after each of its commas; in a narrow table that parts one shape into
three lines. The blanks inside a pair of brackets become ones that do not break.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

SHAPE = re.compile(r"[(\[]\w{1,3}(?:, \w{1,3})+[)\]]")
AS_WRITTEN = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw)
NO_BREAK = "\N{NO-BREAK SPACE}"


class UnbrokenShapes(SphinxPostTransform):
    """Put blanks that do not break into the shapes of the prose and the tables."""

    default_priority = 790
    formats = ("html",)

    def run(self) -> None:
        """Change the page's tree."""
        for text in list(self.document.findall(nodes.Text)):
            kept = unbroken(str(text))
            if kept != str(text) and not isinstance(text.parent, AS_WRITTEN):
                text.parent.replace(text, nodes.Text(kept))


def unbroken(text: str) -> str:
    """Return the text with no place to break inside a shape."""
    return SHAPE.sub(lambda shape: shape[0].replace(" ", NO_BREAK), text)


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_post_transform(UnbrokenShapes)
