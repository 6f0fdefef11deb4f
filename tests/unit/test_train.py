"""Optimisers, the loop, bits per character and sampling."""

from __future__ import annotations

import builtins
import functools
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


def test_a_rate_may_be_a_function_of_the_step():
    p, gradients = np.array([1.0]), np.random.default_rng(0).normal(size=6)
    asked = []

    def rate(step):
        asked.append(step)
        return 0.1 / (1 + step)

    falling = train.adam(rate)
    array, memory = p, falling.init(p)
    other, beside = p, falling.init(p)
    for step, g in enumerate(gradients):
        array, memory = falling.update(array, np.array([g]), memory)
        other, beside = train.adam(0.1 / (1 + step)).update(other, np.array([g]), beside)
        same_bytes(array, other)
    assert asked == [0, 1, 2, 3, 4, 5]
    assert falling.name.startswith("Adam ")
    assert "rate" in falling.name
    assert train.adam().name == "Adam 0.001"
    assert train.adam(0.1, square_decay=0.99).name == "Adam 0.1 (0.9, 0.99, 1e-08)"
    assert "0x" not in falling.name  # an address would differ when a run is resumed

    class Falling:
        def __call__(self, step):
            return 0.1

    for unnamed in (Falling(), functools.partial(rate)):
        with pytest.raises(ArgumentError, match=r"^rate: expected a function with a name, .* got"):
            train.adam(unnamed)
    assert train.adam(Falling().__call__).name.endswith("Falling.__call__")
    for bad in (lambda step: 0.0, lambda step: np.inf, lambda step: None):
        with pytest.raises(ArgumentError, match="rate: expected"):
            train.adam(bad).update(p, p, train.adam().init(p))


def test_a_straight_way_from_one_rate_to_another():
    rate = train.linear_decay(0.8, 0.2, 3)
    agree([rate(step) for step in range(6)], [0.8, 0.6, 0.4, 0.2, 0.2, 0.2], 1e-15)
    agree([train.linear_decay(1, 3, 1)(step) for step in range(3)], [1, 3, 3], 0)
    assert train.adam(rate).name == "Adam LinearDecay(first=0.8, last=0.2, steps=3)"
    for arguments in ((0, 1, 1), (1, -1, 1), (np.inf, 1, 1), (1, 1, 0), (1, 1, 1.5), (1, None, 1)):
        with pytest.raises(ArgumentError, match=r"(first|last|steps): expected"):
            train.linear_decay(*arguments)


def test_averaging_changes_no_step_and_judges_the_mean():
    gradients = np.random.default_rng(3).normal(size=(5, 2))
    plain, quiet = train.adam(0.3), train.averaged(train.adam(0.3), 0.75)
    p = q = np.array([1.0, -2.0])
    memory, beside = plain.init(p), quiet.init(q)
    same_bytes(quiet.judged(q, beside), q)
    seen = []
    for step, g in enumerate(gradients, 1):
        p, memory = plain.update(p, g, memory)
        before = map_arrays(np.copy, beside.mean)
        q, after = quiet.update(q, g, beside)
        same_bytes(beside.mean, before)
        beside = after
        same_bytes(q, p)
        seen.append(p)
        weights = [0.75 ** (step - k) for k in range(1, step + 1)]
        mean = sum(w * s for w, s in zip(weights, seen, strict=True)) / sum(weights)
        agree(quiet.judged(q, beside), mean, 1e-14)
    assert beside.steps == 5
    same_bytes(beside.inner, memory)
    same_bytes(plain.judged(p, memory), p)
    assert quiet.name == "Adam 0.3, averaged 0.75"
    for decay in (0, 1.0, -1, None, "a"):
        with pytest.raises(ArgumentError, match="decay: expected"):
            train.averaged(plain, decay)
    with pytest.raises(ArgumentError, match="optimiser: expected"):
        train.averaged(5)
    with pytest.raises(ArgumentError, match=r"memory: expected the AveragedMemory .* AdamMemory"):
        quiet.update(p, p, memory)
    with pytest.raises(ArgumentError, match=r"memory\.mean"):
        quiet.update(p, p, beside._replace(mean=np.zeros(3)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_adam_on_arrays_of_any_layout(dtype):
    rng = np.random.default_rng(0)
    p = np.asfortranarray(rng.normal(size=(3, 4)).astype(dtype))
    g = rng.normal(size=(8, 3)).astype(dtype).T[:, ::2]
    for array in (p, g):
        array.flags.writeable = False
    memory = train.adam().init(p)
    stepped, memory = train.adam().update(p, g, memory)
    stepped, memory = train.adam().update(stepped, g, memory)
    flat, beside = p.ravel(), train.adam().init(p.ravel())
    for _ in range(2):
        flat, beside = train.adam().update(flat, g.ravel(), beside)
    same_bytes(stepped.ravel(), flat)
    assert stepped.dtype == dtype


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1)])
@pytest.mark.parametrize(
    "make", [train.sgd, train.adam, lambda rate: train.averaged(train.adam(rate))]
)
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


