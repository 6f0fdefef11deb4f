"""Softmax-cross-entropy and squared error, in ops and in models, four ways."""

from __future__ import annotations

import numpy as np
import pytest
from contract.cells import draw
from oracle import loops, matrix
from oracle.agree import agree, same_bytes

from unrolled import RNN, gradcheck, models, ops
from unrolled.models import Model, ModelParams
from unrolled.trees import map_arrays, named_arrays

LOSSES = {
    "cross_entropy": (ops.softmax_cross_entropy, ops.softmax_cross_entropy_backward),
    "squared_error": (ops.mse, ops.mse_backward),
}
losses = pytest.mark.parametrize("loss", LOSSES)
masks = pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])


def targets_for(loss, shape, V, rng, dtype=np.float64):
    if loss == "cross_entropy":
        return rng.integers(0, V, shape)
    return rng.normal(size=(*shape, V)).astype(dtype)


def mask_for(shape, rng):
    mask = rng.random(shape) < 0.6
    mask.flat[0] = True
    mask.flat[-1] = mask.size == 1
    return mask


@losses
@masks
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 1), (2, 2), (3, 3), (4, 2)], ids=str)
@pytest.mark.parametrize("V", [1, 2, 3, 5])
@pytest.mark.parametrize("rank", [2, 3])
def test_loss_four_ways(loss, masked, shape, V, rank):
    rng = np.random.default_rng([*shape, V])
    forward, backward = LOSSES[loss]
    y, targets = rng.normal(0, 2, (*shape, V)), targets_for(loss, shape, V, rng)
    mask = mask_for(shape, rng) if masked else None
    if rank == 2:  # one step alone
        y, targets, mask = y[0], targets[0], mask if mask is None else mask[0]
    got = forward(y, targets, mask), backward(y, targets, mask)
    if rank == 2:
        in_loops = loops.LOSSES[loss](y[None], targets[None], None if mask is None else mask[None])
        in_loops = in_loops[0], in_loops[1][0]
    else:
        in_loops = loops.LOSSES[loss](y, targets, mask)
    agree(got, in_loops)
    agree(got, matrix.LOSSES[loss](y, targets, mask))
    agree(
        got[1],
        gradcheck.complex_step(
            lambda z: (
                forward(z, targets + 0, mask)
                if loss == "cross_entropy"
                else forward(z, targets + 0j, mask)
            ),
            y,
        ),
    )
    assert got[0].shape == ()


def model_case(
    loss, steps, *, tokens, masked, sizes=(4, 3, 2, 5), V=3, bias="flat", dtype=np.float64
):
    cell = draw(RNN, sizes, tokens=tokens, bias=bias, dtype=dtype)
    T, N, _, H = sizes
    rng = np.random.default_rng(3)
    by = rng.normal(size=V) if bias == "flat" else rng.normal(size=(1, V))
    params = ModelParams(cell.params, rng.normal(size=(H, V)).astype(dtype), by.astype(dtype))
    shape = (T, N) if steps == "every" else (N,)
    mask = mask_for(shape, rng) if masked else None
    return Model(RNN, loss, steps), params, cell, targets_for(loss, shape, V, rng, dtype), mask


@losses
@masks
@pytest.mark.parametrize("steps", ["every", "last"])
@pytest.mark.parametrize("tokens", [False, True], ids=["vectors", "tokens"])
@pytest.mark.parametrize("bias", ["flat", "row"])
@pytest.mark.parametrize(
    ("sizes", "V"), [((1, 1, 1, 1), 1), ((4, 3, 2, 5), 3), ((3, 4, 4, 4), 4), ((2, 1, 3, 2), 2)]
)
def test_model_four_ways(loss, steps, masked, tokens, bias, sizes, V):
    model, params, cell, targets, mask = model_case(
        loss, steps, tokens=tokens, masked=masked, sizes=sizes, V=V, bias=bias
    )
    value, gradients, state_T = models.loss_and_gradients(
        model, params, cell.xs, targets, state0=cell.state0, mask=mask
    )
    keep = {"state0": cell.state0, "mask": mask}
    same_bytes(value, models.loss(model, params, cell.xs, targets, **keep))
    run = models.forward(model, params, cell.xs, state0=cell.state0)
    guess = models.predict(model, params, cell.xs, state0=cell.state0)
    same_bytes(state_T, guess.state_T)
    agree(guess, (run.outputs, run.state_T))
    for oracle in (loops, matrix):
        found = oracle.model("RNN", loss, steps, params, cell.xs, targets, cell.state0, mask)
        agree((value, *gradients), tuple(found))

    at = (params, cell.state0) if tokens else (params, cell.state0, cell.xs)
    wide = targets if loss == "cross_entropy" else targets.astype(complex)

    def scalar(tree):
        xs = cell.xs if tokens else tree[2]
        return models.loss(model, tree[0], xs, wide, state0=tree[1], mask=mask)

    exact = gradcheck.complex_step(scalar, at)
    agree(
        tuple(gradients) if not tokens else (gradients.params, gradients.state0),
        (exact[0], exact[1]) if tokens else (exact[0], exact[2], exact[1]),
    )


