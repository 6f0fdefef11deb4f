"""Problem ``ps1.loops``: a cell written as loops over entries, to be written with arrays.

Right numbers come from loops too, one entry at a time, so that no array form
stands here: of a large answer the loops look at some entries of every row and
column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Judge, Problem, Variant
from unrolled.shapes import Array

# The second-order cell: h[n,k] = tanh(s[n] Σ_i Σ_j x[n,i] Wxh[i,j,k] h_prev[n,j] + b[k])
SHAPES = {"i": "D", "j": "H", "k": "H"}
ORDERS = ("ijk", "kij", "jik", "kji", "jki")
"""In which order Wxh is stored: i counts inputs, j old units, k new ones."""


def _form(order: str) -> Variant:
    letters, shape = ", ".join(order), ", ".join(SHAPES[letter] for letter in order)
    sizes = ", ".join({"D": "3", "H": "4"}[SHAPES[letter]] for letter in order)
    words = {
        "weight": rf"x[n,i]\, W_{{xh}}[{','.join(order)}]",
        "code": f"x[n, i] * Wxh[{letters}] * h_prev[n, j]",
        "shape": f"$W_{{xh}}$ has the shape ({shape})",
        "sizes": f"Wxh = rng.standard_normal(({sizes}))",
        "docstring": f"Wxh ({shape})",
    }
    return Variant(f"Wxh stored as {order}", order, words)


def loops_given(order: str) -> Mapping[str, Callable[..., Any]]:
    """Give the forward of the second-order cell, written as loops.

    Parameters
    ----------
    order : str
        The letters of Wxh's axes in this form.

    Returns
    -------
    mapping
        ``forward(x, h_prev, Wxh, s, b)`` → h (N, H).
    """

    def forward(x: Array, h_prev: Array, Wxh: Array, s: Array, b: Array) -> Array:
        """From x (N, D), h_prev (N, H), Wxh (axes D, H and H), s (N,), b (H,) make h (N, H)."""
        weight = _turned(order, Wxh)
        (N, D), H = x.shape, h_prev.shape[1]
        h = np.empty((N, H))
        for n in range(N):
            for k in range(H):
                total = 0.0
                for i in range(D):
                    for j in range(H):
                        total += x[n, i] * weight[i, j, k] * h_prev[n, j]
                h[n, k] = np.tanh(s[n] * total + b[k])
        return h

    return {"forward": forward}


def _turned(order: str, Wxh: Array) -> Array:
    """Look at Wxh with its axes in the order i, j, k."""
    return np.transpose(Wxh, [order.index(letter) for letter in "ijk"])


def _total(weight: Array, inputs: Array, old: Array, k: int) -> float:
    """Add up the terms of one new unit: one input (D,), one old state (H,)."""
    known = list(zip(inputs.tolist(), weight[:, :, k].tolist(), strict=True))
    olds = old.tolist()
    return float(sum(x * w * h for x, row in known for h, w in zip(olds, row, strict=True)))


def _entry(order: str, arguments: tuple[Array, ...], n: int, k: int) -> float:
    x, h_prev, Wxh, s, b = arguments
    return math.tanh(s[n] * _total(_turned(order, Wxh), x[n], h_prev[n], k) + b[k])


class Entries(NamedTuple):
    """The entries of one matrix, each found by itself."""

    entry: Callable[..., float]
    """From the settings, the arguments and a row and a column, one number."""

    def expected(self, settings: Any, arguments: tuple[Any, ...]) -> Array:
        """Find every entry."""
        rows, columns = _shape(arguments)
        return np.array(
            [[self.entry(settings, arguments, n, k) for k in range(columns)] for n in range(rows)]
        )

    def judge(
        self, settings: Any, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Array, Judge]:
        """Look at drawn entries: at least one of every row and of every column."""
        rows, columns = _shape(arguments)
        count = max(rows, columns)
        places = (rng.permutation(count) % rows, rng.permutation(count) % columns)
        right = np.array(
            [self.entry(settings, arguments, n, k) for n, k in zip(*places, strict=True)]
        )

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            return (bool(np.max(np.abs(np.asarray(got[0])[places] - right)) <= tolerance),)

        return np.empty((rows, columns)), judged


def _shape(arguments: tuple[Any, ...]) -> tuple[int, int]:
    """Give the rows and columns of h: those of h_prev."""
    rows, columns = arguments[1].shape
    return rows, columns


def loops_draw(order: str, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw x, h_prev, Wxh, s, b of small different sizes."""
    N, D, H = rng.permutation([2, 3, 4])
    return _arguments(order, N, D, H, rng)


def loops_large(order: str, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments so large that loops over every entry take many seconds."""
    return _arguments(order, 120, 63, 96, rng)


def _arguments(order: str, N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    sizes = {"D": D, "H": H}
    return (
        rng.standard_normal((N, D)),
        rng.uniform(-1, 1, (N, H)),
        rng.standard_normal([sizes[SHAPES[letter]] for letter in order]) * (D * H) ** -0.5,
        rng.uniform(0.5, 1.5, N),
        0.5 * rng.standard_normal(H),
    )


def _mistaken(name: str) -> Callable[..., Array]:
    """Compute, entry by entry too, what a reader who made this mistake returns."""

    def entry(order: str, arguments: tuple[Array, ...], n: int, k: int) -> float:
        x, h_prev, Wxh, s, b = arguments
        weight = _turned(order, Wxh)
        if name == "turned":
            weight = weight.swapaxes(1, 2)
        if name == "reshaped":
            weight = Wxh.reshape(weight.shape)
        old = h_prev.sum(axis=0) if name == "other sequences" else h_prev[n]
        total = _total(weight, x[n], old, k)
        gain = 1.0 if name == "no gain" else s[n]
        a = gain * (total + b[k]) if name == "gain of the bias" else gain * total + b[k]
        if name == "gain outside":
            return float(gain * math.tanh(total + b[k]))
        return float(a) if name == "no tanh" else math.tanh(a)

    return lambda order, *arguments: Entries(entry).expected(order, arguments)


LOOPS = Problem(
    "ps1.loops",
    "From loops to arrays",
    "second_order",
    5,
    tuple(_form(order) for order in ORDERS),
    loops_given,
    loops_draw,
    loops_large,
    Entries(_entry),
    (
        Mistake(
            "two axes of Wxh have the size H, so no shape tells them apart. Which of them belongs "
            "to the old unit j, and which to the new unit k?",
            _mistaken("turned"),
        ),
        Mistake(
            "reshape cuts the same row of numbers in another way. To move an axis, transpose.",
            _mistaken("reshaped"),
        ),
        Mistake(
            "n stands in both factors: a sequence meets its own old state, no other's.",
            _mistaken("other sequences"),
        ),
        Mistake("where is s[n]? Each sequence has its own gain.", _mistaken("no gain")),
        Mistake(
            "s[n] multiplies the double sum. Is the bias inside that sum?",
            _mistaken("gain of the bias"),
        ),
        Mistake(
            "s[n] is inside the tanh: it makes the sum larger or smaller, not the new state.",
            _mistaken("gain outside"),
        ),
        Mistake("what you return is the sum. What does the cell do with it?", _mistaken("no tanh")),
    ),
)
