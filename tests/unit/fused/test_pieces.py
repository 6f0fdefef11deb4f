"""The pieces by themselves, against index loops."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.fused import chunks, products
from unrolled.fused.gates import by_gate, finish_sigmoids
from unrolled.fused.sums import add, input_gradients, room_for_inputs, sums_of, totals

R = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((1, 1, 1, 4), [(0, 1)]),
        ((8, 64, 512, 4), [(0, 8)]),
        ((9, 64, 512, 1), [(0, 4), (4, 9)]),
        # 2^15 // 2000
        ((200, 20, 100, 1), [(200 * k // 13, 200 * (k + 1) // 13) for k in range(13)]),
        ((40, 8, 128, 4), [(8 * k, 8 * k + 8) for k in range(5)]),
        # 100 // 8 = 12
        ((100, 4, 128, 3), [(100 * k // 9, 100 * (k + 1) // 9) for k in range(9)]),
        ((64, 32, 256, 3), [(k, k + 8) for k in range(0, 64, 8)]),
        ((32, 32, 128, 1), [(0, 32)]),  # 2^17
        ((32, 32, 128, 2), [(k, k + 8) for k in range(0, 32, 8)]),
        ((32, 32, 129, 1), [(8 * k, 8 * k + 8) for k in range(4)]),
    ],
)
def test_chunks(sizes, expected):
    assert chunks.spans(*sizes) == expected


def test_chunks_cover_every_step_once_and_fit_their_scratch():
    for T in range(1, 60):
        for N, H in ((1, 1), (3, 1000), (7, 300), (64, 512), (20, 100)):
            spans = chunks.spans(T, N, H, 2)
            steps = [t for start, end in spans for t in range(start, end)]
            assert steps == list(range(T))
            assert chunks.longest(spans) == max(end - start for start, end in spans)


def test_by_gate():
    weights = R.normal(size=(3, 8))
    blocks = by_gate(weights, 3, 2)
    assert blocks.shape == (4, 3, 2)
    for g in range(4):
        for d in range(3):
            for j in range(2):
                assert blocks[g, d, j] == weights[d, 2 * g + j] * (0.5 if g < 3 else 1)
    assert blocks.flags.c_contiguous
    assert not np.shares_memory(blocks, weights)


def test_finish_sigmoids():
    z = R.normal(0, 3, 50)
    t = np.tanh(z / 2)
    finish_sigmoids(t, np.array(0.5))
    np.testing.assert_allclose(t, 1 / (1 + np.exp(-z)), rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", [(1, 6, 6), (1, 6, 12), (3, 6, 12), (4, 5, 7), (2, 512, 512)])
@pytest.mark.parametrize("N", [1, 3, 64])
def test_step_product(shape, N):
    weights = np.asfortranarray(R.normal(size=shape))
    x, y = R.normal(size=(N, shape[1])), np.full((shape[0], N, shape[2]), np.nan)
    product = products.step_product(weights, N)
    product.multiply(x, product.weights, product.columns(y))
    for g in range(shape[0]):
        np.testing.assert_allclose(y[g], x @ weights[g], rtol=0, atol=1e-11)
    if product.weights.ndim == 4:
        G, B, K, width = product.weights.shape
        assert (G, K, B * width) == shape
        assert width >= products.NARROWEST or B == 1
        assert B == 1 or N * K * width <= products.SMALL
        fewer = [b for b in range(1, B) if shape[2] % b == 0]
        assert all(N * K * (shape[2] // b) > products.SMALL for b in fewer)
    assert product.weights.flags.c_contiguous


@pytest.mark.parametrize(
    ("N", "P", "blocks"),
    [(32, 125, 1), (32, 250, 2), (32, 256, 4), (32, 251, 1), (500, 250, 1), (250, 256, 16)],
)
def test_blocks_are_as_few_as_stay_small(N, P, blocks):
    """250 deep: 125 columns of 32 rows are 10^6; no block may be narrower than 16."""
    weights = np.ones((2, 250, P), np.float32)
    assert products.step_product(weights, N).weights.shape == (2, blocks, 250, P // blocks)


@pytest.mark.parametrize(
    ("sizes", "tile"),
    [
        ((100, 100, 100), (100, 100)),
        ((256, 256, 256), (64, 32)),  # 2^24: of two tiles alike the one with more rows
        ((256, 65, 256), (128, 64)),
        ((65, 256, 256), (65, 32)),  # 65 has no divisor to cut it by
        ((251, 300, 257), (251, 257)),  # nor have these
        ((640, 500, 32), (40, 32)),
        ((32, 500, 640), (32, 40)),
        ((640, 1000, 32), (640, 32)),  # 20 rows would be small, and too few
        ((17, 10**5, 32), (17, 32)),  # none is small
        ((256, 256, 976), (64, 61)),  # 64 · 10^6 at most, which is the next but one
        ((256, 256, 977), (256, 977)),
        ((512, 512, 512), (512, 512)),
    ],
)
def test_tiles(sizes, tile):
    assert products.tile(*sizes) == tile


@pytest.mark.parametrize("sizes", [(5, 7, 3), (128, 130, 96), (37, 600, 64), (64, 512, 61)])
@pytest.mark.parametrize("stack", [False, True])
def test_tiled(sizes, stack):
    """Against one plain product; a is a transposed view, as the sums over time have it."""
    M, K, P = sizes
    a, b = R.normal(size=(K, M)).T, R.normal(size=(3, K, P) if stack else (K, P))
    out = np.full((3, M, P) if stack else (M, P), np.nan)
    products.tiled(a, b, out)
    np.testing.assert_allclose(out, np.einsum("mk,...kp->...mp", a, b), rtol=0, atol=1e-11)
    a = R.normal(size=(3, M, K) if stack else (M, K))
    products.tiled(a, b, out)
    np.testing.assert_allclose(out, np.einsum("...mk,...kp->...mp", a, b), rtol=0, atol=1e-11)


@pytest.mark.parametrize("tokens", [False, True])
def test_sums_over_time(tokens):
    S, N, D, H, M, P = 3, 2, 4, 5, 2, 3
    xs = R.integers(0, D, (S, N)) if tokens else R.normal(size=(S, N, D))
    hs = R.normal(size=(S, N, H))
    of_x, of_h, of_b = (R.normal(size=(M, S, N, P)) for _ in range(3))
    rows = [a.reshape(M, S * N, P) for a in (of_x, of_h, of_b)]
    total = []
    for _ in range(2):  # two chunks alike
        add(total, sums_of(xs, D, hs, *rows))
    dWx, dWh, db = totals(total)
    assert (dWx.shape, dWh.shape, db.shape) == ((D, M * P), (H, M * P), (M * P,))
    for m in range(M):
        for p in range(P):
            cells = [(s, n) for s in range(S) for n in range(N)]
            for d in range(D):
                x = {c: float(xs[c] == d) if tokens else xs[(*c, d)] for c in cells}
                wanted = 2 * sum(x[c] * of_x[(m, *c, p)] for c in cells)
                assert abs(dWx[d, m * P + p] - wanted) < 1e-13
            for h in range(H):
                wanted = 2 * sum(hs[(*c, h)] * of_h[(m, *c, p)] for c in cells)
                assert abs(dWh[h, m * P + p] - wanted) < 1e-13
            assert abs(db[m * P + p] - 2 * of_b[m, :, :, p].sum()) < 1e-13


@pytest.mark.parametrize("M", [1, 2])
def test_gradients_of_inputs(M):
    S, N, D, P = 3, 2, 4, 3
    Wx, of_x, xs = R.normal(size=(D, M * P)), R.normal(size=(M, S, N, P)), np.zeros((S, N, D))
    dxs, WxT = room_for_inputs(Wx, xs)
    input_gradients(of_x.reshape(M, S * N, P), WxT, dxs)
    for s in range(S):
        for n in range(N):
            for d in range(D):
                wanted = sum(
                    of_x[m, s, n, p] * Wx[d, m * P + p] for m in range(M) for p in range(P)
                )
                assert abs(dxs[s, n, d] - wanted) < 1e-13
    assert room_for_inputs(Wx, np.zeros((S, N), int))[0] is None
