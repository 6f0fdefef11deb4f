"""fused equals unroll: every output and gradient, every cell, dtype, layout and way of cutting."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from contract.cells import SIZES, draw
from oracle.agree import agree, leaves, same_bytes

from unrolled import GRU, LSTM, RNN, fused, unroll, unroll_backward
from unrolled.fused import chunks, products, way_back
from unrolled.gradcheck import complex_step
from unrolled.trees import map_arrays

cells = pytest.mark.parametrize("cell", [RNN, LSTM, GRU], ids=lambda cell: cell.name)
DTYPES = {np.float32: 1e-5, np.float64: 1e-12, np.complex128: 1e-12}
ODD = (
    (7, 5, 3, 11),
    (9, 1, 5, 3),
    (17, 13, 1, 7),
    (8, 2, 3, 4),
    (1, 3, 2, 5),
    (3, 8, 5, 64),  # the recurrent product in one block, and in the next one two
    (3, 61, 2, 130),
    (2, 17, 3, 251),  # a prime: no blocks to cut it into
    (10, 33, 4, 112),
)


def drawn(cell, sizes, **options):
    """As draw, the recurrence tame at any H: in a chaotic one rounding errors grow on the way."""
    case = draw(cell, sizes, **options)
    scale = case.params.Wh.dtype.type(1 / np.sqrt(sizes[-1]))
    return case._replace(params=case.params._replace(Wh=case.params.Wh * scale))


def both(run, cell, case, dhs, dstate_T, workspace=None):
    """Every output of the run and of its backward."""
    params, xs, state0 = case[:3]
    if run is fused:
        hs, state_T, tape = fused.forward(cell, params, xs, state0, workspace=workspace)
        back = fused.backward(cell, dhs, dstate_T, tape, workspace=workspace)
    else:
        hs, state_T, tape = unroll(cell, params, xs, state0)
        back = unroll_backward(cell, dhs, dstate_T, tape)
    return hs, state_T, *back


def compare(cell, case, tolerance=1e-12, workspace=None):
    for dhs, dstate_T in (
        (case.dhs, case.dstate_T),
        (case.dhs, None),
        (None, case.dstate_T),
    ):
        got = both(fused, cell, case, dhs, dstate_T, workspace)
        agree(got, both(unroll, cell, case, dhs, dstate_T), tolerance)
        assert type(got[1]) is type(got[3]) is type(case.dstate_T)
        assert type(got[4]) is type(case.params)
        assert {array.dtype for array in leaves(got) if array is not None} == {case.dhs.dtype}


@cells
@pytest.mark.parametrize("sizes", SIZES + ODD, ids=str)
def test_every_size(cell, sizes):
    for tokens in (False, True):
        for bias in ("flat", "row"):
            compare(cell, drawn(cell, sizes, tokens=tokens, bias=bias))


@cells
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
def test_every_dtype(cell, dtype):
    for tokens in (False, True):
        for sizes in ((11, 3, 2, 5), (4, 9, 5, 120)):
            compare(cell, drawn(cell, sizes, tokens=tokens, dtype=dtype), DTYPES[dtype])


@cells
@pytest.mark.parametrize("small", [1, 30, 200, 10**9])
@pytest.mark.parametrize("steps", [1, 3, 50])
def test_every_cut(cell, small, steps, monkeypatch):
    """Blocks and tiles of every width and chunks of every length, at sizes that are quick."""
    monkeypatch.setattr(products, "remembered_tile", products.tile)  # remembers nothing
    monkeypatch.setattr(products, "SMALL", small)
    monkeypatch.setattr(way_back, "SMALL", small)
    monkeypatch.setattr(products, "NARROWEST", 2)
    monkeypatch.setattr(products, "SIDE", 2)
    monkeypatch.setattr(chunks, "WHOLE", 0)
    monkeypatch.setattr(chunks, "STEPS", steps)
    monkeypatch.setattr(chunks, "NUMBERS", 1)
    for sizes in ((7, 2, 3, 4), (5, 3, 2, 6), (4, 1, 1, 5)):
        for tokens in (False, True):
            compare(cell, drawn(cell, sizes, tokens=tokens))


@cells
def test_without_a_first_state_it_starts_from_zeros(cell):
    case = draw(cell, (5, 3, 2, 4))
    none = case._replace(state0=None)
    zeros = case._replace(state0=cell.zero_state(case.params, 3))
    compare(cell, none)
    same_bytes(both(fused, cell, none, case.dhs, None), both(fused, cell, zeros, case.dhs, None))


@cells
@pytest.mark.parametrize("kind", ["i1", "u1", "i4", "u4", "i8", "u8", ">i4"])
def test_token_ids_of_any_width(cell, kind):
    case = draw(cell, (9, 3, 100, 5), tokens=True)
    narrow = case._replace(xs=case.xs.astype(kind))
    same_bytes(both(fused, cell, narrow, case.dhs, None), both(fused, cell, case, case.dhs, None))


def layouts(array):
    """The same numbers in other memory: Fortran order, every second one of a larger array."""
    sparse = np.zeros(tuple(2 * n for n in array.shape), array.dtype)
    every_second = sparse[tuple(slice(None, None, 2) for _ in array.shape)]
    every_second[...] = array
    return np.asfortranarray(array), every_second, array[::-1].copy()[::-1]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@cells
@pytest.mark.parametrize("tokens", [False, True])
def test_any_memory_and_none_of_it_changed(cell, tokens):
    case = draw(cell, (9, 3, 4, 5), tokens=tokens)
    wanted = both(unroll, cell, case, case.dhs, case.dstate_T)
    locked = map_arrays(read_only, case)  # writing would raise
    agree(both(fused, cell, locked, locked.dhs, locked.dstate_T), wanted)
    for number in range(3):
        other = map_arrays(lambda a, number=number: layouts(a)[number], case)
        agree(both(fused, cell, other, other.dhs, other.dstate_T), wanted)
        same_bytes(other, case)


@cells
def test_a_sequence_in_two_parts_is_the_whole(cell):
    case = draw(cell, (13, 3, 4, 5))
    hs, state_T, tape = fused.forward(cell, case.params, case.xs, case.state0)
    dxs, dstate0, dparams = fused.backward(cell, case.dhs, case.dstate_T, tape)
    for cut in (1, 6, 12):
        hs_1, middle, tape_1 = fused.forward(cell, case.params, case.xs[:cut], case.state0)
        hs_2, last, tape_2 = fused.forward(cell, case.params, case.xs[cut:], middle)
        dxs_2, dmiddle, dparams_2 = fused.backward(cell, case.dhs[cut:], case.dstate_T, tape_2)
        dxs_1, dfirst, dparams_1 = fused.backward(cell, case.dhs[:cut], dmiddle, tape_1)
        agree((np.concatenate((hs_1, hs_2)), last), (hs, state_T))
        agree((np.concatenate((dxs_1, dxs_2)), dfirst), (dxs, dstate0))
        agree(map_arrays(np.add, dparams_1, dparams_2), dparams)


@cells
def test_each_entry_by_the_complex_step(cell):
    """The gradient of fused.forward itself, perturbed entry by entry, not of unroll."""
    case = draw(cell, (4, 2, 3, 3))

    def loss(given):
        params, xs, state0 = given
        hs, state_T, _ = fused.forward(cell, params, xs, state0)
        ends = sum((d * s).sum() for d, s in zip(case.dstate_T, state_T, strict=True))
        return (case.dhs * hs).sum() + ends

    _, _, tape = fused.forward(cell, case.params, case.xs, case.state0)
    dxs, dstate0, dparams = fused.backward(cell, case.dhs, case.dstate_T, tape)
    agree((dparams, dxs, dstate0), complex_step(loss, (case.params, case.xs, case.state0)))


@cells
def test_twice_the_same_to_the_last_bit(cell):
    case = draw(cell, (19, 3, 4, 33), dtype=np.float32)
    _, _, tape = fused.forward(cell, case.params, case.xs, case.state0)
    once = fused.backward(cell, case.dhs, case.dstate_T, tape)
    again = fused.backward(cell, case.dhs, case.dstate_T, tape)
    same_bytes(once, again)
    same_bytes(both(fused, cell, case, case.dhs, None), both(fused, cell, case, case.dhs, None))


@cells
@pytest.mark.parametrize("own", [False, True], ids=["no workspace", "a workspace each"])
def test_two_threads_at_once(cell, own):
    cases = [draw(cell, (15, 4, 3, 40), seed=seed) for seed in (1, 2)]
    wanted = [both(fused, cell, case, case.dhs, case.dstate_T) for case in cases]
    found = [[], []]

    def work(k):
        workspace = fused.Workspace() if own else None
        for _ in range(20):
            got = both(fused, cell, cases[k], cases[k].dhs, cases[k].dstate_T, workspace)
            found[k].append(map_arrays(np.copy, got))

    threads = [threading.Thread(target=work, args=(k,)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in (0, 1):
        assert len(found[k]) == 20
        for got in found[k]:
            same_bytes(got, wanted[k])
