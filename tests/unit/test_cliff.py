"""The cliff: states and losses step by step, gradients by the complex step, the way down."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled.analysis.cliff import Descent, Place, descend, gradient, loss, states
from unrolled.gradcheck import complex_step
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

PLACES = [(4.5, -2.6), (4.1, -2.05), (0.0, 0.3), (-3.0, 1.0), (6.0, 2.0), (1.0, 0.0)]
AT = Place(*(np.array(each) for each in zip(*PLACES, strict=True)))


def one(w, b):
    return Place(np.array([w]), np.array([b]))


def by_hand(w, b, steps):
    xs = [0.5]
    for _ in range(steps):
        xs.append(w / (1 + math.exp(-xs[-1])) + b)
    return xs


def score(x):
    return (1 / (1 + math.exp(-x)) - 0.7) ** 2


@pytest.mark.parametrize("steps", [1, 2, 50])
def test_states_and_losses_step_by_step(steps):
    got = states(AT, steps)
    assert got.shape == (steps + 1, len(PLACES))
    losses = loss(AT, steps)
    for n, (w, b) in enumerate(PLACES):
        expected = by_hand(w, b, steps)
        np.testing.assert_allclose(got[:, n], expected, rtol=1e-12, atol=1e-12)
        assert losses[n] == pytest.approx(score(expected[-1]), abs=1e-12)


def test_fifty_steps_unless_told_otherwise():
    assert states(AT).shape == (51, len(PLACES))
    np.testing.assert_array_equal(loss(AT), loss(AT, 50))
    np.testing.assert_array_equal(gradient(AT).w, gradient(AT, 50).w)


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
def test_the_gradient_by_the_complex_step(steps):
    expected = complex_step(lambda at: loss(at, steps).sum(), AT)
    got = gradient(AT, steps)
    assert isinstance(got, Place)
    np.testing.assert_allclose(got.w, expected.w, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(got.b, expected.b, rtol=1e-10, atol=1e-13)


def walk(w, b, rate, count, limit):
    """Descend with derivatives by forward recursion, in plain floats."""
    rows = []
    for _ in range(count + 1):
        xs = by_hand(w, b, 50)
        dw = db = 0.0
        for x in xs[:-1]:
            s = 1 / (1 + math.exp(-x))
            dw, db = s + w * s * (1 - s) * dw, 1 + w * s * (1 - s) * db
        s = 1 / (1 + math.exp(-xs[-1]))
        dw, db = (2 * (s - 0.7) * s * (1 - s) * each for each in (dw, db))
        norm = math.sqrt(dw * dw + db * db)
        rows.append((w, b, score(xs[-1]), norm))
        shorten = min(1.0, limit / norm)
        w, b = w - rate * shorten * dw, b - rate * shorten * db
    return np.array(rows)


@pytest.mark.parametrize("clip", [None, 0.5, 0.1])
def test_the_way_down(clip):
    got = descend(one(4.5, -2.6), 0.5, 8, clip=clip)
    assert isinstance(got, Descent)
    expected = walk(4.5, -2.6, 0.5, 8, math.inf if clip is None else clip)
    for found, column in zip((*got.path, got.losses, got.norms), expected.T, strict=True):
        assert found.shape == (9,)
        np.testing.assert_allclose(found, column, rtol=1e-5, atol=1e-9)


def test_a_clipped_step_is_no_longer_than_rate_times_limit():
    got = descend(one(4.5, -2.6), 0.5, 40, clip=0.2)
    lengths = np.hypot(np.diff(got.path.w), np.diff(got.path.b))
    assert lengths.max() == pytest.approx(0.5 * 0.2)
    assert got.norms.max() > 1


def test_unclipped_it_is_thrown_onto_the_plain_and_stays():
    free, held = (descend(one(4.5, -2.6), 0.5, 30, clip=clip) for clip in (None, 0.5))
    assert free.norms.max() > 10
    assert np.hypot(free.path.w[-1] - 4.5, free.path.b[-1] + 2.6) > 5
    assert free.norms[-1] < 1e-4
    assert free.losses[-1] > 0.08
    assert held.losses.min() < 1e-3


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes(dtype):
    at = Place(*(each.astype(dtype) for each in AT))
    assert states(at, 3).dtype == loss(at, 3).dtype == gradient(at, 3).b.dtype == dtype
    if dtype != np.complex128:
        down = descend(Place(at.w[:1], at.b[:1]), 0.5, 2, clip=0.1)
        assert down.path.w.dtype == down.losses.dtype == down.norms.dtype == dtype


def test_nothing_is_modified():
    at = one(4.5, -2.6)
    descend(at, 0.5, 3)
    gradient(at)
    assert (at.w, at.b) == (4.5, -2.6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: states((1.0, 2.0)), DTypeError, "at: expected Place"),
        (lambda: loss(AT._replace(b=AT.b[:2])), ShapeError, "at.b: axis 0"),
        (lambda: gradient(AT._replace(w=AT.w.astype("f4"))), DTypeError, "at.b: expected float32"),
        (lambda: states(AT._replace(w=AT.w * np.nan)), ArgumentError, "at.w: expected finite"),
        (lambda: states(AT._replace(b=np.full(6, np.inf))), ArgumentError, "at.b: expected finite"),
        (lambda: states(AT, 0), ArgumentError, "steps: expected an integer"),
        (lambda: descend(AT, 0.5, 3), ShapeError, "start.w: axis 0 .* should be 1"),
        (lambda: descend(one(1j, 1j), 0.5, 3), DTypeError, "start: expected real"),
        (lambda: descend(one(1.0, 1.0), 0, 3), ArgumentError, "rate"),
        (lambda: descend(one(1.0, 1.0), 0.5, 0), ArgumentError, "count"),
        (lambda: descend(one(1.0, 1.0), 0.5, 3, clip=-1.0), ArgumentError, "clip"),
        (lambda: descend((1.0, 1.0), 0.5, 3), DTypeError, "expected Place"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
