"""Models on the fused kernels: the numbers of the step-by-step run, for each cell that has one."""

from __future__ import annotations

import numpy as np
import pytest
from contract.cells import CELLS, draw
from oracle.agree import agree, same_bytes

from unrolled import GRU, LSTM, RNN, ArgumentError, fused, gradcheck, models, ops, unroll_backward
from unrolled.models import Model, ModelParams
from unrolled.trees import map_arrays

STEPS = pytest.mark.parametrize("steps", ["every", "last"])
LOSSES = {
    "cross_entropy": (ops.softmax_cross_entropy, ops.softmax_cross_entropy_backward),
    "squared_error": (ops.mse, ops.mse_backward),
}
losses = pytest.mark.parametrize("loss", LOSSES)


def case(cell, loss, steps, *, tokens, sizes=(5, 3, 2, 4), V=3, dtype=np.float64, bias="flat"):
    """One model with its data, every number drawn, the mask neither all True nor all False."""
    T, N, _, H = sizes
    run = draw(cell, sizes, tokens=tokens, dtype=dtype, bias=bias)
    rng = np.random.default_rng(5)
    by = rng.normal(size=V if bias == "flat" else (1, V)).astype(dtype)
    params = ModelParams(run.params, rng.normal(size=(H, V)).astype(dtype), by)
    shape = (T, N) if steps == "every" else (N,)
    targets = rng.integers(0, V, shape)
    if loss == "squared_error":
        targets = rng.normal(size=(*shape, V)).astype(dtype)
    mask = rng.random(shape) < 0.6
    mask.flat[0], mask.flat[-1] = True, False
    return Model(cell, loss, steps), params, run, targets, mask


def step_by_step(model, params, xs, targets, state0, mask):
    """Loss and gradients from the run that keeps each step, by the functions of ops."""
    forward, backward = LOSSES[model.loss]
    run = models.forward(model, params, xs, state0=state0)
    every = model.steps == "every"
    read = run.tape.hs if every else run.tape.hs[-1]
    doutputs = backward(run.outputs, targets, mask)
    dread, dWy, dby = ops.affine_backward(doutputs, read, params.Wy, params.by)
    dhs = np.zeros_like(run.tape.hs)
    dhs[slice(None) if every else -1] = dread
    dxs, dstate0, dcell = unroll_backward(model.cell, dhs, None, run.tape)
    gradients = models.Gradients(ModelParams(dcell, dWy, dby), dxs, dstate0)
    return forward(run.outputs, targets, mask), gradients, run.state_T


@losses
@STEPS
@pytest.mark.parametrize("tokens", [False, True], ids=["vectors", "tokens"])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_every_cell_agrees_with_its_steps(cell, loss, steps, tokens, masked):
    bias = "row" if masked else "flat"
    model, params, run, targets, mask = case(cell, loss, steps, tokens=tokens, bias=bias)
    mask = mask if masked else None
    wanted = step_by_step(model, params, run.xs, targets, run.state0, mask)
    keep = {"state0": run.state0, "mask": mask}
    given = map_arrays(np.copy, (params, run, targets))
    for workspace in (None, fused.Workspace()):
        for _ in range(2):  # the second run overwrites what was lent to the first
            got = models.loss_and_gradients(
                model, params, run.xs, targets, **keep, workspace=workspace
            )
            agree(got, wanted)
            value = models.loss(model, params, run.xs, targets, **keep, workspace=workspace)
            agree(value, wanted[0])
            assert value.shape == ()
            guess = models.predict(model, params, run.xs, state0=run.state0, workspace=workspace)
            plain = models.forward(model, params, run.xs, state0=run.state0)
            agree(guess, (plain.outputs, plain.state_T))
    same_bytes(given, (params, run, targets))


@losses
@STEPS
@pytest.mark.parametrize("cell", [LSTM, GRU], ids=lambda cell: cell.name)
def test_gradients_by_complex_step_through_the_kernels(cell, loss, steps):
    model, params, run, targets, mask = case(cell, loss, steps, tokens=False, sizes=(3, 2, 2, 3))
    wide = targets if loss == "cross_entropy" else targets.astype(complex)

    def scalar(tree):
        return models.loss(model, tree[0], tree[1], wide, state0=tree[2], mask=mask)

    exact = gradcheck.complex_step(scalar, (params, run.xs, run.state0))
    _, gradients, _ = models.loss_and_gradients(
        model, params, run.xs, targets, state0=run.state0, mask=mask
    )
    agree(tuple(gradients), exact)


