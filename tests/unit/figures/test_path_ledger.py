"""The numbers in chapter 6's responding figure, each term by untied weights and a complex step."""

from __future__ import annotations

import gzip
import re
from itertools import product

import numpy as np
import pytest

from unrolled import ArgumentError, Hidden, RNNParams, models
from unrolled.cells import RNN
from unrolled.figures.base import markup, shown
from unrolled.figures.path_ledger import ledger
from unrolled.figures.path_shapes import CORNER, LEFT, RIGHT, SIDE, number

MODEL = models.Model(RNN, "squared_error", "every")
WEIGHTS = {
    "Wx": np.array([[0.6, -0.4], [0.3, 0.8]]),
    "Wh": np.array([[0.9, -0.5], [0.4, 0.7]]),
    "Wy": np.array([[0.8], [-0.6]]),
}
B, BY = np.array([0.1, -0.2]), np.array([0.1])
XS = np.array([[1, 0], [0, -1], [-1, 1], [1, 1]], float)[:, None]
YS = np.array([0.5, -1, 1, -0.5])[:, None, None]
STARTS = {"zero": np.zeros((1, 2)), "given": np.array([[0.5, -0.5]])}
PAIRS = [(1, 1), (2, 2), (2, 1), (3, 3), (3, 2), (3, 1), (4, 4), (4, 3), (4, 2), (4, 1)]


@pytest.fixture(scope="module")
def figure():
    cell = RNNParams(WEIGHTS["Wx"], WEIGHTS["Wh"], B)
    params = models.ModelParams(cell, WEIGHTS["Wy"], BY)
    return ledger(MODEL, params, XS, YS, {name: Hidden(h) for name, h in STARTS.items()})


def term(of, start, t, k):
    """Nudge each entry of the copy of one weight that step k uses; watch the loss of step t."""
    slopes = np.empty(WEIGHTS[of].shape)
    for index in np.ndindex(slopes.shape):
        h = STARTS[start]
        for step in range(1, t + 1):
            copy = {name: value.astype(complex) for name, value in WEIGHTS.items()}
            copy[of][index] += 1e-30j * (step == k)
            h = np.tanh(h @ copy["Wh"] + XS[step - 1] @ copy["Wx"] + B)
        loss = ((h @ copy["Wy"] + BY - YS[t - 1]) ** 2).sum()
        slopes[index] = loss.imag / 1e-30
    return slopes


TERMS = {
    (of, start): [term(of, start, t, k) for t, k in PAIRS] for of, start in product(WEIGHTS, STARTS)
}
CHOICES = [
    pytest.param(place, of, start, id=f"{of}-{start}-{place}")
    for of, start, place in product(WEIGHTS, STARTS, range(10))
]


def at(figure, place, of, start):
    """Everything that is shown for a choice, what never changes included."""
    seen = {}
    for still in figure.stills:
        for top in still.shapes:
            for element in top.iter():
                key = element.get("data-key")
                if key:
                    seen |= {(key, name): value for name, value in element.attrib.items()}
                    seen[key, "#"] = element.text
    return seen | shown(figure, {"term": place + 1, "of": of, "start": start})


def numbers(text):
    plain = text.replace("−", "-")
    return [float(each) for each in re.findall(r"(?<![\w,])-?\d+\.?\d*", plain)]


@pytest.mark.parametrize(("place", "of", "start"), CHOICES)
def test_the_words_name_the_path_and_its_numbers(figure, place, of, start):
    words = " ".join(value for (key, _), value in at(figure, place, of, start).items()
                     if key == "text-3")  # fmt: skip
    t, k = PAIRS[place]
    terms = TERMS[of, start]
    sums = [sum(each[0, 0] for each in terms[: place + 1]), sum(each[0, 0] for each in terms)]
    said = numbers(words)
    if of == "Wy":  # one term for each of the four steps
        assert said[-3:] == pytest.approx([sums[0], 4, sums[1]], abs=6e-5)
    else:
        assert said[-4:] == pytest.approx([10, sums[0], 10, sums[1]], abs=6e-5)
    low = dict(zip(range(5), "₀₁₂₃₄", strict=True))
    if of == "Wy" and t != k:
        assert "no such term" in words
        assert f"L{low[t]} uses Wy once, at step {t}, right above h{low[t]}" in words
        assert not terms[place].any()
        return
    formula = words.split(": norm")[0]
    if of == "Wy":
        assert formula == f"∂L{low[t]}/∂Wy"
    else:
        assert formula.startswith(f"∂L{low[t]}/∂h{low[t]} · ")
        assert formula.endswith(f" · ∂⁺h{low[k]}/∂{of}")
        assert len(formula.split(" · ")) == t - k + 2
        for step in range(k + 1, t + 1):
            assert f" ∂h{low[step]}/∂h{low[step - 1]} " in formula
    assert said[:1] == pytest.approx([np.sqrt((terms[place] ** 2).sum())], abs=6e-5)
    assert f"entry [0, 0] {number(terms[place][0, 0], 4)}." in words
    assert ("It is zero" in words) == (of == "Wh" and k == 1 and start == "zero")


