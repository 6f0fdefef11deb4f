"""The still figures of chapter 12: the Reber grammar, and losses beside what knowing less costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array
from unrolled.tasks.reber import END, REBER, START

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLACES: Mapping[str, tuple[float, float]] = {
    START: (0.0, 0.0),
    "1": (1.0, 0.0),
    "2": (2.0, 0.85),
    "3": (2.0, -0.85),
    "4": (3.3, 0.85),
    "5": (3.3, -0.85),
    "6": (4.3, 0.0),
    END: (5.3, 0.0),
}
"""Where each place of the plain grammar stands."""
_RADIUS = 0.19
_INK = "#1f2933"


def reber_grammar() -> Figure:
    """Draw the plain grammar, and below it how it is embedded.

    Returns
    -------
    Figure
        Each place a circle, each symbol an arrow.
    """
    # as wide as a phone
    figure, (plain, embedded) = page_figure(3.05, 3.65, rows=2, height_ratios=(1.65, 1.1))
    for place, (x, y) in PLACES.items():
        _circle(plain, x, y, "" if place in (START, END) else place)
        for symbol, to in REBER[place].items():
            _arrow(plain, (x, y), PLACES[to], symbol)
    plain.set_title("the grammar", fontsize=10)
    ends = ((0.0, 0.0), (1.0, 0.0), (4.3, 0.0), (5.3, 0.0))
    for x, y in ends:
        _circle(embedded, x, y, "")
    _arrow(embedded, ends[0], ends[1], "B")
    _arrow(embedded, ends[2], ends[3], "E")
    for symbol, y in (("T", 0.7), ("P", -0.7)):
        _box(embedded, 2.65, y, "a Reber string")
        _arrow(embedded, ends[1], (1.75, y), symbol, colour=COLOURS["input"], gap=0)
        _arrow(embedded, (3.55, y), ends[2], symbol, colour=COLOURS["input"], start=0)
    embedded.set_title("embedded: the same T or P twice", fontsize=10)
    for axes, height in ((plain, 1.65), (embedded, 1.1)):
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set(xlim=(-0.2, 5.5), ylim=(-height, height))
    return figure


def losses(
    curves: Mapping[str, Array], levels: Mapping[str, float], *, block: int = 25, label: str = ""
) -> Figure:
    """Draw losses while training, and the levels to read them by.

    Parameters
    ----------
    curves : mapping of str to ndarray, shape (steps,)
        By the name of the run.
    levels : mapping of str to float
        What an answer scores that knows less.
    block : int
        How many updates are averaged into one point.
    label : str
        What the loss is, for the axis.

    Returns
    -------
    Figure
        One curve for each run, one dashed line for each level.
    """
    figure, axes = page_figure(height=3.0)
    styles = ("-", "--", "-.")
    longest = max(len(each) for each in curves.values())
    for style, (name, values) in zip(styles, curves.items(), strict=False):
        means = values[: len(values) // block * block].reshape(-1, block).mean(axis=1)
        places = block * (np.arange(len(means)) + 0.5)
        axes.plot(places, means, style, color=COLOURS["loss"], linewidth=2, label=_typeset(name))
    dashes = ((0, (4, 3)), (0, (1, 1.5)))
    for dash, (name, level) in zip(dashes, levels.items(), strict=False):
        axes.axhline(level, color=COLOURS["gradient"], linewidth=1.6, linestyle=dash, label=name)
    axes.set(xlabel="updates", ylabel=label, xlim=(0, longest))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return figure


def _typeset(name: str) -> str:
    return name.replace("b_f", "$b_f$")


def _circle(axes: Axes, x: float, y: float, name: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(Circle((x, y), _RADIUS, facecolor="white", edgecolor=COLOURS["state"], lw=1.4))
    axes.text(x, y, name, ha="center", va="center", fontsize=9, color=_INK)


def _box(axes: Axes, x: float, y: float, words: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (x - 0.85, y - 0.25), 1.7, 0.5, boxstyle="round,pad=0.05",
        facecolor="white", edgecolor=COLOURS["state"], linewidth=1.4,
    )  # fmt: skip
    axes.add_patch(shape)
    axes.text(x, y, words, ha="center", va="center", fontsize=9, color=_INK)


def _arrow(
    axes: Axes,
    start_at: tuple[float, float],
    end_at: tuple[float, float],
    symbol: str,
    *,
    colour: str = COLOURS["neutral"],
    start: float = _RADIUS,
    gap: float = _RADIUS,
) -> None:
    """Draw one arrow with its symbol beside it, a loop where it leads back to its place."""
    one, two = np.array(start_at), np.array(end_at)
    style: dict[str, Any] = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "mutation_scale": 9}
    if start_at == end_at:
        side = np.sign(one[1])
        ends = [one + _RADIUS * np.array([dx, 0.85 * side]) for dx in (-0.6, 0.6)]
        style["connectionstyle"] = f"arc3,rad={-2.4 * side}"
        middle = one + np.array([0.0, side * 0.7])
    else:
        way = (two - one) / np.hypot(*(two - one))
        ends = [one + start * way, two - (gap + 0.03) * way]
        middle = (one + two) / 2 + 0.19 * np.array([-way[1], way[0]]) * (-1 if way[0] < 0 else 1)
    (x0, y0), (x1, y1), (x, y) = ((float(a), float(b)) for a, b in (*ends, middle))
    axes.annotate("", (x1, y1), (x0, y0), arrowprops={**style, "shrinkA": 0, "shrinkB": 0})
    ink = _INK if colour == COLOURS["neutral"] else colour
    axes.text(x, y, symbol, ha="center", va="center", fontsize=10, weight="bold", color=ink)
