"""Every argument of every public function replaced by junk: an ArgumentError, or an answer."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled import (
    LSTM,
    RNN,
    ArgumentError,
    Hidden,
    ablation,
    fused,
    gradcheck,
    graph,
    interop,
    long_lags,
    models,
    ops,
    tasks,
    train,
    unroll,
    unroll_backward,
)
from unrolled.analysis import (
    cliff,
    counts,
    highway,
    jacobians,
    memory,
    paths,
    rtrl,
    spectra,
    truncation,
)
from unrolled.cells import MGU, CoupledLSTM, PeepholeLSTM, ResetBeforeGRU
from unrolled.cells.biases import chrono, with_forget_bias
from unrolled.sequence import truncated, window_backward, windows
from unrolled.train import Checkpoint
from unrolled.trees import named_arrays

R = np.random.default_rng(0)
P = RNN.init(3, 3, rng=R)
XS, IDS = R.normal(size=(2, 3, 3)), R.integers(0, 3, (2, 3))
S0 = Hidden(R.normal(size=(3, 3)))
HS, _, TAPE = unroll(RNN, P, XS, S0)
_, CACHE = RNN.step(P, XS[0], S0)
EVERY, LAST = models.Model(RNN), models.Model(RNN, "squared_error", "last")
MP = models.init(EVERY, 3, 3, 3, rng=R)
LEDGER = paths.path_ledger(RNN, HS, TAPE)
_, LSTM_STATE, LSTM_TAPE = unroll(LSTM, LSTM.init(3, 3, rng=R), XS)
AT = cliff.Place(np.array([4.5]), np.array([-2.6]))
WINDOW = next(windows(RNN, P, XS, length=2))
KEPT = (2, MP, None, S0, np.zeros(2), ((1, 0.5),), train.Best(1, 0.5, MP), None, {"a": 1})
FILES = Path(tempfile.mkdtemp())
FILE, SAVED = FILES / "a.npz", FILES / "b.npz"
train.save(SAVED, Checkpoint(*KEPT), EVERY, train.sgd(0.1))
atexit.register(shutil.rmtree, FILES)
KIN = (ResetBeforeGRU, PeepholeLSTM, CoupledLSTM, MGU)
KIN_PARAMS = {cell: cell.init(3, 3, rng=R) for cell in KIN}
KIN_STEPS = {cell: cell.step(p, XS[0], cell.zero_state(p, 3)) for cell, p in KIN_PARAMS.items()}
SMALL = ablation.Settings(H=2, N=2, every=2, tests=2)
NODE = graph.leaf("x", 2.0)
MASK = np.ones((2, 3), bool)


def total(tree):
    return sum(a.sum() for _, a in named_arrays(tree))


CALLS = {
    ops.affine: (XS, P.Wx, P.b),
    ops.affine_backward: (XS, XS, P.Wx, P.b),
    ops.tanh: (XS,),
    ops.tanh_backward: (XS, XS),
    ops.sigmoid: (XS,),
    ops.sigmoid_backward: (XS, XS),
    ops.softmax: (XS,),
    ops.softmax_cross_entropy: (XS, IDS, MASK),
    ops.softmax_cross_entropy_backward: (XS, IDS, MASK),
    ops.mse: (XS, XS, MASK),
    ops.mse_backward: (XS, XS, MASK),
    ops.one_hot: (IDS, 3, np.float64),
    RNN.zero_state: (P, 2),
    RNN.check_params: (P,),
    RNN.step: (P, XS[0], S0),
    RNN.step_backward: (S0, CACHE),
    unroll: (RNN, P, XS, S0),
    unroll_backward: (RNN, HS, S0, TAPE),
    lambda D, H, rng, dtype: RNN.init(D, H, rng=rng, dtype=dtype): (3, 3, R, np.float64),
    lambda m, p, x, s: models.forward(m, p, x, state0=s): (EVERY, MP, XS, S0),
    lambda m, p, x, t, s, k: models.loss_and_gradients(m, p, x, t, state0=s, mask=k): (
        EVERY, MP, XS, IDS, S0, MASK),
    lambda m, p, x, t: models.loss(m, p, x, t): (LAST, MP, XS, XS[0]),
    lambda m, p, x, s, w: models.predict(m, p, x, state0=s, workspace=w): (
        EVERY, MP, XS, S0, fused.Workspace()),
    train.sgd: (0.1,),
    train.linear_decay: (0.1, 0.01, 5),
    train.averaged: (train.sgd(0.1), 0.9),
    lambda *parts: train.fit(EVERY, Checkpoint(*parts), [(IDS, IDS)], train.sgd(0.1), steps=3,
                             carry=True, progress=False): KEPT,
    lambda *parts: train.save(FILE, Checkpoint(*parts), EVERY, train.sgd(0.1)): KEPT,
    lambda c, m, o: train.save(FILE, c, m, o): (Checkpoint(*KEPT), EVERY, None),
    lambda p, m, o, k, n: train.load(p, m, o, like=k, notes=n): (
        SAVED, EVERY, train.sgd(0.1), MP, {"a": 1}),
    lambda look, every, patience: train.fit(
        EVERY, MP, [(IDS, IDS)] * 2, train.sgd(0.1), steps=2, progress=False,
        watch=train.Watch(look, every, patience)): (lambda step, params: 1.0, 1, 2),
    train.clip_by_global_norm: (P, 1.0),
    lambda m, p, b, o, s, c: train.fit(m, p, b, o, steps=s, clip=c, progress=False): (
        EVERY, MP, [(IDS, IDS)] * 3, train.sgd(0.1), 2, 1.0),
    train.bits_per_character: (EVERY, MP, IDS[0], 5),
    lambda m, p, i, n, r, t: train.sample(m, p, i, n, rng=r, temperature=t): (
        EVERY, MP, IDS[0], 2, R, 1.0),
    tasks.vocabulary_of: ("abc",),
    tasks.Vocabulary(("a", "b", "c")).encode: ("abc",),
    tasks.Vocabulary(("a", "b", "c")).decode: (IDS[0],),
    tasks.split: (np.arange(20), 0.2),
    **{cell.step: (KIN_PARAMS[cell], XS[0], KIN_STEPS[cell][0]) for cell in KIN},
    **{cell.step_backward: KIN_STEPS[cell] for cell in KIN},
    lambda D, B, S, G, h, V, b, e: counts.weight_count(
        D, B, cells=S, gates=G, gates_feed_back=h, outputs=V, biased=b, extra_biases=e): (
        3, 2, 2, 2, True, 1, ("cells", "gates"), 1),
    memory.half_life: (1.0,),
    memory.gate_half_life: (0.9,),
    memory.bias_to_keep: (0.9, 20),
    memory.bias_for_half_life: (20,),
    with_forget_bias: (KIN_PARAMS[MGU], 1.0),
    lambda p, t, r: chrono(p, t, rng=r): (KIN_PARAMS[PeepholeLSTM], 9, R),
    **{
        lambda T, N, r, task=task: task.draw(T, N, rng=r): (12, 2, R)
        for task in ablation.TASKS.values()
    },
    ablation.fewer_by_chance: (1, 2, 3),
    lambda v, t, T, s, b, k: ablation.run(v, t, T, s, budget=b, settings=k): (
        "MGU", "keep", 2, 0, 2, SMALL),
    lambda i, T, N, s: next(tasks.streams(i, T, N, start=s)): (np.arange(9), 2, 2, 1),
    lambda T, N, r: tasks.adding(T, N, rng=r): (4, 2, R),
    tasks.adding_constant: (2,),
    lambda T, N, r: tasks.adding_1997(T, N, rng=r): (22, 2, R),
    tasks.adding_1997_constant: (0.1, 0.04),
    lambda T, N, r, k: tasks.temporal_order(T, N, rng=r, symbols=k): (10, 2, R, 3),
    lambda T, N, r: tasks.copying(T, N, rng=r): (4, 2, R),
    tasks.copying_baseline: (4,),
    lambda r, e: tasks.reber_string(rng=r, embedded=e): (R, True),
    lambda s, e: tasks.reber_legal(s, embedded=e): ("BTXSE", False),
    lambda c, r, e: tasks.reber_sets(c, rng=r, embedded=e): (2, R, True),
    lambda s, e: tasks.reber_batch(s, embedded=e): (("BTXSE", "BPVVE"), False),
    tasks.most_active: (XS, XS > 0),
    long_lags.summary: ({"sequences": [3, None]},),
    lambda p, w, T, s, b, k: long_lags.run(p, w, T, s, budget=b, settings=k): (
        "adding", "RNN", 4, 0, 2, long_lags.Settings(2, 2, 0.1, 1.0, 2)),
    lambda g, T, N, r, V: next(tasks.echo(g, T, N, rng=r, V=V)): (3, 2, 2, R, 2),
    lambda m, p, b, c, s: train.fit(
        m, p, b, train.sgd(0.1), steps=2, carry=c, state0=s, progress=False): (
        EVERY, MP, [(IDS, IDS)] * 3, True, S0),
    lambda c, p, x, f, n, s, z: truncated(c, p, x, f, length=n, stride=s, state0=z): (
        RNN, P, XS, lambda w: w.hs, 2, 1, S0),
    window_backward: (HS, WINDOW),
    lambda m, p, x, t, n, s, z, k: models.truncated_loss_and_gradients(
        m, p, x, t, length=n, stride=s, state0=z, mask=k): (EVERY, MP, XS, IDS, 2, 1, S0, MASK),
    rtrl.rtrl: (RNN, P, XS, HS, S0, S0),
    rtrl.costs: (1, 2, 3),
    jacobians.state_jacobian: (RNN, CACHE),
    jacobians.jacobian_products: (RNN, TAPE),
    jacobians.gradient_by_lag: (RNN, TAPE, S0),
    jacobians.gradient_norms: (RNN, HS, S0, TAPE),
    spectra.largest_singular_value: (P.Wh,),
    spectra.spectral_radius: (P.Wh,),
    lambda W, s: spectra.scaled(W, sigma=s): (P.Wh, 0.5),
    lambda W, r: spectra.scaled(W, rho=r): (P.Wh, 0.5),
    lambda H, r: spectra.orthogonal(H, rng=r): (3, R),
    spectra.norm_bound: (P.Wh, np.arange(3), 0.25),
    spectra.must_vanish: (P.Wh, 0.25),
    spectra.may_explode: (P.Wh, 0.25),
    spectra.power_norms: (P.Wh, 3),
    cliff.states: (AT, 3),
    cliff.loss: (AT, 3),
    cliff.gradient: (AT, 3),
    lambda a, r, n, c: cliff.descend(a, r, n, clip=c): (AT, 0.5, 2, 0.5),
    truncation.kept_terms: (4, 2, 1),
    truncation.stationary_share: (0.5, 2, 1),
    truncation.noise_share: (0.5, 2),
    truncation.noise_share(0.5, 2).quantile: (0.5,),
    lambda m, p, b, c: truncation.loss_by_position(m, p, b, carry=c): (
        EVERY, MP, [(IDS, IDS)] * 2, True),
    lambda i, T, N, r: next(tasks.windows(i, T, N, rng=r)): (np.arange(9), 2, 2, R),
    gradcheck.compare: (XS, XS, 1e-12),
    gradcheck.central_difference: (total, XS, 1e-6),
    gradcheck.complex_step: (total, XS, 1e-30),
    graph.leaf: ("x", 1.0),
    graph.apply: (graph.ADD, NODE, NODE),
    graph.named: ("y", NODE),
    graph.order: (NODE,),
    graph.backward: (NODE, 1.0),
    highway.cell_jacobian: LSTM_TAPE.caches,
    highway.cell_gradients: (LSTM_TAPE, LSTM_STATE),
    interop.from_torch: ("rnn", interop.to_torch(P)),
    interop.to_torch: (P,),
    interop.from_keras: ("rnn", interop.to_keras(P)),
    interop.to_keras: (P,),
    lambda c, w, r: interop.from_onnx(c, w, linear_before_reset=r): (
        "rnn", interop.to_onnx(P), None),
    interop.to_onnx: (P,),
    interop.reorder: (P.Wx, "ifo", "oif"),
    lambda c, d, t, s: paths.path_ledger(c, d, t, dstate_T=s): (RNN, HS, TAPE, S0),
    paths.sums_by_loss: (LEDGER,),
    paths.sums_by_use: (LEDGER,),
    paths.sum_of_paths: (LEDGER,),
    paths.term_norms: (LEDGER, "Wh"),
}  # fmt: skip

JUNK = [
    None, True, 0, -1, 2, 1.5, 1j, np.nan, "", "abc", b"x", [], [1.0], [[1], [2, 3]], {}, {1: 2},
    (), (1, 2), (None,), object(), RNN, P, S0, MP, TAPE, CACHE, NODE, EVERY, Hidden(None),
    P._replace(b=np.zeros((3, 1))), P._replace(Wh=None), MP._replace(cell=None),
    RNN._replace(step=3), Hidden(np.full((3, 3), np.nan)), np.float64(1),
    np.zeros(()), np.zeros(0), np.zeros(3), np.zeros((3, 1)), np.zeros((1, 3)),
    np.zeros((3, 3, 3, 3)), np.zeros((0, 3, 3)), np.zeros((2, 3, 3), "f4"), np.zeros((3, 3), "f2"),
    np.zeros((2, 3), int), -np.ones((2, 3), int), np.full((2, 3), 9), np.zeros((2, 3), object),
    np.full((2, 3, 3), np.nan), np.full((2, 3, 3), np.inf), np.zeros((2, 3), bool), np.array("a"),
    np.array(["a"]), np.ma.masked_array(np.zeros((2, 3, 3))), np.zeros((3, 3)).view(np.matrix),
    np.zeros((2, 3, 3), "c8"), np.zeros((2, 3, 3), ">f8"), np.array([None]), np.datetime64("now"),
    np.zeros(2, [("a", float)]), np.random.RandomState(0), np.random,
]  # fmt: skip


def attempt(function, arguments):
    before = [
        a.tobytes() if isinstance(a, np.ndarray) and a.dtype != object else None for a in arguments
    ]
    refused = ""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error")
            function(*arguments)
    except ArgumentError as error:
        refused = str(error)
    assert not refused or ":" in refused
    after = [
        a.tobytes() if isinstance(a, np.ndarray) and a.dtype != object else None for a in arguments
    ]
    assert before == after


def test_each_argument_replaced_by_each_junk():
    failures = []
    for function, right in CALLS.items():
        function(*right)
        for position in range(len(right)):
            for number, junk in enumerate(JUNK):
                arguments = list(right)
                arguments[position] = junk
                try:
                    attempt(function, arguments)
                except Exception as error:  # noqa: BLE001 — all of them are shown at once
                    failures.append(
                        (list(CALLS).index(function), position, number, repr(error)[:90])
                    )
    assert not failures, "\n".join(map(str, failures))


@settings(max_examples=150)
@given(st.data())
def test_several_arguments_at_once(data):
    function, right = data.draw(st.sampled_from(list(CALLS.items())))
    attempt(function, [data.draw(st.sampled_from([a, *JUNK])) for a in right])
