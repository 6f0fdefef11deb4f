"""Every number of chapter 1's stepping figures, found again from the bare formulas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from unrolled.figures.base import shown
from unrolled.figures.graph_steps import expression
from unrolled.graph import SQUARE, TANH, apply, named
from unrolled.shapes import ArgumentError

F_POINTS = [(4, 1, 3), (2, 5, -4), (3, 3, 2), (0.5, -0.5, 1.5)]
Q_POINTS = [(4, 1), (2, 5), (3, 3), (-0.5, 2)]
F = expression(
    "f",
    lambda x, y, z: named("p", x - y) * z,
    F_POINTS,
    {"x": (0, 0.9), "y": (0, -0.1), "p": (1.4, 0.5), "z": (1.4, -0.6), "f": (2.8, 0)},
)
Q = expression(
    "q",
    lambda x, y: named("p", x - y) * x,
    Q_POINTS,
    {"x": (0, 0.6), "y": (0, -0.7), "p": (1.4, -0.2), "q": (2.8, 0.6)},
)
SQUASHED = expression("s", lambda x, y: apply(TANH, apply(SQUARE, x) + x * x + y), [(0.5, 0.1)])
# The edges in the order in which gradients return, and the two copies of x apart.
F_EDGES, F_PARTS = ("p", "z", "x", "y"), lambda x, y, z: (x - y) * z
Q_EDGES, Q_PARTS = ("p", "x2", "x1", "y"), lambda x1, y, x2: (x1 - y) * x2
STEP_OF_VALUE = {"p": 1, "out": 2}
STEP_OF_GRADIENT = {"out": 3, "edge0": 4, "edge1": 4, "edge2": 5, "edge3": 5}


def slope(formula: Callable[..., float], point: tuple[float, ...], place: int) -> float:
    """A central difference, exact to rounding where the formula is quadratic."""
    up, down = list(point), list(point)
    up[place] += 0.5
    down[place] -= 0.5
    return formula(*up) - formula(*down)


def read(string: str) -> float:
    return float(string.split("=")[-1].replace("−", "-"))


def numbers(words: str) -> list[float]:
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", words.replace("−", "-"))]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")


def states(figure):
    """Every choice with what is shown for it, the constant attributes of the still included."""
    still = {
        (element.get("data-key"), name): value
        for top in figure.stills[0].shapes
        for element in top.iter()
        for name, value in [*element.attrib.items(), ("#", element.text or "")]
        if element.get("data-key")
    }
    for step in figure.controls[0].options:
        for point in figure.controls[1].options:
            choice = {"step": step, "point": point}
            yield step, point, still | shown(figure, choice)


def f_numbers(point):
    x, y, z = point
    values = {"p": x - y, "z": z, "x": x, "y": y}
    by_leaf = {name: slope(F_PARTS, point, place) for place, name in enumerate("xyz")}
    by_p = slope(lambda p: p * z, (x - y,), 0)
    return values, {"p": by_p, **by_leaf}, (x - y) * z


def q_numbers(point):
    x, y = point
    values = {"p": x - y, "x1": x, "x2": x, "y": y}
    parts = {name: slope(Q_PARTS, (x, y, x), place) for place, name in enumerate(("x1", "y", "x2"))}
    return values, {"p": slope(lambda p: p * x, (x - y,), 0), **parts}, (x - y) * x


CASES = [(F, F_POINTS, F_EDGES, f_numbers), (Q, Q_POINTS, Q_EDGES, q_numbers)]
each_case = pytest.mark.parametrize(("figure", "points", "edges", "expected"), CASES)


@each_case
def test_every_number_on_an_edge_is_right_and_appears_in_its_step(figure, points, edges, expected):
    for step, point, state in states(figure):
        values, gradients, output = expected(points[point])
        for place, name in enumerate(edges):
            key = f"edge{place}"
            assert read(state[f"{key}-value", "#"]) == pytest.approx(values[name], abs=1e-9)
            assert read(state[f"{key}-gradient", "#"]) == pytest.approx(gradients[name], abs=1e-9)
            known = step >= STEP_OF_VALUE.get(name, 0)
            assert state[f"{key}-value", "opacity"] == str(int(known))
            assert (state[f"{key}-there", "opacity"] == "1") == known
            complete = str(int(step >= STEP_OF_GRADIENT[key]))
            assert state[f"{key}-gradient", "opacity"] == complete
            assert state[f"{key}-back", "opacity"] == complete
        assert read(state["out-value", "#"]) == pytest.approx(output, abs=1e-9)
        assert read(state["out-gradient", "#"]) == 1
        assert state["out-value", "opacity"] == str(int(step >= 2))
        assert state["out-gradient", "opacity"] == str(int(step >= 3))


@each_case
def test_every_equation_in_the_words_is_true(figure, points, edges, expected):
    for _, point, state in states(figure):
        values, _, output = expected(points[point])
        names = {name[0]: value for name, value in values.items()} | {figure.name[-1]: output}
        clauses = re.split(r" to | and |: |, |\. |\.$", plain(state["text-1", "#"]))
        for clause in clauses:
            terms = re.sub(r".*(hands|part|computes) ", "", clause).split(" = ")
            amounts = [
                evaluate(each, names) for each in terms if "∂" not in each and " = " in clause
            ]
            assert amounts == pytest.approx(amounts[-1:] * len(amounts), abs=1e-9), clause


@each_case
def test_the_words_give_the_slopes_their_right_names(figure, points, edges, expected):
    for step, point, state in states(figure):
        _, gradients, _ = expected(points[point])
        said = re.findall(r"∂./∂(\w) = [^=]+ = (\S+) to", plain(state["text-1", "#"]))
        assert [name for name, _ in said] == {
            4: [name for name in edges[:2] if name in "pz"],
            5: [name for name in edges[2:] if name in "xy"],
        }.get(step, [])
        for name, value in said:
            assert read(value) == pytest.approx(gradients[name], abs=1e-9)


def evaluate(term: str, names: dict[str, float]) -> float:
    """Compute a product, a sum or a difference of numbers and letters."""
    code = term.replace("−", "-").replace("·", "*").replace("×", "*")
    return float(eval(code, {"__builtins__": {}}, names))


def test_the_words_of_a_step_back():
    seen = {(step, point): plain(state["text-1", "#"]) for step, point, state in states(F)}
    assert seen[4, 0] == (
        "Step 4 of 5, backward: the node × hands ∂f/∂p = 1 · z = 3 to p and ∂f/∂z = 1 · p = 3 to z."
    )
    assert seen[5, 1] == (
        "Step 5 of 5, backward: the node − hands ∂f/∂x = (−4) · 1 = −4 to x "
        "and ∂f/∂y = (−4) · (−1) = 4 to y."
    )
    assert seen[1, 0] == "Step 1 of 5, forward: the node − computes p = x − y = 4 − 1 = 3."


def test_where_two_edges_meet_the_sum_is_shown_when_both_parts_are_there():
    for step, point, state in states(Q):
        x, y = Q_POINTS[point]
        name, added, total = plain(state["sum-x", "#"]).split(" = ")
        assert name == "∂q/∂x"
        assert read(total) == pytest.approx(2 * x - y)
        assert evaluate(added, {}) == pytest.approx(2 * x - y)
        assert state["sum-x", "opacity"] == str(int(step == 5))
        words = plain(state["text-1", "#"])
        assert ("At x the parts add" in words) == (step == 5)
        if step == 5:
            assert numbers(words)[-1] == pytest.approx(2 * x - y)


@pytest.mark.parametrize("figure", [F, Q])
def test_the_turn_is_ringed_and_a_click_leads_there(figure):
    output = figure.name[-1]
    turns = {1: "p", 2: output, 4: output, 5: "p"}
    for step, _, state in states(figure):
        for name, forward, backward in (("p", 1, 5), (output, 2, 4)):
            assert (state[f"halo-{name}", "opacity"] == "1") == (turns.get(step) == name)
            leads = json.loads(state[f"node-{name}", "data-set"])
            assert leads == {"step": backward if step == forward else forward}


def test_every_operation_of_the_chapter_can_be_stepped():
    words = [plain(state["text-1", "#"]) for _, _, state in states(SQUASHED)]
    assert "square(x) = square(0.5) = 0.25" in words[1]
    assert "(square(x) + x × x)" in words[3] or "x × x" in words[2]
    assert numbers(words[-1].split(" parts add")[0])[0] == len(words) - 1


@pytest.mark.parametrize("figure", [F, Q])
def test_nothing_overlaps_in_any_state(figure):
    for _, _, state in states(figure):
        boxes = [label(state, key) for key, name in state if name == "transform"]
        nodes = [
            circle(state, key) for key, name in state if key.startswith("halo") and name == "r"
        ]
        for place, one in enumerate(boxes):
            assert 0 <= one[0] <= one[2] <= figure.size[0]
            assert 0 <= one[1] <= one[3] <= figure.size[1]
            for other in boxes[:place] + nodes:
                apart = (
                    one[2] <= other[0] or other[2] <= one[0]
                    or one[3] <= other[1] or other[3] <= one[1]
                )  # fmt: skip
                assert apart, (one, other)


def label(state, key):
    """Left, top, right and bottom of a number, its letters taken half as wide as high."""
    x, y = (float(each) for each in re.findall(r"-?[\d.]+", state[key, "transform"]))
    width = 8.5 * len(state[key, "#"])
    left = x if state[key, "text-anchor"] == "start" else x - width / 2
    return left, y - 11, left + width, y + 3


def circle(state, key):
    x, y, radius = (float(state[key, name]) for name in ("cx", "cy", "r"))
    return x - radius, y - radius, x + radius, y + radius


def test_what_cannot_be_stepped_is_refused():
    with pytest.raises(ArgumentError, match="an operation at least"):
        expression("f", lambda x: x, [(1,)])
    with pytest.raises(ArgumentError, match="got 0 points"):
        expression("f", lambda x: x * x, [])
    with pytest.raises(ArgumentError, match="got none for"):
        expression("f", lambda x: x * x, [(1,)], {"x": (0, 0)})