@losses
@dtypes
@pytest.mark.parametrize("steps", ["every", "last"])
def test_model_keeps_dtype_and_arguments(loss, steps, dtype):
    model, params, cell, targets, mask = model_case(
        loss, steps, tokens=False, masked=True, dtype=dtype
    )
    given = (params, cell, targets, mask)
    before = map_arrays(np.copy, given)
    out = models.loss_and_gradients(model, params, cell.xs, targets, state0=cell.state0, mask=mask)
    run = models.forward(model, params, cell.xs)
    for name, array in named_arrays((*out, run.outputs, run.state_T)):
        assert array.dtype == dtype, name
    same_bytes(given, before)


@dtypes
def test_ops_keep_dtype_and_arguments(dtype):
    rng = np.random.default_rng(0)
    x, W, b, dy = (rng.normal(size=s).astype(dtype) for s in [(2, 3, 4), (4, 5), (1, 5), (2, 3, 5)])
    ids, mask = rng.integers(0, 5, (2, 3)), rng.random((2, 3)) < 0.5
    given = (x, W, b, dy, ids, mask)
    before = map_arrays(np.copy, given)
    for array in given:
        array.flags.writeable = False
    y = ops.affine(x, W, b)
    outputs = (
        y,
        *ops.affine_backward(dy, x, W, b),
        ops.tanh(y),
        ops.tanh_backward(dy, y),
        ops.sigmoid(y),
        ops.sigmoid_backward(dy, y),
        ops.softmax(y),
        ops.softmax_cross_entropy(y, ids, mask),
        ops.softmax_cross_entropy_backward(y, ids, mask),
        ops.mse(y, dy, mask),
        ops.mse_backward(y, dy, mask),
        ops.one_hot(ids, 5, dtype),
    )
    assert [array.dtype for array in outputs] == [dtype] * len(outputs)
    same_bytes(given, before)


@pytest.mark.parametrize("rows", [(1,), (3,), (2, 3), (2, 1, 3)], ids=str)
@pytest.mark.parametrize(("D", "H"), [(1, 1), (2, 2), (3, 2), (2, 3)])
@pytest.mark.parametrize("bias", ["flat", "row"])
def test_affine(rows, D, H, bias):
    rng = np.random.default_rng(1)
    x, W = rng.normal(size=(*rows, D)), rng.normal(size=(D, H))
    b, dy = rng.normal(size=H if bias == "flat" else (1, H)), rng.normal(size=(*rows, H))
    y = np.zeros((*rows, H))
    dx, dW, db = np.zeros_like(x), np.zeros_like(W), np.zeros_like(b)
    for row in np.ndindex(rows):
        for j in range(H):
            y[(*row, j)] = b.flat[j] + sum(x[(*row, d)] * W[d, j] for d in range(D))
            db.flat[j] += dy[(*row, j)]
            for d in range(D):
                dx[(*row, d)] += dy[(*row, j)] * W[d, j]
                dW[d, j] += dy[(*row, j)] * x[(*row, d)]
    agree(ops.affine(x, W, b), y)
    agree(ops.affine_backward(dy, x, W, b), (dx, dW, db))
    exact = gradcheck.complex_step(lambda t: (ops.affine(*t) * dy).sum(), (x, W, b))
    agree(ops.affine_backward(dy, x, W, b), exact)


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_squashes(name, shape):
    rng = np.random.default_rng(2)
    a, d = rng.normal(0, 2, shape), rng.normal(size=shape)
    forward, backward = getattr(ops, name), getattr(ops, f"{name}_backward")
    plain = np.tanh(a) if name == "tanh" else 1 / (1 + np.exp(-a))
    agree(forward(a), plain, 1e-15)
    slope = 1 - plain**2 if name == "tanh" else plain - plain**2
    agree(backward(d, forward(a)), d * slope)
    agree(backward(d, forward(a)), gradcheck.complex_step(lambda z: (forward(z) * d).sum(), a))


