"""One meaning, one colour, in every figure of the book.

The stylesheet of the site holds the same values; a test compares them. The
palette is Okabe and Ito's, told apart by colour-blind readers, each tone
readable on the light and on the dark page.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "input": "#0072b2",
        "state": "#008562",
        "cell": "#7b4ea3",
        "input_gate": "#946200",
        "forget_gate": "#8a5a2b",
        "output_gate": "#7d7a00",
        "candidate": "#b3497f",
        "gradient": "#c44e00",
        "loss": "#5b6670",
        "neutral": "#6f7780",
    }
)


def page_figure(
    width: float = 7.0, height: float = 3.2, *, columns: int = 1, rows: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Open a figure of the book's size and look.

    Parameters
    ----------
    width, height : float
        In inches; 7 is the width of the page's column.
    columns, rows : int
        How many axes beside and above each other.
    **options
        Handed to ``Figure.subplots``, ``sharex=True`` say.

    Returns
    -------
    figure : matplotlib.figure.Figure
        On a white ground, so that it reads the same on a dark page.
    axes : Axes, or ndarray of Axes
        One, or an array of them.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        rows, columns, figsize=(width, height), layout="constrained", **options
    )
    for each in figure.axes:
        _plain(each)
    return figure, axes


def _plain(axes: Axes) -> None:
    """Leave the two lines that carry numbers."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
