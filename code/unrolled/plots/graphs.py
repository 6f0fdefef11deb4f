"""Figures of chapter 1: a computation graph, its values forward and its gradients back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from unrolled.graph import Node, Trace
from unrolled.plots.numbers import fits, write, write_sum
from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import ArgumentError, Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Positions: TypeAlias = Mapping[str, tuple[float, float]]
Show: TypeAlias = Literal["forward", "backward", "both"]

INK = "#1f2328"
WIDTH = 7.0
"""Inches of the page's column."""
FONT = 10
LETTER = 0.075
"""Inches of one letter of that size."""


def computation_graph(
    trace: Trace,
    positions: Positions | None = None,
    *,
    show: Show = "both",
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a graph: values above its edges, gradients below them.

    A leaf is a box with its name, an operation a circle with its symbol. Where a
    node is used more than once, the sum of the gradients that come back stands
    beside it. Arrays of at most four entries are written out where there is room,
    others by their shape.

    Parameters
    ----------
    trace : Trace
        What :func:`unrolled.graph.backward` returned.
    positions : mapping of str to (float, float), optional
        Where each node stands, by its name; one unit right is one column, one up is
        one row. Columns by depth if left out.
    show : {"both", "forward", "backward"}
        Values, gradients, or both.
    labels : mapping of str to str, optional
        What to write instead of a node's name; ``""`` leaves it out. A name may be
        any text that Matplotlib draws, ``"$h_{t-1}$"`` say.

    Returns
    -------
    matplotlib.figure.Figure
        One axes, in units of ``positions``.

    Raises
    ------
    ArgumentError
        A node without a position, or another ``show``.
    """
    if show not in ("forward", "backward", "both"):
        raise ArgumentError(f"show: expected 'forward', 'backward' or 'both', got {show!r}.")
    places = layered(trace) if positions is None else positions
    missing = [node.name for node in trace.nodes if node.name not in places]
    if missing:
        raise ArgumentError(f"positions: expected a place for every node, got none for {missing}.")
    where = {id(node): np.array(places[node.name], dtype=float) for node in trace.nodes}
    names = {node.name: node.name for node in trace.nodes if not _spelled(node)} | dict(
        labels or {}
    )
    incoming: dict[int, list[Array]] = defaultdict(list)
    for edge in trace.edges:
        incoming[id(edge.source)].append(edge.gradient)
    sums = any(node.op is None and len(incoming[id(node)]) > 1 for node in trace.nodes)
    figure, axes, unit = _canvas(np.array(list(where.values())), 1.25 if sums else 0.45)
    uses = Counter((id(edge.source), id(edge.target)) for edge in trace.edges)
    drawn: Counter[tuple[int, int]] = Counter()
    for edge in trace.edges:
        pair = (id(edge.source), id(edge.target))
        bend = 0.0 if uses[pair] == 1 else 0.3 * (2 * drawn[pair] / (uses[pair] - 1) - 1)
        drawn[pair] += 1
        ends = where[pair[0]], where[pair[1]]
        gaps = _half(edge.source, names) / unit, _half(edge.target, names) / unit
        name = names.get(edge.source.name, "") if edge.source.op else ""
        _edge(axes, unit, ends, gaps, bend, (name, edge.source.value), edge.gradient, show)
    output = trace.nodes[-1]
    start = where[id(output)]
    ends = start, start + np.array([_half(output, names)[0] / unit + 0.62, 0.0])
    gaps = _half(output, names) / unit, np.zeros(2)
    named = names.get(output.name, ""), output.value
    _edge(axes, unit, ends, gaps, 0.0, named, trace.gradients[-1], show)
    for node, total in zip(trace.nodes, trace.gradients, strict=True):
        _node(axes, node, where[id(node)], unit, names)
        if len(incoming[id(node)]) > 1 and show != "forward":
            beside, below = where[id(node)] - (_half(node, names) + 0.07) / unit
            text = write_sum(names.get(node.name, ""), incoming[id(node)], total)
            if node.op is None:
                place = {"x": beside, "y": where[id(node)][1], "ha": "right", "va": "center"}
            else:
                place = {"x": where[id(node)][0], "y": below, "ha": "center", "va": "top"}
            axes.text(s=text, color=COLOURS["gradient"], fontsize=FONT, **place)
    return figure


def layered(trace: Trace) -> dict[str, tuple[float, float]]:
    """Give every node a column by its depth and a row near its inputs.

    Parameters
    ----------
    trace : Trace
        The graph.

    Returns
    -------
    dict of str to (float, float)
        Positions for :func:`computation_graph`. Inputs stand one column before their first use.
    """
    depth: dict[int, int] = {}
    for node in trace.nodes:
        depth[id(node)] = 1 + max((depth[id(each)] for each in node.inputs), default=-1)
    for node in trace.nodes:
        if not node.inputs:
            users = [depth[id(edge.target)] for edge in trace.edges if edge.source is node]
            depth[id(node)] = min(users, default=1) - 1
    columns: dict[int, list[Node]] = defaultdict(list)
    for node in trace.nodes:
        columns[depth[id(node)]].append(node)
    return {
        node.name: (1.35 * column, 1.2 * ((len(nodes) - 1) / 2 - row))
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }


def _canvas(points: Array, left: float) -> tuple[Figure, Axes, float]:
    """Open axes that hold the points, and say how many inches a unit is."""
    low, high = points.min(axis=0), points.max(axis=0)
    low, high = low - np.array([left, 0.0]), high + np.array([1.15, 0.0])
    unit = min(1.55, WIDTH / (high[0] - low[0]))
    margin = 0.55
    figure, axes = page_figure(WIDTH, (high[1] - low[1]) * unit + 2 * margin)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    spare = (WIDTH / unit - (high[0] - low[0])) / 2
    axes.set_xlim(low[0] - spare, high[0] + spare)
    axes.set_ylim(low[1] - margin / unit, high[1] + margin / unit)
    axes.set_axis_off()
    return figure, axes, unit


def _half(node: Node, names: Mapping[str, str]) -> Array:
    """Give half the width and height of a node's patch, in inches."""
    word = node.op.symbol if node.op else names[node.name]
    length = len(word.replace("$", "").replace("{", "").replace("}", "").replace("_", ""))
    return np.array([0.17 if length < 3 else 0.09 + 0.052 * length, 0.17])


def _node(axes: Axes, node: Node, at: Array, unit: float, names: Mapping[str, str]) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    (x, y), (across, up) = at, _half(node, names) / unit
    colour = INK if node.op else COLOURS["input"]
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.4}
    if node.op is None or across > up:
        style = f"round,pad=0,rounding_size={up if node.op else 0.05 / unit}"
        corner = x - across, y - up
        axes.add_patch(FancyBboxPatch(corner, 2 * across, 2 * up, boxstyle=style, **look))
    else:
        axes.add_patch(Circle((x, y), across, **look))
    word = node.op.symbol if node.op else names[node.name]
    axes.text(x, y, word, ha="center", va="center", fontsize=11, color=colour)


