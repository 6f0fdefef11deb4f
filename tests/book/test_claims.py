"""The appendix of claims: every number that refutes one is found again by another road."""

from __future__ import annotations

import ast
import contextlib
import io
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import numpy as np
import pytest

from unrolled import LSTM, RNN, gradcheck, models
from unrolled.analysis.counts import weight_count
from unrolled.analysis.spectra import orthogonal

PAGE = Path(__file__).resolve().parents[2] / "book" / "claims.md"
TEXT = PAGE.read_text("utf-8") if PAGE.is_file() else ""
SECTION = re.compile(r"^\((claim-[\w-]+)\)=\n### (.+)\n", re.M)
LABELS = SECTION.findall(TEXT)
FLOAT = r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?"
LONGEST_CELL, WIDEST_LINE = 15, 82


class Shown(NamedTuple):
    """What the cell of a claim left behind."""

    names: dict[str, Any]
    lines: list[list[float]]
    """The numbers of each printed line."""


def sources() -> list[str]:
    cells = jupytext.read(PAGE, fmt="md:myst").cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def body(label: str) -> str:
    """Return the text of a claim, up to the next heading."""
    return re.split(r"^(?:## |\(claim-)", TEXT.split(f"({label})=\n", 1)[1], flags=re.M)[0]


@pytest.fixture(scope="module")
def shown() -> dict[str, Shown]:
    """Run each claim's cell by itself, after the imports and nothing else."""
    imports, *cells = sources()
    results = {}
    for (label, _), cell in zip(LABELS, cells, strict=True):
        names: dict[str, Any] = {}
        exec(imports, names)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()) as out:
            warnings.simplefilter("error")
            exec(cell, names)
        lines = [[float(n) for n in re.findall(FLOAT, line)] for line in out.getvalue().split("\n")]
        results[label] = Shown(names, lines[:-1])
    return results


# The cells as plain arithmetic, so that a complex number passes through.


def rnn(p: Any, xs: Any, h: Any) -> Any:
    for x in xs:
        h = np.tanh(h @ p.Wh + x @ p.Wx + p.b)
    return h


def lstm(p: Any, xs: Any, h: Any, c: Any) -> tuple[Any, Any]:
    H = p.Wh.shape[0]
    for x in xs:
        a = h @ p.Wh + x @ p.Wx + p.b
        i, f, o = (1 / (1 + np.exp(-a[:, k * H : (k + 1) * H])) for k in range(3))
        c = f * c + i * np.tanh(a[:, 3 * H :])
        h = o * np.tanh(c)
    return h, c


def nudged(function: Callable[[Any], Any], at: Any) -> Any:
    """Differentiate by the complex step, written out once more."""
    slopes = np.empty(at.shape)
    for index in np.ndindex(at.shape):
        moved = at.astype(complex)
        moved[index] += 1e-30j
        slopes[index] = function(moved).imag / 1e-30
    return slopes


def far(p: Any, xs: Any, h0: Any, dh: Any) -> float:
    """Measure the gradient of dh · h_T with respect to the state before all of xs."""
    return float(np.linalg.norm(nudged(lambda h: (dh * rnn(p, xs, h)).sum(), h0)))


def test_every_claim_has_one_cell_a_truth_and_its_chapter() -> None:
    assert len(LABELS) == len(set(LABELS)) == len(sources()) - 1 == 22
    for label, heading in LABELS:
        assert re.fullmatch("“.+”", heading), heading
        assert body(label).count("```{code-cell}") == 1, label
        truth = body(label).split("**What holds.**")
        assert len(truth) == 2, label
        assert re.search(r"\{doc\}`(?:\d\d_\w+|notation_across_books)`", truth[1]), label


def test_the_list_at_the_top_names_every_claim_in_order() -> None:
    listed = re.findall(r"^\| \{ref\}`.+? <(claim-[\w-]+)>` \| .+ \|$", TEXT, re.M)
    assert listed == [label for label, _ in LABELS]


def test_cells_are_short_and_define_nothing() -> None:
    for source in sources():
        lines = source.splitlines()
        assert len(lines) <= LONGEST_CELL
        assert max(map(len, lines)) <= WIDEST_LINE
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef)
            assert not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda))


