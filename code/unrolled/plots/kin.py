"""The still figures of chapter 11: how gradients fade for each bias, and what each bias solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fading(shares: Mapping[str, Array], floor: float = 1e-9) -> Figure:
    """Draw how much of a gradient is left, lag by lag.

    Parameters
    ----------
    shares : mapping of str to ndarray, shape (T + 1,)
        For each label the size of the gradient, 1 at lag 0.
    floor : float
        Where the logarithmic axis ends.

    Returns
    -------
    Figure
        One curve for each label, named where it ends or leaves.
    """
    figure, axes = page_figure(height=3.4)
    styles = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    for style, (label, share) in zip(styles, shares.items(), strict=False):
        axes.semilogy(share, linestyle=style, color=COLOURS["gradient"], linewidth=2)
        last = int(np.flatnonzero(share >= floor)[-1])
        inside = last == len(share) - 1
        axes.annotate(
            _typeset(label),
            (last, share[last]),
            (6, 0 if inside else 10),
            textcoords="offset points",
            va="center",
            fontsize=10,
            color=COLOURS["gradient"],
        )
    longest = max(len(share) for share in shares.values())
    highest = max(float(share.max()) for share in shares.values())
    axes.set(xlabel="lag in steps", ylabel="share of the gradient", ylim=(floor, 4 * highest))
    axes.set_xlim(0, 1.16 * longest)
    return figure


def successes(counts: Mapping[str, Sequence[int]], biases: Sequence[str], runs: int) -> Figure:
    """Draw how many runs solved each task with each bias.

    Parameters
    ----------
    counts : mapping of str to sequence of int
        For each task the runs that solved it, by bias.
    biases : sequence of str
        How the biases are written.
    runs : int
        Of each bias on each task.

    Returns
    -------
    Figure
        One panel for each task, one bar for each bias, its count beside it.
    """
    figure, panels = page_figure(height=2.2, columns=len(counts), sharey=True, squeeze=False)
    places = np.arange(len(biases))
    for axes, (task, solved) in zip(panels[0], counts.items(), strict=True):
        axes.barh(places, solved, color=COLOURS["forget_gate"], height=0.7)
        for place, count in zip(places, solved, strict=True):
            axes.text(count + 0.03 * runs, place, str(count), va="center", fontsize=9)
        axes.set_title(task, fontsize=9)
        axes.set_yticks(places, [_typeset(bias) for bias in biases])
        axes.set_xticks([0, runs])
        axes.set_xlim(0, 1.25 * runs)
        axes.grid(visible=False)
    panels[0][0].invert_yaxis()
    figure.supxlabel(f"runs that solved it, of {runs}", fontsize=10)
    return figure


def _typeset(label: str) -> str:
    return label.replace("b_f", "$b_f$")
