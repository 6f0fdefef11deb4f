"""Chapter 3's responding figure, every choice computed again with index loops."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest

from unrolled.figures import shape_fit

T = 4
SIZES = {"all different": (2, 4, 3), "N = H": (3, 4, 3), "D = H": (2, 3, 3), "N = 1": (1, 4, 3)}
XS = ("(N, D)", "(D, N)", "(D,)", "(T, N, D)", "swapped with h")
WXS = ("(D, H)", "(H, D)")
BS = ("(H,)", "(1, H)", "(H, 1)", "(N, 1)")
CHOICES = list(product(SIZES, XS, WXS, BS))


@pytest.fixture(scope="module")
def figure():
    return shape_fit.audit(np.random.default_rng(8), T)


@pytest.fixture(scope="module")
def right_arrays():
    """The same draws: xs (T, N, D), h, Wh, Wx, b."""
    rng = np.random.default_rng(8)
    drawn = {}
    for name, (N, D, H) in SIZES.items():
        xs, h = rng.standard_normal((T, N, D)), np.tanh(rng.standard_normal((N, H)))
        Wh, Wx = 0.6 * rng.standard_normal((H, H)), 0.6 * rng.standard_normal((D, H))
        drawn[name] = xs, h, Wh, Wx, 0.6 * rng.standard_normal(H)
    return drawn


def given(arrays, choice):
    """What stands in the places of h, Wh, x, Wx, b, as nested sizes and a reader of entries."""
    xs, h, Wh, Wx, b = arrays
    _, x_form, Wx_form, b_form = choice
    N = len(h)
    x = {
        "(N, D)": xs[0],
        "(D, N)": np.array([[xs[0][n, d] for n in range(N)] for d in range(xs.shape[2])]),
        "(D,)": xs[0][0],
        "(T, N, D)": xs,
        "swapped with h": h,
    }[x_form]
    if Wx_form == "(H, D)":
        Wx = np.array([[Wx[d, k] for d in range(len(Wx))] for k in range(Wx.shape[1])])
    b = {
        "(H,)": b,
        "(1, H)": np.array([b]),
        "(H, 1)": np.array([[each] for each in b]),
        "(N, 1)": np.array([[b[n]] for n in range(N)]),
    }[b_form]
    return (xs[0] if x_form == "swapped with h" else h), Wh, x, Wx, b


def times(x, W):
    """Multiply by the index that walks along both; None where the inner sizes differ."""
    if x.shape[-1] != W.shape[0]:
        return None
    result = np.zeros((*x.shape[:-1], W.shape[1]))
    for place in np.ndindex(result.shape):
        row = place[:-1]
        result[place] = sum(x[(*row, j)] * W[j, place[-1]] for j in range(len(W)))
    return result


def plus(p, q):
    """Add by the broadcast rule, aligned at the right end; None where it gives an error."""
    if p is None or q is None:
        return None
    axes = max(p.ndim, q.ndim)
    sizes = [(1,) * (axes - each.ndim) + each.shape for each in (p, q)]
    if any(m != n and 1 not in (m, n) for m, n in zip(*sizes, strict=True)):
        return None
    result = np.zeros([n if m == 1 else m for m, n in zip(*sizes, strict=True)])
    for place in np.ndindex(result.shape):
        result[place] = sum(
            each[tuple(0 if n == 1 else i for i, n in zip(place, size, strict=True))[-each.ndim :]]
            for each, size in zip((p, q), sizes, strict=True)
        )
    return result


def squashed(a):
    return None if a is None else np.vectorize(math.tanh)(a)


def step(h, Wh, x, Wx, b):
    return squashed(plus(plus(times(h, Wh), times(x, Wx)), b))


def meant(arrays, choice):
    """The new state by the right shapes, or all states where x has a time axis."""
    xs, h, Wh, Wx, b = arrays
    if choice[1] != "(T, N, D)":
        return step(h, Wh, xs[0], Wx, b)
    states = []
    for x in xs:
        h = step(h, Wh, x, Wx, b)
        states.append(h)
    return np.array(states)


def wrong(state, goal):
    if state.shape != goal.shape:
        return np.ones(state.shape, bool)
    return np.abs(state - goal) > 1e-12


def first_refused(h, Wh, x, Wx, b):
    """The array that the package's rules refuse first; none if all fit."""
    D, H = Wx.shape
    N = x.shape[0]
    rules = {
        "Wh": Wh.shape == (H, H),
        "b": b.shape in ((H,), (1, H)),
        "x": x.ndim == 2 and x.shape[1] == D,
        "state.h": h.shape == (N, H),
    }
    return next((name for name, fits in rules.items() if not fits), None)


def drawn_shape(path):
    """Rows, columns and pages of a box, counted in its path."""
    if not path:
        return None
    width, height = re.match(r"M\S+ \S+h([\d.]+)v([\d.]+)h", path).groups()
    rows, columns = float(height) / shape_fit.CELL, float(width) / shape_fit.CELL
    pages = path.count("M") - int(rows - 1) - int(columns - 1)
    return rows, columns, pages


def as_box(array):
    if array is None:
        return None
    rows, columns = array.shape[-2:] if array.ndim > 1 else (1, array.shape[0])
    return rows, columns, array.shape[0] if array.ndim == 3 else 1


