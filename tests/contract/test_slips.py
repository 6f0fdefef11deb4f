"""The classic slips in a backward pass, put in on purpose: the proof must notice each."""

from __future__ import annotations

import numpy as np
import pytest
from contract.cells import draw
from oracle import loops
from oracle.agree import gap

from unrolled import RNN, Hidden, RNNParams, ops, sequence, unroll, unroll_backward
from unrolled.cells import rnn


def proof(cell):
    """How far the package's gradients are from the loops', dxs, dstate0 and dparams together."""
    case = draw(RNN, (4, 3, 2, 3))
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    got = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    want = loops.unroll_backward("RNN", case.params, case.xs, case.state0, case.dhs, case.dstate_T)
    return gap(got, want)


def parts(dstate, cache):
    params, x, h_prev, h_next = cache
    return params, x, h_prev, h_next, dstate.h * (1 - h_next**2)


def missing_slope(dstate, cache):
    params, x, h_prev, _, _ = parts(dstate, cache)
    da = dstate.h
    dparams = RNNParams(x.T @ da, h_prev.T @ da, da.sum(0))
    return da @ params.Wx.T, Hidden(da @ params.Wh.T), dparams


def dh_not_carried(dstate, cache):
    dx, dprev, dparams = rnn.step_backward(dstate, cache)
    return dx, Hidden(np.zeros_like(dprev.h)), dparams


def transposed_Wh(dstate, cache):
    params, *_, da = parts(dstate, cache)
    dx, _, dparams = rnn.step_backward(dstate, cache)
    return dx, Hidden(da @ params.Wh), dparams


def wrong_h_index(dstate, cache):
    *_, h_next, da = parts(dstate, cache)
    dx, dprev, dparams = rnn.step_backward(dstate, cache)
    return dx, dprev, dparams._replace(Wh=h_next.T @ da)


def db_not_summed(dstate, cache):
    *_, da = parts(dstate, cache)
    dx, dprev, dparams = rnn.step_backward(dstate, cache)
    return dx, dprev, dparams._replace(b=da[0])


def db_averaged(dstate, cache):
    *_, da = parts(dstate, cache)
    dx, dprev, dparams = rnn.step_backward(dstate, cache)
    return dx, dprev, dparams._replace(b=da.mean(0))


def test_the_proof_passes_without_a_slip():
    assert proof(RNN) <= 1e-12


@pytest.mark.parametrize(
    "slip",
    [missing_slope, dh_not_carried, transposed_Wh, wrong_h_index, db_not_summed, db_averaged],
    ids=lambda slip: slip.__name__,
)
def test_a_slip_in_the_step_is_noticed(slip):
    assert proof(RNN._replace(step_backward=slip)) > 1e-3


def test_gradients_not_accumulated_over_time_are_noticed(monkeypatch):
    real = sequence.map_arrays

    def last_only(function, *trees):
        return trees[-1] if function is np.add else real(function, *trees)

    monkeypatch.setattr(sequence, "map_arrays", last_only)
    assert proof(RNN) > 1e-3


def test_slope_taken_at_a_instead_of_h_is_noticed(monkeypatch):
    monkeypatch.setattr(ops, "tanh_backward", lambda dh, h: dh * (1 - np.arctanh(h) ** 2))
    assert proof(RNN) > 1e-3
