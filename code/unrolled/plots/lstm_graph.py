"""The LSTM cell of chapter 10 as a graph: every value, and every gradient under its value."""

from __future__ import annotations

from collections.abc import Mapping
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
INK = "#4b5563"


class _Place(NamedTuple):
    """Where a value stands on the drawing, in inches, and what it is called."""

    label: str
    x: float
    y: float
    colour: str


class _Node(NamedTuple):
    """An operation: where it stands, what flows in and what flows out."""

    symbol: str
    x: float
    y: float
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


_PLACES = {
    "x": _Place("x", 3.45, 7.3, "input"),
    "h_prev": _Place("h_prev", 5.05, 7.3, "state"),
    "c_prev": _Place("c_prev", 0.62, 3.75, "cell"),
    "a_f": _Place("a_f", 2.05, 5.4, "forget_gate"),
    "a_i": _Place("a_i", 3.5, 5.4, "input_gate"),
    "a_g": _Place("a_g", 4.9, 5.4, "candidate"),
    "a_o": _Place("a_o", 6.3, 5.4, "output_gate"),
    "f": _Place("f", 2.05, 3.75, "forget_gate"),
    "i": _Place("i", 3.5, 3.75, "input_gate"),
    "g": _Place("g", 4.9, 3.75, "candidate"),
    "o": _Place("o", 6.3, 3.75, "output_gate"),
    "kept": _Place("f ⊙ c_prev", 1.33, 2.1, "cell"),
    "new": _Place("i ⊙ g", 4.2, 2.1, "cell"),
    "c": _Place("c", 2.75, 0.5, "cell"),
    "tanh_c": _Place("tanh(c)", 4.9, 0.5, "cell"),
    "h": _Place("h", 6.3, 0.5, "state"),
}

_NODES = (
    _Node("x Wx + h_prev Wh + b", 4.25, 6.38, ("x", "h_prev"), ("a_f", "a_i", "a_g", "a_o")),
    _Node("σ", 2.05, 4.57, ("a_f",), ("f",)),
    _Node("σ", 3.5, 4.57, ("a_i",), ("i",)),
    _Node("tanh", 4.9, 4.57, ("a_g",), ("g",)),
    _Node("σ", 6.3, 4.57, ("a_o",), ("o",)),
    _Node("⊙", 1.33, 2.95, ("c_prev", "f"), ("kept",)),
    _Node("⊙", 4.2, 2.95, ("i", "g"), ("new",)),
    _Node("+", 2.75, 1.32, ("kept", "new"), ("c",)),
    _Node("tanh", 3.86, 0.5, ("c",), ("tanh_c",)),
    _Node("⊙", 6.3, 1.45, ("o", "tanh_c"), ("h",)),
)


def graph(values: Mapping[str, Array], gradients: Mapping[str, Array] | None = None) -> Figure:
    """Draw the cell: its values in boxes, its operations in circles, arrows between them.

    Parameters
    ----------
    values : mapping of str to ndarray, shape (1, 2)
        Under x, h_prev, c_prev, a_f, a_i, a_g, a_o, f, i, g, o, kept (f ⊙ c_prev),
        new (i ⊙ g), c, tanh_c and h.
    gradients : mapping of str to ndarray, shape (1, 2), optional
        Written below the values, in the colour of gradients.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers with two decimals.

    Raises
    ------
    ShapeError
        An array is missing or is not (1, 2).
    """
    for name, arrays in (("values", values), ("gradients", gradients)):
        wrong = {} if arrays is None else {k: np.shape(arrays.get(k, ())) for k in _PLACES}
        wrong = {k: shape for k, shape in wrong.items() if shape != (1, 2)}
        if wrong:
            raise ShapeError(
                f"{name}: expected an array (N = 1, one sequence; 2 entries) for each of "
                f"{list(_PLACES)}, got {wrong}."
            )
    figure, axes = page_figure(7.0, 7.7)
    axes.set(xlim=(0, 7), ylim=(0, 7.7))
    axes.set_axis_off()
    lines = 2 if gradients is None else 3
    for node in _NODES:
        for name in node.inputs:
            _arrow(axes, _rim(_PLACES[name], node, lines), _edge(node, _PLACES[name]))
        for name in node.outputs:
            _arrow(axes, _edge(node, _PLACES[name]), _rim(_PLACES[name], node, lines))
    _arrow(axes, (2.75 - _half_width("c"), 0.5), (1.35, 0.5))
    axes.text(1.28, 0.5, "used again\nat step t + 1", ha="right", va="center", fontsize=FONT)
    for name, place in _PLACES.items():
        gradient = None if gradients is None else gradients[name]
        _box(axes, place, np.asarray(values[name]), gradient)
    for node in _NODES:
        _circle(axes, node)
    return figure


def _box(axes: Axes, place: _Place, value: Array, gradient: Array | None) -> None:
    """Write the name, the value and, in its own colour, the gradient into one frame."""
    written = [place.label, _numbers(value), *([] if gradient is None else [" "])]
    frame = {
        "boxstyle": "round,pad=0.3",
        "facecolor": "white",
        "edgecolor": COLOURS[place.colour],
        "lw": 1.6,
    }
    style = {"ha": "center", "va": "center", "fontsize": FONT, "family": "monospace"}
    axes.text(place.x, place.y, "\n".join(written), linespacing=1.25, bbox=frame, **style)  # type: ignore[arg-type]
    if gradient is not None:
        below = (place.x, place.y - LINE)
        colour = COLOURS["gradient"]
        axes.text(*below, _numbers(np.asarray(gradient)), color=colour, **style)  # type: ignore[arg-type]


def _circle(axes: Axes, node: _Node) -> None:
    shape = "circle,pad=0.25" if len(node.symbol) < 5 else "round,pad=0.35"
    axes.text(
        node.x,
        node.y,
        node.symbol,
        ha="center",
        va="center",
        fontsize=FONT + 1,
        bbox={"boxstyle": shape, "facecolor": "#f3f4f6", "edgecolor": INK},
    )


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=end, xytext=start, arrowprops=arrow)


def _rim(place: _Place, node: _Node, lines: int) -> tuple[float, float]:
    """Give the point of the box where an arrow touches it."""
    if place.y == node.y:
        width = _half_width(place.label)
        return place.x + float(np.sign(node.x - place.x)) * width, place.y
    height = lines * LINE / 2 + 0.07
    return place.x, place.y + float(np.sign(node.y - place.y)) * height


def _edge(node: _Node, place: _Place) -> tuple[float, float]:
    """Give the point of the circle, or of the long frame, on the way to a box."""
    across, up = place.x - node.x, place.y - node.y
    if len(node.symbol) > 4:
        return node.x + 0.4 * across * (up < 0), node.y + float(np.sign(up)) * 0.17
    radius = (0.27 if len(node.symbol) > 1 else 0.19) / float(np.hypot(across, up))
    return node.x + radius * across, node.y + radius * up


def _half_width(label: str) -> float:
    return max(len(label), 11) * CHARACTER / 2 + 0.07


def _numbers(array: Array) -> str:
    return " ".join(f"{value:.2f}".replace("-", "−") for value in array.ravel() + 0.0)
