"""Chapter 7: how long a gradient is, so many steps back, in many random nets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from unrolled.analysis.jacobians import gradient_by_lag
from unrolled.cells import RNN, Hidden
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.numerals import power
from unrolled.sequence import unroll
from unrolled.shapes import Array

LEFT, RIGHT = 58.0, 445.0
TOP, BOTTOM = 34.0, 330.0
LOWEST, HIGHEST = -12, 3
LEVEL = svg.scale((LOWEST, HIGHEST), (BOTTOM, TOP))  # of log₁₀ of a norm
LETTERS, SINGLE = 4, 5


def gradient_norms(
    scales: Sequence[float], widths: Sequence[int], nets: int = 20, steps: int = 20
) -> Figure:
    """Show the norm of a gradient by lag, for random nets of a chosen scale and width.

    See eq-gradient-by-lag (chapter 7).

    Parameters
    ----------
    scales : sequence of float
        What the recurrent weights of a fresh net are multiplied by; 1 is among them.
    widths : sequence of int
        Hidden units H; 8 is among them.
    nets : int
        Nets for each choice, with the seeds 0, 1, …, at least 5.
    steps : int
        Time steps T.

    Returns
    -------
    Figure
        The middle four fifths of the nets as a band, their median, and five of them alone.
    """
    across = svg.scale((0, steps), (LEFT, RIGHT))

    @cache
    def logs(scale: float, width: int) -> Array:
        norms = np.array([net_norms(scale, width, seed, steps) for seed in range(nets)])
        found: Array = np.log10(np.maximum(norms, 10.0 ** (2 * LOWEST)))
        return found

    def ground() -> Drawn:
        frame = svg.axes(
            (LEFT, RIGHT),
            (TOP, BOTTOM),
            [(across(lag), str(lag)) for lag in range(0, steps + 1, 5)],
            [(LEVEL(e), power(10.0**e, whole=True)) for e in range(LOWEST, HIGHEST + 1, 3)],
            x_label="steps back",
            y_label="norm of the gradient, 1 where it arrives",
        )
        one = svg.line(
            [(LEFT, LEVEL(0)), (RIGHT, LEVEL(0))],
            stroke="neutral",
            width=1,
            stroke_dasharray="4 4",
        )
        return Drawn([frame, one], "")

    def curves(scale: float, width: int) -> Drawn:
        found = logs(scale, width)
        low, middle, high = np.quantile(found, (0.1, 0.5, 0.9), axis=0)
        places = [across(lag) for lag in range(steps + 1)]
        edge = [*_along(places, high), *reversed(_along(places, low))]
        shapes = [
            svg.shape(
                "polygon",
                key="band",
                fill="gradient",
                fill_opacity=0.22,
                points=" ".join(f"{x:g},{y:g}" for x, y in edge),
            )
        ]
        shapes += [
            svg.line(
                _along(places, found[seed]),
                key=f"net{seed}",
                stroke="gradient",
                width=1,
                opacity=0.6,
            )
            for seed in range(SINGLE)
        ]
        shapes.append(svg.line(_along(places, middle), key="median", stroke="gradient", width=3))
        end = found[:, -1]
        ends = [power(10.0**e) for e in np.quantile(end, (0.5, 0.1, 0.9))]
        return Drawn(
            shapes,
            f"Recurrent weights × {scale:g}, {width} units, {nets} nets. After {steps} steps the "
            f"median is {ends[0]}, and four fifths of the nets lie between {ends[1]} and "
            f"{ends[2]}. The gradient has become shorter in {int((end < 0).sum())} nets.",
        )

    controls = [
        Control("scale", "weights ×", tuple(float(each) for each in scales), 1.0),
        Control("width", "units H", tuple(widths), 8, "choice"),
    ]
    return respond(
        "gradient-norms",
        "A gradient on its way back through random nets",
        "The length of a gradient on a logarithmic axis against the number of steps back: a band "
        "that holds four fifths of the nets, the median as a thick line, and five single nets.",
        (460, 380),
        controls,
        ground,
        curves,
    )


def net_norms(scale: float, width: int, seed: int, steps: int) -> Array:
    """Run one fresh net over random letters, and send back a gradient of norm 1.

    Parameters
    ----------
    scale : float
        What its recurrent weights are multiplied by.
    width : int
        Hidden units H.
    seed : int
        Of the weights, the letters and the gradient's direction, drawn in this order.
    steps : int
        Time steps T.

    Returns
    -------
    ndarray, shape (steps + 1,)
        The norm at the lags 0, 1, … T.
    """
    rng = np.random.default_rng(seed)
    params = RNN.init(LETTERS, width, rng=rng)
    letters = rng.integers(0, LETTERS, (steps, 1))
    arrives = rng.standard_normal((1, width))
    _, _, tape = unroll(RNN, params._replace(Wh=scale * params.Wh), letters)
    return gradient_by_lag(RNN, tape, Hidden(arrives / np.linalg.norm(arrives))).h[:, 0]


def _along(places: Sequence[float], logs: Array) -> list[svg.Point]:
    """Put logarithms on the drawing, those that leave it at its edge."""
    kept = np.clip(logs, LOWEST, HIGHEST)
    return [(round(x, 1), round(LEVEL(e), 1)) for x, e in zip(places, kept, strict=True)]
