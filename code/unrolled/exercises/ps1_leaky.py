"""Problem ``ps1.leaky``: the backward of a cell that leaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant
from unrolled.exercises.slips import (
    held,
    slip,
    tangent,
    transposed,
    with_slope_of_tanh,
    with_tangent,
    without_slope,
)
from unrolled.exercises.squashes import SQUASHES, Squash
from unrolled.shapes import Array

# The leaky cell: h = (1 − r) ⊙ h_prev + r ⊙ φ(x Wx + h_prev Wh + b)
LEAKY_PARTS = ("dx", "dh_prev", "dWx", "dWh", "db", "dr")
LEAKY_WRT = (1, 2, 3, 4, 5, 6)


def leaky_given(squash: Squash) -> Mapping[str, Callable[..., Any]]:
    """Give the squashing function and the forward of the leaky cell.

    Parameters
    ----------
    squash : Squash
        φ of this form.

    Returns
    -------
    mapping
        ``squash(z)`` and ``forward(x, h_prev, Wx, Wh, b, r)`` → h (N, H).
    """

    def forward(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array, r: Array) -> Array:
        """From x (N, D), h_prev (N, H), Wx (D, H), Wh (H, H), b (H,), r (H,) make h (N, H)."""
        candidate = squash.value(x @ Wx + h_prev @ Wh + b)
        h: Array = (1 - r) * h_prev + r * candidate
        return h

    return {"squash": squash.value, "forward": forward}


def leaky_loss(squash: Squash, dh: Array, *arguments: Array) -> Any:
    """Weigh the new state by the gradient that arrives at it."""
    return np.sum(dh * leaky_given(squash)["forward"](*arguments))


def leaky_draw(squash: Squash, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dh, x, h_prev, Wx, Wh, b, r of small odd sizes."""
    N, D, H = rng.permutation([2, 3, 4])
    return _leaky_arguments(N, D, H, rng)


def leaky_large(squash: Squash, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments with 400 units."""
    return _leaky_arguments(96, 399, 400, rng)


def _leaky_arguments(N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    def normal(*shape: int, scale: float = 1.0) -> Array:
        return scale * rng.standard_normal(shape)

    return (
        normal(N, H),
        normal(N, D),
        normal(N, H),
        normal(D, H, scale=D**-0.5),
        normal(H, H, scale=H**-0.5),
        normal(H, scale=0.5),
        rng.uniform(0.1, 0.9, H),
    )


def _leaky_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the forward."""

    def loss(
        squash: Squash, dh: Array, x: Array, h: Array, Wx: Array, Wh: Array, b: Array, r: Array
    ) -> Any:
        squash = without_slope(squash) if name == "slope" else squash
        squash = with_slope_of_tanh(squash) if name == "slope of tanh" else squash
        back = held(h) if name == "recurrent path" else h
        product = transposed(back, Wh) if name == "transposed" else back @ Wh
        candidate = squash.value(x @ Wx + product + b)
        if name == "rate":
            candidate = with_tangent(candidate, tangent(candidate) / np.real(r))
        leak = held(r) if name == "rate of the old state" else r
        old = held(h) if name == "leak path" else h
        if name == "shares exchanged":
            old = with_tangent(old, tangent(h) * np.real(r / (1 - r)))
        renew = r
        if name == "sign of the rate":
            leak, renew = (with_tangent(r, -tangent(r)) for _ in range(2))
        return np.sum(dh * ((1 - leak) * old + renew * candidate))

    return slip(loss, LEAKY_WRT)


LEAKY = Problem(
    "ps1.leaky",
    "Backward through a leaky cell",
    "leaky_backward",
    8,
    tuple(Variant(s.name, s, {"name": s.name, "squash": s.tex}) for s in SQUASHES),
    leaky_given,
    leaky_draw,
    leaky_large,
    Gradients(leaky_loss, LEAKY_WRT),
    (
        Mistake(
            "the slope of φ is missing: what arrives at φ(a) has not yet reached a.",
            _leaky_slip("slope"),
        ),
        Mistake(
            "1 − φ² is the slope of tanh. Which slope has φ, and at which number?",
            _leaky_slip("slope of tanh"),
        ),
        Mistake(
            "dh_prev: which share of its old state does a unit keep, r or 1 − r?",
            _leaky_slip("shares exchanged"),
        ),
        Mistake(
            "dh_prev hears of the candidate only. By which other way does h_prev reach h?",
            _leaky_slip("leak path"),
        ),
        Mistake(
            "dh_prev hears of the leak only. By which other way does h_prev reach h?",
            _leaky_slip("recurrent path"),
        ),
        Mistake(
            "dr: r stands in the equation twice, and once with a minus sign.",
            _leaky_slip("rate of the old state"),
        ),
        Mistake(
            "dr has the wrong sign: r stands in the equation twice, once with a minus sign.",
            _leaky_slip("sign of the rate"),
        ),
        Mistake(
            "the candidate is multiplied by r on its way to h. So is its gradient.",
            _leaky_slip("rate"),
        ),
        Mistake(
            "the gradient goes back through Wh the way the state came.",
            _leaky_slip("transposed"),
        ),
    ),
    LEAKY_PARTS,
)
