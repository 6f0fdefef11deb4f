"""Every gradient of every cell four ways: loops, matrices, the package, the complex step."""

from __future__ import annotations

import numpy as np
import pytest
from contract.cells import CELLS, SIZES, draw
from oracle import loops, matrix
from oracle.agree import agree, gap, same_bytes

from unrolled import gradcheck, unroll, unroll_backward
from unrolled.trees import map_arrays, named_arrays

cells = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
sizes = pytest.mark.parametrize("sizes", SIZES, ids=str)
biases = pytest.mark.parametrize("bias", ["flat", "row"])
inputs = pytest.mark.parametrize("tokens", [False, True], ids=["vectors", "tokens"])
arrivals = pytest.mark.parametrize("arrives", ["both", "every", "last"])
EXACT = {np.float32: 2e-5, np.float64: 1e-12, np.complex128: 1e-12}


def dot(weights, tree):
    return sum(
        (w * a).sum()
        for (_, w), (_, a) in zip(named_arrays(weights), named_arrays(tree), strict=True)
    )


def arriving(case, arrives):
    return (
        None if arrives == "last" else case.dhs,
        None if arrives == "every" else case.dstate_T,
    )


@cells
@sizes
@biases
@inputs
def test_step_four_ways(cell, sizes, bias, tokens):
    case = draw(cell, sizes, bias=bias, tokens=tokens)
    x = case.xs[0]
    state, cache = cell.step(case.params, x, case.state0)
    got = cell.step_backward(case.dstate_T, cache)
    for oracle in (loops, matrix):
        step, step_backward = oracle.STEPS[cell.name]
        agree(state, step(case.params, x, case.state0))
        agree(got, step_backward(case.params, x, case.state0, case.dstate_T))

    at = (case.params, case.state0) if tokens else (case.params, case.state0, x)

    def scalar(tree):
        out, _ = cell.step(tree[0], x if tokens else tree[2], tree[1])
        return dot(case.dstate_T, out)

    exact = gradcheck.complex_step(scalar, at)
    agree((got[2], got[1]) if tokens else (got[2], got[1], got[0]), exact)


@cells
@sizes
@biases
@inputs
@arrivals
def test_sequence_four_ways(cell, sizes, bias, tokens, arrives):
    case = draw(cell, sizes, bias=bias, tokens=tokens)
    dhs, dstate_T = arriving(case, arrives)
    hs, state_T, tape = unroll(cell, case.params, case.xs, case.state0)
    got = unroll_backward(cell, dhs, dstate_T, tape)

    loop_hs, states = loops.unroll(cell.name, case.params, case.xs, case.state0)
    agree(hs, loop_hs)
    agree(state_T, states[-1])
    agree(got, loops.unroll_backward(cell.name, case.params, case.xs, case.state0, dhs, dstate_T))
    if cell.name in matrix.SEQUENCES:
        run, run_backward = matrix.SEQUENCES[cell.name]
        agree((hs, state_T), run(case.params, case.xs, case.state0))
        agree(got, run_backward(case.params, case.xs, case.state0, dhs, dstate_T))

    at = (case.params, case.state0) if tokens else (case.params, case.state0, case.xs)

    def scalar(tree):
        run = unroll(cell, tree[0], case.xs if tokens else tree[2], tree[1])
        value = 0 if dhs is None else (run[0] * dhs).sum()
        return value if dstate_T is None else value + dot(dstate_T, run[1])

    exact = gradcheck.complex_step(scalar, at)
    agree((got[2], got[1]) if tokens else (got[2], got[1], got[0]), exact)


@cells
def test_central_differences_agree_to_a_reader_s_tolerance(cell):
    case = draw(cell, (4, 2, 3, 5))
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    _, _, dparams = unroll_backward(cell, case.dhs, None, tape)
    rough = gradcheck.central_difference(
        lambda p: (unroll(cell, p, case.xs, case.state0)[0] * case.dhs).sum(), case.params
    )
    agree(dparams, rough, 1e-6)


@cells
@biases
@inputs
@pytest.mark.parametrize("dtype", list(EXACT), ids=lambda d: d.__name__)
def test_dtype_is_kept_by_every_output(cell, bias, tokens, dtype):
    case = draw(cell, (4, 2, 3, 5), bias=bias, tokens=tokens, dtype=dtype)
    hs, state_T, tape = unroll(cell, case.params, case.xs, case.state0)
    got = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    for _, array in named_arrays((hs, state_T, *got)):
        assert array.dtype == dtype
    assert type(got[1]) is type(case.state0)
    assert type(got[2]) is type(case.params)
    assert got[2].b.shape == case.params.b.shape
    assert tape.params is case.params
    state, cache = cell.step(case.params, case.xs[0], case.state0)
    for _, array in named_arrays((state, *cell.step_backward(case.dstate_T, cache))):
        assert array.dtype == dtype
    if dtype is np.float32:
        wide = draw(cell, (4, 2, 3, 5), bias=bias, tokens=tokens)
        _, _, tape64 = unroll(cell, wide.params, wide.xs, wide.state0)
        agree(got, unroll_backward(cell, wide.dhs, wide.dstate_T, tape64), EXACT[dtype])


