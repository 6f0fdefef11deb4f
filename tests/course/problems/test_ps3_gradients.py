"""Problem set 3, products and windows: right answers in two spellings, wrong ones by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from course.problems.harness import assert_hint, assert_right, marked, problem

from unrolled.exercises import ps3_rules
from unrolled.exercises.papers import draw_paper

Answer = Callable[..., Any]

# Each form's squashing function with its slope, by hand
TABLE: tuple[tuple[Callable[[Any], Any], Callable[[Any], Any]], ...] = (
    (lambda z: z / (1 + z**2) ** 0.5, lambda z: (1 + z**2) ** -1.5),
    (np.arctan, lambda z: 1 / (1 + z**2)),
    (np.arcsinh, lambda z: (1 + z**2) ** -0.5),
    (np.sin, np.cos),
    (lambda z: 2 * z / (1 + z**2), lambda z: 2 * (1 - z**2) / (1 + z**2) ** 2),
)
forms = pytest.mark.parametrize("form", range(5))


def products_by_matrices(form: int, **wrong: Any) -> Answer:
    """Every Jacobian at once, then one sweep."""
    slope = TABLE[form][1]

    def residual_products(hs, xs, Wx, Wh, b, eps):
        read = hs[1:] if wrong.get("late") else hs[:-1]
        slopes = np.ones((len(xs), len(b))) if wrong.get("flat") else slope(read @ Wh + xs @ Wx + b)
        if wrong.get("tanh"):
            slopes = 1 - TABLE[form][0](read @ Wh + xs @ Wx + b) ** 2
        back = Wh if wrong.get("transposed") else Wh.T
        jacobians = (1.0 if wrong.get("eps") else eps) * slopes[:, :, None] * back
        if not wrong.get("skip"):
            jacobians = jacobians + np.eye(len(b))
        found = [np.eye(len(b))]
        for jacobian in jacobians[::-1]:
            one, other = (jacobian, found[-1]) if wrong.get("left") else (found[-1], jacobian)
            found.append(one @ other)
        return np.stack(found[::-1])

    return residual_products


def products_row_by_row(form: int) -> Answer:
    """All unit gradients go back together: no Jacobian is ever made."""
    slope = TABLE[form][1]

    def residual_products(hs, xs, Wx, Wh, b, eps):
        T, H = xs.shape[0], b.shape[0]
        found = np.zeros((T + 1, H, H))
        rows = found[T] = np.identity(H)
        for t in range(T, 0, -1):
            da = eps * rows * slope(hs[t - 1].dot(Wh) + xs[t - 1].dot(Wx) + b)
            rows = found[t - 1] = rows + np.einsum("nk,jk->nj", da, Wh)
        return found

    return residual_products


@forms
@pytest.mark.parametrize("write", [products_by_matrices, products_row_by_row])
def test_right_products_earn_all(form: int, write: Callable[[int], Answer]) -> None:
    assert_right("ps3.products", form, write(form))


@forms
@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("skip", "two ways"),
        ("flat", "slope of φ"),
        ("tanh", "slope of tanh"),
        ("eps", "on the way forward"),
        ("transposed", "row of Wh"),
        ("late", "did that sum read"),
        ("left", "do not commute"),
    ],
)
def test_wrong_products_get_their_hint(form: int, slip: str, words: str) -> None:
    assert_hint("ps3.products", form, products_by_matrices(form, **{slip: True}), words)


@forms
def test_right_numbers_in_a_wrong_place_get_their_hint(form: int) -> None:
    right = products_row_by_row(form)
    slope = TABLE[form][1]

    def one_factor(hs, xs, Wx, Wh, b, eps):
        found = [
            np.eye(len(b)) + np.diag(eps * slope(h @ Wh + x @ Wx + b)) @ Wh.T
            for h, x in zip(hs, xs, strict=False)
        ]
        return np.array([*found, np.eye(len(b))])

    def from_the_first(*arguments):
        found = [np.eye(len(arguments[4]))]
        for jacobian in one_factor(*arguments)[:-1]:
            found.append(jacobian @ found[-1])
        return np.array(found)

    exchanged = lambda *arguments: right(*arguments).transpose(0, 2, 1)  # noqa: E731
    by_lag = lambda *arguments: right(*arguments)[::-1]  # noqa: E731
    assert_hint("ps3.products", form, exchanged, "axes exchanged")
    assert_hint("ps3.products", form, by_lag, "not to lag k")
    assert_hint("ps3.products", form, one_factor, "one factor")
    assert_hint("ps3.products", form, from_the_first, "not of the last state")


@forms
def test_one_wrong_product_of_four_thousand_is_found(form: int) -> None:
    right = products_row_by_row(form)

    def residual_products(*arguments):
        found = right(*arguments)
        if len(found) > 9:
            found[1234, 5, 6] += 1e-6
        return found

    result = marked("ps3.products", form, residual_products)
    assert result.points == 0
    assert "not on large ones" in result.message


# The starts of the windows after the first, by hand: T steps, K
STARTS: tuple[Callable[[int, int], list[int]], ...] = (
    lambda T, K: [t for t in range(1, T) if (T - t) % K == 0],
    lambda T, K: [t for t in range(1, T) if any(t == K * i * (i + 1) // 2 for i in range(1, T))],
    lambda T, K: [t for t in range(1, T) if t % (3 * K) in (0, K)],
    lambda T, K: [t for t in np.cumsum(np.arange(K, K + T)).tolist() if t < T],
    lambda T, K: list(range(2 * K, T, K)),
)


def windows_in_one_walk(form: int, **wrong: Any) -> Answer:
    """Run over all steps, walk back over all steps, and drop what arrives at a window's start."""
    squash, slope = TABLE[form]
    flat, back, spring = (wrong.get(name, False) for name in ("flat", "transposed", "spring"))
    cuts = wrong.get("starts", STARTS[form])

    def windows_backward(dhs, xs, h0, v0, Wx, Wh, b, eps, mu, length):
        h, v, starts, kept = h0, v0, cuts(len(xs), length), []
        for t, x in enumerate(xs):
            if wrong.get("zeros") and t in starts:
                h, v = 0 * h, 0 * v
            a = h @ Wh + x @ Wx + b
            kept.append((h, a))
            v = v + eps * (squash(a) - h - mu * v)
            h = h + eps * v
        dh, dv, dWx, dWh, db, dxs = 0.0, 0.0, 0.0, 0.0, 0.0, []
        for t in reversed(range(len(xs))):
            h, a = kept[t]
            dh = dh + dhs[t]
            dv = dv + eps * dh
            slopes = 1 - squash(a) ** 2 if wrong.get("tanh") else slope(a)
            da = (1.0 if wrong.get("eps") else eps) * dv * (1.0 if flat else slopes)
            dWx, dWh, db = dWx + xs[t].T @ da, dWh + h.T @ da, db + da.sum(axis=0)
            dxs.insert(0, da @ Wx.T)
            dh = (0 if wrong.get("place") else dh) + da @ (Wh if back else Wh.T)
            dh = dh if spring else dh - eps * dv
            dv = dv if wrong.get("friction") else (1 - eps * mu) * dv
            if t in starts:
                dh = dh if wrong.get("h runs on") else 0.0 * dh
                dv = dv if wrong.get("v runs on") else 0.0 * dv
        return np.stack(dxs), dh, dWx, dWh, db

    return windows_backward


