"""One stylesheet for the whole site, made of the theme's, the extensions', KaTeX's and ours.

The theme brings styles for a thousand icons and for every part of Bootstrap. What the book does
not use is left out by family; a page that uses a part left out is a warning, so the strict build
fails instead of showing it bare. The list does not depend on the pages that happen to be written
in a build, so a rebuild of one page gives the same file as a build of all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from myst_nb.sphinx_ext import add_global_html_resources
from pydata_sphinx_theme.pygments import overwrite_pygments_css
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx_exercise import copy_asset_files

from . import formula_fonts, icons, text_fonts

logger = logging.getLogger(__name__)

NAME = "site.css"
# In the order in which the theme's own pages load them; the extensions' and ours follow.
THEME = ("basic.css", "styles/pydata-sphinx-theme.css")
# sphinx-thebe is off, and toggle buttons are <details> here: neither needs its styles.
LEFT_OUT = ("sphinx-thebe.css", "togglebutton.css")
INLINED = "webfonts"  # every page shows icons; which of KaTeX's fonts a page needs, varies

# Parts of Bootstrap and of the theme that no page uses, by the start of their class names.
UNUSED = re.compile(
    r"\.(?:"
    r"accordion|alert|badge|breadcrumb|btn-close|btn-group|btn-outline|card|carousel|collaps"
    r"|form-(?:check|floating|range|select|switch|text)|input-group|is-(?:in)?valid|list-group"
    r"|modal|nav-(?:fill|justified|pills|tabs|underline)|navbar-(?:dark|expand-(?:sm|md|xl|xxl))"
    r"|offcanvas|page-(?:item|link)|pagination|placeholder|popover|progress|spinner|toast|tooltip"
    r"|valid-|invalid-|was-validated|ratio|vstack|hstack|visually-hidden-focusable"
    r"|(?:col|row-cols|offset|order|g|gx|gy|gap|row-gap|column-gap)-(?:\d|auto|sm|md|lg|xl)"
    r"|(?:[mp][tbsexy]?|float|flex|justify-content|align-(?:items|content|self))-(?:sm|md|lg|xl|xxl)-"
    r"|(?:d|text|object-fit)-(?:sm|md|lg|xl|xxl)-"
    r"|(?:bg|link|border|text-bg|opacity|focus-ring|z|fs|fst|fw|lh|font-monospace)-[a-z0-9]"
    r"|(?:btn|text)-(?:primary|secondary|success|danger|warning|info|light|dark|link|black|white)"
    r"|btn-(?:check|lg)|col-form|drop(?:up|end|start)|dropdown-(?:divider|header|menu-)|navbar-toggler"
    r"|rounded-(?:top|bottom|start|end)|table-(?:primary|secondary|success|danger|warning|info)"
    r"|table-(?:light|dark|responsive|striped|bordered|hover)|version(?:modified|added|changed)"
    r"|sphinx-tabs|sphinxsidebar|admonition-todo|pst-collapse|MathJax|thebelab"
    r"|sd-|nbinput|nboutput|nbsphinx|jp-|sphx-glr|ablog|bd-sidebar-ethical|ethical|rtd-|toggle-"
    r"|fa-(?:beat|bounce|fade|flip|shake|spin|rotate|stack|pull|border|inverse|ul|li|sharp|\d+x)(?![a-z])"
    r")"
)
# On pages through the theme's templates, but without a look of their own here.
BARE: frozenset[str] = frozenset()
CLASSES = re.compile(r'\sclass="([^"]*)"')
UNUSED_MOTION = ("@keyframes fa-", "@keyframes sd-", "@keyframes placeholder", "@keyframes spinner")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
CHARSET = re.compile(r"@charset [^;]*;")
URL = re.compile(r"url\(\s*[\"']?(?!data:|https?:|#)([^)\"'?#]+)[^)]*\)")
# Every browser in use reads woff2.
OTHER_FORMATS = re.compile(r",\s*url\([^)]*\.(?:ttf|woff)[\"']?\)\s*format\([\"'][a-z]+[\"']\)")
STRING = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
# What may hold a brace or a semicolon without meaning it, then the braces and semicolons.
TOKEN = re.compile(rf"url\(\s*(?:{STRING}|[^)]*)\s*\)|{STRING}|\\.|[{{}};]", re.S)
# Inside these a selector is a condition, not something that must be on the page.
CONDITION = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)")


def stylesheet_address(app: Sphinx) -> str:
    """Write the stylesheet, once a build, and return its address from the site's root."""
    digest = getattr(app.builder, "unrolled_stylesheet", None)
    if digest is None:
        static = Path(app.outdir, "_static")
        css = bundled(app, static)
        (static / NAME).write_text(css, "utf-8")
        digest = short_digest(css.encode())
        app.builder.unrolled_stylesheet = digest  # type: ignore[attr-defined]
    return f"_static/{NAME}?v={digest}"


