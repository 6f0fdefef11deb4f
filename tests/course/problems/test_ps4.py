"""Problem set 4: right answers earn all, wrong ones their hint, shortcuts and stubs nothing."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from course.problems.harness import assert_hint, assert_right, marked, problem

from unrolled.exercises.problems import Gradients
from unrolled.exercises.sets import problem_set

PAGE = Path(__file__).parents[3] / "book" / "exercises" / "ps4.md"
FORMS = [
    *(("ps4.halving", form) for form in range(4)),
    *(("ps4.tied", form) for form in range(5)),
    *(("ps4.single", form) for form in range(5)),
]

# What tells the forms apart, each function with its slope, written from the page's formulas.
SQUASH = {
    "inverse root": (lambda z: z / np.sqrt(1 + z**2), lambda z: (1 + z**2) ** -1.5),
    "arctangent": (np.arctan, lambda z: 1 / (1 + z**2)),
    "inverse hyperbolic sine": (np.arcsinh, lambda z: 1 / np.sqrt(1 + z**2)),
    "sine": (np.sin, np.cos),
    "Lorentzian": (lambda z: 2 * z / (1 + z**2), lambda z: 2 * (1 - z**2) / (1 + z**2) ** 2),
}
TIED_SQUASH = (
    "arctangent",
    "inverse hyperbolic sine",
    "inverse root",
    "Lorentzian",
    "sine",
)
TIED_TIE = (
    (lambda f: np.sqrt(1 - f**2), lambda f: -f / np.sqrt(1 - f**2)),
    (lambda f: 1 - f**2, lambda f: -2 * f),
    (lambda f: np.cos(np.pi * f / 2), lambda f: -np.pi / 2 * np.sin(np.pi * f / 2)),
    (lambda f: (1 - f) / (1 + f), lambda f: -2 / (1 + f) ** 2),
    (lambda f: np.sqrt(1 - f), lambda f: -0.5 / np.sqrt(1 - f)),
)
SINGLE_SQUASH = (
    "sine",
    "Lorentzian",
    "inverse root",
    "inverse hyperbolic sine",
    "arctangent",
)
SINGLE_SHOW = (
    (lambda f: 4 * f * (1 - f), lambda f: 4 - 8 * f),
    (lambda f: (1 - f) ** 2, lambda f: 2 * f - 2),
    (lambda f: np.sin(np.pi * f), lambda f: np.pi * np.cos(np.pi * f)),
    (lambda f: 1 - f**3, lambda f: -3 * f**2),
    (lambda f: 2 * f / (1 + f**2), lambda f: 2 * (1 - f**2) / (1 + f**2) ** 2),
)


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


# --- how long another gate keeps -------------------------------------------------------------


def by_what_is_lost(form: int) -> Callable[..., Any]:
    """From q = 1 − f, which −expm1 gives."""
    inverse = (
        lambda q: (1 - 2 * q) / (2 * np.sqrt(q * (1 - q))),
        lambda q: (1 - 2 * q) / (2 * q),
        lambda q: 1 / np.tan(np.pi * q),
        lambda q: -np.log(np.tan(np.pi * q / 2)),
    )[form]
    return lambda n: inverse(-np.expm1(-np.log(2) / n))


def by_a_hyperbolic_sine(form: int) -> Callable[..., Any]:
    """From f = 2^(−1/n) and 1 − f by other identities."""

    def answer(n: Any) -> Any:
        u = np.log(2) / n
        f, q = np.exp(-u), 2 * np.exp(-u / 2) * np.sinh(u / 2)
        if form == 0:
            return (f - q) / np.sqrt(4 * f * q)
        if form == 1:
            return (f / q - 1) / 2
        if form == 2:
            return np.cos(np.pi * q) / np.sin(np.pi * q)
        return np.arcsinh(1 / np.tan(np.pi * q))

    return answer


@pytest.mark.parametrize("answer", [by_what_is_lost, by_a_hyperbolic_sine])
@pytest.mark.parametrize("form", range(4))
def test_biases_found_in_two_ways(form: int, answer: Callable[[int], Any]) -> None:
    assert_right("ps4.halving", form, answer(form))


def half_wrong(form: int, lost: Callable[[Any], Any]) -> Callable[..., Any]:
    """Turn the gate round in the right way, from a wrong share lost at each step."""
    right = by_what_is_lost(form)
    return lambda n: right(-np.log(2) / np.log1p(-lost(n)))


@pytest.mark.parametrize("form", range(4))
def test_wrong_biases_get_their_hint(form: int) -> None:
    right = by_what_is_lost(form)
    assert_hint("ps4.halving", form, lambda n: -np.log(np.expm1(np.log(2) / n)), "the sigmoid")
    assert_hint("ps4.halving", form, half_wrong(form, lambda n: 1 / n), "memory time")
    e_fold = half_wrong(form, lambda n: -np.expm1(-1 / n))
    assert_hint("ps4.halving", form, e_fold, "1/e is left")
    assert_hint("ps4.halving", form, half_wrong(form, lambda n: 1 / n / 2), "equal pieces")
    assert_hint("ps4.halving", form, half_wrong(form, lambda n: np.log(2) / n), "many steps only")
    assert_hint("ps4.halving", form, lambda n: -right(n), "the sign is wrong")
    assert_hint("ps4.halving", form, lambda n: right(n) + 0.5 * (n < 10), "expected")


@pytest.mark.parametrize(
    ("form", "naive", "words"),
    [
        (0, lambda f: (2 * f - 1) / np.sqrt(1 - (2 * f - 1) ** 2), "division by zero"),
        (1, lambda f: (2 * f - 1) / (2 - 2 * f), "division by zero"),
        (2, lambda f: np.tan(np.pi * (f - 0.5)), "rounded to 1"),
        (3, lambda f: np.log(np.tan(np.pi / 2 * f)), "rounded to 1"),
    ],
)
def test_a_gate_that_is_rounded_to_one_gives_no_bias(
    form: int, naive: Callable[..., Any], words: str
) -> None:
    def answer(n: Any) -> Any:
        with np.errstate(divide="ignore"):
            return naive(0.5 ** (1 / n))

    few = np.array([1.0, 2, 5, 30])
    assert np.allclose(answer(few), by_what_is_lost(form)(few), rtol=1e-12, atol=1e-12)
    assert_hint("ps4.halving", form, answer, words)


@pytest.mark.parametrize("form", range(4))
def test_the_given_gate_cannot_be_turned_round_by_trying(form: int) -> None:
    gate = problem_set("ps4", f"{form}00")["halving"].gate

    def tried(n: Any) -> Any:
        low, high = np.zeros(n.shape), np.full(n.shape, 100.0)
        for _ in range(90):
            middle = (low + high) / 2
            short = gate(np.sinh(middle)) ** n < 0.5
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return np.sinh(low)

    few = np.array([2.0, 5, 30])
    with np.errstate(over="ignore"):
        assert np.allclose(tried(few), by_what_is_lost(form)(few))
        assert marked("ps4.halving", form, tried).points == 0


def test_what_the_page_says_is_lost_in_float64() -> None:
    lost = [-np.expm1(-np.log(2) / n) for n in (1e16, 1e17)]
    assert [f"{each:.1e}" for each in lost] == ["6.9e-17", "6.9e-18"]
    assert 1 - 0.5**1e-17 == 0
    assert 0 < 1 - 0.5**1e-16 != lost[0]


@pytest.mark.parametrize("form", range(4))
def test_biases_of_another_kind_of_number_are_judged_too(form: int) -> None:
    right = by_what_is_lost(form)
    assert marked("ps4.halving", form, lambda n: right(n) + 0j).points == 0
    assert marked("ps4.halving", form, lambda n: n.astype(np.int64)).points == 0
    assert marked("ps4.halving", form, lambda n: n > 3).points == 0
    assert marked("ps4.halving", form, lambda n: np.full(n.shape, -1e300)).points == 0
    assert marked("ps4.halving", form, lambda n: list(right(n))).points == 4


@pytest.mark.parametrize("form", range(4))
def test_a_gate_and_what_it_lets_go_make_one(form: int) -> None:
    gate = problem("ps4.halving").variants[form].settings
    b = np.array([-50.0, -3, -0.5, 0, 0.5, 3, 50])
    assert np.allclose(gate.value(b) + gate.rest(b), 1, rtol=0, atol=1e-15)
    assert np.all(np.diff(gate.value(b)) > 0)


# --- one step of the tied cell ---------------------------------------------------------------


def tied_by_matrices(form: int, **slip: Any) -> Callable[..., Any]:
    phi, slope = SQUASH[TIED_SQUASH[form]]
    tie, tie_slope = TIED_TIE[form]

    def backward(
        dh: Any, dc: Any, x: Any, h_prev: Any, c_prev: Any, Wx: Any, Wh: Any, Wc: Any, b: Any
    ) -> Any:
        H = h_prev.shape[1]
        a = x @ Wx + b
        a[:, : 2 * H] += h_prev @ Wh
        f, a_g = sigmoid(a[:, :H]), a[:, H : 2 * H]
        g = phi(a_g)
        c = f * c_prev + tie(f) * g
        o = sigmoid(a[:, 2 * H :] + c @ Wc)
        sigma_slope, slope_o = (
            (lambda s: 1.0) if slip.get("no σ slope") or slip.get(f"no {each} slope")
            else (lambda s: s * (1 - s))
            for each in ("gate f", "gate o")
        )  # fmt: skip
        da_o = dh * phi(c) * slope_o(o)
        arrives = 0.0 if slip.get("no dc") else dc
        dc = arrives + dh * o * (1.0 if slip.get("no c slope") else slope(c))
        if not slip.get("no peek"):
            dc = dc + da_o @ (Wc if slip.get("Wc not transposed") else Wc.T)
        df = dc * 0.0
        if not slip.get("no keep"):
            df = df + dc * c_prev
        if not slip.get("no opening"):
            df = df + dc * g * (-1.0 if slip.get("coupled") else tie_slope(f) * slip.get("sign", 1))
        da_f = df * sigma_slope(f)
        da_g = dc * tie(f) * (1.0 if slip.get("no g slope") else slope(a_g))
        da = np.hstack([da_f, da_g, da_o])
        state = da[:, : 2 * H]
        return (
            da @ Wx.T,
            state @ Wh.T,
            dc * f,
            x.T @ da,
            h_prev.T @ state,
            c.T @ da_o,
            da.sum(axis=0),
        )

    return backward


def tied_by_indices(form: int) -> Callable[..., Any]:
    """Write every chain of the rule for one block after another, as sums over indices."""
    phi, slope = SQUASH[TIED_SQUASH[form]]
    tie, tie_slope = TIED_TIE[form]

    def backward(
        dh: Any, dc: Any, x: Any, h_prev: Any, c_prev: Any, Wx: Any, Wh: Any, Wc: Any, b: Any
    ) -> Any:
        (N, D), H = x.shape, h_prev.shape[1]
        Wx3, Wh2, b3 = Wx.reshape(D, 3, H), Wh.reshape(H, 2, H), b.reshape(3, H)
        from_x = np.tensordot(x, Wx3, 1) + b3
        from_h = np.tensordot(h_prev, Wh2, 1)
        f = sigmoid(from_x[:, 0] + from_h[:, 0])
        a_g = from_x[:, 1] + from_h[:, 1]
        c = f * c_prev + tie(f) * phi(a_g)
        o = sigmoid(from_x[:, 2] + c.dot(Wc))
        through_o = dh * phi(c) * o * (1 - o)
        total = dc + dh * o * slope(c) + np.tensordot(through_o, Wc, ((1,), (1,)))
        blocks = np.empty((N, 3, H))
        blocks[:, 0] = total * (c_prev + phi(a_g) * tie_slope(f)) * f * (1 - f)
        blocks[:, 1] = total * tie(f) * slope(a_g)
        blocks[:, 2] = through_o
        return [
            np.tensordot(blocks, Wx3, ((1, 2), (1, 2))),
            np.tensordot(blocks[:, :2], Wh2, ((1, 2), (1, 2))),
            total * f,
            np.tensordot(x, blocks, ((0,), (0,))).reshape(Wx.shape),
            np.tensordot(h_prev, blocks[:, :2], ((0,), (0,))).reshape(Wh.shape),
            np.tensordot(c, through_o, ((0,), (0,))),
            blocks.sum(0).reshape(-1),
        ]

    return backward


@pytest.mark.parametrize("answer", [tied_by_matrices, tied_by_indices])
@pytest.mark.parametrize("form", range(5))
def test_tied_cell_derived_in_two_ways(form: int, answer: Callable[[int], Any]) -> None:
    assert_right("ps4.tied", form, answer(form))


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("no dc", "nothing came from dc"),
        ("no opening", "only of what is kept"),
        ("no keep", "only of what is let in"),
        ("coupled", "the coupled gate"),
        ("no peek", "the gate o reads c"),
        ("no gate f slope", "in the gate f alone"),
        ("no gate o slope", "in the gate o alone"),
        ("Wc not transposed", "through Wc"),
        ("no σ slope", "slope of σ"),
        ("no g slope", "in the candidate g"),
        ("no c slope", "between h and c"),
    ],
)
@pytest.mark.parametrize("form", range(5))
def test_wrong_tied_cells_get_their_hint(form: int, slip: str, words: str) -> None:
    assert_hint("ps4.tied", form, tied_by_matrices(form, **{slip: True}), words)


@pytest.mark.parametrize("form", range(5))
def test_a_tie_that_rises_gets_its_hint(form: int) -> None:
    assert_hint("ps4.tied", form, tied_by_matrices(form, sign=-1), "What sign")


# --- one gate over a sequence ----------------------------------------------------------------


def single_by_walking_back(form: int, **slip: Any) -> Callable[..., Any]:
    phi, slope = SQUASH[SINGLE_SQUASH[form]]
    omega, omega_slope = SINGLE_SHOW[form]

    def backward(dhs: Any, dc_T: Any, xs: Any, h0: Any, c0: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        T, H = len(xs), h0.shape[1]
        caches, h, c = [], h0, c0
        for x in xs:
            a = x @ Wx + h @ Wh + b
            f, g = sigmoid(a[:, :H]), phi(a[:, H:])
            before, c = c, f * c + (1 - f) * g
            caches.append((x, h, before, f, a[:, H:], g, c))
            h = omega(f) * phi(c)
        dh, dc = np.zeros_like(h0), 0 * dc_T if slip.get("no end") else dc_T
        dxs, dWx, dWh, db = (
            np.zeros_like(xs),
            np.zeros_like(Wx),
            np.zeros_like(Wh),
            np.zeros_like(b),
        )
        for t in reversed(range(T)):
            x, h_prev, c_prev, f, a_g, g, c = caches[t]
            if slip.get("dh lost") and t < T - 1:
                dh = np.zeros_like(h0)
            if slip.get("dc lost") and t < T - 1:
                dc = np.zeros_like(c0)
            if not slip.get("last only above") or t == T - 1:
                dh = dh + dhs[t]
            one = lambda z: 1.0  # noqa: E731
            phi_slope = one if slip.get("no φ slope") or slip.get("no g slope") else slope
            shown_slope = one if slip.get("no φ slope") or slip.get("no c slope") else slope
            if not slip.get("not shown"):
                dc = dc + dh * omega(f) * shown_slope(c)
            df = 0.0 if slip.get("no show") else dh * phi(c) * omega_slope(f)
            df = df + (0.0 if slip.get("no keep") else dc * c_prev)
            df = df - (0.0 if slip.get("no letting in") else dc * g)
            da_f = df if slip.get("no σ slope") else df * f * (1 - f)
            da = np.hstack([da_f, dc * (1 - f) * phi_slope(a_g)])
            keeps = not slip.get("overwritten") and not slip.get("only the last")
            skips = slip.get("only the last") and t < T - 1
            if not skips:
                dWx = keeps * dWx + x.T @ da
                dWh = keeps * dWh + h_prev.T @ da
                db = keeps * db + da.sum(axis=0)
            dxs[t] = da @ Wx.T
            dh, dc = da @ Wh.T, dc * f
        return dxs, dh, dc, dWx, dWh, db

    return backward


def single_by_one_product(form: int) -> Callable[..., Any]:
    """Walk with the pre-activations alone; form the weights' gradients at the end, all at once."""
    phi, slope = SQUASH[SINGLE_SQUASH[form]]
    omega, omega_slope = SINGLE_SHOW[form]

    def backward(dhs: Any, dc_T: Any, xs: Any, h0: Any, c0: Any, Wx: Any, Wh: Any, b: Any) -> Any:
        (T, N, D), H = xs.shape, h0.shape[1]
        hs, cs = np.empty((T + 1, N, H)), np.empty((T + 1, N, H))
        hs[0], cs[0] = h0, c0
        a = np.empty((T, N, 2 * H))
        f = np.empty((T, N, H))
        for t in range(T):
            a[t] = np.hstack([xs[t], hs[t]]) @ np.vstack([Wx, Wh]) + b
            f[t] = sigmoid(a[t, :, :H])
            cs[t + 1] = phi(a[t, :, H:]) + f[t] * (cs[t] - phi(a[t, :, H:]))
            hs[t + 1] = omega(f[t]) * phi(cs[t + 1])
        a_g = a[:, :, H:]
        change = cs[:-1] - phi(a_g)
        s = f * (1 - f)
        da = np.empty_like(a)
        to_h, to_c = dhs[-1], dc_T
        for t in range(T - 1, -1, -1):
            to_c = to_c + to_h * omega(f[t]) * slope(cs[t + 1])
            through_show = to_h * phi(cs[t + 1]) * omega_slope(f[t])
            da[t, :, :H] = s[t] * (to_c * change[t] + through_show)
            da[t, :, H:] = (to_c - to_c * f[t]) * slope(a_g[t])
            to_h, to_c = da[t] @ Wh.T, f[t] * to_c
            if t:
                to_h = to_h + dhs[t - 1]
        flat = da.reshape(T * N, 2 * H)
        return (
            da @ Wx.T,
            to_h,
            to_c,
            xs.reshape(T * N, D).T @ flat,
            hs[:-1].reshape(T * N, H).T @ flat,
            flat.sum(axis=0),
        )

    return backward


