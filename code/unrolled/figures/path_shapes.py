"""What chapter 6's path ledger is drawn of: the net, the triangle of terms, the running sum."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias
from xml.etree.ElementTree import Element

from unrolled.figures import svg
from unrolled.shapes import Array

Pairs: TypeAlias = Sequence[tuple[int, int]]  # (t, k) of each term, in the order of the sum

WEIGHTS = {"Wh": "W_h", "Wx": "W_x", "Wy": "W_y"}

FIRST, PITCH, RADIUS = 134.0, 94.0, 19.0  # of the states; h_0 stands one pitch before the first
LOSS, STATE, READ = 26.0, 104.0, 182.0  # heights of the three rows of the net
SIDE, CORNER = 42.0, (46.0, 268.0)  # of the grid: a cell, and the top left corner
LEFT, RIGHT = 282.0, 444.0  # the running sum, between these
ROW = 16.8


class Terms(NamedTuple):
    """All terms of one parameter, in the order in which they are added."""

    norms: Array
    """(terms,)."""
    entries: Array
    """Entry [0, 0] of each, (terms,)."""
    sums: Array
    """Of the entries up to each, with the 0 before the first: (terms + 1,)."""


def _x(step: int) -> float:
    return FIRST + PITCH * (step - 1)


def net(T: int) -> list[Element]:
    """Draw the net without any path: pale arrows, and a circle for every value."""
    pale: dict[str, Any] = {"stroke": "neutral", "opacity": 0.55}
    shapes = []
    for t in range(1, T + 1):
        x = _x(t)
        shapes += [
            svg.arrow((x - PITCH + RADIUS, STATE + 4), (x - RADIUS, STATE + 4), **pale),
            svg.arrow((x - 4, READ - 16), (x - 4, STATE + RADIUS), **pale),
            svg.arrow((x - 4, STATE - RADIUS), (x - 4, LOSS + 16), **pale),
            svg.text(x, LOSS, f"L_{t}", fill="loss", font_weight="bold"),
            svg.text(x, READ, f"x_{t}", fill="input", font_weight="bold"),
        ]
    for t in range(T + 1):
        shapes += [
            svg.circle(_x(t), STATE, RADIUS, fill="paper", stroke="state", stroke_width=1.6),
            svg.text(_x(t), STATE, f"h_{t}", fill="state", font_weight="bold"),
        ]
    return shapes


def way(T: int, t: int, k: int, of: str) -> list[Element]:
    """Draw the way back from the loss at step t to the use at step k, and mark the use."""
    exists = of != "Wy" or t == k
    shapes = []
    for step in range(1, T + 1):
        x = _x(step)
        down = exists and step == t and of != "Wy"
        back = exists and k < step <= t
        shapes += [
            svg.arrow(
                (x + 5, LOSS + 14),
                (x + 5, STATE - RADIUS - 1),
                key=f"down{step}",
                stroke="gradient",
                width=2.6,
                opacity=int(down),
            ),
            svg.arrow(
                (x - RADIUS - 1, STATE - 4),
                (x - PITCH + RADIUS + 1, STATE - 4),
                key=f"back{step}",
                stroke="gradient",
                width=2.6,
                opacity=int(back),
            ),
        ]
        for name, label in WEIGHTS.items():
            shapes += _use(step, name, label, exists and name == of and step == k, name == of)
    return shapes


def _use(step: int, name: str, label: str, used: bool, asked: bool) -> list[Element]:
    """Write a weight beside its arrow; where the path ends, in a frame."""
    at = {
        "Wh": (_x(step) - PITCH / 2, STATE - 20),
        "Wx": (_x(step) + 20, (STATE + READ) / 2 + 4),
        "Wy": (_x(step) + 22, (STATE + LOSS) / 2 - 10),
    }[name]
    key = f"{name}{step}"
    return [
        svg.box(*at, 32, 22, key=f"frame{key}", fill="paper", stroke="gradient", stroke_width=2.2,
                opacity=int(used)),
        svg.text(*at, label, key=f"name{key}", fill="gradient" if used else "text", size=14,
                 opacity=1 if used else 0.8 if asked else 0.45),
    ]  # fmt: skip


def heads(T: int) -> Element:
    """Write the numbers of the grid's rows and columns; a dot stands where no term can be."""
    left, top = CORNER
    parts = [
        svg.text(left + T * SIDE / 2, top - 34, "used at step k", size=13.5),
        svg.text(left - 14, top - 13, "L_t", fill="loss"),
    ]
    for step in range(1, T + 1):
        middle = SIDE * (step - 0.5)
        parts.append(svg.text(left + middle, top - 13, f"{step}"))
        parts.append(svg.text(left - 14, top + middle, f"{step}"))
        for k in range(step + 1, T + 1):
            parts.append(svg.circle(left + SIDE * (k - 0.5), top + middle, 1.5, fill="neutral"))
    return svg.group(*parts)


