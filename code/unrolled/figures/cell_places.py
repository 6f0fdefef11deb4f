"""Where the values and the operations of chapter 4's cell stand on the drawing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from unrolled.figures.svg import Point

SIZE = (460.0, 512.0)


class Box(NamedTuple):
    """What a value is called in the chapter, and its box."""

    name: str
    colour: str
    x: float
    y: float
    width: float = 166.0
    height: float = 55.0


BOXES = {
    "A": Box("x", "input", 109, 31.5, width=213),
    "B": Box("Wx", "input", 85, 157, height=148),
    "C": Box("h_prev", "state", 336, 31.5),
    "D": Box("Wh", "state", 375, 157, height=117),
    "E": Box("b", "neutral", 375, 416),
    "F": Box("x Wx", "input", 115, 282.5),
    "G": Box("h_prev Wh", "state", 345, 282.5),
    "H": Box("sum", "neutral", 230, 353.5),
    "I": Box("a", "neutral", 115, 480.5),
    "J": Box("h_next", "state", 345, 480.5),
}
MADE_BY = {"F": "K", "G": "L", "H": "M", "I": "N", "J": "O"}
CIRCLES: Mapping[str, Point] = {
    "K": (200, 157),
    "L": (260, 157),
    "M": (230, 282.5),
    "N": (184, 416),
    "O": (230, 480.5),
}
LETTER_AT = {"K": (19, -18), "L": (-19, -18), "M": (0, -25), "N": (-25, 0), "O": (0, -25)}
TOUCHES: Mapping[str, Point] = {  # where an edge leaves or enters a box
    "AK": (200, 59),
    "BK": (168, 157),
    "FK": (184, 255),
    "CL": (260, 59),
    "DL": (292, 157),
    "GL": (276, 255),
    "FM": (198, 282.5),
    "GM": (262, 282.5),
    "HM": (230, 326),
    "HN": (184, 381),
    "EN": (292, 416),
    "IN": (184, 453),
    "IO": (198, 480.5),
    "JO": (262, 480.5),
}