def windows_one_by_one(form: int) -> Answer:
    """Finish each window before the next: one matrix for both states, sums at the end of it."""
    squash, slope = TABLE[form]

    def windows_backward(dhs, xs, h0, v0, Wx, Wh, b, eps, mu, length):
        T, H = len(xs), len(b)
        edges = [0, *STARTS[form](T, length), T]
        state, found = np.hstack([h0, v0]), []
        for start, stop in pairwise(edges):
            hs, sums = [], []
            for x in xs[start:stop]:
                h, v = state[:, :H], state[:, H:]
                hs.append(h)
                sums.append(np.concatenate([x, h], axis=1) @ np.concatenate([Wx, Wh]) + b)
                v = (1 - eps * mu) * v + eps * (squash(sums[-1]) - h)
                state = np.hstack([h + eps * v, v])
            das, arrives = np.zeros((stop - start, *h0.shape)), np.zeros_like(state)
            for t in range(stop - start - 1, -1, -1):
                place = arrives[:, :H] + dhs[start + t]
                speed = arrives[:, H:] + eps * place
                das[t] = eps * speed * slope(sums[t])
                place = place - eps * speed + das[t] @ Wh.T
                arrives = np.hstack([place, speed * (1 - eps * mu)])
            hs, part = np.array(hs), xs[start:stop]
            of_weights = (
                np.einsum("tnd,tnh->dh", part, das),
                np.einsum("tnj,tnh->jh", hs, das),
                das.sum(axis=(0, 1)),
            )
            found.append((das @ Wx.T, arrives[:, :H], *of_weights))
        dxs, dh0s, *sums = zip(*found, strict=True)
        return np.concatenate(dxs), dh0s[0], *map(sum, sums)

    return windows_backward


@forms
@pytest.mark.parametrize("write", [windows_in_one_walk, windows_one_by_one])
def test_right_windows_earn_all(form: int, write: Callable[[int], Answer]) -> None:
    assert_right("ps3.windows", form, write(form))


