"""Exercises of chapter 3: say every shape, find the silent broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array


def _table(N: int, D: int, H: int, T: int, **changed: tuple[int, ...]) -> dict[str, Any]:
    table: dict[str, Any] = {
        "x": (N, D),
        "xs": (T, N, D),
        "h": (N, H),
        "hs": (T, N, H),
        "Wx": (D, H),
        "Wh": (H, H),
        "b": (H,),
        "dWx": (D, H),
    }
    return table | changed


def _pairs(**changed: Any) -> dict[str, Any]:
    right = {"a": (5, 3), "b": (5, 3), "c": "error", "d": (5, 5), "e": (4, 5, 3)}
    return right | changed


def _draw_torch(rng: np.random.Generator) -> tuple[Array, ...]:
    D, H = 5, 3
    return tuple(rng.standard_normal(shape) for shape in ((H, D), (H, H), (H,), (H,)))


def _from_torch(wih: Array, whh: Array, bih: Array, bhh: Array) -> tuple[Array, Array, Array]:
    H, D = wih.shape
    Wx = np.array([[wih[k, j] for k in range(H)] for j in range(D)])
    Wh = np.array([[whh[k, j] for k in range(H)] for j in range(H)])
    return Wx, Wh, np.array([bih[k] + bhh[k] for k in range(H)])


def _draw_loss(rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.standard_normal(6), rng.standard_normal((6, 1))


def _loss(y: Array, targets: Array) -> float:
    return sum((float(y[n]) - float(targets[n, 0])) ** 2 for n in range(len(y))) / len(y)


def _draw_run(rng: np.random.Generator) -> tuple[Array, ...]:
    # T and N differ, so that a reshape and a loop along the wrong axis differ too
    T, N, D, H = 6, 4, 3, 3
    return tuple(
        scale * rng.standard_normal(shape)
        for scale, shape in ((1, (N, T, D)), (0.6, (D, H)), (0.6, (H, H)), (0.3, (H,)))
    )


def _run_batch_major(xs: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """Run each sequence by itself, each unit by itself."""
    N, T, D = xs.shape
    H = len(b)
    hs = np.zeros((N, T, H))
    for n in range(N):
        h = np.zeros(H)
        for t in range(T):
            h = np.array(
                [
                    np.tanh(
                        sum(xs[n, t, j] * Wx[j, k] for j in range(D))
                        + sum(h[j] * Wh[j, k] for j in range(H))
                        + b[k]
                    )
                    for k in range(H)
                ]
            )
            hs[n, t] = h
    return hs


def _run_along_first(xs: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    """Take the first axis for time: the mistake."""
    return _run_batch_major(xs.swapaxes(0, 1), Wx, Wh, b).swapaxes(0, 1)


def _run_from_reshape(xs: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    N, T, D = xs.shape
    return _run_along_first(xs.reshape(T, N, D), Wx, Wh, b).reshape(N, T, -1)


def _draw_sizes(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(size) for size in rng.choice(np.arange(2, 40), size=3, replace=False))


def _count(D: int, H: int, V: int) -> int:
    return sum(int(np.prod(shape)) for shape in ((D, H), (H, H), (H,), (H, V), (V,)))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch3.table",
        "The shape table",
        expected=lambda: _table(N=32, D=10, H=64, T=7),
        mistakes=(
            Mistake(
                "xs and hs: this book is time-major. Which axis comes first then?",
                lambda: _table(32, 10, 64, 7, xs=(32, 7, 10), hs=(32, 7, 64)),
            ),
            Mistake(
                "Wx stands to the right of x. Which of its two edges must meet the width of x?",
                lambda: _table(32, 10, 64, 7, Wx=(64, 10), dWx=(64, 10)),
            ),
            Mistake(
                "b: a shape with one axis is written with one size and a comma. "
                "This one says that b is a column.",
                lambda: _table(32, 10, 64, 7, b=(64, 1)),
            ),
            Mistake(
                "dWx: the batch is summed over. A gradient has one entry for each entry of what?",
                lambda: _table(32, 10, 64, 7, dWx=(32, 10, 64)),
            ),
        ),
    ),
    Exercise(
        "ch3.pairs",
        "What broadcasts",
        expected=_pairs,
        mistakes=(
            Mistake(
                "c: shapes are lined up at the right end. Write (5, 3) and (5,) under each other "
                "with their last sizes aligned.",
                lambda: _pairs(c=(5, 3)),
            ),
            Mistake(
                "d: a single axis of length 5 is not a column. "
                "Put the missing 1 on the left of (5,), then stretch both.",
                lambda: _pairs(d=(5, 1)),
            ),
            Mistake(
                "d: lengths that differ are no error when one of them is 1. "
                "NumPy stretches here, without a word.",
                lambda: _pairs(d="error"),
            ),
            Mistake(
                "e: a missing axis on the left counts as an axis of length 1. Is that an error?",
                lambda: _pairs(e="error"),
            ),
        ),
    ),
    Exercise(
        "ch3.converter",
        "The converter",
        expected=_from_torch,
        draw=_draw_torch,
        parts=("Wx", "Wh", "b"),
        mistakes=(
            Mistake(
                "Wh is square, so it fits either way round. Which axis is the output's?",
                lambda wih, whh, bih, bhh: (wih.T, whh, bih + bhh),
            ),
            Mistake(
                "b: there are two biases, and the formula uses both of them.",
                lambda wih, whh, bih, bhh: (wih.T, whh.T, bih),
            ),
            Mistake(
                "Wx: to reshape keeps the numbers in their old order in memory. "
                "Which operation sends entry (k, j) to place (j, k)?",
                lambda wih, whh, bih, bhh: (wih.reshape(wih.shape[::-1]), whh.T, bih + bhh),
            ),
            Mistake(
                "Wx: it is still stored as (out, in). Ours stands to the right of x.",
                lambda wih, whh, bih, bhh: (wih, whh.T, bih + bhh),
            ),
        ),
    ),
    Exercise(
        "ch3.silent",
        "The silent (N, N)",
        expected=_loss,
        draw=_draw_loss,
        mistakes=(
            Mistake(
                "this is still the (N, N) loss: each prediction meets each target. "
                "Print the shape of the difference.",
                lambda y, targets: ((y - targets) ** 2).mean(),
            ),
            Mistake(
                "the N squares are added up here. The book's loss is a mean over the N sequences.",
                lambda y, targets: ((y - targets[:, 0]) ** 2).sum(),
            ),
            Mistake(
                "one square per sequence is right, but a loss is a single number.",
                lambda y, targets: (y - targets[:, 0]) ** 2,
            ),
            Mistake(
                "the N² squares are added up and divided by N. The differences themselves are "
                "still too many.",
                lambda y, targets: ((y - targets) ** 2).sum() / len(y),
            ),
        ),
    ),
    Exercise(
        "ch3.batch_first",
        "Batch-major in, batch-major out",
        expected=_run_batch_major,
        draw=_draw_run,
        mistakes=(
            Mistake(
                "the loop ran over the sequences, not over the steps. "
                "The result has the right shape all the same; look at which axis is t.",
                _run_along_first,
            ),
            Mistake(
                "reshape does not swap axes: it reads the numbers in their old order. "
                "Which function moves an axis?",
                _run_from_reshape,
            ),
            Mistake(
                "the states are right, but they came out time-major. "
                "The caller gave (N, T, D) and expects the same order of axes.",
                lambda xs, Wx, Wh, b: _run_batch_major(xs, Wx, Wh, b).swapaxes(0, 1),
            ),
            Mistake(
                "the steps do not hear one another: is h of one step handed to the next?",
                lambda xs, Wx, Wh, b: np.tanh(xs @ Wx + b),
            ),
        ),
    ),
    Exercise(
        "ch3.count",
        "Counting parameters",
        expected=_count,
        draw=_draw_sizes,
        mistakes=(
            Mistake(
                "the biases are missing. How many numbers does each of the two hold?",
                lambda D, H, V: D * H + H * H + H * V,
            ),
            Mistake(
                "the cell is right, but the readout is missing: Wy and by are learned too.",
                lambda D, H, V: D * H + H * H + H,
            ),
            Mistake(
                "the cell has a second bias here. PyTorch stores one; the formula of this book "
                "does not.",
                lambda D, H, V: D * H + H * H + 2 * H + H * V + V,
            ),
            Mistake(
                "the recurrent weight is missing: every unit hears every unit.",
                lambda D, H, V: D * H + H + H * V + V,
            ),
        ),
    ),
    Exercise(
        "ch3.mean_trap",
        "Where the wrong loss pulls",
        expected=lambda y, targets: np.array(
            [
                sum(2 * (y[n] - targets[m, 0]) for m in range(len(y))) / len(y) ** 2
                for n in range(len(y))
            ]
        ),
        draw=_draw_loss,
        mistakes=(
            Mistake(
                "this is the gradient of the right loss. "
                "In the (N, N) loss y_n meets every target: sum over m.",
                lambda y, targets: 2 * (y - targets[:, 0]) / len(y),
            ),
            Mistake(
                "almost: a square gives a factor when it is differentiated.",
                lambda y, targets: (y - targets.mean()) / len(y),
            ),
            Mistake(
                "the sum over m has N terms, and the loss divides by N². Which power of N is left?",
                lambda y, targets: 2 * (y - targets.mean()),
            ),
            Mistake(
                "the sign is turned: which of y and targets is being differentiated?",
                lambda y, targets: 2 * (targets.mean() - y) / len(y),
            ),
        ),
    ),
)
