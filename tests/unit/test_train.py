"""Optimisers, the loop, bits per character and sampling."""

from __future__ import annotations

import builtins
import itertools
import math

import numpy as np
import pytest
from oracle.agree import agree, gap, same_bytes

from unrolled import RNN, ArgumentError, models, tasks, train
from unrolled.models import Model
from unrolled.trees import map_arrays, named_arrays

MODEL = Model(RNN)
WORD = tasks.hello()


def fresh(V=4, H=8, dtype=np.float64, seed=0):
    return models.init(MODEL, V, H, V, rng=np.random.default_rng(seed), dtype=dtype)


def forever(pair):
    while True:
        yield pair


def test_sgd_steps_against_the_gradient():
    p, g = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    stepped, memory = train.sgd(0.1).update(p, g, None)
    agree(stepped, [0.95, 2.1], 1e-15)
    assert memory is None
    assert train.sgd(0.1).init(p) is None


def test_adam_as_the_paper_writes_it():
    rng = np.random.default_rng(1)
    p = start = float(rng.normal())
    m = v = 0.0
    optimiser = train.adam()
    array, memory = np.array([start]), optimiser.init(np.array([start]))
    for t in range(1, 8):
        g = float(rng.normal())
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        p -= 0.001 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
        array, memory = optimiser.update(array, np.array([g]), memory)
        agree(array, [p], 1e-14)
    assert memory.steps == 7


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1)])
@pytest.mark.parametrize("make", [train.sgd, train.adam])
def test_optimisers_keep_float32_and_their_arguments(make, rate):
    params = fresh(dtype=np.float32)
    gradients = map_arrays(np.ones_like, params)
    optimiser = make(rate)
    memory = optimiser.init(params)
    before = map_arrays(np.copy, (params, gradients))
    for _ in range(2):
        stepped, memory = optimiser.update(params, gradients, memory)
    assert {a.dtype for _, a in named_arrays(stepped)} == {np.dtype(np.float32)}
    same_bytes((params, gradients), before)
    assert type(stepped) is type(params)


def test_clipping_shortens_and_never_turns():
    g = (np.array([3.0]), np.array([[4.0]]))
    agree(train.clip_by_global_norm(g, 1.0), (np.array([0.6]), np.array([[0.8]])), 1e-15)
    agree(train.clip_by_global_norm(g, 5.0), g, 0)
    assert train.clip_by_global_norm(g, 5.1) is g
    assert train.clip_by_global_norm(g, np.inf) is g
    small = train.clip_by_global_norm((np.full(4, 1e10, np.float32),), 1e-3)
    assert small[0].dtype == np.float32
    agree(np.linalg.norm(small[0]), 1e-3, 1e-6)


@pytest.mark.parametrize("optimiser", [train.sgd(0.5), train.adam(0.05)], ids=lambda o: o.name)
def test_hello_is_learned(optimiser):
    params = fresh()
    before = map_arrays(np.copy, params)
    done = train.fit(
        MODEL, params, forever(WORD[:2]), optimiser, steps=150, clip=5.0, progress=False
    )
    same_bytes(params, before)
    assert done.losses.shape == (150,)
    agree(done.losses[0], models.loss(MODEL, params, *WORD[:2]), 0)
    assert done.losses[-1] < 0.05 * done.losses[0]
    out = models.forward(MODEL, done.params, WORD.inputs).outputs
    assert WORD.vocabulary.decode(out.argmax(-1)[:, 0]) == "ELLO"
    more = train.fit(MODEL, done.params, [WORD[:2]] * 3, optimiser, steps=3, memory=done.memory,
                     progress=False)  # fmt: skip
    whole = train.fit(
        MODEL, params, forever(WORD[:2]), optimiser, steps=153, clip=5.0, progress=False
    )
    agree(whole.losses[-1], more.losses[-1])


def test_clip_is_used():
    def fit(clip):
        return train.fit(
            MODEL, fresh(), [WORD[:2]], train.sgd(1.0), steps=1, clip=clip, progress=False
        )

    moved = map_arrays(np.subtract, fit(0.01).params, fresh())
    agree(math.sqrt(sum((a**2).sum() for _, a in named_arrays(moved))), 0.01)
    assert gap(fit(None).params, fit(0.01).params) > 0.01