def cell(place: int, t: int, k: int, norm: float | None, share: float, term: int) -> list[Element]:
    """Draw one term of the triangle: its norm, and the more colour the larger its share."""
    x, y = CORNER[0] + SIDE * (k - 0.5), CORNER[1] + SIDE * (t - 0.5)
    chosen = term == place + 1
    written = "–" if norm is None else number(norm, 2)
    return [
        svg.box(
            x,
            y,
            SIDE - 4,
            SIDE - 4,
            radius=4,
            key=f"cell{place}",
            fill="gradient",
            fill_opacity=0.06 + 0.5 * share,
            stroke="text" if chosen else "neutral",
            stroke_width=2.6 if chosen else 0.8,
            sets=f'{{"term": {place + 1}}}',
        ),
        svg.text(x, y, written, key=f"norm{place}", size=13.5, pointer_events="none"),
    ]


def running(pairs: Pairs, terms: Terms, of: str, term: int) -> list[Element]:
    """Draw the terms end to end, one below the other, down to the present one."""
    top, count = CORNER[1], len(pairs)
    low, high = terms.sums.min(), terms.sums.max()
    across = svg.scale((low, high), (LEFT, RIGHT))
    bottom = top + ROW * count
    zero, end = round(across(0.0), 1), round(across(terms.sums[-1]), 1)
    shapes = [
        svg.text(LEFT, top - 34, f"sum of d{of}[0, 0]", key="sum", size=13.5, anchor="start"),
        svg.text(LEFT - 14, top - 13, "t,k", fill="neutral", size=12.5, anchor="end"),
        svg.line([(zero, top - 4), (zero, bottom)], key="zero", stroke="neutral", width=1),
        svg.text(zero, top - 13, "0", key="nought", fill="neutral", size=13),
        svg.line(
            [(end, top - 4), (end, bottom)],
            key="end",
            stroke="gradient",
            width=1.4,
            stroke_dasharray="4 3",
        ),
    ]
    for place, (before, after) in enumerate(pairwise(terms.sums)):
        x1, x2 = sorted((round(across(before), 1), round(across(after), 1)))
        y = top + ROW * (place + 0.5)
        shapes += [
            svg.box(
                (x1 + x2) / 2,
                y,
                max(x2 - x1, 1.5),
                ROW - 4,
                radius=0,
                key=f"bar{place}",
                fill="gradient",
                opacity=0 if place >= term else 1 if place == term - 1 else 0.45,
            ),
            svg.text(
                LEFT - 14,
                y,
                ",".join(map(str, pairs[place])),
                key=f"pair{place}",
                size=12.5,
                anchor="end",
                font_weight="bold" if place == term - 1 else "normal",
                opacity=1 if place < term else 0.45,
            ),
        ]
    so_far = svg.text(
        LEFT,
        bottom + 14,
        f"{number(terms.sums[term], 4)} of {number(terms.sums[-1], 4)}",
        key="sofar",
        anchor="start",
        fill="gradient",
    )
    return [*shapes, so_far]


def number(value: float, digits: int) -> str:
    """Write a number with a real minus sign, and never minus zero."""
    text = f"{float(value):.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")
