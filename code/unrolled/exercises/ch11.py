"""Exercises of chapter 11, the GRU and its kin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations
from math import comb

import numpy as np

from unrolled.cells import GRU
from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array

GRU_GRADIENTS = ("dx", "dh_prev", "dWx", "dWh", "db", "dbhn")
MGU_GRADIENTS = GRU_GRADIENTS[:-1]
REFERENCE = "LSTM"


def _sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Give N, D and H, all different."""
    N, D, H = rng.permutation([2, 3, 4, 5])[:3]
    return int(N), int(D), int(H)


# --- counts


def _draw_sizes(rng: np.random.Generator) -> tuple[int, int]:
    D, H = rng.permutation(np.arange(2, 12))[:2]
    return int(D), int(H)


def _counted(D: int, H: int) -> int:
    """Make a cell and count the entries of its arrays."""
    return sum(array.size for array in GRU.init(D, H, rng=np.random.default_rng(0)))


# --- which value keeps

KEEPS = {
    "f of the LSTM": 1,
    "z of this book": 1,
    "z of Chung and others": 0,
    "i of the coupled LSTM": 0,
    "f of the minimal gated unit": 0,
}


def _keeps(**changed: int) -> Callable[[], dict[str, int]]:
    flipped = {name.replace("_", " "): value for name, value in changed.items()}
    return lambda: {**KEEPS, **flipped}


# --- backward steps


def _draw_gru(rng: np.random.Generator) -> tuple[Array, ...]:
    N, D, H = _sizes(rng)
    x, h_prev, dh = (rng.standard_normal((N, width)) for width in (D, H, H))
    Wx, Wh = 0.6 * rng.standard_normal((D, 3 * H)), 0.6 * rng.standard_normal((H, 3 * H))
    r, z = (_sigmoid(rng.standard_normal((N, H))) for _ in range(2))
    n, q = np.tanh(rng.standard_normal((N, H))), rng.standard_normal((N, H))
    return dh, x, np.tanh(h_prev), r, z, n, q, Wx, Wh


def _gru_paths(*given: Array) -> tuple[Array, ...]:
    """Follow every path from h[m, k] back, one number at a time."""
    dh, x, h_prev, r, z, n, q, Wx, Wh = given
    H = h_prev.shape[1]
    dx, dh_prev, dWx, dWh = (np.zeros_like(each) for each in (x, h_prev, Wx, Wh))
    db, dbhn = np.zeros(3 * H), np.zeros(H)
    for m, k in np.ndindex(dh.shape):
        candidate = dh[m, k] * (1 - z[m, k]) * (1 - n[m, k] ** 2)
        update = dh[m, k] * (h_prev[m, k] - n[m, k]) * z[m, k] * (1 - z[m, k])
        reset = candidate * q[m, k] * r[m, k] * (1 - r[m, k])
        dh_prev[m, k] += dh[m, k] * z[m, k]
        dbhn[k] += candidate * r[m, k]
        blocks = ((reset, reset), (update, update), (candidate, candidate * r[m, k]))
        for block, (by_x, by_h) in enumerate(blocks):
            column = block * H + k
            db[column] += by_x
            for i in range(x.shape[1]):
                dWx[i, column] += x[m, i] * by_x
                dx[m, i] += Wx[i, column] * by_x
            for j in range(H):
                dWh[j, column] += h_prev[m, j] * by_h
                dh_prev[m, j] += Wh[j, column] * by_h
    return dx, dh_prev, dWx, dWh, db, dbhn


def _gru_slip(slip: str) -> Callable[..., tuple[Array, ...]]:
    """Give the matrix form with one slip in it."""

    def answer(*given: Array) -> tuple[Array, ...]:
        dh, x, h_prev, r, z, n, q, Wx, Wh = given
        dn = dh * (z if slip == "dn" else 1 - z)
        dz = dh * (n - h_prev if slip == "dz" else h_prev - n)
        da_n = dn if slip == "slope" else dn * (1 - n**2)
        dr = da_n * (h_prev if slip == "dr" else q)
        dq = da_n if slip == "dq" else da_n * r
        da_r, da_z = dr * r * (1 - r), dz * z * (1 - z)
        from_x, from_h = np.hstack([da_r, da_z, da_n]), np.hstack([da_r, da_z, dq])
        direct = 0 * dh if slip == "direct" else dh * z
        dh_prev = direct + from_h @ Wh.T
        dWx, dWh = x.T @ from_x, h_prev.T @ (from_x if slip == "dWh" else from_h)
        dbhn = (da_n if slip == "dbhn" else dq).sum(axis=0)
        return from_x @ Wx.T, dh_prev, dWx, dWh, from_x.sum(axis=0), dbhn

    return answer


