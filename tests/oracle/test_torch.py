"""Against numbers that PyTorch made, stored with how they were made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from oracle import loops, matrix
from oracle.agree import agree, same_bytes

from unrolled import RNN, Hidden, interop, models, train, unroll, unroll_backward
from unrolled.models import Model, ModelParams

DATA = Path(__file__).parent / "data"
META = json.loads((DATA / "torch_rnn.json").read_text())
with np.load(DATA / "torch_rnn.npz", allow_pickle=False) as file:
    STORED = dict(file)
TORCH_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")

cases = pytest.mark.parametrize("case", range(len(META["sizes_T_N_D_H_V"])))


class Reference:
    def __init__(self, case):
        self.case = str(case)
        torch_weights = {name: self[name] for name in TORCH_NAMES}
        self.params = interop.from_torch("rnn", torch_weights)
        self.model_params = ModelParams(self.params, self["Wy"].T.copy(), self["by"])
        self.state0 = Hidden(self["h0"][0])

    def __getitem__(self, name):
        return STORED[f"{self.case}/{name}"]

    def dparams(self, kind):
        agree(self[f"{kind}/dbias_ih_l0"], self[f"{kind}/dbias_hh_l0"])
        return (
            self[f"{kind}/dweight_ih_l0"].T,
            self[f"{kind}/dweight_hh_l0"].T,
            self[f"{kind}/dbias_ih_l0"],
        )


@cases
def test_states_and_their_gradients(case):
    ref = Reference(case)
    hs, state_T, tape = unroll(RNN, ref.params, ref["xs"], ref.state0)
    agree((hs, state_T.h), (ref["hs"], ref["h_T"][0]))
    got = unroll_backward(RNN, ref["dhs"], Hidden(ref["dh_T"][0]), tape)
    agree(got, (ref["states/dxs"], (ref["states/dh0"][0],), ref.dparams("states")), 1e-10)


@cases
@pytest.mark.parametrize("kind", ["cross_entropy", "squared_error"])
def test_losses_and_their_gradients(case, kind):
    ref = Reference(case)
    targets = ref["ids"] if kind == "cross_entropy" else ref["values"]
    value, gradients, _ = models.loss_and_gradients(
        Model(RNN, kind), ref.model_params, ref["xs"], targets, state0=ref.state0
    )
    want = (ref.dparams(kind), ref[f"{kind}/dWy"].T, ref[f"{kind}/dby"])
    agree(value, ref[f"{kind}/loss"], 1e-10)
    agree(gradients, (want, ref[f"{kind}/dxs"], (ref[f"{kind}/dh0"][0],)), 1e-10)
    for oracle in (loops, matrix):  # the oracles themselves are held against PyTorch too
        found = oracle.model(
            "RNN", kind, "every", ref.model_params, ref["xs"], targets, ref.state0, None
        )
        agree((found[0], found[1], found[2], found[3]), (value, *gradients), 1e-10)


@cases
def test_weights_there_and_back_are_the_same_bits(case):
    ref = Reference(case)
    same_bytes(interop.from_torch("rnn", interop.to_torch(ref.params)), ref.params)


def test_adam_walks_the_same_path():
    p, path = STORED["adam/start"], []
    optimiser = train.adam(0.03, mean_decay=0.8, square_decay=0.95, eps=1e-6)
    memory = optimiser.init(p)
    for slope in STORED["adam/slopes"]:
        p, memory = optimiser.update(p, slope, memory)
        path.append(p)
    agree(np.array(path), STORED["adam/path"], 1e-14)


def test_the_store_says_how_it_was_made():
    assert {"torch", "numpy", "python", "date", "seeds", "made_by"} <= set(META)
    assert all(array.dtype in (np.float64, np.int64) for array in STORED.values())
