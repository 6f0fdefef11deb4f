"""Chapter 2: one unit without input, where it goes and where it may stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.analysis import attracts, fixed_points, trajectory
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.shapes import Array

LEFT, RIGHT = 40.0, 445.0
HEIGHT = svg.scale((-1.0, 1.0), (220.0, 30.0))  # of a state in the upper panel
LOWER = svg.scale((-1.0, 1.0), (452.0, 312.0))  # of a fixed point in the lower panel


def settling(ws: Sequence[float], starts: Sequence[float], steps: int = 20) -> Figure:
    """Show h ← tanh(w h) from a chosen start for a chosen w, and its fixed points for every w.

    See eq-fixed-point (chapter 2).

    Parameters
    ----------
    ws : sequence of float
        The weights on offer, rising, 1.5 among them.
    starts : sequence of float
        The starts on offer, rising, 0.1 among them.
    steps : int
        Time steps T to follow.

    Returns
    -------
    Figure
        Above the states over time, below the fixed points against w.
    """
    ws = [round(float(w), 6) + 0.0 for w in ws]  # no minus zero
    across = svg.scale((0, steps), (LEFT, RIGHT))
    along = svg.scale((ws[0], ws[-1]), (LEFT, RIGHT))

    def ground() -> Drawn:
        levels = [(value, f"{value:g}".replace("-", "−")) for value in (-1, 0, 1)]
        upper = svg.axes(
            (LEFT, RIGHT),
            (HEIGHT(1), HEIGHT(-1)),
            [(across(t), str(t)) for t in range(0, steps + 1, 5)],
            [(HEIGHT(value), string) for value, string in levels],
            x_label="step t",
            y_label="state h_t",
        )
        lower = svg.axes(
            (LEFT, RIGHT),
            (LOWER(1), LOWER(-1)),
            [(along(w), f"{w:g}".replace("-", "−")) for w in ws if w == round(w)],
            [(LOWER(value), string) for value, string in levels],
            x_label="weight w",
            y_label="fixed points h*",
        )
        return Drawn([upper, lower, *_branches(ws, along)], "")

    def rest(w: float) -> Drawn:
        points = fixed_points(w)
        cycle = fixed_points(-w)[[0, -1]] if w < -1 else np.zeros(0)
        shapes = [svg.line([(along(w), LOWER(1)), (along(w), LOWER(-1))], key="now", stroke="text")]
        for place in range(3):
            there = place < len(points)
            value = float(points[place]) if there else 0.0
            shapes += _mark(f"{place}", w, value, there, along(w))
        for place in range(2):
            level = HEIGHT(float(cycle[place]) if len(cycle) else 0.0)
            dashes: dict[str, Any] = {"stroke_dasharray": "2 5", "opacity": 1 if len(cycle) else 0}
            shapes.append(
                svg.line(
                    [(LEFT, level), (RIGHT, level)], key=f"cycle{place}", stroke="cell", **dashes
                )
            )
        return Drawn(shapes, _what_rests(w, points, cycle))

    def path(w: float, h0: float) -> Drawn:
        states = trajectory(w, 0.0, np.array(h0), steps)
        places = [(across(t), HEIGHT(h)) for t, h in enumerate(states)]
        dots = [
            svg.circle(x, round(y, 1), 4, key=f"h{t}", fill="state")
            for t, (x, y) in enumerate(places)
        ]
        rounded = [(round(x, 1), round(y, 1)) for x, y in places]
        way = svg.line(rounded, key="way", stroke="state", width=1.4)
        end = f"{states[-1]:.4f}".replace("-", "−")
        return Drawn([way, *dots], f"From {_short(h0)}, after {steps} steps, the state is {end}.")

    controls = [
        Control("w", "weight w", tuple(ws), 1.5),
        Control("h0", "start h₀", tuple(float(start) for start in starts), 0.1),
    ]
    return respond(
        "settling",
        "Where one unit without input settles",
        "Above, the state over time as dots, with lines at the fixed points. Below, the fixed "
        "points for every weight: one branch up to weight 1, then three.",
        (460, 500),
        controls,
        ground,
        rest,
        path,
    )


def _branches(ws: Sequence[float], along: Callable[[float], float]) -> list[Element]:
    """Draw the fixed points for every w: the attracting ones solid, the repelling ones dashed."""
    fine = np.linspace(1, ws[-1], 60)
    outer = np.array([fixed_points(float(w))[[0, -1]] for w in fine])
    lines = [
        svg.line([(along(w), LOWER(h)) for w, h in zip(fine, branch, strict=True)], stroke="state")
        for branch in outer.T
    ]
    low = max(ws[0], -1.0)
    lines.append(svg.line([(along(low), LOWER(0)), (along(1.0), LOWER(0))], stroke="state"))
    for start, end in ((ws[0], low), (1.0, ws[-1])):
        dashed = [(along(start), LOWER(0)), (along(end), LOWER(0))]
        lines.append(svg.line(dashed, stroke="neutral", stroke_dasharray="4 4"))
    return lines


def _mark(name: str, w: float, value: float, there: bool, x: float) -> list[Element]:
    """Mark a fixed point in both panels: full if it attracts, hollow if it repels."""
    full = attracts(w, value)
    level, shown = HEIGHT(value), 1 if there else 0
    return [
        svg.line(
            [(LEFT, level), (RIGHT, level)],
            key=f"level{name}",
            stroke="state" if full else "neutral",
            stroke_dasharray="none" if full else "4 4",
            width=1.2,
            opacity=0.7 * shown,
        ),
        svg.circle(
            x,
            LOWER(value),
            6,
            key=f"point{name}",
            fill="state" if full else "paper",
            stroke="state" if full else "neutral",
            stroke_width=2,
            opacity=shown,
        ),
    ]


def _what_rests(w: float, points: Array, cycle: Array) -> str:
    written = ", ".join(_short(each) for each in points)
    if len(cycle):
        flips = " and ".join(_short(each) for each in cycle)
        rest = "the only fixed point, 0, repels; the state ends flipping between"
        return f"w = {_short(w)}: {rest} {flips}."
    if len(points) == 1:
        return f"w = {_short(w)}: one fixed point, {written}, and it attracts."
    return f"w = {_short(w)}: fixed points {written}; the outer two attract, 0 repels."


def _short(value: float) -> str:
    """Write a number with four decimals at most and a real minus sign."""
    text = f"{float(value):.4f}".rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).replace("-", "−")