def _draw_mgu(rng: np.random.Generator) -> tuple[Array, ...]:
    N, D, H = _sizes(rng)
    dh, h_prev = rng.standard_normal((N, H)), np.tanh(rng.standard_normal((N, H)))
    f, n = _sigmoid(rng.standard_normal((N, H))), np.tanh(rng.standard_normal((N, H)))
    Wx, Wh = 0.6 * rng.standard_normal((D, 2 * H)), 0.6 * rng.standard_normal((H, 2 * H))
    return dh, rng.standard_normal((N, D)), h_prev, f, n, Wx, Wh


def _mgu_paths(*given: Array) -> tuple[Array, ...]:
    """Follow every path from h[m, k] back, one number at a time."""
    dh, x, h_prev, f, n, Wx, Wh = given
    H = h_prev.shape[1]
    dx, dh_prev, dWx, dWh = (np.zeros_like(each) for each in (x, h_prev, Wx, Wh))
    db, da = np.zeros(2 * H), np.zeros((len(x), 2 * H))
    for m, k in np.ndindex(dh.shape):
        da[m, H + k] = dh[m, k] * f[m, k] * (1 - n[m, k] ** 2)
    for m, j in np.ndindex(dh.shape):
        seen = sum(da[m, H + k] * Wh[j, H + k] for k in range(H))
        df = dh[m, j] * (n[m, j] - h_prev[m, j]) + seen * h_prev[m, j]
        da[m, j] = df * f[m, j] * (1 - f[m, j])
        dh_prev[m, j] += dh[m, j] * (1 - f[m, j]) + seen * f[m, j]
    for m, column in np.ndindex(da.shape):
        db[column] += da[m, column]
        for i in range(x.shape[1]):
            dWx[i, column] += x[m, i] * da[m, column]
            dx[m, i] += Wx[i, column] * da[m, column]
        for j in range(H):
            masked = h_prev[m, j] * (f[m, j] if column >= H else 1)
            dWh[j, column] += masked * da[m, column]
            dh_prev[m, j] += Wh[j, column] * da[m, column] if column < H else 0
    return dx, dh_prev, dWx, dWh, db


def _mgu_slip(slip: str) -> Callable[..., tuple[Array, ...]]:
    def answer(*given: Array) -> tuple[Array, ...]:
        dh, x, h_prev, f, n, Wx, Wh = given
        H = h_prev.shape[1]
        da_n = dh * f * (1 - n**2)
        ds = da_n @ Wh[:, H:].T
        inner = 0 if slip == "inner" else ds * h_prev
        outer = dh * (h_prev - n if slip == "sign" else n - h_prev)
        da_f = (outer + inner) * f * (1 - f)
        da = np.hstack([da_f, da_n])
        seen = h_prev if slip == "seen" else f * h_prev
        dh_prev = dh * (f if slip == "direct" else 1 - f) + da_f @ Wh[:, :H].T
        dh_prev = dh_prev + (ds if slip == "unmasked" else ds * f)
        return da @ Wx.T, dh_prev, x.T @ da, np.hstack([h_prev.T @ da_f, seen.T @ da_n]), da.sum(0)

    return answer


# --- columns


def _draw_columns(rng: np.random.Generator) -> tuple[Array, int]:
    H = int(rng.integers(2, 6))
    return rng.standard_normal((int(rng.integers(2, 6)), 3 * H)), H


def _columns(W: Array, H: int) -> Array:
    """Place entry by entry: theirs z r n with 1 − z on the state, ours r z n with z on it."""
    out = np.zeros_like(W)
    for row, k in np.ndindex(len(W), H):
        out[row, H + k] = -W[row, k]
        out[row, k] = W[row, H + k]
        out[row, 2 * H + k] = W[row, 2 * H + k]
    return out


def _moved(order: str, signs: Mapping[str, float]) -> Callable[[Array, int], Array]:
    """Take their blocks z, r, n in an order, each with a sign."""

    def answer(W: Array, H: int) -> Array:
        blocks = dict(zip("zrn", np.hsplit(W, 3), strict=True))
        return np.hstack([signs.get(each, 1.0) * blocks[each] for each in order])

    return answer


def _one_minus(W: Array, H: int) -> Array:
    z, r, n = np.hsplit(W, 3)
    return np.hstack([r, 1 - z, n])


# --- half-life


