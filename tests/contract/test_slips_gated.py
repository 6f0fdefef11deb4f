"""The classic slips in the backward pass of the gated cells: the proof must notice each by name.

The right backward pass is written out here as one rule a line. A slip replaces one rule, keeps
every shape, and raises no error.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from contract.cells import draw
from oracle import loops
from oracle.agree import gap, leaves

from unrolled import (
    GRU,
    LSTM,
    GRUParams,
    Hidden,
    LSTMParams,
    Memory,
    sequence,
    unroll,
    unroll_backward,
)
from unrolled.cells.gates import blocks_of, side_by_side

SIZES = (4, 3, 2, 3)  # T, N, D, H: enough steps, sequences and units for every sum


def proof(cell, sizes=SIZES, *, dc_T=1.0):
    """How far a cell's gradients are from the loops', dxs, dstate0 and dparams together."""
    case = draw(cell, sizes)
    if hasattr(case.dstate_T, "c"):
        case = case._replace(dstate_T=case.dstate_T._replace(c=dc_T * case.dstate_T.c))
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    got = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    run = (cell.name, case.params, case.xs, case.state0, case.dhs, case.dstate_T)
    want = loops.unroll_backward(*run)
    assert [np.shape(a) for a in leaves(got)] == [np.shape(a) for a in leaves(want)]
    return gap(got, want)


LSTM_RULES = {
    "do": lambda v: v.dh * v.tanh_c,
    "dc": lambda v: v.dc_next + v.dh * v.o * (1 - v.tanh_c**2),
    "df": lambda v: v.dc * v.c_prev,
    "di": lambda v: v.dc * v.g,
    "dg": lambda v: v.dc * v.i,
    "da_i": lambda v: v.di * v.i * (1 - v.i),
    "da_f": lambda v: v.df * v.f * (1 - v.f),
    "da_o": lambda v: v.do * v.o * (1 - v.o),
    "da_g": lambda v: v.dg * (1 - v.g**2),
    "da": lambda v: side_by_side(v.da_i, v.da_f, v.da_o, v.da_g),
    "dWx": lambda v: v.x.T @ v.da,
    "dWh": lambda v: v.h_prev.T @ v.da,
    "db": lambda v: v.da.sum(axis=0),
    "dx": lambda v: v.da @ v.params.Wx.T,
    "dh_prev": lambda v: v.da @ v.params.Wh.T,
    "dc_prev": lambda v: v.dc * v.f,
}

LSTM_SLIPS = {
    "missing_slope_of_i": {"da_i": lambda v: v.di},
    "missing_slope_of_f": {"da_f": lambda v: v.df},
    "missing_slope_of_o": {"da_o": lambda v: v.do},
    "missing_slope_of_g": {"da_g": lambda v: v.dg},
    "sigmoid_slope_for_g": {"da_g": lambda v: v.dg * v.g * (1 - v.g)},
    "tanh_slope_for_i": {"da_i": lambda v: v.di * (1 - v.i**2)},
    "tanh_taken_twice_for_g": {
        "da_g": lambda v: v.dg * (1 - np.tanh(v.g) ** 2),
    },
    "missing_tanh_slope_of_c": {"dc": lambda v: v.dc_next + v.dh * v.o},
    "tanh_slope_taken_at_c_not_at_tanh_c": {
        "dc": lambda v: v.dc_next + v.dh * v.o * (1 - v.c**2),
    },
    "o_forgotten_in_dc": {"dc": lambda v: v.dc_next + v.dh * (1 - v.tanh_c**2)},
    "dc_not_taken_in": {"dc": lambda v: v.dh * v.o * (1 - v.tanh_c**2)},
    "dc_from_the_future_only": {"dc": lambda v: v.dc_next},
    "dh_not_carried": {"dh_prev": lambda v: np.zeros_like(v.h_prev)},
    "dc_not_carried": {"dc_prev": lambda v: np.zeros_like(v.c_prev)},
    "f_forgotten_in_dc_prev": {"dc_prev": lambda v: v.dc},
    "only_the_future_carried_to_dc_prev": {"dc_prev": lambda v: v.dc_next * v.f},
    "c_for_c_prev_in_df": {"df": lambda v: v.dc * v.c},
    "h_for_h_prev_in_dWh": {"dWh": lambda v: (v.o * v.tanh_c).T @ v.da},
    "c_for_tanh_c_in_do": {"do": lambda v: v.dh * v.c},
    "i_and_g_swapped": {"di": lambda v: v.dc * v.i, "dg": lambda v: v.dc * v.g},
    "columns_f_i_o_g": {"da": lambda v: side_by_side(v.da_f, v.da_i, v.da_o, v.da_g)},
    "columns_i_f_g_o": {"da": lambda v: side_by_side(v.da_i, v.da_f, v.da_g, v.da_o)},
    "transposed_Wh": {"dh_prev": lambda v: transposed(v.da, v.params.Wh, 4)},
    "one_block_left_out_of_dh_prev": {
        "dh_prev": lambda v: v.da[:, 3:] @ v.params.Wh[:, 3:].T,
    },
    "db_of_the_first_sequence": {"db": lambda v: v.da[0]},
    "db_averaged": {"db": lambda v: v.da.mean(axis=0)},
}

GRU_RULES = {
    "dn": lambda v: v.dh * (1 - v.z),
    "dz": lambda v: v.dh * (v.h_prev - v.n),
    "da_n": lambda v: v.dn * (1 - v.n**2),
    "dr": lambda v: v.da_n * v.q,
    "dq": lambda v: v.da_n * v.r,
    "da_r": lambda v: v.dr * v.r * (1 - v.r),
    "da_z": lambda v: v.dz * v.z * (1 - v.z),
    "from_x": lambda v: side_by_side(v.da_r, v.da_z, v.da_n),
    "from_h": lambda v: side_by_side(v.da_r, v.da_z, v.dq),
    "dWx": lambda v: v.x.T @ v.from_x,
    "dWh": lambda v: v.h_prev.T @ v.from_h,
    "db": lambda v: v.from_x.sum(axis=0),
    "dbhn": lambda v: v.dq.sum(axis=0),
    "dx": lambda v: v.from_x @ v.params.Wx.T,
    "dh_prev": lambda v: v.dh * v.z + v.from_h @ v.params.Wh.T,
}

GRU_SLIPS = {
    "missing_slope_of_r": {"da_r": lambda v: v.dr},
    "missing_slope_of_z": {"da_z": lambda v: v.dz},
    "missing_slope_of_n": {"da_n": lambda v: v.dn},
    "sigmoid_slope_for_n": {"da_n": lambda v: v.dn * v.n * (1 - v.n)},
    "reset_left_out_of_dq": {"dq": lambda v: v.da_n},
    "bias_left_out_of_q_in_dr": {"dr": lambda v: v.da_n * (v.q - v.params.bhn)},
    "dn_with_z": {"dn": lambda v: v.dh * v.z},
    "direct_path_with_1_minus_z": {
        "dh_prev": lambda v: v.dh * (1 - v.z) + v.from_h @ v.params.Wh.T,
    },
    "z_and_1_minus_z_swapped": {
        "dn": lambda v: v.dh * v.z,
        "dz": lambda v: v.dh * (v.n - v.h_prev),
        "dh_prev": lambda v: v.dh * (1 - v.z) + v.from_h @ v.params.Wh.T,
    },
    "sign_of_dz": {"dz": lambda v: v.dh * (v.n - v.h_prev)},
    "h_prev_left_out_of_dz": {"dz": lambda v: -v.dh * v.n},
    "dbhn_as_db_n": {"dbhn": lambda v: v.da_n.sum(axis=0)},
    "db_n_as_dbhn": {"db": lambda v: v.from_h.sum(axis=0)},
    "direct_path_missing": {"dh_prev": lambda v: v.from_h @ v.params.Wh.T},
    "gates_left_out_of_dh_prev": {"dh_prev": lambda v: v.dh * v.z},
    "dh_not_carried": {"dh_prev": lambda v: np.zeros_like(v.h_prev)},
    "dWh_from_x_side": {"dWh": lambda v: v.h_prev.T @ v.from_x},
    "dWx_from_h_side": {"dWx": lambda v: v.x.T @ v.from_h},
    "h_for_h_prev_in_dWh": {
        "dWh": lambda v: ((1 - v.z) * v.n + v.z * v.h_prev).T @ v.from_h,
    },
    "columns_z_r_n": {
        "from_x": lambda v: side_by_side(v.da_z, v.da_r, v.da_n),
        "from_h": lambda v: side_by_side(v.da_z, v.da_r, v.dq),
    },
    "transposed_Wh": {
        "dh_prev": lambda v: v.dh * v.z + transposed(v.from_h, v.params.Wh, 3),
    },
    "db_averaged": {"db": lambda v: v.from_x.mean(axis=0)},
}


def transposed(da, Wh, count):
    """Send each block back through its weight the way it came."""
    pairs = zip(blocks_of(da, count), blocks_of(Wh, count), strict=True)
    return sum(block @ W for block, W in pairs)


def by_rules(cell, rules, slip=None):
    """Give the cell with its backward pass computed rule by rule."""

    def step_backward(dstate, cache):
        v = SimpleNamespace(**cache._asdict(), dh=dstate.h)
        if cell is LSTM:
            v.dc_next = dstate.c
        for name, rule in {**rules, **(slip or {})}.items():
            setattr(v, name, rule(v))
        if cell is LSTM:
            return v.dx, Memory(v.dh_prev, v.dc_prev), LSTMParams(v.dWx, v.dWh, v.db)
        return v.dx, Hidden(v.dh_prev), GRUParams(v.dWx, v.dWh, v.db, v.dbhn)

    return cell._replace(step_backward=step_backward)


RULES = {LSTM: LSTM_RULES, GRU: GRU_RULES}
gated = pytest.mark.parametrize("cell", RULES, ids=lambda cell: cell.name)


@gated
def test_the_proof_passes_without_a_slip(cell):
    assert proof(cell) <= 1e-12
    assert proof(by_rules(cell, RULES[cell])) <= 1e-12


@pytest.mark.parametrize("slip", LSTM_SLIPS)
def test_a_slip_in_the_lstm_is_noticed(slip):
    assert proof(by_rules(LSTM, LSTM_RULES, LSTM_SLIPS[slip])) > 1e-3


@pytest.mark.parametrize("slip", GRU_SLIPS)
def test_a_slip_in_the_gru_is_noticed(slip):
    assert proof(by_rules(GRU, GRU_RULES, GRU_SLIPS[slip])) > 1e-3


@gated
def test_gradients_not_accumulated_over_time_are_noticed(cell, monkeypatch):
    real = sequence.map_arrays

    def last_only(function, *trees):
        return trees[-1] if function is np.add else real(function, *trees)

    monkeypatch.setattr(sequence, "map_arrays", last_only)
    assert proof(cell) > 1e-3


def test_one_step_with_nothing_arriving_at_c_does_not_notice_a_dc_left_out():
    slipped = by_rules(LSTM, LSTM_RULES, LSTM_SLIPS["dc_not_taken_in"])
    one_step = (1, *SIZES[1:])
    assert proof(slipped, one_step, dc_T=0.0) <= 1e-12
    assert proof(slipped, one_step) > 1e-3
    assert proof(slipped, dc_T=0.0) > 1e-3  # four steps: the future arrives at c


def test_one_sequence_does_not_notice_a_batch_that_is_not_summed():
    slipped = by_rules(LSTM, LSTM_RULES, LSTM_SLIPS["db_of_the_first_sequence"])
    assert proof(slipped, (4, 1, 2, 3)) <= 1e-12
