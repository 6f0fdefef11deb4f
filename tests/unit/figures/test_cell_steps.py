"""Every number of chapter 4's stepping figure, against the cell, its twin, and differences."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams, gradcheck
from unrolled.figures.base import shown
from unrolled.figures.cell_places import BOXES, CIRCLES, MADE_BY, SIZE, TOUCHES
from unrolled.figures.cell_steps import RADIUS, cell
from unrolled.shapes import ArgumentError, ShapeError

X, H_PREV = np.array([[1.0, 2.0, -1.0, 0.5]]), np.array([[0.5, -0.5, 0.2]])
PARAMS = RNNParams(
    np.array([[0.1, 0.2, -0.3], [0.4, -0.1, 0.2], [-0.2, 0.3, 0.1], [0.6, -0.4, 0.2]]),
    np.array([[0.5, -0.3, 0.2], [0.1, 0.4, -0.6], [-0.2, 0.3, 0.7]]),
    np.array([[0.1, 0.0, -0.1]]),
)
ARRIVING = {"mixed": np.array([[1.0, -1, 2]]), "ones": np.ones((1, 3)), "one": np.eye(3)[:1]}
FIGURE = cell(X, H_PREV, PARAMS, ARRIVING)
LEAVES = dict(zip("ABCDE", (X, PARAMS.Wx, H_PREV, PARAMS.Wh, PARAMS.b), strict=True))
STEP_OF_VALUE = {**dict.fromkeys("ABCDE", 0), "F": 1, "G": 2, "H": 3, "I": 4, "J": 5}
STEP_OF_GRADIENT = {
    "J": 6, "I": 7, "H": 8, "E": 8, "F": 9, "G": 9, "C": 10, "D": 10, "A": 11, "B": 11
}  # fmt: skip


def forward(A, B, C, D, E):
    return np.tanh(A @ B + C @ D + E)


def values():
    state, _ = RNN.step(PARAMS, X, Hidden(H_PREV))
    product, recurrent = X @ PARAMS.Wx, H_PREV @ PARAMS.Wh
    before = product + recurrent
    made = (product, recurrent, before, before + PARAMS.b, state.h)
    return LEAVES | dict(zip("FGHIJ", made, strict=True))


def gradients(dh_next):
    """Those of the leaves by central differences, the others by their rules."""
    found = {}
    for letter in LEAVES:
        found[letter] = gradcheck.central_difference(
            lambda array, letter=letter: (dh_next * forward(**LEAVES | {letter: array})).sum(),
            LEAVES[letter],
        )
    da = dh_next * (1 - values()["J"] ** 2)
    return found | dict.fromkeys("FGHI", da) | {"J": dh_next}


def states():
    for step in FIGURE.controls[0].options:
        for place, dh_next in enumerate(ARRIVING.values()):
            yield step, dh_next, shown(FIGURE, {"step": step, "arrives": place})


def still():
    return {
        element.get("data-key"): element
        for top in FIGURE.stills[0].shapes
        for element in top.iter()
        if element.get("data-key")
    }


def rows(state, kind, letter, count):
    """The numbers in a box, as an array."""
    fixed = still()
    lines = [state.get((f"{kind}{letter}{row}", "#")) or fixed[f"{kind}{letter}{row}"].text
             for row in range(count)]  # fmt: skip
    assert lines[0].split()[0] == ("d" if kind == "gradient" else "") + letter
    return np.array([numbers(line) for line in lines])


def numbers(string):
    return [float(each) for each in re.findall(r"-?\d+\.\d+", string.replace("−", "-"))]


def plain(words):
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_every_number_in_a_box_is_right():
    for _, dh_next, state in states():
        expected = gradients(dh_next)
        for letter, value in values().items():
            written = rows(state, "value", letter, len(value))
            np.testing.assert_allclose(written, value, atol=0.00501)
            written = rows(state, "gradient", letter, len(value))
            np.testing.assert_allclose(written, expected[letter], atol=0.00501)


def test_the_leaves_are_the_gradients_of_the_package():
    for dh_next in ARRIVING.values():
        _, cache = RNN.step(PARAMS, X, Hidden(H_PREV))
        dx, before, dparams = RNN.step_backward(Hidden(dh_next), cache)
        ours = dict(zip("ABCDE", (dx, dparams.Wx, before.h, dparams.Wh, dparams.b), strict=True))
        for letter, expected in ours.items():
            np.testing.assert_allclose(gradients(dh_next)[letter], expected, atol=1e-8)


def test_numbers_appear_in_their_step():
    for step, _, state in states():
        for letter in BOXES:
            known = STEP_OF_VALUE[letter]
            if known:
                assert state[f"value{letter}", "opacity"] == str(int(step >= known))
            complete = STEP_OF_GRADIENT[letter]
            assert state[f"gradient{letter}", "opacity"] == str(int(step >= complete))
            assert state[f"box{letter}", "data-set"] == json.dumps(
                {"step": complete if step == known else known}
            )


def test_an_edge_is_coloured_when_it_carries():
    for step, _, state in states():
        for edge in TOUCHES:
            letter, circle = edge
            made = MADE_BY.get(letter) == circle
            known = STEP_OF_VALUE[letter]
            if known:
                assert (state[f"{edge}-there", "opacity"] == "1") == (step >= known)
            maker = next(output for output, each in MADE_BY.items() if each == circle)
            handed = STEP_OF_GRADIENT[letter] if made else 12 - STEP_OF_VALUE[maker]
            assert state[f"{edge}-back", "opacity"] == str(int(step >= handed))


def test_the_operation_whose_turn_it_is_has_a_ring():
    for step, _, state in states():
        for letter, forward_step in (("F", 1), ("G", 2), ("H", 3), ("I", 4), ("J", 5)):
            lit = state[f"halo-{letter}", "opacity"] == "1"
            assert lit == (step in (forward_step, 12 - forward_step))
            if lit:
                assert ("gradient" in state[f"halo-{letter}", "stroke"]) == (step > 5)


def test_the_words_name_the_rule_the_shapes_and_the_numbers():
    for step, dh_next, state in states():
        words, known, back = plain(state["text-1", "#"]), values(), gradients(dh_next)
        assert words.startswith(f"Step {step} of 11")
        said = {
            letter: array
            for letter, array in (known if step < 6 else back).items()
            if (STEP_OF_VALUE if step < 6 else STEP_OF_GRADIENT)[letter] == step and step
        }
        written = re.findall(r"\((?:−?\d+\.\d+(?:, )?)+\)", words)
        single = [array for letter, array in said.items() if letter not in "BD"]
        order = single if step != 8 else [back["H"], back["E"]]
        assert len(written) == len(order)
        for row, array in zip(written, order, strict=True):
            assert numbers(row) == pytest.approx(array[0], abs=0.00501)
        assert bool(re.search(r"\(\d, \d\)", words)) == (step not in (0, 6, 9))


def test_the_rules_are_those_of_the_chapter():
    words = [plain(state["text-1", "#"]) for _, dh, state in states() if dh is ARRIVING["mixed"]]
    assert "F = A B: (1, 4) @ (4, 3) → (1.4, −0.5, 0.1)." in words[1]
    assert words[6].endswith("dh_next = (1.0, −1.0, 2.0) arrives at J.")
    assert "dI = dJ ⊙ (1 − J ⊙ J): (1, 3) ⊙ (1, 3) → (0.13, −0.57, 1.51)." in words[7]
    assert "dE = the rows of dI, summed: (1, 3) → (0.13, −0.57, 1.51)." in words[8]
    assert "dF = dH = (0.13, −0.57, 1.51); dG = dH = (0.13, −0.57, 1.51)." in words[9]
    assert "dC = dG Dᵀ: (1, 3) @ (3, 3) → " in words[10]
    assert words[10].endswith("dD = Cᵀ dG: (3, 1) @ (1, 3) → (3, 3).")
    assert "dA = dF Bᵀ: (1, 3) @ (3, 4) → " in words[11]
    assert words[11].endswith("dB = Aᵀ dF: (4, 1) @ (1, 3) → (4, 3).")


def sides(box):
    left, top = box.x - box.width / 2, box.y - box.height / 2
    return left, top, left + box.width, top + box.height


def test_boxes_and_circles_do_not_overlap_and_arrows_end_on_the_sides_of_boxes():
    frames = {letter: sides(box) for letter, box in BOXES.items()}
    frames |= {
        letter: (x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS)
        for letter, (x, y) in CIRCLES.items()
    }
    for letter, (left, top, right, bottom) in frames.items():
        assert left >= 0
        assert top >= 0
        assert right <= SIZE[0]
        assert bottom <= SIZE[1]
        for other, frame in frames.items():
            apart = left >= frame[2] or frame[0] >= right or top >= frame[3] or frame[1] >= bottom
            assert apart or letter == other
    for edge, (x, y) in TOUCHES.items():
        left, top, right, bottom = frames[edge[0]]
        level = x in (left, right) and top < y < bottom
        upright = left < x < right and min(abs(y - top), abs(y - bottom)) <= 0.5
        assert level or upright, edge


def test_every_row_fits_into_its_box():
    for key, element in still().items():
        if element.tag == "text":
            letter = next(each for each in key if each.isupper())
            left, top, right, bottom = sides(BOXES[letter])
            y = float(re.findall(r"[\d.]+", element.get("transform"))[1])
            assert len(element.text) * 0.6 * 13 + 8 <= right - left
            assert top + 12 < y < bottom - 4


def test_smaller_cells_fit_too_and_larger_ones_are_refused():
    small = RNNParams(np.ones((2, 1)), np.ones((1, 1)), np.zeros(1))
    figure = cell(np.ones((1, 2)), np.zeros((1, 1)), small, {"one": np.ones((1, 1))})
    assert "J = tanh(I): (1, 1) → (0.96)" in plain(
        shown(figure, {"step": 5, "arrives": 0})["text-1", "#"]
    )
    with pytest.raises(ShapeError, match="x: expected one row of at most 4"):
        cell(np.ones((2, 4)), H_PREV, PARAMS, ARRIVING)
    with pytest.raises(ShapeError, match="h_prev: expected one row of at most 3"):
        cell(X, np.ones((1, 4)), PARAMS, ARRIVING)
    with pytest.raises(ArgumentError, match="at least one"):
        cell(X, H_PREV, PARAMS, {})
    with pytest.raises(ShapeError):
        cell(X, H_PREV, PARAMS, {"long": np.ones((1, 4))})