def _edge(
    axes: Axes,
    unit: float,
    ends: tuple[Array, Array],
    gaps: tuple[Array, Array],
    bend: float,
    named: tuple[str, Array],
    gradient: Array,
    show: Show,
) -> None:
    """Draw one edge as two thin arrows with a number on each side."""
    along = np.linspace(0, 1, 201)[:, None]
    across = np.array([ends[0][1] - ends[1][1], ends[1][0] - ends[0][0]])
    line = ends[0] + along * (ends[1] - ends[0]) + 2 * bend * along * (1 - along) * across
    outside = [
        np.abs((line - end) / np.maximum(gap + 0.05 / unit, 1e-9)).max(axis=1) > 1
        if gap.any()
        else np.ones(len(line), dtype=bool)
        for end, gap in zip(ends, gaps, strict=True)
    ]
    line = line[outside[0] & outside[1]]
    slope = np.gradient(line, axis=0)
    normal = np.stack([-slope[:, 1], slope[:, 0]], axis=1) / np.hypot(*slope.T)[:, None]
    if normal[len(line) // 2][1] < 0:
        normal = -normal
    apart = 0.035 / unit if show == "both" else 0.0
    letters = int(np.hypot(*np.diff(line, axis=0).T).sum() * unit / LETTER)
    if show != "backward":
        name, value = named
        room = letters - len(name) - 3 if name else letters
        link = "" if not name else " = " if fits(value, room) else " "
        _arrow(axes, line + apart * normal, INK, f"{name}{link}{write(value, room)}", unit, 1)
    if show != "forward":
        back, text = (line - apart * normal)[::-1], write(gradient, letters)
        _arrow(axes, back, COLOURS["gradient"], text, unit, -1)


def _arrow(axes: Axes, line: Array, colour: str, text: str, unit: float, side: int) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    style = "-|>,head_length=4,head_width=2.2"
    axes.add_patch(
        FancyArrowPatch(path=Path(line), arrowstyle=style, color=colour, lw=1.1, joinstyle="round")
    )
    middle = line[len(line) // 2]
    direction = line[-1] - line[0]
    angle = (np.degrees(np.arctan2(direction[1], direction[0])) + 90) % 180 - 90
    lift = side * 0.055 / unit
    turned = np.radians(angle)
    x, y = middle + lift * np.array([-np.sin(turned), np.cos(turned)])
    axes.text(
        x,
        y,
        text,
        rotation=angle,
        rotation_mode="anchor",
        ha="center",
        va="bottom" if side > 0 else "top",
        color=colour,
        fontsize=FONT,
    )


def _spelled(node: Node) -> bool:
    """Whether a node's name is only its operation spelled out."""
    if node.op is None:
        return False
    spelled = f" {node.op.symbol} ".join(each.name for each in node.inputs)
    return node.name in (spelled, f"{node.op.symbol}({spelled})")
