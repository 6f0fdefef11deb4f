"""Costs on paper against loops that count, and what the machine is said to take."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unrolled import GRU, LSTM, RNN, ArgumentError, fused, unroll, unroll_backward
from unrolled.analysis import costs
from unrolled.analysis.counting import CountingArray, Tally, counted, tally
from unrolled.trees import named_arrays

CELLS = (RNN, GRU, LSTM)
GIGA = costs.Machine(1e-6, 1e9, 1e9)


def both(cell):
    def run(params, xs, state0, dhs):
        return unroll_backward(cell, dhs, None, unroll(cell, params, xs, state0)[2])

    return run


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (5, 2, 3, 4), (2, 7, 5, 3)])
def test_the_multiply_adds_are_those_that_the_loop_makes(cell, sizes):
    T, N, D, H = sizes
    rng = np.random.default_rng(1)
    params = cell.init(D, H, rng=rng)
    given = (params, rng.normal(size=(T, N, D)), cell.zero_state(params, N), np.ones((T, N, H)))
    result, counts = tally(both(cell), *given)
    assert counts.multiply_adds == costs.multiply_adds(cell.name, T, N, D, H)
    assert counts.products >= 5 * T
    plain = both(cell)(*given)
    for (name, one), (_, other) in zip(named_arrays(result), named_arrays(plain), strict=True):
        assert type(one) is np.ndarray, name
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_products_have_the_shapes_of_the_weights(cell):
    T, N, D, H = 3, 4, 5, 6
    width = cell.init(D, H, rng=np.random.default_rng(0)).Wx.shape[1]
    inputs, recurrent, back, dxs, dWx, dWh = costs.products(cell.name, T, N, D, H)
    assert inputs[1:] == (T * N, D, width, 1)
    assert recurrent[1:] == (N, H, width, T)
    assert back[1:] == (N, width, H, T)
    assert (dxs.rows, dxs.columns, dxs.depth) == (T * N, D, width)
    assert (dWx.rows, dWx.columns, dWx.depth) == (D, width, T * N)
    assert (dWh.rows, dWh.columns, dWh.depth) == (H, width, T * N)
    forward = inputs.multiply_adds + recurrent.multiply_adds
    assert 3 * forward == costs.multiply_adds(cell.name, T, N, D, H)


def test_intensity_counts_every_number_once():
    for rows, depth, columns in itertools.product((1, 3, 8), repeat=3):
        left, right = np.zeros((rows, depth)), np.zeros((depth, columns))
        flops = sum(2 for _ in itertools.product(range(rows), range(depth), range(columns)))
        moved = (left.size + right.size + (left @ right).size) * 8
        assert costs.intensity(rows, depth, columns, 8) == pytest.approx(flops / moved)
    assert costs.intensity(1, 10**6, 10**6) == pytest.approx(0.5, rel=1e-5)


def test_the_loop_form_makes_the_calls_that_are_counted():
    T, N, D, H = 4, 2, 3, 5
    rng = np.random.default_rng(2)
    params, xs = RNN.init(D, H, rng=rng), rng.normal(size=(T, N, D))
    _, counts = tally(textbook, *params, xs, rng.normal(size=(T, N, H)), np.zeros((N, H)))
    work = costs.plain_work("loop", T, N, D, H)
    assert work.flops == 2 * counts.multiply_adds
    assert work.calls == counts.products + counts.others + T  # and dx is put in its place


def textbook(Wx, Wh, b, xs, dhs, h):
    """The loop of the chapter's table."""
    hs = [h]
    for x in xs:
        hs.append(np.tanh(x @ Wx + hs[-1] @ Wh + b))
    dWx, dWh, db, dxs, dh = 0 * Wx, 0 * Wh, 0 * b, np.empty(xs.shape), 0 * h
    extra = 4  # zeros
    for t in reversed(range(len(xs))):
        da = (1 - hs[t + 1] ** 2) * (dh + dhs[t])
        dWx += xs[t].T @ da
        dWh += hs[t].T @ da
        db += da.sum(axis=0)
        dxs[t] = np.asarray(da @ Wx.T)
        dh = da @ Wh.T
    h.counts["others"] -= extra
    return dxs, dWx, dWh, db


def test_the_fused_form_calls_less_and_moves_less():
    for sizes in ((4, 1, 4, 3), (35, 20, 100, 100)):
        loop, own = (costs.plain_work(form, *sizes) for form in costs.FORMS)
        assert own.calls < loop.calls
        assert own.flops == loop.flops
        assert own.bytes < loop.bytes
        assert costs.seconds(own, GIGA).total < costs.seconds(loop, GIGA).total


def test_fused_work_is_that_of_its_calls():
    for T, N, D, H, chunks in (
        (3, 2, 5, 4, 1),
        (35, 20, 100, 100, 1),
        (8, 64, 5, 256, 1),
        (9, 64, 5, 256, 2),
        (35, 64, 5, 256, 5),
    ):
        state, weights = N * H, (D + H + 1) * H
        forward = (2 + 1) + (1 + 1)  # add the past, tanh
        backward = (2 + 1) + (2 + 1)  # add what comes from above, multiply by the slope
        at_once = (1 + 1) + 2 * (1 + 1) + 1  # bias, two calls for the slopes, the sum for db
        entries = T * state * (forward + backward + at_once) + 3 * weights * (chunks - 1)
        work = costs.plain_work("fused", T, N, D, H, 8)
        assert work.bytes == 8 * entries
        in_chunks = chunks * (2 + 2 + 4) + (chunks - 1) * 3
        assert work.calls == T * (3 + 3) + in_chunks


