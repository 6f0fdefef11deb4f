"""Singular values and eigenvalues, and what they promise about gradients and what they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import RNN, Hidden, RNNParams, unroll
from unrolled.analysis.jacobians import gradient_by_lag
from unrolled.analysis.spectra import (
    SIGMOID_SLOPE,
    TANH_SLOPE,
    largest_singular_value,
    may_explode,
    must_vanish,
    norm_bound,
    orthogonal,
    power_norms,
    scaled,
    spectral_radius,
)
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

SIZES = (1, 2, 3, 7)


def matrices(count=1):
    rng = np.random.default_rng(7)
    return [rng.normal(size=(H, H)) for H in SIZES for _ in range(count)]


def by_angles(W):
    """σ_max and ρ of a 2 × 2 matrix in closed form."""
    (a, b), (c, d) = W
    q, p = a * a + b * b + c * c + d * d, a * d - b * c
    root = np.emath.sqrt((a + d) ** 2 / 4 - p)
    sizes = (abs((a + d) / 2 + root), abs((a + d) / 2 - root))
    return math.sqrt((q + math.sqrt(max(q * q - 4 * p * p, 0))) / 2), max(sizes)


def test_two_by_two_in_closed_form():
    rng = np.random.default_rng(1)
    for _ in range(50):
        W = rng.normal(size=(2, 2))
        sigma, rho = by_angles(W)
        assert largest_singular_value(W) == pytest.approx(sigma, rel=1e-12)
        assert spectral_radius(W) == pytest.approx(rho, rel=1e-12)


@pytest.mark.parametrize("W", matrices())
def test_no_vector_is_stretched_more_and_one_is_stretched_so_much(W):
    sigma = largest_singular_value(W)
    v = np.random.default_rng(0).normal(size=(1000, len(W)))
    v /= np.linalg.norm(v, axis=1)[:, None]
    assert np.linalg.norm(v @ W, axis=1).max() <= sigma * (1 + 1e-12)
    u = v[0]
    for _ in range(3000):  # power iteration finds the one
        u = u @ W @ W.T
        u /= np.linalg.norm(u)
    assert np.linalg.norm(u @ W) == pytest.approx(sigma, rel=1e-9)
    assert largest_singular_value(W.T) == pytest.approx(sigma, rel=1e-12)
    assert spectral_radius(W) <= sigma * (1 + 1e-12)
    assert isinstance(sigma, float)
    assert isinstance(spectral_radius(W), float)


def test_an_eigenvalue_may_be_negative_or_complex():
    assert spectral_radius(np.diag([0.5, -2.0])) == pytest.approx(2.0)
    turn = np.array([[0.0, 3.0], [-3.0, 0.0]])
    assert spectral_radius(turn) == pytest.approx(3.0)
    assert spectral_radius(np.diag([1j, 0.5 + 0j])) == pytest.approx(1.0)


@pytest.mark.parametrize("W", matrices())
@pytest.mark.parametrize("wanted", [0.3, 1.0, 2.5])
def test_scaled_to_what_is_wanted(W, wanted):
    before = W.copy()
    assert largest_singular_value(scaled(W, sigma=wanted)) == pytest.approx(wanted, rel=1e-12)
    assert spectral_radius(scaled(W, rho=wanted)) == pytest.approx(wanted, rel=1e-12)
    for made in (scaled(W, sigma=wanted), scaled(W, rho=wanted)):
        factors = made / W
        np.testing.assert_allclose(factors, factors[0, 0], rtol=1e-12)
        assert factors[0, 0] > 0
    np.testing.assert_array_equal(W, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_dtype_stays(dtype):
    W = np.array([[1.0, 2.0], [0.5, -1.0]]).astype(dtype)
    assert scaled(W, rho=0.5).dtype == dtype
    assert scaled(W, sigma=0.5).dtype == dtype
    assert power_norms(W, 2).dtype == np.float64


@pytest.mark.parametrize("H", SIZES)
def test_orthogonal_keeps_every_length(H):
    Q = orthogonal(H, rng=np.random.default_rng(3))
    assert Q.shape == (H, H)
    np.testing.assert_allclose(Q @ Q.T, np.eye(H), atol=1e-13)
    assert largest_singular_value(Q) == pytest.approx(1.0)
    assert spectral_radius(Q) == pytest.approx(1.0)


def test_every_orthogonal_matrix_is_equally_likely():
    """The trace has mean 0 and mean square 1; plain QR gives a mean far from 0."""
    rng = np.random.default_rng(5)
    traces = np.array([np.trace(orthogonal(3, rng=rng)) for _ in range(4000)])
    assert abs(traces.mean()) < 0.06
    assert (traces**2).mean() == pytest.approx(1.0, abs=0.08)


def test_the_bound_is_a_power():
    W = np.diag([0.5, -1.5, 0.2])
    lags = np.array([0, 1, 2, 5])
    np.testing.assert_allclose(norm_bound(W, lags), [1, 1.5, 2.25, 1.5**5])
    np.testing.assert_allclose(norm_bound(W, lags, 0.25), [1, 0.375, 0.140625, 0.375**5])
    assert norm_bound(W, lags).dtype == np.float64


def run(rng, W, T, xs_scale=1.0):
    """Gradient norms by lag of the plain cell with this recurrent matrix, (T + 1, N)."""
    H = len(W)
    params = RNNParams(rng.normal(size=(2, H)), W, rng.normal(size=H))
    xs = xs_scale * rng.normal(size=(T, 3, 2))
    _, _, tape = unroll(RNN, params, xs, Hidden(np.tanh(rng.normal(size=(3, H)))))
    return gradient_by_lag(RNN, tape, Hidden(rng.normal(size=(3, H)))).h


def test_no_run_ever_leaves_the_bound():
    rng = np.random.default_rng(11)
    for _ in range(150):
        H = int(rng.integers(1, 7))
        W = rng.uniform(0.1, 2) * rng.normal(size=(H, H))
        norms = run(rng, W, 8, rng.uniform(0, 2))
        bound = norm_bound(W, np.arange(9))[:, None] * norms[0]
        assert (norms <= bound * (1 + 1e-12)).all()


def test_the_bound_is_reached_by_a_linear_step():
    """States near zero, slopes near one, and a gradient along the strongest direction."""
    W = np.diag([1.4, 0.3])
    params = RNNParams(np.zeros((1, 2)), W, np.zeros(2))
    _, _, tape = unroll(RNN, params, np.zeros((6, 1, 1)))
    norms = gradient_by_lag(RNN, tape, Hidden(np.array([[1.0, 0.0]]))).h[:, 0]
    np.testing.assert_allclose(norms, norm_bound(W, np.arange(7)), rtol=1e-12)


def test_below_one_everything_vanishes_and_nothing_explodes():
    rng = np.random.default_rng(12)
    for _ in range(40):
        W = scaled(rng.normal(size=(5, 5)), sigma=rng.uniform(0.2, 0.95))
        assert must_vanish(W)
        assert not may_explode(W)
        norms = run(rng, W, 10)
        assert (np.diff(norms, axis=0) < 0).all()


def test_above_one_nothing_is_known():
    rng = np.random.default_rng(13)
    for sigma, grows in ((1.4, False), (7.0, True)):
        for _ in range(10):
            W = scaled(rng.normal(size=(24, 24)), sigma=sigma)
            assert may_explode(W)
            assert not must_vanish(W)
            norms = run(rng, W, 25, 0.3)
            ratio = norms[-1].max() / norms[0].max()
            assert ratio > 1 if grows else ratio < 1e-3


def test_a_radius_of_zero_does_not_make_it_vanish():
    """W W = 0, so ρ = 0. Unequal slopes break what cancels in W W, and the gradient grows."""
    W = 3 * np.array([[1.0, 1.0], [-1.0, -1.0]])
    h = np.array([[0.0, math.sqrt(0.5)]])
    params = RNNParams(np.zeros((1, 2)), W, (np.arctanh(h) - h @ W)[0])
    hs, _, tape = unroll(RNN, params, np.zeros((30, 1, 1)), Hidden(h))
    np.testing.assert_allclose(hs[:, 0], np.broadcast_to(h[0], (30, 2)), atol=1e-9)
    norms = gradient_by_lag(RNN, tape, Hidden(np.array([[1.0, 0.0]]))).h[:, 0]
    assert spectral_radius(W) < 1e-6
    np.testing.assert_allclose(norms[2:] / norms[1:-1], 1.5, rtol=1e-6)
    assert norms[-1] > 1e5


def test_the_limits_themselves():
    eye = np.eye(3)
    assert not must_vanish(eye)
    assert not may_explode(eye)
    assert not must_vanish(4 * eye, 0.25)
    assert not may_explode(4 * eye, 0.25)
    assert must_vanish(3.9 * eye, SIGMOID_SLOPE)
    assert may_explode(4.1 * eye, SIGMOID_SLOPE)
    assert may_explode(1.1 * eye)
    assert must_vanish(0.9 * eye)
    assert type(must_vanish(eye)) is type(may_explode(eye)) is bool


def test_the_slopes_are_the_largest_ones():
    a = np.linspace(-6, 6, 1201)
    assert (1 - np.tanh(a) ** 2).max() == pytest.approx(TANH_SLOPE)
    s = 1 / (1 + np.exp(-a))
    assert (s * (1 - s)).max() == pytest.approx(SIGMOID_SLOPE)


def test_powers_grow_first_though_every_eigenvalue_is_below_one():
    """[[r, k], [0, r]] to the power n is [[rⁿ, n k rⁿ⁻¹], [0, rⁿ]]."""
    r, k = 0.9, 4.0
    got = power_norms(np.array([[r, k], [0.0, r]]), 60)
    assert got.shape == (61,)
    for n in range(61):
        power = np.array([[r**n, n * k * r ** (n - 1) if n else 0.0], [0.0, r**n]])
        assert got[n] == pytest.approx(by_angles(power)[0], rel=1e-9)
    assert got.argmax() == 9
    assert got[-1] < 1 < got.max()


@pytest.mark.parametrize("W", matrices())
def test_the_root_of_a_high_power_is_the_radius(W):
    W = scaled(W, rho=0.8)
    assert power_norms(W, 400)[-1] ** (1 / 400) == pytest.approx(0.8, rel=0.02)
    assert power_norms(W, 1)[1] == pytest.approx(largest_singular_value(W))


SQUARE = np.eye(2)
WIDE = np.ones((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: largest_singular_value(WIDE), ShapeError, "W: axis 1"),
        (lambda: spectral_radius(WIDE), ShapeError, "W: axis 1"),
        (lambda: power_norms(WIDE, 2), ShapeError, "W: axis 1"),
        (lambda: scaled(WIDE, rho=1.0), ShapeError, "W: axis 1"),
        (lambda: largest_singular_value([[1.0]]), DTypeError, "W: expected a NumPy array"),
        (lambda: spectral_radius(SQUARE * np.nan), ArgumentError, "W: expected finite"),
        (
            lambda: largest_singular_value(np.full((2, 2), np.inf)),
            ArgumentError,
            "W: expected finite",
        ),
        (lambda: scaled(SQUARE), ArgumentError, "sigma, rho: expected one of the two"),
        (lambda: scaled(SQUARE, sigma=1.0, rho=1.0), ArgumentError, "got 1.0 and 1.0"),
        (lambda: scaled(SQUARE, sigma=0.0), ArgumentError, "sigma: expected a positive"),
        (lambda: scaled(SQUARE, rho=-1.0), ArgumentError, "rho: expected a positive"),
        (lambda: scaled(0 * SQUARE, sigma=1.0), ArgumentError, "W: .* got sigma = 0"),
        (
            lambda: scaled(np.array([[0.0, 1.0], [0.0, 0.0]]), rho=1.0),
            ArgumentError,
            "W: .* got rho = 0",
        ),
        (lambda: orthogonal(0, rng=np.random.default_rng(0)), ArgumentError, "H: size of axis H"),
        (lambda: orthogonal(2, rng=1), ArgumentError, "rng: expected"),
        (lambda: norm_bound(SQUARE, [1]), ArgumentError, "lags: expected an array of integers"),
        (lambda: norm_bound(SQUARE, np.array([0.5])), ArgumentError, "lags: expected an array"),
        (lambda: norm_bound(SQUARE, np.array([[1]])), ArgumentError, "lags: expected an array"),
        (lambda: norm_bound(SQUARE, np.array([1, -1])), ArgumentError, "none below 0, got -1"),
        (lambda: norm_bound(SQUARE, np.array([1]), 0.0), ArgumentError, "slope: expected"),
        (lambda: must_vanish(SQUARE, -1.0), ArgumentError, "slope: expected"),
        (lambda: may_explode(SQUARE, 0), ArgumentError, "slope: expected"),
        (lambda: power_norms(SQUARE, 0), ArgumentError, "steps: size of axis T"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
