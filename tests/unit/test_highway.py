"""What the cell state carries back alone, and what comes besides: by the complex step."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import LSTM, RNN, LSTMParams, Memory, unroll, unroll_backward
from unrolled.analysis.highway import cell_gradients, cell_jacobian
from unrolled.shapes import ArgumentError, DTypeError, ShapeError
from unrolled.trees import map_arrays

TINY = 1e-30
SIZES = [(1, 1, 1), (2, 3, 4), (3, 2, 2), (1, 4, 3), (4, 1, 1)]  # N, D, H
each_size = pytest.mark.parametrize("sizes", SIZES, ids=str)


def run(N, D, H, T=2, seed=0, scale=1.5, dtype=np.float64):
    rng = np.random.default_rng([seed, N, D, H, T])
    params = LSTMParams(*(scale * rng.normal(size=s) for s in ((D, 4 * H), (H, 4 * H), (4 * H,))))
    params = map_arrays(lambda a: a.astype(dtype), params)
    xs = rng.normal(size=(T, N, D)).astype(dtype)
    state0 = Memory(*rng.normal(size=(2, N, H)).astype(dtype))
    return params, xs, state0, unroll(LSTM, params, xs, state0)[2]


def squash(a):
    return 1 / (1 + np.exp(-a))


def next_c(params, x, h, c):
    """One row, from the six equations."""
    a = x @ params.Wx + h @ params.Wh + params.b
    H = len(c)
    i, f, g = squash(a[:H]), squash(a[H : 2 * H]), np.tanh(a[3 * H :])
    return f * c + i * g


@each_size
def test_both_parts_by_the_complex_step(sizes):
    N, _, H = sizes
    params, xs, _, tape = run(*sizes)
    previous, cache = tape.caches
    got = cell_jacobian(previous, cache)
    assert got.direct.shape == got.through_h.shape == (N, H, H)
    for n in range(N):
        for j in range(H):
            nudge = 1j * TINY * np.eye(H)[j]
            c, o = previous.c[n], previous.o[n]
            shown = o * np.tanh(c + nudge)
            direct = next_c(params, xs[1, n], o * np.tanh(c), c + nudge).imag / TINY
            through = next_c(params, xs[1, n], shown, c).imag / TINY
            both = next_c(params, xs[1, n], shown, c + nudge).imag / TINY
            np.testing.assert_allclose(got.direct[n, :, j], direct, rtol=0, atol=1e-13)
            np.testing.assert_allclose(got.through_h[n, :, j], through, rtol=0, atol=1e-13)
            np.testing.assert_allclose(sum(got)[n, :, j], both, rtol=0, atol=1e-13)


def test_one_unit_by_hand():
    params = LSTMParams(
        np.array([[0.3, -0.2, 0.8, 0.5]]), np.array([[1.0, 2.0, -7.0, 3.0]]), np.zeros(4)
    )
    _, _, tape = unroll(LSTM, params, np.array([[[1.0]], [[-2.0]]]), None)
    one, two = tape.caches
    i, o, g = squash(0.3), squash(0.8), np.tanh(0.5)
    c = i * g
    h = o * np.tanh(c)
    i2, f2, g2 = squash(-0.6 + h), squash(0.4 + 2 * h), np.tanh(-1.0 + 3 * h)
    slope = o / np.cosh(c) ** 2
    gates = g2 * i2 * (1 - i2) + c * f2 * (1 - f2) * 2 + i2 / np.cosh(-1.0 + 3 * h) ** 2 * 3
    got = cell_jacobian(one, two)
    np.testing.assert_allclose(got.direct, [[[f2]]], rtol=1e-14)
    np.testing.assert_allclose(got.through_h, [[[gates * slope]]], rtol=1e-14)


def test_the_output_gate_of_the_step_has_no_part():
    params, _, _, tape = run(2, 3, 4)
    Wh = params.Wh.copy()
    Wh[:, 8:12] += 1
    other = tape.caches[1]._replace(params=params._replace(Wh=Wh))
    for got, expected in zip(
        cell_jacobian(tape.caches[0], other), cell_jacobian(*tape.caches), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@each_size
@pytest.mark.parametrize("T", [1, 2, 5])
@pytest.mark.parametrize("arrives", ["both", "h", "c"])
def test_full_gradient_of_every_cell_state_by_the_complex_step(sizes, T, arrives):
    N, _, H = sizes
    params, xs, state0, tape = run(*sizes, T=T)
    dstate = arriving(N, H, arrives)
    got = cell_gradients(tape, dstate).full
    assert got.shape == (T + 1, N, H)
    wide = map_arrays(lambda a: a.astype(complex), params)
    for lag in range(T + 1):
        for n, j in np.ndindex(N, H):
            c = (state0.c if lag == T else tape.caches[T - 1 - lag].c).astype(complex)
            c[n, j] += 1j * TINY
            h = state0.h.astype(complex) if lag == T else tape.caches[T - 1 - lag].o * np.tanh(c)
            last = Memory(h, c)
            if lag:
                last = unroll(LSTM, wide, xs[T - lag :].astype(complex), last)[1]
            loss = (dstate.h * last.h + dstate.c * last.c).sum()
            assert got[lag, n, j] == pytest.approx(loss.imag / TINY, abs=1e-12)


def arriving(N, H, arrives="both"):
    dh, dc = np.random.default_rng([N, H]).normal(size=(2, N, H))
    return Memory(dh * (arrives != "c"), dc * (arrives != "h"))


def test_the_highway_is_the_last_gradient_times_the_forget_gates_between():
    *_, tape = run(2, 3, 4, T=5)
    dstate = arriving(2, 4)
    got = cell_gradients(tape, dstate)
    last = tape.caches[-1]
    for n, k in np.ndindex(2, 4):
        expected = dstate.c[n, k] + dstate.h[n, k] * last.o[n, k] / np.cosh(last.c[n, k]) ** 2
        assert got.full[0, n, k] == pytest.approx(expected, rel=1e-13)
        for lag in range(6):
            assert got.highway[lag, n, k] == pytest.approx(expected, rel=1e-12)
            if lag < 5:
                expected *= tape.caches[4 - lag].f[n, k]


def test_without_a_recurrent_weight_the_highway_is_all():
    params, xs, state0, _ = run(2, 3, 4, T=6)
    params = params._replace(Wh=np.zeros_like(params.Wh))
    tape = unroll(LSTM, params, xs, state0)[2]
    got = cell_gradients(tape, arriving(2, 4))
    np.testing.assert_allclose(got.full, got.highway, rtol=1e-12)
    assert not cell_jacobian(tape.caches[2], tape.caches[3]).through_h.any()


def test_one_step_back_is_the_jacobian():
    *_, tape = run(2, 3, 4, T=2)
    dstate = arriving(2, 4, "c")  # nothing at h, so that o of the last step is not on any path
    both = sum(cell_jacobian(*tape.caches))
    got = cell_gradients(tape, dstate).full
    np.testing.assert_allclose(got[1], np.einsum("nk,nkj->nj", dstate.c, both), rtol=1e-12)


def test_the_state_before_the_first_step_is_the_one_of_the_backward_pass():
    *_, tape = run(3, 2, 5, T=4)
    dstate = arriving(3, 5)
    _, dstate0, _ = unroll_backward(LSTM, None, dstate, tape)
    np.testing.assert_allclose(cell_gradients(tape, dstate).full[-1], dstate0.c, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_dtype_stays_and_nothing_is_modified(dtype):
    params, _, _, tape = run(2, 3, 4, T=3, dtype=dtype)
    dstate = map_arrays(lambda a: a.astype(dtype), arriving(2, 4))
    kept = map_arrays(np.copy, (params, tape.caches, dstate))
    results = (*cell_jacobian(*tape.caches[1:]), *cell_gradients(tape, dstate))
    assert {each.dtype for each in results} == {np.dtype(dtype)}
    map_arrays(np.testing.assert_array_equal, (params, tape.caches, dstate), kept)


def test_caches_that_are_not_of_two_steps_in_a_row_are_refused():
    _, _, _, tape = run(2, 3, 4, T=3)
    one, two, three = tape.caches
    for previous, cache in ((two, one), (one, three), (two, two)):
        with pytest.raises(ArgumentError, match="cache of the step before"):
            cell_jacobian(previous, cache)
    with pytest.raises(ArgumentError, match=r"whose c .* is cache\.c_prev"):
        cell_jacobian(one, two._replace(c_prev=two.c_prev + 1))
    with pytest.raises(ArgumentError, match=r"whose h .* is cache\.h_prev"):
        cell_jacobian(one, two._replace(h_prev=two.h_prev + 1))
    nan = one._replace(c=one.c * np.nan, tanh_c=one.tanh_c * np.nan)
    after = two._replace(c_prev=nan.c, h_prev=nan.o * nan.tanh_c)
    assert np.isnan(cell_jacobian(nan, after).through_h).all()


def test_other_things_than_caches_are_refused():
    _, _, _, tape = run(2, 3, 4)
    for junk in (None, 3, tape, Memory(None, None)):
        with pytest.raises(DTypeError, match="expected the LSTMCache"):
            cell_jacobian(junk, tape.caches[1])
        with pytest.raises(DTypeError, match="expected the LSTMCache"):
            cell_jacobian(tape.caches[0], junk)
    for name in ("h_prev", "c_prev", "f", "tanh_c"):
        wrong = tape.caches[1]._replace(**{name: np.ones((1, 4))})
        with pytest.raises(ShapeError, match=f"^{name}: axis 0"):
            cell_jacobian(tape.caches[0], wrong)


def test_other_things_than_a_tape_of_the_lstm_are_refused():
    rng = np.random.default_rng(0)
    _, xs, _, tape = run(2, 3, 4)
    plain = unroll(RNN, RNN.init(3, 4, rng=rng), xs)[2]
    dstate = arriving(2, 4)
    for junk, what in (
        (None, "NoneType"),
        (tape._replace(caches=5), "Tape"),
        (tape._replace(caches=()), "another Tape"),
        (plain, "another Tape"),
    ):
        with pytest.raises(ArgumentError, match=f"^tape: expected the Tape .*got {what}"):
            cell_gradients(junk, dstate)
    with pytest.raises(DTypeError, match="dstate: expected Memory"):
        cell_gradients(tape, None)
    with pytest.raises(ShapeError, match=r"dstate\.c"):
        cell_gradients(tape, dstate._replace(c=np.ones((1, 4))))
