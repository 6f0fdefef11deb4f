"""Steps with some recurrent weights missing: an optimiser around another one."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import LSTM, models, train
from unrolled.characters import dropped
from unrolled.models import Model
from unrolled.shapes import ArgumentError
from unrolled.trees import map_arrays

RNG = np.random.default_rng
MODEL = Model(LSTM)


def start(dtype=np.float64):
    params = models.init(MODEL, 4, 20, 4, rng=RNG(0), dtype=dtype)
    return params, map_arrays(lambda a: RNG(1).normal(size=a.shape).astype(dtype), params)


def test_the_share_is_missing_and_the_rest_is_raised():
    params, gradients = start()
    optimiser = dropped(train.sgd(0.1), 0.25, seed=3)
    memory = optimiser.init(params)
    seen = np.zeros(params.cell.Wh.shape)
    for step in range(1, 201):
        given, memory = optimiser.update(params, map_arrays(np.zeros_like, gradients), memory)
        ratio = given.cell.Wh / params.cell.Wh
        assert ((ratio == 0) | (np.abs(ratio - 4 / 3) < 1e-12)).all()
        assert memory.steps == step
        seen += ratio == 0
        assert optimiser.judged(given, memory).cell.Wh.tolist() == params.cell.Wh.tolist()
        for name in ("Wx", "b"):
            assert getattr(given.cell, name) is getattr(memory.whole.cell, name)
    assert seen.mean() / 200 == pytest.approx(0.25, abs=0.003)
    assert seen.min() > 20  # never the same ones for long
    assert seen.max() < 85


def test_the_gradient_of_what_was_missing_is_zero():
    """By the chain rule: the step's weights are the whole ones times the mask."""
    params, gradients = start()
    optimiser = dropped(train.sgd(1.0), 0.5)
    given, memory = optimiser.update(params, gradients, optimiser.init(params))
    assert memory.whole.cell.Wh == pytest.approx(params.cell.Wh - gradients.cell.Wh)  # all there
    mask = given.cell.Wh / memory.whole.cell.Wh
    _, after = optimiser.update(given, gradients, memory)
    assert after.whole.cell.Wh == pytest.approx(memory.whole.cell.Wh - mask * gradients.cell.Wh)
    assert after.whole.Wy == pytest.approx(params.Wy - 2 * gradients.Wy)


def test_no_share_is_the_optimiser_itself():
    params, gradients = start(np.float32)
    one, two = train.adam(0.1), dropped(train.adam(0.1), 0.0)
    with_seed = [dropped(train.sgd(0.1), 0.5, *seed) for seed in ((), (0,), (1,))]
    drawn = [each.update(params, gradients, each.init(params))[0].cell.Wh for each in with_seed]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    (p, m), (q, n) = (params, one.init(params)), (params, two.init(params))
    for _ in range(3):
        (p, m), (q, n) = one.update(p, gradients, m), two.update(q, gradients, n)
    assert (p.cell.Wh == q.cell.Wh).all()
    assert (p.by == q.by).all()
    assert q.cell.Wh.dtype == np.float32


def test_what_is_judged_is_the_inner_one_s():
    params, gradients = start()
    inner = train.averaged(train.sgd(0.1), 0.5)
    optimiser = dropped(inner, 0.5)
    p, m = params, inner.init(params)
    q, n = params, optimiser.init(params)
    p, m = inner.update(p, gradients, m)
    q, n = optimiser.update(q, gradients, n)
    assert (optimiser.judged(q, n).cell.Wh == inner.judged(p, m).cell.Wh).all()
    assert optimiser.name == "SGD 0.1, averaged 0.5, dropping 0.5"


def test_what_is_no_optimiser_seed_or_memory_is_refused():
    params, gradients = start()
    with pytest.raises(ArgumentError, match=r"^optimiser: expected sgd"):
        dropped("adam", 0.5)
    for seed in (-1, True, 1.5, None):
        with pytest.raises(ArgumentError, match=r"^seed: expected an integer of at least 0"):
            dropped(train.sgd(0.1), 0.5, seed=seed)
    optimiser = dropped(train.adam(0.1), 0.5)
    for memory in (None, train.adam(0.1).init(params)):
        with pytest.raises(ArgumentError, match=r"^memory: expected the DroppedMemory .* got"):
            optimiser.update(params, gradients, memory)
    for bare in (params.cell, {"Wh": params.cell.Wh}):
        with pytest.raises(ArgumentError, match=r"^params: expected those of a model whose cell"):
            optimiser.init(bare)
    smaller = models.init(MODEL, 4, 3, 4, rng=RNG(0))
    with pytest.raises(ArgumentError, match=r"^memory\.whole"):
        optimiser.update(params, gradients, optimiser.init(smaller))
    with pytest.raises(ArgumentError, match=r"^gradients"):
        optimiser.update(params, smaller, optimiser.init(params))


@pytest.mark.parametrize("share", [1, -0.1, True, "half"])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ArgumentError, match=r"^share: expected a share from 0 to below 1"):
        dropped(train.sgd(0.1), share)
