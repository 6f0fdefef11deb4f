"""The gated cells of problem set 4: their forwards, and forwards whose tangents slip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.slips import held, slip, tangent, transposed, with_tangent, without_slope
from unrolled.exercises.squashes import SQUASHES, Squash
from unrolled.shapes import Array


class Tie(NamedTuple):
    """How one gate is made of another: a smooth function from (0, 1) to (0, 1)."""

    name: str
    tex: str
    """Its formula in f."""
    value: Callable[[Array], Array]


class Tied(NamedTuple):
    """One form of a cell: a tie and a squashing function."""

    tie: Tie
    squash: Squash


OPENING = (
    Tie("root of squares", r"\sqrt{1 - f^2}", lambda f: np.sqrt(1 - f * f)),
    Tie("square", r"1 - f^2", lambda f: 1 - f * f),
    Tie("cosine", r"\cos\tfrac{\pi f}{2}", lambda f: np.cos(np.pi * f / 2)),
    Tie("ratio", r"\frac{1 - f}{1 + f}", lambda f: (1 - f) / (1 + f)),
    Tie("root", r"\sqrt{1 - f}", lambda f: np.sqrt(1 - f)),
)
"""From 1 at f = 0 down to 0 at f = 1."""
SHOWING = (
    Tie("parabola", r"4f(1 - f)", lambda f: 4 * f * (1 - f)),
    Tie("square", r"(1 - f)^2", lambda f: (1 - f) ** 2),
    Tie("sine", r"\sin \pi f", lambda f: np.sin(np.pi * f)),
    Tie("cube", r"1 - f^3", lambda f: 1 - f**3),
    Tie("hump", r"\frac{2f}{1 + f^2}", lambda f: 2 * f / (1 + f * f)),
)
_ORDER = (1, 2, 0, 4, 3)
TIED = tuple(Tied(tie, SQUASHES[i]) for tie, i in zip(OPENING, _ORDER, strict=True))
SINGLE = tuple(Tied(tie, SQUASHES[i]) for tie, i in zip(SHOWING, reversed(_ORDER), strict=True))


def sigmoid(z: Array) -> Array:
    """Squash to (0, 1), σ(z) = 1 / (1 + e^−z), entry by entry."""
    gate: Array = 1 / (1 + np.exp(-z))
    return gate


# One step: c = f ⊙ c_prev + τ(f) ⊙ g, o reads the new c, h = o ⊙ φ(c)
def tied_given(form: Tied) -> Mapping[str, Callable[..., Any]]:
    """Give the forward of the cell whose opening is tied to its keeping, and its parts.

    Parameters
    ----------
    form : Tied
        τ and φ of this form.

    Returns
    -------
    mapping
        ``sigmoid(z)``, ``squash(z)``, ``tie(f)`` and
        ``forward(x, h_prev, c_prev, Wx, Wh, Wc, b)`` → h (N, H), c (N, H).
    """

    def forward(
        x: Array, h_prev: Array, c_prev: Array, Wx: Array, Wh: Array, Wc: Array, b: Array
    ) -> tuple[Array, Array]:
        """Make one step; the columns of Wx and b are f, g, o, those of Wh are f, g.

        x (N, D), h_prev (N, H), c_prev (N, H), Wx (D, 3H), Wh (H, 2H), Wc (H, H), b (3H,)
        → h (N, H), c (N, H).
        """
        a_f, a_g, a_o = np.split(x @ Wx + b, 3, axis=1)
        h_f, h_g = np.split(h_prev @ Wh, 2, axis=1)
        f, g = sigmoid(a_f + h_f), form.squash.value(a_g + h_g)
        c = f * c_prev + form.tie.value(f) * g
        o = sigmoid(a_o + c @ Wc)
        return o * form.squash.value(c), c

    squash, tie = form.squash.value, form.tie.value
    return {"sigmoid": sigmoid, "squash": squash, "tie": tie, "forward": forward}


TIED_PARTS = ("dx", "dh_prev", "dc_prev", "dWx", "dWh", "dWc", "db")
TIED_WRT = (2, 3, 4, 5, 6, 7, 8)


def tied_loss(form: Tied, dh: Array, dc: Array, *arguments: Array) -> Any:
    """Weigh the new states by the gradients that arrive at them."""
    h, c = tied_given(form)["forward"](*arguments)
    return np.sum(dh * h) + np.sum(dc * c)


def tied_draw(form: Tied, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dh, dc, x, h_prev, c_prev, Wx, Wh, Wc, b of small different sizes."""
    N, D, H = rng.permutation([2, 3, 4])
    return _tied_arguments(N, D, H, rng)


