"""Calls of the gated cells that cannot work: refused in a sentence before anything is computed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from contract.cells import CELLS, draw

from unrolled import LSTM, ArgumentError, DTypeError, Hidden, Memory, ShapeError, ops
from unrolled.cells import CoupledLSTM, PeepholeLSTM

GATED = [cell for cell in CELLS if cell.name != "RNN"]
BLOCKS = {
    "LSTM": 4,
    "GRU": 3,
    "ResetBeforeGRU": 3,
    "PeepholeLSTM": 4,
    "CoupledLSTM": 3,
    "MGU": 2,
}
cells = pytest.mark.parametrize("cell", GATED, ids=lambda cell: cell.name)
T, N, D, H = 2, 3, 4, 5


GUARD = SimpleNamespace(on=False)


@pytest.fixture(autouse=True)
def _nothing_computed(monkeypatch):
    """Once a test switches the guard on, no operation may run."""
    monkeypatch.setattr(GUARD, "on", False)
    for name in ("sigmoid", "tanh", "sigmoid_backward", "tanh_backward", "one_hot"):
        real = getattr(ops, name)

        def watched(*arguments, real=real, name=name):
            assert not GUARD.on, f"{name} ran before the arguments were checked"
            return real(*arguments)

        monkeypatch.setattr(ops, name, watched)


def case(cell):
    drawn = draw(cell, (T, N, D, H))
    _, cache = cell.step(drawn.params, drawn.xs[0], drawn.state0)
    GUARD.on = True
    return drawn.params, drawn.xs[0], drawn.state0, drawn.dstate_T, cache


def refuses(call, kind, *says):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert type(caught.value) is kind
    for word in says:
        assert word in str(caught.value), str(caught.value)


def narrow(array):
    return array.astype(np.float32)


@cells
def test_weights_that_are_not_stacked(cell):
    params, x, state, _, _ = case(cell)
    k = BLOCKS[cell.name]
    many = f"({k}H, hidden units)"
    for call in (
        lambda p: cell.step(p, x, state),
        cell.check_params,
        lambda p: cell.zero_state(p, N),
    ):
        refuses(
            lambda c=call: c(params._replace(Wx=params.Wx[:, :-1])),
            ShapeError,
            f"Wx: axis 1 {many} should be a multiple of {k}, got {k * H - 1}",
            "One block of H columns for each gate.",
        )
        refuses(
            lambda c=call: c(params._replace(Wh=params.Wh[:, :H])),
            ShapeError,
            f"Wh: axis 1 {many} should be {k * H} to match Wx, got {H}",
        )
        refuses(
            lambda c=call: c(params._replace(Wh=np.zeros((H + 1, k * H)))),
            ShapeError,
            f"Wh: axis 0 (H, hidden units) should be {H} to match Wx, got {H + 1}",
            "Did you swap Wx and Wh?",
        )
        refuses(
            lambda c=call: c(params._replace(b=params.b[:H])),
            ShapeError,
            f"b: axis 0 {many} should be {k * H} to match Wx, got {H}",
        )
        refuses(
            lambda c=call: c(params._replace(b=params.b[:, None])), ShapeError, "never a column"
        )
        for field in ("Wh", "b"):
            mixed = params._replace(**{field: narrow(getattr(params, field))})
            refuses(
                lambda c=call, p=mixed: c(p), DTypeError, f"{field}: expected float64 to match Wx"
            )


@cells
def test_parameters_of_another_kind(cell):
    params, x, state, _, _ = case(cell)
    form = type(params).__name__
    other = draw(CELLS[0], (T, N, D, H)).params
    for wrong, got in ((tuple(params), "tuple"), (None, "NoneType"), (other, "RNNParams")):
        for call in (
            lambda w=wrong: cell.step(w, x, state),
            lambda w=wrong: cell.zero_state(w, 1),
            lambda w=wrong: cell.check_params(w),
            lambda w=wrong: cell.check_state("state", state, w, {}),
        ):
            refuses(call, DTypeError, f"params: expected {form}(Wx (D, {BLOCKS[cell.name]}H)",
                    f"got {got}. Make them with {cell.name}.init.")  # fmt: skip


@cells
def test_states_of_another_kind(cell):
    params, x, state, dstate, cache = case(cell)
    keeps_memory = isinstance(state, Memory)
    form = "Memory(h, c)" if keeps_memory else "Hidden(h)"
    other = Hidden(state.h) if keeps_memory else Memory(state.h, state.h)
    for wrong in (tuple(state), other, state.h, None):
        got = f"got {type(wrong).__name__}"
        refuses(lambda w=wrong: cell.step(params, x, w), DTypeError, f"state: expected {form}", got)
        refuses(
            lambda w=wrong: cell.step_backward(w, cache),
            DTypeError,
            f"dstate: expected {form}",
            got,
        )
    for field in state._fields:
        array = getattr(state, field)
        for changed, kind, says in (
            (array[:1], ShapeError, f"{field}: axis 0 (N, sequences in the mini-batch) should be"),
            (array[:, :1], ShapeError, f"{field}: axis 1 (H, hidden units) should be {H}"),
            (array[0], ShapeError, f"{field}: expected 2 axes"),
            (narrow(array), DTypeError, f"{field}: expected float64 to match Wh, got float32"),
            (None, DTypeError, f"{field}: expected a NumPy array"),
        ):
            new = state._replace(**{field: changed})
            refuses(lambda s=new: cell.step(params, x, s), kind, "state." + says)
            dnew = dstate._replace(**{field: changed})
            refuses(lambda s=dnew: cell.step_backward(s, cache), kind, "dstate." + says)


@cells
def test_inputs(cell):
    params, x, state, _, _ = case(cell)
    many = "x: axis 1 (D, input features) should be 4 to match Wx, got 3"
    refuses(lambda: cell.step(params, x[:, :3], state), ShapeError, many, "swap x and h")
    refuses(lambda: cell.step(params, x[0], state), ShapeError, "x: expected 2 axes", "[None]")
    refuses(lambda: cell.step(params, narrow(x), state), DTypeError, "x: expected float64", "Wx")
    refuses(lambda: cell.step(params, x.tolist(), state), DTypeError, "x: expected a NumPy array")
    ids = np.array([0, D, 1])
    refuses(lambda: cell.step(params, ids, state), ArgumentError, "N index 1", "0 to 3", "got 4")
    refuses(lambda: cell.step(params, -ids, state), ArgumentError, "x: token id", "got -4")
    refuses(lambda: cell.step(params, ids[:2] % D, state), ShapeError, "state.h: axis 0", "x")


@cells
def test_caches(cell):
    _, x, _, dstate, cache = case(cell)
    form = type(cache).__name__
    for wrong in (tuple(cache), None, dstate):
        refuses(
            lambda w=wrong: cell.step_backward(dstate, w),
            DTypeError,
            f"cache: expected the {form} that {cell.name}.step returned second",
            f"got {type(wrong).__name__}",
        )
    for field in cache._fields[2:]:
        array = getattr(cache, field)
        for changed, kind, says in (
            (array[:1], ShapeError, f"{field}: axis 0"),
            (array[:, :1], ShapeError, f"{field}: axis 1 (H, hidden units)"),
            (narrow(array), DTypeError, f"{field}: expected float64 to match Wh"),
        ):
            bad = cache._replace(**{field: changed})
            refuses(lambda c=bad: cell.step_backward(dstate, c), kind, says)
    refuses(
        lambda: cell.step_backward(dstate, cache._replace(params=tuple(cache.params))),
        DTypeError,
        "params: expected ",
    )
    refuses(lambda: cell.step_backward(dstate, cache._replace(x=narrow(x))), DTypeError, "x: ")
    refuses(lambda: cell.step_backward(dstate, cache._replace(x=x[:, :3])), ShapeError, "x: axis 1")


@cells
def test_fresh_weights(cell):
    rng = np.random.default_rng(0)
    refuses(lambda: cell.init(0, H, rng=rng), ArgumentError, "D: ", "input features", "got 0")
    refuses(lambda: cell.init(D, 1.0, rng=rng), ArgumentError, "H: ", "hidden units", "got 1.0")
    refuses(lambda: cell.init(D, H, rng=0), ArgumentError, "rng: ", "Generator", "got int")
    refuses(lambda: cell.init(D, H, rng=rng, dtype=int), DTypeError, "dtype: ", "int64")
    params = cell.init(D, H, rng=rng)
    refuses(lambda: cell.zero_state(params, 0), ArgumentError, "N: ", "sequences", "got 0")
    assert type(params).__name__ == f"{cell.name}Params"
    assert params.Wx.shape == (D, BLOCKS[cell.name] * H)
    assert params.Wh.shape == (H, BLOCKS[cell.name] * H)


@pytest.mark.parametrize("cell", [LSTM, PeepholeLSTM], ids=lambda cell: cell.name)
@pytest.mark.parametrize("bias", [np.nan, np.inf, -np.inf, None, "1", True, 1j, np.zeros(2)])
def test_a_forget_bias_is_a_finite_number(cell, bias):
    rng = np.random.default_rng(0)
    refuses(
        lambda: cell.init(D, H, rng=rng, forget_bias=bias),
        ArgumentError,
        f"forget_bias: expected a finite number, got {bias!r}.",
    )


@cells
def test_biases_start_at_zero_but_for_the_forget_gate(cell):
    b = cell.init(D, H, rng=np.random.default_rng(0)).b
    ones = {"LSTM": slice(H, 2 * H), "PeepholeLSTM": slice(H, 2 * H)}
    expected = np.zeros(BLOCKS[cell.name] * H)
    if cell.name in ones:
        expected[ones[cell.name]] = 1
        other = cell.init(D, H, rng=np.random.default_rng(0), forget_bias=-2.5).b
        assert other.tolist() == (-2.5 * expected).tolist()
    assert b.tolist() == expected.tolist()


def test_peepholes_have_one_weight_for_each_unit():
    params, x, state, _, _ = case(PeepholeLSTM)
    for field in ("pi", "pf", "po"):
        for wrong, kind, says in (
            (params.pi[:2], ShapeError, f"{field}: axis 0 (H, hidden units) should be 5"),
            (params.pi[None], ShapeError, f"{field}: expected 1 axis"),
            (narrow(params.pi), DTypeError, f"{field}: expected float64 to match Wx"),
            (None, DTypeError, f"{field}: expected a NumPy array"),
        ):
            bad = params._replace(**{field: wrong})
            refuses(lambda p=bad: PeepholeLSTM.step(p, x, state), kind, says)
            refuses(lambda p=bad: PeepholeLSTM.zero_state(p, 1), kind, says)


def test_peepholes_are_drawn_each_its_own():
    params = PeepholeLSTM.init(1, 400, rng=np.random.default_rng(0))
    for p in (params.pi, params.pf, params.po):
        assert 0.045 < np.abs(p).max() <= 0.05  # ±1/√H
        assert p.min() < 0 < p.max()
    assert (params.pi != params.pf).all()
    assert (params.pf != params.po).all()
    assert (params.pi != params.po).all()


def test_states_of_the_memory_cells_share_no_array():
    for cell in (LSTM, PeepholeLSTM, CoupledLSTM):
        zero = cell.zero_state(cell.init(2, 3, rng=np.random.default_rng(0)), 4)
        assert zero.h is not zero.c
        assert zero.h.shape == zero.c.shape == (4, 3)