@cells
@inputs
@pytest.mark.parametrize("dtype", list(EXACT), ids=lambda d: d.__name__)
def test_nothing_given_is_modified_and_a_tape_serves_twice(cell, tokens, dtype):
    case = draw(cell, (4, 2, 3, 5), tokens=tokens, dtype=dtype)
    before = map_arrays(np.copy, case)
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    kept = map_arrays(np.copy, tape._replace(cell=None))
    first = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    second = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    same_bytes(first, second)
    same_bytes(case, before)
    same_bytes(tape._replace(cell=None), kept)


@cells
@inputs
def test_read_only_and_strided_arrays_give_the_same(cell, tokens):
    case = draw(cell, (4, 2, 3, 5), tokens=tokens)
    _, _, tape = unroll(cell, case.params, case.xs, case.state0)
    expected = unroll_backward(cell, case.dhs, case.dstate_T, tape)

    def awkward(array):
        wide = np.zeros([2 * n for n in array.shape], array.dtype, order="F")
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        view.flags.writeable = False
        return view

    odd = map_arrays(awkward, case)
    _, _, tape = unroll(cell, odd.params, odd.xs, odd.state0)
    agree(unroll_backward(cell, odd.dhs, odd.dstate_T, tape), expected, 1e-14)


@cells
@inputs
@pytest.mark.parametrize("cut", [1, 3, 5])
def test_split_sequences_equal_whole_ones(cell, tokens, cut):
    case = draw(cell, (6, 2, 3, 4), tokens=tokens)
    hs, state_T, tape = unroll(cell, case.params, case.xs, case.state0)
    dxs, dstate0, dparams = unroll_backward(cell, case.dhs, case.dstate_T, tape)
    hs1, middle, tape1 = unroll(cell, case.params, case.xs[:cut], case.state0)
    hs2, last, tape2 = unroll(cell, case.params, case.xs[cut:], middle)
    agree((np.concatenate([hs1, hs2]), last), (hs, state_T), 0)
    dxs2, dmiddle, dparams2 = unroll_backward(cell, case.dhs[cut:], case.dstate_T, tape2)
    dxs1, dfirst, dparams1 = unroll_backward(cell, case.dhs[:cut], dmiddle, tape1)
    agree(dfirst, dstate0)
    agree(map_arrays(np.add, dparams1, dparams2), dparams)
    if not tokens:
        agree(np.concatenate([dxs1, dxs2]), dxs)


@cells
def test_no_first_state_means_zeros(cell):
    case = draw(cell, (3, 2, 3, 4))
    zero = cell.zero_state(case.params, 2)
    assert all(not array.any() for _, array in named_arrays(zero))
    left_out = unroll(cell, case.params, case.xs)
    same_bytes(left_out[:2], unroll(cell, case.params, case.xs, zero)[:2])


@cells
@inputs
def test_token_ids_are_one_hot_rows(cell, tokens):
    case = draw(cell, (4, 2, 3, 5), tokens=True)
    rows = np.eye(3)[case.xs]
    hs, _, tape = unroll(cell, case.params, case.xs, case.state0)
    hs_rows, _, tape_rows = unroll(cell, case.params, rows, case.state0)
    agree(hs, hs_rows)
    got = unroll_backward(cell, case.dhs, None, tape)
    expected = unroll_backward(cell, case.dhs, None, tape_rows)
    assert got[0] is None
    agree(got[1:], expected[1:])


@cells
@pytest.mark.parametrize("ids", [np.uint8, np.int8, np.int32, np.uint64])
def test_any_integer_dtype_serves_as_ids(cell, ids):
    case = draw(cell, (4, 2, 3, 5), tokens=True)
    got = unroll(cell, case.params, case.xs.astype(ids), case.state0)
    same_bytes(got[0], unroll(cell, case.params, case.xs, case.state0)[0])


@cells
@pytest.mark.parametrize("dtype", list(EXACT), ids=lambda d: d.__name__)
def test_init_draws_from_the_generator_and_from_nothing_else(cell, dtype):
    one = cell.init(3, 16, rng=np.random.default_rng(5), dtype=dtype)
    two = cell.init(3, 16, rng=np.random.default_rng(5), dtype=dtype)
    same_bytes(one, two)
    rng = np.random.default_rng(5)
    cell.init(3, 16, rng=rng, dtype=dtype)
    assert gap(cell.init(3, 16, rng=rng, dtype=dtype), one) > 0.01
    for name, array in named_arrays(one):
        assert array.dtype == dtype
        if name.startswith("W"):
            assert 0.8 / 4 < np.abs(array).max() <= 1 / 4 + 1e-7  # ±1/√H
            assert array.min(axis=None) < 0 < array.max(axis=None)
    assert one.Wx.shape[0] == 3
    assert cell.init(3, 16, rng=rng).Wx.dtype == np.float64


@cells
def test_checks_give_the_sizes(cell):
    case = draw(cell, (4, 2, 3, 5))
    dims = cell.check_params(case.params)
    assert {letter: size.value for letter, size in dims.items()} == {"D": 3, "H": 5}
    dims = cell.check_state("state", case.state0, case.params, dims)
    assert {letter: size.value for letter, size in dims.items()} == {"D": 3, "H": 5, "N": 2}


@cells
def test_a_cell_is_a_value_without_arrays(cell):
    assert isinstance(cell.name, str)
    assert all(callable(part) for part in cell[1:])
    with pytest.raises(AttributeError):
        cell.step = None
