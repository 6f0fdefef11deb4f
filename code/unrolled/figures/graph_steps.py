"""Chapter 1: a formula's graph step by step, values forward, then gradients backward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.walk import Walk, halo, jump, leftward, shorten, two_ways
from unrolled.graph import MULTIPLY, Edge, Node, Op, backward, leaf, named
from unrolled.plots.graphs import layered
from unrolled.plots.numbers import write, write_sum
from unrolled.shapes import ArgumentError, Array

WIDTH = 460.0
RADIUS = 18.0  # of a node
GAP = RADIUS + 5  # from its middle to where an arrow ends
OUT = 66.0  # the length of the arrow that leaves the output
LETTER = 8.5  # the width of one, about

Places = Mapping[str, svg.Point]


def expression(
    name: str,
    formula: Callable[..., Node],
    points: Sequence[Sequence[float]],
    places: Places | None = None,
) -> Figure:
    """Step through the graph of a formula. See eq-chain-rule and eq-fan-out (chapter 1).

    Parameters
    ----------
    name : str
        What the result is called.
    formula : callable
        Takes nodes, returns the node of the result; its parameters name the leaves.
    points : sequence of sequence of float
        The leaves' values on offer; the first is shown first.
    places : mapping of str to (float, float), optional
        Where each node stands, as for `unrolled.plots.graphs.computation_graph`.

    Returns
    -------
    Figure
        A value stands above its edge, a gradient below it.

    Raises
    ------
    ArgumentError
        No points, a formula without an operation, or a node without a place.
    """
    letters = list(signature(formula).parameters)
    walks = []
    for point in points:
        leaves = [leaf(letter, value) for letter, value in zip(letters, point, strict=True)]
        walks.append(Walk(backward(named(name, formula(*leaves)))))
    if not walks or not walks[0].operations:
        raise ArgumentError(
            f"points and formula: expected a point and an operation at least, "
            f"got {len(walks)} points and {len(walks and walks[0].operations)} operations."
        )
    nodes = walks[0].trace.nodes
    top = 56 if any(len(_parts(walks[0], node)) > 1 for node in nodes) else 40
    where, height = _scaled(places or layered(walks[0].trace), [node.name for node in nodes], top)

    def draw(step: int, point: int) -> Drawn:
        walk = walks[point]
        shapes = [*_edges(walk, where, step), *_sums(walk, where, step)]
        shapes += [_node(walk, node, where[node.name], step) for node in walk.trace.nodes]
        return Drawn(shapes, walk.words(step, _said(walk, step)))

    symbols = " and ".join(node.op.symbol for node in nodes if node.op)
    options = tuple(", ".join(_number(np.asarray(value)) for value in point) for point in points)
    return respond(
        f"graph-steps-{name}",
        f"The graph of {name}, step by step",
        f"Boxes {', '.join(letters)} on the left, circles {symbols} to their right, joined by "
        f"arrows. Above an arrow stands the value that goes forward, below it the gradient "
        f"that comes back.",
        (WIDTH, height),
        [
            walks[0].control(),
            Control("point", ", ".join(letters), tuple(range(len(walks))), 0, "choice", options),
        ],
        draw,
    )


def _scaled(places: Places, names: Sequence[str], top: float) -> tuple[dict[str, svg.Point], float]:
    """Take places with y upward into the view box, and say how high that must be."""
    missing = [name for name in names if name not in places]
    if missing:
        raise ArgumentError(f"places: expected a place for every node, got none for {missing}.")
    x, y = np.array([places[name] for name in names], dtype=float).T
    left, right = RADIUS + 4, GAP + OUT + 4
    unit = min(130.0, (WIDTH - left - right) / max(float(np.ptp(x)), 1e-9))
    left += (WIDTH - left - right - unit * float(np.ptp(x))) / 2
    across, down = left + unit * (x - x.min()), top + unit * (y.max() - y)
    where = dict(zip(names, zip(across.tolist(), down.tolist(), strict=True), strict=True))
    return where, top + unit * float(np.ptp(y)) + 40


def _edges(walk: Walk, where: Places, step: int) -> list[Element]:
    """Draw every edge with its two numbers, and the arrow that leaves the output."""
    shapes = []
    uses = Counter((edge.source, edge.target) for edge in walk.trace.edges)
    drawn: Counter[tuple[Node, Node]] = Counter()
    for place, edge in enumerate(walk.trace.edges):
        pair = edge.source, edge.target
        bend = 24.0 * (2 * drawn[pair] / (uses[pair] - 1) - 1) if uses[pair] > 1 else 0.0
        drawn[pair] += 1
        ends = shorten(where[edge.source.name], where[edge.target.name], GAP)
        passed = walk.computed(edge.source), walk.returned(edge.target)
        numbers = _valued(edge.source), _number(edge.gradient)
        shapes += _edge(f"edge{place}", ends, bend, numbers, passed, step)
    output = walk.trace.nodes[-1]
    x, y = where[output.name]
    passed = walk.computed(output), walk.gathered(output)
    numbers = _valued(output), _number(walk.trace.gradients[-1])
    return shapes + _edge("out", ((x + GAP, y), (x + GAP + OUT, y)), 0.0, numbers, passed, step)


def _edge(
    key: str,
    ends: tuple[svg.Point, svg.Point],
    bend: float,
    numbers: tuple[str, str],
    passed: tuple[int, int],
    step: int,
) -> list[Element]:
    """Draw two arrows, the value above and the gradient below, each from its own step on."""
    shapes = two_ways(key, *ends, passed, step, bend=bend)
    (x1, y1), (x2, y2) = ends
    across, down = leftward(*ends)
    looks = ((1, "value", "text"), (-1, "gradient", "gradient"))
    for (side, kind, fill), number, known in zip(looks, numbers, passed, strict=True):
        # as far as a slanted edge must be from the corner of the number
        clear = 9 + abs(across) * len(number) * LETTER / 2 + abs(down) * 7
        away = bend + side * clear
        shapes.append(
            svg.text(
                (x1 + x2) / 2 + away * across,
                (y1 + y2) / 2 + away * down,
                number,
                key=f"{key}-{kind}",
                fill=fill,
                opacity=int(step >= known),
                font_weight="bold" if step == known else "normal",
            )
        )
    return shapes


def _sums(walk: Walk, where: Places, step: int) -> list[Element]:
    """Write the sum over each node that was used more than once, when its last part is there."""
    shapes = []
    for node in walk.trace.nodes:
        if len(_parts(walk, node)) > 1:
            x, y = where[node.name]
            shapes.append(
                svg.text(
                    x - RADIUS,
                    y - RADIUS - 16,
                    _sum(walk, node),
                    key=f"sum-{node.name}",
                    fill="gradient",
                    anchor="start",
                    opacity=int(step >= walk.gathered(node)),
                    font_weight="bold" if step == walk.gathered(node) else "normal",
                )
            )
    return shapes


def _node(walk: Walk, node: Node, at: svg.Point, step: int) -> Element:
    """Draw a leaf as a box with its name, an operation as a circle with its symbol."""
    last = walk.returned(node) if node.op else walk.gathered(node)
    sets = jump(step, walk.computed(node), last)
    if node.op is None:
        look = svg.box(*at, 2 * RADIUS, 2 * RADIUS, fill="paper", stroke="input", stroke_width=1.6)
        parts = [look, svg.text(*at, node.name, fill="input")]
    else:
        look = svg.circle(*at, RADIUS, fill="paper", stroke="text", stroke_width=1.6)
        parts = [look, halo(walk, node, at, RADIUS, step), svg.text(*at, node.op.symbol, size=18)]
    return svg.group(*parts, key=f"node-{node.name}", sets=sets)


def _said(walk: Walk, step: int) -> str:
    """Say with numbers what a step does."""
    part, node = walk.at(step)
    if part == "known" or node.op is None:
        leaves = ", ".join(_equal(each) for each in walk.trace.nodes if each.op is None)
        return f"only the leaves are known, {leaves}."
    symbol = node.op.symbol
    if part == "forward":
        join = f" {symbol} " if len(node.inputs) > 1 else ""
        names = join.join(_name(each) for each in node.inputs)
        values = join.join(_factor(each.value) for each in node.inputs)
        if not join:
            names, values = f"{symbol}({names})", f"{symbol}({values})"
        name = "" if " " in _name(node) else f"{_name(node)} = "
        return f"the node {symbol} computes {name}{names} = {values} = {_number(node.value)}."
    if part == "arrival":
        return f"at the output the way back starts with {_slope(walk, node)} = 1."
    edges = [edge for edge in walk.trace.edges if edge.target is node]
    handed = [_handed(walk, node.op, edge, place) for place, edge in enumerate(edges)]
    said = f"the node {symbol} hands {' and '.join(handed)}."
    for each in dict.fromkeys(node.inputs):
        if walk.gathered(each) == step and len(_parts(walk, each)) > 1:
            said += f" At {_name(each)} the parts add: {_sum(walk, each)}."
    return said


def _handed(walk: Walk, op: Op, edge: Edge, place: int) -> str:
    """Say what goes back along one edge: what arrives, times the local derivative."""
    node = edge.target
    values = [each.value for each in node.inputs]
    local = _factor(np.asarray(op.backward(1.0, node.value, *values)[place]))
    if op is MULTIPLY:
        local = _name(node.inputs[1 - place])
    arrives = _factor(walk.trace.gradient(node))
    product = f"{arrives} · {local} = {_number(edge.gradient)}"
    slope = (
        f"{_slope(walk, edge.source)} = " if len(_parts(walk, edge.source)) == 1 else "the part "
    )
    return f"{slope}{product} to\N{NO-BREAK SPACE}{_name(edge.source)}"


def _sum(walk: Walk, node: Node) -> str:
    added = write_sum("", _parts(walk, node), walk.trace.gradient(node))
    return f"{_slope(walk, node)} = {added}"


def _parts(walk: Walk, node: Node) -> list[Array]:
    return [edge.gradient for edge in walk.trace.edges if edge.source is node]


def _slope(walk: Walk, node: Node) -> str:
    return f"∂{walk.trace.nodes[-1].name}/∂{_name(node)}"


def _valued(node: Node) -> str:
    """Write a value; a computed one that has a name of its own, with that name."""
    return _equal(node) if node.op and " " not in _name(node) else _number(node.value)


def _equal(node: Node) -> str:
    return f"{_name(node)} = {_number(node.value)}"


def _name(node: Node) -> str:
    """Give a node's name, in brackets if it is an operation spelled out."""
    return f"({node.name})" if " " in node.name else node.name


def _factor(value: Array) -> str:
    string = _number(value)
    return f"({string})" if string.startswith("−") else string


def _number(value: Array) -> str:
    return write(np.asarray(value), 9)
