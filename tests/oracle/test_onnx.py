"""Every cell against ONNX's own evaluators, stored with how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, RNN, Hidden, Memory, interop, unroll, unroll_backward
from unrolled.cells.reset_before import ResetBeforeGRU

DATA = Path(__file__).parent / "data"
META = json.loads((DATA / "onnx.json").read_text())
with np.load(DATA / "onnx.npz", allow_pickle=False) as file:
    STORED = dict(file)
NAMES = ("W", "R", "B")
# the cell, its state, ONNX' blocks in the order of ours (h; i o f c; z r h), and the attribute
CELLS = {
    "rnn": (RNN, Hidden, (0,), None),
    "lstm": (LSTM, Memory, (0, 2, 1, 3), None),
    "gru": (GRU, Hidden, (1, 0, 2), 1),
    "gru_reset_before": (ResetBeforeGRU, Hidden, (1, 0, 2), 0),
}

cases = pytest.mark.parametrize(
    ("kind", "case"),
    [(kind, case) for kind in META["kinds"] for case in range(len(META["sizes_T_N_D_H"]))],
)


class Reference:
    def __init__(self, kind, case):
        self.kind, self.case = kind, case
        self.cell, self.state, self.blocks, self.attribute = CELLS[kind]
        self.weights = {name: self[name] for name in NAMES}
        self.params = self.read(self.weights)

    def __getitem__(self, name):
        return STORED[f"{self.kind}/{self.case}/{name}"]

    def read(self, weights):
        name = self.kind if self.kind == "lstm" else self.kind[:3]
        return interop.from_onnx(name, weights, linear_before_reset=self.attribute)

    def states(self, pattern):
        return self.state(*(self[pattern.format(s)][0] for s in self.state._fields))

    def dparams(self):
        def ours(rows):
            blocks = np.split(rows, len(self.blocks))
            return np.concatenate([blocks[place] for place in self.blocks]).T

        dWx, dWh = ours(self["grad/dW"][0]), ours(self["grad/dR"][0])
        db, db_again = map(ours, np.split(self["grad/dB"][0], 2))
        if self.kind != "gru":
            agree(db, db_again)
            return dWx, dWh, db
        H = dWh.shape[0]
        agree(db[: 2 * H], db_again[: 2 * H])
        return dWx, dWh, db, db_again[2 * H :]


@cases
def test_states_and_their_gradients(kind, case):
    ref = Reference(kind, case)
    hs, state_T, tape = unroll(ref.cell, ref.params, ref["X"], ref.states("initial_{}"))
    agree((hs, state_T), (ref["Y"][:, 0], ref.states("Y_{}")))
    # Y holds every state, Y_h and Y_c the last ones: gradients arrive at all of them
    got = unroll_backward(ref.cell, ref["dY"][:, 0], ref.states("dY_{}"), tape)
    want = (ref["grad/dX"], ref.states("grad/dinitial_{}"), ref.dparams())
    agree(got, want)


@cases
def test_another_runtime_agrees_as_far_as_float32_goes(kind, case):
    ref = Reference(kind, case)
    hs, state_T, _ = unroll(ref.cell, ref.params, ref["X"], ref.states("initial_{}"))
    agree((hs, state_T), (ref["onnxruntime/Y"][:, 0], ref.states("onnxruntime/Y_{}")), 1e-5)


@cases
def test_weights_there_and_back_are_the_same_bits(kind, case):
    ref = Reference(kind, case)
    again = interop.to_onnx(ref.params)
    assert list(again) == list(NAMES)
    assert [a.shape for a in again.values()] == [a.shape for a in ref.weights.values()]
    same_bytes(ref.read(again), ref.params)


def test_the_store_says_how_it_was_made():
    assert {"onnx", "opset", "onnxruntime", "numpy", "python", "date", "seeds"} <= set(META)
    kinds = {name: array.dtype for name, array in STORED.items()}
    assert all(kind == ("f4" if "onnxruntime" in name else "f8") for name, kind in kinds.items())
