"""One meaning, one colour, in every figure of the book.

The stylesheet of the site holds the same values; a test compares them. The
palette is Okabe and Ito's, told apart by colour-blind readers, each tone
readable on the light and on the dark page.

A figure is drawn on white. :func:`themed_svg` turns it into SVG that takes its
colours, and its letters, from the page that it stands on.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "input": "#0072b2",
        "state": "#008562",
        "cell": "#7b4ea3",
        "input_gate": "#946200",
        "forget_gate": "#8a5a2b",
        "output_gate": "#7d7a00",
        "candidate": "#b3497f",
        "gradient": "#c44e00",
        "loss": "#5b6670",
        "neutral": "#6f7780",
    }
)

DRAWING: Mapping[str, Any] = MappingProxyType(
    {"svg.fonttype": "none", "svg.hashsalt": "unrolled", "path.simplify": True}
)
"""Matplotlib's settings for SVG: letters stay letters, and ids do not change from run to run."""

_PIXELS = 4 / 3
"""Of a typographic point, which is Matplotlib's unit."""
_DROPPED = {"metadata", "style", "title"}
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_REFERENCE = re.compile(r"#([\w.-]+)")


def page_figure(
    width: float = 7.0, height: float = 3.2, *, columns: int = 1, rows: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Open a figure of the book's size and look.

    Parameters
    ----------
    width, height : float
        In inches; 7 is the width of the page's column.
    columns, rows : int
        How many axes beside and above each other.
    **options
        Handed to ``Figure.subplots``, ``sharex=True`` say.

    Returns
    -------
    figure : matplotlib.figure.Figure
        On a white ground, so that it reads the same on a dark page.
    axes : Axes, or ndarray of Axes
        One, or an array of them.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        rows, columns, figsize=(width, height), layout="constrained", **options
    )
    for each in figure.axes:
        _plain(each)
    return figure, axes


def _plain(axes: Axes) -> None:
    """Leave the two lines that carry numbers."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def themed_svg(figure: Figure, *, label: str = "", prefix: str = "") -> str:
    """Draw a figure as SVG in the colours and letters of the page around it, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn in the colours of :data:`COLOURS`, in black, white and greys.
    label : str
        What a reader who does not see it should be told.
    prefix : str
        Sets its ids apart where the same figure stands on a page twice.

    Returns
    -------
    str
        One ``<svg>`` element, to be put into HTML.
    """
    from matplotlib import pyplot, rc_context

    drawn = io.StringIO()
    with rc_context(dict(DRAWING)):
        figure.savefig(drawn, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return themed(drawn.getvalue(), label=label, prefix=prefix)


def themed(svg: str, *, label: str = "", prefix: str = "") -> str:
    """Turn Matplotlib's SVG into an element that belongs into a page, light or dark.

    Colours of :data:`COLOURS` become the page's variables of those names, black
    becomes the colour of its text, white that of its paper, and a grey as much of
    both as it is dark. Letters are set in the page's own font. Metadata goes.

    Parameters
    ----------
    svg : str
        A file that Matplotlib wrote, best under :data:`DRAWING`.
    label, prefix : str
        As for :func:`themed_svg`.

    Returns
    -------
    str
        One ``<svg class="still">``, as wide as the page lets it be and never wider
        than it was drawn. The same input gives the same text.
    """
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        _strip(element)
    _drop_unseen(root)
    _rename_ids(root, prefix or "s" + hashlib.sha256(svg.encode()).hexdigest()[:8])
    while _unwrap_groups(root):
        pass
    width, height = (float(number) * _PIXELS for number in root.attrib["viewBox"].split()[2:])
    box = " ".join(f"{float(number):.4g}" for number in root.attrib["viewBox"].split())
    root.attrib = {
        "class": "still",
        "viewBox": box,
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "role": "img",
        "aria-label": label,
        "fill": "currentColor",
        "stroke-linejoin": "round",
        "style": f"--w:{width:.0f}px;width:100%;max-width:var(--w);height:auto",
    }
    if not label:
        del root.attrib["role"], root.attrib["aria-label"]
        root.attrib["aria-hidden"] = "true"
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: ElementTree.Element) -> None:
    """Take from one element what HTML does not need, and give its colours and numbers anew."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {
        name.rpartition("}")[2]: _restyled(value) if name == "style" else _rounded(value)
        for name, value in element.attrib.items()
    }
    text = element.text if (element.text or "").strip() else None
    # Columns of numbers are set with spaces, of which HTML would leave one.
    element.text = text and text.replace(" ", "\N{NO-BREAK SPACE}")
    element.tail = None


def _rounded(value: str) -> str:
    """Write numbers to a hundredth of a point, on one line."""
    short = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
    return " ".join(short.split())


def _restyled(style: str) -> str:
    """Write a style with the page's colours and without Matplotlib's fonts."""
    kept = []
    for rule in style.split(";"):
        name, _, value = (part.strip() for part in rule.partition(":"))
        if name == "font-family":
            if "Mono" in value:
                kept.append("font-family:var(--pst-font-family-monospace,monospace)")
            elif "DejaVu Sans'" not in value:
                kept.append(f"font-family:{value}")
        elif name and (name, value) != ("stroke-linejoin", "round"):
            kept.append(f"{name}:{_COLOUR.sub(_tone, _rounded(value))}")
    return ";".join(kept)


def _tone(found: re.Match[str]) -> str:
    """Give what the page calls a colour, and the colour itself where it calls it nothing."""
    colour = found[0]
    for name, value in COLOURS.items():
        if value == colour:
            return f"var(--{name.replace('_', '-')},{colour})"
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    if colour == "#000000":
        return "currentColor"
    if colour == "#ffffff":
        return "var(--paper,#fff)"
    if max(channels) - min(channels) > 32:
        return colour
    ink = round(100 - sum(channels) / 7.65)
    return f"color-mix(in srgb,currentColor {ink}%,var(--paper,#fff))"


def _drop_unseen(element: ElementTree.Element) -> None:
    """Remove metadata, the rules for all elements, and the sheet that the figure lies on."""
    for child in list(element):
        if child.tag in _DROPPED or child.get("id") == "patch_1":
            element.remove(child)
        else:
            _drop_unseen(child)


def _rename_ids(root: ElementTree.Element, prefix: str) -> None:
    """Keep the ids that something refers to, under names that no other figure has."""
    used: dict[str, str] = {}
    for name, value in _references(root):
        for found in _REFERENCE.findall(value) if name in ("href", "clip-path") else ():
            used.setdefault(found, f"{prefix}-{len(used)}")
    for element in root.iter():
        if (own := element.attrib.pop("id", None)) in used:
            element.set("id", used[own])
        for name in ("href", "clip-path"):
            if name in element.attrib:
                element.set(
                    name, _REFERENCE.sub(lambda found: "#" + used[found[1]], element.attrib[name])
                )


def _references(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    return (pair for element in root.iter() for pair in element.attrib.items())


def _unwrap_groups(element: ElementTree.Element) -> bool:
    """Take the children of nameless groups and the empty definitions out of them."""
    changed = False
    children: list[ElementTree.Element] = []
    for child in element:
        changed |= _unwrap_groups(child)
        if child.tag in ("g", "defs") and not child.attrib and (child.tag == "g" or not len(child)):
            children.extend(child)
            changed = True
        else:
            children.append(child)
    element[:] = children
    return changed
