"""Half-lives, against a loop that forgets step by step and against the cell itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import LSTM, unroll
from unrolled.analysis.memory import bias_for_half_life, bias_to_keep, gate_half_life, half_life
from unrolled.cells.lstm import LSTMParams, Memory
from unrolled.shapes import ArgumentError


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def forgotten(f):
    """Multiply by f until half is left, and read the step between two of them."""
    left, steps = 1.0, 0
    while left * f > 0.5:
        left, steps = left * f, steps + 1
    return steps, steps + 1


@pytest.mark.parametrize("bias", [-3.0, -0.5, 0.0, 1, 2.0, 4.6, np.float32(1.5), np.int64(3)])
def test_after_one_half_life_half_is_left(bias):
    steps = half_life(bias)
    assert sigmoid(float(bias)) ** steps == pytest.approx(0.5, rel=1e-12)
    assert gate_half_life(sigmoid(float(bias))) == pytest.approx(steps, rel=1e-12)
    low, high = forgotten(sigmoid(float(bias)))
    assert low <= steps <= high
    assert type(steps) is float


def test_known_half_lives():
    assert half_life(0) == pytest.approx(1, abs=1e-15)
    assert gate_half_life(0.5) == pytest.approx(1, abs=1e-15)
    assert gate_half_life(0.25) == pytest.approx(0.5, abs=1e-15)
    assert gate_half_life(math.sqrt(0.5)) == pytest.approx(2, abs=1e-12)
    assert half_life(math.log(3)) == pytest.approx(math.log(2) / math.log(4 / 3), rel=1e-12)


def test_far_biases_neither_overflow_nor_divide_by_zero():
    assert half_life(-2000) == pytest.approx(math.log(2) / 2000, rel=1e-12)
    assert half_life(50) == pytest.approx(math.log(2) * math.exp(50), rel=1e-12)
    assert half_life(2000) == math.inf


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("steps", [0.5, 1, 20, 1000.0])
def test_the_bias_keeps_the_share(share, steps):
    assert sigmoid(bias_to_keep(share, steps)) ** steps == pytest.approx(share, rel=1e-9)


@pytest.mark.parametrize("steps", [0.01, 1, 2.2, 20, 1e6])
def test_the_two_directions_undo_each_other(steps):
    assert half_life(bias_for_half_life(steps)) == pytest.approx(steps, rel=1e-9)
    assert bias_for_half_life(steps) == bias_to_keep(0.5, steps)


def test_a_cell_that_only_forgets_does_as_told():
    bias = bias_for_half_life(7)
    params = LSTMParams(np.zeros((1, 4)), np.zeros((1, 4)), np.array([-900.0, bias, 0, 5]))
    state0 = Memory(np.zeros((1, 1)), np.full((1, 1), 3.0))
    _, state_T, _ = unroll(LSTM, params, np.ones((7, 1, 1)), state0)
    assert state_T.c[0, 0] == pytest.approx(1.5, rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, True, None, "1", 1j, np.zeros(2)])
def test_a_bias_must_be_a_finite_number(bad):
    with pytest.raises(ArgumentError, match=r"bias: expected a finite number, got "):
        half_life(bad)


@pytest.mark.parametrize("bad", [0, 1, -0.2, 1.2, np.nan, None, "f", True])
def test_a_gate_and_a_share_lie_between_0_and_1(bad):
    with pytest.raises(ArgumentError, match=r"f: expected a positive number below 1, got "):
        gate_half_life(bad)
    with pytest.raises(ArgumentError, match=r"share: expected a positive number below 1, got "):
        bias_to_keep(bad, 3)


@pytest.mark.parametrize("bad", [0, -1, np.inf, np.nan, None, False])
def test_steps_are_finite_and_above_zero(bad):
    for call in (bias_for_half_life, lambda steps: bias_to_keep(0.3, steps)):
        with pytest.raises(ArgumentError, match=r"steps: expected a (finite|positive) number, got"):
            call(bad)