def test_clipping_takes_complex_numbers_and_huge_ones():
    g = (np.array([3.0 + 4.0j]), np.array([[12.0j]]))
    agree(train.clip_by_global_norm(g, 6.5), map_arrays(lambda a: a / 2, g), 1e-15)
    huge = (np.full(2, 1e38, np.float32), np.full(3, 1e38, np.float32))
    agree(train.clip_by_global_norm(huge, 1.0), map_arrays(lambda a: a / 1e38 / 5**0.5, huge), 1e-6)
    nothing = (np.zeros(3), np.zeros((1, 1), np.float32))
    same_bytes(train.clip_by_global_norm(nothing, 1.0), nothing)
    for bad in (np.inf, np.nan):  # the next loss will tell
        assert np.isnan(train.clip_by_global_norm((np.array([bad, 1.0]),), 1.0)[0]).any()


def test_optimisers_made_here_refuse_too():
    X, column = np.zeros((3, 3)), np.zeros((3, 1))
    for optimiser in (train.sgd(0.1), train.adam(), train.averaged(train.sgd(0.1))):
        memory = optimiser.init(X)
        with pytest.raises(ArgumentError, match=r"gradients: expected shape \(3, 3\)"):
            optimiser.update(X, column, memory)
    for bad in ({"square_decay": 1.0}, {"mean_decay": 1.5}, {"eps": 0}, {"square_decay": 1.5}):
        with pytest.raises(ArgumentError, match=f"{next(iter(bad))}: expected a positive number"):
            train.adam(**bad)


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
            shown.append((list(steps), kwargs))
            return steps

    def fake(name, *args, **kwargs):
        if name == "tqdm":
            if with_tqdm:
                return Module
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fake)
    train.fit(MODEL, fresh(), [WORD[:2]] * 95, train.sgd(0.1), steps=95)
    bar = {"initial": 0, "total": 95, "unit": "step", "leave": False}
    assert shown == ([(list(range(95)), bar)] if with_tqdm else [])
    told = [] if with_tqdm else [f"step {k} of 95" for k in range(9, 95, 9)]
    assert capsys.readouterr().err.splitlines() == told


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


def test_complex_weights_are_judged_by_their_real_score():
    params, ids = fresh(), np.array([0, 2, 1, 3, 3])
    wide = map_arrays(lambda a: a.astype(complex), params)
    judged = train.bits_per_character(MODEL, wide, ids)
    agree(judged, train.bits_per_character(MODEL, params, ids), 1e-14)


def test_a_prompt_is_of_the_vocabulary():
    with pytest.raises(ArgumentError, match=r"prompt: token id .* from 0 to 3 \(V, classes"):
        train.sample(MODEL, fresh(), np.array([5]), 2, rng=np.random.default_rng(0))
    default = train.sample(MODEL, fresh(), np.array([1]), 20, rng=np.random.default_rng(0))
    one = train.sample(
        MODEL, fresh(), np.array([1]), 20, rng=np.random.default_rng(0), temperature=1.0
    )
    assert default.tolist() == one.tolist()


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
