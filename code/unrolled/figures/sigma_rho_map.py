"""Chapter 7: two sizes of the recurrent matrix, and whether gradients live through thirty steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from unrolled.analysis import spectra
from unrolled.analysis.jacobians import gradient_by_lag
from unrolled.cells import RNN, Hidden, RNNParams
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.numerals import power
from unrolled.sequence import unroll
from unrolled.shapes import Array

LEFT, RIGHT = 58.0, 445.0
PLANE = (34.0, 250.0)
CURVE = (330.0, 500.0)
WIDEST = 3.2
LOWEST, HIGHEST = -9, 6
SIGMA = svg.scale((0.0, WIDEST), (LEFT, RIGHT))
RHO = svg.scale((0.0, WIDEST), (PLANE[1] - 9, PLANE[0]))  # room for the ring
LEVEL = svg.scale((LOWEST, HIGHEST), (CURVE[1], CURVE[0]))
UNITS, STEPS = 12, 30
_EQUALS = "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"
KINDS = ("random", "symmetric", "orthogonal", "triangular", "cancelling")
INPUTS = ("no input", "with input")


class Trial(NamedTuple):
    """A recurrent matrix, and what became of a gradient of norm 1."""

    sigma: float
    rho: float
    norms: Array
    """At the lags 0, 1, … 30."""


def sigma_rho_map(sigmas: Sequence[float], dots: int = 60) -> Figure:
    """Show the plane of σ_max and ρ, a chosen matrix on it, and its gradient by lag.

    See eq-norm-bound and eq-spectral-radius (chapter 7).

    Parameters
    ----------
    sigmas : sequence of float
        The largest singular values on offer, 3 among them.
    dots : int
        Random matrices in the background.

    Returns
    -------
    Figure
        Above the plane, below the norms of the chosen net beside the bound.
    """
    across = svg.scale((0, STEPS), (LEFT, RIGHT))

    @cache
    def crowd(inputs: str) -> list[Trial]:
        return [trial(mixed(seed), inputs, seed) for seed in range(dots)]

    def ground() -> Drawn:
        ticks = [(SIGMA(v), f"{v}") for v in range(4)]
        plane = svg.axes(
            (LEFT, RIGHT),
            PLANE,
            ticks,
            [(RHO(v), f"{v}") for v in range(4)],
            x_label="largest singular value σmax",
            y_label="spectral radius ρ",
        )
        curve = svg.axes(
            (LEFT, RIGHT),
            CURVE,
            [(across(lag), str(lag)) for lag in range(0, STEPS + 1, 10)],
            [(LEVEL(e), power(10.0**e, whole=True)) for e in range(LOWEST, HIGHEST + 1, 3)],
            x_label="steps back",
            y_label="norm of the gradient",
        )
        dashed: dict[str, Any] = {"stroke": "neutral", "width": 1, "stroke_dasharray": "4 4"}
        lines = [
            svg.line([(LEFT, LEVEL(0)), (RIGHT, LEVEL(0))], **dashed),
            svg.line([(SIGMA(1), PLANE[0]), (SIGMA(1), PLANE[1])], **dashed),
            svg.line([(SIGMA(1), RHO(1)), (RIGHT, RHO(1))], **dashed),
            svg.line([(LEFT, RHO(0)), (SIGMA(WIDEST), RHO(WIDEST))], stroke="neutral", width=1),
        ]
        words = [
            svg.text(SIGMA(0.06), PLANE[0] + 26, "must", anchor="start"),
            svg.text(SIGMA(0.06), PLANE[0] + 46, "vanish", anchor="start"),
            svg.text(SIGMA(1.9), PLANE[0] + 26, "ρ is never larger", anchor="middle"),
        ]
        return Drawn([plane, curve, *lines, *words], "")

    def cloud(inputs: str) -> Drawn:
        shapes = []
        for place, each in enumerate(crowd(inputs)):
            grew = bool(each.norms[-1] > 1)
            shapes.append(
                svg.circle(
                    SIGMA(each.sigma),
                    RHO(each.rho),
                    3.5,
                    key=f"dot{place}",
                    fill="gradient" if grew else "paper",
                    stroke="gradient" if grew else "neutral",
                    stroke_width=1.3,
                )
            )
        grown = sum(bool(each.norms[-1] > 1) for each in crowd(inputs))
        return Drawn(
            shapes,
            f"Full dots: the gradient is longer after {STEPS} steps, {grown} of {dots} nets.",
        )

    def chosen(kind: str, sigma: float, inputs: str) -> Drawn:
        net = trial(spectra.scaled(matrix(kind), sigma=sigma), inputs, 1, held=kind == "cancelling")
        logs = np.log10(np.maximum(net.norms, 10.0 ** (2 * LOWEST)))
        kept = np.clip(logs, LOWEST, HIGHEST)
        places = [(round(across(lag), 1), round(LEVEL(each), 1)) for lag, each in enumerate(kept)]
        x, y = SIGMA(net.sigma), RHO(net.rho)
        slope = float(np.log10(sigma))
        last = min(STEPS, (HIGHEST if slope > 0 else LOWEST) / slope) if slope else STEPS
        bound = [(LEFT, LEVEL(0)), (across(last), LEVEL(last * slope))]
        shapes = [
            svg.circle(x, y, 9, key="here", fill="none", stroke="text", stroke_width=3),
            svg.line(bound, key="bound", stroke="text", width=1.4, stroke_dasharray="7 4"),
            svg.line(places, key="norms", stroke="gradient", width=3),
        ]
        end = net.norms[-1]
        said = "0" if end == 0 else power(float(end))
        return Drawn(
            shapes,
            f"Ring: {kind}, σmax{_EQUALS}{net.sigma:.2f}, ρ{_EQUALS}{net.rho:.2f}, {inputs}. "
            "A gradient of "
            f"length 1 has the length {said} after {STEPS} steps; the bound (dashed) allows "
            f"{power(float(spectra.norm_bound(np.eye(1) * sigma, np.array([STEPS]))[0]))}.",
        )

    controls = [
        Control("kind", "matrix", KINDS, "cancelling", "choice"),
        Control("sigma", "σmax", tuple(float(s) for s in sigmas), 3.0),
        Control("inputs", "input", INPUTS, "with input", "choice"),
    ]
    return respond(
        "sigma-rho-map",
        "Singular value, spectral radius and what becomes of a gradient",
        "Above, a plane with the largest singular value to the right and the spectral radius "
        "upward. Dots are random nets, full where the gradient grew; a ring marks the chosen one. "
        "Below, its gradient by steps back on a logarithmic axis, and the bound as a dashed line.",
        (460, 550),
        controls,
        ground,
        cloud,
        chosen,
    )


def matrix(kind: str) -> Array:
    """Make one matrix of a kind; see :data:`KINDS`.

    Parameters
    ----------
    kind : str
        ``"cancelling"`` is [[1, 1], [−1, −1]], whose square is zero; the others have 12 units.

    Returns
    -------
    ndarray, shape (H, H)
        Of some size; scale it.
    """
    rng = np.random.default_rng(0)
    if kind == "cancelling":
        return np.array([[1.0, 1.0], [-1.0, -1.0]])
    if kind == "orthogonal":
        return spectra.orthogonal(UNITS, rng=rng)
    drawn = rng.standard_normal((UNITS, UNITS))
    if kind == "symmetric":
        return drawn + drawn.T
    if kind == "triangular":
        return np.triu(drawn, 1) + 2 * np.eye(UNITS)
    return drawn


def mixed(seed: int) -> Array:
    """Make a random matrix anywhere in the plane: a normal part and a triangular one.

    Parameters
    ----------
    seed : int
        Decides all.

    Returns
    -------
    ndarray, shape (H, H)
        Its largest singular value is uniform between 0.3 and 3.1.
    """
    rng = np.random.default_rng([7, seed])
    share = rng.uniform()
    symmetric = rng.standard_normal((UNITS, UNITS))
    part = np.triu(rng.standard_normal((UNITS, UNITS)), 1)
    W = share * (symmetric + symmetric.T) / 2 + (1 - share) * 2 * part
    return spectra.scaled(W, sigma=rng.uniform(0.3, 3.1))


def trial(W: Array, inputs: str, seed: int, *, held: bool = False) -> Trial:
    """Send a gradient of norm 1 back through thirty steps of the plain cell.

    Parameters
    ----------
    W : ndarray, shape (H, H)
        The recurrent matrix.
    inputs : str
        ``"no input"``: every state is zero and every slope 1. ``"with input"``: normal numbers.
    seed : int
        Of the gradient's direction and of the inputs.
    held : bool
        Two units, and the gradient (1, 0). Instead of random inputs a bias that holds them at
        0 and √0.9, so that their slopes are 1 and 0.1.

    Returns
    -------
    Trial
        With the norm at every lag.
    """
    H = len(W)
    rng = np.random.default_rng([5, seed])
    arrives = np.eye(H)[:1] if held else rng.standard_normal((1, H))
    xs = 0.3 * rng.standard_normal((STEPS, 1, H)) * (inputs != INPUTS[0] and not held)
    h, b = np.zeros((1, H)), np.zeros(H)
    if held and inputs != INPUTS[0]:
        h = np.array([[0.0, np.sqrt(0.9)]])
        b = (np.arctanh(h) - h @ W)[0]
    _, _, tape = unroll(RNN, RNNParams(np.eye(H), W, b), xs, Hidden(h))
    norms = gradient_by_lag(RNN, tape, Hidden(arrives / np.linalg.norm(arrives))).h[:, 0]
    return Trial(spectra.largest_singular_value(W), spectra.spectral_radius(W), norms)
