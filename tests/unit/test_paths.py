"""The path ledger: each term alone against untied weights, all of them against BPTT."""

from __future__ import annotations

import math

import numpy as np
import pytest
from contract.cells import CELLS, draw
from oracle.agree import agree, same_bytes

from unrolled import RNN, ArgumentError, DTypeError, ShapeError, unroll, unroll_backward
from unrolled.analysis import paths
from unrolled.trees import map_arrays, named_arrays

SIZES = ((1, 2, 1, 1), (4, 1, 3, 2), (3, 2, 2, 3))

each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
each_size = pytest.mark.parametrize("sizes", SIZES, ids=str)
each_input = pytest.mark.parametrize("tokens", [False, True], ids=["vectors", "tokens"])


def ledger_of(cell, case, *, above=True, after=True, state0=True):
    dhs, dstate_T = case.dhs if above else None, case.dstate_T if after else None
    *_, tape = unroll(cell, case.params, case.xs, case.state0 if state0 else None)
    summed = unroll_backward(cell, dhs, dstate_T, tape)
    return paths.path_ledger(cell, dhs, tape, dstate_T=dstate_T), summed


def untied(cell, copies, xs, state, dhs, dstate_T):
    """One number for each row of the ledger, from a copy of the parameters for every step."""
    losses = []
    for params, x, dh in zip(copies, xs, dhs, strict=True):
        state, _ = cell.step(params, x, state)
        losses.append((dh * state.h).sum())
    last = zip(named_arrays(dstate_T), named_arrays(state), strict=True)
    return np.array([*losses, sum((d * s).sum() for (_, d), (_, s) in last)])


def nudged(tree, losses):
    """The imaginary part of every loss for each entry of a tree, nudged alone."""

    def of(array):
        slopes = np.empty((*array.shape, len(losses())))
        for index in np.ndindex(array.shape):
            middle = array[index]
            array[index] = middle + 1e-30j
            slopes[index] = losses().imag / 1e-30
            array[index] = middle
        return slopes

    return map_arrays(of, tree)


@each_cell
@each_size
@each_input
def test_each_term_is_the_gradient_of_one_loss_by_one_copy(cell, sizes, tokens):
    case = draw(cell, sizes, tokens=tokens)
    ledger, _ = ledger_of(cell, case)
    T = sizes[0]
    assert [len(row) for row in ledger.terms] == [*range(1, T + 1), T]
    assert [len(row) for row in ledger.dxs] == [*range(1, T + 1), T]
    assert len(ledger.dstate0s) == T + 1

    copies = [map_arrays(lambda a: a.astype(complex), case.params) for _ in range(T)]
    state0 = map_arrays(lambda a: a.astype(complex), case.state0)
    xs = case.xs if tokens else case.xs.astype(complex)

    def losses():
        return untied(cell, copies, xs, state0, case.dhs, case.dstate_T)

    by_start = nudged(state0, losses)
    for k in range(T):
        by_copy = nudged(copies[k], losses)
        by_input = None if tokens else nudged(xs[k], losses)
        for t, row in enumerate(ledger.terms):
            if k < len(row):
                assert type(row[k]) is type(case.params)
                agree(row[k], map_arrays(lambda a, t=t: a[..., t], by_copy))
                agree(ledger.dxs[t][k], None if tokens else by_input[..., t])
            else:  # a later use cannot reach an earlier loss
                assert not any(array[..., t].any() for _, array in named_arrays(by_copy))
    for t, dstate0 in enumerate(ledger.dstate0s):
        assert type(dstate0) is type(case.state0)
        agree(dstate0, map_arrays(lambda a, t=t: a[..., t], by_start))


@each_cell
@each_input
@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (4, 2, 3, 2)], ids=str)
@pytest.mark.parametrize(
    ("above", "after", "state0"),
    [(True, True, True), (True, False, False), (True, False, True), (False, True, True)],
)
def test_all_terms_add_up_to_backpropagation(cell, sizes, tokens, above, after, state0):
    case = draw(cell, sizes, tokens=tokens, seed=1)
    ledger, summed = ledger_of(cell, case, above=above, after=after, state0=state0)
    got = paths.sum_of_paths(ledger)
    assert isinstance(got, paths.PathSum)
    agree(tuple(got), summed)
    assert len(ledger.terms) == sizes[0] + after
    for sums in (paths.sums_by_loss(ledger), paths.sums_by_use(ledger)):
        total = sums[0]
        for each in sums[1:]:
            total = map_arrays(np.add, total, each)
        agree(total, summed[2])


@each_cell
def test_a_row_is_the_gradient_of_one_loss_alone(cell):
    case = draw(cell, (4, 2, 3, 2))
    ledger, _ = ledger_of(cell, case)
    rows = paths.sums_by_loss(ledger)
    *_, tape = unroll(cell, case.params, case.xs, case.state0)
    assert len(rows) == 5
    for t in range(4):
        alone = np.where(np.arange(4)[:, None, None] == t, case.dhs, 0)
        agree(rows[t], unroll_backward(cell, alone, None, tape)[2])
    agree(rows[4], unroll_backward(cell, None, case.dstate_T, tape)[2])


@each_cell
def test_a_column_is_what_one_step_hands_back(cell):
    case = draw(cell, (4, 2, 3, 2))
    ledger, _ = ledger_of(cell, case)
    columns = paths.sums_by_use(ledger)
    *_, tape = unroll(cell, case.params, case.xs, case.state0)
    dstate = case.dstate_T
    assert len(columns) == 4
    for k in (3, 2, 1, 0):
        dstate = dstate._replace(h=dstate.h + case.dhs[k])
        _, dstate, dparams = cell.step_backward(dstate, tape.caches[k])
        agree(columns[k], dparams)


