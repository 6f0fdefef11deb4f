"""Chapter 8: how much of a gradient windows keep, and what a wrong carry costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def kept_shares(
    lengths: Array, one_loss: Array, end_to_end: Array, noise: tuple[Array, Array, Array]
) -> Figure:
    """Draw the share of the gradient kept against the length of the window.

    Parameters
    ----------
    lengths : ndarray, shape (points,)
        Steps of the window.
    one_loss, end_to_end : ndarray, shape (points,)
        With constant input: every loss carried back the whole length, and windows
        that lie end to end.
    noise : tuple of 3 ndarray, each of shape (points,)
        With white noise: the quantiles .1, .5 and .9.

    Returns
    -------
    matplotlib.figure.Figure
        Two lines, and a line in a band.
    """
    figure, axes = page_figure(7.0, 3.4)
    low, middle, high = noise
    axes.fill_between(lengths, low, high, color=COLOURS["neutral"], alpha=0.2, linewidth=0)
    axes.plot(lengths, middle, color=COLOURS["neutral"], linewidth=1.6, linestyle="--")
    axes.plot(lengths, one_loss, color=COLOURS["gradient"], linewidth=2)
    axes.plot(lengths, end_to_end, color=COLOURS["gradient"], linewidth=2, linestyle=(0, (6, 1.5)))
    axes.axhline(1, color="black", linewidth=0.8)
    end = lengths[-1]
    at = len(lengths) // 4
    axes.text(lengths[at], high[at] + 0.05, "white noise: 8 of 10 draws", color=COLOURS["neutral"])
    axes.text(end, one_loss[-1] - 0.04, "a pass after every step", color=COLOURS["gradient"],
              ha="right", va="top")  # fmt: skip
    axes.text(end, end_to_end[-1] - 0.12, "windows end to end", color=COLOURS["gradient"],
              ha="right", va="top")  # fmt: skip
    axes.set_ylim(-0.42, 1.75)
    axes.set_xlabel("length of the window in steps")
    axes.set_ylabel("share of the gradient kept")
    return figure


def loss_in_window(losses: Mapping[str, Array], levels: Mapping[str, float]) -> Figure:
    """Draw the loss of each step of a window, for some ways to hand the state on.

    Parameters
    ----------
    losses : mapping of str to ndarray, shape (T,)
        Nats at each step, by the name of the run.
    levels : mapping of str to float
        Values to compare with, by name.

    Returns
    -------
    matplotlib.figure.Figure
        One named line a run, the levels dashed.
    """
    figure, axes = page_figure(7.0, 3.2)
    steps = np.arange(1, 1 + max(map(len, losses.values())))
    shade = COLOURS["loss"]
    for (name, values), marker in zip(losses.items(), "os^D", strict=False):
        axes.plot(
            steps[: len(values)], values, f"{marker}-", color=shade, linewidth=2, markersize=6
        )
        axes.text(1.5, values[:2].max() + 0.03, name, color=shade, ha="center", va="bottom")
    for name, level in levels.items():
        axes.axhline(level, color=COLOURS["neutral"], linestyle="--", linewidth=1)
        axes.text(
            len(steps) + 0.5, level - 0.02, name, color=COLOURS["neutral"], ha="right", va="top"
        )
    axes.set_xlim(0.8, len(steps) + 0.5)
    axes.set_ylim(-0.06, 1.1)
    axes.set_xticks(steps)
    axes.set_xlabel("step in the window")
    axes.set_ylabel("loss in nats")
    return figure
