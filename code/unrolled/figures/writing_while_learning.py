"""Chapter 13: what a character model writes while it learns, and how far it is by then."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond

WIDTH = 462.0
LEFT, RIGHT, TOP, BOTTOM = 30.0, 350.0, 40.0, 216.0  # of the curve
LABELS = RIGHT + 20.0
GAP = 15.5  # between the labels of the levels
WRITTEN, PITCH = 276.0, 20.0  # first line of the text, and from line to line
LETTER = 9.0  # width of a letter, 0.6 of its size
COLUMNS, LINES = 50, 6
TICKS = (2, 3, 4, 6)
QUOTED = 40  # characters of the text that the words repeat


def writing_while_learning(store: Mapping[str, Any], start: int) -> Figure:
    """Show the curve of the stored run, and what the model wrote at a moment of it.

    See eq-bits, eq-temperature (chapter 5) and eq-perplexity (chapter 13).

    Parameters
    ----------
    store : mapping
        As :func:`unrolled.characters.stored` gives it.
    start : int
        The step shown first; one of the moments whose texts were kept.

    Returns
    -------
    Figure
        Choices: the moment and the temperature.
    """
    samples = store["samples"]
    moments = {moment["step"]: moment for moment in samples["moments"]}
    temperatures = samples["temperatures"]
    named = _named_levels(store["levels"])
    points = [(0, moments[0]["validation"])] if 0 in moments else []
    points += zip(store["curve"]["step"], store["curve"]["validation"], strict=True)
    across = svg.scale((0, max(step for step, _ in points)), (LEFT, RIGHT))
    lowest = min([bits for _, bits in points] + list(named.values()))
    highest = max([bits for _, bits in points] + list(named.values()))
    up = svg.scale((math.log(0.95 * lowest), math.log(1.05 * highest)), (BOTTOM, TOP))

    def height(bits: float) -> float:
        return up(math.log(bits))

    def ground() -> Drawn:
        steps = sorted(moments)
        ticks = [(across(step), str(step)) for step in (steps[0], steps[-1])]
        rows = [(height(bits), str(bits)) for bits in TICKS if lowest < bits < highest]
        shapes = [
            svg.axes((LEFT, RIGHT), (TOP - 8, BOTTOM), ticks, rows, y_label="bits per character")
        ]
        middle = (LEFT + RIGHT) / 2
        shapes.append(svg.text(middle, BOTTOM + 16, "step of training", size=13))
        places = _apart([height(bits) for bits in named.values()])
        for (name, bits), place in zip(named.items(), places, strict=True):
            level = height(bits)
            way = [(LEFT, level), (RIGHT, level), (LABELS - 4, place)]
            shapes.append(svg.line(way, width=1, stroke="neutral", stroke_dasharray="4 3"))
            written = f"{name} {bits:.2f}"
            shapes.append(svg.text(LABELS, place, written, anchor="start", size=13))
        curve = [(across(step), height(bits)) for step, bits in points]
        shapes.append(svg.line(curve, width=2.2, stroke="state"))
        return Drawn(shapes, "")

    def marker(step: int) -> Drawn:
        bits = moments[step]["validation"]
        dot = svg.circle(
            across(step),
            round(height(bits), 1),
            6,
            key="marker",
            fill="state",
            stroke="paper",
            stroke_width=2,
        )
        words = (
            f"After {step} steps: {bits:.2f} bits per character on the validation part, as unsure "
            f"as among {2**bits:.1f} characters, {_between(bits, named)}."
        )
        return Drawn([dot], words)

    def text(step: int, temperature: float) -> Drawn:
        written = moments[step]["texts"][temperatures.index(temperature)]
        whole = samples["prompt"] + written
        lines = wrapped(whole, COLUMNS, LINES)
        lines += [""] * (LINES - len(lines))
        shapes = [_line(row, line) for row, line in enumerate(lines)]
        quoted = " ".join(whole[:QUOTED].split())
        return Drawn(shapes, f"At temperature {temperature:g} it writes: {quoted} …")

    return respond(
        "writing-while-learning",
        "What the model writes while it learns",
        "Above, the validation bits per character against the step of training, falling across "
        "the dashed levels of the n-grams, with a dot at the chosen step; the axis of the bits "
        "is logarithmic. Below, what the model writes at that step and temperature.",
        (WIDTH, WRITTEN + (LINES - 0.4) * PITCH),
        [
            Control("step", "after step", tuple(moments), start, "steps"),
            Control("temperature", "temperature", tuple(temperatures), temperatures[1], "choice"),
        ],
        ground,
        marker,
        text,
    )


def wrapped(text: str, columns: int, lines: int) -> list[str]:
    """Cut a text into lines, at spaces where there are some; a line's end of its own shows as ↵.

    Parameters
    ----------
    text : str
        Any.
    columns, lines : int
        Characters in a line, and how many lines are kept.

    Returns
    -------
    list of str
        At most ``lines`` of them.
    """
    found: list[str] = []
    for part in text.replace("\n", "↵\n").splitlines():
        rest = part
        while len(rest) > columns:
            cut = rest.rfind(" ", 1, columns + 1)
            cut = columns if cut < 0 else cut
            found.append(rest[:cut])
            rest = rest[cut:].removeprefix(" ")
        found.append(rest)
    return found[:lines]


def _named_levels(levels: Mapping[str, Any]) -> dict[str, float]:
    orders = zip(levels["orders"], levels["validation"], strict=True)
    return {"uniform": levels["uniform"]} | {f"{order}-gram": bits for order, bits in orders}


def _apart(places: Sequence[float]) -> list[float]:
    """Move labels, given from top to bottom, up just so far that none stands on the next."""
    moved: list[float] = []
    floor = BOTTOM + GAP / 2
    for place in reversed(places):
        floor = min(place, floor - GAP)
        moved.insert(0, floor)
    return moved


def _between(bits: float, named: Mapping[str, float]) -> str:
    worse = [name for name, level in named.items() if level > bits]
    better = [name for name, level in named.items() if level <= bits]
    if not worse:
        return "no better than knowing nothing"
    if not better:
        return f"better than every n-gram up to the {worse[-1]}"
    return f"between the levels {worse[-1]} and {better[0]}"


def _line(row: int, line: str) -> Element:
    """Write one line as it is; `svg.text` would set what follows a ``_`` lower."""
    element = svg.shape(
        "text",
        key=f"line{row}",
        x=(WIDTH - COLUMNS * LETTER) / 2,
        y=WRITTEN + row * PITCH,
        font_size=15,
        fill="text",
        style="font-family:var(--pst-font-family-monospace,monospace);white-space:pre",
    )
    element.text = line
    return element