def test_terms_of_the_plain_cell_by_index_loops():
    T, N, D, H = 4, 2, 3, 2
    case = draw(RNN, (T, N, D, H), seed=2)
    ledger, _ = ledger_of(RNN, case, after=False)
    Wx, Wh, b = case.params
    hs = [case.state0.h]
    for x in case.xs:
        h = np.empty((N, H))
        for n, j in np.ndindex(N, H):
            a = b[j] + sum(hs[-1][n, i] * Wh[i, j] for i in range(H))
            h[n, j] = math.tanh(a + sum(x[n, d] * Wx[d, j] for d in range(D)))
        hs.append(h)
    for t in range(1, T + 1):
        delta = case.dhs[t - 1] * (1 - hs[t] ** 2)
        for k in range(t, 0, -1):
            term = ledger.terms[t - 1][k - 1]
            for r, q in np.ndindex(H, H):
                expected = sum(hs[k - 1][n, r] * delta[n, q] for n in range(N))
                assert term.Wh[r, q] == pytest.approx(expected, abs=1e-13)
            back = np.empty((N, H))
            for n, j in np.ndindex(N, H):
                back[n, j] = sum(delta[n, q] * Wh[j, q] for q in range(H))
            if k > 1:
                delta = back * (1 - hs[k - 1] ** 2)
        agree(ledger.dstate0s[t - 1].h, back)


def test_without_a_first_state_the_first_use_of_Wh_counts_nothing():
    case = draw(RNN, (4, 2, 3, 2))
    ledger, _ = ledger_of(RNN, case, state0=False, after=False)
    norms = paths.term_norms(ledger, "Wh")
    assert not norms[:, 0].any()
    assert np.count_nonzero(norms) == 6
    assert np.count_nonzero(paths.term_norms(ledger, "Wx")) == 10


@each_cell
@pytest.mark.parametrize("after", [False, True])
def test_norms_are_roots_of_sums_of_squares(cell, after):
    case = draw(cell, (3, 2, 2, 4))
    ledger, _ = ledger_of(cell, case, after=after)
    for name, _ in named_arrays(case.params):
        norms = paths.term_norms(ledger, name)
        assert norms.shape == (3 + after, 3)
        assert norms.dtype == np.float64
        for (t, k), norm in np.ndenumerate(norms):
            if k > t:
                assert norm == 0
            else:
                squares = (float(v) ** 2 for v in getattr(ledger.terms[t][k], name).flat)
                assert norm == pytest.approx(math.sqrt(sum(squares)), rel=1e-12)
                assert norm > 0


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_the_dtype_of_the_parameters_is_kept(dtype):
    case = draw(RNN, (3, 2, 2, 3), dtype=dtype)
    ledger, summed = ledger_of(RNN, case)
    assert all(array.dtype == dtype for _, array in named_arrays(ledger))
    agree(tuple(paths.sum_of_paths(ledger)), summed, 2e-5 if dtype == np.float32 else 1e-12)
    assert paths.term_norms(ledger, "Wx").dtype == np.float64


def test_arguments_are_not_changed():
    case, same = draw(RNN, (3, 2, 2, 3)), draw(RNN, (3, 2, 2, 3))
    ledger, _ = ledger_of(RNN, case)
    kept = map_arrays(np.array, ledger)
    paths.sum_of_paths(ledger), paths.sums_by_loss(ledger), paths.term_norms(ledger, "b")
    same_bytes(tuple(case), tuple(same))
    same_bytes(ledger, kept)


def test_what_does_not_fit_is_refused():
    case = draw(RNN, (3, 2, 2, 3))
    *_, tape = unroll(RNN, case.params, case.xs, case.state0)
    with pytest.raises(ShapeError, match="dhs: axis 0"):
        paths.path_ledger(RNN, case.dhs[:2], tape)
    with pytest.raises(DTypeError, match="dhs: expected float64"):
        paths.path_ledger(RNN, case.dhs.astype(np.float32), tape)
    with pytest.raises(ArgumentError, match="got None for both"):
        paths.path_ledger(RNN, None, tape)
    with pytest.raises(ArgumentError, match="tape: expected the Tape"):
        paths.path_ledger(RNN, case.dhs, case.xs)
    with pytest.raises(ArgumentError, match="cell: expected RNN"):
        paths.path_ledger(RNN._replace(name="other"), case.dhs, tape)
    with pytest.raises(DTypeError, match="dstate_T: expected Hidden"):
        paths.path_ledger(RNN, case.dhs, tape, dstate_T=case.dhs[0])


@pytest.mark.parametrize("junk", [None, (), ((1,),), 3, "Wh"])
def test_what_is_no_ledger_is_refused(junk):
    for function in (paths.sums_by_loss, paths.sums_by_use, paths.sum_of_paths):
        with pytest.raises(DTypeError, match="ledger: expected the Ledger that path_ledger"):
            function(junk)
    with pytest.raises(DTypeError, match="ledger: expected the Ledger that path_ledger"):
        paths.term_norms(junk, "Wh")


@pytest.mark.parametrize("name", ["Wy", "", None, 0, ["Wh"]])
def test_a_parameter_that_the_cell_does_not_have_is_refused(name):
    ledger, _ = ledger_of(RNN, draw(RNN, (2, 1, 1, 1)))
    with pytest.raises(ArgumentError, match=r"name: expected one of \['Wx', 'Wh', 'b'\], got"):
        paths.term_norms(ledger, name)
