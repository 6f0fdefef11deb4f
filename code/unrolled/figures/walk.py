"""What the figures of chapters 1 and 4 share: a walk over a graph, one operation a step."""

from __future__ import annotations

import json
import math
import re
from typing import Literal, NamedTuple
from xml.etree.ElementTree import Element

from unrolled.figures import svg
from unrolled.figures.base import Control
from unrolled.graph import Node, Trace

Part = Literal["known", "forward", "arrival", "backward"]


class Walk(NamedTuple):
    """Every operation forward, the gradient's arrival at the output, every operation backward.

    Step 0 knows the leaves only; the last step hands back the last gradients.
    """

    trace: Trace

    @property
    def operations(self) -> list[Node]:
        """The nodes that are computed, in order."""
        return [node for node in self.trace.nodes if node.op is not None]

    @property
    def last(self) -> int:
        """The last step."""
        return 2 * len(self.operations) + 1

    def at(self, step: int) -> tuple[Part, Node]:
        """Say what a step does, and to which node."""
        operations = self.operations
        if 0 < step <= len(operations):
            return "forward", operations[step - 1]
        if step > len(operations) + 1:
            return "backward", operations[self.last - step]
        return ("arrival" if step else "known"), self.trace.nodes[-1]

    def computed(self, node: Node) -> int:
        """Return the step after which a node's value is known."""
        return 0 if node.op is None else 1 + self.operations.index(node)

    def returned(self, node: Node) -> int:
        """Return the step in which an operation hands its gradients back."""
        return self.last - self.operations.index(node)

    def gathered(self, node: Node) -> int:
        """Return the step after which a node's gradient is complete."""
        users = [edge.target for edge in self.trace.edges if edge.source is node]
        return max(map(self.returned, users), default=len(self.operations) + 1)

    def control(self) -> Control:
        """Return the control of the steps; it starts at the last, so that the still shows all."""
        labels = tuple(f"{step} of {self.last}" for step in range(self.last + 1))
        return Control("step", "step", tuple(range(self.last + 1)), self.last, "steps", labels)

    def words(self, step: int, said: str) -> str:
        """Put the number and the direction of a step before what it does."""
        part = self.at(step)[0]
        direction = {"known": "", "forward": ", forward"}.get(part, ", backward")
        return f"Step {step} of {self.last}{direction}: {_unbroken(said)}"


def _unbroken(said: str) -> str:
    """Keep a formula, a fraction and a row of numbers on one line each."""
    blank, joined = "\N{NO-BREAK SPACE}", "/\N{WORD JOINER}"
    said = re.sub(r" ([=×·+−]) ", rf"{blank}\1{blank}", said.replace("/", joined))
    return re.sub(r", (?=[^()]*\))", f",{blank}", said)


def two_ways(
    key: str,
    start: svg.Point,
    end: svg.Point,
    passed: tuple[int, int],
    step: int,
    *,
    bend: float = 0.0,
    apart: float = 3.0,
) -> list[Element]:
    """Draw an edge: an arrow that is pale until its value passes, and one back for the gradient.

    Parameters
    ----------
    key : str
        The edge's name in the figure.
    start, end : tuple of 2 float
        Where the value leaves and where it arrives.
    passed : tuple of 2 int
        The steps in which the value passes, and the gradient.
    step : int
        The present step.
    bend : float
        As for `unrolled.figures.svg.arrow`.
    apart : float
        From the middle to either arrow.

    Returns
    -------
    list of Element
        Keyed ``KEY-there`` and ``KEY-back``.
    """
    across, down = leftward(start, end)
    there = [(x + apart * across, y + apart * down) for x, y in (start, end)]
    back = [(x - apart * across, y - apart * down) for x, y in (end, start)]
    pale = 1 if step >= passed[0] else 0.3
    shown = int(step >= passed[1])
    return [
        svg.arrow(*there, bend=bend, key=f"{key}-there", stroke="text", opacity=pale),
        svg.arrow(*back, bend=-bend, key=f"{key}-back", stroke="gradient", opacity=shown),
    ]


def jump(step: int, forward: int, backward: int) -> str:
    """Say where a click leads: to the step forward, and from there to the one backward."""
    return json.dumps({"step": backward if step == forward else forward})


def halo(walk: Walk, node: Node, at: svg.Point, radius: float, step: int) -> Element:
    """Ring the operation whose turn it is, in the colour of the direction."""
    part, turn = walk.at(step)
    return svg.circle(
        *at,
        radius,
        key=f"halo-{node.name}",
        fill="none",
        stroke="text" if part == "forward" else "gradient",
        stroke_width=3,
        opacity=int(turn is node and part in ("forward", "backward")),
    )


def shorten(start: svg.Point, end: svg.Point, gap: float) -> tuple[svg.Point, svg.Point]:
    """Take the same length off both ends of a line."""
    length = math.dist(start, end)
    across, down = (gap * (b - a) / length for a, b in zip(start, end, strict=True))
    return (start[0] + across, start[1] + down), (end[0] - across, end[1] - down)


def leftward(start: svg.Point, end: svg.Point) -> svg.Point:
    """Return the direction to the left of a line, of length 1: up where the line goes right."""
    length = math.dist(start, end)
    return (end[1] - start[1]) / length, (start[0] - end[0]) / length
