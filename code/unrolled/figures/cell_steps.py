"""Chapter 4: the plain cell as a graph, its arrays step by step in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.cells.rnn import RNNParams
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.cell_places import BOXES, CIRCLES, LETTER_AT, MADE_BY, SIZE, TOUCHES
from unrolled.figures.walk import Walk, halo, jump, two_ways
from unrolled.graph import MATMUL, TANH, Edge, Node, apply, backward, leaf, named
from unrolled.shapes import ArgumentError, Array, ShapeError

LETTERS = 13.0  # the size of the digits
ROW = 15.5  # from one row of digits to the next
RADIUS = 15.0  # of an operation
MONOSPACE = "font-family:var(--pst-font-family-monospace, monospace)"
NBSP = "\N{NO-BREAK SPACE}"


def cell(x: Array, h_prev: Array, params: RNNParams, arriving: Mapping[str, Array]) -> Figure:
    """Step through one step of the plain cell. See eq-cell-da to eq-cell-dh-prev (chapter 4).

    Parameters
    ----------
    x : ndarray, shape (1, D)
        One sequence, of at most 4 features.
    h_prev : ndarray, shape (1, H)
        At most 3 units.
    params : RNNParams
        Wx (D, H), Wh (H, H), b (H,) or (1, H).
    arriving : mapping of str to ndarray, shape (1, H)
        The gradients of h_next on offer, by what they are called; the first is shown first.

    Returns
    -------
    Figure
        Ten values in boxes, A to J, with their gradients; five operations, K to O.

    Raises
    ------
    ShapeError, ArgumentError
        Shapes that do not fit together or into the boxes, or nothing that arrives.
    """
    if not arriving:
        raise ArgumentError("arriving: expected at least one gradient of h_next, got none.")
    _check_room("x", x, 4)
    _check_room("h_prev", h_prev, 3)
    output = _graph(x, h_prev, params)
    walks = [Walk(backward(output, dh_next)) for dh_next in arriving.values()]

    def draw(step: int, arrives: int) -> Drawn:
        walk = walks[arrives]
        shapes = _edges(walk, step)
        shapes += [_value(walk, node, step) for node in walk.trace.nodes]
        shapes += [_operation(walk, node, step) for node in walk.operations]
        return Drawn(shapes, walk.words(step, _said(walk, step)))

    options = tuple(range(len(walks)))
    return respond(
        "cell-steps",
        "One step of the cell, forward and backward",
        "The cell as a graph. x and Wx meet in a matrix product, h_prev and Wh in another. The "
        "two products are added, b is added, and tanh gives h_next. Each box holds its numbers "
        "and, below them, their gradients.",
        SIZE,
        [
            walks[0].control(),
            Control("arrives", "dh_next", options, 0, "choice", tuple(arriving)),
        ],
        draw,
    )


def _check_room(name: str, array: Array, most: int) -> None:
    shape = np.shape(array)
    if len(shape) != 2 or shape[0] != 1 or shape[1] > most:
        raise ShapeError(f"{name}: expected one row of at most {most} numbers, got shape {shape}.")


def _graph(x: Array, h_prev: Array, params: RNNParams) -> Node:
    """Compute the cell, each value under its letter."""
    product = named("F", leaf("A", x) @ leaf("B", params.Wx))
    recurrent = named("G", leaf("C", h_prev) @ leaf("D", params.Wh))
    bias = leaf("E", np.reshape(params.b, (1, -1)))
    pre = named("I", named("H", product + recurrent) + bias)
    return apply(TANH, pre, name="J")


def _edges(walk: Walk, step: int) -> list[Element]:
    """Draw the arrows between boxes and circles, coloured from the step in which they carry."""
    shapes = []
    for node in walk.operations:
        circle = MADE_BY[node.name]
        for each in (*node.inputs, node):
            key = each.name + circle
            start, end = TOUCHES[key], _rim(CIRCLES[circle], TOUCHES[key])
            passed = walk.computed(each), walk.returned(node)
            if each is node:
                start, end = end, start
                passed = walk.computed(each), walk.gathered(each)
            shapes += two_ways(key, start, end, passed, step)
    return shapes


def _rim(middle: svg.Point, towards: svg.Point) -> svg.Point:
    """Return the point where an arrow touches a circle."""
    away = np.subtract(towards, middle)
    x, y = middle + away * (RADIUS + 2) / np.hypot(*away)
    return float(x), float(y)


def _value(walk: Walk, node: Node, step: int) -> Element:
    """Draw a box: its name and shape, its numbers, and below them their gradients."""
    box, letter = BOXES[node.name], node.name
    known, complete = walk.computed(node), walk.gathered(node)
    top = box.y - box.height / 2 + 12
    title = f"{box.name} {node.value.shape}"
    rows = _rows(letter, node.value), _rows(f"d{letter}", walk.trace.gradient(node))
    groups = [
        svg.group(
            *(
                _digits(box.x, top + ROW * (1 + first + place), row, f"{kind}{letter}{place}", fill)
                for place, row in enumerate(lines)
            ),
            key=f"{kind}{letter}",
            style=MONOSPACE,
            opacity=int(step >= since),
            font_weight="bold" if step == since else "normal",
        )
        for kind, lines, fill, first, since in (
            ("value", rows[0], "text", 0, known),
            ("gradient", rows[1], "gradient", len(rows[0]), complete),
        )
    ]
    frame = svg.box(
        box.x, box.y, box.width, box.height, fill="paper", stroke=box.colour, stroke_width=1.6
    )
    name = _digits(box.x, top, title, None, "text")
    sets = jump(step, known, complete)
    return svg.group(frame, name, *groups, key=f"box{letter}", sets=sets)


def _digits(x: float, y: float, string: str, key: str | None, fill: str) -> Element:
    """Write a line as it is: `svg.text` would lower what follows an underscore."""
    element = svg.text(x, y, "", key=key, fill=fill, size=LETTERS)
    element.text = string
    return element


def _operation(walk: Walk, node: Node, step: int) -> Element:
    """Draw a circle with its symbol, and its letter beside it."""
    letter = MADE_BY[node.name]
    x, y = CIRCLES[letter]
    symbol = node.op.symbol if node.op else ""
    across, down = LETTER_AT[letter]
    return svg.group(
        svg.circle(x, y, RADIUS, fill="paper", stroke="text", stroke_width=1.4),
        halo(walk, node, (x, y), RADIUS, step),
        svg.text(x, y, symbol, size=11 if len(symbol) > 1 else 15),
        svg.text(x + across, y + down, letter, size=13),
        key=f"operation{letter}",
        sets=jump(step, walk.computed(node), walk.returned(node)),
    )


def _said(walk: Walk, step: int) -> str:
    """Say the rule of a step, its shapes and its numbers."""
    part, node = walk.at(step)
    out, gradient = node.name, walk.trace.gradient(node)
    if part == "known":
        return "only x, Wx, h_prev, Wh and b are known, in the boxes A to E."
    if part == "arrival":
        return f"dh_next = {_tuple(gradient)} arrives at J."
    symbol = node.op.symbol if node.op else ""
    operation = f"{MADE_BY[out]} ({symbol})"
    if part == "forward":
        join = " " if node.op is MATMUL else f" {symbol} "
        rule = join.join(each.name for each in node.inputs)
        shapes = f" {symbol} ".join(str(each.value.shape) for each in node.inputs)
        rule = rule if len(node.inputs) > 1 else f"{symbol}({rule})"
        return f"{operation} computes {out} = {rule}: {shapes} → {_tuple(node.value)}."
    edges = [edge for edge in walk.trace.edges if edge.target is node]
    return f"{operation} hands back " + "; ".join(_rule(walk, edge) for edge in edges) + "."


def _rule(walk: Walk, edge: Edge) -> str:
    """Write what goes back to one input, as the chapter's table of operations does."""
    node, source = edge.target, edge.source
    into, out = f"d{source.name}", f"d{node.name}"
    shape, back = edge.gradient.shape, walk.trace.gradient(node).shape
    if node.op is TANH:
        h = node.name
        return f"{into} = {out} ⊙ (1 − {h} ⊙ {h}): {back} ⊙ {back} → {_tuple(edge.gradient)}"
    if node.op is MATMUL:
        left, right = node.inputs
        if source is left:
            rule, factors = f"{out} {right.name}ᵀ", (back, right.value.T.shape)
            return f"{into} = {rule}: {factors[0]} @ {factors[1]} → {_tuple(edge.gradient)}"
        rule, factors = f"{left.name}ᵀ {out}", (left.value.T.shape, back)
        return f"{into} = {rule}: {factors[0]} @ {factors[1]} → {shape}"
    if source.name == "E":
        return f"{into} = the rows of {out}, summed: {back} → {_tuple(edge.gradient)}"
    return f"{into} = {out} = {_tuple(edge.gradient)}"


def _rows(label: str, array: Array) -> list[str]:
    """Write an array row by row in columns of one width, with a label before the first."""
    rows = _entries(array)
    labels = [f"{label:>2}", *["  "] * (len(rows) - 1)]
    lines = [
        " ".join([first, *(f"{each:>5}" for each in row)])
        for first, row in zip(labels, rows, strict=True)
    ]
    return [line.replace(" ", NBSP) for line in lines]


def _tuple(array: Array) -> str:
    """Write the one row of an array."""
    return f"({', '.join(_entries(array)[0])})"


def _entries(array: Array) -> list[list[str]]:
    """Write numbers with one decimal where that is exact for all, else with two."""
    decimals = 1 if np.allclose(array, np.round(array, 1), rtol=0, atol=1e-9) else 2
    # adding 0 to what was rounded takes the sign from a zero
    rounded = np.round(array, decimals) + 0.0
    return [[f"{each:.{decimals}f}".replace("-", "−") for each in row] for row in rounded]