@pytest.mark.parametrize("answer", [single_by_walking_back, single_by_one_product])
@pytest.mark.parametrize("form", range(5))
def test_single_gate_derived_in_two_ways(form: int, answer: Callable[[int], Any]) -> None:
    assert_right("ps4.single", form, answer(form))


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("dc lost", "memory's gradient is lost"),
        ("dh lost", "state's gradient is lost"),
        ("last only above", "at every step"),
        ("no end", "nothing came from dc_T"),
        ("overwritten", "those of one step"),
        ("only the last", "those of one step"),
        ("no keep", "the first: it keeps"),
        ("no letting in", "the second: it lets in"),
        ("no show", "the third: it shows"),
        ("not shown", "also shown in h_t"),
        ("no σ slope", "slope of σ"),
        ("no φ slope", "slope of φ is missing, in g and in h"),
        ("no g slope", "missing in g."),
        ("no c slope", "between h_t and c_t"),
    ],
)
@pytest.mark.parametrize("form", range(5))
def test_wrong_single_gates_get_their_hint(form: int, slip: str, words: str) -> None:
    assert_hint("ps4.single", form, single_by_walking_back(form, **{slip: True}), words)


# --- every problem ---------------------------------------------------------------------------

RIGHT = {
    "ps4.halving": by_what_is_lost,
    "ps4.tied": tied_by_matrices,
    "ps4.single": single_by_walking_back,
}