def first_fonts(app: Sphinx, formulas: bool) -> list[str]:
    """Return the addresses of the fonts that a page needs at once: the headings', KaTeX's."""
    static = Path(app.outdir, "_static")
    fonts = sorted((static / text_fonts.FOLDER).glob("*.woff2"))
    if formulas:
        fonts += [static / formula_fonts.FOLDER / name for name in formula_fonts.FIRST]
    return [f"_static/{versioned(font, static)}" for font in fonts]


def bundled(app: Sphinx, static: Path) -> str:
    """Return the text of the one stylesheet."""
    # These come at the very end by themselves, too late for the digest in the pages' addresses.
    for write_stylesheet in (overwrite_pygments_css, add_global_html_resources, copy_asset_files):
        write_stylesheet(app, None)
    icons.cut_icon_fonts(app, static)
    formula_fonts.cut_formula_fonts(app, static)
    text_fonts.cut_text_fonts(app, static)
    parts = []
    for name in stylesheet_names(app):
        css = COMMENT.sub("", (static / name).read_text("utf-8"))
        css = OTHER_FORMATS.sub("", CHARSET.sub("", css))
        css = URL.sub(lambda match, name=name: address(match[1], static / name, static), css)
        parts.append(without_unused(css))
    return "\n".join(parts)


def stylesheet_names(app: Sphinx) -> list[str]:
    """Return the stylesheets of every page, under `_static`, in order."""
    added = sorted(app.builder._css_files, key=lambda css: css.priority)  # type: ignore[attr-defined]
    names = [str(css.filename).partition("?")[0].removeprefix("_static/") for css in added]
    wanted = dict.fromkeys([*THEME, *names])
    return [name for name in wanted if not name.endswith(LEFT_OUT)]


def address(target: str, stylesheet: Path, static: Path) -> str:
    """Return a font's or picture's address as seen from the bundle, or an icon font itself."""
    file = (stylesheet.parent / target.strip()).resolve()
    if not file.is_file():
        logger.warning("%s asks for %s, which is not on the site", stylesheet.name, target)
        return f"url({target})"
    if file.parent.name == INLINED:
        return f"url(data:font/woff2;base64,{base64.b64encode(file.read_bytes()).decode()})"
    return f"url({versioned(file, static.resolve())})"


def versioned(file: Path, static: Path) -> str:
    """Return a file's address under `_static` with the digest of its content."""
    return f"{file.relative_to(static).as_posix()}?v={short_digest(file.read_bytes())}"


def short_digest(content: bytes) -> str:
    """Return what an address carries so that browsers ask again when a file has changed."""
    return hashlib.sha256(content).hexdigest()[:8]


def without_unused(css: str) -> str:
    """Return a stylesheet without the rules for icons and parts that no page uses."""
    kept = []
    for head, body in rules(css):
        if body is None:
            kept.append(f"{head};")
        elif head.startswith(("@media", "@supports", "@container", "@layer")):
            if inner := without_unused(body):
                kept.append(f"{head}{{{inner}}}")
        elif head.startswith(UNUSED_MOTION):
            continue
        elif head.startswith("@"):
            kept.append(f"{head}{{{body.strip()}}}")
        elif selectors := [one for one in split_selectors(head) if is_used(one)]:
            kept.append(f"{','.join(selectors)}{{{squeezed(body)}}}")
    return "\n".join(kept)


def rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule at the top as its head and what stands in braces; no braces give None."""
    start = depth = 0
    head = ""
    for match in TOKEN.finditer(css):
        token = match[0]
        if token == "{":
            if depth == 0:
                head, start = css[start : match.start()].strip(), match.end()
            depth += 1
        elif token == "}":
            depth -= 1
            if depth == 0:
                yield head, css[start : match.start()]
                start = match.end()
        elif token == ";" and depth == 0:
            if statement := css[start : match.start()].strip():
                yield statement, None
            start = match.end()


def split_selectors(head: str) -> list[str]:
    """Split a rule's selectors at the commas that stand outside parentheses."""
    return [one.strip() for one in re.split(r",(?![^(]*\))", head)]


def is_used(selector: str) -> bool:
    """Whether a selector can match anything on the book's pages."""
    needed = CONDITION.sub("", selector)
    return not UNUSED.search(needed) and icons.USED.issuperset(icons.named_by(needed))


def squeezed(body: str) -> str:
    """Return declarations without line breaks and indentation."""
    return re.sub(r"\s*\n\s*", "", body).strip()


def left_out(html: str) -> set[str]:
    """Return the classes on a page whose styles the bundle leaves out."""
    names = {name for group in CLASSES.findall(html) for name in group.split()}
    return {name for name in names if not is_used(f".{name}") and name not in BARE}
