"""How a fresh LSTM remembers: the bias of its forget gate."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import LSTM, ArgumentError


@pytest.mark.parametrize("H", [1, 3])
def test_only_the_forget_gate_starts_with_a_bias_and_it_is_one(H):
    b = LSTM.init(2, H, rng=np.random.default_rng(0)).b
    assert b.tolist() == [0.0] * H + [1.0] * H + [0.0] * 2 * H


@pytest.mark.parametrize("bias", [0, -2.5, np.float32(3), np.int64(4)])
def test_another_forget_bias_goes_to_the_same_place(bias):
    b = LSTM.init(2, 3, rng=np.random.default_rng(0), forget_bias=bias).b
    assert b.tolist() == [0.0] * 3 + [float(bias)] * 3 + [0.0] * 6


@pytest.mark.parametrize("bias", [None, True, "1", np.nan, np.inf, 1j, np.ones(3)])
def test_a_forget_bias_that_is_no_number_is_refused(bias):
    with pytest.raises(ArgumentError, match=r"forget_bias: expected a finite number, got"):
        LSTM.init(2, 3, rng=np.random.default_rng(0), forget_bias=bias)