@pytest.mark.parametrize(("place", "of", "start"), CHOICES)
def test_the_triangle_holds_every_norm(figure, place, of, start):
    seen = at(figure, place, of, start)
    norms = [np.linalg.norm(each) for each in TERMS[of, start]]
    for other, (t, k) in enumerate(PAIRS):
        written, cell = seen[f"norm{other}", "#"], f"cell{other}"
        there = of != "Wy" or t == k
        assert written == (f"{norms[other]:.2f}" if there else "–")
        share = norms[other] / max(norms) if there else 0
        assert float(seen[cell, "fill-opacity"]) == pytest.approx(0.06 + 0.5 * share, abs=0.006)
        assert (float(seen[cell, "stroke-width"]) > 2) == (other == place)
        assert seen[cell, "data-set"] == f'{{"term": {other + 1}}}'
        middle = float(seen[cell, "x"]) + 19, float(seen[cell, "y"]) + 19
        assert middle == (CORNER[0] + SIDE * (k - 0.5), CORNER[1] + SIDE * (t - 0.5))


@pytest.mark.parametrize(("place", "of", "start"), CHOICES)
def test_the_bars_add_up_to_the_gradient(figure, place, of, start):
    seen = at(figure, place, of, start)
    entries = [each[0, 0] for each in TERMS[of, start]]
    sums = np.concatenate([[0], np.cumsum(entries)])
    low, unit = sums.min(), (RIGHT - LEFT) / (sums.max() - sums.min())
    for other in range(10):
        bar = f"bar{other}"
        left, width = float(seen[bar, "x"]), float(seen[bar, "width"])
        places = sorted(LEFT + (sums[other : other + 2] - low) * unit)
        assert width == pytest.approx(max(places[1] - places[0], 1.5), abs=0.11)
        assert left + width / 2 == pytest.approx(sum(places) / 2, abs=0.11)
        assert float(seen[bar, "opacity"]) == (
            0 if other > place else 1 if other == place else 0.45
        )
        assert seen[f"pair{other}", "#"] == "{},{}".format(*PAIRS[other])
    ends = [float(point.split(",")[0]) for point in seen["end", "points"].split()]
    assert ends == pytest.approx([LEFT + (sums[-1] - low) * unit] * 2, abs=0.06)
    ends = [float(point.split(",")[0]) for point in seen["zero", "points"].split()]
    assert ends == pytest.approx([LEFT - low * unit] * 2, abs=0.06)
    assert numbers(seen["sofar", "#"]) == pytest.approx([sums[place + 1], sums[-1]], abs=6e-5)
    assert f"d{of}[0, 0]" in seen["sum", "#"]


@pytest.mark.parametrize(("place", "of", "start"), CHOICES[::2])
def test_arrows_lead_from_the_loss_to_the_use(figure, place, of, start):
    seen = at(figure, place, of, start)
    t, k = PAIRS[place]
    there = of != "Wy" or t == k
    for step in range(1, 5):
        assert float(seen[f"down{step}", "opacity"]) == (there and step == t and of != "Wy")
        assert float(seen[f"back{step}", "opacity"]) == (there and k < step <= t)
        for name in WEIGHTS:
            used = there and name == of and step == k
            assert float(seen[f"frame{name}{step}", "opacity"]) == used
            assert ("gradient" in seen[f"name{name}{step}", "fill"]) == used


def test_it_starts_at_a_long_path_and_is_light(figure):
    assert [control.start for control in figure.controls] == [9, "Wh", "given"]
    assert figure.controls[0].labels[8] == "t = 4, k = 2"
    assert len(gzip.compress(markup(figure).encode())) < 10_000


def test_another_loss_is_refused():
    for model in (models.Model(RNN), models.Model(RNN, "squared_error", "last")):
        with pytest.raises(ArgumentError, match="expected squared_error at every step"):
            ledger(model, None, XS, YS, {})


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [(-0.5, 2, "−0.50"), (-0.004, 2, "0.00"), (0.0, 4, "0.0000"), (1.23456, 4, "1.2346")],
)
def test_numbers_have_a_real_minus_and_no_minus_zero(value, digits, written):
    assert number(value, digits) == written
