"""Problem set 5: every form has right answers that earn all and wrong ones with their hints."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jupytext
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from harness import assert_hint, assert_right, marked, problem

from unrolled.exercises import problem_set
from unrolled.exercises import ps5_project as project
from unrolled.exercises.problems import Gradients
from unrolled.exercises.sets import set_problems
from unrolled.shapes import ArgumentError

PAGE = Path(__file__).parents[3] / "book" / "exercises" / "ps5.md"
FORMS = range(5)
SHORTS = ("step", "score", "draw", "tied")
each_form = pytest.mark.parametrize("form", FORMS)
each_problem = pytest.mark.parametrize("short", SHORTS)

Answer = Callable[..., Any]

# What tells the forms apart, written a second time and with the slopes the package lacks.
SQUARES: tuple[Answer, ...] = (
    lambda s, g, m: s - 0.01 * (s - (g - m) * (g - m)),
    lambda s, g, m: np.where(s > g**2, s - 0.01 * g**2, np.where(s < g**2, s + 0.01 * g**2, s)),
    lambda s, g, m: np.where(0.99 * s > g**2, 0.99 * s, g**2),
    lambda s, g, m: s + 0.01 * np.maximum(0, g**2 - s),
    lambda s, g, m: (0.99 * s**0.5 + 0.01 * abs(g)) ** 2,
)
BENDS: tuple[tuple[Answer, Answer], ...] = (
    (lambda z: 8 * np.log1p(z / 8), lambda z: 8 / (8 + z)),
    (lambda z: 4 * ((4 + z) ** 0.5 - 2), lambda z: 2 / np.sqrt(4 + z)),
    (lambda z: 8 - 64 / (8 + z), lambda z: (1 + z / 8) ** -2.0),
    (lambda z: 8 * np.arctan2(z, 8), lambda z: 64 / (64 + z * z)),
    (lambda z: 8 * np.arcsinh(z / 8), lambda z: 8 / np.hypot(8, z)),
)
LEVELS: tuple[Answer, ...] = (
    lambda p: max(p),
    lambda p: max(p) ** 2,
    lambda p: sum(each**2 for each in p),
    lambda p: sum(each**3 for each in p) ** (1 / 2),
    lambda p: sum(each**4 for each in p) ** (1 / 3),
)
ROW_LEVELS: tuple[Answer, ...] = (
    lambda p: np.max(p, axis=1),
    lambda p: np.max(p, axis=1) ** 2,
    lambda p: np.einsum("nv,nv->n", p, p),
    lambda p: np.einsum("nv,nv,nv->n", p, p, p) ** 0.5,
    lambda p: np.cbrt(np.einsum("nv,nv->n", p * p, p * p)),
)
SHRINKS: tuple[tuple[Answer, Answer], ...] = (
    (lambda q: (1 + q) ** -0.5, lambda q: -0.5 * (1 + q) ** -1.5),
    (lambda q: 1 / (1 + q), lambda q: -1 / (1 + q) ** 2),
    (lambda q: np.exp(-q), lambda q: -np.exp(-q)),
    (lambda q: (1 + q**2) ** -0.5, lambda q: -q * (1 + q**2) ** -1.5),
    (
        lambda q: 1 / (1 + np.log1p(q)),
        lambda q: -1 / ((1 + np.log1p(q)) ** 2 * (1 + q)),
    ),
)


def stepper(
    form: int,
    *,
    corrected: Answer = lambda m, k: m / (1 - 0.9**k),
    square: Answer | None = None,
    coupled: bool = False,
    move: Answer = lambda m, s, g, k: m / (np.sqrt(s) + 1e-6),
    shrink: Answer = lambda rate, decay: rate * decay,
) -> Answer:
    """Write the step, with a place for each thing that can go wrong."""
    square = square or (lambda s, g, m_old, m: SQUARES[form](s, g, m))

    def one_step(theta: Any, g: Any, m: Any, s: Any, k: Any, rate: Any, decay: Any) -> Any:
        g = g + decay * theta if coupled else g
        new = m + 0.1 * (g - m)
        spread = square(s, g, m, new)
        moved = move(corrected(new, k), spread, g, k)
        return theta - rate * moved - shrink(rate, decay) * theta, new, spread

    return one_step


def step_by_entry(form: int) -> Answer:
    """Write the step with fractions joined: one division."""

    def one_step(theta: Any, g: Any, m: Any, s: Any, k: Any, rate: Any, decay: Any) -> Any:
        new_m, shape = np.multiply(m, 0.9) + g * 0.1, theta.shape
        new_s = SQUARES[form](s.ravel(), g.ravel(), new_m.ravel()).reshape(shape)
        bottom = (1 - np.power(0.9, k)) * (np.power(new_s, 0.5) + 1e-6)
        return (1 - rate * decay) * theta - rate * new_m / bottom, new_m, new_s

    return one_step


def bits(logits: Any, targets: Any) -> Any:
    """Give the bits and the probabilities, stable."""
    z = logits - logits.max(axis=-1, keepdims=True)
    total = np.exp(z).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(z - np.log(total), targets[..., None], axis=-1)[..., 0]
    return -right / np.log(2), np.exp(z) / total


def scorer(
    form: int,
    *,
    slope: bool = True,
    unit: float = np.log(2),
    target: float = 1.0,
    counted: bool = True,
    below: Answer = np.sum,
    quotient: float = 1.0,
) -> Answer:
    """Write the gradient of the score, with a place for each thing that can go wrong."""
    bend, bend_slope = BENDS[form]

    def score_backward(logits: Any, targets: Any, c: Any) -> Any:
        ell, p = bits(logits, targets)
        y = np.eye(logits.shape[-1])[targets]
        factor = (c if counted else 1.0) * (bend_slope(ell) if slope else 1.0) / (below(c) * unit)
        dc = (bend(ell) - quotient * (c * bend(ell)).sum() / c.sum()) / c.sum()
        return (p - target * y) * np.broadcast_to(factor, ell.shape)[..., None], dc

    return score_backward


def score_by_places(form: int) -> Answer:
    """Write the same over a list of places, without a one-hot array."""
    bend, bend_slope = BENDS[form]

    def score_backward(logits: Any, targets: Any, c: Any) -> Any:
        rows, ids, weights = logits.reshape(-1, logits.shape[-1]), targets.ravel(), c.ravel()
        ell, d = bits(rows, ids)
        d[np.arange(len(ids)), ids] -= 1
        d *= (weights / weights.sum() * bend_slope(ell) / np.log(2))[:, None]
        mean = np.average(bend(ell), weights=weights)
        return d.reshape(logits.shape), ((bend(ell) - mean) / weights.sum()).reshape(c.shape)

    return score_backward


def drawer(
    form: int,
    *,
    heat: Answer = lambda logits, tau: logits / tau,
    level: float = 1.0,
    counted: bool = True,
    late: bool = False,
    whole: bool = True,
    strict: bool = True,
    in_order: bool = True,
    cut_cold: bool = False,
) -> Answer:
    """Write the draw with sorting, with a place for each thing that can go wrong."""

    def softmax(z: Any) -> Any:
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def draw_next(logits: Any, tau: Any, a: Any, most: Any, u: Any) -> Any:
        V = logits.shape[1]
        hot = np.where(tau == 0, 1, tau)[:, None]
        warm = softmax(heat(logits, hot))
        p = softmax(logits) if cut_cold else warm
        if late:
            order = V - 1 - np.argsort(-p[:, ::-1], axis=1, kind="stable")
        else:
            order = np.argsort(-p, axis=1, kind="stable")
        rank = np.argsort(order, axis=1)
        keep = p >= level * a * ROW_LEVELS[form](p)[:, None]
        keep = keep & (rank < most) if counted else keep
        q = np.where(keep, warm, 0)
        q = q / q.sum(axis=1, keepdims=True) if whole else q
        q[tau == 0] = np.eye(V)[logits[tau == 0].argmax(axis=1)]
        order = np.tile(np.arange(V), (len(q), 1)) if in_order else order
        total = np.take_along_axis(q, order, axis=1).cumsum(axis=1)
        passed = total > u[:, None] if strict else total >= u[:, None]
        return q, order[np.arange(len(q)), passed.argmax(axis=1)]

    return draw_next


def draw_by_threshold(form: int) -> Answer:
    """Write the same with a key that holds the order, and with counting for the draw."""

    def draw_next(logits: Any, tau: Any, a: Any, most: Any, u: Any) -> Any:
        best = logits.max(axis=1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = np.where(logits == best, 0.0, (logits - best) / tau[:, None])
        e = np.exp(z)
        p = e / e.sum(axis=1, keepdims=True)
        order = np.lexsort((np.broadcast_to(np.arange(p.shape[1]), p.shape), -p), axis=1)
        sorted_p = np.take_along_axis(p, order, axis=1)
        sorted_p[:, most:] = 0
        sorted_p[sorted_p < a * ROW_LEVELS[form](p)[:, None]] = 0
        sorted_p[tau == 0, 1:] = 0
        q = np.zeros_like(p)
        np.put_along_axis(q, order, sorted_p, axis=1)
        q /= q.sum(axis=1)[:, None]
        return q, (np.add.accumulate(q, axis=1) <= u[:, None]).sum(axis=1)

    return draw_next


def draw_by_loops(form: int) -> Answer:
    """Write the definition for one text after the other: right, for a few."""

    def one(row: list[float], tau: float, a: float, most: int, u: float) -> Any:
        V = len(row)
        order = sorted(range(V), key=lambda v: (-row[v], v))
        if tau == 0:
            return [float(v == order[0]) for v in range(V)], order[0]
        e = [np.exp((each - max(row)) / tau) for each in row]
        p = [each / sum(e) for each in e]
        kept = [v for v in order[:most] if p[v] >= a * LEVELS[form](p)]
        total = sum(p[v] for v in kept)
        q = [p[v] / total if v in kept else 0.0 for v in range(V)]
        run = 0.0
        for v in range(V):
            run += q[v]
            if run > u:
                break
        return q, v

    def draw_next(logits: Any, tau: Any, a: Any, most: Any, u: Any) -> Any:
        rows = [one(list(r), t, a, most, n) for r, t, n in zip(logits, tau, u, strict=True)]
        return np.array([q for q, _ in rows]), np.array([v for _, v in rows])

    return draw_next


def tier(
    form: int,
    *,
    read: float = 1.0,
    scored: float = 1.0,
    once: bool = False,
    inner: Answer = lambda D: 2 / D,
    bare: bool = False,
    straight: bool = False,
) -> Answer:
    """Write the gradients of the two uses, with a place for each thing that can go wrong."""
    scale, slope = SHRINKS[form]

    def tied_backward(dx: Any, dlogits: Any, ids: Any, h: Any, E: Any, P: Any) -> Any:
        q = (E * E).mean(axis=1, keepdims=True)
        rows, D = scale(q) * E, E.shape[1]
        back = E if straight else rows
        drows = scored * np.einsum("tnv,tnd->vd", dlogits, h @ P, optimize=True)
        if once:
            drows[ids] += dx
        else:
            np.add.at(drows, ids, read * dx)
        dcode = dlogits @ back
        dP = np.tensordot(h, dcode, axes=((0, 1), (0, 1)))
        dq = (drows * E).sum(axis=1, keepdims=True) * slope(q)
        dE = drows if bare else scale(q) * drows + inner(D) * dq * E
        return dE, dP, dcode @ P.T

    return tied_backward


def tied_by_matrices(form: int) -> Answer:
    """Write the same with one row a place and a one-hot product for the letters read."""
    scale, slope = SHRINKS[form]

    def tied_backward(dx: Any, dlogits: Any, ids: Any, h: Any, E: Any, P: Any) -> Any:
        V, D = E.shape
        H = P.shape[0]
        do, states = dlogits.reshape(-1, V), h.reshape(-1, H)
        k = scale(np.square(E).sum(axis=1) / D)
        dk = slope(np.square(E).sum(axis=1) / D)
        hot = (np.arange(V)[:, None] == ids.ravel()).astype(float)
        d = hot @ dx.reshape(-1, D) + do.T @ (states @ P)
        along = np.array([row @ each for row, each in zip(d, E, strict=True)])
        dE = (d.T * k + 2 / D * (along * dk) * E.T).T
        back = do @ (E * k[:, None])
        return [dE, states.T @ back, (back @ P.T).reshape(h.shape)]

    return tied_backward


RIGHT: dict[str, tuple[Callable[[int], Answer], ...]] = {
    "step": (stepper, step_by_entry),
    "score": (scorer, score_by_places),
    "draw": (drawer, draw_by_threshold),
    "tied": (tier, tied_by_matrices),
}


@each_form
@pytest.mark.parametrize(("short", "write"), [(s, w) for s in SHORTS for w in RIGHT[s]])
def test_right_answers_earn_all(short: str, write: Callable[[int], Answer], form: int) -> None:
    assert_right(f"ps5.{short}", form, write(form))


@each_form
def test_a_draw_by_loops_agrees_on_the_small_calls(form: int) -> None:
    asked = problem("ps5.draw")
    settings, answer = asked.variants[form].settings, draw_by_loops(form)
    for seed in range(10):
        arguments = asked.draw(settings, np.random.default_rng(seed))
        p, ids = asked.oracle.expected(settings, arguments)
        got_p, got_ids = answer(*arguments)
        np.testing.assert_allclose(got_p, p, atol=1e-13)
        np.testing.assert_array_equal(got_ids, ids)


WRONG: list[tuple[str, Callable[[int], Answer], str]] = [
    ("step", lambda f: stepper(f, corrected=lambda m, k: m), "too small at first"),
    ("step", lambda f: stepper(f, coupled=True, shrink=lambda r, d: 0.0), "acts on θ alone"),
    (
        "step",
        lambda f: stepper(f, square=lambda s, g, old, m: 0.99 * s + 0.01 * g * g),
        "your s is Adam's",
    ),
    (
        "step",
        lambda f: stepper(f, move=lambda m, s, g, k: m / (np.sqrt(s / (1 - 0.99**k)) + 1e-6)),
        "only m is corrected",
    ),
    (
        "step",
        lambda f: stepper(f, move=lambda m, s, g, k: g / (np.sqrt(s) + 1e-6)),
        "What is m for",
    ),
    ("step", lambda f: stepper(f, shrink=lambda r, d: 0.0), "decay λ is missing"),
    ("step", lambda f: stepper(f, shrink=lambda r, d: d), "what multiplies it"),
    (
        "step",
        lambda f: stepper(f, move=lambda m, s, g, k: m / np.sqrt(s + 1e-6)),
        "inside the root",
    ),
    ("score", lambda f: scorer(f, slope=False), "the slope of ρ is missing"),
    ("score", lambda f: scorer(f, unit=1.0), "which unit"),
    ("score", lambda f: scorer(f, target=0.0), "right character stand"),
    ("score", lambda f: scorer(f, below=np.size), "number of places"),
    ("score", lambda f: scorer(f, below=lambda c: c.shape[1]), "divided by N"),
    ("score", lambda f: scorer(f, counted=False), "how much each place counts"),
    ("score", lambda f: scorer(f, quotient=0.0), "above and below"),
    ("draw", lambda f: drawer(f, heat=lambda o, tau: o), "temperature changes nothing"),
    ("draw", lambda f: drawer(f, heat=lambda o, tau: o * tau), "more even"),
    ("draw", lambda f: drawer(f, whole=False), "does not sum to 1"),
    ("draw", lambda f: drawer(f, late=True), "mind the order"),
    ("draw", lambda f: drawer(f, level=0.0), "rule 1"),
    ("draw", lambda f: drawer(f, counted=False), "rule 2"),
    ("draw", lambda f: drawer(f, cut_cold=True), "after the temperature"),
    ("draw", lambda f: drawer(f, in_order=False), "not sorted"),
    ("tied", lambda f: tier(f, scored=0.0), "hears of the inputs only"),
    ("tied", lambda f: tier(f, read=0.0), "hears of the readout only"),
    ("tied", lambda f: tier(f, once=True), "Uses add up"),
    ("tied", lambda f: tier(f, inner=lambda D: 0.0), "as a constant"),
    ("tied", lambda f: tier(f, bare=True), "one step behind"),
    ("tied", lambda f: tier(f, inner=lambda D: 1 / D), "once more"),
    ("tied", lambda f: tier(f, inner=lambda D: 2.0), "not a sum"),
    ("tied", lambda f: tier(f, straight=True), "bare table"),
]


@each_form
@pytest.mark.parametrize(("short", "write", "words"), WRONG)
def test_wrong_answers_get_their_hint(
    short: str, write: Callable[[int], Answer], words: str, form: int
) -> None:
    assert_hint(f"ps5.{short}", form, write(form), words)


def test_the_old_mean_in_the_gap_gets_its_hint() -> None:
    old = stepper(0, square=lambda s, g, m, new: 0.99 * s + 0.01 * (g - m) ** 2)
    assert_hint("ps5.step", 0, old, "the old m")


@each_form
def test_a_draw_from_what_was_not_cut_gets_its_hint(form: int) -> None:
    right = RIGHT["draw"][0](form)

    def uncut(logits: Any, tau: Any, a: Any, most: Any, u: Any) -> Any:
        q, ids = right(logits, tau, a, most, u)
        everything = logits.shape[1]
        return q, np.where(tau == 0, ids, right(logits, tau, 0.0, everything, u)[1])

    assert_hint("ps5.draw", form, uncut, "does the draw add up")


@each_form
def test_keeping_all_of_equal_probabilities_gets_its_hint(form: int) -> None:
    def kept(logits: Any, tau: Any, a: Any, most: Any, u: Any) -> Any:
        wide, _ = RIGHT["draw"][0](form)(logits, tau, a, logits.shape[1], u)
        bar = -np.sort(-logits, axis=1)[:, most - 1 : most]
        q = np.where((logits >= bar) | (tau == 0)[:, None], wide, 0.0)
        q = q / q.sum(axis=1, keepdims=True)
        return q, (np.cumsum(q, axis=1) > u[:, None]).argmax(axis=1)

    assert_hint("ps5.draw", form, kept, "you keep more than")


@each_form
def test_a_score_in_nats_or_divided_by_the_places_gets_its_hint(form: int) -> None:
    bend, slope = BENDS[form]

    def score(logits: Any, targets: Any, c: Any, unit: float, *, places: bool) -> Any:
        ell, p = bits(logits, targets)
        ell, below = ell * np.log(2) / unit, c.size if places else c.sum()
        factor = c * slope(ell) / (below * unit)
        dc = (bend(ell) - (0.0 if places else (c * bend(ell)).sum() / c.sum())) / below
        return (p - np.eye(p.shape[-1])[targets]) * factor[..., None], dc

    nats = partial(score, unit=1.0, places=False)
    assert_hint("ps5.score", form, nats, "you count ℓ in nats")
    assert_hint("ps5.score", form, partial(score, unit=np.log(2), places=True), "both are divided")


@each_form
def test_a_scale_that_hears_of_one_entry_only_gets_its_hint(form: int) -> None:
    right = RIGHT["tied"][0](form)

    def entry(dx: Any, dlogits: Any, ids: Any, h: Any, E: Any, P: Any) -> Any:
        dE, dP, dh = right(dx, dlogits, ids, h, E, P)
        scale = problem("ps5.tied").variants[form].settings.value
        q, step = (E**2).mean(axis=1, keepdims=True), 1e-20
        slope = np.imag(scale(q + 1j * step)) / step
        arrives = dlogits.reshape(-1, len(E)).T @ (h.reshape(-1, len(P)) @ P)
        np.add.at(arrives, ids, dx)
        own = arrives * E
        others = own.sum(axis=1, keepdims=True) - own
        return dE - slope * others * 2 * E / E.shape[1], dP, dh

    assert_hint("ps5.tied", form, entry, "from all entries")


def test_drawing_what_was_cut_gets_its_hint_where_it_shows() -> None:
    told = [marked("ps5.draw", 0, drawer(0, strict=False), seed) for seed in range(20)]
    assert any("with u = 0" in each.message for each in told)
    assert all(each.points == 2.5 for each in told)  # a third of 15,000 rows has u = 0


@each_problem
def test_forms_differ_pairwise(short: str) -> None:
    write = RIGHT[short][0]
    for form in FORMS:
        for other in FORMS:
            result = marked(f"ps5.{short}", form, write(other))
            assert (result.points == result.out_of) == (form == other), (form, other)


@each_problem
@pytest.mark.parametrize("form", [0, 4])
def test_stubs_nan_and_changed_arguments_earn_nothing(short: str, form: int) -> None:
    right = RIGHT[short][0](form)

    def broken(*arguments: Any) -> Any:
        return tuple(np.full_like(np.asarray(part, float), np.nan) for part in right(*arguments))

    def meddling(*arguments: Any) -> Any:
        arguments[0][...] += 1
        return right(*arguments)

    assert marked(f"ps5.{short}", form, lambda *_: ...).points == 0
    assert "NaN" in marked(f"ps5.{short}", form, broken).message
    assert marked(f"ps5.{short}", form, broken).points == 0
    assert "changed its argument" in marked(f"ps5.{short}", form, meddling).message
    assert marked(f"ps5.{short}", form, meddling).points == 0


@each_form
def test_a_score_without_the_shift_overflows_and_earns_nothing(form: int) -> None:
    def unstable(logits: Any, targets: Any, c: Any) -> Any:
        with np.errstate(all="ignore"):
            p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
            right = np.take_along_axis(p, targets[..., None], axis=-1)[..., 0]
            ell, (bend, slope) = -np.log2(right), BENDS[form]
            factor = c * slope(ell) / (c.sum() * np.log(2))
            dc = (bend(ell) - (c * bend(ell)).sum() / c.sum()) / c.sum()
            return (p - np.eye(p.shape[-1])[targets]) * factor[..., None], dc

    result = marked("ps5.score", form, unstable)
    assert (result.points, result.kind) == (0, "form")
    assert "overflow" in result.message


@each_form
def test_a_score_of_probabilities_that_became_zero_is_wrong(form: int) -> None:
    def clipped(logits: Any, targets: Any, c: Any) -> Any:
        _, p = bits(logits, targets)
        right = np.take_along_axis(p, targets[..., None], axis=-1)[..., 0]
        ell, (bend, slope) = -np.log2(np.maximum(right, 1e-30)), BENDS[form]
        factor = c * slope(ell) / (c.sum() * np.log(2))
        dc = (bend(ell) - (c * bend(ell)).sum() / c.sum()) / c.sum()
        return (p - np.eye(p.shape[-1])[targets]) * factor[..., None], dc

    assert marked("ps5.score", form, clipped).points < 5


@pytest.mark.parametrize(("short", "cost_ms", "parts"), [("score", 2, {0}), ("tied", 1, {3, 4, 5})])
@each_form
def test_numeric_differentiation_takes_far_too_long(
    short: str, cost_ms: float, parts: set[int], form: int
) -> None:
    """One evaluation an entry, at less than half of what one was measured to cost."""
    asked = problem(f"ps5.{short}")
    assert isinstance(asked.oracle, Gradients)
    large = asked.large(asked.variants[form].settings, np.random.default_rng(1))
    for place in parts:
        assert large[place].size * cost_ms / 1000 > 20
    assert parts <= set(asked.oracle.wrt)


@pytest.mark.parametrize("seed", range(20))
def test_no_part_of_an_answer_is_zero(seed: int) -> None:
    for asked in set_problems("ps5"):
        for variant in asked.variants:
            arguments = asked.draw(variant.settings, np.random.default_rng(seed))
            answer = asked.oracle.expected(variant.settings, arguments)
            assert all(np.any(part != 0) for part in answer)


def test_the_same_seed_draws_the_same_questions() -> None:
    for asked in set_problems("ps5"):
        settings = asked.variants[2].settings
        one, two = (asked.draw(settings, np.random.default_rng(8)) for _ in range(2))
        for left, right in zip(one, two, strict=True):
            np.testing.assert_array_equal(left, right)


def test_the_set_is_worth_twenty_points_and_nothing_more_is_given() -> None:
    problems = set_problems("ps5")
    assert [each.id for each in problems] == [f"ps5.{short}" for short in SHORTS]
    assert sum(each.points for each in problems) == 20
    given = {each.id: set(each.given(each.variants[0].settings)) for each in problems}
    assert given == {
        "ps5.step": set(),
        "ps5.score": {"bend", "forward"},
        "ps5.draw": set(),
        "ps5.tied": {"scale", "embed", "readout"},
    }


@each_form
@pytest.mark.parametrize("short", ["step", "draw"])
def test_a_few_wrong_places_in_a_hundred_are_found_in_the_large_call(short: str, form: int) -> None:
    right = RIGHT[short][0](form)

    def spoilt(*arguments: Any) -> Any:
        parts = [np.array(part, float) for part in right(*arguments)]
        if len(parts[0]) > 100:
            for part in parts:
                part[::20] += 1e-6
        return tuple(parts)

    result = marked(f"ps5.{short}", form, spoilt)
    assert result.points == 0
    assert "not on large ones" in result.message


# The page
def sections() -> dict[str, str]:
    text = PAGE.read_text("utf-8")
    parts = {}
    for short in SHORTS:
        parts[short] = text.split(f"(ps5-{short})=\n")[1].split("\n(ps5-")[0]
    return parts


@each_problem
def test_each_form_can_be_written_into_the_page(short: str) -> None:
    asked, section = problem(f"ps5.{short}"), sections()[short]
    assert f"## Problem {SHORTS.index(short) + 1}: {asked.title} ({asked.points} points)" in section
    assert f"def {asked.function}(" in section
    assert f"points: {asked.points}\n" in section
    keys = asked.variants[0].words.keys()
    for variant in asked.variants:
        assert variant.words.keys() == keys
    for fragment in asked.variants[0].words.values():
        assert section.count(fragment) == 1
    for fragments in zip(*(each.words.values() for each in asked.variants), strict=True):
        assert len(set(fragments)) == 5


def cells(tag: str) -> list[str]:
    notebook = jupytext.read(PAGE, fmt="md:myst")
    return [c.source for c in notebook.cells if c.cell_type == "code" and tag in c.source]


def run_project(code: str, pieces: dict[str, Answer]) -> dict[str, Any]:
    """Run the page's last cells with these pieces and a tenth of the lessons."""
    space: dict[str, Any] = {"np": np, "ps5": problem_set("ps5", code), **pieces}
    for source in cells("project"):
        exec(source.replace("steps=300", "steps=30"), space)
    return space


