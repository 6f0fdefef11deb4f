"""Truncated BPTT: exactly the kept terms, the state carried, memory flat in the length."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from contract.cells import draw
from oracle.agree import agree, same_bytes

from unrolled import (
    GRU,
    LSTM,
    RNN,
    ArgumentError,
    DTypeError,
    Hidden,
    ShapeError,
    models,
    tasks,
    train,
    unroll,
    unroll_backward,
)
from unrolled.models import Model
from unrolled.sequence import Window, truncated, window_backward, windows
from unrolled.trees import map_arrays, named_arrays

CELLS = (RNN, LSTM, GRU)
CASES = ((1, None), (2, None), (3, None), (7, None), (9, None), (2, 1), (3, 2), (5, 2), (7, 3))
SIZES = (7, 2, 3, 2)
EVERY = Model(RNN)


def keeps(t, k, length, stride):
    """Whether loss t reaches use k, both counted from 1, by the windows one by one."""
    stride = stride or length
    end = stride
    while end < t:
        end += stride
    return end - length < k <= t


def by_untied_weights(cell, case, length, stride):
    """Give each step weights of its own, and add what each kept loss makes of each of them."""
    T = len(case.xs)
    total = map_arrays(np.zeros_like, case.params)
    for k in range(T):
        for name, array in named_arrays(case.params):
            for index in np.ndindex(array.shape):
                nudged = map_arrays(lambda a: a.astype(complex), case.params)
                getattr(nudged, name)[index] += 1e-30j
                plain = map_arrays(lambda a: a.astype(complex), case.params)
                state = map_arrays(lambda a: a.astype(complex), case.state0)
                for t in range(T):
                    here = nudged if t == k else plain
                    state, _ = cell.step(here, case.xs[t].astype(complex), state)
                    if keeps(t + 1, k + 1, length, stride):
                        slope = (case.dhs[t] * state.h).sum().imag / 1e-30
                        getattr(total, name)[index] += slope
    return total


def dhs_from(dhs):
    return lambda window: dhs[window.start : window.start + len(window.hs)]


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize(("length", "stride"), [(3, None), (3, 2), (4, 1)])
def test_truncation_is_the_sum_of_its_kept_terms(cell, length, stride):
    case = draw(cell, (5, 2, 1, 2))
    got = truncated(
        cell, case.params, case.xs, dhs_from(case.dhs), length=length, stride=stride,
        state0=case.state0,
    )  # fmt: skip
    agree(got.dparams, by_untied_weights(cell, case, length, stride), 1e-12)


@pytest.mark.parametrize(("length", "stride"), CASES)
def test_every_length_and_stride_keeps_what_the_rule_says(length, stride):
    case = draw(RNN, SIZES)
    got = truncated(
        RNN, case.params, case.xs, dhs_from(case.dhs), length=length, stride=stride,
        state0=case.state0,
    )  # fmt: skip
    _, _, tape = unroll(RNN, case.params, case.xs, case.state0)
    total, total0 = map_arrays(np.zeros_like, case.params), np.zeros((2, 2))
    for t in range(7):  # one loss at a time, carried back as far as the rule lets it
        dstate = Hidden(case.dhs[t])
        for k in reversed(range(t + 1)):
            if not keeps(t + 1, k + 1, length, stride):
                break
            _, dstate, dparams = RNN.step_backward(dstate, tape.caches[k])
            total = map_arrays(np.add, total, dparams)
        else:
            if keeps(t + 1, 1, length, stride):
                total0 = total0 + dstate.h
    agree(got.dparams, total, 1e-13)
    agree(got.dstate0.h, total0, 1e-13)
    same_bytes(got.state_T, Hidden(tape.hs[-1]))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_a_window_of_the_whole_sequence_is_bptt(cell, tokens, dtype):
    case = draw(cell, SIZES, tokens=tokens, dtype=dtype)
    before = map_arrays(np.copy, tuple(case))
    for length, stride in ((7, None), (8, None), (7, 1), (7, 7), (100, 25)):
        got = truncated(
            cell, case.params, case.xs, dhs_from(case.dhs), length=length, stride=stride,
            state0=case.state0,
        )  # fmt: skip
        _, state_T, tape = unroll(cell, case.params, case.xs, case.state0)
        _, dstate0, dparams = unroll_backward(cell, case.dhs, None, tape)
        agree(got, (dparams, dstate0, state_T), 1e-5 if dtype is np.float32 else 1e-13)
        assert {a.dtype for _, a in named_arrays(got)} == {np.dtype(dtype)}
    same_bytes(tuple(case), before)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
@pytest.mark.parametrize(("length", "stride"), CASES)
def test_values_flow_through_every_window(cell, length, stride):
    case = draw(cell, SIZES)
    hs, state_T, tape = unroll(cell, case.params, case.xs, case.state0)
    seen = list(
        windows(cell, case.params, case.xs, length=length, stride=stride, state0=case.state0)
    )
    step = stride or length
    assert [each.start for each in seen] == list(range(0, 7, step))
    same_bytes(np.concatenate([each.hs for each in seen]), hs)
    same_bytes(seen[-1].state, state_T)
    for each in seen:
        first, last = max(0, each.start + step - length), each.start + len(each.hs)
        same_bytes(each.tape.hs, hs[first:last])
        same_bytes(each.tape.caches, tape.caches[first:last])
        assert each.tape[:2] == (cell, case.params)
        assert each.reaches_state0 == (first == 0)


def test_left_out_the_first_state_is_zero():
    case = draw(RNN, SIZES)
    one = truncated(RNN, case.params, case.xs, dhs_from(case.dhs), length=3)
    two = truncated(
        RNN, case.params, case.xs, dhs_from(case.dhs), length=3, state0=Hidden(np.zeros((2, 2)))
    )
    same_bytes(one, two)


@pytest.mark.parametrize("stride", [None, 1, 3])
def test_a_window_holds_no_more_than_its_length(stride):
    case = draw(RNN, SIZES)
    xs = np.concatenate([case.xs] * 5)
    lengths = [
        len(each.tape.caches) for each in windows(RNN, case.params, xs, length=5, stride=stride)
    ]
    assert max(lengths) == 5


def peak(work):
    tracemalloc.start()
    work()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return held


def test_memory_is_flat_in_the_length_of_the_stream():
    model = Model(RNN, "squared_error")
    params = models.init(model, 1, 32, 1, rng=np.random.default_rng(0))
    xs = np.random.default_rng(1).normal(size=(120, 64, 1))  # a state is 16 kB, an input 0.5 kB

    def cut(T):
        truncated(RNN, params.cell, xs[:T], lambda window: window.hs, length=8, stride=4)

    def cut_model(T):
        models.truncated_loss_and_gradients(model, params, xs[:T], xs[:T], length=8)

    def whole(T):
        models.loss_and_gradients(model, params, xs[:T], xs[:T])

    for run in (cut, cut_model):
        short, middle, long = (peak(lambda T=T, run=run: run(T)) for T in (20, 40, 120))
        assert long < 1.15 * short
        assert middle < 1.15 * short
    # a state and its gradient of each further step
    assert peak(lambda: whole(120)) - peak(lambda: whole(20)) > 100 * 2 * 64 * 32 * xs.itemsize


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("length", "stride"), [(3, None), (4, 3), (7, None), (5, 1)])
def test_model_readout_is_exact_and_cell_is_kept_terms(loss, masked, length, stride):
    T, N, D, H, V = 7, 2, 3, 4, 5
    rng = np.random.default_rng(3)
    model = Model(RNN, loss)
    params = models.init(model, D, H, V, rng=rng)
    xs = rng.normal(size=(T, N, D))
    targets = rng.integers(0, V, (T, N)) if loss == "cross_entropy" else rng.normal(size=(T, N, V))
    mask = rng.random((T, N)) < 0.6 if masked else None
    state0 = Hidden(rng.normal(size=(N, H)))
    options = {"state0": state0, "mask": mask}
    value, got, state_T = models.truncated_loss_and_gradients(
        model, params, xs, targets, length=length, stride=stride, **options
    )
    whole, exact, last = models.loss_and_gradients(model, params, xs, targets, **options)
    agree(value, whole, 1e-13)
    agree((got.params.Wy, got.params.by), (exact.params.Wy, exact.params.by), 1e-13)
    agree(state_T, last, 0)
    assert got.xs is None
    assert value.shape == ()
    total, total0 = map_arrays(np.zeros_like, params.cell), np.zeros((N, H))
    hs, _, tape = unroll(RNN, params.cell, xs, state0)
    for t in range(T):
        alone = np.zeros((T, N), bool)
        alone[t] = True if mask is None else mask[t]
        _, one, _ = models.loss_and_gradients(model, params, xs, targets, state0=state0, mask=alone)
        # what loss t sends to its own state: from the readout's side
        read = hs[t] @ params.Wy + params.by
        if loss == "cross_entropy":
            p = np.exp(read) / np.exp(read).sum(-1, keepdims=True)
            dread = (p - np.eye(V)[targets[t]]) * alone[t][:, None] / N
        else:
            dread = 2 * (read - targets[t]) * alone[t][:, None] / N / V
        dstate = Hidden(dread @ params.Wy.T)
        for k in reversed(range(t + 1)):
            if not keeps(t + 1, k + 1, length, stride):
                break
            _, dstate, dparams = RNN.step_backward(dstate, tape.caches[k])
            total = map_arrays(np.add, total, dparams)
        else:
            total0 = total0 + one.state0.h
    agree(got.params.cell, total, 1e-12)
    agree(got.state0.h, total0, 1e-12)


def test_model_in_float32_and_by_ids():
    params = models.init(EVERY, 3, 4, 3, rng=np.random.default_rng(0), dtype=np.float32)
    ids = np.random.default_rng(1).integers(0, 3, (9, 2))
    before = map_arrays(np.copy, (params, ids))
    value, got, state = models.truncated_loss_and_gradients(EVERY, params, ids, ids, length=4)
    found = (value, got.params, got.state0, state)
    assert {a.dtype for _, a in named_arrays(found)} == {np.dtype(np.float32)}
    same_bytes((params, ids), before)


IDS = np.arange(12).reshape(6, 2) % 3
MP = models.init(EVERY, 3, 4, 3, rng=np.random.default_rng(0))
LAST = Model(RNN, steps="last")
C = draw(RNN, SIZES)
WINDOW = next(windows(RNN, C.params, C.xs, length=3))


def run(length=3, stride=None, **changed):
    given = {"cell": RNN, "params": C.params, "xs": C.xs, "dhs_of": dhs_from(C.dhs)} | changed
    return truncated(**given, length=length, stride=stride)


def score(**changed):
    given = {"model": EVERY, "params": MP, "xs": IDS, "targets": IDS, "length": 2} | changed
    return models.truncated_loss_and_gradients(**given)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: run(length=0), ArgumentError, r"length: expected an integer of at least 1, got 0"),
        (lambda: run(length=2.0), ArgumentError, "length: expected an integer"),
        (lambda: run(stride=0), ArgumentError, r"stride: expected an integer of at least 1, got 0"),
        (lambda: run(stride=4), ArgumentError, r"stride: expected at most length = 3, got 4: .*pa"),
        (lambda: run(cell=3), DTypeError, "cell: expected a Cell"),
        (lambda: run(xs=C.xs[..., :2]), ShapeError, r"xs: axis 2 \(D"),
        (lambda: run(xs=C.xs.astype("f4")), DTypeError, "xs: expected float64"),
        (lambda: run(state0=Hidden(C.dhs)), ShapeError, "state0.h: expected 2 axes"),
        (lambda: run(dhs_of=None), ArgumentError, "dhs_of: expected a function of a Window, got N"),
        (lambda: run(dhs_of=lambda w: w.hs[1:]), ShapeError, r"dhs: axis 0 \(T.*should be 3.*got "),
        (lambda: run(dhs_of=lambda w: None), DTypeError, "dhs: expected"),
        (lambda: run(dhs_of=lambda w: w.hs.astype("f4")), DTypeError, "dhs: expected float64"),
        (lambda: window_backward(C.dhs[:3], C), ArgumentError, "window: expected a Window.*Case"),
        (lambda: window_backward(C.dhs[:3], Window(0, C.dhs, None, None)), ArgumentError, "window"),
        (lambda: window_backward(C.dhs[:2], WINDOW), ShapeError, "dhs: axis 0"),
        (lambda: score(model=LAST, targets=IDS[-1]), ArgumentError, "model.steps: expected 'every"),
        (lambda: score(targets=IDS[1:]), ShapeError, "targets: axis 0"),
        (lambda: score(xs=IDS + 5), ArgumentError, "xs: token id"),
        (lambda: score(mask=IDS), DTypeError, "mask: expected booleans"),
        (lambda: score(state0=Hidden(np.full((2, 4), np.nan))), ArgumentError, "state0.h: expecte"),
        (lambda: score(length=0), ArgumentError, "length: expected"),
        (lambda: score(stride=3), ArgumentError, "stride: expected at most"),
        (lambda: fit(state0=RNN.zero_state(MP.cell, 2)), ArgumentError, "state0: .*Set carry=True"),
        (lambda: fit(carry=1), ArgumentError, "carry: expected True or False, got 1"),
        (lambda: tasks.streams(IDS[:, 0], 2, 4), ArgumentError, "T N = 8, got 6"),
        (lambda: tasks.streams(IDS, 2, 2), ShapeError, "ids: expected 1 axis"),
        (lambda: tasks.streams(IDS[:, 0], 0, 2), ArgumentError, "T: size"),
        (lambda: tasks.streams(IDS[:, 0], 2, 0), ArgumentError, "N: size"),
        (lambda: tasks.echo(0, 2, 2, rng=np.random.default_rng(0)), ArgumentError, "lag: expected"),
        (lambda: tasks.echo(1, 0, 2, rng=np.random.default_rng(0)), ArgumentError, "T: size"),
        (lambda: tasks.echo(1, 2, 0, rng=np.random.default_rng(0)), ArgumentError, "N: size"),
        (lambda: tasks.echo(1, 2, 2, rng=np.random.default_rng(0), V=0), ArgumentError, "V: size"),
        (lambda: tasks.echo(1, 2, 2, rng=3), ArgumentError, "rng: expected"),
    ],
)  # fmt: skip
def test_errors_come_first_and_say_what(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_bad_arguments_are_refused_before_the_stream_is_run():
    def never(window):
        raise AssertionError("ran")

    with pytest.raises(ShapeError, match="state0"):
        run(dhs_of=never, state0=Hidden(np.zeros((3, 2))))
    with pytest.raises(DTypeError):
        windows(RNN, None, C.xs, length=3)
    with pytest.raises(DTypeError, match="xs: expected float64 to match Wx"):
        windows(RNN, C.params, C.xs.astype("f4"), length=3)
    with pytest.raises(ShapeError, match="state0"):
        windows(RNN, C.params, C.xs, length=3, state0=Hidden(np.zeros((3, 2))))


def fit(steps=2, **options):
    pairs = tasks.echo(2, 3, 2, rng=np.random.default_rng(8), V=3)
    return train.fit(EVERY, MP, pairs, train.sgd(0.2), steps=steps, progress=False, **options)


def test_carried_state_goes_from_step_to_step():
    start = Hidden(np.random.default_rng(9).normal(size=(2, 4)))
    kept = map_arrays(np.copy, (start, MP))
    got = fit(steps=5, carry=True, state0=start)
    params, state, losses = MP, start, []
    pairs = tasks.echo(2, 3, 2, rng=np.random.default_rng(8), V=3)
    for xs, targets in itertools.islice(pairs, 5):
        value, gradients, state = models.loss_and_gradients(
            EVERY, params, xs, targets, state0=state
        )
        losses.append(value)
        params = map_arrays(lambda p, g: p - 0.2 * g, params, gradients.params)
    agree((got.params, got.state, got.losses), (params, state, np.array(losses)), 1e-14)
    same_bytes((start, MP), kept)


def test_carrying_begins_at_zero_and_can_go_on():
    whole = fit(steps=4, carry=True)
    zero = fit(steps=4, carry=True, state0=RNN.zero_state(MP.cell, 2))
    same_bytes(whole[:2], zero[:2])
    pairs = tasks.echo(2, 3, 2, rng=np.random.default_rng(8), V=3)
    go = {"steps": 2, "carry": True, "progress": False}
    one = train.fit(EVERY, MP, pairs, train.sgd(0.2), **go)
    two = train.fit(EVERY, one.params, pairs, train.sgd(0.2), state0=one.state, **go)
    same_bytes(two.params, whole.params)
    same_bytes(two.state, whole.state)


def test_left_out_every_step_begins_at_zero():
    got = fit(steps=3)
    assert got.state is None
    params, losses = MP, []
    pairs = tasks.echo(2, 3, 2, rng=np.random.default_rng(8), V=3)
    for xs, targets in itertools.islice(pairs, 3):
        value, gradients, _ = models.loss_and_gradients(EVERY, params, xs, targets)
        losses.append(value)
        params = map_arrays(lambda p, g: p - 0.2 * g, params, gradients.params)
    agree((got.params, got.losses), (params, np.array(losses)), 1e-14)


def test_another_number_of_sequences_cannot_take_the_state_over():
    pairs = [(IDS, IDS), (IDS[:, :1], IDS[:, :1])]
    with pytest.raises(ShapeError, match="state0"):
        train.fit(EVERY, MP, pairs, train.sgd(0.2), steps=2, carry=True, progress=False)


@pytest.mark.parametrize(("size", "T", "N"), [(12, 3, 2), (13, 3, 3), (7, 7, 1), (6, 2, 3)])
def test_streams_go_on_where_they_ended(size, T, N):
    ids = np.arange(size) + 100
    pairs = list(itertools.islice(tasks.streams(ids, T, N), 9))
    for xs, targets in pairs:
        assert xs.shape == targets.shape == (T, N)
    xs, targets = (np.concatenate(part) for part in zip(*pairs, strict=True))
    for n in range(N):
        place = n * (size // N)
        for t in range(len(xs)):
            assert xs[t, n] == 100 + (place + t) % size
            assert targets[t, n] == 100 + (place + t + 1) % size


def test_echo_repeats_after_the_lag_across_windows():
    for lag, T in ((1, 4), (3, 2), (5, 5)):
        pairs = list(itertools.islice(tasks.echo(lag, T, 3, rng=np.random.default_rng(1)), 20))
        xs, targets = (np.concatenate(part) for part in zip(*pairs, strict=True))
        assert xs.shape == targets.shape == (20 * T, 3)
        assert np.array_equal(targets[lag:], xs[:-lag])
        assert set(np.unique(xs)) == {0, 1}
    many, _ = next(tasks.echo(2, 50, 3, rng=np.random.default_rng(1), V=5))
    assert set(np.unique(many)) == set(range(5))
    again, _ = next(tasks.echo(2, 50, 3, rng=np.random.default_rng(1), V=5))
    assert np.array_equal(many, again)
