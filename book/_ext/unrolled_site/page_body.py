"""What is changed in the HTML of every page's body, after Sphinx and its extensions wrote it."""

from __future__ import annotations

import re

CELL = re.compile(r'<div class="cell[ "]')
DROPDOWN = re.compile(r'<div (class="[^"]*\bdropdown\b[^"]*\badmonition\b[^"]*"[^>]*)>')
DIV = re.compile(r"<div\b|</div>")
TITLE = re.compile(r'<p class="admonition-title">(.*?)</p>', re.S)
LINK = re.compile(r"</?a\b[^>]*>")
WIDGET = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-view\+json">.*?</script>', re.S
)
NEEDS_KERNEL = (
    '<p class="needs-kernel">This cell has sliders and needs a running kernel: '
    "open the page in Binder or JupyterLab.</p>"
)
# What the theme and the extensions write, and what assistive technology wants instead.
REPLACED = {
    '<summary aria-label="Toggle hidden content">': "<summary>",  # its text says more
    '<div role="list" class="citation-list">': '<div class="citation-list">',  # has no items
    ' role="doc-biblioentry"': "",  # a role that is no more
    ' id="exercise-content"': "",  # the same one in every exercise
    ' id="solution-content"': "",
}


def has_cells(body: str) -> bool:
    """Whether a page has code cells."""
    return bool(CELL.search(body))


def mended(body: str) -> str:
    """Return a page's body as readers get it."""
    for written, wanted in REPLACED.items():
        body = body.replace(written, wanted)
    body = WIDGET.sub(NEEDS_KERNEL, body)
    return with_native_dropdowns(body)


def with_native_dropdowns(body: str) -> str:
    """Return the body with each folded box as `<details>`, which needs no script to open."""
    while box := DROPDOWN.search(body):
        end = closing_div(body, box.end())
        inside = TITLE.sub(summary, body[box.end() : end], count=1)
        rest = body[end + len("</div>") :]
        body = f"{body[: box.start()]}<details {box[1]}>{inside}</details>{rest}"
    return body


def summary(title: re.Match[str]) -> str:
    """Return a box's title as what opens it; a link inside would be a control in a control."""
    return f'<summary class="admonition-title">{LINK.sub("", title[1])}</summary>'


def closing_div(body: str, start: int) -> int:
    """Return where the `</div>` stands that closes a `<div>` whose content starts at `start`."""
    depth = 1
    for tag in DIV.finditer(body, start):
        depth += -1 if tag[0] == "</div>" else 1
        if depth == 0:
            return tag.start()
    raise ValueError("a box of the page is never closed")
