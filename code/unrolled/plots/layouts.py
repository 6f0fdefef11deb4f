"""Where each gate stands in one stacked weight, library by library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from unrolled.plots.style import COLOURS, page_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#1f2933"
_TONES = {
    "i": COLOURS["input_gate"],
    "f": COLOURS["forget_gate"],
    "o": COLOURS["output_gate"],
    "g": COLOURS["candidate"],
    "n": COLOURS["candidate"],
}
"""The gates that have a colour of their own in this book; the others are drawn white."""


def gate_blocks(orders: Mapping[str, Mapping[str, str]]) -> Figure:
    """Draw the blocks of an LSTM's and of a GRU's stacked weight, one line for each source.

    Parameters
    ----------
    orders : mapping of str to mapping of str to str
        For each source its orders, ``{"lstm": "ifog", "gru": "rzn"}``, one letter a block.

    Returns
    -------
    matplotlib.figure.Figure
        One square for each block of H columns, the candidate and the LSTM's gates in colour.
    """
    titles = {"lstm": "LSTM, k = 4", "gru": "GRU, k = 3"}
    figure, axes = page_figure(3.1, 0.32 * len(titles) * (len(orders) + 1))  # as wide as a phone
    line = 0
    for cell, title in titles.items():
        axes.text(0, -line - 0.55, title, va="center", fontsize=10, color=_INK)
        line += 1
        for source, cells in orders.items():
            axes.text(-0.2, -line - 0.42, source, ha="right", va="center", fontsize=10, color=_INK)
            for place, gate in enumerate(cells[cell]):
                _block(axes, place, line, gate)
            line += 1
    axes.set_axis_off()
    axes.set(xlim=(-1.9, 4.05), ylim=(-line + 0.1, 0))
    return figure


def _block(axes: Axes, left: int, line: int, gate: str) -> None:
    from matplotlib.patches import Rectangle

    tone = _TONES.get(gate)
    axes.add_patch(
        Rectangle(
            (left, -line - 0.8), 1, 0.8, facecolor=tone or "white", edgecolor=_INK, linewidth=0.8
        )
    )
    axes.text(
        left + 0.5, -line - 0.42, gate, ha="center", va="center", fontsize=11,
        color="white" if tone else _INK,
    )  # fmt: skip
