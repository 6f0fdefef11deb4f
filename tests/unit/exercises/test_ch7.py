"""The exercises of chapter 7: right answers pass, each usual mistake gets its own hint."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams
from unrolled.analysis import spectra
from unrolled.exercises import check
from unrolled.exercises.checking import find
from unrolled.train import clip_by_global_norm

FUNCTIONS = ("ch7.norms", "ch7.bound", "ch7.clip", "ch7.transient", "ch7.product")
CLAIMS = {
    "shorten": True,
    "explode": False,
    "tanh": False,
    "direction": True,
    "revive": False,
    "forward": True,
}
CONDITIONS = {"a": "S", "b": "N", "c": "N", "d": "B", "e": "S", "f": "N"}


def ask(exercise_id, answer):
    return check(exercise_id, answer, rng=np.random.default_rng(4))


def walk(slope, weight, *, forth=False, power=1):
    def answer(dh, hs, Wh):
        rows = [dh]
        for h in hs if forth else hs[::-1]:
            rows.append((rows[-1] * slope(h)) @ weight(Wh))
        return np.array([np.linalg.norm(row) for row in rows]) ** power

    return answer


def tanh_slope(h):
    return 1 - h**2


def transposed(Wh):
    return Wh.T


def same(Wh):
    return Wh


def norms_by_package(dh, hs, Wh):
    params, state = RNNParams(Wh, Wh, np.zeros(len(Wh))), Hidden(dh[None])
    norms = [np.linalg.norm(dh)]
    for h in hs[::-1]:
        _, cache = RNN.step(params, np.zeros((1, len(dh))), Hidden(np.zeros((1, len(dh)))))
        _, state, _ = RNN.step_backward(state, cache._replace(h_next=h[None]))
        norms.append(np.linalg.norm(state.h))
    return norms


def norms_by_products(dh, hs, Wh):
    product, norms = np.eye(len(dh)), [np.linalg.norm(dh)]
    for h in reversed(list(hs)):
        product = product @ np.diag(1 - h * h) @ Wh.T
        norms.append(np.linalg.norm(dh @ product))
    return norms


def weight_first(dh, hs, Wh):
    norms = [np.linalg.norm(dh)]
    for h in hs[::-1]:
        dh = (dh @ Wh.T) * (1 - h**2)
        norms.append(np.linalg.norm(dh))
    return np.array(norms)


def sums_of_sizes(dh, hs, Wh):
    rows = [dh]
    for h in hs[::-1]:
        rows.append(Wh @ (rows[-1] * (1 - h**2)))
    return [sum(abs(float(entry)) for entry in row) for row in rows]


def bound(factor, *, steps=None, value=None):
    def answer(Wh, slope, lag, share):
        f = factor(Wh, slope)
        right = spectra.largest_singular_value(Wh) * slope
        count = np.log(share) / np.log(f) if steps is None else steps(right, share)
        return f**lag if value is None else value(Wh, slope, lag), count

    return answer


def good(Wh, slope):
    return slope * np.linalg.svd(Wh)[1].max()


def clip(measure, *, always=False):
    def answer(dWx, dWh, db, limit):
        size = measure(np.concatenate([dWx.ravel(), dWh.ravel(), db]))
        share = limit / size if always else min(1, limit / size)
        return share * dWx, share * dWh, share * db

    return answer


def clip_by_package(dWx, dWh, db, limit):
    return tuple(clip_by_global_norm(RNNParams(dWx, dWh, db), limit))


def clip_each_array(*given):
    *parts, limit = given
    return tuple(part * min(1, limit / np.linalg.norm(part)) for part in parts)


def clip_as_pytorch(*given):
    *parts, limit = given
    norm = np.linalg.norm([np.linalg.norm(part) for part in parts])
    return [part * min(1.0, limit / (norm + 1e-6)) for part in parts]


def clip_by_three_lengths(*given):
    *parts, limit = given
    total = sum(np.sqrt((part**2).sum()) for part in parts)
    return tuple(part * min(1, limit / total) for part in parts)


def clip_each_entry(*given):
    *parts, limit = given
    return tuple(np.clip(part, -limit, limit) for part in parts)


def clip_to_one(*given):
    *parts, limit = given
    norm = math.sqrt(sum((part**2).sum() for part in parts))
    return tuple(part / norm if norm >= limit else part for part in parts)


def transient(first, peak):
    return lambda r, k, lag: (np.hypot(first(r, k, lag), r**lag), peak(r))


def good_peak(r):
    return -1 / math.log(r)


def good_first(r, k, lag):
    return lag * k * r ** (lag - 1)


def transient_by_powers(r, k, lag):
    power = np.linalg.matrix_power(np.array([[r, k], [0, r]]), lag)
    return np.linalg.norm(power @ [0, 1]), 1 / math.log(1 / r)


def product(step, *, forth=False):
    def answer(Wh, hs):
        J = np.eye(len(Wh))
        for h in hs if forth else hs[::-1]:
            J = step(J, 1 - h**2, Wh)
        sigma = np.linalg.norm(Wh, 2)
        return sigma, sigma ** len(hs), np.linalg.norm(J, 2)

    return answer


def good_step(J, slope, Wh):
    return (J * slope) @ Wh.T


def product_forward(Wh, hs):
    J = np.eye(len(Wh))
    for h in hs:
        J = np.diag(1 - h**2) @ Wh.T @ J
    sigma = spectra.largest_singular_value(Wh)
    return [sigma, spectra.norm_bound(Wh, np.array([len(hs)]))[0], np.linalg.svd(J)[1][0]]


def product_of_stretches(Wh, hs):
    sigma, total = np.linalg.norm(Wh, 2), 1.0
    for h in hs:
        total *= np.linalg.norm(Wh * (1 - h**2), 2)
    return sigma, sigma ** len(hs), total


def product_radius(Wh, hs):
    J = np.eye(len(Wh))
    for h in hs[::-1]:
        J = good_step(J, 1 - h**2, Wh)
    sigma = np.linalg.norm(Wh, 2)
    return sigma, sigma ** len(hs), np.abs(np.linalg.eigvals(J)).max()


RIGHT = [
    ("ch7.norms", walk(tanh_slope, transposed)),
    ("ch7.norms", norms_by_package),
    ("ch7.norms", norms_by_products),
    ("ch7.claims", CLAIMS),
    ("ch7.claims", {name: np.bool_(value) for name, value in CLAIMS.items()}),
    ("ch7.bound", bound(good)),
    ("ch7.bound", bound(lambda W, s: s * np.linalg.norm(W, 2))),
    ("ch7.clip", clip(np.linalg.norm)),
    ("ch7.clip", clip_by_package),
    ("ch7.clip", clip_as_pytorch),
    ("ch7.conditions", CONDITIONS),
    ("ch7.conditions", {name: letter.lower() for name, letter in CONDITIONS.items()}),
    ("ch7.transient", transient(good_first, good_peak)),
    ("ch7.transient", transient_by_powers),
    ("ch7.product", product(good_step)),
    ("ch7.product", product_forward),
]

WRONG = [
    ("ch7.norms", walk(np.ones_like, transposed), "never passes tanh"),
    ("ch7.norms", walk(tanh_slope, same), "the way the state came"),
    ("ch7.norms", walk(tanh_slope, transposed, forth=True), "began at the first state"),
    ("ch7.norms", weight_first, "the other order"),
    ("ch7.norms", walk(lambda h: np.cosh(h) ** -2.0, transposed), "applied to them already"),
    ("ch7.norms", sums_of_sizes, "Euclidean norm"),
    ("ch7.norms", walk(tanh_slope, transposed, power=2), "squares of the norms"),
    (
        "ch7.norms",
        lambda *given: walk(tanh_slope, transposed)(*given)[::-1],
        "their order does not",
    ),
    *(("ch7.claims", CLAIMS | {name: not value}, f"{name}: ") for name, value in CLAIMS.items()),
    ("ch7.bound", bound(lambda W, s: s * spectra.spectral_radius(W)), "spectral radius"),
    ("ch7.bound", bound(lambda W, s: s * np.linalg.norm(W)), "root of all squares"),
    ("ch7.bound", bound(lambda W, s: np.linalg.norm(W, 2)), "slope is missing"),
    (
        "ch7.bound",
        bound(good, value=lambda W, s, lag: s * np.linalg.norm(W, 2) ** lag),
        "counts once",
    ),
    ("ch7.bound", bound(good, steps=lambda f, q: q / np.log(f)), "take logarithms"),
    ("ch7.bound", bound(good, steps=lambda f, q: np.log(f) / np.log(q)), "upside down"),
    ("ch7.bound", bound(good, steps=lambda f, q: math.ceil(math.log(q, f))), "is rounded"),
    ("ch7.clip", clip_by_three_lengths, "lengths of the three arrays"),
    ("ch7.clip", clip_each_entry, "each entry is cut by itself"),
    ("ch7.clip", clip_each_array, "each array has its own norm"),
    ("ch7.clip", clip(np.linalg.norm, always=True), "becomes longer"),
    ("ch7.clip", clip(lambda row: row @ row), "sum of the squares"),
    ("ch7.clip", clip(lambda row: max(row.max(), -row.min())), "largest entry"),
    ("ch7.clip", clip_to_one, "the length 1 here"),
    ("ch7.conditions", CONDITIONS | {"a": "B"}, "a: "),
    ("ch7.conditions", CONDITIONS | {"b": "S"}, "b: "),
    ("ch7.conditions", CONDITIONS | {"b": "B"}, "b: one half"),
    ("ch7.conditions", CONDITIONS | {"c": "S"}, "c: "),
    ("ch7.conditions", CONDITIONS | {"d": "S"}, "d: "),
    ("ch7.conditions", CONDITIONS | {"e": "B"}, "e: "),
    ("ch7.conditions", CONDITIONS | {"f": "S"}, "two units that cancel"),
    ("ch7.conditions", CONDITIONS | {"f": "B"}, "f: one half"),
    ("ch7.conditions", CONDITIONS | {"f": "-"}, "what kind of net"),
    (
        "ch7.transient",
        lambda r, k, lag: (good_first(r, k, lag), good_peak(r)),
        "the first entry alone",
    ),
    (
        "ch7.transient",
        lambda r, k, lag: (good_first(r, k, lag) + r**lag, good_peak(r)),
        "entries are added",
    ),
    ("ch7.transient", transient(good_first, lambda r: int(0.5 + good_peak(r))), "is rounded"),
    (
        "ch7.transient",
        transient(lambda r, k, lag: k * r ** (lag - 1), good_peak),
        "counts its ways once",
    ),
    (
        "ch7.transient",
        transient(lambda r, k, lag: lag * k * r**lag, good_peak),
        "one power of r too many",
    ),
    ("ch7.transient", transient(good_first, lambda r: -good_peak(r)), "wrong sign"),
    ("ch7.transient", transient(good_first, lambda r: 1 / (1 - r)), "two terms"),
    ("ch7.product", product(lambda J, s, W: J @ W.T), "slopes are missing"),
    ("ch7.product", product(good_step, forth=True), "wrong order"),
    ("ch7.product", product(lambda J, s, W: (J @ W.T) * s), "changed places"),
    ("ch7.product", product(lambda J, s, W: (J * s) @ W), "not transposed"),
    ("ch7.product", product_of_stretches, "one more bound"),
    ("ch7.product", product_radius, "last number is a spectral radius"),
]

STUBS = [
    *((name, lambda *given: None, "returns nothing") for name in FUNCTIONS),
    ("ch7.claims", dict.fromkeys(CLAIMS, ...), "still open"),
    ("ch7.conditions", dict.fromkeys(CONDITIONS, ...), "still open"),
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


@pytest.mark.parametrize(("exercise_id", "answer", "words"), STUBS)
def test_stub_is_told_to_begin(exercise_id, answer, words):
    result = ask(exercise_id, answer)
    assert not result.passed
    assert words in result.message


@pytest.mark.parametrize("exercise_id", FUNCTIONS)
def test_no_mistake_is_ever_right(exercise_id):
    """A clipping that never clips, or always, is told apart by a few draws together."""
    exercise = find(exercise_id)
    rng = np.random.default_rng(44)
    alike = [0] * len(exercise.mistakes)
    for _ in range(60):
        given = exercise.draw(rng)
        right = exercise.expected(*given)
        for place, mistake in enumerate(exercise.mistakes):
            wrong = mistake.answer(*given)
            pairs = zip(right, wrong, strict=True) if exercise.parts else [(right, wrong)]
            alike[place] += all(
                np.shape(r) == np.shape(w) and np.allclose(r, w, atol=1e-9) for r, w in pairs
            )
    assert max(alike) <= (45 if exercise_id == "ch7.clip" else 0)


def test_clipping_is_asked_above_and_below_the_limit():
    exercise = find("ch7.clip")
    for seed in range(50):
        rng = np.random.default_rng(seed)
        draws = [exercise.draw(rng) for _ in range(exercise.draws)]
        norms = [math.sqrt(sum((part**2).sum() for part in parts)) for *parts, _ in draws]
        short = [norm < draw[-1] for norm, draw in zip(norms, draws, strict=True)]
        assert 0 < sum(short) < len(short)
