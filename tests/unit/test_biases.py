"""The bias of the gate that keeps: which block, which sign, and what chrono draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import GRU, LSTM, RNN, ArgumentError, DTypeError, ShapeError
from unrolled.cells import MGU, CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from unrolled.cells.biases import KEEPERS, chrono, with_forget_bias

# cell, the block of columns that keeps, its sign, the block that lets in
GATES = [
    (LSTM, 1, 1, 0),
    (PeepholeLSTM, 1, 1, 0),
    (CoupledLSTM, 0, -1, None),
    (GRU, 1, 1, None),
    (ResetBeforeGRU, 1, 1, None),
    (MGU, 0, -1, None),
]
cells = pytest.mark.parametrize(
    ("cell", "keep", "sign", "write"), [pytest.param(*case, id=case[0].name) for case in GATES]
)


def numbered(cell, D=2, H=3, row=False, dtype=np.float64):
    """Parameters whose b counts up, so that each entry has its own value."""
    params = cell.init(D, H, rng=np.random.default_rng(1), dtype=dtype)
    b = np.arange(len(params.b)).astype(dtype) + 100
    return params._replace(b=b[None] if row else b)


def kept_share(cell, bias):
    """What a unit keeps of a state in one step, all weights being zero and nothing let in."""
    params = with_forget_bias(cell.init(1, 1, rng=np.random.default_rng(0)), bias)
    zero = type(params)(
        *(
            part if name == "b" else 0 * part
            for name, part in zip(params._fields, params, strict=True)
        )
    )
    state = cell.zero_state(zero, 1)
    state = state._replace(**{field: np.array([[0.5]]) for field in state._fields})
    after, _ = cell.step(zero, np.zeros((1, 1)), state)
    return (after[-1] / 0.5).item()  # c where there is one, else h


@cells
@pytest.mark.parametrize("bias", [-2.0, 0.0, 1.0, 3.5])
def test_a_bias_of_v_keeps_sigma_of_v(cell, keep, sign, write, bias):
    assert kept_share(cell, bias) == pytest.approx(1 / (1 + math.exp(-bias)), abs=1e-15)


@cells
@pytest.mark.parametrize("row", [False, True], ids=["flat", "row"])
def test_only_one_block_moves(cell, keep, sign, write, row):
    params = numbered(cell, row=row)
    before = params.b.copy()
    got = with_forget_bias(params, 2)
    assert type(got) is type(params)
    assert got.b.shape == before.shape
    expected = [
        2.0 * sign if 3 * keep <= k < 3 * keep + 3 else 100.0 + k for k in range(before.size)
    ]
    assert got.b.ravel().tolist() == expected
    assert params.b.tolist() == before.tolist()
    assert all(got[k] is params[k] for k in range(len(params)) if params._fields[k] != "b")


@cells
@pytest.mark.parametrize("row", [False, True], ids=["flat", "row"])
@pytest.mark.parametrize("T_max", [2, 2.5, 10, 100])
def test_chrono_draws_the_log_of_a_uniform_number(cell, keep, sign, write, row, T_max):
    params = numbered(cell, row=row)
    got = chrono(params, T_max, rng=np.random.default_rng(7))
    draws = np.random.default_rng(7).uniform(1, T_max - 1, 3)
    for k, value in enumerate(got.b.ravel().tolist()):
        block, j = divmod(k, 3)
        if block == keep:
            assert value == pytest.approx(sign * math.log(draws[j]), abs=1e-15)
        elif block == write:
            assert value == pytest.approx(-math.log(draws[j]), abs=1e-15)
        else:
            assert value == 100 + k
    assert params.b.ravel()[0] == 100
    assert got.b.shape == params.b.shape


def test_chrono_keeps_for_2_to_T_max_steps():
    params = chrono(
        LSTM.init(1, 4000, rng=np.random.default_rng(0)), 50, rng=np.random.default_rng(1)
    )
    f = 1 / (1 + np.exp(-params.b[4000:8000]))
    times = 1 / (1 - f)
    assert 2 <= times.min() < 2.1
    assert 49.9 < times.max() <= 50
    assert times.mean() == pytest.approx(26, abs=0.7)
    i = 1 / (1 + np.exp(-params.b[:4000]))
    assert np.abs(i + f - 1).max() < 1e-15


def test_chrono_moves_the_generator_on():
    params, rng = LSTM.init(1, 2, rng=np.random.default_rng(0)), np.random.default_rng(3)
    assert (chrono(params, 9, rng=rng).b != chrono(params, 9, rng=rng).b).any()


@cells
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_the_dtype_stays(cell, keep, sign, write, dtype):
    params = numbered(cell, dtype=dtype)
    assert with_forget_bias(params, 1.5).b.dtype == dtype
    assert chrono(params, 9, rng=np.random.default_rng(0)).b.dtype == dtype


def test_every_gated_cell_has_its_keeper():
    assert [(k.cell, k.block, k.sign, k.writer) for k in KEEPERS.values()] == GATES
    assert [form.__name__.removesuffix("Params") for form in KEEPERS] == [
        keeper.cell.name for keeper in KEEPERS.values()
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None, "1", True, np.ones(3), 1j])
def test_a_bias_is_a_finite_number(value):
    with pytest.raises(ArgumentError, match=r"^value: expected a finite number, got "):
        with_forget_bias(numbered(LSTM), value)


@pytest.mark.parametrize("T_max", [1, 1.99, 0, -3, np.nan, np.inf, None, "9", True])
def test_the_longest_lag_is_at_least_two_steps(T_max):
    with pytest.raises(ArgumentError, match=r"^T_max: expected a number of at least 2 steps, got "):
        chrono(numbered(LSTM), T_max, rng=np.random.default_rng(0))


@pytest.mark.parametrize("value", [np.float32(2), np.int64(2), 2])
def test_numbers_of_numpy_serve(value):
    assert with_forget_bias(numbered(LSTM), value).b[3] == 2
    assert chrono(numbered(LSTM), value, rng=np.random.default_rng(0)).b[3] == 0


def test_randomness_comes_from_a_generator():
    with pytest.raises(ArgumentError, match=r"^rng: expected a numpy.random.Generator"):
        chrono(numbered(LSTM), 9, rng=np.random)


@pytest.mark.parametrize(
    "call",
    [lambda p: with_forget_bias(p, 1.0), lambda p: chrono(p, 9, rng=np.random.default_rng(0))],
    ids=["with_forget_bias", "chrono"],
)
def test_other_parameters_are_refused(call):
    for wrong in (RNN.init(2, 3, rng=np.random.default_rng(0)), None, tuple(numbered(LSTM))):
        with pytest.raises(DTypeError, match=r"^params: expected .*LSTMParams, .*MGUParams, got "):
            call(wrong)
    with pytest.raises(ShapeError, match=r"^b: "):
        call(numbered(LSTM)._replace(b=np.zeros(4)))
