"""The exercises of chapter 10: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import LSTM, LSTMParams, Memory, gradcheck, unroll_backward
from unrolled.analysis.highway import cell_jacobian
from unrolled.exercises import check
from unrolled.exercises.ch10_answers import suspects
from unrolled.exercises.checking import find
from unrolled.sequence import Tape

FUNCTIONS = ("ch10.do", "ch10.dc", "ch10.gates", "ch10.step", "ch10.highway", "ch10.sequence")
PATHS = {"i": "both", "f": "A", "o": "B", "g": "both"}
SLIPS = {"A": "o", "B": "c_prev", "C": "tanh", "D": "slope"}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(10))


def step(dh, dc, cache, *, total=None, das=None, last=None, h=None):
    """One step as matrices; a wrong total, wrong gates, or a wrong state before on request."""
    _, x, h_prev, c_prev, i, f, o, g, _, tanh_c = cache
    total = dc + dh * o * (1 - tanh_c**2) if total is None else total(dh, dc, cache)
    blocks = [
        total * g * i * (1 - i),
        total * c_prev * f * (1 - f),
        dh * tanh_c * o * (1 - o),
        total * i * (1 - g**2),
    ]
    da = np.hstack(blocks if das is None else das(total, cache, *blocks))
    dc_prev = total * f if last is None else last(total, dc, cache)
    back = da @ cache.params.Wx.T, da @ cache.params.Wh.T, dc_prev
    return *back, x.T @ da, (h_prev if h is None else h(cache)).T @ da, da.sum(axis=0)


def step_by_package(dh, dc, cache):
    dx, dstate, dparams = LSTM.step_backward(Memory(dh, dc), cache)
    return dx, dstate.h, dstate.c, *dparams


def sequence(dhs, dstate_T, caches, enters=lambda dh, dc, above: (dh + above, dc), keep=True):
    (dh, dc), dxs, total = dstate_T, [], None
    for above, cache in zip(dhs[::-1], caches[::-1], strict=True):
        dx, dh, dc, *parts = step(*enters(dh, dc, above), cache)
        dxs = [dx, *dxs]
        total = (
            parts
            if total is None or not keep
            else [a + b for a, b in zip(total, parts, strict=True)]
        )
    return np.stack(dxs), dh, dc, *total


def sequence_by_package(dhs, dstate_T, caches):
    hs = np.stack([cache.o * cache.tanh_c for cache in caches])
    tape = Tape(LSTM, caches[0].params, caches, hs)
    dxs, dstate0, dparams = unroll_backward(LSTM, dhs, dstate_T, tape)
    return dxs, *dstate0, *dparams


def by_h(o_prev, c_prev, i, f, g, Wh):
    Wi, Wf, _, Wg = np.hsplit(Wh, 4)
    return (Wi * (g * i * (1 - i)) + Wf * (c_prev * f * (1 - f)) + Wg * (i * (1 - g**2))).T


def through_h(o_prev, c_prev, *rest):
    return by_h(o_prev, c_prev, *rest) @ np.diag(o_prev / np.cosh(c_prev) ** 2)


def through_h_by_package(o_prev, c_prev, i, f, g, Wh):
    """Build two caches that hold the given gates, and let the package differentiate."""
    H = len(o_prev)
    zero = np.zeros((1, H))
    params = LSTMParams(np.zeros((1, 4 * H)), Wh, np.zeros(4 * H))
    _, cache = LSTM.step(params, np.zeros((1, 1)), Memory(zero, zero))
    previous = cache._replace(o=o_prev[None], c=c_prev[None], tanh_c=np.tanh(c_prev)[None])
    cache = cache._replace(
        h_prev=o_prev[None] * np.tanh(c_prev), c_prev=c_prev[None], i=i[None], f=f[None], g=g[None]
    )
    return cell_jacobian(previous, cache).through_h[0]


def gates(dc, c_prev, i, f, g):
    return dc * g * (i - i**2), dc * c_prev * (f - f**2), dc * i * (1 + g) * (1 - g)


def gates_by_a_difference(dc, c_prev, i, f, g):
    """Slopes by the complex step of logit and artanh, turned upside down."""
    logit = gradcheck.complex_step(lambda s: np.log(s / (1 - s)).sum(), i)
    other = gradcheck.complex_step(lambda s: np.log(s / (1 - s)).sum(), f)
    artanh = gradcheck.complex_step(lambda s: np.log((1 + s) / (1 - s)).sum() / 2, g)
    return dc * g / logit, dc * c_prev / other, dc * i / artanh


RIGHT = [
    ("ch10.do", lambda dh, o, c: dh * np.tanh(c) * o * (1 - o)),
    ("ch10.do", lambda dh, o, c: [*(dh * np.tanh(c) * (o - o * o))]),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o / np.cosh(c) ** 2 + dn * f),
    ("ch10.dc", lambda dh, dn, f, o, c: f * dn + dh * o - dh * o * np.tanh(c) ** 2),
    ("ch10.paths", PATHS),
    ("ch10.paths", {name: word.upper() for name, word in PATHS.items()}),
    ("ch10.gates", gates),
    ("ch10.gates", gates_by_a_difference),
    ("ch10.step", step),
    ("ch10.step", step_by_package),
    ("ch10.slip", SLIPS),
    ("ch10.slip", {name: f" {word} " for name, word in SLIPS.items()}),
    ("ch10.highway", through_h),
    ("ch10.highway", through_h_by_package),
    ("ch10.sequence", sequence),
    ("ch10.sequence", sequence_by_package),
]


def slipped(**changed):
    return lambda dh, dc, cache: step(dh, dc, cache, **changed)


def entering(rule, **options):
    return lambda dhs, dstate_T, caches: sequence(dhs, dstate_T, caches, rule, **options)


def tanh_slope(c):
    return 1 - np.tanh(c) ** 2


def wrong_gates(slopes):
    return lambda dc, c_prev, i, f, g: slopes(dc, c_prev, i, f, g, f * c_prev + i * g)


WRONG = [
    ("ch10.do", lambda dh, o, c: dh * np.tanh(c), "one more node"),
    ("ch10.do", lambda dh, o, c: dh * c * o * (1 - o), "Not c itself"),
    ("ch10.do", lambda dh, o, c: dh * tanh_slope(c) * o * (1 - o), "another path"),
    ("ch10.do", lambda dh, o, c: dh * np.tanh(c) * (1 - o * o), "What squashes the output gate"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o * tanh_slope(c), "only the path through h"),
    ("ch10.dc", lambda dh, dn, f, o, c: f * dn, "only the path to the next step"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * tanh_slope(c) + f * dn, "one of its factors"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o * tanh_slope(c) + dn, "something multiplies it"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o + f * dn, "its slope is missing"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o * (1 - c * c) + f * dn, "output of tanh"),
    ("ch10.dc", lambda dh, dn, f, o, c: dh * o * tanh_slope(c) * f * dn, "are multiplied"),
    ("ch10.paths", PATHS | {"o": "both"}, "of its own step"),
    ("ch10.paths", PATHS | {"o": "neither"}, "follow the arrows"),
    ("ch10.paths", PATHS | {"f": "both"}, "the first step of B"),
    ("ch10.paths", PATHS | {"i": "A", "g": "A"}, "h is made of c as well"),
    (
        "ch10.gates",
        wrong_gates(lambda dc, c_prev, i, f, g, c: (dc * g, dc * c_prev, dc * i)),
        "not yet of their pre-activations",
    ),
    (
        "ch10.gates",
        wrong_gates(
            lambda dc, c_prev, i, f, g, c: (
                dc * i * (i - i**2),
                dc * c_prev * (f - f**2),
                dc * g * (1 - g**2),
            )
        ),
        "factors of each other",
    ),
    (
        "ch10.gates",
        wrong_gates(
            lambda dc, c_prev, i, f, g, c: (
                dc * g * (i - i**2),
                dc * c_prev * (f - f**2),
                dc * i * (g - g**2),
            )
        ),
        "another function than i and f",
    ),
    (
        "ch10.gates",
        wrong_gates(
            lambda dc, c_prev, i, f, g, c: (
                dc * g * (i - i**2),
                dc * c * (f - f**2),
                dc * i * (1 - g**2),
            )
        ),
        "of which step",
    ),
    (
        "ch10.gates",
        wrong_gates(
            lambda dc, c_prev, i, f, g, c: (
                dc * g * (1 - i**2),
                dc * c_prev * (1 - f**2),
                dc * i * (1 - g**2),
            )
        ),
        "i and f are sigmoids",
    ),
    (
        "ch10.step",
        slipped(total=lambda dh, dc, v: dh * v.o * tanh_slope(v.c)),
        "next step is not used",
    ),
    (
        "ch10.step",
        slipped(total=lambda dh, dc, v: dc * v.f + dh * v.o * tanh_slope(v.c)),
        "holds that factor already",
    ),
    (
        "ch10.step",
        slipped(total=lambda dh, dc, v: dc + dh * tanh_slope(v.c)),
        "output gate is missing",
    ),
    (
        "ch10.step",
        slipped(das=lambda dc, v, i, f, o, g: [i, dc * v.c * v.f * (1 - v.f), o, g]),
        "before the step, not the one after",
    ),
    ("ch10.step", slipped(last=lambda total, dc, v: total), "on its way into c"),
    ("ch10.step", slipped(last=lambda total, dc, v: dc * v.f), "came from the future"),
    ("ch10.step", slipped(das=lambda dc, v, i, f, o, g: [i, f, g, o]), "in another order"),
    ("ch10.step", slipped(h=lambda v: v.o * v.tanh_c), "state after the step"),
    (
        "ch10.step",
        lambda dh, dc, cache: step(
            dh,
            dc,
            cache,
            das=lambda t, v, *_: [t * v.g, t * v.c_prev, dh * v.tanh_c, t * v.i],
        ),
        "not yet those of the pre-activations",
    ),
    (
        "ch10.step",
        lambda dh, dc, cache: (*step(dh, dc, cache)[:5], step(dh, dc, cache)[5] / len(dh)),
        "mean over the sequences",
    ),
    ("ch10.slip", SLIPS | {"A": "slope", "D": "o"}, "A and D"),
    ("ch10.slip", SLIPS | {"B": "tanh", "C": "c_prev"}, "B and C"),
    ("ch10.slip", SLIPS | {"B": "slope", "D": "c_prev"}, "B and D"),
    (
        "ch10.highway",
        lambda o, c, i, f, g, Wh: through_h(o, c, i, f, g, Wh) + np.diag(f),
        "direct part is in it",
    ),
    ("ch10.highway", lambda *given: through_h(*given).T, "two indices are exchanged"),
    ("ch10.highway", by_h, "depends on the old cell state is missing"),
    (
        "ch10.highway",
        lambda o, c, *rest: by_h(o, c, *rest) * tanh_slope(c),
        "one of the two factors",
    ),
    (
        "ch10.highway",
        lambda o, c, *rest: np.diag(o * tanh_slope(c)) @ by_h(o, c, *rest),
        "which is the column",
    ),
    (
        "ch10.highway",
        lambda o, c, i, f, g, Wh: through_h(
            o, c, i, f, g, np.hstack([np.hsplit(Wh, 4)[k] for k in (0, 1, 3, 2)])
        ),
        "order of the columns",
    ),
    ("ch10.sequence", entering(lambda dh, dc, above: (dh + above, dc * 0)), "set back to zero"),
    ("ch10.sequence", entering(lambda dh, dc, above: (above, dc)), "dh is not carried"),
    ("ch10.sequence", entering(lambda dh, dc, above: (dh, dc)), "never added"),
    (
        "ch10.sequence",
        lambda *given: (sequence(*given)[0][::-1], *sequence(*given)[1:]),
        "in the order of the walk",
    ),
    (
        "ch10.sequence",
        entering(lambda dh, dc, above: (dh + above, dc), keep=False),
        "How often were they used",
    ),
    (
        "ch10.sequence",
        entering(lambda dh, dc, above: (dh + above, dc + above)),
        "was added to c too",
    ),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch10.paths", dict.fromkeys(PATHS, ...), "still open"),
    ("ch10.slip", dict.fromkeys(SLIPS, ...), "still open"),
]


@pytest.mark.parametrize(("exercise_id", "answer"), RIGHT)
def test_right_answer_passes(exercise_id, answer):
    result = ask(exercise_id, answer)
    assert result.passed, result


@pytest.mark.parametrize(("exercise_id", "answer", "words"), WRONG)
def test_wrong_answer_gets_its_own_hint(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


def test_every_mistake_is_tried():
    tried = {ask(exercise_id, answer).message for exercise_id, answer, _ in WRONG}
    hints = {
        m.hint for name in (*FUNCTIONS, "ch10.paths", "ch10.slip") for m in find(name).mistakes
    }
    assert tried == hints


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", FUNCTIONS)
def test_no_mistake_is_ever_right(exercise_id):
    exercise = find(exercise_id)
    rng = np.random.default_rng(44)
    for _ in range(30):
        given = exercise.draw(rng)
        right = exercise.expected(*given)
        for mistake in exercise.mistakes:
            wrong = mistake.answer(*given)
            pairs = zip(right, wrong, strict=True) if exercise.parts else [(right, wrong)]
            assert not all(np.shape(r) == np.shape(w) and np.allclose(r, w) for r, w in pairs)


def test_the_suspects_differ_where_their_slip_says():
    rng = np.random.default_rng(3)
    params = LSTMParams(*(rng.normal(size=shape) for shape in ((3, 16), (4, 16), (16,))))
    state0 = Memory(*rng.normal(size=(2, 2, 4)))
    _, cache = LSTM.step(params, rng.normal(size=(2, 3)), state0)
    ratios = suspects(rng.normal(size=(2, 4)), cache)
    one = np.ones((2, 4))
    expected = {
        "A": [1 / cache.o, 1 / cache.o, one, 1 / cache.o],
        "B": [one, cache.c / cache.c_prev, one, one],
        "C": [one, one, cache.c / np.tanh(cache.c), one],
        "D": [1 / (cache.i * (1 - cache.i)), one, one, one],
    }
    assert list(ratios) == list("ABCD")
    for name, blocks in expected.items():
        np.testing.assert_allclose(ratios[name], np.hstack(blocks), rtol=1e-10)
