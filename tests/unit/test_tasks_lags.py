"""Adding, temporal order and copy: every sequence read again, symbol by symbol."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from functools import partial

import numpy as np
import pytest

from unrolled import LSTM, ArgumentError, models, ops, tasks, train

RNG = np.random.default_rng
DRAWS = {
    "adding": tasks.adding,
    "adding_1997": tasks.adding_1997,
    "temporal_order": tasks.temporal_order,
    "order 6b": partial(tasks.temporal_order, symbols=3),
    "copying": tasks.copying,
}
FEWEST = {"adding": 2, "adding_1997": 22, "temporal_order": 10, "order 6b": 10, "copying": 1}


# --- what they have in common


@pytest.mark.parametrize("name", DRAWS)
def test_draws_come_from_the_generator_alone_and_it_moves_on(name):
    one, two = DRAWS[name](30, 5, rng=RNG(3)), DRAWS[name](30, 5, rng=RNG(3))
    for a, b in zip(one, two, strict=True):
        assert (a is None and b is None) or a.tolist() == b.tolist()
    rng = RNG(3)
    DRAWS[name](30, 5, rng=rng)
    assert DRAWS[name](30, 5, rng=rng).xs.tolist() != one.xs.tolist()


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize(
    ("T", "N", "rng", "says"),
    [
        (0, 5, RNG(0), "T: size of axis T"),
        (2.0, 5, RNG(0), "T: size of axis T"),
        (True, 5, RNG(0), "T: size of axis T"),
        (30, 0, RNG(0), "N: size of axis N"),
        (30, None, RNG(0), "N: size of axis N"),
        (30, 5, 0, "rng: expected a numpy.random.Generator"),
        (30, 5, np.random.RandomState(0), "rng: expected a numpy.random.Generator"),
    ],
)
def test_bad_sizes_and_generators(name, T, N, rng, says):
    with pytest.raises(ArgumentError, match=f"^{says}"):
        DRAWS[name](T, N, rng=rng)


@pytest.mark.parametrize("name", DRAWS)
def test_the_fewest_steps(name):
    fewest = FEWEST[name]
    batch = DRAWS[name](fewest, 3, rng=RNG(0))
    assert np.isfinite(batch.xs).all()
    if fewest > 1:
        with pytest.raises(
            ArgumentError, match=rf"^T: expected at least {fewest} steps .*, got {fewest - 1}\.$"
        ):
            DRAWS[name](fewest - 1, 3, rng=RNG(0))
    assert DRAWS[name](np.int64(fewest), np.int32(1), rng=RNG(0)).xs.shape[1] == 1


@pytest.mark.parametrize("name", ["adding_1997", "temporal_order", "order 6b"])
@pytest.mark.parametrize(("T", "longest"), [(100, 110), (29, 31), (35, 38)])
def test_lengths_go_from_t_to_a_tenth_more(name, T, longest):
    mask = DRAWS[name](T, 600, rng=RNG(1)).mask
    assert mask.dtype == np.bool_
    assert mask.shape == (longest, 600)
    assert (mask.sum(axis=0) == 1).all()
    lengths = [next(t for t in range(longest) if mask[t, n]) + 1 for n in range(600)]
    assert set(lengths) == set(range(T, longest + 1))


@pytest.mark.parametrize(
    ("name", "model", "D", "V"),
    [
        ("adding", models.Model(LSTM, "squared_error", "last"), 2, 1),
        ("adding_1997", models.Model(LSTM, "squared_error", "every"), 2, 1),
        ("temporal_order", models.Model(LSTM), 8, 4),
        ("order 6b", models.Model(LSTM), 8, 8),
        ("copying", models.Model(LSTM), 10, 9),
    ],
)
def test_a_model_is_trained_on_them_as_they_come(name, model, D, V):
    rng = RNG(5)
    batches = iter(partial(DRAWS[name], 30, 3, rng=rng), None)
    params = models.init(model, D, 2, V, rng=rng)
    fitted = train.fit(model, params, batches, train.adam(0.01), steps=2, progress=False)
    assert np.isfinite(fitted.losses).all()


# --- adding


@pytest.mark.parametrize("T", [2, 3, 9, 50])
def test_the_marked_numbers_are_added(T):
    xs, targets, mask = tasks.adding(T, 400, rng=RNG(2))
    assert (xs.shape, targets.shape, mask) == ((T, 400, 2), (400, 1), None)
    firsts, seconds = set(), set()
    for n in range(400):
        marked = [t for t in range(T) if xs[t, n, 1] == 1]
        assert len(marked) == 2
        firsts.add(marked[0])
        seconds.add(marked[1])
        assert targets[n, 0] == xs[marked[0], n, 0] + xs[marked[1], n, 0]
    assert set(xs[:, :, 1].ravel().tolist()) == ({0, 1} if T > 2 else {1})
    assert firsts == set(range(T // 2))
    assert seconds == set(range(T // 2, T))
    values = xs[:, :, 0]
    assert values.min() >= 0
    assert values.max() <= 1
    assert values.mean() == pytest.approx(0.5, abs=0.04)
    assert values.var() == pytest.approx(1 / 12, abs=0.01)


def test_the_constant_answer_to_adding():
    assert tasks.adding_constant() == pytest.approx(1 / 6, abs=1e-15)
    for marks in (1, 2, 3):
        # the k-fold sum of a fine die, convolved exactly
        die = np.full(2000, 1 / 2000)
        p = die
        for _ in range(marks - 1):
            p = np.convolve(p, die)
        faces = (np.arange(len(p)) + marks / 2) / 2000
        assert tasks.adding_constant(marks) == pytest.approx(
            (p * (faces - marks / 2) ** 2).sum(), rel=1e-6
        )
    targets = tasks.adding(8, 100_000, rng=RNG(3)).targets
    assert ((targets - 1) ** 2).mean() == pytest.approx(tasks.adding_constant(), abs=0.002)
    for marks in (0, -1, 1.5, None, True):
        with pytest.raises(ArgumentError, match=r"^marks: expected an integer"):
            tasks.adding_constant(marks)


@pytest.mark.parametrize("T", [22, 31, 100])
def test_the_pairs_of_1997(T):
    xs, targets, mask = tasks.adding_1997(T, 3000, rng=RNG(4))
    longest = T + T // 10
    assert (xs.shape, targets.shape) == ((longest, 3000, 2), (longest, 3000, 1))
    early, late, ruled = set(), set(), 0
    for n in range(3000):
        end = next(t for t in range(longest) if mask[t, n])
        values, marks = xs[:, n, 0].tolist(), xs[:, n, 1].tolist()
        assert marks[0] == marks[end] == -1
        assert not any(values[end + 1 :])
        assert not any(marks[end + 1 :])
        ones = [t for t in range(longest) if marks[t] == 1]
        assert marks.count(-1) == 2
        assert len(ones) in (1, 2)
        if len(ones) == 1:
            ruled += 1
            late.add(ones[0])
        else:
            assert ones[0] < 10
            early.add(ones[0])
            late.add(ones[1])
        assert targets[end, n, 0] == pytest.approx(0.5 + sum(values[t] for t in ones) / 4)
        assert not targets[:end, n].any()
        assert not targets[end + 1 :, n].any()
    assert early == set(range(1, min(10, T // 2 - 2)))
    assert late == set(range(1, T // 2 - 1))
    assert ruled / 3000 == pytest.approx(0.1, abs=0.02)
    inside = xs[:T, :, 0]
    assert inside.min() >= -1
    assert inside.max() <= 1
    assert inside.mean() == pytest.approx(0, abs=0.02)
    assert inside.var() == pytest.approx(1 / 3, abs=0.01)


def test_each_place_of_1997_is_as_probable_as_any_other():
    """Among those with two marks: the unordered pair of places, enumerated."""
    N, T = 20_000, 22
    marks = tasks.adding_1997(T, N, rng=RNG(5)).xs[:, :, 1] == 1
    expected = dict.fromkeys(itertools.combinations(range(1, 9 + 1), 2), 0.0)
    alone = dict.fromkeys(range(1, 10), 0.0)
    for first in range(10):
        seconds = [t for t in range(1, T // 2 - 1) if t != first]
        for second in seconds:
            share = 1 / 10 / len(seconds)
            if first:
                expected[tuple(sorted((first, second)))] += share
            else:
                alone[second] += share
    pairs = Counter(tuple(np.flatnonzero(each).tolist()) for each in marks.T)
    for places, share in {**expected, **{(t,): p for t, p in alone.items()}}.items():
        assert pairs[places] / N == pytest.approx(share, abs=5 * math.sqrt(share / N))


@pytest.mark.parametrize("p", [0, 0.1, 0.1 + 0.9 / 49, 1])
@pytest.mark.parametrize("tolerance", [0.04, 0.2])
def test_the_constant_answer_to_1997(p, tolerance):
    """Against sums over a fine grid of both numbers."""
    x = (np.arange(1600) + 0.5) / 800 - 1
    scores = []
    for off in (np.abs(x[:, None] + x) / 4, np.abs(x) / 4):
        scores.append([(off**2).mean(), off.mean(), (off < tolerance).mean()])
    both, one = np.array(scores)
    constant = tasks.adding_1997_constant(p, tolerance)
    assert tuple(constant) == pytest.approx(tuple((1 - p) * both + p * one), abs=2e-4)
    assert constant._fields == ("squared", "absolute", "right")


def test_the_printed_figures_of_1997():
    plain = tasks.adding_1997_constant(0)
    assert plain.squared == pytest.approx(1 / 24)
    assert plain.absolute == pytest.approx(1 / 6)
    assert round(100 * plain.right, 1) == 15.4
    ruled = tasks.adding_1997_constant()
    assert round(ruled.squared, 4) == 0.0396
    batch = tasks.adding_1997(22, 30_000, rng=RNG(6))
    off = np.abs(batch.targets[batch.mask][:, 0] - 0.5)
    assert tuple(ruled) == pytest.approx(
        ((off**2).mean(), off.mean(), (off < 0.04).mean()), abs=0.006
    )
    assert ruled.squared == pytest.approx((off**2).mean(), abs=1e-3)


@pytest.mark.parametrize("p", [-0.1, 1.1, None, "0", True, math.nan])
def test_no_probability(p):
    with pytest.raises(ArgumentError, match=r"^first_pair: expected a probability"):
        tasks.adding_1997_constant(p)


@pytest.mark.parametrize("tolerance", [0, 0.25, -1, None, math.nan])
def test_no_tolerance(tolerance):
    with pytest.raises(ArgumentError, match=r"^tolerance: expected a positive number below 0\.25"):
        tasks.adding_1997_constant(0.1, tolerance)


# --- temporal order

PUBLISHED = {2: [(10, 20), (50, 60)], 3: [(10, 20), (33, 43), (66, 76)]}


@pytest.mark.parametrize("symbols", [2, 3])
@pytest.mark.parametrize(
    ("T", "places"),
    [
        (100, PUBLISHED),
        (10, {2: [(2, 2), (5, 6)], 3: [(2, 2), (3, 4), (6, 7)]}),
        (99, {2: [(9, 19), (49, 59)], 3: [(9, 19), (32, 42), (65, 75)]}),
        (37, {2: [(3, 7), (18, 22)], 3: [(3, 7), (12, 15), (24, 28)]}),
    ],
)
def test_the_symbols_stand_in_their_places(symbols, T, places):
    xs, targets, mask = tasks.temporal_order(T, 1500, rng=RNG(7), symbols=symbols)
    longest = T + T // 10
    assert xs.shape == targets.shape == (longest, 1500)
    found = [set() for _ in range(symbols)]
    for n in range(1500):
        end = next(t for t in range(longest) if mask[t, n])
        read = "".join(tasks.ORDER_SYMBOLS[i] for i in xs[:, n])
        assert read[0] == "E"
        assert set(read[end:]) == {"B"}
        steps = [t for t in range(longest) if read[t] in "XY"]
        assert len(steps) == symbols
        assert set(read[1:end]) <= set("XYabcd")
        for which, t in enumerate(steps):
            found[which].add(t + 1)
        word = "".join(read[t] for t in steps)
        classes = ["".join(each) for each in itertools.product("XY", repeat=symbols)]
        assert set(targets[:, n].tolist()) == {classes.index(word)}
    assert found == [set(range(low, high + 1)) for low, high in places[symbols]]
    assert set(targets.ravel().tolist()) == set(range(2**symbols))
    others = xs[(xs >= 2) & (xs < 6)]
    assert np.bincount(others)[2:] / len(others) == pytest.approx([0.25] * 4, abs=0.03)


def test_two_symbols_are_the_default():
    two = tasks.temporal_order(20, 4, rng=RNG(0), symbols=2)
    assert tasks.temporal_order(20, 4, rng=RNG(0)).xs.tolist() == two.xs.tolist()
    for symbols in (1, 4, 2.0, "2", None, True, [2]):
        with pytest.raises(ArgumentError, match=r"^symbols: expected 2 or 3, got"):
            tasks.temporal_order(20, 4, rng=RNG(0), symbols=symbols)


def test_what_is_handed_out_can_be_written_to():
    batch = tasks.temporal_order(20, 4, rng=RNG(0))
    before = batch.targets[1].tolist()
    batch.targets[0] = 7
    assert batch.targets[1].tolist() == before


# --- copy


@pytest.mark.parametrize("T", [1, 2, 30])
def test_ten_symbols_come_back(T):
    xs, targets, mask = tasks.copying(T, 300, rng=RNG(8))
    assert xs.shape == targets.shape == (T + 20, 300)
    assert mask is None
    for n in range(300):
        symbols = xs[:10, n].tolist()
        assert xs[:, n].tolist() == symbols + [8] * (T - 1) + [9] + [8] * 10
        assert targets[:, n].tolist() == [8] * (T + 10) + symbols
    shares = np.bincount(xs[:10].ravel()) / 3000
    assert shares == pytest.approx([1 / 8] * 8, abs=0.03)


@pytest.mark.parametrize("T", [1, 7, 100])
def test_what_copying_without_memory_costs(T):
    """Scored by the package's own loss: sure of the blanks, eight ways undecided at the end."""
    _, targets, _ = tasks.copying(T, 11, rng=RNG(9))
    logits = np.full((T + 20, 11, 9), -1e3)
    logits[:-10, :, 8] = 0
    logits[-10:, :, :8] = 0
    whole = float(ops.softmax_cross_entropy(logits, targets))
    assert tasks.copying_baseline(T) == pytest.approx(whole / (T + 20), rel=1e-12)
    assert tasks.copying_baseline(T) == pytest.approx(10 * math.log(8) / (T + 20), rel=1e-15)
    for bad in (0, 1.5, None):
        with pytest.raises(ArgumentError, match=r"^T: size of axis T"):
            tasks.copying_baseline(bad)


# --- streams that begin in the middle


@pytest.mark.parametrize("start", [0, 1, 5, 23, np.int64(4)])
def test_a_stream_goes_on_at_any_window(start):
    ids = np.arange(31)
    whole = itertools.islice(tasks.streams(ids, 4, 3), int(start), int(start) + 12)
    part = tasks.streams(ids, 4, 3, start=start)
    for (xs, targets), (x, y) in zip(whole, part, strict=False):
        assert xs.tolist() == x.tolist()
        assert targets.tolist() == y.tolist()


def test_a_window_number_may_be_huge():
    ids = np.arange(31)
    places = next(tasks.streams(ids, 4, 3, start=31 * 10**20))[0]
    assert places.tolist() == next(tasks.streams(ids, 4, 3))[0].tolist()


@pytest.mark.parametrize("start", [-1, 1.0, None, "1", True])
def test_no_window(start):
    with pytest.raises(ArgumentError, match=r"^start: expected the number of a window, 0 or more"):
        tasks.streams(np.arange(31), 4, 3, start=start)