def _draw_steps(rng: np.random.Generator) -> tuple[float]:
    return (float(rng.uniform(2, 120)),)


def _bias_by_halving(steps: float) -> float:
    """Close in on the bias with σ(b)^steps = 1/2."""
    low, high = -50.0, 50.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if _kept(middle, steps) > 0.5 else (middle, high)
    return low


def _kept(bias: float, steps: float) -> float:
    return float(_sigmoid(np.array(bias)) ** steps)


# --- verdicts

Runs = Mapping[str, list[int | None]]


def _draw_runs(rng: np.random.Generator) -> tuple[dict[str, list[int | None]]]:
    """Draw six runs a variant; some were never solved."""
    runs: dict[str, list[int | None]] = {}
    for name, share in ((REFERENCE, 0.85), ("A", 0.1), ("B", 0.9), ("C", 0.5), ("D", 0.3)):
        solved = rng.uniform(size=6) < share
        runs[name] = [int(25 * rng.integers(1, 9)) if each else None for each in solved]
    return (runs,)


@cache
def _enumerated(a: int, b: int, runs: int) -> float:
    """Deal the successes out in every possible way."""
    ways = list(combinations(range(2 * runs), a + b))
    return sum(sum(place < runs for place in way) <= a for way in ways) / len(ways)


def _successes(updates: list[int | None]) -> int:
    return sum(each is not None for each in updates)


def _verdicts(runs: Runs) -> dict[str, bool]:
    best = _successes(runs[REFERENCE])
    return {
        name: _enumerated(_successes(updates), best, len(updates)) < 0.05
        for name, updates in runs.items()
        if name != REFERENCE
    }


def _judged(rule: Callable[[int, int, int], bool]) -> Callable[[Runs], dict[str, bool]]:
    def answer(runs: Runs) -> dict[str, bool]:
        best = _successes(runs[REFERENCE])
        return {
            name: rule(_successes(updates), best, len(updates))
            for name, updates in runs.items()
            if name != REFERENCE
        }

    return answer


