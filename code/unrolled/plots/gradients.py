"""Figures of chapter 7: gradients that shrink, grow, and meet a cliff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")


def by_state(panels: Mapping[str, Array], states: Sequence[str], shown: int = 40) -> Figure:
    """Draw the norms of the gradient at each state, for many nets.

    Parameters
    ----------
    panels : mapping of str to ndarray, shape (nets, states)
        For each title the norms of every net.
    states : sequence of str
        What is written under each state, the last state first.
    shown : int
        How many nets are drawn as lines of their own.

    Returns
    -------
    Figure
        A panel for each title: thin lines, a band of four fifths of the nets, the median.
    """
    figure, row = page_figure(height=3.4, columns=len(panels), sharey=True, squeeze=False)
    places = np.arange(len(states))
    for axes, (title, norms) in zip(row[0], panels.items(), strict=True):
        low, middle, high = np.quantile(norms, (0.1, 0.5, 0.9), axis=0)
        axes.fill_between(places, low, high, color=COLOURS["gradient"], alpha=0.18, linewidth=0)
        axes.semilogy(places, norms[:shown].T, color=COLOURS["gradient"], alpha=0.25, linewidth=0.8)
        axes.semilogy(places, middle, color=COLOURS["gradient"], linewidth=3)
        axes.set_title(title, fontsize=11)
        axes.set_xticks(places, states)
    row[0][0].set_ylabel("norm of the gradient")
    return figure


def decay(
    curves: Mapping[str, Array], *, x: str, y: str, colour: str = COLOURS["gradient"]
) -> Figure:
    """Draw how something shrinks or grows from step to step.

    Parameters
    ----------
    curves : mapping of str to ndarray, shape (T + 1,)
        For each label the positive numbers at 0, 1, … T; four curves at most.
    x, y : str
        What the axes mean.
    colour : str
        Of all curves; their lines differ.

    Returns
    -------
    Figure
        On a logarithmic scale, each curve labelled at its end.
    """
    figure, axes = page_figure(height=3.4)
    for style, curve in zip(STYLES, curves.values(), strict=False):
        axes.semilogy(curve, style, color=colour, linewidth=2)
    longest = max(len(curve) for curve in curves.values()) - 1
    axes.set(xlabel=x, ylabel=y, xlim=(0, longest * 1.15))
    axes.set_xticks([tick for tick in axes.get_xticks() if tick <= longest])
    low, high = (np.log10(limit) for limit in axes.get_ylim())
    ends = np.array([np.log10(curve[-1]) for curve in curves.values()])
    for label, curve, place in zip(
        curves, curves.values(), _apart(ends, (high - low) / 13), strict=True
    ):
        axes.text(
            len(curve) - 1 + longest * 0.015,
            10**place,
            label,
            color=colour,
            va="center",
            fontsize=10,
        )
    return figure


def cliff_section(bs: Array, losses: Array, slopes: Array) -> Figure:
    """Draw the loss along the bias, and under it the size of its slope. See eq-cliff (chapter 7).

    Parameters
    ----------
    bs : ndarray, shape (points,)
        Biases, rising.
    losses, slopes : ndarray, shape (points,)
        The loss and the size of its derivative.

    Returns
    -------
    Figure
        Two panels that share the axis of the bias.
    """
    figure, (upper, lower) = page_figure(height=4.2, rows=2, sharex=True)
    upper.plot(bs, losses, color=COLOURS["loss"], linewidth=2)
    upper.set_ylabel("loss")
    lower.semilogy(bs, slopes, color=COLOURS["gradient"], linewidth=2)
    lower.set(ylabel="size of the slope", xlabel="bias b", xlim=(bs[0], bs[-1]))
    highest = int(np.argmax(slopes))
    lower.annotate(
        f"{slopes[highest]:.0f}",
        (bs[highest], slopes[highest]),
        (8, -4),
        textcoords="offset points",
        color=COLOURS["gradient"],
        fontsize=10,
    )
    return figure


def _apart(places: Array, gap: float) -> Array:
    """Move labels up, from the lowest on, until none is nearer to the next than the gap."""
    moved = places.astype(np.float64)
    order = np.argsort(places)
    for lower, upper in pairwise(order):
        moved[upper] = max(moved[upper], moved[lower] + gap)
    return moved
