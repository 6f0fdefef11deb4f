"""Problem set 1: right answers of every form, wrong ones by hand, and why only arrays are quick."""

from __future__ import annotations

import numpy as np
import pytest
from course.problems.harness import assert_hint, assert_right, marked, paper, problem

from unrolled.exercises.sets import problem_set

LOOPS, LEAKY, SHARED = "ps1.loops", "ps1.leaky", "ps1.shared"


def forms(problem_id):
    """Run a test for every form; it gets the form's place and name."""
    named = [(i, variant.name) for i, variant in enumerate(problem(problem_id).variants)]
    return pytest.mark.parametrize(("form", "name"), named, ids=[name for _, name in named])


# ── loops ────────────────────────────────────────────────────────────────────

# for each form: how the axes of Wxh are turned into i, j, k, and the letters as they are stored
STORED = {
    "Wxh stored as ijk": ((0, 1, 2), "ijk"),
    "Wxh stored as kij": ((1, 2, 0), "kij"),
    "Wxh stored as jik": ((1, 0, 2), "jik"),
    "Wxh stored as kji": ((2, 1, 0), "kji"),
    "Wxh stored as jki": ((2, 0, 1), "jki"),
}


def by_einsum(name):
    letters = STORED[name][1]

    def second_order(x, h_prev, Wxh, s, b):
        met = np.einsum(f"ni,{letters}->njk", x, Wxh, optimize=True)
        return np.tanh(s[:, None] * np.einsum("njk,nj->nk", met, h_prev) + b)

    return second_order


def by_pairs(name, *, old=lambda h: h, turn=lambda W: W, gain=lambda s: s[:, None]):
    """Every pair of an input and an old unit as one long row; with a place for a mistake."""
    axes = STORED[name][0]

    def second_order(x, h_prev, Wxh, s, b):
        N, D = x.shape
        H = len(b)
        pairs = (x[:, :, None] * old(h_prev)[:, None, :]).reshape(N, D * H)
        weight = turn(Wxh.transpose(axes)).reshape(D * H, H)
        return np.tanh(gain(s) * (pairs @ weight) + b)

    return second_order


def by_sequence(name):
    """One sequence at a time: a loop of N passes is quick enough, and returns a list."""
    axes = STORED[name][0]

    def second_order(x, h_prev, Wxh, s, b):
        weight = Wxh.transpose(axes)
        D, H, _ = weight.shape
        flat = np.ascontiguousarray(weight).reshape(D, H * H)
        return [
            np.tanh(s[n] * (h_prev[n] @ (x[n] @ flat).reshape(H, H)) + b).tolist()
            for n in range(len(x))
        ]

    return second_order


@forms(LOOPS)
def test_loops_right(form, name):
    assert_right(LOOPS, form, by_einsum(name))
    assert_right(LOOPS, form, by_pairs(name))
    assert_right(LOOPS, form, by_sequence(name), seeds=3)


@forms(LOOPS)
def test_loops_of_the_given_forward_agree_on_small_arrays(form, name):
    forward = problem_set("ps1", f"{form}00")["loops"].forward
    asked = paper(LOOPS, form, 7)
    for arguments, expected in zip(asked.calls, asked.expected, strict=False):
        np.testing.assert_allclose(forward(*arguments), expected, rtol=1e-12)
        np.testing.assert_allclose(by_pairs(name)(*arguments), expected, rtol=1e-12)


@forms(LOOPS)
def test_loops_wrong(form, name):
    def without_tanh(*given):
        return np.arctanh(by_pairs(name)(*given))

    def gain_of_the_bias(x, h_prev, Wxh, s, b):
        total = np.arctanh(by_pairs(name)(x, h_prev, Wxh, s, 0 * b))  # already times s
        return np.tanh(total + s[:, None] * b)

    def gain_outside(x, h_prev, Wxh, s, b):
        return s[:, None] * by_pairs(name)(x, h_prev, Wxh, np.ones_like(s), b)

    def reshaped(x, h_prev, Wxh, s, b):
        D, H = x.shape[1], len(b)
        met = np.einsum("ni,ijk->njk", x, Wxh.reshape(D, H, H))
        return np.tanh(s[:, None] * np.einsum("njk,nj->nk", met, h_prev) + b)

    turned = by_pairs(name, turn=lambda W: W.swapaxes(1, 2))
    every_state = by_pairs(name, old=lambda h: np.tile(h.sum(axis=0), (len(h), 1)))
    assert_hint(LOOPS, form, turned, "two axes of Wxh have the size H")
    assert_hint(LOOPS, form, every_state, "n stands in both factors")
    assert_hint(LOOPS, form, by_pairs(name, gain=lambda s: 1.0), "where is s[n]?")
    assert_hint(LOOPS, form, gain_of_the_bias, "Is the bias inside that sum?")
    assert_hint(LOOPS, form, without_tanh, "what you return is the sum")
    assert_hint(LOOPS, form, gain_outside, "s[n] is inside the tanh")
    if STORED[name][1] != "ijk":  # there, nothing has to be moved
        assert_hint(LOOPS, form, reshaped, "reshape cuts", "transpose")


