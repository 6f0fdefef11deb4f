"""What does not fit is refused in unroll's own words, before anything is computed or written."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from contract.cells import CELLS, draw
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled import GRU, LSTM, RNN, ArgumentError, fused, unroll, unroll_backward
from unrolled.cells.base import check_x, is_ids
from unrolled.fused import gru, lstm, rnn
from unrolled.fused.quick import fits, gradients_fit
from unrolled.sequence import check_gradients
from unrolled.shapes import check_same_dtype

KERNELS = {RNN: rnn, LSTM: lstm, GRU: gru}
cells = pytest.mark.parametrize("cell", KERNELS, ids=lambda cell: cell.name)
T, N, D, H = 3, 2, 4, 5


def words(call, *arguments):
    with pytest.raises(ArgumentError) as caught:
        call(*arguments)
    return type(caught.value), str(caught.value)


def matrix(array):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.asmatrix(array)


class Mine(np.ndarray):
    """An array that could mean anything by ``*``."""


def others(array):
    """What an array may be by mistake."""
    yield from (None, 1.5, "text", array.tolist(), [], ())
    yield from (array[..., None], array[:0], array[0], array.ravel())
    yield np.concatenate([array, array[:1]])
    yield np.concatenate([array, array[..., :1]], -1)
    yield np.ma.masked_array(array)
    yield array.view(Mine)
    if array.ndim == 2:
        yield array.T.copy()
        yield matrix(array)
    for dtype in ("f2", "f4", "c8", "c16", ">f8", "g", "i8", "u1", "?", "O", "U3"):
        if array.dtype.kind == "f" or dtype not in ("f4", "i8", "u1"):
            yield array.astype(dtype)
    if array.dtype.kind in "iu":
        yield array - array.min() - 1  # by one too small, or too large
        yield array - array.max() + D
        yield array.astype("f8")


def wrong_runs(cell, tokens=False):
    params, xs, state0, _, _ = draw(cell, (T, N, D, H), tokens=tokens)
    for field in params._fields:
        for other in others(getattr(params, field)):
            yield params._replace(**{field: other}), xs, state0
    for other in (None, tuple(params), 3, draw(LSTM if cell is RNN else RNN, (T, N, D, H)).params):
        yield other, xs, state0
    for other in others(xs):
        yield params, other, state0
    for field in state0._fields:
        for other in others(getattr(state0, field)):
            yield params, xs, state0._replace(**{field: other})
    for other in (3, tuple(state0), xs, params):
        yield params, xs, other


@cells
def test_no_units_no_inputs_no_steps_at_all(cell):
    """Arrays that are empty alike fit one another, and are refused all the same."""
    params, xs, _, _, _ = draw(cell, (T, N, D, H))
    for units, features in ((0, D), (H, 0), (0, 0)):
        blocks = params.Wh.shape[1] // H
        empty = {"Wx": (features, blocks * units), "Wh": (units, blocks * units)}
        cut = {name: np.zeros(shape) for name, shape in empty.items()}
        cut["b"] = np.zeros(blocks * units)
        if "bhn" in params._fields:
            cut["bhn"] = np.zeros(units)
        for inputs in (np.zeros((T, N, features)), np.zeros((T, N), int)):
            arguments = params._replace(**cut), inputs
            assert words(fused.forward, cell, *arguments) == words(unroll, cell, *arguments)
    for inputs in (xs[:0], xs[:, :0]):
        assert words(fused.forward, cell, params, inputs) == words(unroll, cell, params, inputs)


def answered(call, *arguments):
    try:
        call(*arguments)
    except ArgumentError as error:
        return type(error), str(error)
    return None


@cells
@pytest.mark.parametrize("tokens", [False, True])
def test_every_misfit_in_the_words_of_unroll(cell, tokens):
    refused = 0
    for number, arguments in enumerate(wrong_runs(cell, tokens)):
        wanted = answered(unroll, cell, *arguments)
        assert answered(fused.forward, cell, *arguments) == wanted, number
        refused += wanted is not None
    assert refused > 100


@cells
def test_every_gradient_that_does_not_fit_in_the_words_of_unroll(cell):
    case = draw(cell, (T, N, D, H))
    plain = unroll(cell, case.params, case.xs)[2]
    tape = fused.forward(cell, case.params, case.xs)[2]
    wrong = [(other, case.dstate_T) for other in others(case.dhs) if other is not None]
    for field in case.dstate_T._fields:
        for other in others(getattr(case.dstate_T, field)):
            wrong.append((case.dhs, case.dstate_T._replace(**{field: other})))
    wrong += [(None, None), (case.dhs, 3), (case.dhs, tuple(case.dstate_T)), (3, None)]
    for dhs, dstate_T in wrong:
        wanted = answered(unroll_backward, cell, dhs, dstate_T, plain)
        assert answered(fused.backward, cell, dhs, dstate_T, tape) == wanted


def test_nothing_is_written_when_refused():
    case, workspace = draw(GRU, (T, N, D, H)), fused.Workspace()
    hs, _, tape = fused.forward(GRU, case.params, case.xs, workspace=workspace)
    before = hs.copy()
    for arguments in wrong_runs(GRU):
        if answered(unroll, GRU, *arguments):
            with pytest.raises(ArgumentError):
                fused.forward(GRU, *arguments, workspace=workspace)
    assert (hs == before).all()
    fused.backward(GRU, case.dhs, None, tape, workspace=workspace)


def test_supports_these_cells_and_nothing_of_their_name():
    assert [cell.name for cell in CELLS if fused.supports(cell)] == ["RNN", "LSTM", "GRU"]
    for other in (RNN._replace(step=LSTM.step), LSTM._replace(name="RNN"), None, 3, "RNN", RNN[:]):
        assert fused.supports(other) is False


def test_another_cell_is_refused():
    case = draw(RNN, (T, N, D, H))
    _, _, tape = fused.forward(RNN, case.params, case.xs)
    for cell in (CELLS[3], RNN._replace(step=GRU.step)):
        said = f"cell: expected one of RNN, LSTM, GRU, got {cell.name}; unroll runs any cell."
        assert words(fused.forward, cell, case.params, case.xs)[1] == said
        assert words(fused.backward, cell, case.dhs, None, tape)[1] == said
    for junk in (None, 3, "RNN"):
        wanted = words(unroll, junk, case.params, case.xs)
        assert words(fused.forward, junk, case.params, case.xs) == wanted
        assert words(fused.backward, junk, case.dhs, None, tape) == wanted
    said = words(fused.backward, GRU, case.dhs, None, tape)[1]
    assert said == "cell: expected RNN, which made the tape, got GRU."


def test_another_tape_is_refused():
    case = draw(RNN, (T, N, D, H))
    _, _, tape = fused.forward(RNN, case.params, case.xs)
    plain = unroll(RNN, case.params, case.xs)[2]
    lstm = draw(LSTM, (T, N, D, H))
    kept = fused.forward(LSTM, lstm.params, lstm.xs)[2].kept
    for junk in (None, 3, plain, tuple(tape), 3.0):
        said = words(fused.backward, RNN, case.dhs, None, junk)[1]
        assert said.startswith("tape: expected the FusedTape that fused.forward returned third")
        assert said.endswith(f"got {type(junk).__name__}.")
    for junk in (tape._replace(kept=kept), tape._replace(kept=None), tape._replace(cell=None)):
        assert words(fused.backward, RNN, case.dhs, None, junk)[1].startswith("cell: expected")


def test_another_workspace_is_refused():
    case = draw(RNN, (T, N, D, H))
    _, _, tape = fused.forward(RNN, case.params, case.xs)
    for junk in (3, {}, fused.Workspace):
        said = f"workspace: expected a Workspace(), got {type(junk).__name__}."
        with pytest.raises(ArgumentError) as caught:
            fused.forward(RNN, case.params, case.xs, workspace=junk)
        assert str(caught.value) == said
        with pytest.raises(ArgumentError) as caught:
            fused.backward(RNN, case.dhs, None, tape, workspace=junk)
        assert str(caught.value) == said


shapes = st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 8]), max_size=4).map(tuple)
dtypes = st.sampled_from(["f4", "f8", "c16", "c8", "f2", ">f8", "i4", "u1", "i8", "?", "O"])
arrays = st.builds(
    lambda shape, dtype, low: np.full(shape, low).astype(dtype),
    shapes, dtypes, st.sampled_from([-1, 0, 1, 9]),
)  # fmt: skip


@st.composite
def runs(draw_one):
    """A run that fits, with a few of its arrays replaced by any."""
    cell = draw_one(st.sampled_from(list(KERNELS)))
    sizes = [draw_one(st.sampled_from([1, 2, 3])) for _ in range(4)]
    case = draw(cell, sizes, tokens=draw_one(st.booleans()),
                dtype=draw_one(st.sampled_from([np.float32, np.float64])))  # fmt: skip
    params, xs, state0, dhs, dstate_T = case
    either = lambda right: right if draw_one(st.integers(0, 3)) else draw_one(arrays)  # noqa: E731
    params = type(params)(*map(either, params))
    state0 = None if draw_one(st.booleans()) else type(state0)(*map(either, state0))
    return cell, (params, either(xs), state0), either(dhs), type(dstate_T)(*map(either, dstate_T))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(runs())
def test_the_quick_check_never_takes_what_the_checks_refuse(drawn):
    cell, (params, xs, state0), dhs, dstate_T = drawn
    if not fits(KERNELS[cell], params, xs, state0):
        return
    dims = check_x("xs", xs, "T N", cell.check_params(params))
    if not is_ids(xs):
        check_same_dtype(Wx=params.Wx, xs=xs)
    if state0 is not None:
        cell.check_state("state0", state0, params, dims)
    _, _, tape = unroll(cell, params, xs, state0)
    for gradients in ((dhs, dstate_T), (dhs, None), (None, dstate_T)):
        if gradients_fit(KERNELS[cell], *gradients, tape.hs):
            check_gradients(cell, *gradients, tape)


@cells
def test_the_quick_check_takes_what_fits(cell):
    """Else every run would be checked twice."""
    for tokens in (False, True):
        for bias in ("flat", "row"):
            case = draw(cell, (T, N, D, H), tokens=tokens, bias=bias)
            assert fits(KERNELS[cell], *case[:3])
            assert fits(KERNELS[cell], *case[:2], None)
            assert gradients_fit(KERNELS[cell], case.dhs, case.dstate_T, case.dhs)
            assert gradients_fit(KERNELS[cell], None, case.dstate_T, case.dhs)
            assert gradients_fit(KERNELS[cell], case.dhs, None, case.dhs)
