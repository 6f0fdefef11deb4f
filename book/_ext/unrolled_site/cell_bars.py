"""Buttons under the cells that Python in the page can run, and one bar for the whole page.

They are in the page from the start, so that nothing moves when the script wakes them. A site
without the folder `python` in `book/_vendor` has none of them.
"""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

MANIFEST = Path("book", "_vendor", "python", "manifest.json")
NEEDS_KERNEL = "tag_needs-kernel"
BUTTON = '<button type="button" data-act="{act}"{more}>{label}</button>'


def has_python(app: Sphinx) -> bool:
    """Tell whether the front-end assembly found Python for the pages."""
    return Path(app.srcdir, MANIFEST).is_file()


def button(act: str, label: str, more: str = "") -> str:
    """Write one button."""
    return BUTTON.format(act=act, label=label, more=f" {more}" if more else "")


def cell_bar(number: int, *, first: bool) -> str:
    """Write the bar of a cell that runs in the page."""

    def name(start: str) -> str:
        return f'aria-label="{start} cell {number}"'

    buttons = [
        button("run", "Run", name("Run")),
        button("stop", "Stop", f"{name('Stop')} hidden"),
        button("run-above", "Run all above", name("Run all above")) if not first else "",
        button("edit", "Edit", name("Edit")),
        button("reset", "Reset", name("Reset")),
    ]
    return (
        f'<div class="cell-bar" role="group" aria-label="Cell {number}" data-cell="{number}">'
        f'<span class="cell-number">Cell {number}</span>{"".join(buttons)}'
        '<span class="cell-edited" hidden>edited</span><span class="cell-note"></span></div>'
    )


def kernel_bar(number: int) -> str:
    """Say why a cell does not run in the page."""
    return (
        f'<p class="cell-bar cell-bar-kernel"><span class="cell-number">Cell {number}</span>'
        "This cell needs a kernel with widgets: open the page in Binder or JupyterLab.</p>"
    )


def page_bar() -> str:
    """Write the bar of the page."""
    buttons = [
        button("run-all", "Run all"),
        button("restart", "Restart Python"),
        button("download", "Download notebook"),
        button("undo-edits", "Undo all edits", "disabled"),
    ]
    return (
        '<div class="page-bar" role="group" aria-label="Python in this page">'
        f'<div class="page-buttons">{"".join(buttons)}</div>'
        '<p><span class="page-status" role="status">Cells run here, in your browser. '
        'The first Run loads Python.</span> <span class="page-progress" hidden></span></p></div>'
    )


def add_bars(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the bars after the cells' sources, and the page's before the first cell."""
    if app.builder.format != "html" or not has_python(app):
        return
    cells = [node for node in doctree.findall(nodes.container) if is_cell(node)]
    runnable = [cell for cell in cells if NEEDS_KERNEL not in cell["classes"]]
    for number, cell in enumerate(cells, 1):
        source = next(node for node in cell if "cell_input" in node["classes"])
        if cell in runnable:
            bar = cell_bar(number, first=cell is runnable[0])
        else:
            bar = kernel_bar(number)
        cell.insert(cell.index(source) + 1, raw(bar))
    if runnable:
        first = runnable[0]
        first.parent.insert(first.parent.index(first), raw(page_bar()))


def is_cell(node: nodes.Element) -> bool:
    """Tell whether a node is a code cell whose source is in the page."""
    return "cell" in node.get("classes", []) and any(
        "cell_input" in child.get("classes", [])
        for child in node.children
        if isinstance(child, nodes.Element)
    )


def raw(html: str) -> nodes.raw:
    """Wrap HTML."""
    return nodes.raw("", html, format="html")


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("doctree-resolved", add_bars)
