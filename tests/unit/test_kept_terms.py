"""Which terms truncation keeps, and how much of the gradient of the settled linear cell."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from unrolled import RNN, ArgumentError, ShapeError, models, tasks
from unrolled.analysis.truncation import (
    kept_terms,
    loss_by_position,
    noise_share,
    stationary_share,
)

WINDOWS = [(L, s) for L in range(1, 6) for s in (*range(1, L + 1), None)]


def passes(T, length, stride):
    """The pairs (t, k), from 1, pass by pass: the newest losses, all uses in the window."""
    stride = stride or length
    pairs = set()
    for end in range(stride, T + stride, stride):
        for t in range(end - stride + 1, end + 1):
            pairs |= {(t, k) for k in range(end - length + 1, t + 1)}
    return {(t, k) for t, k in pairs if k >= 1 and t <= T}


@pytest.mark.parametrize("T", [1, 2, 6, 9])
@pytest.mark.parametrize(("length", "stride"), WINDOWS)
def test_kept_terms_pass_by_pass(T, length, stride):
    kept = kept_terms(T, length, stride)
    assert kept.shape == (T, T)
    assert kept.dtype == bool
    assert {(t + 1, k + 1) for t, k in np.argwhere(kept)} == passes(T, length, stride)


def settled(w, length, stride):
    """Kept and whole of one window of a long stream, summed term by term with h = 1."""
    kept = whole = 0.0
    for t in range(1, stride + 1):  # the newest steps of a window that begins far back
        for j in range(2000):  # steps back from the loss
            whole += w**j
            kept += w**j if t - j > stride - length else 0.0
    return kept / whole


@pytest.mark.parametrize("w", [0.95, 0.5, -0.7, 0.0])
@pytest.mark.parametrize(("length", "stride"), WINDOWS)
def test_stationary_share_term_by_term(w, length, stride):
    want = settled(w, length, stride or length)
    assert stationary_share(w, length, stride) == pytest.approx(want, abs=1e-12)


def test_the_numbers_of_the_page():
    assert round(stationary_share(0.95, 20, 1), 2) == 0.64
    assert round(stationary_share(0.95, 50, 1), 2) == 0.92
    assert round(stationary_share(0.95, 20), 2) == 0.39


def sums(w, length):
    """Variances and covariance of kept and whole, from the covariances of the white noise."""
    reach = 400
    whole = np.array([(m + 1) * w**m for m in range(reach)])  # Σ_j w^j h_{t−1−j}, in the inputs
    kept = np.array([min(m + 1, length) * w**m for m in range(reach)])
    return kept @ kept, kept @ whole, whole @ whole


@pytest.mark.parametrize("w", [0.9, 0.3, -0.6])
@pytest.mark.parametrize("length", [1, 2, 7])
def test_noise_share_from_the_covariances(w, length):
    kept, both, whole = sums(w, length)
    got = noise_share(w, length)
    assert got.median == pytest.approx(both / whole, abs=1e-12)
    assert got.scale == pytest.approx(math.sqrt(kept / whole - (both / whole) ** 2), abs=1e-9)


def test_noise_share_of_samples():
    rng = np.random.default_rng(0)
    w, length, steps = 0.8, 5, 80
    shares = []
    h, g, old = np.zeros(4000), np.zeros(4000), np.zeros(4000)
    for t in range(steps):
        g, h = w * g + h, w * h + rng.normal(size=4000)
        old = g if t == steps - length - 1 else old
    shares = (g - w**length * old) / g
    spread = noise_share(w, length)
    for p in (0.1, 0.5, 0.9):
        assert np.quantile(shares, p) == pytest.approx(spread.quantile(p), abs=0.06)


def test_quantiles():
    spread = noise_share(0.9, 3)
    assert spread.quantile(0.5) == pytest.approx(spread.median, abs=1e-15)
    assert spread.quantile(0.75) == pytest.approx(spread.median + spread.scale)
    assert spread.quantile(0.1) == pytest.approx(
        spread.median - spread.scale * math.tan(0.4 * np.pi)
    )
    assert spread.quantile(np.float64(0.25)) < spread.median


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: kept_terms(0, 1), "T: size of axis T"),
        (lambda: kept_terms(1, 0), "length: expected an integer"),
        (lambda: kept_terms(3, 2, 3), "stride: expected at most length = 2, got 3"),
        (lambda: kept_terms(3, 2, 0), "stride: expected an integer"),
        (lambda: stationary_share(1.0, 2), "w: expected a number between −1 and 1.*got 1.0"),
        (lambda: stationary_share(-1.0, 2), "w: expected"),
        (lambda: stationary_share(True, 2), "w: expected"),
        (lambda: stationary_share("a", 2), "w: expected"),
        (lambda: stationary_share(math.nan, 2), "w: expected"),
        (lambda: stationary_share(0.5, 0), "length: expected"),
        (lambda: stationary_share(0.5, 2, 3), "stride: expected at most"),
        (lambda: noise_share(1.0, 2), "w: expected"),
        (lambda: noise_share(0.5, 0), "length: expected"),
        (lambda: noise_share(0.5, 2).quantile(0), "p: expected a number between 0 and 1, got 0"),
        (lambda: noise_share(0.5, 2).quantile(1.0), "p: expected"),
        (lambda: noise_share(0.5, 2).quantile("a"), "p: expected"),
        (lambda: noise_share(0.5, 2).quantile(True), "p: expected"),
    ],
)
def test_errors(call, says):
    with pytest.raises(ArgumentError, match=says):
        call()


def test_numbers_of_numpy_are_numbers():
    for w, p in itertools.product(
        (np.float32(0.5), np.float64(0.5), 0.5), (0.25, np.float32(0.25))
    ):
        assert noise_share(w, 2).quantile(p) == pytest.approx(noise_share(0.5, 2).quantile(0.25))
    assert stationary_share(np.int64(0), 2) == stationary_share(0, 2) == 1


MODEL = models.Model(RNN)
PARAMS = models.init(MODEL, 2, 3, 2, rng=np.random.default_rng(2))
STREAM = list(itertools.islice(tasks.echo(2, 4, 3, rng=np.random.default_rng(3)), 5))


@pytest.mark.parametrize("carry", [True, False])
def test_loss_by_position_step_by_step(carry):
    total, h = np.zeros(4), np.zeros((3, 3))
    cell = PARAMS.cell
    for number, (xs, targets) in enumerate(STREAM):
        h = h if carry else np.zeros((3, 3))
        for t in range(4):
            h = np.tanh(h @ cell.Wh + cell.Wx[xs[t]] + cell.b)
            for n in range(3):
                e = np.exp(h[n] @ PARAMS.Wy + PARAMS.by)
                if number > 0:
                    total[t] -= math.log(e[targets[t, n]] / e.sum()) / 12
    got = loss_by_position(MODEL, PARAMS, iter(STREAM), carry=carry)
    np.testing.assert_allclose(got, total, atol=1e-13)


def test_two_windows_are_enough():
    two = loss_by_position(MODEL, PARAMS, STREAM[:2], carry=False)
    alone = loss_by_position(MODEL, PARAMS, [STREAM[3], STREAM[1]], carry=False)
    np.testing.assert_array_equal(two, alone)


def test_loss_by_position_refuses():
    short = [STREAM[0], (STREAM[1][0][:2], STREAM[1][1][:2])]
    for model in (models.Model(RNN, "squared_error"), models.Model(RNN, steps="last")):
        with pytest.raises(ArgumentError, match=r"model: expected loss 'cross_entropy' at 'every"):
            loss_by_position(model, PARAMS, STREAM, carry=True)
    with pytest.raises(ArgumentError, match=r"batches: expected at least two .* lengths \[4\]"):
        loss_by_position(MODEL, PARAMS, STREAM[:1], carry=True)
    with pytest.raises(ArgumentError, match=r"batches: .* lengths \[4, 2\]"):
        loss_by_position(MODEL, PARAMS, short, carry=True)
    with pytest.raises(ArgumentError, match="params: expected ModelParams"):
        loss_by_position(MODEL, None, [], carry=True)
    for bad, says in (
        (3, "an iterable of pairs .*got int"),
        (np.zeros((2, 2, 4, 3)), "an iterable of pairs .*got ndarray"),
        ([3], "pairs .* got int"),
    ):
        with pytest.raises(ArgumentError, match=f"batches: expected {says}"):
            loss_by_position(MODEL, PARAMS, bad, carry=True)
    with pytest.raises(ArgumentError, match=r"batches: expected pairs .* got tuple"):
        loss_by_position(MODEL, PARAMS, [STREAM[0][:1]], carry=True)
    with pytest.raises(ArgumentError, match="carry: expected True or False, got None"):
        loss_by_position(MODEL, PARAMS, STREAM, carry=None)
    with pytest.raises(ShapeError, match="targets"):
        loss_by_position(MODEL, PARAMS, [(STREAM[0][0], STREAM[0][1][:2])] * 2, carry=True)