def test_seconds_are_the_three_prices():
    found = costs.seconds(costs.Work(10, 4000, 7000), GIGA)
    assert found == pytest.approx((1e-5, 4e-6, 7e-6))
    assert found.total == pytest.approx(2.1e-5)
    assert found.largest == "calls"
    assert costs.seconds(costs.Work(1, 10**9, 1), GIGA).largest == "products"
    assert costs.seconds(costs.Work(1, 1, 10**9), GIGA).largest == "bytes"


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kept_bytes_are_those_of_the_tape(cell, dtype):
    T, N, D, H = 11, 3, 2, 5
    rng = np.random.default_rng(3)
    params = cell.init(D, H, rng=rng, dtype=dtype)
    _, _, tape = fused.forward(cell, params, rng.normal(size=(T, N, D)).astype(dtype))
    held = sum(array.nbytes for _, array in named_arrays(tape.kept))
    first = sum(array.nbytes for array in cell.zero_state(params, N))
    assert held - first == costs.kept_bytes(cell.name, T, N, H, np.dtype(dtype).itemsize)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: costs.products("MGU", 1, 1, 1, 1), "cell: expected one of"),
        (lambda: costs.multiply_adds(["RNN"], 1, 1, 1, 1), "cell: expected one of"),
        (lambda: costs.products("RNN", 0, 1, 1, 1), "T"),
        (lambda: costs.products("RNN", 1, 1.5, 1, 1), "N"),
        (lambda: costs.intensity(1, 0, 1), "depth"),
        (lambda: costs.intensity(1, 1, 1, 0), "itemsize"),
        (lambda: costs.plain_work("quick", 1, 1, 1, 1), "form: expected one of"),
        (lambda: costs.plain_work("loop", 1, 1, 1, True), "H"),
        (lambda: costs.seconds((1, 2, 3), GIGA), "work: expected Work"),
        (lambda: costs.seconds(costs.Work(1, 1, 1), (1, 1, 1)), "machine: expected Machine"),
        (lambda: costs.seconds(costs.Work(1, 1, 1), GIGA._replace(call_seconds=0)), "machine.call"),
        (lambda: costs.kept_bytes("RNN", 1, 1, -1), "H"),
        (lambda: costs.kept_bytes(None, 1, 1, 1), "cell: expected one of"),
        (lambda: tally(3), "function: expected a function"),
    ],
)
def test_misuse_is_refused(call, words):
    with pytest.raises(ArgumentError, match=words):
        call()


PRODUCTS = [
    (lambda a, b: a @ b, 2 * 3 * 4),
    (lambda a, b: np.matmul(a, b), 2 * 3 * 4),
    (lambda a, b: np.dot(a, b), 2 * 3 * 4),
    (lambda a, b: a.dot(b), 2 * 3 * 4),
    (lambda a, b: np.dot(a, b, np.empty((2, 4))), 2 * 3 * 4),
    (lambda a, b: a.dot(b, np.empty((2, 4))), 2 * 3 * 4),
    (lambda a, b: np.matmul(a, b, out=np.empty((2, 4))), 2 * 3 * 4),
    (lambda a, b: np.einsum("nd,dk->nk", a, b), 2 * 3 * 4),
    (lambda a, b: np.tensordot(a, b, axes=1), 2 * 3 * 4),
    (lambda a, b: np.inner(a, b.T), 2 * 3 * 4),
    (lambda a, b: np.stack([a, a]) @ b, 2 * 2 * 3 * 4),
]


@pytest.mark.parametrize(("multiply", "multiply_adds"), PRODUCTS)
def test_every_way_to_multiply_matrices_is_one_product(multiply, multiply_adds):
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))
    result, counts = tally(multiply, a, b)
    assert counts == Tally(1, multiply_adds, 0)
    np.testing.assert_allclose(result, multiply(a, b), rtol=1e-14)


def test_other_calls_are_counted_apart_and_in_place_too():
    def run(a):
        b = a + 1
        b *= 2
        np.tanh(b, b)
        return b.sum(axis=0)

    a = np.arange(6.0).reshape(2, 3)
    result, counts = tally(run, a)
    assert counts == Tally(0, 0, 4)
    np.testing.assert_array_equal(result, np.tanh(2 * (a + 1)).sum(axis=0))
    np.testing.assert_array_equal(a, np.arange(6.0).reshape(2, 3))


def test_counted_gives_the_result_and_the_number():
    assert counted(lambda a: a @ a @ a)(np.eye(2))[1] == 2
    assert counted(lambda a: None)(np.eye(2)) is None
    result, number = counted(lambda a: [a, (a @ a, 3)])(np.eye(2))
    assert number == 1
    assert type(result[0]) is type(result[1][0]) is np.ndarray


def test_two_tallies_do_not_mix():
    _, one = tally(lambda a: tally(lambda b: b @ b @ b, np.eye(2))[0] @ a, np.eye(2))
    assert one == Tally(1, 8, 0)
    loose = np.eye(2).view(CountingArray)
    np.testing.assert_array_equal(loose @ loose, np.eye(2))  # belongs to no tally
