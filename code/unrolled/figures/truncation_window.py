"""Chapter 8: windows over eight steps, the terms that they keep, and how much that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.analysis.truncation import kept_terms, stationary_share
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond

FIRST, PITCH = 66.0, 49.0  # middle of the first step, and from step to step
STATES, GRID, ROW = 74.0, 160.0, 30.0  # middles of the states and of the first row; row to row
RADIUS = 15.0
PALE = 0.4


def window(ws: Sequence[float], T: int = 8) -> Figure:
    """Show the terms (t, k) that truncated BPTT keeps, for a window and a stride of choice.

    See eq-truncation-kept, eq-truncation-window and eq-stationary-share (chapter 8).

    Parameters
    ----------
    ws : sequence of float
        Weights of the settled linear cell on offer, 0.95 among them.
    T : int
        Steps.

    Returns
    -------
    Figure
        Above the steps with the window of one loss, below one cell for each term.
    """
    steps = range(1, T + 1)

    def terms(length: int, stride: int) -> Drawn:
        used = min(stride, length)
        kept = kept_terms(T, length, used)
        shapes = []
        for t in steps:
            for k in range(1, t + 1):
                lit = bool(kept[t - 1, k - 1])
                shapes.append(_cell(t, k, key=f"term{t},{k}", fill_opacity=0.35 if lit else 0))
        every = T * (T + 1) // 2
        passes = "a pass after every step" if used == 1 else f"a pass every {used} steps"
        words = f"Windows of {_steps(length)}, {passes}: {kept.sum()} of {every} terms are kept."
        if used < stride:
            words += f" (A stride above {length} would leave losses out, so it is {length} here.)"
        return Drawn(shapes, words)

    def sizes(w: float, length: int, stride: int) -> Drawn:
        used = min(stride, length)
        kept = kept_terms(T, length, used)
        shapes, inside, whole = [], 0.0, 0.0
        for t in steps:
            for k in range(1, t + 1):
                size = w ** (t - k)
                lit = bool(kept[t - 1, k - 1])
                whole += size
                inside += size if lit else 0.0
                shapes.append(
                    svg.text(
                        _middle(k),
                        _row(t),
                        f"{size:.2f}",
                        key=f"size{t},{k}",
                        size=14,
                        opacity=1 if lit else PALE,
                        pointer_events="none",
                    )
                )
        endless = stationary_share(w, length, used)
        words = (
            f"For the settled linear cell with w = {w:g}, {inside / whole:.2f} of the gradient of "
            f"these {T} steps is kept, and {endless:.2f} of that of an endless stream."
        )
        return Drawn(shapes, words)

    def one_loss(t: int, length: int, stride: int) -> Drawn:
        used = min(stride, length)
        reached = [k for k in range(1, t + 1) if kept_terms(T, length, used)[t - 1, k - 1]]
        first, end = reached[0], -(-t // used) * used
        shapes = _pass(T, t, first, max(1, end - length + 1), min(end, T))
        words = (
            f"The loss of step {t} enters the pass after step {end} and reaches back to step "
            f"{first}: {len(reached)} of its {t} term{'s' if t > 1 else ''}."
        )
        return Drawn(shapes, words)

    controls = [
        Control("length", "length K", tuple(steps), 4),
        Control("stride", "stride S", tuple(steps), 4),
        Control("t", "loss of step t", tuple(steps), T - 2, "steps"),
        Control("w", "weight w", tuple(float(w) for w in ws), 0.95, "choice"),
    ]
    return respond(
        "truncation-window",
        "Which terms of the gradient a window keeps",
        "Above, the steps in a row, a frame around the window of one loss, and arrows back from "
        "that loss as far as it is carried. Below, a triangle of cells, one row for each loss and "
        "one column for each use of the weights: the kept ones filled, each with its size in the "
        "settled linear cell.",
        (FIRST + T * PITCH - 8, GRID + (T - 0.5) * ROW + 6),
        controls,
        lambda: Drawn(_ground(T), ""),
        terms,
        sizes,
        one_loss,
    )


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"


def _middle(k: int) -> float:
    return FIRST + (k - 1) * PITCH


def _row(t: int) -> float:
    return GRID + (t - 1) * ROW


def _cell(t: int, k: int, **options: Any) -> Element:
    """Draw the cell of one term; a click on it chooses its loss."""
    return svg.box(
        _middle(k),
        _row(t),
        PITCH - 4,
        ROW - 4,
        radius=4,
        fill="gradient",
        stroke="neutral",
        stroke_width=0.8,
        sets=f'{{"t": {t}}}',
        **options,
    )


def _ground(T: int) -> list[Element]:
    """Draw the states, the values that go from one to the next, and what the rows mean."""
    shapes = [svg.text(_middle(1) - 24, 122, "use of the weights at step k", anchor="start")]
    for k in range(1, T + 1):
        if k > 1:
            start, end = (_middle(k - 1) + RADIUS, STATES), (_middle(k) - RADIUS - 2, STATES)
            shapes.append(svg.arrow(start, end, stroke="state", width=1.6))
        shapes.append(svg.circle(_middle(k), STATES, RADIUS, fill="paper", stroke="state"))
        shapes.append(svg.text(_middle(k), STATES, str(k)))
        shapes.append(svg.text(18, _row(k), f"t = {k}", size=14))
    return shapes


def _pass(T: int, t: int, first: int, left: int, right: int) -> list[Element]:
    """Draw the window of a loss, its way back, and its row among the terms."""
    half = PITCH / 2
    frame = svg.box(
        (_middle(left) + _middle(right)) / 2,
        STATES - 10,
        (right - left + 1) * PITCH - 4,
        72,
        key="frame",
        fill="none",
        stroke="text",
        stroke_width=1.6,
        stroke_dasharray="5 4",
    )
    outline = svg.box(
        (_middle(1) + _middle(t)) / 2,
        _row(t),
        t * PITCH,
        ROW,
        radius=5,
        key="row",
        fill="none",
        stroke="text",
        stroke_width=1.8,
    )
    above = svg.text(
        _middle(t), 14, "loss", key="loss", fill="gradient", size=14, font_weight="bold"
    )
    down = svg.group(
        svg.arrow((0, 24), (0, STATES - RADIUS - 2), stroke="gradient", width=2),
        key="down",
        transform=f"translate({svg.number(_middle(t))} 0)",
    )
    back = [
        svg.arrow(
            (_middle(k) - 8, STATES - RADIUS + 2),
            (_middle(k) - PITCH + 9, STATES - RADIUS + 1),
            bend=-half / 4,
            key=f"back{k}",
            stroke="gradient",
            width=2,
            opacity=1 if first < k <= t else 0,
        )
        for k in range(2, T + 1)
    ]
    return [frame, outline, above, down, *back]