def test_slope(shown: dict[str, Shown]) -> None:
    claimed, measured, correct = (line[-1] for line in shown["claim-slope"].lines)
    assert correct == measured == pytest.approx(1 / math.cosh(1.5) ** 2, abs=5e-5)
    assert claimed == pytest.approx(math.cosh(1.5) ** 2, abs=5e-5)
    assert claimed > 1 > measured


def test_db(shown: dict[str, Shown]) -> None:
    names, (_, row, measured, summed) = shown["claim-db"]
    x, dh, p = names["x"], names["dh"], names["p"]
    db = [0.0, 0.0, 0.0]
    for n in range(5):
        for k in range(3):
            a = sum(x[n, d] * p.Wx[d, k] for d in range(2)) + p.b[k]
            db[k] += dh[n, k] / math.cosh(a) ** 2
    assert measured[-3:] == summed[-3:] == pytest.approx(db, abs=5e-5)
    assert np.abs(np.array(row[-3:]) - db).min() > 0.1


def test_units(shown: dict[str, Shown]) -> None:
    for H, T, count, *states in shown["claim-units"].lines[1:]:
        assert states == [T, 1, H]
        assert count == weight_count(3, int(H), biased=("cells",))
    short, long, wide = (line[2] for line in shown["claim-units"].lines[1:])
    assert short == long != wide


