"""Figures of chapter 9: the LSTM cell drawn, and what its gates do to a memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from unrolled.analysis.memory import gate_half_life
from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROAD = 3.6  # the height of the straight road of c
PULSES = {1: 1.0, 12: -0.5}  # what the slider's unit may write, by step; else nothing
_SMALL = 10

Point = tuple[float, float]


def cell() -> Figure:
    """Draw one step of the LSTM, the road of c on top. See eq-lstm-i to eq-lstm-h (chapter 9).

    Returns
    -------
    matplotlib.figure.Figure
        Values flow from left to right; each gate is in its own colour.
    """
    figure, axes = page_figure(7.0, 4.1)
    axes.set(xlim=(-0.35, 7.05), ylim=(-0.5, 4.15), aspect="equal")
    axes.set_axis_off()
    state, c = COLOURS["state"], COLOURS["cell"]
    _way(axes, c, (0.35, ROAD), (6.3, ROAD), width=3.2)
    _way(axes, state, (0.35, 0.2), (4.6, 0.2), head=False)
    _way(axes, COLOURS["input"], (0.85, -0.22), (0.85, 0.2), head=False)
    for x, name, gate, symbol in (
        (1.4, "forget_gate", "f_t", "σ"),
        (2.5, "input_gate", "i_t", "σ"),
        (3.6, "candidate", "g_t", "tanh"),
        (4.6, "output_gate", "o_t", "σ"),
    ):
        _way(axes, COLOURS["neutral"], (x, 0.2), (x, 0.62))
        _box(axes, x, 0.86, symbol, COLOURS[name])
        axes.text(x + 0.1, 1.32, f"${gate}$", color=COLOURS[name], fontsize=12, va="center")
    _way(axes, COLOURS["forget_gate"], (1.4, 1.1), (1.4, ROAD - 0.2))
    _way(axes, COLOURS["input_gate"], (2.5, 1.1), (2.5, 2.3), (2.85, 2.3))
    _way(axes, COLOURS["candidate"], (3.6, 1.1), (3.6, 2.3), (3.25, 2.3))
    _way(axes, COLOURS["neutral"], (3.05, 2.5), (3.05, ROAD - 0.2))
    _way(axes, c, (5.5, ROAD), (5.5, 2.96))
    _way(axes, c, (5.5, 2.5), (5.5, 1.98))
    _way(axes, COLOURS["output_gate"], (4.6, 1.1), (4.6, 1.78), (5.3, 1.78))
    _way(axes, state, (5.7, 1.78), (6.3, 1.78))
    _box(axes, 5.5, 2.73, "tanh", c)
    for x, y, symbol in ((1.4, ROAD, "×"), (3.05, ROAD, "+"), (3.05, 2.3, "×"), (5.5, 1.78, "×")):
        _circle(axes, x, y, symbol)
    for x, y, name, colour in (
        (0.0, ROAD, "$c_{t-1}$", c),
        (6.65, ROAD, "$c_t$", c),
        (0.0, 0.2, "$h_{t-1}$", state),
        (6.65, 1.78, "$h_t$", state),
        (0.85, -0.38, "$x_t$", COLOURS["input"]),
    ):
        axes.text(x, y, name, color=colour, fontsize=13, ha="center", va="center")
    axes.text(1.95, ROAD + 0.3, "kept", color=c, fontsize=_SMALL, ha="center")
    axes.text(3.15, 2.95, "added", color=COLOURS["neutral"], fontsize=_SMALL)
    axes.text(6.0, 2.05, "shown", color=state, fontsize=_SMALL, ha="center")
    return figure


def decay(steps: Array, shares: Mapping[str, Array], lives: Sequence[float]) -> Figure:
    """Draw the share of a memory that is left over time. See eq-half-life (chapter 9).

    Parameters
    ----------
    steps : ndarray, shape (points,)
        Above zero, on a logarithmic axis.
    shares : mapping of str to ndarray, shape (points,)
        What is left after so many steps, by a label.
    lives : sequence of float
        The half-life of each, where its dot and its label stand.

    Returns
    -------
    matplotlib.figure.Figure
        One line a label, with a dot where half is left.
    """
    figure, axes = page_figure(height=3.1)
    axes.axhline(0.5, color=COLOURS["neutral"], linewidth=1, linestyle=":")
    for (label, left), life in zip(shares.items(), lives, strict=True):
        axes.semilogx(steps, left, color=COLOURS["cell"], linewidth=2)
        axes.plot(life, 0.5, "o", color=COLOURS["forget_gate"], markersize=6)
        axes.text(1.06 * life, 0.54, label, fontsize=_SMALL)
    axes.set(xlabel="steps without writing", ylabel="share of c left", ylim=(-0.04, 1.04))
    axes.set(xlim=(steps[0], steps[-1]))
    axes.xaxis.set_major_formatter("{x:g}")
    return figure


def learning(losses: Mapping[str, Array]) -> Figure:
    """Draw the losses of several runs of several networks.

    Parameters
    ----------
    losses : mapping of str to ndarray, shape (runs, steps)
        By the name of the network.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a network, one line a run; dotted, the loss of a guess, ln 2.
    """
    figure, panels = page_figure(height=2.9, columns=len(losses), sharey=True, squeeze=False)
    for axes, (name, runs) in zip(panels[0], losses.items(), strict=True):
        axes.plot(np.asarray(runs).T, color=COLOURS["loss"], linewidth=1.3)
        axes.axhline(np.log(2), color=COLOURS["neutral"], linewidth=1, linestyle=":")
        axes.set_title(name, fontsize=_SMALL)
        axes.set(xlabel="step of training", ylim=(0, 1.0))
    panels[0][0].set_ylabel("loss (nats)")
    return figure


def inside(i: Array, f: Array, c: Array, labels: Sequence[str]) -> Figure:
    """Draw two gates of one unit, and what its cell holds, over the steps of some sequences.

    Parameters
    ----------
    i, f, c : ndarray, shape (T, runs)
        Of one unit, one column for each sequence.
    labels : sequence of str
        Of the sequences, written at the ends of c.

    Returns
    -------
    matplotlib.figure.Figure
        Left the gates, right the cell; the sequences differ in their lines.
    """
    figure, (left, right) = page_figure(height=3.1, columns=2)
    steps = np.arange(1, len(c) + 1)
    styles = ("-", "--")
    for gates, name, label in ((f, "forget_gate", "f"), (i, "input_gate", "i")):
        for column, style in zip(gates.T, styles, strict=False):
            left.plot(steps, column, style, color=COLOURS[name], linewidth=1.8)
        height = float(gates[-1].mean())
        left.text(len(c) + 0.6, height, label, color=COLOURS[name], va="center", fontsize=12)
    for column, style, label in zip(c.T, styles, labels, strict=False):
        right.plot(steps, column, style, color=COLOURS["cell"], linewidth=2)
        right.text(len(c) + 0.6, column[-1], label, color=COLOURS["cell"], va="center")
    for level in (-1, 1):
        right.axhline(level, color=COLOURS["neutral"], linewidth=0.9, linestyle=":")
    left.set(ylim=(0, 1.03), xlabel="step t", title="the gates", xlim=(0.5, 1.1 * len(c)))
    right.set_xticks([t for t in left.get_xticks() if 1 <= t <= len(c)])
    right.set(xlabel="step t", title="the cell c", xlim=(0.5, 1.28 * len(c)))
    return figure


def explore(f: float, i: float, o: float, steps: int = 24) -> Figure:
    """Run one unit with constant gates over :data:`PULSES` and draw c and h: made for sliders.

    See eq-lstm-c and eq-lstm-h (chapter 9).

    Parameters
    ----------
    f, i, o : float
        The gates, from 0 to 1.
    steps : int
        How many steps.

    Returns
    -------
    matplotlib.figure.Figure
        Already closed for pyplot, so that a notebook shows it once.
    """
    from matplotlib import pyplot

    c = [0.0]
    for t in range(1, steps + 1):
        c.append(f * c[-1] + i * PULSES.get(t, 0.0))
    figure, axes = page_figure(height=3.0)
    axes.plot(c, color=COLOURS["cell"], linewidth=2, marker=".")
    axes.plot(o * np.tanh(c), color=COLOURS["state"], linewidth=2, linestyle="--", marker=".")
    axes.text(0.98 * steps, 0.9, "c", color=COLOURS["cell"], ha="right", fontsize=12)
    label = "h = o tanh(c), dashed"
    axes.text(0.98 * steps, 0.7, label, color=COLOURS["state"], ha="right", fontsize=12)
    for t, g in PULSES.items():
        axes.text(t + 0.2, -0.95, f"g = {g:g}".replace("-", "−"), fontsize=_SMALL)
        axes.axvline(t, color=COLOURS["candidate"], linewidth=1, linestyle=":")
    lives = f"{gate_half_life(f):.1f} steps" if 0 < f < 1 else "none"
    axes.set(xlabel="step t", ylim=(-1.1, 1.1), title=f"half-life: {lives}")
    pyplot.close(figure)
    return figure


def _way(axes: Axes, colour: str, *points: Point, width: float = 1.7, head: bool = True) -> None:
    """Draw a line from point to point, with an arrowhead at its end."""
    *corners, end = points
    x, y = zip(*corners, *([] if head else [end]), strict=True)
    axes.plot(x, y, color=colour, linewidth=width, solid_joinstyle="round", zorder=1)
    if head:
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": width, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=end, xytext=corners[-1], arrowprops=arrow, zorder=1)


def _box(axes: Axes, x: float, y: float, symbol: str, colour: str) -> None:
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour, "lw": 1.8}
    axes.text(x, y, symbol, ha="center", va="center", color=colour, fontsize=11, bbox=frame)


def _circle(axes: Axes, x: float, y: float, symbol: str) -> None:
    frame = {"boxstyle": "circle,pad=0.18", "facecolor": "white", "edgecolor": "black", "lw": 1.2}
    axes.text(x, y, symbol, ha="center", va="center", fontsize=12, bbox=frame, zorder=3)