def test_sigmoid_and_softmax_never_overflow():
    huge = np.array([-1e308, -800.0, 0.0, 800.0, 1e308])
    agree(ops.sigmoid(huge), [0, 0, 0.5, 1, 1], 0)
    agree(ops.softmax(np.array([1e308, 0.0])), [1, 0], 0)
    far = np.array([[1000.0, 0.0], [0.0, 1000.0]])
    agree(ops.softmax_cross_entropy(far, np.array([1, 1])), 500.0)
    agree(ops.softmax_cross_entropy_backward(far, np.array([1, 1])), [[0.5, -0.5], [0, 0]])


def test_each_row_is_shifted_by_its_own_largest_score():
    apart = np.array([[2000.0, 2000.0], [0.0, 0.0], [-2000.0, -2000.0]])
    agree(ops.softmax(apart), np.full((3, 2), 0.5), 0)
    agree(ops.softmax_cross_entropy(apart, np.array([0, 1, 0])), np.log(2), 1e-15)


def test_complex_scores_give_the_principal_value():
    rng = np.random.default_rng(4)
    z = rng.normal(size=(6, 3)) + 1j * rng.normal(0, 5, (6, 3))
    targets = rng.integers(0, 3, 6)
    agree(ops.softmax_cross_entropy(z, targets), matrix.cross_entropy(z, targets)[0])
    agree(ops.softmax_cross_entropy_backward(z, targets), matrix.cross_entropy(z, targets)[1])


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)], ids=str)
def test_softmax_sums_to_one_and_ignores_a_shift(shape):
    z = np.random.default_rng(0).normal(size=shape)
    p = ops.softmax(z)
    agree(p.sum(-1), np.ones(shape[:-1]))
    agree(p, ops.softmax(z + 7))
    agree(p, np.exp(z) / np.exp(z).sum(-1, keepdims=True))


def test_masked_steps_may_hold_anything():
    y = np.array([[[1.0, 2.0]], [[np.nan, np.inf]]])
    mask = np.array([[True], [False]])
    agree(ops.mse(y, np.zeros_like(y), mask), 2.5)
    agree(ops.mse_backward(y, np.zeros_like(y), mask), [[[1.0, 2.0]], [[0, 0]]])


def test_one_hot():
    rows = ops.one_hot(np.array([[2, 0], [1, 1]]), 3)
    assert rows.tolist() == [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]]
    assert rows.dtype == np.float64
    assert ops.one_hot(np.array([1]), 2, np.float32).tolist() == [[0, 1]]


def test_model_init():
    model = Model(RNN)
    assert (model.loss, model.steps) == ("cross_entropy", "every")
    params = models.init(model, 3, 25, 400, rng=np.random.default_rng(0), dtype=np.float32)
    assert {array.dtype for _, array in named_arrays(params)} == {np.dtype(np.float32)}
    assert params.Wy.shape == (25, 400)
    assert params.by.shape == (400,)
    assert not params.by.any()
    assert 0.19 < params.Wy.max() <= 0.2
    assert -0.19 > params.Wy.min() >= -0.2
    assert models.init(model, 1, 1, 1, rng=np.random.default_rng(0)).Wy.dtype == np.float64


def test_last_step_reads_the_last_state_only():
    model, params, cell, _, _ = model_case("cross_entropy", "last", tokens=False, masked=False)
    every = models.forward(model._replace(steps="every"), params, cell.xs)
    last = models.forward(model, params, cell.xs)
    agree(last.outputs, every.outputs[-1])
    assert every.outputs.shape == (4, 3, 3)
    agree(last.tape.hs[-1], last.state_T.h)
