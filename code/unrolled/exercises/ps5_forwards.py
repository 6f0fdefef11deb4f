"""The two gradient problems of set 5: a score with a bend, and a table of letters used twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.slips import held, slip, tangent, with_tangent
from unrolled.shapes import Array

SCORE_PARTS, SCORE_WRT = ("dlogits", "dc"), (0, 2)
TIED_PARTS, TIED_WRT = ("dE", "dP", "dh"), (4, 5, 3)


class Curve(NamedTuple):
    """A smooth function of a number, analytic, so that the complex step goes through."""

    name: str
    tex: str
    value: Callable[[Array], Array]


BENDS = (
    Curve("logarithm", r"8 \ln\Big(1 + \frac{\ell}{8}\Big)", lambda z: 8 * np.log(1 + z / 8)),
    Curve("root", r"8 \sqrt{1 + \frac{\ell}{4}} - 8", lambda z: 8 * np.sqrt(1 + z / 4) - 8),
    Curve("quotient", r"\frac{8\, \ell}{8 + \ell}", lambda z: 8 * z / (8 + z)),
    Curve("arctangent", r"8 \arctan\frac{\ell}{8}", lambda z: 8 * np.arctan(z / 8)),
    Curve("hyperbolic", r"8 \operatorname{arsinh}\frac{\ell}{8}", lambda z: 8 * np.arcsinh(z / 8)),
)
"""Each is 0 at 0 with slope 1, and grows ever more slowly."""

SHRINKS = (
    Curve("root", r"\frac{1}{\sqrt{1 + q}}", lambda q: 1 / np.sqrt(1 + q)),
    Curve("quotient", r"\frac{1}{1 + q}", lambda q: 1 / (1 + q)),
    Curve("exponential", r"e^{-q}", lambda q: np.exp(-q)),
    Curve("root of the square", r"\frac{1}{\sqrt{1 + q^2}}", lambda q: 1 / np.sqrt(1 + q * q)),
    Curve("logarithm", r"\frac{1}{1 + \ln(1 + q)}", lambda q: 1 / (1 + np.log(1 + q))),
)
"""Each is 1 at 0 and falls."""


# The score: L = Σ c ρ(ℓ) / Σ c, ℓ = −log₂ p_y
def bits_of(logits: Array, targets: Array) -> Array:
    """Give −log₂ p of the right characters, for logits of any size; complex ones too."""
    shifted = logits - np.real(logits).max(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, targets[..., None], axis=-1)[..., 0]
    bits: Array = (np.log(np.exp(shifted).sum(axis=-1)) - right) / np.log(2)
    return bits


def score_given(bend: Curve) -> Mapping[str, Callable[..., Any]]:
    """Give the bend and the score.

    Parameters
    ----------
    bend : Curve
        ρ of this form.

    Returns
    -------
    mapping
        ``bend(bits)`` and ``forward(logits, targets, c)`` → one number.
    """

    def forward(logits: Array, targets: Array, c: Array) -> Any:
        """From logits (T, N, V), ids targets (T, N) and weights c (T, N) make the score."""
        return score_loss(bend, logits, targets, c)

    return {"bend": bend.value, "forward": forward}


def score_loss(bend: Curve, logits: Array, targets: Array, c: Array) -> Any:
    """Average the bent bits with the weights c."""
    return np.sum(c * bend.value(bits_of(logits, targets))) / np.sum(c)


def score_draw(bend: Curve, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw logits, targets and c of small sizes; some logits are huge."""
    T, N, V = rng.permutation([2, 3, 5])
    return _score_arguments(T, N, V, rng)


