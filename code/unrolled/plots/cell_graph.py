"""Figures of chapter 4: the cell as a graph, and what saturation does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array, ShapeError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT = 9
CHARACTER = 0.0753  # inches wide in the monospace font of that size
LINE = 0.157  # inches from one line to the next


class _Place(NamedTuple):
    """Where a value stands on the drawing, in inches, and what it is called."""

    letter: str
    name: str
    x: float
    y: float
    colour: str


class _Operation(NamedTuple):
    """A node: what flows in, what flows out, and what it does."""

    letter: str
    symbol: str
    x: float
    y: float
    inputs: str
    output: str
    forward: str
    text_x: float
    text_y: float


_VALUES = (
    _Place("A", "x", 1.02, 5.75, "input"),
    _Place("B", "Wx", 2.87, 5.75, "input"),
    _Place("C", "h_prev", 4.52, 5.75, "state"),
    _Place("D", "Wh", 6.20, 5.75, "state"),
    _Place("E", "b", 5.36, 2.55, "neutral"),
    _Place("F", "x Wx", 1.95, 3.90, "input"),
    _Place("G", "h_prev Wh", 5.36, 3.90, "state"),
    _Place("H", "sum", 3.65, 3.22, "neutral"),
    _Place("I", "a", 3.65, 1.86, "neutral"),
    _Place("J", "h_next", 3.65, 0.40, "state"),
)

_OPERATIONS = (
    _Operation("K", "@", 1.95, 4.66, "AB", "F", "MatMul", 0.92, 4.6),
    _Operation("L", "@", 5.36, 4.66, "CD", "G", "MatMul", 5.7, 4.6),
    _Operation("M", "+", 3.65, 3.90, "FG", "H", "Add", 3.1, 4.22),
    _Operation("N", "+", 3.65, 2.55, "HE", "I", "Add", 2.85, 2.55),
    _Operation("O", "tanh", 3.65, 1.13, "I", "J", "tanh", 2.72, 1.13),
)


def graph(arrays: Sequence[Array]) -> Figure:
    """Draw the cell: ten values in boxes, five operations in circles, arrows between them.

    Parameters
    ----------
    arrays : sequence of 10 ndarray
        What to write into the boxes A to J: x, Wx, h_prev, Wh, b, x Wx,
        h_prev Wh, their sum, a, h_next. At most four columns and four rows.

    Returns
    -------
    matplotlib.figure.Figure
        Values are written with one decimal where that is exact, else with two.

    Raises
    ------
    ShapeError
        Not ten arrays of two axes.
    """
    if len(arrays) != len(_VALUES) or any(np.ndim(array) != 2 for array in arrays):
        raise ShapeError(
            f"arrays: expected {len(_VALUES)} arrays of two axes, for the places A to J, "
            f"got {[np.shape(array) for array in arrays]}."
        )
    figure, axes = page_figure(7.0, 6.5)
    axes.set(xlim=(0, 7), ylim=(0, 6.5))
    axes.set_axis_off()
    written = {
        place.letter: (place, _written(place, np.asarray(array)))
        for place, array in zip(_VALUES, arrays, strict=True)
    }
    for operation in _OPERATIONS:
        _draw_arrows(axes, operation, written)
    for place, text in written.values():
        _draw_value(axes, place, text)
    for operation in _OPERATIONS:
        _draw_operation(axes, operation)
    return figure


def _draw_value(axes: Axes, place: _Place, text: str) -> None:
    colour = COLOURS[place.colour]
    axes.text(
        place.x,
        place.y,
        text,
        ha="center",
        va="center",
        fontsize=FONT,
        family="monospace",
        linespacing=1.25,
        bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": colour, "lw": 1.6},
    )


def _draw_operation(axes: Axes, operation: _Operation) -> None:
    axes.text(
        operation.x,
        operation.y,
        operation.symbol,
        ha="center",
        va="center",
        fontsize=FONT + 1,
        bbox={"boxstyle": "circle,pad=0.25", "facecolor": "#f3f4f6", "edgecolor": "#4b5563"},
    )
    where, text = (operation.text_x, operation.text_y), f"{operation.letter}  {operation.forward}"
    axes.text(*where, text, ha="left", va="center", fontsize=FONT, color="#374151")


def _draw_arrows(axes: Axes, operation: _Operation, written: dict[str, tuple[_Place, str]]) -> None:
    """Draw from box to circle to box, each arrow ending at the rim of what it reaches."""
    for letter in operation.inputs + operation.output:
        place, text = written[letter]
        box = np.array(_rim(place, operation, text))
        circle = np.array((operation.x, operation.y))
        away = box - circle
        radius = 0.27 if len(operation.symbol) > 1 else 0.2
        rim = circle + away / np.hypot(*away) * radius
        start, end = (box, rim) if letter in operation.inputs else (rim, box)
        axes.annotate(
            "",
            xy=tuple(end),
            xytext=tuple(start),
            arrowprops={
                "arrowstyle": "-|>",
                "color": "#4b5563",
                "lw": 1.4,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )


def _rim(place: _Place, operation: _Operation, text: str) -> tuple[float, float]:
    """Give the point of the box where an arrow touches it."""
    lines = text.split("\n")
    if place.y == operation.y:
        width = max(map(len, lines)) * CHARACTER / 2 + 0.08
        return place.x + np.sign(operation.x - place.x) * width, place.y
    height = len(lines) * LINE / 2 + 0.06
    return place.x, place.y + np.sign(operation.y - place.y) * height


def _written(place: _Place, array: Array) -> str:
    """Give what stands in a box: its letter, name and shape, and the numbers below."""
    return f"{place.letter}  {place.name} ({array.shape[0]}, {array.shape[1]})\n{_rows(array)}"


def _rows(array: Array) -> str:
    exact = np.allclose(array, np.round(array, 1), atol=1e-9)
    return "\n".join(
        " ".join(f"{value:{4 if exact else 5}.{1 if exact else 2}f}" for value in row)
        for row in np.asarray(array, np.float64) + 0.0
    )


def saturation(scales: Array, hs: Array, das: Array, wrong: Array) -> Figure:
    """Draw how the units of a cell saturate, and what that does to the gradient.

    Parameters
    ----------
    scales : ndarray, shape (S,)
        By how much the pre-activations were multiplied.
    hs : ndarray, shape (S, H)
        The state at each scale.
    das : ndarray, shape (S, H)
        The gradient of the pre-activation at each scale.
    wrong : ndarray, shape (S, H)
        The same with the slope turned upside down.

    Returns
    -------
    matplotlib.figure.Figure
        Left the sizes of the states, right the sizes of both gradients on a
        logarithmic axis; one line a unit.
    """
    figure, axes = page_figure(7.0, 3.4, columns=2)
    left, right = axes
    for k in range(hs.shape[1]):
        style = ("-", "--", ":")[k % 3]
        left.plot(scales, np.abs(hs[:, k]), style, color=COLOURS["state"])
        _label_end(left, scales, np.abs(hs[:, k]), f"unit {k}", COLOURS["state"], 1.03 - 0.065 * k)
        right.plot(scales, np.abs(das[:, k]), style, color=COLOURS["gradient"])
        _label_end(right, scales, np.abs(das[:, k]), f"unit {k}", COLOURS["gradient"])
        right.plot(scales, np.abs(wrong[:, k]), style, color=COLOURS["neutral"], lw=1)
        _label_end(right, scales, np.abs(wrong[:, k]), f"unit {k}", COLOURS["neutral"])
    left.set(xlabel="a multiplied by", ylim=(0, 1.05))
    left.set_title("size of the state, |h|", fontsize=10)
    right.set(xlabel="a multiplied by", yscale="log")
    right.set_title("size of the gradient, |da|", fontsize=10)
    right.text(
        0.03, 0.04, "correct: ⊙ (1 − h²)", transform=right.transAxes, color=COLOURS["gradient"]
    )
    right.text(0.03, 0.9, "wrong: ÷ (1 − h²)", transform=right.transAxes, color=COLOURS["neutral"])
    return figure


def _label_end(
    axes: Axes, x: Array, y: Array, text: str, colour: str, height: float | None = None
) -> None:
    """Write a line's name right of its end, at a height of its own where ends meet."""
    axes.annotate(
        text,
        (x[-1], y[-1] if height is None else height),
        xytext=(4, 0),
        textcoords="offset points",
        fontsize=FONT,
        color=colour,
        va="center",
        annotation_clip=False,
    )
