"""The helpers that make a page light: what it keeps, how it is mended, where its menus lead."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from docutils import nodes

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT / "book" / "_ext") not in sys.path:
    sys.path.insert(0, str(ROOT / "book" / "_ext"))

from unrolled_site import (  # noqa: E402  (found through the path above)
    formula_fonts,
    glued_punctuation,
    icons,
    lean_page,
    page_body,
    page_menus,
    stylesheet,
    unbroken_shapes,
)

CODE = '<div class="highlight-python"><div class="highlight"><pre>x = 1</pre></div></div>'


@pytest.mark.parametrize(
    ("script", "page", "body", "kept"),
    [
        ("_static/copybutton.js", "book/a", CODE, True),
        ("_static/copybutton.js", "book/a", "<p>text</p>", False),
        ("_static/clipboard.min.js", "book/a", "<p>text</p>", False),
        ("_static/sphinx_highlight.js", "book/a", CODE, False),
        ("_static/sphinx_highlight.js", "search", "", True),
        ("_static/togglebutton.js", "book/a", CODE, False),
        ("let togglehintshow = 'click to show';", "book/a", CODE, False),
        ("_static/sphinx-thebe.js", "search", "", False),
        ('{"state": {}} application/vnd.jupyter.widget-state+json', "book/a", CODE, False),
        ("_static/unrolled.js", "book/a", "", True),
    ],
)
def test_a_page_keeps_only_scripts_it_uses(script, page, body, kept):
    assert lean_page.keeps_script(script, page, body) is kept


def test_punctuation_is_glued_to_its_formula():
    formula = nodes.math("", "x_1")
    paragraph = nodes.paragraph("", "", nodes.Text("Let "), formula, nodes.Text("), and more"))
    for math in paragraph.findall(nodes.math):
        follower = math.next_node(descend=False, siblings=True)
        glued_punctuation.glue(math, follower, "),")
        break
    glued = paragraph[1]
    assert glued["classes"] == ["nowrap"]
    assert glued.astext() == "x_1),"
    assert paragraph.astext() == "Let x_1), and more"


@pytest.mark.parametrize("text", [" and", "x", "(", ""])
def test_nothing_else_is_glued(text):
    assert glued_punctuation.CLOSING.match(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("is (T, N, D), so", "is (T,_N,_D), so"),
        ("entry [n, k] is", "entry [n,_k] is"),
        ("(H,) and (1, H)", "(H,) and (1,_H)"),
        ("(ids, then the targets)", "(ids, then the targets)"),
        ("one, two", "one, two"),
    ],
)
def test_a_shape_stays_on_one_line(text, kept):
    assert unbroken_shapes.unbroken(text) == kept.replace("_", "\N{NO-BREAK SPACE}")


def test_folded_boxes_open_without_a_script():
    body = (
        '<div class="solution dropdown admonition" id="s">\n'
        '<p class="admonition-title">Solution to<a href="#e"> Exercise 1</a></p>\n'
        "<div><div>inner</div></div></div><div>after</div>"
    )
    assert page_body.mended(body) == (
        '<details class="solution dropdown admonition" id="s">\n'
        '<summary class="admonition-title">Solution to Exercise 1</summary>\n'
        "<div><div>inner</div></div></details><div>after</div>"
    )


def test_dead_sliders_become_a_sentence():
    view = '<script type="application/vnd.jupyter.widget-view+json">{"model_id": "a"}</script>'
    mended = page_body.mended(f"<div>{view}</div>")
    assert "script" not in mended
    assert "open the page in Binder or JupyterLab" in mended


def test_the_hub_link_is_the_theme_s_own():
    query = page_menus.hub_query("https://github.com/a/rnn", "main", "book/01.md")
    parts = urlsplit(f"https://hub.example.org/{query}")
    assert parts.path == "/hub/user-redirect/git-pull"
    assert parse_qs(parts.query) == {
        "repo": ["https://github.com/a/rnn"],
        "urlpath": ["lab/tree/rnn/book/01.md"],
        "branch": ["main"],
    }


def test_the_stylesheet_keeps_what_pages_use():
    css = (
        '@import "a.css"; .carousel,.cell:not(.card){color:red}'
        "@media print{.toast{top:0}} .fa-sun:before{content:'}'} .fa-ghost:before{content:'x'}"
        ".a{background:url(\"data:image/svg+xml,%3Cg t='r(4)';%3E\")}"
    )
    assert stylesheet.without_unused(css).splitlines() == [
        '@import "a.css";',
        ".cell:not(.card){color:red}",
        ".fa-sun:before{content:'}'}",
        ".a{background:url(\"data:image/svg+xml,%3Cg t='r(4)';%3E\")}",
    ]


def test_a_page_that_uses_a_part_left_out_is_found():
    assert stylesheet.left_out('<div class="cell card-body"><i class="fa-ghost fa-sun">') == {
        "card-body",
        "fa-ghost",
    }


def test_icons_have_their_characters():
    assert ord("\uf185") in icons.characters()  # the sun of the colour switch
    assert len(icons.characters()) < 100


def test_a_formula_s_hidden_text_needs_no_font():
    drawn = '<span class="katex-html" aria-hidden="true"><span>a&lt;β</span></span>'
    assert formula_fonts.drawn_characters(f"<math>hidden</math>{drawn}") == set(map(ord, "a<β"))
