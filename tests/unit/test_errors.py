"""Calls that cannot work: each says the argument, the axis, expected and got, before computing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from contract.cells import draw

from unrolled import (
    RNN,
    ArgumentError,
    Hidden,
    gradcheck,
    graph,
    interop,
    models,
    ops,
    shapes,
    tasks,
    train,
    trees,
    unroll,
    unroll_backward,
)
from unrolled.cells import gru, lstm, rnn
from unrolled.cells.base import check_cell, check_x
from unrolled.models import Model, ModelParams

T, N, D, H, V = 4, 3, 3, 3, 5  # N = D = H: where a wrong shape would broadcast
R = np.random.default_rng(0)
C = draw(RNN, (T, N, D, H))
P, XS, S0 = C.params, C.xs, C.state0
X, IDS = XS[0], R.integers(0, D, (T, N))
HS, ST, TAPE = unroll(RNN, P, XS, S0)
_, CACHE = RNN.step(P, X, S0)
OTHER = RNN._replace(name="other")
EVERY, LAST = Model(RNN), Model(RNN, "squared_error", "last")
MP = ModelParams(P, R.normal(size=(H, V)), np.zeros(V))
TARGETS = R.integers(0, V, (T, N))
VALUES = R.normal(size=(N, V))
RNG = np.random.default_rng(0)
COLUMN = np.zeros((H, 1))
NAN_XS = np.where(np.arange(XS.size).reshape(XS.shape) == 7, np.nan, XS)
SGD = train.sgd(0.1)
NODE = graph.leaf("w", 2.0)
VOCABULARY = tasks.Vocabulary(("a", "b"))
TORCH = interop.to_torch(P)
PAIR = (IDS, R.integers(0, V, (T, N)))


NAN_STATE = Hidden(np.where(np.arange(S0.h.size).reshape(S0.h.shape) == 7, np.nan, S0.h))


class Bad(NamedTuple):
    call: Callable[[], Any]
    says: tuple[str, ...]
    computes_first: str = ""
    """Why nothing but computing can show it; empty for all that must be refused before."""


def bad(call, *says, computes_first=""):
    return Bad(call, says, computes_first)


H_AXIS, N_AXIS = "(H, hidden units)", "(N, sequences in the mini-batch)"
D_AXIS, T_AXIS = "(D, input features)", "(T, time steps)"
V_AXIS = "(V, classes)"

CALLS = [
    # ops
    bad(lambda: ops.affine(X, [[1.0]], P.b), "W:", "list", "(D, input features; H, hidden units)"),
    bad(lambda: ops.affine(X, P.Wx, COLUMN), "b:", "never a column", "(H, hidden units)"),
    bad(lambda: ops.affine(X[:, :2], P.Wx, P.b), "x:", "axis 1", D_AXIS, "should be 3", "got 2"),
    bad(lambda: ops.affine(X[0], P.Wx, P.b), "x:", "at least 2 axes", "got 1"),
    bad(lambda: ops.affine(X, np.zeros((3, 5)), np.zeros(4)), "b:", H_AXIS, "should be 5", "got 4"),
    bad(lambda: ops.affine(X, np.zeros((5, 3)), P.b), "x:", D_AXIS, "transposed"),
    bad(lambda: ops.affine(X.astype("f4"), P.Wx, P.b), "x:", "expected float64", "got float32"),
    bad(lambda: ops.affine(np.zeros((0, 3)), P.Wx, P.b), "x:", "axis 0", "at least 1", "got 0"),
    bad(lambda: ops.affine(X, P.Wx, P.b.astype("f4")), "b:", "expected float64", "got float32"),
    bad(lambda: ops.affine(X, P.Wx.astype("f4"), P.b), "b:", "float32 to match W", "got float64"),
    bad(lambda: ops.affine_backward(X, X, P.Wx, COLUMN), "b:", "never a column"),
    bad(lambda: ops.affine_backward(X, X[:, :2], P.Wx, P.b), "x:", D_AXIS, "got 2"),
    bad(lambda: ops.affine_backward(X, X, P.Wx.astype("f4"), P.b), "b:", "float32 to match W"),
    bad(lambda: ops.affine_backward(X, X, P.Wx, P.b.astype("f4")), "b:", "got float32"),
    bad(lambda: ops.affine_backward(X, X.astype("f4"), P.Wx, P.b), "x:", "got float32"),
    bad(lambda: ops.affine_backward(X.astype("f4"), X, P.Wx, P.b), "dy:", "got float32"),
    bad(lambda: ops.affine_backward(X[:1], X, P.Wx, P.b), "dy:", N_AXIS, "should be 3", "got 1"),
    bad(lambda: ops.affine_backward(XS, X, P.Wx, P.b), "dy:", "expected 2 axes", "got 3"),
    bad(lambda: ops.affine_backward(XS[:1], XS, P.Wx, P.b), "dy:", T_AXIS, "got 1"),
    bad(lambda: ops.affine_backward(X[:, :1], X, P.Wx, P.b), "dy:", H_AXIS, "got 1"),
    bad(lambda: ops.tanh([1.0]), "a:", "array of axes (H, hidden units)", "list"),
    bad(lambda: ops.tanh(np.arange(3)), "a:", "int64", "astype"),
    bad(lambda: ops.tanh(np.float64(1.0)), "a:", "float64"),
    bad(lambda: ops.tanh(np.zeros(())), "a:", "axes", "got 0"),
    bad(lambda: ops.tanh([[1], [2, 3]]), "a:", "list"),
    bad(lambda: ops.tanh_backward(COLUMN, X), "dh:", H_AXIS, "should be 3", "got 1"),
    bad(lambda: ops.tanh_backward(X[:1], X), "dh:", N_AXIS, "should be 3", "got 1"),
    bad(lambda: ops.tanh_backward([1.0], X), "dh:", "list"),
    bad(lambda: ops.tanh_backward(X, X[0]), "dh:", "expected 1 axes (H,)", "got 2"),
    bad(lambda: ops.tanh_backward(X[0], X), "dh:", "expected 2 axes (N, H)", "got 1"),
    bad(lambda: ops.tanh_backward(X, XS), "dh:", "expected 3 axes (T, N, H)", "got 2"),
    bad(lambda: ops.tanh_backward(XS, XS[None]), "dh:", "expected 4 axes (…, H)", "got 3"),
    bad(lambda: ops.tanh_backward(XS[None, :, :1], XS[None]), "dh:", "axis 2", "should be 3"),
    bad(lambda: ops.tanh_backward(X.astype("f4"), X), "dh:", "expected float64", "float32"),
    bad(lambda: ops.sigmoid(X.astype(np.float16)), "a:", "float16"),
    bad(lambda: ops.sigmoid(np.ma.masked_array(X)), "a:", "MaskedArray"),
    bad(lambda: ops.sigmoid_backward(X[:, :2], X), "ds:", H_AXIS, "got 2"),
    bad(lambda: ops.softmax(np.array([None])), "logits:", "object"),
    bad(lambda: ops.softmax(X.view(np.matrix)), "logits:", "matrix"),
    bad(lambda: ops.softmax_cross_entropy(X, X), "targets:", "integer", "float64"),
    bad(
        lambda: ops.softmax_cross_entropy(X, np.array([0, 1, 3])),
        "targets:",
        "N index 2",
        "0 to 2",
        "got 3",
    ),
    bad(
        lambda: ops.softmax_cross_entropy(X, np.array([0, -1, 2])),
        "targets:",
        "N index 1",
        "got -1",
    ),
    bad(
        lambda: ops.softmax_cross_entropy(X, np.array([0, 1])),
        "targets:",
        N_AXIS,
        "should be 3",
        "got 2",
    ),
    bad(
        lambda: ops.softmax_cross_entropy(X, np.eye(3, dtype=int)),
        "targets:",
        "expected 1 axis",
        "got 2",
    ),
    bad(
        lambda: ops.softmax_cross_entropy(XS, IDS, np.ones((T, N))), "mask:", "booleans", "float64"
    ),
    bad(lambda: ops.softmax_cross_entropy(XS, IDS, np.ones(N, bool)), "mask:", "2 axes", "got 1"),
    bad(lambda: ops.softmax_cross_entropy_backward([[1]], IDS), "logits:", "list"),
    bad(lambda: ops.softmax_cross_entropy_backward(XS, IDS.T), "targets:", T_AXIS, "swapped"),
    bad(lambda: ops.mse(np.zeros(3), np.zeros((3, 1))), "y:", "expected 2 axes", "got 1"),
    bad(lambda: ops.mse(np.zeros((3, 1)), np.zeros(3)), "targets:", "expected 2 axes", "got 1"),
    bad(
        lambda: ops.mse(np.zeros((3, 1)), np.zeros((1, 3))),
        "targets:",
        N_AXIS,
        "should be 3",
        "got 1",
    ),
    bad(
        lambda: ops.mse(np.zeros((3, 1)), np.zeros((3, 3))),
        "targets:",
        V_AXIS,
        "should be 1",
        "got 3",
    ),
    bad(lambda: ops.mse(X, X.astype("f4")), "targets:", "expected float64", "float32"),
    bad(lambda: ops.mse_backward(X, X, np.ones((N, V), bool)), "mask:", "expected 1 axis", "got 2"),
    bad(lambda: ops.mse_backward(X, X, [True] * N), "mask:", "list"),
    bad(lambda: ops.mse_backward(None, X), "y:", "NoneType"),
    bad(lambda: ops.one_hot(np.array([1.0]), 3), "ids:", "integer", "float64"),
    bad(lambda: ops.one_hot([1], 3), "ids:", "list"),
    bad(lambda: ops.one_hot(IDS, 0), "classes:", "V (classes)", "got 0"),
    bad(lambda: ops.one_hot(IDS, True), "classes:", "got True"),
    bad(lambda: ops.one_hot(IDS, 1), "ids:", "from 0 to 0", "N index"),
    bad(lambda: ops.one_hot(IDS, 3, "banana"), "dtype:", "banana"),
    # the cell
    bad(lambda: RNN.init(0, H, rng=RNG), "D:", "input features", "got 0"),
    bad(lambda: RNN.init(D, 2.0, rng=RNG), "H:", "hidden units", "got 2.0"),
    bad(lambda: RNN.init(D, H, rng=0), "rng:", "Generator", "got int"),
    bad(lambda: RNN.init(D, H, rng=np.random), "rng:", "Generator", "got module"),
    bad(lambda: RNN.init(D, H, rng=RNG, dtype=np.float16), "dtype:", "float16"),
    bad(lambda: RNN.init(D, H, rng=RNG, dtype="banana"), "dtype:", "banana"),
    bad(lambda: RNN.init(D, H, rng=RNG, dtype=None), "dtype:", "None"),
    bad(lambda: RNN.zero_state(P, 0), "N:", "sequences", "got 0"),
    bad(lambda: RNN.zero_state(tuple(P), 2), "params:", "RNNParams", "got tuple"),
    bad(lambda: RNN.check_params(P._replace(b=COLUMN)), "b:", "never a column"),
    bad(
        lambda: RNN.check_params(P._replace(Wx=np.zeros((3, 4)))),
        "Wh:",
        H_AXIS,
        "Wx",
        "should be 4",
    ),
    bad(
        lambda: RNN.check_params(P._replace(Wh=np.zeros((3, 4)))), "Wh:", "axis 1", H_AXIS, "got 4"
    ),
    bad(lambda: RNN.check_params(P._replace(Wh=P.Wh.astype("f4"))), "Wh:", "float32"),
    bad(lambda: RNN.check_params(P._replace(b=P.b.astype("f4"))), "b:", "float32"),
    bad(lambda: RNN.check_params(P._replace(b=None)), "b:", "NoneType"),
    bad(lambda: RNN.check_state("state", S0, tuple(P), {}), "params:", "RNNParams", "got tuple"),
    bad(lambda: RNN.check_state("state", P.Wh, P, RNN.check_params(P)), "state:", "Hidden"),
    bad(lambda: RNN.step(P, X[0], S0), "x:", "2 axes", "[None]"),
    bad(lambda: RNN.step(P, X[:, :2], S0), "x:", "axis 1", D_AXIS, "swap x and h"),
    bad(lambda: RNN.step(P, X, S0.h), "state:", "Hidden", "ndarray"),
    bad(lambda: RNN.step(P, X, (S0.h,)), "state:", "Hidden", "tuple"),
    bad(lambda: RNN.step(P, X, Hidden(S0.h[:1])), "state.h:", N_AXIS, "should be 3", "got 1"),
    bad(lambda: RNN.step(P, X, Hidden(S0.h[:, :1])), "state.h:", H_AXIS, "got 1"),
    bad(lambda: RNN.step(P, X, Hidden(S0.h.astype("f4"))), "state.h:", "float32"),
    bad(lambda: RNN.step(P, X.astype("f4"), S0), "x:", "float32"),
    bad(lambda: RNN.step(P, np.array([0, 1, 3]), S0), "x:", "N index 2", "from 0 to 2", "got 3"),
    bad(lambda: RNN.step(P, np.eye(3, dtype=int), S0), "x:", "int64"),
    bad(lambda: RNN.step(P, np.eye(3, dtype=bool), S0), "x:", "bool"),
    bad(lambda: RNN.step_backward(S0, None), "cache:", "RNNCache", "NoneType"),
    bad(lambda: RNN.step_backward(S0, tuple(CACHE)), "cache:", "RNNCache", "tuple"),
    bad(lambda: RNN.step_backward(S0, CACHE._replace(h_prev=S0.h[:1])), "h_prev:", N_AXIS, "got 1"),
    bad(lambda: RNN.step_backward(S0, CACHE._replace(h_next=S0.h[:1])), "h_next:", N_AXIS, "got 1"),
    bad(lambda: RNN.step_backward(S0, CACHE._replace(x=X.astype("f4"))), "x:", "float32"),
    bad(lambda: RNN.step_backward(S0, CACHE._replace(h_prev=X.astype("f4"))), "h_prev:", "float32"),
    bad(lambda: RNN.step_backward(S0, CACHE._replace(h_next=X.astype("f4"))), "h_next:", "float32"),
    bad(lambda: RNN.step_backward(Hidden(COLUMN), CACHE), "dstate.h:", H_AXIS, "got 1"),
    bad(lambda: RNN.step_backward(S0.h, CACHE), "dstate:", "Hidden"),
    # sequences
    bad(lambda: unroll("RNN", P, XS), "cell:", "Cell", "str"),
    bad(lambda: unroll(RNN._replace(step=None), P, XS), "cell:"),
    bad(lambda: unroll(RNN, P, X), "xs:", "3 axes", "T, time steps"),
    bad(lambda: unroll(RNN, P, XS[:0]), "xs:", "axis 0", T_AXIS, "got 0"),
    bad(lambda: unroll(RNN, P, XS[:, :0]), "xs:", "axis 1", N_AXIS, "got 0"),
    bad(lambda: unroll(RNN, P, IDS[:0]), "xs:", T_AXIS, "got 0"),
    bad(lambda: unroll(RNN, P, XS.tolist()), "xs:", "list"),
    bad(lambda: unroll(RNN, P, XS.astype("f4")), "xs:", "float32"),
    bad(lambda: unroll(RNN, P, XS.astype(object)), "xs:", "object"),
    bad(lambda: unroll(RNN, P, IDS + D), "xs:", "T index 0", "D, input features", "from 0 to 2"),
    bad(lambda: unroll(RNN, P, XS, S0.h), "state0:", "Hidden"),
    bad(lambda: unroll(RNN, P, XS, Hidden(S0.h[:1])), "state0.h:", N_AXIS, "got 1"),
    bad(lambda: unroll(RNN, XS, P), "params:", "RNNParams", "ndarray"),
    bad(
        lambda: unroll_backward(RNN, None, None, TAPE),
        "dhs, dstate_T:",
        "None for both",
        T_AXIS[1:-1],
    ),
    bad(lambda: unroll_backward(RNN, HS, None, None), "tape:", "NoneType"),
    bad(lambda: unroll_backward(RNN, HS, None, TAPE._replace(caches=())), "tape:"),
    bad(
        lambda: unroll_backward(RNN, HS, None, TAPE._replace(caches=TAPE.caches[1:])),
        "tape:",
        T_AXIS,
        "got 4",
    ),
    bad(lambda: unroll_backward(RNN, HS, None, TAPE._replace(params=None)), "params:"),
    bad(lambda: unroll_backward(OTHER, HS, None, TAPE), "cell:", "RNN", "other"),
    bad(lambda: unroll_backward(None, HS, None, TAPE), "cell:", "NoneType"),
    bad(lambda: unroll_backward(RNN, HS[:1], None, TAPE), "dhs:", T_AXIS, "should be 4", "got 1"),
    bad(lambda: unroll_backward(RNN, HS[-1], None, TAPE), "dhs:", "3 axes", "got 2"),
    bad(lambda: unroll_backward(RNN, HS[:, :, :1], None, TAPE), "dhs:", H_AXIS, "got 1"),
    bad(lambda: unroll_backward(RNN, HS.astype("f4"), None, TAPE), "dhs:", "float32"),
    bad(lambda: unroll_backward(RNN, None, S0.h, TAPE), "dstate_T:", "Hidden"),
    bad(lambda: unroll_backward(RNN, HS, Hidden(S0.h[:1]), TAPE), "dstate_T.h:", N_AXIS, "got 1"),
    # models
    bad(lambda: models.init("RNN", D, H, V, rng=RNG), "model:", "str"),
    bad(lambda: models.init(EVERY, D, H, 0, rng=RNG), "V:", "classes", "got 0"),
    bad(lambda: models.init(EVERY, D, H, V, rng=np.random.RandomState(0)), "rng:", "RandomState"),
    bad(lambda: models.init(Model(RNN, "hinge"), D, H, V, rng=RNG), "model.loss:", "'hinge'"),
    bad(
        lambda: models.init(Model(RNN, steps="first"), D, H, V, rng=RNG), "model.steps:", "'first'"
    ),
    bad(lambda: models.init(Model(None), D, H, V, rng=RNG), "cell:", "NoneType"),
    bad(lambda: models.forward(Model(RNN, np.zeros(2)), MP, XS), "model.loss:"),
    bad(lambda: models.forward(EVERY, P, XS), "params:", "ModelParams"),
    bad(
        lambda: models.forward(EVERY, MP._replace(by=np.zeros((V, 1))), XS), "by:", "never a column"
    ),
    bad(lambda: models.forward(EVERY, MP._replace(Wy=MP.Wy.T), XS), "Wy:", H_AXIS, "swapped"),
    bad(lambda: models.forward(EVERY, MP._replace(Wy=MP.Wy.astype("f4")), XS), "Wy:", "float32"),
    bad(lambda: models.forward(EVERY, MP._replace(by=MP.by.astype("f4")), XS), "by:", "float32"),
    bad(lambda: models.forward(EVERY, MP, NAN_XS), "xs:", "nan", "T index 0", "N index 2"),
    bad(lambda: models.forward(EVERY, MP, np.full_like(XS, np.inf)), "xs:", "inf"),
    bad(lambda: models.loss(EVERY, MP, XS, TARGETS[:1]), "targets:", T_AXIS, "got 1"),
    bad(lambda: models.loss(EVERY, MP, IDS, TARGETS[:1]), "targets:", T_AXIS, "got 1"),
    bad(lambda: models.loss(EVERY, MP, XS, TARGETS + V), "targets:", V_AXIS[1:2], "from 0 to 4"),
    bad(lambda: models.loss(EVERY, MP, XS, TARGETS, mask=np.ones(T, bool)), "mask:", "2 axes"),
    bad(lambda: models.loss(EVERY, MP, None, TARGETS), "xs:", "NoneType"),
    bad(lambda: models.loss(EVERY, MP, XS[0], TARGETS), "xs:", "3 axes"),
    bad(
        lambda: models.loss(LAST, MP, XS, VALUES[:, :1]), "targets:", V_AXIS, "should be 5", "got 1"
    ),
    bad(lambda: models.loss(LAST, MP, XS, VALUES[:1]), "targets:", N_AXIS, "got 1"),
    bad(lambda: models.loss(LAST, MP, XS, VALUES[:, 0]), "targets:", "2 axes", "got 1"),
    bad(lambda: models.loss(LAST, MP, XS, VALUES.astype("f4")), "targets:", "float32"),
    bad(lambda: models.loss(LAST, MP, XS, VALUES * np.nan), "targets:", "nan", "V index 0"),
    bad(lambda: models.loss_and_gradients(LAST, MP, NAN_XS, VALUES), "xs:", "nan"),
    bad(
        lambda: models.loss_and_gradients(EVERY, MP, XS, TARGETS, state0=S0.h), "state0:", "Hidden"
    ),
    bad(
        lambda: models.forward(EVERY, MP, XS, state0=NAN_STATE),
        "state0.h:",
        "nan",
        H_AXIS[1:-1],
        "N index 2",
        "H index 1",
    ),
    bad(lambda: models.forward(EVERY, MP, IDS, state0=Hidden(S0.h * np.inf)), "state0.h:", "inf"),
    bad(lambda: models.forward(EVERY, MP, XS, state0=Hidden(S0.h[:1])), "state0.h:", N_AXIS, "xs"),
    bad(lambda: models.forward(EVERY, MP, XS, state0=Hidden(None)), "state0.h:", "NoneType"),
    bad(lambda: models.loss(EVERY, MP, XS, TARGETS, state0=NAN_STATE), "state0.h:", "nan"),
    bad(lambda: models.loss(LAST, MP, XS, VALUES, state0=NAN_STATE), "state0.h:", "nan"),
    bad(
        lambda: models.loss_and_gradients(EVERY, MP, IDS, TARGETS, state0=NAN_STATE),
        "state0.h:",
        "nan",
    ),
    bad(lambda: models.loss_and_gradients(EVERY, MP, XS, TARGETS.tolist()), "targets:", "list"),
    # training
    *[
        bad(lambda r=r: train.sgd(r), "rate:", "positive", repr(r))
        for r in (0, -1.0, "a", None, np.nan, np.inf, 1j, True)
    ],
    bad(lambda: train.adam(0.0), "rate:"),
    bad(lambda: train.adam(mean_decay=1.0), "mean_decay:", "below 1", "got 1.0"),
    bad(lambda: train.adam(square_decay=0), "square_decay:"),
    bad(lambda: train.adam(eps=-1e-8), "eps:"),
    bad(lambda: train.adam().update(X, X, None), "memory:", "AdamMemory", "NoneType"),
    bad(
        lambda: train.adam().update(X, COLUMN, train.adam().init(X)),
        "gradients:",
        "(3, 3)",
        "(3, 1)",
    ),
    bad(lambda: train.adam().update(X, X, train.adam().init(COLUMN)), "memory.mean:", "(3, 3)"),
    bad(
        lambda: train.adam().update(X, X, train.adam().init(X)._replace(square=COLUMN)),
        "memory.square:",
    ),
    bad(lambda: SGD.update(P, P._replace(b=COLUMN), None), "gradients.b:", "(3,)", "(3, 1)"),
    bad(lambda: SGD.update(P, X, None), "gradients:"),
    bad(lambda: SGD.update(X, X.astype("f4"), None), "gradients:", "float32"),
    bad(lambda: train.clip_by_global_norm(X, 0), "limit:", "got 0"),
    bad(lambda: train.clip_by_global_norm(None, 1.0), "gradients:"),
    bad(lambda: train.clip_by_global_norm((X, "a"), 1.0), "gradients.1:", "str"),
    bad(lambda: train.clip_by_global_norm(IDS, 1.0), "gradients:", "int64"),
    bad(lambda: train.fit(EVERY, MP, [PAIR], SGD, steps=0), "steps:", "at least 1", "got 0"),
    bad(lambda: train.fit(EVERY, MP, [PAIR], SGD, steps=2.0), "steps:", "got 2.0"),
    bad(lambda: train.fit(EVERY, MP, [PAIR], SGD, steps=1, clip=0), "clip:", "got 0"),
    bad(lambda: train.fit(EVERY, MP, [PAIR], "sgd", steps=1), "optimiser:", "str"),
    bad(lambda: train.fit(EVERY, MP, None, SGD, steps=1), "batches:", "NoneType"),
    bad(
        lambda: train.fit(EVERY, MP, [IDS], SGD, steps=1, progress=False),
        "batches:",
        "pairs",
        "step 0",
    ),
    bad(lambda: train.fit(EVERY, MP, [(IDS,)], SGD, steps=1, progress=False), "batches:", "pairs"),
    bad(lambda: train.fit(EVERY, None, [PAIR], SGD, steps=1), "params:", "NoneType"),
    bad(
        lambda: train.fit(EVERY, MP, [PAIR], SGD, steps=2, progress=False),
        "batches:",
        "expected 2",
        "got 1",
        computes_first="an iterable's end is seen only when the second batch is asked for",
    ),
    bad(
        lambda: train.fit(EVERY, MP, [PAIR], train.adam(), steps=1, memory=5, progress=False),
        "memory:",
        computes_first="only the optimiser's update knows its memory, and it needs a gradient",
    ),
    bad(lambda: train.bits_per_character(LAST, MP, IDS[:, 0]), "model:", "cross_entropy"),
    bad(lambda: train.bits_per_character(None, MP, IDS[:, 0]), "model:"),
    bad(lambda: train.bits_per_character(EVERY, None, IDS[:, 0]), "params:"),
    bad(lambda: train.bits_per_character(EVERY, MP, IDS), "ids:", "1 axis"),
    bad(
        lambda: train.bits_per_character(EVERY, MP, IDS[:1, 0]),
        "ids:",
        T_AXIS,
        "at least 2",
        "got 1",
    ),
    bad(lambda: train.bits_per_character(EVERY, MP, IDS[:, 0], 0), "window:", "got 0"),
    bad(lambda: train.sample(EVERY, MP, IDS[:, 0], 3, rng=7), "rng:"),
    bad(lambda: train.sample(EVERY, MP, IDS[:, 0], -1, rng=RNG), "length:", "got -1"),
    bad(lambda: train.sample(EVERY, MP, IDS[:0, 0], 1, rng=RNG), "prompt:", T_AXIS, "got 0"),
    bad(lambda: train.sample(EVERY, MP, IDS[:, 0], 1, rng=RNG, temperature=0), "temperature:"),
    bad(lambda: train.sample(EVERY, MP, IDS[:, 0], 1, rng=RNG, temperature="hot"), "temperature:"),
    bad(
        lambda: train.sample(EVERY._replace(steps="last"), MP, IDS[:, 0], 1, rng=RNG),
        "model:",
        "'last'",
    ),
    # tasks
    bad(lambda: VOCABULARY.encode(""), "text:", "''"),
    bad(lambda: VOCABULARY.encode(5), "text:", "5"),
    bad(lambda: VOCABULARY.encode("abc"), "text:", "'c'", "position 2"),
    bad(lambda: tasks.Vocabulary(5).encode("a"), "characters:"),
    bad(lambda: tasks.Vocabulary(()).decode(IDS[:, 0]), "characters:"),
    bad(lambda: tasks.Vocabulary((1, 2)).decode(IDS[:, 0]), "characters:"),
    bad(lambda: VOCABULARY.decode([0, 1]), "ids:", "list"),
    bad(lambda: VOCABULARY.decode(np.array([0, 2])), "ids:", "T index 1", "from 0 to 1", "got 2"),
    bad(lambda: VOCABULARY.decode(np.array([0.0])), "ids:", "integer"),
    bad(lambda: tasks.vocabulary_of(""), "text:"),
    bad(lambda: tasks.vocabulary_of(None), "text:"),
    bad(lambda: tasks.read_text(5), "path:", "5"),
    bad(lambda: tasks.read_text("no\0file"), "path:"),
    bad(lambda: tasks.read_text("/no/such/file"), "path:", "/no/such/file"),
    bad(lambda: tasks.split("text", 0.5), "ids:", "str"),
    bad(lambda: tasks.split(IDS, 0.5), "ids:", "1 axis"),
    bad(lambda: tasks.split(np.arange(9.0), 0.5), "ids:", "float64"),
    bad(lambda: tasks.split(np.arange(9), 1.0), "held_out:", "below 1"),
    bad(lambda: tasks.split(np.arange(9), "a"), "held_out:"),
    bad(lambda: tasks.split(np.arange(3), 0.5), "ids:", T_AXIS, "got 3"),
    bad(lambda: tasks.windows([1, 2, 3], 1, 1, rng=RNG), "ids:", "list"),
    bad(lambda: tasks.windows(np.arange(9.0), 2, 2, rng=RNG), "ids:", "float64"),
    bad(lambda: tasks.windows(np.arange(4), 4, 1, rng=RNG), "ids:", T_AXIS, "T + 1 = 5", "got 4"),
    bad(lambda: tasks.windows(np.arange(9), 0, 1, rng=RNG), "T:", "got 0"),
    bad(lambda: tasks.windows(np.arange(9), 1, 0, rng=RNG), "N:", "got 0"),
    bad(lambda: tasks.windows(np.arange(9), 1, 1, rng=None), "rng:"),
    # numerical gradients
    bad(lambda: gradcheck.central_difference(None, X), "function:"),
    bad(lambda: gradcheck.central_difference(np.sum, X, 0), "step:"),
    bad(lambda: gradcheck.central_difference(np.sum, X.astype("f4")), "at:", "float32"),
    bad(lambda: gradcheck.central_difference(np.sum, (X, [1.0])), "at.1:", "list"),
    bad(lambda: gradcheck.central_difference(np.sum, np.ma.masked_array(X)), "at:", "MaskedArray"),
    bad(lambda: gradcheck.central_difference(lambda a: a, X), "function:", "single number"),
    bad(lambda: gradcheck.central_difference(lambda a: None, X), "function:"),
    bad(lambda: gradcheck.central_difference(lambda a: a.sum() * 1j, X), "function:", "complex"),
    bad(
        lambda: gradcheck.central_difference(lambda a: a[0] + 1j if a[0] > 1 else a[0], np.ones(1)),
        "function:",
        "complex",
    ),
    bad(lambda: gradcheck.complex_step(5, X), "function:"),
    bad(lambda: gradcheck.complex_step(lambda a: [1.0], X), "function:", "list"),
    bad(lambda: gradcheck.complex_step(np.sum, X, "a"), "step:"),
    bad(lambda: gradcheck.complex_step(np.sum, None), "at:"),
    bad(lambda: gradcheck.complex_step(lambda a: "a", X), "function:"),
    bad(lambda: gradcheck.compare(X, X[:1]), "got:", "(1, 3)", "(3, 3)"),
    bad(lambda: gradcheck.compare(P, P._replace(b=None)), "got:", "Wx"),
    bad(lambda: gradcheck.compare(P, tuple(P)), "Wx:", "(0)"),
    bad(lambda: gradcheck.compare("a", X), "got:", "str"),
    bad(lambda: gradcheck.compare(X, np.array(["a"])), "expected:"),
    bad(lambda: gradcheck.compare(np.zeros(0), np.zeros(0)), "got:", "(0,)"),
    bad(lambda: gradcheck.compare(None, None), "got:", "none"),
    bad(lambda: gradcheck.compare(X, X, 0), "tolerance:"),
    # graphs
    bad(lambda: graph.leaf("x", "a"), "value:", "'a'"),
    bad(lambda: graph.leaf("x", [[1], [2, 3]]), "value:"),
    bad(lambda: graph.leaf("x", np.nan), "value:", "nan"),
    bad(lambda: graph.leaf("x", []), "value:"),
    bad(lambda: graph.leaf("x", True), "value:", "True"),
    bad(lambda: graph.leaf("x", np.float16(1)), "value:"),
    bad(lambda: graph.leaf("x", np.ma.masked_array([1.0])), "value:"),
    bad(lambda: graph.leaf(5, 1.0), "name:", "int"),
    bad(lambda: NODE + 3, "inputs[1]:", "int", "leaf"),
    bad(lambda: 3 + NODE, "inputs[0]:", "int", "leaf"),
    bad(lambda: 3 - NODE, "inputs[0]:"),
    bad(lambda: X * NODE, "inputs[0]:", "ndarray"),
    bad(lambda: X @ NODE, "inputs[0]:", "ndarray"),
    bad(lambda: graph.apply("+", NODE, NODE), "op:", "str"),
    bad(lambda: graph.apply(graph.ADD, NODE), "inputs:", "2 nodes", "got 1"),
    bad(lambda: graph.apply(graph.MATMUL, NODE, NODE, NODE), "inputs:", "got 3"),
    bad(lambda: graph.apply(graph.TANH, NODE, name=5), "name:"),
    bad(lambda: graph.leaf("a", X) + graph.leaf("b", COLUMN), "column", "(3, 1)"),
    bad(lambda: graph.leaf("a", [1.0, 2]) @ graph.leaf("b", X), "inputs of @"),
    bad(lambda: graph.named(5, NODE), "name:"),
    bad(lambda: graph.named("a", 5), "node:"),
    bad(lambda: graph.order(5), "output:"),
    bad(lambda: graph.backward(5), "output:"),
    bad(lambda: graph.backward(graph.leaf("a", X)), "gradient:", "(3, 3)"),
    bad(lambda: graph.backward(graph.leaf("a", X), COLUMN), "gradient:", "(3, 1)"),
    bad(lambda: graph.backward(NODE, "a"), "gradient:"),
    bad(lambda: graph.backward(NODE, 1j), "gradient:", "complex128"),
    bad(lambda: graph.backward(NODE).gradient("v"), "node:", "'v'"),
    bad(lambda: graph.backward(NODE).gradient(X), "node:"),
    # other libraries' weights
    bad(lambda: interop.from_torch("lstm", TORCH), "weight_hh_l0:", "should be 12", "cell='rnn'"),
    bad(lambda: interop.from_torch("mlp", TORCH), "cell:", "'mlp'"),
    bad(lambda: interop.from_torch(X, TORCH), "cell:"),
    bad(lambda: interop.from_torch("rnn", None), "weights:", "NoneType"),
    bad(lambda: interop.from_torch("rnn", list(TORCH)), "weights:", "list"),
    bad(lambda: interop.from_torch("rnn", {}), "weights:", "weight_ih_l0"),
    bad(lambda: interop.from_torch("rnn", {**TORCH, 5: X}), "weights:"),
    bad(lambda: interop.from_torch("rnn", {**TORCH, "weight_ih_l0": [1]}), "weight_ih_l0:", "list"),
    bad(
        lambda: interop.from_torch("rnn", {**TORCH, "weight_hh_l0": np.zeros((3, 4))}),
        "weight_hh_l0:",
        H_AXIS,
    ),
    bad(
        lambda: interop.from_torch("rnn", {**TORCH, "bias_ih_l0": COLUMN}), "bias_ih_l0:", "1 axis"
    ),
    bad(
        lambda: interop.from_torch("rnn", {**TORCH, "bias_hh_l0": np.zeros(4)}),
        "bias_hh_l0:",
        "got 4",
    ),
    bad(
        lambda: interop.from_torch("rnn", {**TORCH, "bias_hh_l0": np.zeros(3, "f4")}),
        "bias_hh_l0:",
        "float32",
    ),
    bad(lambda: interop.to_torch(tuple(P)), "params:", "tuple"),
    # the checks and the trees themselves
    bad(lambda: shapes.check("x", X, None), "axes:"),
    bad(lambda: shapes.check("x", X, "N Q"), "axes:", "'Q'"),
    bad(lambda: shapes.check("x", X, "N D", 5), "dims:"),
    bad(lambda: shapes.check("x", X, "N D", {"D": 3}), "dims:"),
    bad(lambda: shapes.check("b", np.zeros(6), "4H"), "b:", "multiple of 4", "got 6"),
    bad(lambda: shapes.check_ids("x", IDS, "T N", None, "V"), "classes:", "'V'"),
    bad(lambda: shapes.check_same_dtype(x=5), "x:", "int"),
    bad(lambda: shapes.check_same_dtype(), "arrays:"),
    bad(lambda: shapes.check_finite("x", "a", "N"), "x:", "str"),
    bad(lambda: shapes.check_finite("x", np.array(["a"]), "N"), "x:", "numbers"),
    bad(lambda: check_x("x", X, None, {}), "axes:"),
    bad(lambda: check_cell(5), "cell:", "int"),
    bad(lambda: check_cell(RNN._replace(init=None)), "cell:"),
    bad(lambda: trees.map_arrays(np.add, P, X), "others:"),
    bad(lambda: trees.map_arrays(np.add, (X, X), (X,)), "others:"),
]


def test_there_are_many():
    assert len(CALLS) > 200


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_a_bad_call_is_named_before_anything_is_computed(number, monkeypatch):
    call, says, computes_first = CALLS[number]

    def computed(*args, **kwargs):
        raise AssertionError("computed before the arguments were checked")

    monkeypatch.setattr(ops.np, "tanh", computed)
    monkeypatch.setattr(ops.np, "exp", computed)
    for cell in (rnn, lstm, gru):
        monkeypatch.setattr(cell, "input_part", computed)
        monkeypatch.setattr(cell, "input_part_backward", computed)
    if computes_first:
        with pytest.raises(AssertionError, match="computed before"):  # else it needs no exemption
            call()
        monkeypatch.undo()
    with pytest.raises(ArgumentError) as caught:
        call()
    message = str(caught.value)
    for part in says:
        assert part in message, message
    assert "expected" in message or "should be" in message
    assert "got" in message
