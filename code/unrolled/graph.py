"""A small computation graph: values forward, gradients back, every number visible.

Chapter 1 builds one by hand; chapter 4 draws the cell with it. Nodes are
immutable: :func:`backward` returns gradients as a new value and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from unrolled.shapes import DTYPES, ArgumentError, Array, ShapeError

Number: TypeAlias = "float | Array"


class Op(NamedTuple):
    """What a node does: forward, and backward to each of its inputs."""

    symbol: str
    """How it is drawn, ``"×"`` say."""
    forward: Callable[..., Any]
    """Takes the inputs' values, returns the node's."""
    backward: Callable[..., tuple[Any, ...]]
    """Takes the gradient of the output, the output and the inputs; one gradient an input."""


@dataclass(frozen=True, eq=False)
class Node:
    """A value in the graph, with the operation and the nodes that made it."""

    name: str
    value: Array
    op: Op | None = None
    inputs: tuple[Node, ...] = ()

    __array_ufunc__ = None  # an array beside a node is refused, not taken apart

    def __add__(self, other: Node) -> Node:
        """Add a node."""
        return apply(ADD, self, other)

    def __sub__(self, other: Node) -> Node:
        """Subtract a node."""
        return apply(SUBTRACT, self, other)

    def __mul__(self, other: Node) -> Node:
        """Multiply by a node, entry by entry."""
        return apply(MULTIPLY, self, other)

    def __matmul__(self, other: Node) -> Node:
        """Multiply by a node, as matrices."""
        return apply(MATMUL, self, other)

    def __radd__(self, other: object) -> Node:
        """Refuse a bare number on the left, as on the right."""
        return apply(ADD, other, self)  # type: ignore[arg-type]

    def __rsub__(self, other: object) -> Node:
        """Refuse a bare number on the left, as on the right."""
        return apply(SUBTRACT, other, self)  # type: ignore[arg-type]

    def __rmul__(self, other: object) -> Node:
        """Refuse a bare number on the left, as on the right."""
        return apply(MULTIPLY, other, self)  # type: ignore[arg-type]

    def __rmatmul__(self, other: object) -> Node:
        """Refuse a bare array on the left, as on the right."""
        return apply(MATMUL, other, self)  # type: ignore[arg-type]


class Edge(NamedTuple):
    """A use of a node by another, and the gradient that comes back along it."""

    source: Node
    target: Node
    gradient: Array


class Trace(NamedTuple):
    """A graph with its gradients: nodes in order of computation, edges in order of return."""

    nodes: tuple[Node, ...]
    gradients: tuple[Array, ...]
    """One for each node, in the same order: the sum over the edges that leave it."""
    edges: tuple[Edge, ...]

    def gradient(self, node: Node | str) -> Array:
        """Look a node's gradient up.

        Parameters
        ----------
        node : Node or str
            The node, or its name.

        Returns
        -------
        ndarray
            As the node's value.

        Raises
        ------
        ArgumentError
            No such node in the graph.
        """
        for candidate, gradient in zip(self.nodes, self.gradients, strict=True):
            if candidate is node or (isinstance(node, str) and candidate.name == node):
                return gradient
        raise ArgumentError(
            f"node: expected one of {[each.name for each in self.nodes]}, "
            f"got {getattr(node, 'name', node)!r}."
        )


def leaf(name: str, value: Number) -> Node:
    """Put a number or an array into a graph.

    Parameters
    ----------
    name : str
        What it is called on the drawing.
    value : float or ndarray
        Copied, as float64 unless it is of floating or complex numbers already.

    Returns
    -------
    Node
        With no inputs.

    Raises
    ------
    ArgumentError
        Not finite numbers.
    """
    _check_name(name)
    array = _numbers("value", value)
    if array.size == 0 or not np.isfinite(array).all():
        raise ArgumentError(f"value: expected finite numbers for node {name!r}, got {value!r}.")
    return Node(name, array)


def apply(op: Op, *inputs: Node, name: str = "") -> Node:
    """Compute one more node. See eq-graph-forward (chapter 1).

    Parameters
    ----------
    op : Op
        What to compute.
    *inputs : Node
        From these.
    name : str
        What it is called on the drawing; the operation spelled out if left empty.

    Returns
    -------
    Node
        Its value is computed now.

    Raises
    ------
    ArgumentError
        An input is not a node.
    ShapeError
        The inputs' shapes do not go together, or would need broadcasting of more than rows.
    """
    if not isinstance(op, Op) or not callable(op.forward) or not callable(op.backward):
        raise ArgumentError(
            f"op: expected an Op such as ADD or TANH, of two functions, got {type(op).__name__}."
        )
    _check_name(name)
    for position, node in enumerate(inputs):
        _check_node(f"inputs[{position}]", node)
    _check_arity(op, len(inputs))
    values = [node.value for node in inputs]
    _check_shapes(op, inputs)
    spelled = f" {op.symbol} ".join(node.name for node in inputs)
    default = spelled if len(inputs) > 1 else f"{op.symbol}({spelled})"
    return Node(name or default, np.asarray(op.forward(*values)), op, inputs)


def named(name: str, node: Node) -> Node:
    """Give a computed node a name of its own, ``named("p", x - y)``.

    Parameters
    ----------
    name : str
        The name.
    node : Node
        Is left as it is.

    Returns
    -------
    Node
        The same value from the same inputs, under the new name.

    Raises
    ------
    ArgumentError
        Not a name, or not a node.
    """
    _check_name(name)
    _check_node("node", node)
    return Node(name, node.value, node.op, node.inputs)


def order(output: Node) -> tuple[Node, ...]:
    """List the nodes that a value depends on, each after all of its inputs.

    Parameters
    ----------
    output : Node
        The last one.

    Returns
    -------
    tuple of Node
        ``output`` is last; a node used twice stands once.

    Raises
    ------
    ArgumentError
        Not a node.
    """
    _check_node("output", output)
    seen: set[int] = set()
    found: list[Node] = []
    waiting: list[tuple[Node, bool]] = [(output, False)]
    while waiting:  # a long chain of nodes is deeper than Python may recurse
        node, inputs_done = waiting.pop()
        if inputs_done:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting.extend((each, False) for each in reversed(node.inputs))
    return tuple(found)


def backward(output: Node, gradient: Number | None = None) -> Trace:
    """Carry a gradient from a node back to all it depends on.

    See eq-chain-rule and eq-fan-out (chapter 1): along an edge the gradient is
    multiplied by the local derivative, and where a node was used more than once
    the gradients that come back are added.

    Parameters
    ----------
    output : Node
        Where to start.
    gradient : float or ndarray, optional
        What arrives there; 1 for a single number, needed for an array.

    Returns
    -------
    Trace
        Gradients of every node and along every edge.

    Raises
    ------
    ShapeError
        The gradient is not of the shape of the output.
    """
    _check_node("output", output)
    if gradient is None and output.value.size != 1:
        raise ShapeError(
            f"gradient: expected an array {output.value.shape} to match {output.name}, got none. "
            f"Only a single number starts from 1 by itself."
        )
    start = np.ones_like(output.value) if gradient is None else _numbers("gradient", gradient)
    if start.shape != output.value.shape:
        raise ShapeError(
            f"gradient: expected shape {output.value.shape} to match {output.name}, "
            f"got {start.shape}."
        )
    if not np.can_cast(start.dtype, output.value.dtype, "same_kind"):
        raise ArgumentError(
            f"gradient: expected {output.value.dtype} to match {output.name}, got {start.dtype}."
        )
    start = start.astype(output.value.dtype)
    nodes = order(output)
    total = {id(node): np.zeros_like(node.value) for node in nodes}
    total[id(output)] = start
    edges = []
    for node in reversed(nodes):
        if node.op is None:
            continue
        values = [each.value for each in node.inputs]
        parts = node.op.backward(total[id(node)], node.value, *values)
        for each, part in zip(node.inputs, parts, strict=True):
            edge = Edge(each, node, _sum_to(np.asarray(part), each.value.shape))
            total[id(each)] = total[id(each)] + edge.gradient
            edges.append(edge)
    return Trace(nodes, tuple(total[id(node)] for node in nodes), tuple(edges))


def _numbers(name: str, value: object) -> Array:
    """Copy a number or an array; integers become float64."""
    try:
        array = np.array(value)
    except (TypeError, ValueError):
        array = np.array(None)
    odd = isinstance(value, (np.ma.MaskedArray, np.matrix))
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if odd or array.dtype not in DTYPES:
        raise ArgumentError(
            f"{name}: expected a number or a plain array of numbers, got {value!r}."
        )
    return array


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise ArgumentError(f"name: expected a str, got {type(name).__name__}.")


def _check_node(name: str, node: object) -> None:
    if not isinstance(node, Node):
        raise ArgumentError(
            f"{name}: expected a Node, got {type(node).__name__}. "
            f"Wrap a number in leaf(name, value)."
        )


def _check_arity(op: Op, count: int) -> None:
    """Refuse a wrong number of inputs: backward takes two values more, d and the output."""
    kinds = [each.kind for each in signature(op.backward).parameters.values()]
    if Parameter.VAR_POSITIONAL not in kinds and len(kinds) - 2 != count:
        raise ArgumentError(
            f"inputs: expected {len(kinds) - 2} nodes for {op.symbol}, got {count}."
        )


def _check_shapes(op: Op, inputs: tuple[Node, ...]) -> None:
    shapes = [node.value.shape for node in inputs]
    names = ", ".join(f"{node.name} {node.value.shape}" for node in inputs)
    if op is MATMUL:
        left, right = shapes
        if len(left) != 2 or len(right) != 2 or left[1] != right[0]:
            raise ShapeError(
                f"inputs of {op.symbol}: expected matrices (n, k) and (k, m), axis 1 of the left "
                f"as long as axis 0 of the right, got {names}."
            )
    elif len(inputs) == 2 and shapes[0] != shapes[1] and not _is_row_of(*shapes):
        raise ShapeError(
            f"inputs of {op.symbol}: expected equal shapes, or a row (1, H) or (H,) "
            f"beside rows (N, H), got {names}. A column would broadcast to (N, N) silently."
        )


def _is_row_of(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    small, large = sorted((one, other), key=lambda shape: (len(shape), np.prod(shape)))
    return len(large) == 2 and small in ((large[1],), (1, large[1]))


def _sum_to(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Undo the broadcasting of a row: every row that used it sends a gradient back."""
    if gradient.shape == shape:
        return gradient
    return gradient.sum(axis=0).reshape(shape)  # type: ignore[no-any-return]


ADD = Op("+", lambda a, b: a + b, lambda d, out, a, b: (d, d))
SUBTRACT = Op("−", lambda a, b: a - b, lambda d, out, a, b: (d, -d))
MULTIPLY = Op("×", lambda a, b: a * b, lambda d, out, a, b: (d * b, d * a))
MATMUL = Op("@", lambda a, b: a @ b, lambda d, out, a, b: (d @ b.T, a.T @ d))
SQUARE = Op("square", lambda a: a * a, lambda d, out, a: (2 * d * a,))
TANH = Op("tanh", np.tanh, lambda d, out, a: (d * (1 - out * out),))
SUM = Op("sum", lambda a: a.sum(), lambda d, out, a: (np.broadcast_to(d, a.shape),))
