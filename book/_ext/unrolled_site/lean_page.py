"""A page loads only what it uses: one stylesheet, and each script only where it does something."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from . import page_menus, stylesheet
from .page_body import has_cells, mended

logger = logging.getLogger(__name__)

# Scripts that some pages need, and what on a page needs them.
WHERE_USED = {
    "clipboard.min": re.compile(r'class="highlight'),
    "copybutton": re.compile(r'class="highlight'),
    "design-tabs": re.compile(r"sd-tab-set"),
}
# Scripts that no page of the book needs: live code is off, solutions are <details>, formulas are
# ready-made. The search page alone marks the words that were looked for.
NEVER = ("thebe", "toggle", "mathjax", "widget-state")
ONLY_SEARCH = ("doctools", "sphinx_highlight")


def script_name(script: Any) -> str:
    """Return a script's file name, or its text where it stands in the page."""
    attributes = getattr(script, "attributes", {})
    parts = (getattr(script, "filename", script), attributes.get("body"), attributes.get("type"))
    return " ".join(str(part) for part in parts if part).lower()


def keeps_script(name: str, pagename: str, body: str) -> bool:
    """Whether a page needs a script."""
    if any(word in name for word in NEVER):
        return False
    if any(word in name for word in ONLY_SEARCH):
        return pagename == "search"
    return all(used.search(body) for word, used in WHERE_USED.items() if word in name)


def make_lean(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave out of a page what it does not use, and mend its body."""
    body = context["body"] = mended(context.get("body") or "")
    context["css_files"] = []
    context["site_stylesheet"] = stylesheet.stylesheet_address(app)
    context["site_fonts"] = stylesheet.first_fonts(app, 'class="katex"' in body)
    named = {script_name(script): script for script in context.get("script_files", [])}
    context["script_files"] = [
        script for name, script in named.items() if keeps_script(name, pagename, body)
    ]
    if has_cells(body):
        context["page_facts"] = page_facts(app, pagename, context["pathto"])


def page_facts(app: Sphinx, pagename: str, pathto: Any) -> str:
    """Return what the page's own Python has to know, as JSON: see `layout.html`."""
    has_python = Path(app.srcdir, "book", "_vendor", "python", "manifest.json").is_file()
    facts = {
        "page": pagename,
        "python": pathto("_static/python/", 1) if has_python else None,
        "notebook": pathto(page_menus.notebook_file(pagename), 1),
    }
    # A closing tag inside a string would end the script element.
    return json.dumps(facts).replace("</", r"<\/")


def warn_of_unstyled(app: Sphinx, exception: Exception | None) -> None:
    """Warn of a page that uses an icon or a part whose styles were left out."""
    if exception or app.builder.format != "html":
        return
    for page in sorted(Path(app.outdir).rglob("*.html")):
        html = page.read_text("utf-8")
        for name in sorted(stylesheet.left_out(html)):
            logger.warning("%s uses %r, whose style is left out of the site", page.name, name)


def setup(app: Sphinx) -> None:
    """Connect the above, after every extension has added its scripts."""
    app.connect("html-page-context", make_lean, priority=900)
    app.connect("build-finished", warn_of_unstyled)
