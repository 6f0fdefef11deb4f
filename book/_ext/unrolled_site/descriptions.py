"""What search engines and link previews show of a page: its description, its card, its address.

A page describes itself with its first sentences. Where these say too little out of context, the
page's front matter has the description:

    myst:
      html_meta:
        description: One plain sentence.

The published address is `html: baseurl:` of `_config.yml`; left empty it is the one that GitHub
Pages gives to `repository: url:`, so that a fork's cards point at the fork.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Any
from urllib.parse import urljoin

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

LONGEST = 160  # characters that a search engine shows
SHORTEST = 70  # less says too little: the next sentences are taken as well
CARD = "_static/card.png"
CARD_SIZE = (1200, 630)
# The browser's own frame takes the page's background: --paper in unrolled.css.
FRAME = {"light": "#ffffff", "dark": "#16191d"}
# Pages that Sphinx makes itself.
MADE = {
    "genindex": "Every function, class and module of the package in alphabetical order.",
    "search": "Search the book for a word, a formula's name or a function of the package.",
}
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z(“\"])")
DESCRIPTION = re.compile(r"<meta\b[^>]*\bname=\"description\"[^>]*>")


def derive_address(app: Sphinx, config: Config) -> None:
    """Publish where GitHub Pages puts the repository, unless the settings name a place."""
    found = re.fullmatch(
        r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?",
        config.html_theme_options.get("repository_url") or "",
    )
    if found and not config.html_baseurl:
        owner, name = found.groups()
        config.html_baseurl = f"https://{owner.lower()}.github.io/{name}/"
    if config.html_baseurl and not config.html_baseurl.endswith("/"):
        config.html_baseurl += "/"


def plain(paragraph: nodes.Node) -> str:
    """Return a paragraph's text on one line, with `$` wherever mathematics stands."""
    copy = paragraph.deepcopy()
    for formula in list(copy.findall(lambda n: isinstance(n, nodes.math | nodes.math_block))):
        formula.replace_self(nodes.Text("$"))
    return " ".join(copy.astext().split())


def describe(document: nodes.document) -> str:
    """Return the first whole sentences of a page's text, as many as a search engine shows."""
    running = (
        paragraph
        for paragraph in document.findall(nodes.paragraph)
        if isinstance(paragraph.parent, nodes.section)
    )
    taken = ""
    for paragraph in running:
        # A formula is not plain text, and half a list has no point.
        for sentence in SENTENCE_END.split(plain(paragraph)):
            longer = f"{taken} {sentence}".strip()
            if "$" in sentence or sentence.endswith(":") or len(longer) > LONGEST:
                return taken or shorten(sentence.replace("$", "…"))
            taken = longer
        if len(taken) >= SHORTEST:
            break
    return taken


def shorten(sentence: str) -> str:
    """Cut one long sentence at a word."""
    if len(sentence) <= LONGEST:
        return sentence
    return sentence[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def given(metatags: str) -> str:
    """Return the description that a page's front matter gives, if any."""
    tag = DESCRIPTION.search(metatags)
    text = re.search(r"\bcontent=\"([^\"]*)\"", tag[0]) if tag else None
    return unescape(text[1]) if text else ""


def meta(value: str, **attributes: str) -> str:
    """Write one tag."""
    written = "".join(f' {name}="{escape(text)}"' for name, text in attributes.items())
    return f'<meta{written} content="{escape(value)}" />'


def card(title: str, description: str, address: str, base: str, kind: str) -> list[str]:
    """Write what a link preview reads; a picture and an address need the published place."""
    tags = [
        meta(title, property="og:title"),
        meta(description, property="og:description"),
        meta(kind, property="og:type"),
        meta("Unrolled", property="og:site_name"),
    ]
    if base:
        width, height = CARD_SIZE
        tags += [
            meta(address, property="og:url"),
            meta(urljoin(base, CARD), property="og:image"),
            meta(str(width), property="og:image:width"),
            meta(str(height), property="og:image:height"),
            meta("A recurrent network unrolled over four steps", property="og:image:alt"),
        ]
    return [*tags, meta("summary_large_image" if base else "summary", name="twitter:card")]


def add_descriptions(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put the tags of one page into its head."""
    metatags = str(context.get("metatags") or "")
    description = given(metatags) or MADE.get(pagename) or (describe(doctree) if doctree else "")
    title = unescape(re.sub(r"<[^>]+>", "", str(context.get("title") or app.config.project)))
    is_root = pagename == app.config.root_doc
    tags = [
        *(meta(value, name="theme-color", media=f"(prefers-color-scheme: {mode})")
          for mode, value in FRAME.items()),
        meta(description, name="description"),
        *card(
            title,
            description,
            str(context.get("pageurl") or ""),
            app.config.html_baseurl,
            "website" if is_root or not doctree else "article",
        ),
    ]  # fmt: skip
    rest = DESCRIPTION.sub("", metatags).rstrip()
    context["metatags"] = "\n    ".join([rest, *tags]) + "\n"


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("config-inited", derive_address)
    app.connect("html-page-context", add_descriptions)
