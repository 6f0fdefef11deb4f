"""Figures of chapter 2: what tanh does to a state, once and again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from unrolled.analysis import fixed_points, trajectory
from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STARTS = (-0.9, -0.5, -0.1, 0.1, 0.5, 0.9)


def squashers(a: Array, values: Mapping[str, Array], slopes: Mapping[str, Array]) -> Figure:
    """Draw tanh and sigmoid side by side with their slopes. See eq-tanh and eq-sigmoid (chapter 2).

    Parameters
    ----------
    a : ndarray, shape (points,)
        Pre-activations.
    values, slopes : mapping of str to ndarray of shape (points,)
        Under ``"tanh"`` and ``"sigmoid"``.

    Returns
    -------
    Figure
        Values on the left, slopes on the right.
    """
    colours = {"tanh": COLOURS["state"], "sigmoid": COLOURS["neutral"]}
    figure, (left, right) = page_figure(height=3.0, columns=2, sharex=True)
    for axes, curves, title in ((left, values, "value"), (right, slopes, "slope")):
        for name, curve in curves.items():
            axes.plot(a, curve, color=colours[name], linewidth=2)
        axes.set(xlabel="a", title=title)
    marks = ((left, "tanh", -2.1, -0.7), (left, "sigmoid", -2.9, 0.36))
    for axes, name, x, y in (*marks, (right, "tanh", 0.75, 0.75), (right, "sigmoid", 2.1, 0.2)):
        axes.text(x, y, name, color=colours[name], fontsize=10)
    for axes, levels in ((left, (-1, 0, 1)), (right, (0.25, 1))):
        for level in levels:
            axes.axhline(level, color=COLOURS["neutral"], linewidth=0.8, linestyle=":")
    right.set_yticks([0, 0.25, 0.5, 0.75, 1])
    return figure


def crossings(h: Array, maps: Mapping[float, Array], points: Mapping[float, Array]) -> Figure:
    """Draw maps h → tanh(w h) against the diagonal. See eq-fixed-point (chapter 2).

    Parameters
    ----------
    h : ndarray, shape (points,)
        States before the step.
    maps : mapping of float to ndarray of shape (points,)
        For each w the states after it.
    points : mapping of float to ndarray
        For each w its fixed points.

    Returns
    -------
    Figure
        One axes for each w; a dot where map and diagonal meet.
    """
    figure, row = page_figure(height=2.7, columns=len(maps), sharey=True, squeeze=False)
    for axes, (w, curve) in zip(row[0], maps.items(), strict=True):
        axes.plot(h, h, color=COLOURS["neutral"], linewidth=1, linestyle="--")
        axes.plot(h, curve, color=COLOURS["state"], linewidth=2)
        _dots(axes, points[w], points[w], w)
        count = len(points[w])
        axes.set_title(f"w = {w:g}: {count} fixed point{'s' * (count > 1)}", fontsize=10)
        axes.set(xlabel="h before", xlim=(h[0], h[-1]), aspect="equal")
    row[0][0].set_ylabel("h after")
    return figure


def trajectories(runs: Mapping[float, Array], branches: Mapping[float, Array]) -> Figure:
    """Draw states over time for several w, and below where each w lets them settle.

    Parameters
    ----------
    runs : mapping of float to ndarray, shape (T + 1, starts)
        For each w the states from every start.
    branches : mapping of float to ndarray
        For each w of a fine grid its fixed points, rising.

    Returns
    -------
    Figure
        Trajectories in the upper row, the bifurcation diagram below.
    """
    figure, (upper, lower) = page_figure(height=5.4, columns=len(runs), rows=2, squeeze=False)
    grid = lower[0].get_gridspec()
    for axes in lower:
        axes.remove()
    for axes, (w, hs) in zip(upper, runs.items(), strict=True):
        _draw_run(axes, w, hs)
    upper[0].set_ylabel("state h")
    for axes in upper[1:]:
        axes.set_yticklabels([])
    below = figure.add_subplot(grid[1, :])
    below.spines[["top", "right"]].set_visible(False)
    below.grid(alpha=0.25, linewidth=0.6)
    _draw_branches(below, branches)
    for w in runs:
        below.axvline(w, color=COLOURS["neutral"], linewidth=0.9, linestyle=":")
    return figure


def fade(differences: Mapping[str, Array], *, colour: str = COLOURS["state"]) -> Figure:
    """Draw how a change of one early input lives on in the states.

    Parameters
    ----------
    differences : mapping of str to ndarray, shape (T,)
        For each label the distance of the two states after each step.
    colour : str
        Of all curves; their lines differ.

    Returns
    -------
    Figure
        On a logarithmic scale, each curve labelled at its end.
    """
    figure, axes = page_figure(height=3.1)
    styles = ("-", "--", "-.", ":")
    for style, (label, distance) in zip(styles, differences.items(), strict=False):
        steps = np.arange(1, len(distance) + 1)
        axes.semilogy(steps, distance, style, color=colour, linewidth=2)
        axes.text(steps[-1] + 0.5, distance[-1], label, color=colour, va="center", fontsize=10)
    axes.set(xlabel="step t", ylabel="difference of the two states")
    longest = max(len(distance) for distance in differences.values())
    axes.set_xlim(0.5, longest * 1.2)
    return figure


def gradients(products: Mapping[str, Array]) -> Figure:
    """Draw products of slopes, ∂h_t/∂h_0, over time.

    Parameters
    ----------
    products : mapping of str to ndarray, shape (T,)
        For each label the product after each step.

    Returns
    -------
    Figure
        As :func:`fade`, of the sizes of the products.
    """
    sizes = {label: np.abs(product) for label, product in products.items()}
    figure = fade(sizes, colour=COLOURS["gradient"])
    figure.axes[0].set(ylabel="size of ∂h(t)/∂h(0)")
    return figure


def explore(w: float, steps: int = 20) -> Figure:
    """Run the map for one w from :data:`STARTS` and draw it: made for a slider.

    Parameters
    ----------
    w : float
        Weight of the state on itself.
    steps : int
        How many steps.

    Returns
    -------
    Figure
        Already closed for pyplot, so that a notebook shows it once.
    """
    from matplotlib import pyplot

    figure, axes = page_figure(height=3.0)
    _draw_run(axes, w, trajectory(w, 0.0, np.array(STARTS), steps))
    for point in fixed_points(w):
        axes.axhline(point, color=COLOURS["neutral"], linewidth=1, linestyle="--")
    axes.set_ylabel("state h")
    pyplot.close(figure)
    return figure


def _draw_run(axes: Axes, w: float, hs: Array) -> None:
    axes.plot(hs, color=COLOURS["state"], linewidth=1.4, marker=".", markersize=4)
    axes.set_title(f"w = {w:g}".replace("-", "−"), fontsize=11)
    axes.set(xlabel="step t", ylim=(-1.05, 1.05))


def _draw_branches(axes: Axes, branches: Mapping[float, Array]) -> None:
    """Draw each branch of fixed points: full where states settle, broken where they leave."""
    ws = np.array(list(branches))
    middle = np.array([points[len(points) // 2] for points in branches.values()])
    forked = np.array([len(points) == 3 for points in branches.values()])
    forked[:-1] |= forked[1:]  # begin where the branches part
    outer = np.array([points[[0, -1]] for points in branches.values()])[forked]
    rests = np.abs(ws * (1 - middle * middle)) <= 1
    for kept, style in ((rests, "-"), (~rests & (ws > 0), "--"), (~rests & (ws < 0), "--")):
        axes.plot(ws[kept], middle[kept], color=COLOURS["state"], linewidth=2, linestyle=style)
    axes.plot(ws[forked], outer, color=COLOURS["state"], linewidth=2)
    axes.set(xlabel="w", ylabel="fixed points h*", ylim=(-1.05, 1.05), xlim=(ws[0], ws[-1]))
    for x, y, text in ((0.0, 0.12, "attracts"), (1.95, 0.08, "repels"), (2.0, 0.74, "attract")):
        axes.text(x, y, text, ha="center", fontsize=10)
    if ws[0] < -1:
        axes.text(-1.24, 0.12, "repels,\nflips", ha="center", fontsize=10)


def _dots(axes: Axes, x: Array, y: Array, w: float) -> None:
    """Mark fixed points: full if states come closer, hollow if they move away."""
    for a, b in zip(x, y, strict=True):
        face = COLOURS["state"] if abs(w * (1 - a * a)) <= 1 else "white"
        axes.plot(a, b, "o", color=COLOURS["state"], markerfacecolor=face, markersize=7)