def test_a_loss_that_is_no_number_names_the_step():
    with pytest.raises(
        ArgumentError, match=r"loss: expected a finite number, got .* at step [1-9]"
    ):
        train.fit(MODEL, fresh(), forever(WORD[:2]), train.sgd(1e308), steps=20, progress=False)


@pytest.mark.parametrize("with_tqdm", [True, False])
def test_progress(with_tqdm, monkeypatch, capsys):
    real = builtins.__import__
    shown = []

    class Module:
        @staticmethod
        def tqdm(steps, **kwargs):
            shown.append(len(steps))
            return steps

    def fake(name, *args, **kwargs):
        if name == "tqdm":
            if with_tqdm:
                return Module
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fake)
    train.fit(MODEL, fresh(), [WORD[:2]] * 20, train.sgd(0.1), steps=20)
    assert shown == ([20] if with_tqdm else [])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (0 if with_tqdm else 10)
    if lines:
        assert lines[-1] == "step 20 of 20"


@pytest.mark.parametrize("length", [2, 3, 17])
def test_bits_per_character_is_the_mean_of_minus_log2_p(length):
    params, ids = fresh(), np.random.default_rng(0).integers(0, 4, length)
    state, bits = RNN.zero_state(params.cell, 1), 0.0
    for now, after in itertools.pairwise(ids):
        state, _ = RNN.step(params.cell, np.array([now]), state)
        e = np.exp(state.h[0] @ params.Wy + params.by)
        bits -= math.log2(e[after] / e.sum())
    for window in (1, 2, 3, 5, length - 1, length, 200):
        agree(train.bits_per_character(MODEL, params, ids, window), bits / (length - 1))
    agree(train.bits_per_character(MODEL, params, ids), bits / (length - 1))
    uniform = map_arrays(np.zeros_like, params)
    agree(train.bits_per_character(MODEL, uniform, ids), 2.0)


@pytest.mark.parametrize("window", [1, 200])
def test_weights_of_nan_are_refused_a_score_whatever_the_window(window):
    broken = map_arrays(lambda a: np.full_like(a, np.nan), fresh())
    with pytest.raises(ArgumentError, match=r"params: expected .* a score, got nan"):
        train.bits_per_character(MODEL, broken, np.array([0, 1, 2, 3]), window)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_give_no_finite_logits_write_nothing(bad):
    params = fresh()
    broken = params._replace(by=np.array([0, 0, bad, 0]))
    with pytest.raises(ArgumentError, match=r"params: expected .* finite logits, got (nan|inf)"):
        train.sample(MODEL, broken, np.array([0]), 2, rng=np.random.default_rng(0))
    never = params._replace(by=np.array([0, 0, -np.inf, 0]))
    assert 2 not in train.sample(MODEL, never, np.array([0]), 50, rng=np.random.default_rng(0))


def write(temperature=1.0, seed=0, length=30, dtype=np.float64):
    return train.sample(
        MODEL, map_arrays(lambda a: (3 * a).astype(dtype), fresh()), np.array([0, 2]), length,
        rng=np.random.default_rng(seed), temperature=temperature,
    )  # fmt: skip


def test_sampling():
    assert write().tolist() == write().tolist()
    assert write().tolist() != write(seed=1).tolist()
    assert write().dtype == np.int64
    assert write(length=1).shape == (1,)
    coldest = write(1e-9)
    for seed, temperature in ((0, 5e-324), (7, 1e-300), (8, 1e-12)):
        assert write(temperature, seed).tolist() == coldest.tolist()
    hot = np.bincount(write(np.inf, length=2000), minlength=4) / 2000
    agree(hot, np.full(4, 0.25), 0.05)
    assert write(dtype=np.complex128).tolist() == write().tolist()


def test_the_coldest_sample_takes_the_likeliest_and_feeds_it_back():
    params = map_arrays(lambda a: 3 * a, fresh())
    run = models.forward(MODEL, params, np.array([[0], [2]]))
    for written in write(1e-9, length=6):
        assert written == run.outputs[-1, 0].argmax()
        run = models.forward(MODEL, params, np.array([[written]]), state0=run.state_T)


def test_global_randomness_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002
    write()
    train.fit(MODEL, fresh(), [WORD[:2]], train.adam(), steps=1, progress=False)
    next(tasks.windows(np.arange(9), 2, 2, rng=np.random.default_rng(0)))
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