@each_form
def test_the_readers_pieces_make_a_model_that_writes(
    form: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces = {problem(f"ps5.{short}").function: RIGHT[short][0](form) for short in SHORTS}
    space = run_project(str(form) * 4, pieces)
    told = capsys.readouterr().out
    before = project.bits(space["ps5"], project.start(np.random.default_rng(5)))
    after = project.bits(space["ps5"], space["weights"])
    assert after < before - 0.5
    assert f"{after:.2f} bits" in told
    assert "temperature 0" in told
    assert "^" in told


def test_open_pieces_are_named_and_nothing_is_trained(capsys: pytest.CaptureFixture[str]) -> None:
    pieces = {problem(f"ps5.{short}").function: (lambda *_: ...) for short in SHORTS}
    space = run_project("0000", pieces)
    told = capsys.readouterr().out
    for short in SHORTS:
        assert f"Not yet: {short}" in told
    fresh = project.start(np.random.default_rng(5))
    np.testing.assert_array_equal(space["weights"].E, fresh.E)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"prompt": ""}, "prompt: expected at least one character"),
        ({"prompt": "Ω"}, "expected characters of the vocabulary"),
        ({"taus": 0.5}, "taus: expected a tuple"),
        ({"taus": ()}, "taus: expected a tuple"),
        ({"taus": ("hot",)}, "taus: expected a tuple"),
        ({"taus": (0.5, -1.0)}, "taus: expected a tuple"),
        ({"taus": (0.5, np.nan)}, "taus: expected a tuple"),
        ({"a": 2.0}, "a: expected a number from 0 to 1"),
        ({"most": 0}, "most: expected an integer"),
        ({"length": 0}, "length: expected an integer"),
        ({"rng": 1}, "rng: expected"),
    ],
)
def test_a_text_that_cannot_be_written_is_refused_in_a_sentence(
    changes: dict[str, Any], wanted: str
) -> None:
    ps5, weights = problem_set("ps5"), project.start(np.random.default_rng(5))
    arguments = {"rng": np.random.default_rng(1), "length": 3, **changes}
    with pytest.raises(ArgumentError, match=re.escape(wanted)):
        project.write(ps5, RIGHT["draw"][0](0), weights, **arguments)


def test_ids_that_are_no_characters_are_refused_in_a_sentence() -> None:
    def outside(*arguments: Any) -> Any:
        q, ids = RIGHT["draw"][0](0)(*arguments)
        return q, ids - 1000

    ps5, weights = problem_set("ps5"), project.start(np.random.default_rng(5))
    with pytest.raises(ArgumentError, match="draw_next: expected ids from 0 to"):
        project.write(ps5, outside, weights, rng=np.random.default_rng(1))
