"""What does not fit is refused by every cell, by name, before anything is computed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from contract.cells import CELLS, draw

from unrolled import ops
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

cells = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
N, D, H = 2, 3, 5


@pytest.fixture
def case(cell):
    return draw(cell, (4, N, D, H))


@pytest.fixture(autouse=True)
def nothing_is_computed(monkeypatch, case):
    """Once the case is drawn, any squashing function is a trap."""

    def computed(*args):
        raise AssertionError("computed before the arguments were checked")

    for name in ("tanh", "sigmoid", "tanh_backward", "sigmoid_backward"):
        monkeypatch.setattr(ops, name, computed)


def refused(call, kind, *says):
    with pytest.raises(kind) as caught:
        call()
    for part in says:
        assert re.search(rf"(?<!\w){re.escape(part)}", str(caught.value)), str(caught.value)


def longer(array, axis):
    """One more entry along an axis."""
    return np.concatenate([array, array.take([0], axis)], axis)


@cells
def test_parameters_of_another_shape(cell, case):
    for field in case.params._fields:
        array = getattr(case.params, field)
        for axis in range(array.ndim):
            if (field, axis) == ("Wx", 0):
                continue  # any D fits, until an input comes
            bad = case.params._replace(**{field: longer(array, axis)})
            refused(lambda bad=bad: cell.check_params(bad), ShapeError, "should be")
            refused(lambda bad=bad: cell.zero_state(bad, N), ShapeError)
            refused(lambda bad=bad: cell.step(bad, case.xs[0], case.state0), ShapeError)
        bad = case.params._replace(**{field: array[..., None]})
        refused(lambda bad=bad: cell.check_params(bad), ShapeError, field)


@cells
def test_parameters_of_another_dtype(cell, case):
    for field in case.params._fields:
        bad = case.params._replace(**{field: getattr(case.params, field).astype(np.float32)})
        refused(lambda bad=bad: cell.check_params(bad), DTypeError, "float32", "float64")


@cells
def test_parameters_of_another_kind(cell, case):
    dims = cell.check_params(case.params)
    kind = type(case.params).__name__
    says = ("params:", f"{kind}(Wx (D", f"{kind.removesuffix('Params')}.init")
    for junk in (None, tuple(case.params), case.state0):
        refused(lambda junk=junk: cell.check_params(junk), DTypeError, *says)
        refused(lambda j=junk: cell.check_state("s", case.state0, j, dims), DTypeError, *says)


@cells
def test_a_state_that_does_not_fit(cell, case):
    x = case.xs[0]
    for field in case.state0._fields:
        array = getattr(case.state0, field)
        for axis in range(2):
            bad = case.state0._replace(**{field: longer(array, axis)})
            refused(lambda bad=bad: cell.step(case.params, x, bad), ShapeError, f"state.{field}:")
        bad = case.state0._replace(**{field: array.astype(np.float32)})
        refused(lambda bad=bad: cell.step(case.params, x, bad), DTypeError, f"state.{field}:")
    kind, fields = type(case.state0).__name__, case.state0._fields
    write = f"Write {kind}(state{', …' * (len(fields) > 1)})."
    says = ("state:", f"{kind}({', '.join(fields)}) with {' and '.join(fields)} (N,", write)
    for junk in (None, tuple(case.state0), case.state0[0]):
        refused(lambda junk=junk: cell.step(case.params, x, junk), DTypeError, *says)


@cells
def test_an_input_that_does_not_fit(cell, case):
    def step(x):
        return lambda: cell.step(case.params, x, case.state0)

    x = case.xs[0]
    refused(step(longer(x, 1)), ShapeError, "x:")
    refused(step(longer(x, 0)), ShapeError, "state.")
    refused(step(x[None]), ShapeError, "x:")
    refused(step(x.astype(np.float32)), DTypeError, "x:")
    refused(step(np.array([0, D])), ArgumentError, "x:")
    refused(step(np.array([0, 1, 2])), ShapeError, "state.")


@cells
def test_a_gradient_or_a_cache_that_does_not_fit(cell, case, monkeypatch):
    monkeypatch.undo()
    _, cache = cell.step(case.params, case.xs[0], case.state0)
    dstate = case.dstate_T
    for field in dstate._fields:
        bad = dstate._replace(**{field: longer(getattr(dstate, field), 0)})
        refused(lambda bad=bad: cell.step_backward(bad, cache), ShapeError, f"dstate.{field}:")
    refused(lambda: cell.step_backward(dstate[0], cache), DTypeError, "dstate:")
    for junk in (None, tuple(cache), case.params):
        refused(lambda junk=junk: cell.step_backward(dstate, junk), DTypeError, "cache:", cell.name)
    for field in cache._fields[2:]:
        array = getattr(cache, field)
        bad = cache._replace(**{field: longer(array, 0)})
        refused(lambda bad=bad: cell.step_backward(dstate, bad), ShapeError)
        bad = cache._replace(**{field: array.astype(np.float32)})
        refused(lambda bad=bad: cell.step_backward(dstate, bad), DTypeError, field)
    bad = cache._replace(x=cache.x.astype(np.float32))
    refused(lambda: cell.step_backward(dstate, bad), DTypeError, "x:")
    refused(lambda: cell.step_backward(dstate, cache._replace(params=None)), DTypeError, "params:")


@cells
@pytest.mark.parametrize("junk", [0, -1, 2.0, True, None])
def test_sizes_that_are_no_sizes(cell, case, junk):
    rng = np.random.default_rng(0)
    refused(lambda: cell.init(junk, H, rng=rng), ArgumentError, "D:")
    refused(lambda: cell.init(D, junk, rng=rng), ArgumentError, "H:")
    refused(lambda: cell.zero_state(case.params, junk), ArgumentError, "N:")


@cells
def test_an_init_without_a_generator_or_with_another_dtype(cell, case):
    refused(lambda: cell.init(D, H, rng=np.random), ArgumentError, "rng:")
    refused(lambda: cell.init(D, H, rng=0), ArgumentError, "rng:")
    rng = np.random.default_rng(0)
    refused(lambda: cell.init(D, H, rng=rng, dtype=np.float16), DTypeError, "dtype:")
