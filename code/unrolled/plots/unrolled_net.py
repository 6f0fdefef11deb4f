"""The diagrams of chapter 5: the network over time, and what flows through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALL = 9.5


def folded_and_unrolled(inputs: Sequence[str], targets: Sequence[str]) -> Figure:
    """Draw the network folded, with its loop, and unrolled over its steps.

    Parameters
    ----------
    inputs, targets : sequence of str
        The token read and the token to be predicted, one of each for every step.

    Returns
    -------
    matplotlib.figure.Figure
        Folded on the left, unrolled on the right, the weights written on the arrows.
    """
    figure, axes = _canvas(7.0, 3.3, (-2.6, 1.9 * len(inputs) + 0.6), (-0.75, 3.35))
    _column(axes, -1.7, "x_t", "h_t", "o_t", weights=True)
    style = "arc3,rad=-2.2"
    _arrow(axes, (-1.35, 1.42), (-1.35, 1.02), COLOURS["state"], style)
    axes.text(-0.8, 1.22, "$W_h$", color=COLOURS["state"], fontsize=11, va="center")
    axes.text(-1.7, -0.65, "folded", ha="center", fontsize=_SMALL, color=COLOURS["neutral"])
    places = 1.9 * np.arange(1, len(inputs) + 1) - 0.4
    _arrow(axes, (places[0] - 1.05, 1.22), (places[0] - 0.36, 1.22), COLOURS["state"])
    axes.text(places[0] - 1.1, 1.22, "$h_0$", ha="right", va="center", color=COLOURS["state"])
    for step, (place, token, target) in enumerate(zip(places, inputs, targets, strict=True), 1):
        _column(axes, place, f"x_{step}", f"h_{step}", f"o_{step}", weights=True)
        axes.text(place, -0.35, token, ha="center", va="center", fontsize=11, weight="bold")
        axes.text(place, 3.1, f"→ {target}", ha="center", va="center", fontsize=11, weight="bold")
        if step < len(inputs):
            _arrow(axes, (place + 0.36, 1.22), (place + 1.54, 1.22), COLOURS["state"])
            axes.text(place + 0.95, 1.32, "$W_h$", ha="center", color=COLOURS["state"])
    middle = float(places.mean())
    axes.text(
        middle, -0.65, "unrolled: time →", ha="center", fontsize=_SMALL, color=COLOURS["neutral"]
    )
    return figure


def elman_and_jordan() -> Figure:
    """Draw two ways to hand the past on: by the state (Elman), by the output (Jordan).

    Returns
    -------
    matplotlib.figure.Figure
        Two panels of two steps each; the link through time is the thick arrow.
    """
    figure, axes = _canvas(7.0, 2.9, (-0.6, 8.2), (-0.2, 3.35))
    for left, name in ((0.4, "Elman: the state goes on"), (5.0, "Jordan: the output goes on")):
        for step in (0, 1):
            _column(axes, left + 2.2 * step, f"x_{step}", f"h_{step}", f"y_{step}")
        axes.text(left + 1.1, 3.12, name, ha="center", fontsize=11)
    _arrow(axes, (0.76, 1.22), (2.24, 1.22), COLOURS["state"], width=2.6)
    _arrow(axes, (5.36, 2.42), (6.86, 1.32), COLOURS["loss"], width=2.6)
    return figure


def token_by_token(
    inputs: Sequence[str], targets: Sequence[str], labels: Sequence[str], p: Array, before: Array
) -> Figure:
    """Draw the unrolled network with the probabilities of the next token at every step.

    Parameters
    ----------
    inputs, targets : sequence of str
        The token read and the token to be predicted, one of each for every step.
    labels : sequence of str
        The names of the V classes.
    p, before : ndarray, shape (T, V)
        Probabilities, and those before training, which are drawn as dashed outlines.

    Returns
    -------
    matplotlib.figure.Figure
        One column a step: the token and the state below, above them one bar a class,
        the target in a strong colour.
    """
    from matplotlib.patches import ConnectionPatch

    figure, panels = page_figure(
        7.0, 3.9, rows=2, columns=len(inputs), sharey="row", squeeze=False, height_ratios=(1.5, 1)
    )
    for step, (bars, net) in enumerate(panels.T):
        hits = [label == targets[step] for label in labels]
        shades = [COLOURS["state" if hit else "neutral"] for hit in hits]
        drawn = bars.bar(range(len(labels)), p[step], color=shades, width=0.7)
        bars.bar(
            range(len(labels)),
            before[step],
            width=0.7,
            fill=False,
            edgecolor=COLOURS["neutral"],
            linestyle="--",
        )
        bars.bar_label(drawn, [f"{v:.2f}" if v >= 0.005 else "" for v in p[step]], fontsize=9)
        bars.set_xticks(range(len(labels)), labels)
        bars.set_ylim(0, 1.15)
        bars.grid(visible=False)
        bars.set_title(f"next is {targets[step]}", fontsize=_SMALL)
        net.set_axis_off()
        net.set(xlim=(-1, 1), ylim=(-0.35, 1.8))
        _box(net, 0, 1.0, f"h_{step + 1}", COLOURS["state"])
        _arrow(net, (0, 0.2), (0, 0.68), COLOURS["input"])
        _arrow(net, (0, 1.32), (0, 1.8), COLOURS["loss"])
        net.text(0, 0, inputs[step], ha="center", va="center", fontsize=12, weight="bold")
    for left, right in pairwise(panels[1]):
        link = ConnectionPatch((0.32, 1.0), (-0.32, 1.0), left.transData, right.transData)
        link.set(arrowstyle="-|>", color=COLOURS["state"], linewidth=1.5, mutation_scale=10)
        figure.add_artist(link)
    panels[0, 0].set_ylabel("probability")
    return figure


def gradient_by_step(norms: Mapping[str, Array]) -> Figure:
    """Draw the gradient's norm at every hidden state, for some ways to score.

    Parameters
    ----------
    norms : mapping of str to ndarray, shape (T,)
        ‖∂L/∂h_t‖ for t = 1 … T, by the name of the way to score.

    Returns
    -------
    matplotlib.figure.Figure
        One named line each.
    """
    figure, axes = page_figure(7.0, 2.7)
    shades = (COLOURS["gradient"], COLOURS["state"])
    for (name, values), shade in zip(norms.items(), shades, strict=False):
        steps = np.arange(1, len(values) + 1)
        axes.plot(steps, values, "o-", color=shade, linewidth=2)
        axes.text(0.9, values[0], name, ha="right", va="center", color=shade)
    axes.set_xlim(-0.1, len(steps) + 0.2)
    axes.set_xticks(steps, [f"$h_{step}$" for step in steps])
    axes.set_ylim(bottom=0)
    axes.margins(y=0.2)
    axes.set_ylabel("norm of the gradient")
    return figure


def _canvas(
    width: float, height: float, x: tuple[float, float], y: tuple[float, float]
) -> tuple[Figure, Axes]:
    figure, axes = page_figure(width, height)
    axes.set_axis_off()
    axes.set(xlim=x, ylim=y, aspect="equal")
    return figure, axes


def _column(axes: Axes, place: float, x: str, h: str, o: str, *, weights: bool = False) -> None:
    """Draw one step: input below, state, output above."""
    _box(axes, place, 0.1, x, COLOURS["input"])
    _box(axes, place, 1.22, h, COLOURS["state"])
    _box(axes, place, 2.5, o, COLOURS["loss"])
    _arrow(axes, (place, 0.4), (place, 0.92), COLOURS["input"])
    _arrow(axes, (place, 1.52), (place, 2.2), COLOURS["loss"])
    if weights:
        axes.text(place + 0.07, 0.64, "$W_x$", va="center", color=COLOURS["input"])
        axes.text(place + 0.07, 1.86, "$W_y$", va="center", color=COLOURS["loss"])


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": colour, "lw": 1.6}
    axes.text(x, y, f"${text}$", ha="center", va="center", fontsize=11, bbox=box, color=colour)


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    style: str = "arc3",
    width: float = 1.5,
) -> None:
    look = {
        "arrowstyle": "-|>",
        "color": colour,
        "connectionstyle": style,
        "lw": width,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", end, start, arrowprops=look)