@losses
@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_other_dtypes(loss, dtype):
    model, params, run, targets, mask = case(LSTM, loss, "every", tokens=False, dtype=dtype)
    wanted = step_by_step(model, params, run.xs, targets, run.state0, mask)
    got = models.loss_and_gradients(model, params, run.xs, targets, state0=run.state0, mask=mask)
    agree(got, wanted, 1e-5 if dtype == np.float32 else 1e-12)


def test_complex_scores_have_the_principal_value():
    """Where the imaginary parts are large, the logarithm's branch tells how rows are shifted."""
    rng = np.random.default_rng(4)
    params = models.init(Model(RNN), 1, 1, 3, rng=rng, dtype=np.complex128)
    params, one = map_arrays(np.zeros_like, params), np.zeros((1, 1), int)
    for scores in rng.normal(size=(30, 3)) + 5j * rng.normal(size=(30, 3)):
        agree(
            models.loss(Model(RNN), params._replace(by=scores), one, one),
            ops.softmax_cross_entropy(scores[None, None], one),
        )


def test_what_is_known_of_scores_that_are_far_apart():
    params = models.init(Model(RNN), 1, 1, 3, rng=np.random.default_rng(0))
    params = map_arrays(np.zeros_like, params)._replace(by=np.array([1000.0, 0.0, -1e308]))
    one = np.zeros((1, 2), int)
    agree(models.loss(Model(RNN), params, one, np.array([[0, 1]])), 500.0)
    _, gradients, _ = models.loss_and_gradients(Model(RNN), params, one, np.array([[0, 1]]))
    agree(gradients.params.by, [0.5, -0.5, 0.0])


def test_a_masked_step_may_hold_anything():
    model, params, run, targets, _ = case(GRU, "squared_error", "every", tokens=True)
    mask = np.ones(targets.shape[:2], bool)
    mask[1, 2] = False
    wild = targets.copy()
    wild[1, 2] = 1e300
    with np.errstate(over="ignore"):
        got = models.loss_and_gradients(model, params, run.xs, wild, mask=mask)
    agree(got, models.loss_and_gradients(model, params, run.xs, targets, mask=mask))
    nothing = np.zeros_like(mask)
    value, gradients, _ = models.loss_and_gradients(model, params, run.xs, targets, mask=nothing)
    assert value == 0
    assert not gradients.params.Wy.any()


def test_one_workspace_serves_any_order_of_sizes():
    workspace = fused.Workspace()
    sizes = [(5, 3, 2, 4), (2, 1, 3, 5), (5, 3, 2, 4), (7, 3, 2, 4), (1, 1, 1, 1)]
    for steps in ("every", "last"):
        for cell in (LSTM, RNN, GRU):
            for size in sizes:
                given = case(cell, "cross_entropy", steps, tokens=True, sizes=size)
                model, params, run, targets, _ = given
                agree(
                    models.loss_and_gradients(model, params, run.xs, targets, workspace=workspace),
                    models.loss_and_gradients(model, params, run.xs, targets),
                    1e-14,
                )


def test_a_state_goes_on_through_one_workspace():
    workspace = fused.Workspace()
    model, params, run, _, _ = case(LSTM, "cross_entropy", "every", tokens=True, sizes=(9, 2, 3, 4))
    whole = models.predict(model, params, run.xs)
    state, parts = None, []
    for start in (0, 3, 6):
        part = models.predict(
            model, params, run.xs[start : start + 3], state0=state, workspace=workspace
        )
        state = part.state_T
        parts.append(part.outputs.copy())
    agree((np.concatenate(parts), state), tuple(whole))


def test_without_a_workspace_results_are_the_callers_own():
    model, params, run, targets, _ = case(LSTM, "cross_entropy", "every", tokens=False)
    first = models.loss_and_gradients(model, params, run.xs, targets)
    guess = models.predict(model, params, run.xs)
    before = map_arrays(np.copy, (first, guess))
    models.loss_and_gradients(model, params, -run.xs, targets)
    models.predict(model, params, -run.xs)
    same_bytes((first, guess), before)


def test_the_kernels_borrow_from_the_workspace():
    lent = []

    class Told(fused.Workspace):
        def empty(self, name, shape, dtype):
            lent.append(name)
            return super().empty(name, shape, dtype)

    model, params, run, targets, _ = case(LSTM, "cross_entropy", "every", tokens=True)
    models.predict(model, params, run.xs, workspace=Told())
    forward = set(lent)
    assert forward > {"outputs"}
    models.loss_and_gradients(model, params, run.xs, targets, workspace=Told())
    assert set(lent) > forward | {"dread"}