def _as_if_known(a: int, b: int, runs: int) -> bool:
    """Take the reference's share of successes for its true chance."""
    p = b / runs
    return sum(comb(runs, k) * p**k * (1 - p) ** (runs - k) for k in range(a + 1)) < 0.05


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch11.count",
        "The weights of a GRU",
        _counted,
        _draw_sizes,
        (
            Mistake(
                "the candidate has a second bias, inside the product with r. Is it counted?",
                lambda D, H: 3 * H * (D + H + 1),
            ),
            Mistake(
                "these are two biases for every block, as some libraries store them. In this "
                "book only the candidate has two.",
                lambda D, H: 3 * H * (D + H + 2),
            ),
            Mistake(
                "this is the LSTM. How many blocks of H columns does a GRU have?",
                lambda D, H: 4 * H * (D + H + 1),
            ),
            Mistake("no bias is counted at all.", lambda D, H: 3 * H * (D + H)),
        ),
    ),
    Exercise(
        "ch11.keeps",
        "Which value of a gate keeps",
        lambda: KEEPS,
        mistakes=(
            Mistake(
                "look at what multiplies h_prev in this book's GRU: z, or 1 − z?",
                _keeps(z_of_this_book=0),
            ),
            Mistake(
                "in that paper, h = (1 − z) ⊙ h_prev + z ⊙ n. What is left of h_prev for z = 1?",
                _keeps(z_of_Chung_and_others=1),
            ),
            Mistake(
                "in the coupled LSTM an open input gate leaves no room: f = 1 − i.",
                _keeps(i_of_the_coupled_LSTM=1),
            ),
            Mistake(
                "the name misleads: in the minimal gated unit f multiplies what is new.",
                _keeps(f_of_the_minimal_gated_unit=1),
            ),
            Mistake(
                "the forget gate multiplies c_prev. Which value leaves c_prev as it is?",
                _keeps(f_of_the_LSTM=0),
            ),
            Mistake(
                "all five are turned round: a gate keeps where the factor of the old state is 1.",
                lambda: {name: 1 - value for name, value in KEEPS.items()},
            ),
        ),
    ),
    Exercise(
        "ch11.backward",
        "The GRU backward",
        _gru_paths,
        _draw_gru,
        (
            Mistake(
                "one way back to h_prev is missing. h_prev is used in four places; one of them is "
                "no product with a weight.",
                _gru_slip("direct"),
            ),
            Mistake(
                "the reset gate stands between q and the candidate. What does a gradient meet on "
                "its way from a_n to q?",
                _gru_slip("dq"),
            ),
            Mistake(
                "dz has its sign turned: what happens to h when z grows and h_prev is above n?",
                _gru_slip("dz"),
            ),
            Mistake("dn: what multiplies n in the last equation of the step?", _gru_slip("dn")),
            Mistake(
                "dr: r multiplies q, not h_prev. The other convention has h_prev there.",
                _gru_slip("dr"),
            ),
            Mistake("the candidate's tanh is not on your way back yet.", _gru_slip("slope")),
            Mistake(
                "dWh: in the last block the state's product is q, and q stands behind r. Which of "
                "the two rows of blocks belongs to the state?",
                _gru_slip("dWh"),
            ),
            Mistake(
                "dbhn: the second bias stands in q. Is the gradient of q that of a_n?",
                _gru_slip("dbhn"),
            ),
        ),
        GRU_GRADIENTS,
    ),
    Exercise(
        "ch11.columns",
        "From one layout to another",
        _columns,
        _draw_columns,
        (
            Mistake(
                "the blocks stand right now, but a z that lets in became a z that keeps. "
                "What turns σ(a) into 1 − σ(a)?",
                _moved("rzn", {}),
            ),
            Mistake(
                "the signs are right; the blocks still stand as theirs.", _moved("zrn", {"z": -1})
            ),
            Mistake("the sign of the wrong gate is turned.", _moved("rzn", {"r": -1})),
            Mistake(
                "only z changes its meaning: r and n are the same in both.",
                _moved("rzn", {"r": -1, "z": -1, "n": -1}),
            ),
            Mistake(
                "z and r are right; but n keeps its meaning, so it keeps its sign.",
                _moved("rzn", {"z": -1, "n": -1}),
            ),
            Mistake(
                "1 − z holds for the gate, not for its weights: they stand inside of σ.",
                _one_minus,
            ),
            Mistake(
                "the blocks moved round by one place: theirs are z r n.", _moved("rnz", {"z": -1})
            ),
        ),
    ),
    Exercise(
        "ch11.half_life",
        "The bias for a half-life",
        _bias_by_halving,
        _draw_steps,
        (
            Mistake(
                "this makes 1/(1 − f) equal to T. After T steps about 1/e is left, not 1/2.",
                lambda steps: np.log(steps - 1),
            ),
            Mistake(
                "this is the gate's value. Which bias gives it?", lambda steps: 0.5 ** (1 / steps)
            ),
            Mistake(
                "the sign is turned: a long half-life needs a gate near 1.",
                lambda steps: np.log(2 ** (1 / steps) - 1),
            ),
            Mistake(
                "this is ln f. The bias is where σ takes the value f: use ln(f/(1 − f)).",
                lambda steps: -np.log(2) / steps,
            ),
        ),
    ),
    Exercise(
        "ch11.mgu",
        "The minimal gated unit backward",
        _mgu_paths,
        _draw_mgu,
        (
            Mistake(
                "f is used in one more place: inside the candidate, on h_prev.",
                _mgu_slip("inner"),
            ),
            Mistake(
                "dWh: which state did the candidate's block multiply, h_prev or what f left of it?",
                _mgu_slip("seen"),
            ),
            Mistake(
                "the direct way back to h_prev: what multiplies h_prev in the last equation?",
                _mgu_slip("direct"),
            ),
            Mistake(
                "what comes back through the candidate reaches f ⊙ h_prev. From there to h_prev a "
                "factor is missing.",
                _mgu_slip("unmasked"),
            ),
            Mistake(
                "the gradient of f has a sign turned: what happens to h when f grows and n is "
                "above h_prev?",
                _mgu_slip("sign"),
            ),
        ),
        MGU_GRADIENTS,
    ),
    Exercise(
        "ch11.verdicts",
        "A verdict on five variants",
        _verdicts,
        _draw_runs,
        (
            Mistake(
                "fewer is not yet worse: with so few runs chance alone makes such differences.",
                _judged(lambda a, b, runs: a < b),
            ),
            Mistake(
                "the reference was run only six times too: its own share of successes is no exact "
                "chance. Deal the successes of both out among the runs of both.",
                _judged(_as_if_known),
            ),
            Mistake(
                "this asks how probable it is that the variant does better. Turn it round.",
                _judged(lambda a, b, runs: 1 - _enumerated(a, b, runs) < 0.05),
            ),
            Mistake(
                "as few as it did, or fewer: is the case that was seen in your sum?",
                _judged(lambda a, b, runs: _enumerated(a - 1, b, runs) < 0.05),
            ),
        ),
        draws=20,
    ),
)
