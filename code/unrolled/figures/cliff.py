"""Chapter 7: a way down an error surface with a cliff, with and without clipping."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import groupby
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.analysis.cliff import Descent, Place, descend, loss
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.numerals import power

LEFT, RIGHT = 58.0, 445.0
TOP, BOTTOM = 34.0, 290.0
CURVE = (370.0, 500.0)
W_RANGE, B_RANGE = (3.6, 5.6), (-2.9, -1.2)
ACROSS = svg.scale(W_RANGE, (LEFT, RIGHT))
DOWN = svg.scale(B_RANGE, (BOTTOM, TOP))
LOWEST, HIGHEST = -9, 3
LEVEL = svg.scale((LOWEST, HIGHEST), (CURVE[1], CURVE[0]))
COLUMNS, ROWS = 86, 65
BANDS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4)
RATE = 0.5
OFF = "off"


def cliff(
    starts: Mapping[str, tuple[float, float]], clips: tuple[float, ...], steps: int
) -> Figure:
    """Show the path of gradient descent for a chosen start and clipping limit.

    See eq-cliff and eq-clip (chapter 7).

    Parameters
    ----------
    starts : mapping of str to (float, float)
        What the reader chooses from, and w and b there; the first is shown first.
    clips : tuple of float
        Limits θ on offer besides none.
    steps : int
        Steps of descent, at the rate 0.5.

    Returns
    -------
    Figure
        Above the surface as shades, stronger where the loss is larger, and the path; below the
        norm of the gradient at every step.
    """
    along = svg.scale((0, steps), (LEFT, RIGHT))

    @cache
    def way(start: str, clip: str) -> Descent:
        w, b = starts[start]
        limit = None if clip == OFF else float(clip)
        return descend(Place(np.array([w]), np.array([b])), RATE, steps, clip=limit)

    def ground() -> Drawn:
        surface = svg.axes(
            (LEFT, RIGHT),
            (TOP, BOTTOM),
            [(ACROSS(w), f"{w:g}") for w in (4.0, 4.5, 5.0, 5.5)],
            [(DOWN(b), f"{b:g}".replace("-", "−")) for b in (-2.5, -2.0, -1.5)],
            x_label="weight w",
            y_label="bias b",
        )
        curve = svg.axes(
            (LEFT, RIGHT),
            CURVE,
            [(along(step), str(step)) for step in range(0, steps + 1, 10)],
            [(LEVEL(e), power(10.0**e, whole=True)) for e in range(LOWEST, HIGHEST + 1, 3)],
            x_label="step of descent",
            y_label="norm of the gradient",
        )
        return Drawn([*shades(), surface, curve], "")

    def path(start: str, clip: str) -> Drawn:
        found = way(start, clip)
        places = list(zip(found.path.w, found.path.b, strict=True))
        kept, gone = inside(places)
        drawn = [(round(ACROSS(w), 1), round(DOWN(b), 1)) for w, b in kept]
        x, y = ACROSS(places[0][0]), DOWN(places[0][1])
        shapes = [svg.line(drawn, key="path", stroke="gradient", width=2)]
        for step, (w, b) in enumerate(places):
            seen = gone is None or step < gone
            shapes.append(
                svg.circle(
                    round(ACROSS(w), 1) if seen else x,
                    round(DOWN(b), 1) if seen else y,
                    3,
                    key=f"place{step}",
                    fill="gradient",
                    opacity=int(seen),
                )
            )
        shapes.append(svg.circle(x, y, 7, key="start", fill="none", stroke="text", stroke_width=3))
        logs = np.clip(np.log10(np.maximum(found.norms, 1e-30)), LOWEST, HIGHEST)
        curve = [(round(along(i), 1), round(LEVEL(e), 1)) for i, e in enumerate(logs)]
        shapes.append(svg.line(curve, key="norms", stroke="gradient", width=2))
        limit = LEVEL(LOWEST if clip == OFF else float(np.log10(float(clip))))
        shapes.append(
            svg.line(
                [(LEFT, limit), (RIGHT, limit)],
                key="limit",
                stroke="text",
                width=1.4,
                stroke_dasharray="7 4",
                opacity=int(clip != OFF),
            )
        )
        return Drawn(shapes, _words(found, gone, clip))

    controls = [
        Control("clip", "clipping limit θ", (OFF, *(f"{clip:g}" for clip in clips)), OFF, "choice"),
        Control("start", "start", tuple(starts), next(iter(starts)), "choice"),
    ]
    return respond(
        "cliff",
        "Gradient descent at a cliff",
        "Above, the loss over weight and bias as shades, stronger where it is larger, with a "
        "straight cliff from the upper left "
        "to the lower right, and the path of the descent from a ring. Below, the norm of the "
        "gradient at every step on a logarithmic axis, with the limit as a dashed line.",
        (460, 550),
        controls,
        ground,
        path,
    )


def shades() -> list[Element]:
    """Draw the surface: neighbouring cells of one band of losses as one box.

    Returns
    -------
    list of Element
        The more opaque, the larger the loss.
    """
    width, height = (RIGHT - LEFT) / COLUMNS, (BOTTOM - TOP) / ROWS
    ws = np.linspace(*W_RANGE, COLUMNS + 1)[:-1] + (W_RANGE[1] - W_RANGE[0]) / COLUMNS / 2
    bs = np.linspace(*B_RANGE[::-1], ROWS + 1)[:-1] - (B_RANGE[1] - B_RANGE[0]) / ROWS / 2
    boxes = []
    for row, b in enumerate(bs):
        bands = np.searchsorted(BANDS, loss(Place(ws, np.full_like(ws, b))))
        first = 0
        for band, run in groupby(bands.tolist()):
            count = len(list(run))
            boxes.append(
                svg.shape(
                    "rect",
                    x=LEFT + first * width,
                    y=TOP + row * height,
                    width=count * width,
                    height=height,
                    fill="loss",
                    fill_opacity=0.09 * band,
                    shape_rendering="crispEdges",  # no hairline between neighbours
                )
            )
            first += count
    return boxes


def inside(places: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], int | None]:
    """Cut a path where it leaves the window.

    Parameters
    ----------
    places : list of (float, float)
        w and b along the path, the first one inside.

    Returns
    -------
    kept : list of (float, float)
        Up to the edge of the window.
    gone : int or None
        The first place outside.
    """
    for step, (w, b) in enumerate(places):
        if W_RANGE[0] <= w <= W_RANGE[1] and B_RANGE[0] <= b <= B_RANGE[1]:
            continue
        w0, b0 = places[step - 1]
        shares = [
            (edge - old) / (new - old)
            for old, new, edges in ((w0, w, W_RANGE), (b0, b, B_RANGE))
            for edge in edges
            if min(old, new) < edge < max(old, new)
        ]
        share = min(shares)
        return [*places[:step], (w0 + share * (w - w0), b0 + share * (b - b0))], step
    return places, None


def _words(found: Descent, gone: int | None, clip: str) -> str:
    steps = len(found.losses) - 1
    worst = int(np.argmax(found.norms))
    text = "No clipping. " if clip == OFF else f"Clipped at {clip}. "
    text += f"The gradient is longest at step {worst}: {power(float(found.norms[worst]))}. "
    if gone is not None:
        w, b = found.path.w[gone], found.path.b[gone]
        text += (
            f"Step {gone} leaves the picture for w\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{w:.2f}, "
        )
        text += f"b\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{b:.2f}. "
    end = f"loss {power(float(found.losses[-1]))} and a gradient of {power(float(found.norms[-1]))}"
    return (text + f"After {steps} steps: {end}.").replace("-", "−")
