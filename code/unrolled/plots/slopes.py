"""Figures of chapter 1: the errors of numerical derivatives, and numbers that should fall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def step_errors(steps: Array, errors: Mapping[str, Array], third: float, value: float) -> Figure:
    """Draw how far two numerical derivatives are off, against the step, both axes logarithmic.

    Parameters
    ----------
    steps : ndarray, shape (K,)
        The steps ε.
    errors : mapping of str to ndarray, shape (K,)
        Absolute errors of two methods, drawn in this order; an error of 0 is drawn at 1e-17.
    third : float
        Size of the third derivative, for the line ε²/6 · third.
    value : float
        Size of the function, for the line u · value / ε, u half the spacing of floats at 1.

    Returns
    -------
    matplotlib.figure.Figure
        The V of the central difference between its two lines, and the floor below it.
    """
    figure, axes = page_figure(height=3.9)
    unit = np.finfo(float).eps / 2
    guides = (
        ("truncation: ε²/6 · |f‴|", "--", steps**2 / 6 * third),
        ("rounding: u |f| / ε", ":", unit * value / steps),
    )
    for name, dashes, line in guides:
        axes.loglog(steps, line, dashes, color=COLOURS["neutral"], linewidth=1.4, label=name)
    # the first curve is broad, so that it shows where the second lies upon it
    looks = ((COLOURS["gradient"], 4.0, 7.0), ("#1f2328", 1.3, 3.5))
    for (name, error), (colour, line_width, size) in zip(errors.items(), looks, strict=True):
        shown = np.maximum(error, 1e-17)
        axes.loglog(steps, shown, "o-", color=colour, lw=line_width, markersize=size, label=name)
    axes.set_ylim(3e-18, 3)
    axes.set_xlabel("step ε")
    axes.set_ylabel("absolute error")
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def losses_by_step(runs: Mapping[str, Array], *, ylabel: str = "L", log: bool = True) -> Figure:
    """Draw one curve a run, its name at its end.

    Parameters
    ----------
    runs : mapping of str to ndarray, shape (steps,)
        The number that should fall, by name.
    ylabel : str
        What it is.
    log : bool
        Whether the vertical axis is logarithmic.

    Returns
    -------
    matplotlib.figure.Figure
        Step 0 is the start.
    """
    figure, axes = page_figure(height=3.0)
    colour, marks = COLOURS["loss"], "os^D"
    for (name, run), mark in zip(runs.items(), marks, strict=False):
        axes.plot(np.arange(len(run)), run, f"{mark}-", color=colour, markersize=4.5)
        axes.annotate(
            name,
            (len(run) - 1, run[-1]),
            (7, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=10,
        )
    if log:
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel(ylabel)
    return figure
