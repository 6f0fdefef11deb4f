"""Jacobians, their products and gradients by lag: by the complex step, and in closed form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from unrolled import GRU, LSTM, RNN, Hidden, RNNParams, unroll, unroll_backward
from unrolled.analysis.jacobians import (
    GradientByLag,
    gradient_by_lag,
    gradient_norms,
    jacobian_products,
    state_jacobian,
)
from unrolled.cells.base import Cell
from unrolled.shapes import ArgumentError, Array, DTypeError, ShapeError, check

SIZES = [(1, 1, 1, 1), (3, 2, 1, 4), (4, 1, 3, 2), (2, 3, 5, 3)]  # T, N, D, H
TINY = 1e-30


class Pair(NamedTuple):
    """A state of two arrays of different widths."""

    h: Array
    c: Array


class PairParams(NamedTuple):
    Wx: Array
    """(D, H)."""
    M: Array
    """(H + 2H, H + 2H): the whole state to the whole state."""


class PairCache(NamedTuple):
    params: PairParams
    x: Array
    scale: Array


def pair_params(params):
    return check("Wx", params.Wx, "D H")


def pair_zero(params, N):
    H = params.Wx.shape[1]
    return Pair(np.zeros((N, H), params.M.dtype), np.zeros((N, 2 * H), params.M.dtype))


def pair_state(name, state, params, dims):
    check(f"{name}.c", state.c, "N 2H", dims)
    return check(f"{name}.h", state.h, "N H", dims)


def pair_step(params, x, state):
    """Linear in the state, (h c) ← s (h c) M + (x Wx, 0), with s the first input."""
    H = params.Wx.shape[1]
    scale = x[:, :1]
    new = scale * (np.concatenate(state, axis=1) @ params.M)
    return Pair(new[:, :H] + x @ params.Wx, new[:, H:]), PairCache(params, x, scale)


def pair_step_backward(dstate, cache):
    H = cache.params.Wx.shape[1]
    old = cache.scale * (np.concatenate(dstate, axis=1) @ cache.params.M.T)
    return None, Pair(old[:, :H], old[:, H:]), cache.params


def unused(*_: Any, **__: Any) -> Any:
    raise AssertionError


PAIR = Cell("Pair", unused, pair_zero, pair_params, pair_state, pair_step, pair_step_backward)


def rnn_run(T, N, D, H, seed=0):
    rng = np.random.default_rng(seed)
    params = RNNParams(
        rng.normal(size=(D, H)), 0.7 * rng.normal(size=(H, H)), 0.3 * rng.normal(size=H)
    )
    xs, state0 = rng.normal(size=(T, N, D)), Hidden(np.tanh(rng.normal(size=(N, H))))
    return rng, params, xs, state0, unroll(RNN, params, xs, state0)[2]


def pair_run(T, N, D, H, seed=1):
    rng = np.random.default_rng(seed)
    params = PairParams(rng.normal(size=(D, H)), 0.5 * rng.normal(size=(3 * H, 3 * H)))
    xs = rng.normal(size=(T, N, D))
    state0 = Pair(rng.normal(size=(N, H)), rng.normal(size=(N, 2 * H)))
    return rng, params, xs, unroll(PAIR, params, xs, state0)[2]


def forward(params, xs, h):
    """The plain cell over time, written once more."""
    for x in xs:
        h = np.tanh(h @ params.Wh + x @ params.Wx + params.b)
    return h


def nudged(params, xs, h):
    """∂(last h)/∂h by the complex step, [n, new, old]."""
    N, H = h.shape
    out = np.empty((N, H, H))
    for j in range(H):
        moved = h.astype(complex)
        moved[:, j] += 1j * TINY
        out[:, :, j] = forward(params, xs, moved).imag / TINY
    return out


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
def test_the_jacobian_of_each_step_by_the_complex_step(T, N, D, H):
    _, params, xs, state0, tape = rnn_run(T, N, D, H)
    before = [state0.h, *tape.hs]
    for t in range(T):
        got = state_jacobian(RNN, tape.caches[t])
        assert got.shape == (N, H, H)
        np.testing.assert_allclose(got, nudged(params, xs[t : t + 1], before[t]), atol=1e-13)


def test_it_is_the_formula_of_chapter_4():
    _, params, _, _, tape = rnn_run(2, 3, 5, 4)
    got = state_jacobian(RNN, tape.caches[1])
    for n, k, j in np.ndindex(3, 4, 4):
        slope = 1 - tape.hs[1, n, k] ** 2
        assert got[n, k, j] == pytest.approx(slope * params.Wh[j, k], abs=1e-14)


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
def test_a_state_of_two_arrays_is_one_row(T, N, D, H):
    _, params, xs, tape = pair_run(T, N, D, H)
    for t in range(T):
        got = state_jacobian(PAIR, tape.caches[t])
        assert got.shape == (N, 3 * H, 3 * H)
        for n in range(N):
            np.testing.assert_allclose(got[n], xs[t, n, 0] * params.M.T, atol=1e-14)


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
def test_products_are_derivatives_of_the_last_state(T, N, D, H):
    _, params, xs, state0, tape = rnn_run(T, N, D, H)
    products = jacobian_products(RNN, tape)
    assert products.shape == (T + 1, N, H, H)
    before = [state0.h, *tape.hs]
    for lag in range(T + 1):
        expected = nudged(params, xs[T - lag :], before[T - lag])
        np.testing.assert_allclose(products[lag], expected, atol=1e-13)
    np.testing.assert_array_equal(products[0], np.broadcast_to(np.eye(H), (N, H, H)))


@pytest.mark.parametrize(("cell", "width"), [(GRU, 1), (LSTM, 2)])
def test_gated_cells_by_the_complex_step(cell, width):
    """Nudge every entry of the first state, for the LSTM of h, then of c."""
    rng = np.random.default_rng(2)
    params = cell.init(2, 3, rng=rng)
    zero, xs = cell.zero_state(params, 2), rng.normal(size=(3, 2, 2))
    state0 = type(zero)(*(rng.normal(size=each.shape) for each in zero))
    tape = unroll(cell, params, xs, state0)[2]
    whole = type(params)(*(each.astype(complex) for each in params))
    expected = np.empty((2, 3 * width, 3 * width))
    for j in range(3 * width):
        moved = [each.astype(complex) for each in state0]
        moved[j // 3][:, j % 3] += 1j * TINY
        last = unroll(cell, whole, xs.astype(complex), type(zero)(*moved))[1]
        expected[:, :, j] = np.concatenate(last, axis=1).imag / TINY
    np.testing.assert_allclose(jacobian_products(cell, tape)[3], expected, atol=1e-13)


def test_products_of_a_linear_cell_are_powers():
    _, params, xs, tape = pair_run(4, 2, 3, 2)
    products = jacobian_products(PAIR, tape)
    assert products.shape == (5, 2, 6, 6)
    for lag in range(5):
        power = np.linalg.matrix_power(params.M.T, lag)
        for n in range(2):
            scale = np.prod(xs[4 - lag :, n, 0])
            np.testing.assert_allclose(products[lag, n], scale * power, atol=1e-12)


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
def test_gradient_by_lag_is_the_norm_of_the_row_times_the_product(T, N, D, H):
    rng, params, xs, state0, tape = rnn_run(T, N, D, H)
    arrives = rng.normal(size=(N, H))
    got = gradient_by_lag(RNN, tape, Hidden(arrives))
    assert isinstance(got, GradientByLag)
    assert got.c is None
    assert got.h.shape == (T + 1, N)
    before = [state0.h, *tape.hs]
    for lag in range(T + 1):
        jacobian = nudged(params, xs[T - lag :], before[T - lag])
        for n in range(N):
            row = arrives[n] @ jacobian[n]
            assert got.h[lag, n] == pytest.approx(np.sqrt((row * row).sum()), abs=1e-13)
    np.testing.assert_array_equal(got.state, got.h)


def test_the_two_arrays_of_a_state_have_their_own_norms():
    T, N, D, H = 3, 2, 4, 3
    rng, params, xs, tape = pair_run(T, N, D, H)
    arrives = rng.normal(size=(N, 3 * H))
    got = gradient_by_lag(PAIR, tape, Pair(arrives[:, :H], arrives[:, H:]))
    assert got.c is not None
    assert got.c.shape == (T + 1, N)
    for n in range(N):
        row = arrives[n]
        for lag in range(T + 1):
            if lag:
                row = xs[T - lag, n, 0] * (params.M @ row)
            h2, c2 = (row[:H] ** 2).sum(), (row[H:] ** 2).sum()
            expected = np.sqrt([h2, c2, h2 + c2])
            found = [each[lag, n] for each in (got.h, got.c, got.state)]
            np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("T", "N", "D", "H"), SIZES)
@pytest.mark.parametrize("given", ["both", "above", "after"])
def test_gradient_norms_are_of_the_whole_gradient(T, N, D, H, given):
    rng, params, xs, state0, tape = rnn_run(T, N, D, H)
    dhs = rng.normal(size=(T, N, H)) if given != "after" else None
    last = Hidden(rng.normal(size=(N, H))) if given != "above" else None
    got = gradient_norms(RNN, dhs, last, tape)
    assert got.shape == (T + 1, N)
    before = [state0.h, *tape.hs]
    for t in range(T + 1):  # every later loss, by a derivative of its own
        for n in range(N):
            total = (
                np.zeros(H) if last is None else last.h[n] @ nudged(params, xs[t:], before[t])[n]
            )
            for s in range(max(t, 1), T + 1) if dhs is not None else ():
                total = total + dhs[s - 1, n] @ nudged(params, xs[t:s], before[t])[n]
            assert got[t, n] == pytest.approx(np.sqrt(total @ total), rel=1e-11)


def test_the_last_of_gradient_norms_is_what_bptt_returns():
    rng, _, _, _, tape = rnn_run(5, 3, 2, 4)
    dhs = rng.normal(size=(5, 3, 4))
    _, dstate0, _ = unroll_backward(RNN, dhs, None, tape)
    got = gradient_norms(RNN, dhs, None, tape)
    np.testing.assert_allclose(got[0], np.sqrt((dstate0.h**2).sum(axis=1)), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtypes_and_token_ids(dtype):
    params = RNN.init(3, 4, rng=np.random.default_rng(0), dtype=dtype)
    _, _, tape = unroll(RNN, params, np.array([[0, 2], [1, 1]]))
    assert jacobian_products(RNN, tape).dtype == dtype
    assert state_jacobian(RNN, tape.caches[0]).shape == (2, 4, 4)
    norms = gradient_by_lag(RNN, tape, Hidden(np.ones((2, 4), dtype))).h
    assert norms.dtype == (np.float32 if dtype == np.float32 else np.float64)
    assert gradient_norms(RNN, np.ones((2, 2, 4), dtype), None, tape).dtype == norms.dtype


def test_nothing_is_modified():
    rng, params, _, _, tape = rnn_run(3, 2, 2, 3)
    dhs, last = rng.normal(size=(3, 2, 3)), Hidden(rng.normal(size=(2, 3)))
    held = [tape.hs, params.Wh, dhs, last.h]
    before = [array.copy() for array in held]
    jacobian_products(RNN, tape)
    gradient_by_lag(RNN, tape, last)
    gradient_norms(RNN, dhs, last, tape)
    for array, copy in zip(held, before, strict=True):
        np.testing.assert_array_equal(array, copy)


T3 = rnn_run(3, 2, 2, 4)[4]
OTHER = RNN._replace(name="twin")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: state_jacobian("RNN", T3.caches[0]), DTypeError, "cell: expected a Cell"),
        (lambda: state_jacobian(RNN, T3), DTypeError, "cache: expected what RNN.step"),
        (lambda: state_jacobian(RNN, Hidden(T3.hs[0])), DTypeError, "cache.*got Hidden"),
        (
            lambda: state_jacobian(RNN, T3.caches[0]._replace(x=T3.hs)),
            ShapeError,
            r"cache\.x: expected 2 axes",
        ),
        (lambda: jacobian_products(RNN, None), ArgumentError, "tape: expected the Tape"),
        (lambda: jacobian_products(RNN, T3._replace(caches=())), ArgumentError, "got Tape"),
        (lambda: jacobian_products(RNN, T3._replace(caches=[])), ArgumentError, "got Tape"),
        (lambda: jacobian_products(OTHER, T3), ArgumentError, "cell: expected RNN.*got twin"),
        (
            lambda: jacobian_products(RNN, T3._replace(hs=T3.hs[:2])),
            ShapeError,
            r"axis 0 \(T, time steps\) of its hs should be 3 .* got 2",
        ),
        (lambda: jacobian_products(None, T3), DTypeError, "cell"),
        (lambda: gradient_by_lag(RNN, T3, None), ArgumentError, "dstate_T: expected a gradient"),
        (lambda: gradient_by_lag(RNN, T3, Hidden(np.ones((3, 4)))), ShapeError, r"dstate_T\.h"),
        (lambda: gradient_norms(RNN, None, None, T3), ArgumentError, "got None for both"),
        (lambda: gradient_norms(RNN, np.ones((2, 2, 4)), None, T3), ShapeError, "dhs: axis 0"),
        (
            lambda: gradient_norms(RNN, np.ones((3, 2, 4), np.float32), None, T3),
            DTypeError,
            "dhs: expected float64",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