def test_shapes(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-shapes"]
    y = names["y"]
    pairs = sum((one - other) ** 2 for one in y for other in y) / 25
    assert lines[0] == [0.0]
    assert lines[1][-1] == pytest.approx(pairs, abs=5e-5)
    assert pairs == pytest.approx(2 * y.var())
    assert lines[2] == [0.1, 0.2, 0.3]
    assert lines[3][-3:] == [0.1, 0.1, 0.1]


def test_squared(shown: dict[str, Shown]) -> None:
    q = 1 / (1 + math.exp(8))
    (squared,), (crossed,) = shown["claim-squared"].lines
    assert squared == pytest.approx(2 * q * (1 - q) ** 2, abs=5e-7)
    assert crossed == pytest.approx(1 - q, abs=5e-7)
    assert squared < crossed / 1000


def test_two_terms(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-two-terms"]
    p, xs, dh = names["p"], names["xs"], names["dhs"][2]
    for h0, line in zip((np.zeros((1, 3)), names["h0"]), lines[1::2], strict=True):
        norms = []
        for use in range(3):  # W_h nudged in one step only

            def loss(Wh: Any, use: int = use, h: Any = h0) -> Any:
                for k in range(3):
                    h = rnn(p._replace(Wh=Wh if k == use else p.Wh), xs[k : k + 1], h)
                return (dh * h).sum()

            norms.append(np.linalg.norm(nudged(loss, p.Wh)))
        assert line[-3:] == pytest.approx(norms, abs=5e-5)
    assert lines[1][-3] == 0 < lines[3][-3]


def test_wy(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-wy"]
    model, p, xs, target = (names[name] for name in ("model", "p", "xs", "target"))
    _, gradients, _ = models.loss_and_gradients(model, p, xs, target)
    h = [np.zeros((1, 4))]
    for x in xs:
        h.append(np.tanh(h[-1] @ p.cell.Wh + p.cell.Wx[x] + p.cell.b))
    o = np.exp(h[3] @ p.Wy + p.by)[0]
    do = o / o.sum() - (np.arange(3) == target)
    da = (p.Wy @ do) * (1 - h[3][0] ** 2)
    lasts = np.outer(h[3], do), np.outer(h[2], da)
    wholes = gradients.params.Wy, gradients.params.cell.Wh
    for last, whole, line in zip(lasts, wholes, lines, strict=True):
        missing = np.linalg.norm(whole - last) / np.linalg.norm(whole)
        assert line[-1] == pytest.approx(100 * missing, abs=0.05)
    assert lines[0][-1] == 0
    assert lines[1][-1] > 10


def test_further(shown: dict[str, Shown]) -> None:
    """Every net by Jacobians, multiplied forward; some by the package."""
    names, lines = shown["claim-further"]
    model, inputs, target = models.Model(RNN, steps="last"), np.eye(4)[[0, 1, 2, 2]], np.array([3])
    shares = []
    for factor in (1, 2, 3):
        rng = np.random.default_rng(6)
        Wx, Wh, Wy = (rng.uniform(-1, 1, (2000, n, 8)) / np.sqrt(8) for n in (4, 8, 4))
        Wy, Wh = Wy.reshape(2000, 8, 4), factor * Wh
        h, onward = np.zeros((2000, 8)), []
        for x in inputs:
            h = np.tanh(np.einsum("sj,sjk->sk", h, Wh) + np.einsum("i,sik->sk", x, Wx))
            jacobian = np.einsum("sk,sjk->skj", 1 - h**2, Wh)
            onward = [np.einsum("skl,slj->skj", jacobian, each) for each in onward]
            onward.append(np.broadcast_to(np.eye(8), (2000, 8, 8)))
        odds = np.exp(np.einsum("sk,skv->sv", h, Wy))
        above = np.einsum("sv,skv->sk", odds / odds.sum(1, keepdims=True) - np.eye(4)[3], Wy)
        norms = np.linalg.norm([np.einsum("sk,skj->sj", above, each) for each in onward], axis=2)
        shares.append(100 * (norms[:-1] < norms[1:]).all(axis=0).mean())
        for net in range(0, 2000, 400):
            p = models.init(model, 4, 8, 4, rng=rng)
            p = p._replace(cell=p.cell._replace(Wx=Wx[net], Wh=Wh[net]), Wy=Wy[net])
            state = models.forward(model, p, inputs[:1, None]).state_T
            rest = models.loss_and_gradients(model, p, inputs[1:, None], target, state0=state)
            assert np.linalg.norm(rest[1].state0.h) == pytest.approx(norms[0, net])
    assert [line[-1] for line in lines] == pytest.approx(shares, abs=0.0501)
    assert names["norms"] == pytest.approx(norms[::-1])
    assert shares[0] > 99 > 50 > shares[1] > shares[2]


def test_reset(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-reset"]
    p, xs = names["p"], names["xs"]
    zero = np.zeros((1, 8))
    moved = [
        np.abs(rnn(p, xs[20:t], zero) - rnn(p, xs[:t], zero)).max()
        for t in range(21, 41)  # reset against whole
    ]
    assert lines[0] == [0.0]
    assert lines[1][-1] == pytest.approx(max(moved), abs=5e-5)
    assert max(moved) > 0.1


def test_truncation(shown: dict[str, Shown]) -> None:
    names, (_, whole, window) = shown["claim-truncation"]
    p, xs, dh = names["p"], names["xs"], names["dh"].h
    norms = []
    for use in (34, 19, 4):
        before, here, after = xs[:use], xs[use : use + 1], xs[use + 1 :]
        h = rnn(p, before, np.zeros((1, 8)))

        def loss(Wh: Any, h: Any = h, here: Any = here, after: Any = after) -> Any:
            return (dh * rnn(p, after, rnn(p._replace(Wh=Wh), here, h))).sum()

        norms.append(np.linalg.norm(nudged(loss, p.Wh)))
    assert whole[0] == 40
    assert whole[-3:] == pytest.approx(norms, rel=0.05)
    assert window[0] == 10
    assert window[-1] == whole[-3]
    assert len(window) == len(whole) - 2


def test_tanh(shown: dict[str, Shown]) -> None:
    names, ((*_, linear), (*_, squashed)) = shown["claim-tanh"]
    rng = np.random.default_rng(10)
    orthogonal(8, rng=rng)
    rng.standard_normal((3, 8))
    p, xs = names["p"], rng.standard_normal((50, 1, 3))
    assert p.Wh @ p.Wh.T == pytest.approx(np.eye(8))
    assert linear == 1
    assert squashed == pytest.approx(far(p, xs, np.zeros((1, 8)), names["dh"]), rel=0.05)
    assert squashed < 1e-4


def test_saturation(shown: dict[str, Shown]) -> None:
    lines = shown["claim-saturation"].lines
    for scale, (size, _, norm) in zip((0.0, 1.0, 10.0), lines, strict=True):
        rng = np.random.default_rng(2)
        Wh = 1.5 * orthogonal(8, rng=rng)
        p = RNN.init(3, 8, rng=np.random.default_rng(0))
        p = p._replace(Wh=Wh, Wx=rng.standard_normal((3, 8)))
        xs = scale * rng.standard_normal((20, 1, 3))
        zero = np.zeros((1, 8))
        states = [rnn(p, xs[:t], zero) for t in range(1, 21)]
        assert size == pytest.approx(np.abs(states).mean(), abs=0.005)
        slopes = np.squeeze(1 - np.square(states), axis=1)
        row = np.eye(8)[0]
        for slope in slopes[::-1]:
            row = Wh @ (slope * row)
        assert norm == pytest.approx(np.linalg.norm(row), rel=0.05)
    assert lines[0][0] == 0
    assert lines[0][-1] == pytest.approx(1.5**20, rel=0.05)
    assert lines[0][-1] > 1 > lines[1][-1] > lines[2][-1]


def test_sigma(shown: dict[str, Shown]) -> None:
    names, (largest, first, (_, norm), bound) = shown["claim-sigma"]
    p = names["p"]
    rng = np.random.default_rng(8)
    rng.standard_normal((16, 16))
    rng.standard_normal((3, 16))
    xs = rng.standard_normal((20, 1, 3))
    eigenvalues = np.linalg.eigvalsh(p.Wh @ p.Wh.T)
    assert largest[-1] == pytest.approx(math.sqrt(eigenvalues.max()), abs=0.005)
    assert largest[-1] > 1
    assert norm == pytest.approx(far(p, xs, np.zeros((1, 16)), np.eye(16)[:1]), rel=0.05)
    assert norm < 1e-6 < first[-1] == 1
    assert bound[-1] == pytest.approx(math.sqrt(eigenvalues.max()) ** 20, abs=0.5)


def test_rho(shown: dict[str, Shown]) -> None:
    _, ((rho,), (steps, most), (_, last)) = shown["claim-rho"]
    sizes = []
    for k in range(201):  # of [[λ, s], [0, λ]]^k = [[λ^k, k s λ^(k−1)], [0, λ^k]]
        one, other = 0.9**k, k * 5 * 0.9 ** (k - 1)
        sizes.append((other + math.sqrt(other**2 + 4 * one**2)) / 2)
    assert rho == 0.9
    assert steps == sizes.index(max(sizes))
    assert most == pytest.approx(max(sizes), abs=0.05)
    assert most > 10
    assert last == pytest.approx(sizes[200], rel=0.05)
    assert last < 1e-5


def test_eigenvalues(shown: dict[str, Shown]) -> None:
    _, ((radius,), *lines) = shown["claim-eigenvalues"]
    (a, b), (c, d) = (2.5, 2.0), (-2.0, -1.5)
    assert radius == (a + d) / 2  # the double root: trace² = 4 det
    assert (a + d) ** 2 == 4 * (a * d - b * c)
    for second, line in zip((0.0, 0.95), lines, strict=True):
        slope = 1 - second**2
        trace, det = a + slope * d, slope * (a * d - b * c)
        rho = (trace + math.sqrt(trace**2 - 4 * det)) / 2
        one, other = 1.0, 0.0
        for _ in range(20):
            one, other = a * one + b * slope * other, c * one + d * slope * other
        assert line[-2] == pytest.approx(rho, abs=0.005)
        assert line[-1] == pytest.approx(math.hypot(one, other), rel=0.05)
    assert lines[0][-1] < 0.001
    assert lines[1][-1] > 1e6


def test_clipping(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-clipping"]
    p, xs = names["p"], names["xs"]
    unit = np.eye(8)[:1]
    zero = np.zeros((1, 8))
    flat = [
        nudged(lambda w, n=name: (unit * rnn(p._replace(**{n: w}), xs, zero)).sum(), array)
        for name, array in p._asdict().items()
    ]
    norm = math.sqrt(sum((array**2).sum() for array in flat))
    one, rest = rnn(p, xs[:1], zero), xs[2:]
    second = nudged(
        lambda Wh: (unit * rnn(p, rest, rnn(p._replace(Wh=Wh), xs[1:2], one))).sum(), p.Wh
    )
    early = np.linalg.norm(second)
    pairs = zip(lines[::2], lines[1::2], strict=True)
    for size, ((before, after), (_, term, kept)) in zip((1, 1000), pairs, strict=True):
        assert before == pytest.approx(size * norm, abs=0.05)
        assert after == pytest.approx(min(size * norm, 5), abs=0.05)
        assert term == pytest.approx(size * early, rel=0.05)
        assert kept == pytest.approx(early * min(size, 5 / norm), rel=0.05)
    assert lines[0][0] == lines[0][1] < 5 < lines[2][0]
    assert lines[3][-1] < lines[3][-2] < 1e-3


def test_1997(shown: dict[str, Shown]) -> None:
    _, ((_, two), (_, three), *left) = shown["claim-1997"]
    for gates, count in ((2, two), (3, three)):
        again = weight_count(7, 4, gates=gates, gates_feed_back=True, outputs=7, biased=("gates",))
        assert count == again
    assert two == 264 != three
    whole, kept = (line[-1] for line in left)
    assert whole == 1
    assert kept == pytest.approx((1 + math.exp(-1)) ** -20, abs=5e-5)


def test_bias(shown: dict[str, Shown]) -> None:
    _, ((_, half), (times, _), (_, bias)) = shown["claim-bias"]
    for b, steps in ((1.0, half), (bias, 100)):
        assert (1 + math.exp(-b)) ** -steps == pytest.approx(0.5, rel=0.01)
    assert times == round(100 / half) > 40


def test_range(shown: dict[str, Shown]) -> None:
    _, ((_, h, c),) = shown["claim-range"]
    gate, added = 1 / (1 + math.exp(-5)), math.tanh(5) / (1 + math.exp(-5))
    kept = added * (1 - gate**20) / (1 - gate)  # a geometric series
    assert c == pytest.approx(kept, abs=5e-5)
    assert h == pytest.approx(gate * math.tanh(kept), abs=5e-5)
    assert h < 1 < c


def test_lstm(shown: dict[str, Shown]) -> None:
    lines = shown["claim-lstm"].lines
    for bias, line in zip((1.0, 5.0), lines, strict=True):
        rng = np.random.default_rng(8)
        p = LSTM.init(3, 8, rng=rng, forget_bias=bias)
        xs, zero = rng.standard_normal((100, 1, 3)), np.zeros((1, 8))
        gradient = nudged(lambda c, p=p, xs=xs, h=zero: lstm(p, xs, h, c)[1][0, 0], zero)
        assert line[-1] == pytest.approx(np.linalg.norm(gradient), rel=0.05)
    assert lines[0][-1] < 1e-6
    assert lines[1][-1] > 1
    assert all(line[-2] == 1 for line in lines)


def test_order(shown: dict[str, Shown]) -> None:
    names, lines = shown["claim-order"]
    p, xs, zero = names["p"], names["xs"], np.zeros((1, 8))
    assert np.split(p.b, 4)[1] == pytest.approx(np.ones(8))  # ours: f is the second block
    for order, line in zip(("ifgo", "iofg"), lines, strict=True):
        read = type(p)(
            *(
                np.concatenate(
                    [np.split(w, 4, axis=-1)[order.index(gate)] for gate in "ifog"], axis=-1
                )
                for w in p
            )
        )
        moved = [
            np.abs(lstm(read, xs[:t], zero, zero)[0] - lstm(p, xs[:t], zero, zero)[0]).max()
            for t in range(1, 11)
        ]
        assert line[-1] == pytest.approx(max(moved), abs=5e-5)
        assert line[-1] > 0.1


def test_adding(shown: dict[str, Shown]) -> None:
    _, ((sixth,), (drawn, error), (claimed, away)) = shown["claim-adding"]
    # ∫∫ (u + v − 1)² over the unit square, by Gauss–Legendre: exact for polynomials
    nodes, weights = np.polynomial.legendre.leggauss(3)
    u, w = (nodes + 1) / 2, weights / 2
    points = list(zip(u, w, strict=True))
    exact = sum(wu * wv * (a + b - 1) ** 2 for a, wu in points for b, wv in points)
    assert sixth == pytest.approx(exact, abs=5e-6)
    assert abs(drawn - exact) < 4 * error
    assert error == pytest.approx(math.sqrt((1 / 15 - exact**2) / 1e6), rel=0.05)
    assert claimed == 0.1767
    assert away > 20


def test_the_complex_step_here_is_the_package_s() -> None:
    point = np.array([0.3, -0.7])
    mine = nudged(lambda v: (np.tanh(v) ** 3).sum(), point)
    theirs = gradcheck.complex_step(lambda v: (np.tanh(v) ** 3).sum(), point)
    assert mine == pytest.approx(theirs, abs=1e-15)
