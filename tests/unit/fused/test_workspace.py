"""A workspace changes where numbers lie, never the numbers; what would be wrong is refused."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from contract.cells import draw
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, RNN, ArgumentError, fused, unroll, unroll_backward
from unrolled.trees import map_arrays, named_arrays

cells = pytest.mark.parametrize("cell", [RNN, LSTM, GRU], ids=lambda cell: cell.name)


def run(cell, case, workspace):
    hs, state_T, tape = fused.forward(cell, case.params, case.xs, case.state0, workspace=workspace)
    back = fused.backward(cell, case.dhs, case.dstate_T, tape, workspace=workspace)
    return hs, state_T, *back


@cells
def test_reused_over_changing_shapes_dtypes_and_inputs(cell):
    workspace = fused.Workspace()
    for number, sizes in enumerate([(9, 3, 4, 5), (9, 3, 4, 5), (2, 3, 4, 5), (9, 7, 1, 40)] * 2):
        for dtype in (np.float64, np.float32):
            case = draw(cell, sizes, dtype=dtype, tokens=number % 3 == 2, seed=number)
            got = map_arrays(np.copy, run(cell, case, workspace))
            same_bytes(got, map_arrays(np.copy, run(cell, case, None)))


def test_one_workspace_serves_cell_after_cell():
    workspace = fused.Workspace()
    for cell in (RNN, LSTM, GRU, LSTM, RNN):
        case = draw(cell, (5, 3, 2, 4))
        same_bytes(
            map_arrays(np.copy, run(cell, case, workspace)),
            map_arrays(np.copy, run(cell, case, None)),
        )


@cells
def test_the_same_memory_is_lent_again(cell):
    case, workspace = draw(cell, (9, 3, 4, 5)), fused.Workspace()
    first, _, _ = fused.forward(cell, case.params, case.xs, workspace=workspace)
    again, _, _ = fused.forward(cell, case.params, case.xs, workspace=workspace)
    assert np.shares_memory(first, again)
    other, _, _ = fused.forward(cell, case.params, case.xs)
    assert not np.shares_memory(first, other)
    assert workspace.lent(first)
    assert workspace.lent(first[1:, :, ::2])
    assert workspace.lent(sliding_window_view(first, 2, 0)[..., 0])
    assert workspace.lent(as_strided(first, (2, 3, 4), first.strides, writeable=False))
    assert not workspace.lent(other)
    assert not workspace.lent(case.xs)
    assert workspace.runs == 2


@cells
def test_states_and_gradients_are_the_callers(cell):
    """All but hs and the tape outlives the next run: training keeps them."""
    case, workspace = draw(cell, (9, 3, 4, 5)), fused.Workspace()
    _, *kept = run(cell, case, workspace)
    before = map_arrays(np.copy, tuple(kept))
    run(cell, draw(cell, (9, 3, 4, 5), seed=1), workspace)
    same_bytes(tuple(kept), before)
    assert not any(workspace.lent(array) for _, array in named_arrays(tuple(kept)))


@cells
def test_a_state_that_was_lent_may_be_the_next_first_one(cell):
    case, workspace = draw(cell, (6, 3, 4, 5)), fused.Workspace()
    whole, _, _ = fused.forward(cell, case.params, np.concatenate([case.xs] * 2), case.state0)
    hs, state, _ = fused.forward(cell, case.params, case.xs, case.state0, workspace=workspace)
    state = state._replace(h=hs[-1])  # a view of what the next run overwrites
    hs, _, _ = fused.forward(cell, case.params, case.xs, state, workspace=workspace)
    agree(hs, whole[6:])


@cells
def test_backward_with_the_workspace_leaves_the_states(cell):
    case, workspace = draw(cell, (20, 3, 4, 5)), fused.Workspace()
    hs, _, tape = fused.forward(cell, case.params, case.xs, case.state0, workspace=workspace)
    before = hs.copy()
    once = fused.backward(cell, case.dhs, case.dstate_T, tape, workspace=workspace)
    same_bytes(hs, before)
    same_bytes(fused.backward(cell, case.dhs, case.dstate_T, tape), once)
    same_bytes(fused.backward(cell, case.dhs, None, tape, workspace=workspace),
               fused.backward(cell, case.dhs, None, tape))  # fmt: skip


@cells
def test_an_overwritten_tape_is_refused(cell):
    case, workspace = draw(cell, (4, 2, 3, 4)), fused.Workspace()
    _, _, old = fused.forward(cell, case.params, case.xs, workspace=workspace)
    _, _, new = fused.forward(cell, case.params, case.xs, workspace=workspace)
    for given in (workspace, None, fused.Workspace()):
        with pytest.raises(ArgumentError, match=r"tape: expected .* run, number 2, got .* run 1,"):
            fused.backward(cell, case.dhs, None, old, workspace=given)
    fused.backward(cell, case.dhs, None, new, workspace=workspace)


def test_a_second_layer_in_the_same_workspace_is_refused():
    first, second = draw(LSTM, (4, 2, 3, 5)), draw(GRU, (4, 2, 5, 4))
    workspace = fused.Workspace()
    hs, _, tape = fused.forward(LSTM, first.params, first.xs, workspace=workspace)
    for given in (hs, hs[::-1]):
        with pytest.raises(ArgumentError, match=r"xs: .* of your own.* Workspace\(\) of its own"):
            fused.forward(GRU, second.params, given, workspace=workspace)
    fused.backward(LSTM, first.dhs, None, tape, workspace=workspace)  # nothing was overwritten
    upper, _, _ = fused.forward(GRU, second.params, hs, workspace=fused.Workspace())
    agree(upper, unroll(GRU, second.params, hs)[0])


def peak(work):
    work()
    tracemalloc.start()
    try:
        kept = work()
        del kept
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cells
@pytest.mark.parametrize("sizes", [(35, 20, 100, 100), (64, 32, 65, 64)], ids=str)
def test_peak_memory_is_not_above_the_plain_form(cell, sizes):
    case = draw(cell, sizes, dtype=np.float32)

    def plain():
        _, _, tape = unroll(cell, case.params, case.xs)
        return unroll_backward(cell, case.dhs, None, tape)

    allowed = peak(plain) * (1.1 if cell is GRU else 1)  # its plain form keeps less of a step
    assert peak(lambda: run(cell, case, None)) <= allowed
    assert peak(lambda: run(cell, case, fused.Workspace())) <= allowed


@cells
def test_peak_memory_grows_by_the_tape_alone(cell):
    """Twice the steps: twice what is kept of a step, and nothing that grows faster."""
    sizes = [(T, 4, 3, 64) for T in (64, 128, 256)]
    peaks = [peak(lambda s=s: run(cell, draw(cell, s), None)) for s in sizes]
    assert (peaks[2] - peaks[1]) <= 2.1 * (peaks[1] - peaks[0])


@cells
def test_states_cannot_be_changed_behind_the_tape(cell):
    case = draw(cell, (9, 3, 4, 5))
    for workspace in (None, fused.Workspace()):
        hs, _, tape = fused.forward(cell, case.params, case.xs, workspace=workspace)
        with pytest.raises(ValueError, match="read-only"):
            hs *= 0
        with pytest.raises(ValueError, match="read-only"):
            tape.hs[0] = 0
        hs.copy()[0] = 0