@pytest.mark.parametrize(("problem_id", "form"), FORMS)
def test_stubs_nan_and_changed_arguments_earn_nothing(problem_id: str, form: int) -> None:
    right = RIGHT[problem_id](form)

    def nan(*arguments: Any) -> Any:
        got = right(*arguments)
        return tuple(np.nan * part for part in got) if isinstance(got, tuple) else np.nan * got

    def mutating(*arguments: Any) -> Any:
        got = right(*arguments)
        arguments[0][...] = 0
        return got

    def turned(*arguments: Any) -> Any:
        got = right(*arguments)
        return tuple(part.T for part in got) if isinstance(got, tuple) else got[:, None]

    assert "returns nothing" in marked(problem_id, form, lambda *arguments: ...).message
    for answer, words in ((nan, "NaN"), (mutating, "changed its argument"), (turned, "shape")):
        result = marked(problem_id, form, answer)
        assert result.points == 0
        assert words in result.message


@pytest.mark.parametrize("problem_id", RIGHT)
def test_forms_differ_pairwise_and_are_reproducible(problem_id: str) -> None:
    forms = range(len(problem(problem_id).variants))
    for answered, asked in itertools.permutations(forms, 2):
        answer = RIGHT[problem_id](answered)
        with np.errstate(all="ignore"):
            result = marked(problem_id, asked, answer)
        assert result.points < result.out_of / 2, (answered, asked)
    with np.errstate(all="ignore"):
        assert result == marked(problem_id, asked, answer)