@pytest.mark.parametrize("choice", CHOICES, ids="; ".join)
def test_boxes_and_their_labels_have_the_shapes(choice, shown, right_arrays):
    h, Wh, x, Wx, b = given(right_arrays[choice[0]], choice)
    recurrent, fed, state = times(h, Wh), times(x, Wx), step(h, Wh, x, Wx, b)
    places = {
        "Wh-left": h,
        "Wh-right": Wh,
        "Wh-product": recurrent,
        "Wx-left": x,
        "Wx-right": Wx,
        "Wx-product": fed,
        "part0": recurrent,
        "part1": fed,
        "part2": b,
        "state": state,
    }
    for key, array in places.items():
        assert drawn_shape(shown(choice, f"{key}-box", "d")) == as_box(array)
        assert shown(choice, f"{key}-shape") == ("—" if array is None else str(array.shape))
    for key, array in list(places.items())[6:9]:
        dashed = drawn_shape(shown(choice, f"{key}-dashed", "d"))
        repeated = state is not None and array.shape != state.shape
        assert dashed == (as_box(state) if repeated else None)


@pytest.mark.parametrize("choice", CHOICES, ids="; ".join)
def test_the_meeting_sides_say_whether_they_fit(choice, shown, right_arrays):
    h, Wh, x, Wx, _ = given(right_arrays[choice[0]], choice)
    for weight, left, right in (("Wh", h, Wh), ("Wx", x, Wx)):
        p, q = left.shape[-1], right.shape[0]
        assert shown(choice, f"{weight}-sign") == (f"{p} = {q} ✓" if p == q else f"{p} ≠ {q} ✗")
        sides = [shown(choice, f"{weight}-side{place}", "d") for place in (0, 1)]
        lengths = [float(re.search(r"[hv]([\d.]+)", side)[1]) for side in sides]
        assert lengths == pytest.approx([shape_fit.CELL * p, shape_fit.CELL * q])
        for place in (0, 1):
            solid = shown(choice, f"{weight}-side{place}", "stroke-dasharray") == "none"
            assert solid == (p == q)


@pytest.mark.parametrize("choice", CHOICES, ids="; ".join)
def test_what_numpy_did(choice, shown, right_arrays):
    arrays = right_arrays[choice[0]]
    h, Wh, x, Wx, b = given(arrays, choice)
    state, goal = step(h, Wh, x, Wx, b), meant(arrays, choice)
    said, verdict = shown(choice, "text-3").split("\n")[0], shown(choice, "verdict0")
    if state is None:
        assert verdict == "✓ stops with an error"
        assert said == f"NumPy stops. {numpy_says(h, Wh, x, Wx, b)}."
        assert shown(choice, "crosses", "d") == ""
        return
    bad = wrong(state, goal)
    front = bad.reshape(-1, *bad.shape[-2:])[0]
    assert shown(choice, "crosses", "d").count("M") == front.sum()
    assert str(state.shape) in verdict
    assert verdict.startswith("✗") == bad.any()
    if not bad.any():
        assert (
            said == f"NumPy: the new state is {state.shape}, and its {bad.size} numbers are right."
        )
    elif state.shape != goal.shape:
        assert f"the result is {state.shape}, where {goal.shape} was meant" in said
    else:
        count, size, far = re.search(r"(\d+) of its (\d+) .* by up to (\d+\.\d+)\.", said).groups()
        assert (int(count), int(size)) == (bad.sum(), bad.size)
        assert float(far) == pytest.approx(np.abs(state - goal).max(), abs=0.0051)
        assert ("same h" in said) == (state.ndim == 3)


def numpy_says(h, Wh, x, Wx, b):
    """The message of NumPy itself, in the order in which it reads the expression."""
    with pytest.raises(ValueError, match=r"matmul|broadcast") as caught:
        np.tanh(h @ Wh + x @ Wx + b)
    return f"ValueError: {caught.value}".strip()


@pytest.mark.parametrize("choice", CHOICES, ids="; ".join)
def test_what_the_package_did(choice, shown, right_arrays):
    arrays = right_arrays[choice[0]]
    h, Wh, x, Wx, b = given(arrays, choice)
    said, verdict = shown(choice, "text-3").split("\n")[1], shown(choice, "verdict1")
    refused = first_refused(h, Wh, x, Wx, b)
    if refused:
        assert said.startswith(f"RNN.step refuses. ShapeError: {refused}: ")
        assert verdict == "✓ stops with an error"
    elif wrong(step(h, Wh, x, Wx, b), meant(arrays, choice)).any():
        assert said == "RNN.step cannot see it either: every size fits."
        assert verdict.startswith("✗ no error")
    else:
        assert said == "RNN.step gives the same numbers."
        assert verdict == f"✓ the right {(*x.shape[:1], 3)}"


def test_the_chapter_s_silent_cases_are_silent(shown):
    column = ("N = H", "(N, D)", "(D, H)", "(H, 1)")
    assert "6 of its 9" in shown(column, "text-3")
    swapped = ("D = H", "swapped with h", "(D, H)", "(H,)")
    turned = ("D = H", "(N, D)", "(H, D)", "(H,)")
    for choice in (swapped, turned):
        assert "cannot see it either" in shown(choice, "text-3")
    for x in ("(D,)", "(T, N, D)"):
        assert "NumPy says nothing" in shown(("all different", x, "(D, H)", "(H,)"), "text-3")


def test_names_follow_the_swap(shown):
    names = ("Wh-left-name", "Wx-left-name", "part0-name", "part1-name")
    right = [shown(("D = H", "(N, D)", "(D, H)", "(H,)"), name) for name in names]
    turned = [shown(("D = H", "swapped with h", "(D, H)", "(H,)"), name) for name in names]
    assert right == ["h", "x", "h @ Wh", "x @ Wx"]
    assert turned == ["x", "h", "x @ Wh", "h @ Wx"]


def test_the_sizes_are_written(shown):
    for name, (N, D, H) in SIZES.items():
        assert (
            shown((name, XS[0], WXS[0], BS[0]), "letters") == f"T = {T}, N = {N}, D = {D}, H = {H}"
        )
