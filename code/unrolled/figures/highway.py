"""Chapter 10: what is left of a gradient, step by step back, in an LSTM and in a plain RNN."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from unrolled import LSTM, RNN, Hidden, Memory, unroll
from unrolled.analysis.highway import cell_gradients
from unrolled.analysis.jacobians import gradient_by_lag
from unrolled.cells.base import Cell
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.numerals import power
from unrolled.sequence import Tape
from unrolled.shapes import Array

LEFT, RIGHT, TOP, BOTTOM = 62.0, 445.0, 36.0, 300.0
LOWEST, HIGHEST = -12.0, 4.0
"""Powers of ten at the two ends of the axis."""
N, D, H = 6, 4, 16
BAND = (0.1, 0.5, 0.9)


class Left(NamedTuple):
    """Quantiles over all runs of the gradient's norm at a lag ÷ its norm at lag 0."""

    full: Array
    """Along every path, (3, T + 1): a tenth of the runs below, half of them, nine tenths."""
    highway: Array
    """The product of the forget gates alone; of an RNN all ones."""


def highway(
    biases: Sequence[float], scales: Sequence[float], *, lags: int = 50, seeds: int = 5
) -> Figure:
    """Show how much of a gradient at the last step is left, lag by lag, as the forget bias moves.

    See eq-lstm-dc and eq-lstm-dcdc (chapter 10), eq-gradient-by-lag (chapter 7).

    Parameters
    ----------
    biases : sequence of float
        The forget biases on offer, 1 among them.
    scales : sequence of float
        What the fresh recurrent weights are multiplied by, 1 among them.
    lags : int
        How far back to look, an even number of 20 or more.
    seeds : int
        Networks to draw for each choice; each reads six sequences.

    Returns
    -------
    Figure
        On a logarithmic axis, medians with bands that hold four runs out of five.
    """
    run = cache(lambda cell, scale, bias: left(cell, scale, bias, lags=lags, seeds=seeds))
    across = svg.scale((0, lags), (LEFT, RIGHT))
    down = svg.scale((LOWEST, HIGHEST), (BOTTOM, TOP))

    def line(values: Array, key: str, colour: str, **options: Any) -> Element:
        return svg.line(_points(values, across, down), key=key, stroke=colour, **options)

    def band(values: Array, key: str, colour: str) -> Element:
        lower, upper = (
            [(across(k), down(power)) for k, power in enumerate(_powers(each)) if k % 2 == 0]
            for each in (values[0], values[2])
        )
        path = " ".join(f"{svg.number(x)},{round(y, 1):g}" for x, y in [*upper, *lower[::-1]])
        return svg.shape("polygon", key=key, points=path, fill=colour, opacity=0.18)

    def ground() -> Drawn:
        powers = range(int(LOWEST), int(HIGHEST) + 1, 4)
        axes = svg.axes(
            (LEFT, RIGHT),
            (TOP, BOTTOM),
            [(across(k), str(k)) for k in range(0, lags + 1, 10)],
            [(down(exponent), power(10.0**exponent, whole=True)) for exponent in powers],
            x_label="lag ℓ, steps before the last",
            y_label="gradient left, ÷ lag 0",
        )
        one = svg.line([(LEFT, down(0)), (RIGHT, down(0))], width=1, stroke="neutral")
        return Drawn([axes, one, *_legend()], "")

    def plain(scale: float) -> Drawn:
        full = run(RNN, scale, 0.0).full
        return Drawn(
            [band(full, "rnn-band", "state"), line(full[1], "rnn", "state")],
            f"Of the RNN’s dh, {_at_lags(full[1], lags)}.",
        )

    def gated(bias: float, scale: float) -> Drawn:
        full, product = run(LSTM, scale, bias)
        halves = lags * np.log(2) / -np.log(product[1][-1])
        words = (
            f"Forget bias {bias:g}, recurrent weights × {scale:g}. "
            f"Of the LSTM’s dc, {_at_lags(full[1], lags)}. "
            f"Of the forget gates’ product alone, {_at_lags(product[1], lags)}: "
            f"it halves every {power(halves)} steps."
        )
        shapes = [
            band(full, "lstm-band", "cell"),
            line(product[1], "product", "forget_gate", stroke_dasharray="6 4"),
            line(full[1], "lstm", "cell", width=2.6),
        ]
        return Drawn(shapes, words.replace("-", "−"))

    controls = [
        Control("bias", "forget bias", tuple(float(bias) for bias in biases), 1.0),
        Control(
            "scale",
            "recurrent weights",
            tuple(float(scale) for scale in scales),
            1.0,
            kind="choice",
            labels=tuple(f"× {scale:g}" for scale in scales),
        ),
    ]
    return respond(
        "highway",
        "How much of a gradient is left, step by step back",
        "Three curves against the lag on a logarithmic axis: the gradient at the LSTM's cell "
        "state, the product of its forget gates, dashed, and the gradient at a plain RNN's state.",
        (460, 345),
        controls,
        ground,
        gated,
        plain,
    )


