"""The still figures of chapter 13: learning by heart, and how far a memory reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unrolled.plots.style import COLOURS, page_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curves = Mapping[str, Sequence[float]]


def memorising(runs: Mapping[str, Curves], top: float = 3.0) -> Figure:
    """Draw the bits of the text that is trained on beside those of the validation part.

    Parameters
    ----------
    runs : mapping of str to mapping
        For each title the lists ``step``, ``training`` and ``validation``.
    top : float
        Where the axis of the bits ends; the beginning of training lies above.

    Returns
    -------
    matplotlib.figure.Figure
        One panel a run, the best validation score marked.
    """
    figure, panels = page_figure(height=3.0, columns=len(runs), sharey=True, squeeze=False)
    for axes, (title, curves) in zip(panels[0], runs.items(), strict=True):
        steps = curves["step"]
        for name, tone, style, side in (
            ("training", COLOURS["loss"], "--", -1),
            ("validation", COLOURS["state"], "-", 1),
        ):
            axes.plot(steps, curves[name], style, color=tone, linewidth=2)
            axes.annotate(
                name,
                (steps[-1], curves[name][-1]),
                (2, 7 * side),
                textcoords="offset points",
                ha="right",
                va="bottom" if side > 0 else "top",
                color=tone,
                fontsize=10,
            )
        best = min(range(len(steps)), key=curves["validation"].__getitem__)
        axes.plot(steps[best], curves["validation"][best], "o", color=COLOURS["state"])
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step of training")
    panels[0][0].set_ylabel("bits per character")
    lowest = min(min(curves["training"]) for curves in runs.values())
    panels[0][0].set_ylim(0.7 * lowest, top)
    return figure


def bits_by_reach(kept: Sequence[int], curves: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how good predictions are if only so many of the last characters are true.

    Parameters
    ----------
    kept : sequence of int
        How many.
    curves : mapping of str to sequence of float
        Bits per character, by the name of the model.

    Returns
    -------
    matplotlib.figure.Figure
        One line a model, named at its start; the axis of the characters is logarithmic.
    """
    figure, axes = page_figure(height=3.0)
    tones = (COLOURS["neutral"], COLOURS["state"])
    for (name, bits), tone, style in zip(curves.items(), tones, ("--", "-"), strict=False):
        axes.plot(kept, bits, style, marker="o", markersize=4, color=tone, linewidth=2)
        axes.annotate(
            name,
            (kept[0], bits[0]),
            (-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=tone,
            fontsize=10,
        )
    axes.set_xscale("log")
    axes.set_xticks(list(kept), [str(each) for each in kept])
    axes.minorticks_off()
    axes.set_xlim(0.7 * kept[0], 1.1 * kept[-1])
    axes.set_xlabel("characters before the predicted one that are left true")
    axes.set_ylabel("bits per character")
    return figure