@pytest.mark.parametrize("problem_id", ["ps4.tied", "ps4.single"])
def test_differentiating_the_forward_takes_too_many_evaluations(problem_id: str) -> None:
    """Count evaluations; one took 6 ms (tied) and 13 ms (single) of processor time, 5 is assumed.

    Entry by entry every part alone, but for the bias, takes ten times the second that is
    allowed. With all sequences nudged at once, an entry of a state costs one evaluation ÷ N:
    even then the half of the parts that is cheapest takes too long.
    """
    asked = problem(problem_id)
    assert isinstance(asked.oracle, Gradients)
    arguments = asked.large(asked.variants[0].settings, np.random.default_rng(0))
    N = arguments[1].shape[0]
    *matrices, bias = (arguments[place] for place in asked.oracle.wrt)
    assert min(matrix.size for matrix in matrices) * 0.005 > 10
    costs = [bias.size]
    costs += [m.size // N if N in m.shape[:-1] else m.size for m in matrices]
    assert sum(sorted(costs)[: (len(costs) + 1) // 2]) * 0.005 > 1.9


def test_the_set_has_twenty_points_and_rises() -> None:
    points = [problem(problem_id).points for problem_id in RIGHT]
    assert points == sorted(points)
    assert sum(points) == 20


@pytest.mark.parametrize("problem_id", RIGHT)
def test_the_page_says_the_first_form_in_its_own_section_once(problem_id: str) -> None:
    short = problem_id.partition(".")[2]
    section = PAGE.read_text("utf-8").partition(f"(ps4-{short})=")[2]
    for end in ("\n(ps4-", "\n## After"):
        section = section.partition(end)[0] if end in section else section
    variants = problem(problem_id).variants
    fragments = list(variants[0].words.values())
    for fragment in fragments:
        assert section.count(fragment) == 1
        assert not any(fragment in other for other in fragments if other != fragment)
    assert all(variant.words.keys() == variants[0].words.keys() for variant in variants)
    assert len({tuple(variant.words.values()) for variant in variants}) == len(variants)