@forms
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"starts": lambda T, K: []}, "nothing is cut"),
        ({"starts": lambda T, K: range(K, T, K)}, "Read the rule again"),
        ({"h runs on": True}, "v is cut and h is not"),
        ({"v runs on": True}, "h is cut and v is not"),
        ({"zeros": True}, "keeps the values"),
        ({"flat": True}, "slope of φ"),
        ({"tanh": True}, "slope of tanh"),
        ({"eps": True}, "on the way forward"),
        ({"spring": True}, "pulls at v"),
        ({"friction": True}, "friction"),
        ({"place": True}, "stands on its own"),
        ({"transposed": True}, "through Wh"),
    ],
)
def test_wrong_windows_get_their_hint(form: int, wrong: dict[str, Any], words: str) -> None:
    assert_hint("ps3.windows", form, windows_in_one_walk(form, **wrong), words)


@forms
def test_cuts_beside_the_right_step_get_their_hint(form: int) -> None:
    late = windows_in_one_walk(form, starts=lambda T, K: [t + 1 for t in STARTS[form](T, K)])
    early = windows_in_one_walk(form, starts=lambda T, K: [t - 1 for t in STARTS[form](T, K)])
    assert_hint("ps3.windows", form, late, "one step too late")
    assert_hint("ps3.windows", form, early, "one step too early")


def test_a_gradient_cut_at_the_very_first_state_is_found() -> None:
    """K divides T there: the windows of the first form begin at T % K, which is 0."""
    answer = windows_in_one_walk(0, starts=lambda T, K: range(T % K, T, K))
    result = marked("ps3.windows", 0, answer)
    assert result.points < 7
    assert "not on large ones (dh0)" in result.message


@forms
def test_the_rules_cut_as_by_hand_and_as_the_page_says(form: int) -> None:
    rule = ps3_rules.RULES[form]
    for T in range(1, 40):
        for K in range(1, 7):
            by_hand = STARTS[form](T, K)
            assert ps3_rules.starts(rule, T, K) == set(by_hand)
    lengths = np.diff([0, *STARTS[form](9, 2), 9]).tolist()
    assert rule.example.split(" into ")[1] == ", ".join(map(str, lengths))


@pytest.mark.parametrize(
    ("problem_id", "write"),
    [("ps3.products", products_by_matrices), ("ps3.windows", windows_in_one_walk)],
)
def test_one_forms_answer_is_wrong_for_every_other(
    problem_id: str, write: Callable[[int], Answer]
) -> None:
    for answered, asked in permutations(range(5), 2):
        result = marked(problem_id, asked, write(answered))
        assert result.points == 0, (answered, asked)


@forms
def test_numeric_products_take_far_too_many_steps(form: int) -> None:
    """Count: from every state anew, all units nudged at once; a step costs 5 µs and more."""
    asked = problem("ps3.products")
    hs, xs, *_ = asked.large(asked.variants[form].settings, np.random.default_rng(0))
    T, H = xs.shape[0], hs.shape[1]
    assert T * (T + 1) // 2 == 8_002_000  # "eight million steps", says the page
    assert T * (T + 1) // 2 * 5e-6 > 10
    assert T * H * T * 5e-6 > 10  # one run for each entry of each state


@forms
def test_numeric_windows_take_far_too_many_forwards(form: int) -> None:
    """Count forwards for each part, all sequences nudged at once where they do not mix.

    A forward of some 200 steps costs more than 4 ms: seven NumPy calls of 3 µs and more a step.
    """
    asked = problem("ps3.windows")
    settings = asked.variants[form].settings
    _, xs, h0, _, Wx, Wh, b, *_ = asked.large(settings, np.random.default_rng(0))
    T, _, D = xs.shape
    seconds = {
        "dxs": T * D * 0.004,
        "dh0": h0.shape[1] * 0.004,
        "dWx": Wx.size * 0.004,
        "dWh": Wh.size * 0.004,
        "db": b.size * 0.004,
    }
    assert T * 7 * 3e-6 > 0.004
    quick = [part for part, time in seconds.items() if time <= 10]
    assert quick == ["dh0", "db"]  # the state and the bias: less than half of the parts
    assert 2 * len(quick) < len(asked.parts)


@pytest.mark.parametrize("problem_id", ["ps3.products", "ps3.windows"])
@forms
def test_questions_are_reproducible_and_no_part_is_zero(problem_id: str, form: int) -> None:
    asked = problem(problem_id)
    one, same, other = (
        draw_paper(asked, asked.variants[form], np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    for a, b in zip(one.calls, same.calls, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not np.array_equal(one.calls[-1][0], other.calls[-1][0])
    for expected in one.expected:
        for part in expected if asked.parts else (expected,):
            assert np.all(np.isfinite(part))
            assert np.abs(part).min(axis=-1).max() > 0
