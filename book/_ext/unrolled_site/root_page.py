"""The page at the site's root, which leads to the book's first page.

Jupyter Book writes a bare redirect there unless a file exists: no language, no title, nothing to
read or to follow where a browser does not refresh by itself.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from sphinx.application import Sphinx

PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={first}">
<title>{title}</title>
<meta name="description" content="The way into the book {title}: this address leads to its cover.">
<meta name="color-scheme" content="light dark">
{canonical}<link rel="icon" href="favicon.ico" sizes="32x32">
<style>
body {{ max-width: 32rem; margin: 20vh auto; padding: 0 1rem; }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; }}
a {{ color: LinkText; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>The book begins at <a href="{first}">its cover</a>.</p>
</main>
</body>
</html>
"""


def write_root_page(app: Sphinx, exception: Exception | None) -> None:
    """Write `index.html` where the book's first page is not there itself."""
    if exception or app.builder.name != "html" or app.config.root_doc == "index":
        return
    first = f"{app.config.root_doc}.html"
    base = app.config.html_baseurl
    text = PAGE.format(
        language=escape(app.config.language or "en"),
        title=escape(app.config.html_title or app.config.project),
        first=escape(first),
        canonical=f'<link rel="canonical" href="{escape(base + first)}">\n' if base else "",
    )
    Path(app.outdir, "index.html").write_text(text, "utf-8")


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("build-finished", write_root_page)
