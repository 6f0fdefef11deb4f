"""The colours of the book, as a figure for the page on notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from unrolled.plots.style import page_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def colour_swatches(colours: Mapping[str, str]) -> Figure:
    """Draw the colours of the book, each with the meaning it has.

    Parameters
    ----------
    colours : mapping of str to str
        Meaning to colour, :data:`unrolled.plots.COLOURS` say.

    Returns
    -------
    matplotlib.figure.Figure
        Two columns of swatches, read down.
    """
    from matplotlib.patches import Rectangle

    rows = -(-len(colours) // 2)
    figure, axes = page_figure(3.6, 0.36 * rows + 0.2)
    for place, (meaning, colour) in enumerate(colours.items()):
        left, middle = 7 * (place // rows), -(place % rows)
        axes.add_patch(Rectangle((left, middle - 0.4), 1.6, 0.8, facecolor=colour))
        axes.text(left + 1.9, middle, meaning.replace("_", " "), va="center", fontsize=10)
    axes.set_axis_off()
    axes.set(xlim=(-0.1, 14), ylim=(-rows + 0.5, 0.5))
    return figure