def score_large(bend: Curve, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same for 2400 places and 257 characters."""
    return _score_arguments(63, 38, 257, rng)


def _score_arguments(T: int, N: int, V: int, rng: np.random.Generator) -> tuple[Array, ...]:
    spread, offset = np.ones(T * N), np.zeros(T * N)
    spread[1::4], offset[2::4], offset[3::4] = 1e3, 1e4, -1e4
    order = rng.permutation(T * N)
    logits = 2 * rng.standard_normal((T * N, V)) * spread[:, None] + offset[:, None]
    c = rng.uniform(0.3, 2.0, T * N)
    c[3::5] = 0.0
    return (
        logits[order].reshape(T, N, V),
        rng.integers(0, V, (T, N)),
        c[order].reshape(T, N),
    )


def score_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the score."""

    def loss(bend: Curve, logits: Array, targets: Array, c: Array) -> Any:
        bits = bits_of(logits, targets)
        if name == "target":  # the shift of all logits carries no tangent
            fixed = bits_of(np.real(logits), targets)
            spread = tangent(np.log(np.exp(_shifted(logits)).sum(axis=-1))) / np.log(2)
            bits = with_tangent(fixed, spread)
        if name == "nats":
            bits = with_tangent(bits, tangent(bits) * np.log(2))
        bits = bits * np.log(2) if name == "all nats" else bits
        bent = bend.value(bits)
        if name == "slope":
            bent = with_tangent(bent, tangent(bits))
        factors = {
            "count": np.sum(np.real(c)) / c.size,
            "sequences": np.sum(np.real(c)) / len(c[0]),
        }
        if name in factors:
            bent = with_tangent(bent, tangent(bent) * factors[name])
        summed = np.sum(c * bent)
        if name == "places":
            return summed / c.size
        if name == "weights":
            summed = with_tangent(summed, tangent(np.sum(c * np.real(bent))) + tangent(bent).sum())
        return summed / (held(np.sum(c)) if name == "quotient" else np.sum(c))

    return slip(loss, SCORE_WRT)


def _shifted(logits: Array) -> Array:
    shifted: Array = logits - np.real(logits).max(axis=-1, keepdims=True)
    return shifted


# Tied letters: Ē_v = κ(q_v) E_v, q_v = mean E_v²; x = Ē[ids], o = h P Ēᵀ
def tied_given(shrink: Curve) -> Mapping[str, Callable[..., Any]]:
    """Give the scale, and the two uses of the table.

    Parameters
    ----------
    shrink : Curve
        κ of this form.

    Returns
    -------
    mapping
        ``scale(q)``, ``embed(ids, E)`` → x and ``readout(h, E, P)`` → logits.
    """

    def rows(E: Array) -> Array:
        scaled: Array = shrink.value(np.mean(E * E, axis=1, keepdims=True)) * E
        return scaled

    def embed(ids: Array, E: Array) -> Array:
        """From ids (T, N) and E (V, D) make x (T, N, D)."""
        return rows(E)[ids]

    def readout(h: Array, E: Array, P: Array) -> Array:
        """From h (T, N, H), E (V, D) and P (H, D) make logits (T, N, V)."""
        logits: Array = h @ P @ rows(E).T
        return logits

    return {"scale": shrink.value, "embed": embed, "readout": readout}


def tied_loss(shrink: Curve, dx: Array, dlogits: Array, ids: Array, *arguments: Array) -> Any:
    """Weigh both uses by the gradients that arrive at them."""
    h, E, P = arguments
    given = tied_given(shrink)
    return np.sum(dx * given["embed"](ids, E)) + np.sum(dlogits * given["readout"](h, E, P))


def tied_draw(shrink: Curve, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dx, dlogits, ids, h, E, P; some letters come often, one never."""
    T, N, D, H, V = rng.permutation([2, 3, 4, 5, 6])
    return _tied_arguments(T, N, D, H, V, rng)


def tied_large(shrink: Curve, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same with 2048 units and 1024 letters."""
    return _tied_arguments(5, 13, 63, 2048, 1024, rng)


def _tied_arguments(
    T: int, N: int, D: int, H: int, V: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    def normal(*shape: int) -> Array:
        return rng.standard_normal(shape)

    ids = rng.integers(0, V - 1, (T, N))
    ids[0, 0] = ids[-1, -1]  # at least one letter comes twice
    return (
        normal(T, N, D),
        normal(T, N, V),
        ids,
        normal(T, N, H),
        normal(V, D),
        normal(H, D) / np.sqrt(H),
    )


def tied_slip(name: str) -> Callable[..., Any]:
    """Change one tangent of the two uses."""

    def loss(
        shrink: Curve, dx: Array, dlogits: Array, ids: Array, h: Array, E: Array, P: Array
    ) -> Any:
        q = np.mean(E * E, axis=1, keepdims=True)
        factors = {"held": 0.0, "half": 0.5, "summed": float(E.shape[1])}
        q = with_tangent(q, tangent(q) * factors.get(name, 1.0))
        if name == "entry":
            q = with_tangent(q, tangent(E * E) / E.shape[1])
        rows = shrink.value(q) * E
        if name == "bare":
            rows = with_tangent(rows, tangent(E))
        read = held(rows) if name == "readout only" else rows
        scored = held(rows) if name == "inputs only" else rows
        x = read[ids]
        if name == "repeated":
            x = with_tangent(x, np.where(_last_uses(ids)[..., None], tangent(x), 0))
        code = h @ P
        logits = code @ scored.T
        if name == "unscaled":
            straight = tangent(code) @ np.real(E).T
            logits = with_tangent(logits, straight + np.real(code) @ tangent(rows).T)
        return np.sum(dx * x) + np.sum(dlogits * logits)

    return slip(loss, TIED_WRT)


def _last_uses(ids: Array) -> Array:
    """Tell for each place whether its letter comes no more: what ``dE[ids] += dx`` keeps."""
    line = ids.ravel().tolist()
    last = [letter not in line[place + 1 :] for place, letter in enumerate(line)]
    return np.array(last).reshape(ids.shape)
