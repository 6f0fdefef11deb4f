"""The shapes of the responding figures: numbers in, SVG elements out.

A shape with a ``key`` may differ between the states of a figure; one without is part of the
background. Lengths are in the units of the figure's view box, y grows downward, and a colour is
a name of the book's palette (`unrolled.plots.style.COLOURS`) or ``"text"`` or ``"paper"``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.plots.style import COLOURS
from unrolled.shapes import ArgumentError

FONT_SIZE = 15.0

Point = tuple[float, float]


def colour(name: str) -> str:
    """Name a colour so that it follows the page's theme, with the light tone where there is none.

    Parameters
    ----------
    name : str
        Of the palette, or ``"text"``, ``"paper"`` (the ground), ``"none"``.

    Returns
    -------
    str
        A CSS colour.

    Raises
    ------
    ArgumentError
        No such colour.
    """
    if name == "none":
        return name
    if name == "text":
        return "currentColor"
    if name == "paper":
        return "var(--paper, #fff)"
    if name not in COLOURS:
        raise ArgumentError(f"colour: expected one of {[*COLOURS, 'text', 'paper']}, got {name!r}.")
    return f"var(--{name.replace('_', '-')}, {COLOURS[name]})"


def shape(
    tag: str,
    *children: Element,
    key: str | None = None,
    fill: str | None = None,
    stroke: str | None = None,
    sets: str | None = None,
    **attributes: Any,
) -> Element:
    """Make one SVG element.

    Parameters
    ----------
    tag : str
        ``"circle"``, ``"g"``, ….
    *children : Element
        What it holds.
    key : str, optional
        Its name in the figure; only a keyed element may change from state to state.
    fill, stroke : str, optional
        Colours by name.
    sets : str, optional
        What a click on it chooses, as JSON: ``'{"step": 3}'``.
    **attributes
        Any other attribute, ``stroke_width=2``; numbers are written with two decimals at most.

    Returns
    -------
    xml.etree.ElementTree.Element
        The element.
    """
    written = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
    element = Element(tag, {name: number(value) for name, value in written.items()})
    for name, value in (("fill", fill), ("stroke", stroke)):
        if value is not None:
            element.set(name, colour(value))
    if key is not None:
        element.set("data-key", key)
    if sets is not None:
        element.set("data-set", sets)
    element.extend(children)
    return element


def number(value: float | str) -> str:
    """Write a number with two decimals at most, and leave text alone."""
    if isinstance(value, str):
        return value
    text = f"{float(value):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def group(*children: Element, key: str | None = None, **attributes: Any) -> Element:
    """Hold shapes together: to move, hide or fade them as one."""
    return shape("g", *children, key=key, **attributes)


def text(
    x: float,
    y: float,
    string: str,
    *,
    key: str | None = None,
    fill: str = "text",
    anchor: str = "middle",
    size: float = FONT_SIZE,
    **attributes: Any,
) -> Element:
    """Write a line of text whose middle line runs through y; ``h_t`` and ``W_h`` get subscripts."""
    element = shape(
        "text",
        key=key,
        fill=fill,
        transform=f"translate({number(x)} {number(y + 0.35 * size)})",
        text_anchor=anchor,
        font_size=size,
        **attributes,
    )
    words, *rest = string.split("_")
    element.text = words
    for each in rest:
        lowered, tail = each[:1], each[1:]
        element.append(_lowered(lowered, size))
        if tail:
            element.append(_raised(tail, size))
    return element


def _lowered(string: str, size: float) -> Element:
    element = Element("tspan", {"dy": number(0.22 * size), "font-size": number(0.72 * size)})
    element.text = string
    return element


def _raised(string: str, size: float) -> Element:
    element = Element("tspan", {"dy": number(-0.22 * size)})
    element.text = string
    return element


def circle(x: float, y: float, radius: float, **options: Any) -> Element:
    """Draw a circle around a point."""
    return shape("circle", cx=x, cy=y, r=radius, **options)


def box(
    x: float, y: float, width: float, height: float, *, radius: float = 6, **options: Any
) -> Element:
    """Draw a rectangle with round corners around its middle."""
    return shape(
        "rect",
        x=x - width / 2,
        y=y - height / 2,
        width=width,
        height=height,
        rx=radius,
        **options,
    )


def line(points: Iterable[Point], *, width: float = 2, **options: Any) -> Element:
    """Draw straight lines from point to point."""
    path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return shape("polyline", points=path, fill="none", stroke_width=width, **options)


def arrow(
    start: Point,
    end: Point,
    *,
    bend: float = 0.0,
    key: str | None = None,
    stroke: str = "neutral",
    width: float = 1.8,
    head: float = 8.0,
    **attributes: Any,
) -> Element:
    """Draw an arrow; ``bend`` pushes its middle to the left of its way, in units of length."""
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    middle = (
        (x1 + x2) / 2 + 2 * bend * (y2 - y1) / length,
        (y1 + y2) / 2 - 2 * bend * (x2 - x1) / length,
    )
    angle = math.atan2(y2 - middle[1], x2 - middle[0])
    tail = (x2 - head * 0.8 * math.cos(angle), y2 - head * 0.8 * math.sin(angle))
    wings = [
        (x2 - head * math.cos(angle + turn), y2 - head * math.sin(angle + turn))
        for turn in (-0.42, 0.42)
    ]
    curve = f"M{_at(start)}Q{_at(middle)} {_at(tail)}"
    point = f"M{_at(end)}L{_at(wings[0])}L{_at(wings[1])}Z"
    return group(
        shape("path", d=curve, fill="none", stroke=stroke, stroke_width=width),
        shape("path", d=point, fill=stroke),
        key=key,
        **attributes,
    )


def _at(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def scale(domain: tuple[float, float], places: tuple[float, float]) -> Callable[[float], float]:
    """Return the linear map that takes the two numbers of `domain` to the two `places`."""
    (low, high), (start, end) = domain, places
    return lambda value: start + (float(value) - low) / (high - low) * (end - start)


def axes(
    across: tuple[float, float],
    down: tuple[float, float],
    x_ticks: Sequence[tuple[float, str]] = (),
    y_ticks: Sequence[tuple[float, str]] = (),
    *,
    x_label: str = "",
    y_label: str = "",
) -> Element:
    """Draw the two lines that carry numbers, with their ticks.

    Parameters
    ----------
    across, down : tuple of 2 float
        Left and right end, top and bottom end, in the figure's units.
    x_ticks, y_ticks : sequence of (float, str)
        Place and what to write there.
    x_label, y_label : str
        What the numbers mean: under the right end, and above the top end.

    Returns
    -------
    xml.etree.ElementTree.Element
        A group without keys.
    """
    (left, right), (top, bottom) = across, down
    small = 0.87 * FONT_SIZE
    parts = [line([(left, top), (left, bottom), (right, bottom)], width=1, stroke="neutral")]
    for x, string in x_ticks:
        parts.append(line([(x, bottom), (x, bottom + 5)], width=1, stroke="neutral"))
        parts.append(text(x, bottom + 16, string, size=small))
    for y, string in y_ticks:
        parts.append(line([(left - 5, y), (left, y)], width=1, stroke="neutral"))
        parts.append(text(left - 9, y, string, anchor="end", size=small))
    if x_label:
        parts.append(text(right, bottom + 36, x_label, anchor="end", size=small))
    if y_label:
        parts.append(text(left - 6, top - 14, y_label, anchor="start", size=small))
    return group(*parts)