@forms(LOOPS)
def test_loops_wrong_only_when_large(form, name):
    def cut_off(x, h_prev, Wxh, s, b):
        h = by_pairs(name)(x, h_prev, Wxh, s, b)
        return np.where(np.arange(len(b)) < 80, h, 0.0)

    result = marked(LOOPS, form, cut_off)
    assert result.points == 0
    assert "not on large ones" in result.message


TERM_SECONDS = 2e-7
"""What one term of a Python loop over arrays takes at the least, on a quick machine."""


@forms(LOOPS)
def test_loops_do_not_get_through(form, name):
    x, h_prev, Wxh, _, _ = paper(LOOPS, form, 0).calls[-1]
    (N, D), H = x.shape, h_prev.shape[1]
    assert Wxh.size == D * H * H
    assert N * D * H * H * TERM_SECONDS > 10


# ── leaky ────────────────────────────────────────────────────────────────────

SLOPES = {
    "inverse root": lambda z: (1 + z**2) ** -1.5,
    "arctangent": lambda z: 1 / (1 + z**2),
    "inverse hyperbolic sine": lambda z: (1 + z**2) ** -0.5,
    "sine": np.cos,
    "Lorentzian": lambda z: 2 * (1 - z**2) / (1 + z**2) ** 2,
}
VALUES = {
    "inverse root": lambda z: np.sin(np.arctan(z)),
    "arctangent": lambda z: np.arcsin(z / np.hypot(1, z)),
    "inverse hyperbolic sine": lambda z: np.log(z + np.hypot(1, z)),
    "sine": lambda z: np.cos(z - np.pi / 2),
    "Lorentzian": lambda z: np.sin(2 * np.arctan(z)),
}


def leaky(
    name, *, slope=None, back=np.transpose, keep=1.0, new=1.0, old=1.0, rate=None, sign=1, kept=None
):
    """The derivation in matrices; every keyword is a place for a mistake."""
    slope = slope or SLOPES[name]

    def leaky_backward(dh, x, h_prev, Wx, Wh, b, r):
        a = x @ Wx + h_prev @ Wh + b
        da = dh * (rate or (lambda r: r))(r) * slope(a)
        dh_prev = keep * dh * (kept or (lambda r: 1 - r))(r) + new * (da @ back(Wh))
        dr = sign * (dh * (VALUES[name](a) - old * h_prev)).sum(axis=0)
        return da @ Wx.T, dh_prev, x.T @ da, h_prev.T @ da, da.sum(axis=0), dr

    return leaky_backward


def leaky_by_indices(name):
    def leaky_backward(dh, x, h_prev, Wx, Wh, b, r):
        a = np.einsum("ni,ik->nk", x, Wx) + np.einsum("nj,jk->nk", h_prev, Wh) + b[None]
        da = np.einsum("nk,k,nk->nk", dh, r, SLOPES[name](a))
        dWx = np.einsum("ni,nk->ik", x, da, optimize=True)
        dWh = np.einsum("nj,nk->jk", h_prev, da, optimize=True)
        dx = np.einsum("nk,ik->ni", da, Wx, optimize=True)
        dh_prev = np.einsum("nk,jk->nj", da, Wh, optimize=True) + dh - r * dh
        dr = np.einsum("nk,nk->k", dh, VALUES[name](a)) - np.einsum("nk,nk->k", dh, h_prev)
        return [dx, dh_prev, dWx, dWh, np.einsum("nk->k", da), dr]

    return leaky_backward


@forms(LEAKY)
def test_leaky_right(form, name):
    assert_right(LEAKY, form, leaky(name))
    assert_right(LEAKY, form, leaky_by_indices(name))


@forms(LEAKY)
def test_leaky_wrong(form, name):
    wrong = {
        "slope of φ is missing": leaky(name, slope=np.ones_like),
        "hears of the candidate only": leaky(name, keep=0.0),
        "hears of the leak only": leaky(name, new=0.0),
        "r stands in the equation twice": leaky(name, old=0.0),
        "dr has the wrong sign": leaky(name, sign=-1),
        "slope of tanh": leaky(name, slope=lambda a: 1 - VALUES[name](a) ** 2),
        "keep, r or 1 − r": leaky(name, kept=lambda r: r),
        "multiplied by r on its way": leaky(name, rate=np.ones_like),
        "back through Wh the way the state came": leaky(name, back=np.asarray),
    }
    for words, answer in wrong.items():
        assert_hint(LEAKY, form, answer, words)


# ── shared ───────────────────────────────────────────────────────────────────

GAINS = {
    "inverse root": (lambda s: (1 + s) ** -0.5, lambda s: -0.5 * (1 + s) ** -1.5),
    "inverse": (lambda s: (1 + s) ** -1.0, lambda s: -((1 + s) ** -2.0)),
    "exponential": (lambda s: np.exp(-s), lambda s: -np.exp(-s)),
    "inverse square": (lambda s: (1 + s) ** -2.0, lambda s: -2 * (1 + s) ** -3.0),
    "Lorentzian": (lambda s: 1 / (1 + s**2), lambda s: -2 * s / (1 + s**2) ** 2),
}