def left(cell: Cell, scale: float, bias: float, *, lags: int, seeds: int) -> Left:
    """Draw networks and sequences, and measure what is left of a gradient that arrives at h_T.

    Parameters
    ----------
    cell : Cell
        LSTM or RNN.
    scale : float
        What the recurrent weights are multiplied by.
    bias : float
        Forget bias of the LSTM.
    lags : int
        How far back; the run is one step longer.
    seeds : int
        Networks; the same inputs for both cells.

    Returns
    -------
    Left
        Quantiles over seeds and sequences.
    """
    full, product = list[Array](), list[Array]()
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        xs, dh = rng.standard_normal((lags + 1, N, D)), rng.standard_normal((N, H))
        options = {"forget_bias": bias} if cell is LSTM else {}
        params = cell.init(D, H, rng=rng, **options)
        tape = unroll(cell, params._replace(Wh=scale * params.Wh), xs)[2]
        norms = (_rnn if cell is RNN else _lstm)(tape, dh)
        for found, kept in zip(norms, (full, product), strict=True):
            kept.append(found[: lags + 1] / found[0])
    return Left(*(np.quantile(np.hstack(each), BAND, axis=1) for each in (full, product)))


def _rnn(tape: Tape, dh: Array) -> tuple[Array, Array]:
    norms = gradient_by_lag(RNN, tape, Hidden(dh)).h
    return norms, np.ones_like(norms)


def _lstm(tape: Tape, dh: Array) -> tuple[Array, Array]:
    full, product = cell_gradients(tape, Memory(dh, np.zeros_like(dh)))
    return np.linalg.norm(full, axis=2), np.linalg.norm(product, axis=2)


def _powers(values: Array) -> Array:
    return np.asarray(np.clip(np.log10(values), LOWEST, HIGHEST))


def _points(values: Array, across: Any, down: Any) -> list[svg.Point]:
    """Follow the curve at every other lag, to where it leaves the panel below."""
    powers = np.log10(values)[::2]
    out = np.flatnonzero(powers < LOWEST)
    last = int(out[0]) if len(out) else len(powers)
    points = [(across(2 * k), round(down(min(powers[k], HIGHEST)), 1)) for k in range(last)]
    if last < len(powers):
        share = (powers[last - 1] - LOWEST) / (powers[last - 1] - powers[last])
        points.append((across(2 * (last - 1 + share)), down(LOWEST)))
    return points


def _legend() -> list[Element]:
    """Name the curves in the lower left corner, where none of them ever runs."""
    shapes = []
    for place, (name, colour, dashes) in enumerate(
        (("LSTM", "cell", "none"), ("∏ f alone", "forget_gate", "6 4"), ("RNN", "state", "none"))
    ):
        y = BOTTOM - 54 + 20 * place
        shapes += [
            svg.line([(LEFT + 8, y), (LEFT + 34, y)], stroke=colour, stroke_dasharray=dashes),
            svg.text(LEFT + 40, y, name, fill=colour, anchor="start"),
        ]
    return shapes


def _at_lags(values: Array, lags: int) -> str:
    return f"{power(values[20])} is left at lag 20 and {power(values[lags])} at lag {lags}"
