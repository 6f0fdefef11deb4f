"""Every cell against numbers that Keras made, stored with how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, RNN, Hidden, Memory, interop, unroll, unroll_backward
from unrolled.cells.reset_before import ResetBeforeGRU

DATA = Path(__file__).parent / "data"
META = json.loads((DATA / "keras.json").read_text())
with np.load(DATA / "keras.npz", allow_pickle=False) as file:
    STORED = dict(file)
NAMES = ("kernel", "recurrent_kernel", "bias")
# the cell, its state, and Keras' blocks in the order of ours: h; i f c o; z r h
CELLS = {
    "rnn": (RNN, Hidden, (0,)),
    "lstm": (LSTM, Memory, (0, 1, 3, 2)),
    "gru": (GRU, Hidden, (1, 0, 2)),
    "gru_reset_before": (ResetBeforeGRU, Hidden, (1, 0, 2)),
}

cases = pytest.mark.parametrize(
    ("kind", "case"),
    [(kind, case) for kind in META["kinds"] for case in range(len(META["sizes_T_N_D_H"]))],
)


class Reference:
    def __init__(self, kind, case):
        self.kind, self.case = kind, case
        self.cell, self.state, self.blocks = CELLS[kind]
        self.weights = {name: self[name] for name in NAMES}
        self.params = interop.from_keras(kind[:3] if kind != "lstm" else kind, self.weights)

    def __getitem__(self, name):
        return STORED[f"{self.kind}/{self.case}/{name}"]

    def steps(self, name):
        return self[name].swapaxes(0, 1)  # Keras has the batch first

    def states(self, pattern):
        return self.state(*(self[pattern.format(s)] for s in self.state._fields))

    def dparams(self):
        def ours(name):
            blocks = np.split(self[f"grad/d{name}"], len(self.blocks), axis=-1)
            return np.concatenate([blocks[place] for place in self.blocks], axis=-1)

        dWx, dWh, db = map(ours, NAMES)
        if self.kind != "gru":
            return dWx, dWh, db
        H = dWh.shape[0]
        agree(db[0, : 2 * H], db[1, : 2 * H])
        return dWx, dWh, db[0], db[1, 2 * H :]


@cases
def test_states_and_their_gradients(kind, case):
    ref = Reference(kind, case)
    hs, state_T, tape = unroll(ref.cell, ref.params, ref.steps("xs").copy(), ref.states("{}0"))
    agree((hs, state_T), (ref.steps("hs"), ref.states("{}_T")))
    got = unroll_backward(ref.cell, ref.steps("dhs").copy(), ref.states("d{}_T"), tape)
    agree(got, (ref.steps("grad/dxs"), ref.states("grad/d{}0"), ref.dparams()))


@cases
def test_weights_there_and_back_are_the_same_bits(kind, case):
    ref = Reference(kind, case)
    again = interop.to_keras(ref.params)
    assert list(again) == list(NAMES)
    assert [a.shape for a in again.values()] == [a.shape for a in ref.weights.values()]
    name = kind if kind == "lstm" else kind[:3]
    same_bytes(interop.from_keras(name, list(again.values())), ref.params)


def test_the_two_resets_are_two_cells():
    after, before = Reference("gru", 1), Reference("gru_reset_before", 1)
    one_bias = {**after.weights, "bias": after["bias"].sum(axis=0)}
    as_before = interop.from_keras("gru", one_bias)
    assert type(as_before) is type(before.params)
    hs, _, _ = unroll(before.cell, as_before, after.steps("xs").copy(), after.states("{}0"))
    assert np.abs(hs - after.steps("hs")).max() > 0.1


def test_the_store_says_how_it_was_made():
    assert {"keras", "keras_backend", "torch", "numpy", "python", "date", "seeds"} <= set(META)
    assert all(array.dtype == np.float64 for array in STORED.values())