def tied_large(form: Tied, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments with 256 units."""
    return _tied_arguments(64, 255, 256, rng)


def _tied_arguments(N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    states = (rng.standard_normal((N, width)) for width in (H, H, D, H, H))
    weights = (_weight(rng, D, 3 * H), _weight(rng, H, 2 * H), _weight(rng, H, H))
    return (*states, *weights, 0.5 * rng.standard_normal(3 * H))


def _weight(rng: np.random.Generator, rows: int, columns: int) -> Array:
    weight: Array = rng.standard_normal((rows, columns)) / np.sqrt(rows)
    return weight


def tied_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the step."""

    def loss(form: Tied, *arguments: Array) -> Any:
        dh, dc, x, h_prev, c_prev, Wx, Wh, Wc, b = arguments
        squash = form.squash.value
        a_f, a_g, a_o = np.split(x @ Wx + b, 3, axis=1)
        h_f, h_g = np.split(h_prev @ Wh, 2, axis=1)
        gate_f, gate_o = (
            _gate_without_slope if name in ("slope of a gate", f"slope of {each}") else sigmoid
            for each in "fo"
        )
        candidate = without_slope(form.squash).value if name == "slope of g" else squash
        f, g = gate_f(a_f + h_f), candidate(a_g + h_g)
        opening = form.tie.value(held(f) if name == "opening" else f)
        if name == "slope of the tie":
            opening = with_tangent(opening, -tangent(f))
        if name == "sign of the tie":
            opening = with_tangent(opening, -tangent(opening))
        c = (held(f) if name == "keeping" else f) * c_prev + opening * g
        peek = (held(c) if name == "reading" else c) @ Wc
        if name == "transposed":
            peek = transposed(c, Wc)
        shown = (without_slope(form.squash).value if name == "slope of c" else squash)(c)
        arrived = 0 * dc if name == "later" else dc
        return np.sum(dh * gate_o(a_o + peek) * shown) + np.sum(arrived * c)

    return slip(loss, TIED_WRT)


def _gate_without_slope(z: Array) -> Array:
    return with_tangent(sigmoid(np.real(z)), tangent(z))


# A sequence: f keeps, 1 − f lets in, ω(f) shows
def single_given(form: Tied) -> Mapping[str, Callable[..., Any]]:
    """Give the forward of the cell with a single gate over a sequence, and its parts.

    Parameters
    ----------
    form : Tied
        ω and φ of this form.

    Returns
    -------
    mapping
        ``sigmoid(z)``, ``squash(z)``, ``show(f)`` and
        ``forward(xs, h0, c0, Wx, Wh, b)`` → hs (T, N, H), c_T (N, H).
    """

    def forward(
        xs: Array, h0: Array, c0: Array, Wx: Array, Wh: Array, b: Array
    ) -> tuple[Array, Array]:
        """Run over a sequence; the columns of Wx, Wh and b are f, g.

        xs (T, N, D), h0 (N, H), c0 (N, H), Wx (D, 2H), Wh (H, 2H), b (2H,)
        → hs (T, N, H), c_T (N, H).
        """
        h, c, hs = h0, c0, []
        for x in xs:
            a_f, a_g = np.split(x @ Wx + h @ Wh + b, 2, axis=1)
            f, g = sigmoid(a_f), form.squash.value(a_g)
            c = f * c + (1 - f) * g
            h = form.tie.value(f) * form.squash.value(c)
            hs.append(h)
        return np.stack(hs), c

    squash, show = form.squash.value, form.tie.value
    return {"sigmoid": sigmoid, "squash": squash, "show": show, "forward": forward}


SINGLE_PARTS = ("dxs", "dh0", "dc0", "dWx", "dWh", "db")
SINGLE_WRT = (2, 3, 4, 5, 6, 7)


def single_loss(form: Tied, dhs: Array, dc_T: Array, *arguments: Array) -> Any:
    """Weigh every state, and the last memory, by the gradients that arrive at them."""
    hs, c_T = single_given(form)["forward"](*arguments)
    return np.sum(dhs * hs) + np.sum(dc_T * c_T)


def single_draw(form: Tied, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dhs, dc_T, xs, h0, c0, Wx, Wh, b of small different sizes."""
    T, N, D, H = rng.permutation([2, 3, 4, 5])
    return _single_arguments(T, N, D, H, rng)


def single_large(form: Tied, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments for a long sequence of many features."""
    return _single_arguments(48, 24, 127, 128, rng)


def _single_arguments(
    T: int, N: int, D: int, H: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    shapes = ((T, N, H), (N, H), (T, N, D), (N, H), (N, H))
    states = (rng.standard_normal(shape) for shape in shapes)
    weights = (_weight(rng, D, 2 * H), _weight(rng, H, 2 * H))
    return (*states, *weights, 0.5 * rng.standard_normal(2 * H))


def single_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the run."""

    def loss(form: Tied, dhs: Array, dc_T: Array, *arguments: Array) -> Any:
        xs, h, c, *weights = arguments
        squash_g, squash_c = (
            (
                without_slope(form.squash)
                if name in ("slope of φ", f"slope of {each}")
                else form.squash
            )
            for each in "gc"
        )
        gate = _gate_without_slope if name == "slope of σ" else sigmoid
        total: Any = 0.0
        for t, x in enumerate(xs):
            if t > 0:
                h = held(h) if name == "state between steps" else h
                c = held(c) if name == "memory between steps" else c
            forgotten = (name == "first step only" and t > 0) or (
                name == "last step only" and t < len(xs) - 1
            )
            Wx, Wh, b = (held(weight) if forgotten else weight for weight in weights)
            a_f, a_g = np.split(x @ Wx + h @ Wh + b, 2, axis=1)
            f, g = gate(a_f), squash_g.value(a_g)
            keep = held(f) if name == "keeping" else f
            c = keep * c + (1 - (held(f) if name == "letting in" else f)) * g
            show = form.tie.value(held(f) if name == "showing" else f)
            h = show * squash_c.value(held(c) if name == "memory shown" else c)
            total += 0.0 if name == "above" and t < len(xs) - 1 else np.sum(dhs[t] * h)
        return total if name == "end" else total + np.sum(dc_T * c)

    return slip(loss, SINGLE_WRT)
