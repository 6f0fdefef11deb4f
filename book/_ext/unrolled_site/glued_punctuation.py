"""Keep the full stop after a formula on the formula's line.

A browser may break a line before and after a formula, because its parts are boxes to it. What
directly follows one is put into one `nowrap` span with it; lean.css lets a long formula still
break inside.
"""

from __future__ import annotations

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

CLOSING = re.compile(r"[.,;:!?)\]’”…-]+")


class GluePunctuation(SphinxPostTransform):
    """Put an inline formula and the punctuation right behind it into one span."""

    default_priority = 800
    formats = ("html",)

    def run(self) -> None:
        """Change the page's tree."""
        for formula in list(self.document.findall(nodes.math)):
            follower = formula.next_node(descend=False, siblings=True)
            if isinstance(follower, nodes.Text) and (mark := CLOSING.match(follower)):
                glue(formula, follower, mark[0])


def glue(formula: nodes.math, follower: nodes.Text, mark: str) -> None:
    """Move a formula and its mark into one span; the rest of the text stays where it was."""
    parent = formula.parent
    place = parent.index(formula)
    rest = str(follower)[len(mark) :]
    glued = nodes.inline("", "", formula, nodes.Text(mark), classes=["nowrap"])
    parent[place : place + 2] = [glued, nodes.Text(rest)] if rest else [glued]


def setup(app: Sphinx) -> None:
    """Register the transform."""
    app.add_post_transform(GluePunctuation)
