"""LSTM and GRU against numbers that PyTorch made, stored with how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, Hidden, Memory, interop, unroll, unroll_backward

DATA = Path(__file__).parent / "data"
META = json.loads((DATA / "torch_gated.json").read_text())
with np.load(DATA / "torch_gated.npz", allow_pickle=False) as file:
    STORED = dict(file)
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
CELLS = {"lstm": (LSTM, Memory), "gru": (GRU, Hidden)}
# PyTorch's blocks in the order of ours, written out a second time: i f g o; r z n
BLOCKS = {"lstm": (0, 1, 3, 2), "gru": (0, 1, 2)}

cases = pytest.mark.parametrize(
    ("kind", "case"),
    [(kind, case) for kind in META["kinds"] for case in range(len(META["sizes_T_N_D_H"]))],
)


class Reference:
    def __init__(self, kind, case):
        self.kind, self.case = kind, case
        self.cell, self.state = CELLS[kind]
        self.weights = {name: self[name] for name in NAMES}
        self.params = interop.from_torch(kind, self.weights)

    def __getitem__(self, name):
        return STORED[f"{self.kind}/{self.case}/{name}"]

    def states(self, pattern):
        return self.state(*(self[pattern.format(s)][0] for s in self.state._fields))

    def dparams(self):
        def ours(name):
            blocks = np.split(self[f"grad/d{name}"], len(BLOCKS[self.kind]))
            return np.concatenate([blocks[place] for place in BLOCKS[self.kind]]).T

        dWx, dWh, db, db_again = map(ours, NAMES)
        if self.kind == "lstm":
            agree(db, db_again)
            return dWx, dWh, db
        H = dWh.shape[0]
        agree(db[: 2 * H], db_again[: 2 * H])
        return dWx, dWh, db, db_again[2 * H :]


@cases
def test_states_and_their_gradients(kind, case):
    ref = Reference(kind, case)
    hs, state_T, tape = unroll(ref.cell, ref.params, ref["xs"], ref.states("{}0"))
    agree((hs, state_T), (ref["hs"], ref.states("{}_T")))
    got = unroll_backward(ref.cell, ref["dhs"], ref.states("d{}_T"), tape)
    agree(got, (ref["grad/dxs"], ref.states("grad/d{}0"), ref.dparams()))


@cases
def test_weights_there_and_back_are_the_same_bits(kind, case):
    ref = Reference(kind, case)
    again = interop.to_torch(ref.params)
    assert {name: a.shape for name, a in again.items()} == {
        name: a.shape for name, a in ref.weights.items()
    }
    same_bytes(interop.from_torch(kind, again), ref.params)


def test_gates_in_this_books_order_would_be_other_numbers():
    ref = Reference("lstm", 1)
    plain = ref.params._replace(
        **{"Wx": ref["weight_ih_l0"].T, "Wh": ref["weight_hh_l0"].T},
        b=ref["bias_ih_l0"] + ref["bias_hh_l0"],
    )
    hs, _, _ = unroll(ref.cell, plain, ref["xs"], ref.states("{}0"))
    assert hs.shape == ref["hs"].shape
    assert np.abs(hs - ref["hs"]).max() > 0.1


def test_the_store_says_how_it_was_made():
    assert {"torch", "numpy", "python", "date", "seeds", "made_by"} <= set(META)
    assert all(array.dtype == np.float64 for array in STORED.values())