def by_row(terms):
    return terms.sum(axis=1, keepdims=True)


def shared(
    name, *, direct=1.0, through=1.0, count=None, heard=by_row, back=np.transpose, slope=None
):
    """The derivation in matrices; every keyword is a place for a mistake."""
    g, slope = GAINS[name][0], slope or GAINS[name][1]

    def shared_backward(dh, x, h_prev, Wx, Wh, b):
        a = x @ Wx + h_prev @ Wh + b
        s = (a**2).mean(axis=1, keepdims=True)
        ds = heard(dh * a) * slope(s)
        da = direct * dh * g(s) + through * ds * 2 * a / (count or a.shape[1])
        return da @ Wx.T, da @ back(Wh), x.T @ da, h_prev.T @ da, da.sum(axis=0)

    return shared_backward


def shared_by_jacobian(name):
    """One Jacobian a sequence, J[k, l] = ∂h[l]/∂a[k]."""
    g, slope = GAINS[name]

    def shared_backward(dh, x, h_prev, Wx, Wh, b):
        a = np.concatenate([x, h_prev], axis=1) @ np.concatenate([Wx, Wh]) + b
        H = a.shape[1]
        rows = []
        for row, arriving in zip(a, dh, strict=True):
            s = row @ row / H
            J = g(s) * np.eye(H) + 2 / H * slope(s) * np.outer(row, row)
            rows.append(J @ arriving)
        da = np.array(rows)
        both = np.concatenate([x, h_prev], axis=1).T @ da
        D = x.shape[1]
        return da @ Wx.T, da @ Wh.T, both[:D], both[D:], np.ones(len(da)) @ da

    return shared_backward


@forms(SHARED)
def test_shared_right(form, name):
    assert_right(SHARED, form, shared(name))
    assert_right(SHARED, form, shared_by_jacobian(name))


@forms(SHARED)
def test_shared_wrong(form, name):
    wrong = {
        "s is made of a too": shared(name, through=0.0),
        "you took the one through s": shared(name, direct=0.0),
        "what comes back to s[n] is a sum": shared(name, heard=np.asarray),
        "also runs over the sequences": shared(name, heard=np.sum),
        "a mean, not a sum": shared(name, count=1),
        "Where is the slope of g": shared(name, slope=np.ones_like),
        "Which sign has its slope": shared(name, through=-1.0),
        "slope of a square": shared(name, through=0.5),
        "back through Wh the way the state came": shared(name, back=np.asarray),
    }
    for words, answer in wrong.items():
        assert_hint(SHARED, form, answer, words)


# ── both gradients ───────────────────────────────────────────────────────────

FORWARD_SECONDS = 9e-4
"""One large forward, measured; the complex one takes more than twice as long."""


@pytest.mark.parametrize("problem_id", [LEAKY, SHARED])
def test_numeric_differentiation_does_not_get_through(problem_id):
    asked = problem(problem_id)
    large = paper(problem_id, 0, 0).calls[-1]
    sizes = {
        part: np.shape(large[place])
        for part, place in zip(asked.parts, asked.oracle.wrt, strict=True)
    }
    for part, shape in sizes.items():
        if len(shape) > 1:  # the others are a sixth or a fifth of the points at most
            assert np.prod(shape) * FORWARD_SECONDS > 10, part
    # rows do not mix, and columns of weights often do not: nudging whole ones at once
    (_, D), (_, H) = sizes["dx"], sizes["dh_prev"]
    assert 2 * (D + H) * 2 * FORWARD_SECONDS > 2


@pytest.mark.parametrize("problem_id", [LEAKY, SHARED])
def test_the_small_answers_agree_with_central_differences(problem_id):
    asked = problem(problem_id)
    for form, variant in enumerate(asked.variants):
        drawn = paper(problem_id, form, 3)
        forward = asked.given(variant.settings)["forward"]
        dh, *arguments = drawn.calls[0]
        for place, expected in enumerate(drawn.expected[0]):
            numeric = np.zeros(arguments[place].shape)
            for entry in np.ndindex(numeric.shape):
                up, down = ([each.copy() for each in arguments] for _ in range(2))
                up[place][entry] += 1e-6
                down[place][entry] -= 1e-6
                numeric[entry] = np.sum(dh * (forward(*up) - forward(*down))) / 2e-6
            np.testing.assert_allclose(numeric, expected, atol=1e-8)


@pytest.mark.parametrize(
    ("problem_id", "way", "names"), [(LEAKY, leaky, SLOPES), (SHARED, shared, GAINS)]
)
def test_one_forms_answer_is_wrong_for_another(problem_id, way, names):
    for form, own in enumerate(names):
        for other in names:
            if other != own:
                result = marked(problem_id, form, way(other))
                assert result.points < result.out_of / 2, (own, other)


def test_one_storage_order_is_wrong_for_another():
    for form, own in enumerate(STORED):
        for other in STORED:
            if other != own:
                assert marked(LOOPS, form, by_einsum(other)).points == 0, (own, other)
