"""The still figures of chapter 14: what the tricks gain, what the model predicts, what grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.plots.style import COLOURS, page_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "os^D"
ALIGNED = {"LSTM": "bottom", "GRU": "top"}
"""Two cells that take nearly as long: their names must not lie on each other."""
LEVELS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def gains(pairs: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw how many times faster each piece runs with its trick.

    Parameters
    ----------
    pairs : sequence of mapping
        ``tricks.pairs`` of the store: ``words``, ``size``, ``ratio`` (with ÷ without).

    Returns
    -------
    Figure
        One row for each trick, one mark for each size, with its quartiles; hollow where it loses.
    """
    rows = list(dict.fromkeys(pair["words"] for pair in pairs))
    sizes = list(dict.fromkeys(pair["size"] for pair in pairs))
    figure, axes = page_figure(4.6, 0.52 * len(rows) + 1)
    for pair in pairs:
        place = sizes.index(pair["size"])
        y = rows.index(pair["words"]) + 0.17 * (place - (len(sizes) - 1) / 2)
        low, middle, high = (1 / ratio for ratio in pair["ratio"][::-1])
        shade = COLOURS["state"] if middle >= 1 else COLOURS["neutral"]
        axes.plot([low, high], [y, y], color=shade, linewidth=1.4)
        inside = shade if middle >= 1 else "white"
        axes.plot(middle, y, MARKERS[place], color=shade, markersize=5.5, markerfacecolor=inside)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log", base=2)
    axes.set_xticks(LEVELS, [f"{level:g}" for level in LEVELS])
    for y, words in enumerate(rows):
        ground = {"color": "white", "pad": 1}  # the line at 1 must not run through the words
        axes.text(LEVELS[0] * 0.64, y - 0.42, words, va="center", fontsize=10, bbox=ground)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(LEVELS[0] * 0.6, LEVELS[-1])
    axes.set_ylim(len(rows) - 0.5, -0.8)
    axes.set_xlabel("times as fast with the trick")
    for place, size in enumerate(sizes):
        axes.plot([], [], MARKERS[place], color=COLOURS["neutral"], label=size)
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(sizes), frameon=False, fontsize=10
    )
    return figure


def predicted(
    names: Sequence[str], parts: Mapping[str, Sequence[float]], measured: Sequence[float]
) -> Figure:
    """Draw predicted times, part by part, beside measured ones.

    Parameters
    ----------
    names : sequence of str
        Of the rows.
    parts : mapping of str to sequence of float
        For each part of the prediction its seconds, row by row.
    measured : sequence of float
        Seconds.

    Returns
    -------
    Figure
        One row for each name; all times as shares of the measured one, which is 1.
    """
    figure, axes = page_figure(5.4, 0.42 * len(names) + 1)
    places, before = np.arange(len(names)), np.zeros(len(names))
    for tone, (name, values) in zip((0.95, 0.6, 0.25), parts.items(), strict=False):
        shares = np.array(values) / np.array(measured)
        axes.barh(
            places,
            shares,
            left=before,
            height=0.62,
            color=COLOURS["neutral"],
            alpha=tone,
            label=name,
        )
        before = before + shares
    axes.axvline(1, color="black", linewidth=1.2)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, max(1.12, 1.05 * float(before.max())))
    axes.set_xlabel("predicted time as a share of the measured one")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=10)
    axes.grid(visible=False)
    return figure


def growth(times: Sequence[Mapping[str, Any]], memory: Mapping[str, Any]) -> Figure:
    """Draw how time and memory grow with the number of steps.

    Parameters
    ----------
    times : sequence of mapping
        ``growth.time`` of the store.
    memory : mapping
        ``growth.memory`` of the store.

    Returns
    -------
    Figure
        Left the seconds of each cell, right the bytes with full and with truncated gradients.
    """
    figure, (left, right) = page_figure(height=3.0, columns=2)
    for marker, each in zip(MARKERS, times, strict=False):
        seconds = 1e3 * np.array(each["seconds"])
        left.loglog(each["T"], seconds, f"{marker}-", color=COLOURS["state"], markersize=5)
        left.annotate(
            each["cell"], (each["T"][-1], seconds[-1]), (6, 0), textcoords="offset points",
            va=ALIGNED.get(each["cell"], "center"), fontsize=10, color=COLOURS["state"],
        )  # fmt: skip
    steps = memory["T"]
    for name, marker in (("full", "o"), ("truncated", "s")):
        megabytes = np.array(memory[name]) / 1e6
        right.loglog(steps, megabytes, f"{marker}-", color=COLOURS["cell"], markersize=5)
        right.annotate(
            name, (steps[-1], megabytes[-1]), (5, 0), textcoords="offset points", va="center",
            fontsize=10, color=COLOURS["cell"],
        )  # fmt: skip
    for axes, label in ((left, "milliseconds"), (right, "megabytes at most")):
        axes.set_xlabel("steps T")
        axes.set_ylabel(label)
        axes.set_xticks(steps, [str(T) for T in steps])
        axes.minorticks_off()
        axes.set_xlim(0.85 * steps[0], 2.1 * steps[-1])
    return figure
