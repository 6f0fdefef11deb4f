"""How a drawing function becomes a figure that responds."""

from __future__ import annotations

import json
import re
import sys
from itertools import product
from xml.etree import ElementTree

import numpy as np
import pytest

from unrolled.figures import base, svg
from unrolled.figures.base import Change, Control, Drawn, respond
from unrolled.shapes import ArgumentError

W = Control("w", "weight", (-1.0, 0.0, 2.5), 2.5)
STEP = Control("step", "step", (1, 2, 3, 4), 3, kind="steps")
SIGN = Control("sign", "sign", ("plus", "minus"), "plus", kind="choice")


def sketch():
    def ground():
        return Drawn([svg.line([(0, 0), (9, 9)])], "Ground.")

    def dot(w, step):
        both = svg.circle(10 * w, 7 * step, 4, key="dot", fill="state")
        only_w = svg.text(5, 5, f"{w:g} < 3", key="name")
        return Drawn([svg.group(both, only_w)], f"w is {w:g}, step {step}.")

    def flag(sign):
        shown = 1 if sign == "plus" else 0
        return Drawn([svg.box(1, 2, 3, 4, key="flag", opacity=shown)], f"{sign} & co.")

    return respond("sketch", "A sketch", "A dot.", (100, 50), (W, STEP, SIGN), ground, dot, flag)


def test_a_change_is_stored_along_the_controls_it_depends_on():
    assert sketch().changes == (
        Change("text-2", "#", (0, 1), tuple(
            f"w is {w:g}, step {step}." for w, step in product(W.options, STEP.options)
        )),
        Change("dot", "cx", (0,), ("-10", "0", "25")),
        Change("dot", "cy", (1,), ("7", "14", "21", "28")),
        Change("name", "#", (0,), ("-1 < 3", "0 < 3", "2.5 < 3")),
        Change("text-3", "#", (2,), ("plus & co.", "minus & co.")),
        Change("flag", "opacity", (2,), ("1", "0")),
    )  # fmt: skip


def test_what_is_shown_for_a_choice():
    seen = base.shown(sketch(), {"w": 0.0, "step": 4, "sign": "minus"})
    assert seen == {
        ("text-2", "#"): "w is 0, step 4.",
        ("dot", "cx"): "0",
        ("dot", "cy"): "28",
        ("name", "#"): "0 < 3",
        ("text-3", "#"): "minus & co.",
        ("flag", "opacity"): "0",
    }
    with pytest.raises(ArgumentError, match="choice: 'w' should be one of"):
        base.shown(sketch(), {"w": 7, "step": 4, "sign": "minus"})


def test_the_still_is_the_state_of_the_starts():
    stage = re.search(r"<svg.*</svg>", base.markup(sketch()))[0]
    dot = ElementTree.fromstring(stage).find(".//*[@data-key='dot']")
    assert (dot.get("cx"), dot.get("cy")) == ("25", "21")
    assert dot.get("fill") == "var(--state, #008562)"


def test_the_markup_is_well_formed_and_says_everything():
    html = base.markup(sketch())
    data = re.search(r'class="uf-data">(.*?)</script>', html)[1]
    assert "<" not in data
    assert json.loads(data)["controls"][1] == {
        "name": "step", "options": [1, 2, 3, 4], "labels": ["1", "2", "3", "4"],
    }  # fmt: skip
    without_data = re.sub(r"<script.*?</script>", "", html)
    tree = ElementTree.fromstring(
        re.sub(r"<input([^>]*?)( checked)?>", r"<input\1/>", without_data)
    )
    words = " ".join("".join(tree.find(".//p").itertext()).split())
    assert words == "Ground. w is 2.5, step 3. plus & co."
    assert tree.find(".//svg").get("aria-label") == "A dot."
    sliders = [each for each in tree.iter("input") if each.get("type") == "range"]
    assert [each.get("aria-valuetext") for each in sliders] == ["2.5", "3"]
    assert [each.text for each in tree.iter("button")] == ["Back", "Next"]
    radios = [each for each in tree.iter("input") if each.get("type") == "radio"]
    assert len(radios) == 2
    assert re.search(r'value="0" checked> plus', html)


def test_minus_signs_are_real_ones_and_labels_may_be_given():
    assert W.labels == ("−1", "0", "2.5")
    assert Control("w", "w", (1, 2), 1, labels=("one", "two")).labels == ("one", "two")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Control("w", "w", (1, 2), 3), "start of 'w': 3 is not among its options"),
        (lambda: Control("w", "w", (1, 2), 1, labels=("one",)), "expected 2, got 1"),
        (lambda: respond("n", "t", "d", (1, 1), [W], lambda v: Drawn([], "")), "is called ['v']"),
        (lambda: twice(lambda w: Drawn([dot("a"), dot("a")], "")), "'a' is used twice"),
        (lambda: twice(lambda w: Drawn([dot("a")], "")), "['a'] are used more often"),
        (lambda: one(lambda w: Drawn([dot(f"a{w}")], "")), "hide them by opacity=0"),
        (lambda: svg.colour("teal"), "colour: expected one of"),
    ],
)
def test_a_wrong_figure_is_refused(wrong, words):
    with pytest.raises(ArgumentError, match=re.escape(words)):
        wrong()


def dot(key):
    return svg.circle(0, 0, 1, key=key)


def one(draw):
    return respond("n", "t", "d", (1, 1), [W], draw)


def twice(draw):
    return respond("n", "t", "d", (1, 1), [W], draw, draw)


def test_jupyter_gets_a_widget_whose_choice_can_be_read():
    figure = sketch()
    bundle = figure._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert bundle["text/html"] == base.markup(figure) == figure._repr_html_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    widget = figure.widget()
    assert widget.choice == {"w": 2.5, "step": 3, "sign": "plus"}
    assert "export default" in widget._esm
    assert ".unrolled-figure" in widget._css


def test_where_there_is_no_anywidget_the_markup_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    base.widget_class.cache_clear()
    bundle = sketch()._repr_mimebundle_()
    base.widget_class.cache_clear()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"].startswith("<figure sketch: A sketch.")
    assert "w is 2.5, step 3." in bundle["text/plain"]


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "1"), (-0.001, "0"), (2.345, "2.35"), (-7.5, "-7.5"), (10, "10")]
)
def test_numbers_are_written_short(value, written):
    assert svg.number(value) == written


def test_subscripts():
    element = svg.text(0, 0, "tanh(W_h h_t)")
    assert "".join(element.itertext()) == "tanh(Wh ht)"
    assert [each.text for each in element] == ["h", " h", "t", ")"]
    sizes = [float(each.get("dy")) for each in element]
    assert np.isclose(sum(sizes), 0)


def test_an_arrow_ends_where_it_points():
    path, head = svg.arrow((0, 0), (30, 40), bend=5)
    assert head.get("d").startswith("M30 40L")
    assert path.get("d").startswith("M0 0Q")


def test_a_scale_is_linear():
    assert [svg.scale((-1, 1), (100, 0))(value) for value in (-1, 0, 1)] == [100, 50, 0]


def test_axes_write_their_ticks():
    frame = svg.axes((0, 10), (0, 10), [(0, "0")], [(5, "half")], x_label="t", y_label="h_t")
    assert [each.text for each in frame.iter("text")] == ["0", "half", "t", "h"]