def test_a_cell_of_ones_own_need_not_check_the_generator():
    mine = RNN._replace(init=lambda D, H, rng, dtype: drawn)
    drawn = RNN.init(2, 3, rng=np.random.default_rng(0))
    with pytest.raises(ArgumentError, match="rng: expected a numpy"):
        models.init(Model(mine), 2, 3, 2, rng=7)


def test_token_ids_never_become_one_hot_on_the_way_forward(monkeypatch):
    def never(*args):
        raise AssertionError("one-hot rows")

    monkeypatch.setattr(ops, "one_hot", never)
    for cell in (RNN, LSTM, GRU):
        model, params, run, targets, mask = case(cell, "cross_entropy", "every", tokens=True)
        models.predict(model, params, run.xs)
        models.loss(model, params, run.xs, targets, mask=mask)


@pytest.mark.parametrize("workspace", [5, "new", {}, fused.Workspace])
def test_no_workspace(workspace):
    model, params, run, targets, _ = case(LSTM, "cross_entropy", "every", tokens=True)
    for cell in (LSTM, LSTM._replace(name="mine")):  # one with a kernel, one without
        mine = model._replace(cell=cell)
        for call in (
            lambda m=mine: models.predict(m, params, run.xs, workspace=workspace),
            lambda m=mine: models.loss(m, params, run.xs, targets, workspace=workspace),
            lambda m=mine: models.loss_and_gradients(
                m, params, run.xs, targets, workspace=workspace
            ),
        ):
            with pytest.raises(ArgumentError, match=r"workspace: expected None or fused\.Work"):
                call()


def test_predict_refuses_what_forward_refuses():
    model, params, run, _, _ = case(LSTM, "cross_entropy", "every", tokens=False)
    holes = run.xs.copy()
    holes[2, 1, 0] = np.nan
    for bad in (holes, run.xs[..., :1], run.xs.astype("f4"), run.xs[0], None):
        said = []
        for function in (models.forward, models.predict):
            with pytest.raises(ArgumentError) as error:
                function(model, params, bad)
            said.append(str(error.value))
        assert said[0] == said[1]


@pytest.mark.parametrize("stride", [None, 4, 3])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("cell", [RNN, LSTM, GRU], ids=lambda cell: cell.name)
def test_truncated_windows_on_kernels_and_on_steps(cell, masked, stride):
    """A cell under another name has no kernel; overlapping windows never use one."""
    model, params, run, targets, mask = case(
        cell, "cross_entropy", "every", tokens=True, sizes=(11, 3, 2, 4)
    )
    keep = {"length": 4, "stride": stride, "state0": run.state0, "mask": mask if masked else None}
    mine = model._replace(cell=cell._replace(name="mine"))
    got = models.truncated_loss_and_gradients(model, params, run.xs, targets, **keep)
    agree(got, models.truncated_loss_and_gradients(mine, params, run.xs, targets, **keep))
    keep = {"state0": run.state0, "mask": keep["mask"]}
    agree(got[0], models.loss(model, params, run.xs, targets, **keep))
    assert got[1].xs is None
    whole = models.loss_and_gradients(model, params, run.xs, targets, **keep)
    agree((got[1].params.Wy, got[1].params.by), (whole[1].params.Wy, whole[1].params.by))
    agree(got[2], whole[2])
    one = models.truncated_loss_and_gradients(model, params, run.xs, targets, length=99, **keep)
    agree((one[0], one[1].params, one[1].state0), (whole[0], whole[1].params, whole[1].state0))


def test_a_stream_is_checked_whole_before_its_first_window_is_run():
    model, params, run, targets, _ = case(
        LSTM, "squared_error", "every", tokens=False, sizes=(6, 2, 3, 4)
    )
    holes = run.xs.copy()
    holes[5, 1, 2] = np.nan
    with pytest.raises(ArgumentError, match=r"xs: expected finite .* T index 5 "):
        models.truncated_loss_and_gradients(model, params, holes, targets, length=2)


def test_end_to_end_windows_keep_the_terms_that_overlapping_ones_would():
    """With a stride of one less than the length, and windows of one new step, by hand."""
    model, params, run, targets, _ = case(LSTM, "squared_error", "every", tokens=False,
                                          sizes=(6, 2, 3, 4))  # fmt: skip
    got = models.truncated_loss_and_gradients(
        model, params, run.xs, targets, length=2, state0=run.state0
    )
    state, added, first = run.state0, None, None
    for start in (0, 2, 4):
        part = slice(start, start + 2)
        _, gradients, state = step_by_step(model, params, run.xs[part], targets[part], state, None)
        added = gradients.params if added is None else map_arrays(np.add, added, gradients.params)
        first = gradients.state0 if first is None else first
    agree((got[1].params, got[1].state0, got[2]), (added, first, state))
