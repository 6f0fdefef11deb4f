"""Problem ``ps1.shared``: the backward of a cell whose units share one gain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant
from unrolled.exercises.slips import held, slip, tangent, transposed, with_tangent
from unrolled.shapes import Array

# The shared gain: a = x Wx + h_prev Wh + b, s[n] = mean of a[n,k]² over k, h = g(s) a
SHARED_PARTS = ("dx", "dh_prev", "dWx", "dWh", "db")
SHARED_WRT = (1, 2, 3, 4, 5)


class Gain(NamedTuple):
    """A smooth function of the mean square, analytic, so that the complex step goes through."""

    name: str
    tex: str
    """Its equation."""
    value: Callable[[Array], Array]


GAINS = (
    Gain("inverse root", r"g(s) = \frac{1}{\sqrt{1 + s}}", lambda s: 1 / np.sqrt(1 + s)),
    Gain("inverse", r"g(s) = \frac{1}{1 + s}", lambda s: 1 / (1 + s)),
    Gain("exponential", r"g(s) = e^{-s}", lambda s: np.exp(-s)),
    Gain("inverse square", r"g(s) = \frac{1}{(1 + s)^2}", lambda s: 1 / (1 + s) ** 2),
    Gain("Lorentzian", r"g(s) = \frac{1}{1 + s^2}", lambda s: 1 / (1 + s * s)),
)
"""Of equal work: each slope is one line."""


def shared_given(gain: Gain) -> Mapping[str, Callable[..., Any]]:
    """Give the gain and the forward of the cell.

    Parameters
    ----------
    gain : Gain
        g of this form.

    Returns
    -------
    mapping
        ``gain(s)`` and ``forward(x, h_prev, Wx, Wh, b)`` → h (N, H).
    """

    def forward(x: Array, h_prev: Array, Wx: Array, Wh: Array, b: Array) -> Array:
        """From x (N, D), h_prev (N, H), Wx (D, H), Wh (H, H), b (H,) make h (N, H)."""
        a = x @ Wx + h_prev @ Wh + b
        h: Array = gain.value(_mean_square(a)) * a
        return h

    return {"gain": gain.value, "forward": forward}


def _mean_square(a: Array) -> Array:
    """Take the mean over the units, one number a sequence (N, 1)."""
    square: Array = np.mean(a * a, axis=1, keepdims=True)
    return square


def shared_loss(gain: Gain, dh: Array, *arguments: Array) -> Any:
    """Weigh the new state by the gradient that arrives at it."""
    return np.sum(dh * shared_given(gain)["forward"](*arguments))


def shared_draw(gain: Gain, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dh, x, h_prev, Wx, Wh, b of small different sizes."""
    N, D, H = rng.permutation([2, 3, 4])
    return _arguments(N, D, H, rng)


def shared_large(gain: Gain, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments with 400 units."""
    return _arguments(96, 399, 400, rng)


def _arguments(N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    return (
        rng.standard_normal((N, H)),
        rng.standard_normal((N, D)),
        rng.standard_normal((N, H)),
        rng.standard_normal((D, H)) * D**-0.5,
        rng.standard_normal((H, H)) * H**-0.5,
        0.5 * rng.standard_normal(H),
    )


def _shared_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the forward."""

    def loss(gain: Gain, dh: Array, x: Array, h: Array, Wx: Array, Wh: Array, b: Array) -> Any:
        product = transposed(h, Wh) if name == "transposed" else h @ Wh
        a = x @ Wx + product + b
        s = _mean_square(a)
        if name == "own unit":
            s = with_tangent(s, 2 * np.real(a) * tangent(a) / a.shape[1])
        changed = {"mean": float(a.shape[1]), "square": 0.5}.get(name, 1.0)
        g = gain.value(with_tangent(s, changed * tangent(s)))
        if name == "gain":
            g = held(g)
        if name == "slope of the gain":
            g = with_tangent(g, tangent(s))
        if name == "sign of the gain":
            g = with_tangent(g, -tangent(g))
        if name == "whole batch":
            through = np.sum(dh * np.real(a)) * np.sum(tangent(g))
            return with_tangent(
                np.sum(dh * held(g) * a), np.sum(dh * held(g) * tangent(a)) + through
            )
        direct = held(a) if name == "direct way" else a
        return np.sum(dh * g * direct)

    return slip(loss, SHARED_WRT)


SHARED = Problem(
    "ps1.shared",
    "Backward through a shared gain",
    "shared_backward",
    7,
    tuple(Variant(g.name, g, {"gain": g.tex}) for g in GAINS),
    shared_given,
    shared_draw,
    shared_large,
    Gradients(shared_loss, SHARED_WRT),
    (
        Mistake(
            "the pre-activations a reach h by two ways, and you took one: s is made of a too.",
            _shared_slip("gain"),
        ),
        Mistake(
            "the pre-activations a reach h by two ways, and you took the one through s. "
            "What is the other?",
            _shared_slip("direct way"),
        ),
        Mistake(
            "one s[n] is in all H entries of its row. So what comes back to s[n] is a sum: "
            "over what?",
            _shared_slip("own unit"),
        ),
        Mistake(
            "each sequence has its own s[n]. Your sum also runs over the sequences.",
            _shared_slip("whole batch"),
        ),
        Mistake(
            "s reaches h through g. Where is the slope of g?", _shared_slip("slope of the gain")
        ),
        Mistake(
            "g falls where s grows. Which sign has its slope?", _shared_slip("sign of the gain")
        ),
        Mistake("s[n] is a mean, not a sum, over the units.", _shared_slip("mean")),
        Mistake("what is the slope of a square?", _shared_slip("square")),
        Mistake(
            "the gradient goes back through Wh the way the state came.",
            _shared_slip("transposed"),
        ),
    ),
    SHARED_PARTS,
)
