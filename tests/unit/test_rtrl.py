"""RTRL: the gradient found on the way forward is the one that BPTT finds on the way back."""

from __future__ import annotations

import numpy as np
import pytest
from contract.cells import CELLS, draw
from oracle.agree import agree, same_bytes

from unrolled import (
    GRU,
    LSTM,
    RNN,
    ArgumentError,
    DTypeError,
    Hidden,
    ShapeError,
    unroll,
    unroll_backward,
)
from unrolled.analysis.rtrl import costs, rtrl
from unrolled.gradcheck import complex_step
from unrolled.trees import map_arrays, named_arrays

SIZES = ((1, 1, 1, 1), (4, 1, 3, 2), (3, 2, 1, 3), (3, 3, 2, 2))


def by_bptt(cell, case, dhs, dstate_T):
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    _, dstate0, dparams = unroll_backward(cell, dhs, dstate_T, tape)
    return dparams, dstate0


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("source", ["steps", "last", "both"])
def test_rtrl_equals_bptt(cell, sizes, source):
    case = draw(cell, sizes, tokens=source == "last", bias="row" if source == "both" else "flat")
    dhs = None if source == "last" else case.dhs
    dstate_T = None if source == "steps" else case.dstate_T
    before = map_arrays(np.copy, (case.params, case.xs, case.state0, case.dhs, case.dstate_T))
    got = rtrl(cell, case.params, case.xs, dhs, case.state0, dstate_T)
    agree(got, by_bptt(cell, case, dhs, dstate_T), 1e-12)
    assert type(got.dparams) is type(case.params)
    assert type(got.dstate0) is type(case.state0)
    same_bytes((case.params, case.xs, case.state0, case.dhs, case.dstate_T), before)


@pytest.mark.parametrize("cell", [RNN, LSTM, GRU], ids=lambda cell: cell.name)
def test_rtrl_equals_the_complex_step(cell):
    case = draw(cell, (3, 2, 2, 2))

    def loss(at):
        params, state = at
        xs = case.xs.astype(complex)
        total = 0
        for t in range(3):
            state, _ = cell.step(params, xs[t], state)
            total = total + (case.dhs[t] * state.h).sum()
        return total + sum(
            (d * s).sum() for d, s in zip(case.dstate_T, state, strict=True)
        )  # fmt: skip

    got = rtrl(cell, case.params, case.xs, case.dhs, case.state0, case.dstate_T)
    agree(tuple(got), complex_step(loss, (case.params, case.state0)), 1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_dtypes_stay(dtype):
    case = draw(LSTM, (3, 2, 2, 2), dtype=dtype)
    got = rtrl(LSTM, case.params, case.xs, case.dhs, case.state0, case.dstate_T)
    agree(got, by_bptt(LSTM, case, case.dhs, case.dstate_T), 1e-5)
    assert {a.dtype for _, a in named_arrays(got)} == {np.dtype(dtype)}


def test_left_out_the_first_state_is_zero():
    case = draw(RNN, (3, 2, 2, 2))
    zero = Hidden(np.zeros((2, 2)))
    same_bytes(
        rtrl(RNN, case.params, case.xs, case.dhs), rtrl(RNN, case.params, case.xs, case.dhs, zero)
    )


@pytest.mark.parametrize(("D", "H", "T"), [(1, 1, 1), (2, 3, 5), (7, 4, 2)])
def test_costs_are_counted_one_by_one(D, H, T):
    weights = sum(1 for _ in range(H) for _ in range(D)) + sum(1 for _ in range(H) for _ in (0,))
    weights += sum(1 for _ in range(H) for _ in range(H))
    got = costs(D, H, T)
    assert got.weights == weights == sum(a.size for a in RNN.init(D, H, rng=RNG))
    assert got.rtrl_held == sum(weights for _ in range(H))
    assert got.bptt_held == sum(H for _ in range(T))
    assert got.rtrl_products == sum(weights for _ in range(H) for _ in range(H))
    assert got.bptt_products == np.ones((D, 1)).size * H + 2 * np.ones((H, H)).size


RNG = np.random.default_rng(0)
C = draw(RNN, (3, 2, 2, 4))


def run(**changed):
    given = {"cell": RNN, "params": C.params, "xs": C.xs, "dhs": C.dhs} | changed
    return rtrl(**given)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: run(cell=None), DTypeError, "cell: expected a Cell"),
        (lambda: run(params=C.xs), DTypeError, "params: expected RNNParams"),
        (lambda: run(xs=C.xs[0]), ShapeError, "xs: expected 3 axes"),
        (lambda: run(xs=C.xs.astype("f4")), DTypeError, "xs: expected float64"),
        (lambda: run(dhs=C.dhs[1:]), ShapeError, r"dhs: axis 0 \(T.*One gradient for each"),
        (lambda: run(dhs=C.dhs.astype("f4")), DTypeError, "dhs: expected float64"),
        (lambda: run(dhs=None), ArgumentError, "dhs, dstate_T: expected a gradient.*None for both"),
        (lambda: run(state0=Hidden(C.dhs)), ShapeError, "state0.h"),
        (lambda: run(state0=C.dhs), DTypeError, "state0: expected Hidden"),
        (lambda: run(dstate_T=Hidden(C.dhs)), ShapeError, "dstate_T.h"),
        (lambda: costs(0, 1, 1), ArgumentError, "D: size"),
        (lambda: costs(1, 0, 1), ArgumentError, "H: size"),
        (lambda: costs(1, 1, 0), ArgumentError, "T: size"),
    ],
)
def test_errors_come_first_and_say_what(call, error, says):
    with pytest.raises(error, match=says):
        call()
