"""The connectivity of a prediction, by the complex step and by what must be zero."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import GRU, LSTM, RNN, models
from unrolled.analysis.connectivity import connectivity
from unrolled.cells.peephole import PeepholeLSTM
from unrolled.models import Model
from unrolled.shapes import ArgumentError, DTypeError
from unrolled.trees import map_arrays

RNG = np.random.default_rng
SPELLER = Model(LSTM)


def log_p(model, params, xs, target, t):
    logits = models.forward(model, params, xs).outputs[t, 0]
    return logits[target] - np.log(np.exp(logits).sum())


def by_complex_step(model, params, ids):
    T, V = len(ids) - 1, params.Wy.shape[1]
    params = map_arrays(lambda a: a.astype(np.complex128), params)
    xs = np.eye(V, dtype=np.complex128)[ids[:-1], None]
    sizes = np.zeros((T, T))
    for t in range(T):
        for k in range(T):
            slopes = np.zeros(V)
            for direction in range(V):
                moved = xs.copy()
                moved[k, 0, direction] += 1e-30j
                slopes[direction] = log_p(model, params, moved, ids[t + 1], t).imag / 1e-30
            sizes[t, k] = np.sqrt((slopes**2).sum())
    return sizes


@pytest.mark.parametrize("cell", [RNN, LSTM, GRU, PeepholeLSTM], ids=lambda cell: cell.name)
@pytest.mark.parametrize(("T", "H", "V"), [(1, 1, 1), (1, 3, 4), (5, 4, 3)])
def test_equals_the_complex_step(cell, T, H, V):
    rng = RNG(3)
    model = Model(cell)
    params = models.init(model, V, H, V, rng=rng)
    params = params._replace(Wy=rng.normal(size=(H, V)), by=rng.normal(size=V))
    ids = rng.integers(0, V, T + 1)

    got = connectivity(model, params, ids)

    assert got == pytest.approx(by_complex_step(model, params, ids), abs=1e-12)
    assert not np.triu(got, 1).any()


def test_a_prediction_knows_nothing_of_what_comes_later_or_in_longer_texts():
    params = models.init(SPELLER, 5, 6, 5, rng=RNG(0), dtype=np.float32)
    ids = RNG(1).integers(0, 5, 13)
    whole = connectivity(SPELLER, params, ids)
    assert whole.shape == (12, 12)
    assert whole.dtype == np.float32
    assert connectivity(SPELLER, params, ids[:8]) == pytest.approx(whole[:7, :7], rel=1e-4)


def test_a_network_that_forgets_depends_on_the_last_character_alone():
    params = models.init(Model(RNN), 3, 4, 3, rng=RNG(0))
    cell = params.cell._replace(Wh=np.zeros((4, 4)))
    sizes = connectivity(Model(RNN), params._replace(cell=cell), np.array([0, 1, 2, 1, 0]))
    assert np.diag(sizes).all()
    assert not (sizes - np.diag(np.diag(sizes))).any()


@pytest.mark.parametrize(
    ("model", "ids", "error", "says"),
    [
        (SPELLER, np.array([0]), ArgumentError, "nothing follows"),
        (SPELLER, np.array([0, 3]), ArgumentError, "token id at T index 1"),
        (SPELLER, [0, 1], DTypeError, "^ids:"),
        (Model(LSTM, "cross_entropy", "last"), np.array([0, 1]), ArgumentError, "'every' step"),
        (Model(LSTM, "squared_error"), np.array([0, 1]), ArgumentError, "'cross_entropy'"),
    ],
)
def test_bad_arguments_are_refused(model, ids, error, says):
    params = models.init(SPELLER, 3, 2, 3, rng=RNG(0))
    with pytest.raises(error, match=says):
        connectivity(model, params, ids)


def test_inputs_that_are_not_the_characters_are_refused():
    params = models.init(SPELLER, 4, 2, 3, rng=RNG(0))
    with pytest.raises(ArgumentError, match=r"^params: expected as many .* got 4 and 3\.$"):
        connectivity(SPELLER, params, np.array([0, 1]))
