"""Chapter 6: the path ledger, one term of the gradient at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from unrolled import ops
from unrolled.analysis.paths import path_ledger
from unrolled.cells.base import State
from unrolled.figures import path_shapes
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.figures.path_shapes import WEIGHTS, Pairs, Terms, number
from unrolled.models import Model, ModelParams, forward
from unrolled.shapes import ArgumentError, Array


def ledger(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    starts: Mapping[str, State],
) -> Figure:
    """Show each term of the gradient: its path, its size, and the sum that it joins.

    See eq-path-term and eq-path-sum (chapter 6).

    Parameters
    ----------
    model : Model
        Of any cell; squared error at every step.
    params : ModelParams
        Weights.
    xs : ndarray, shape (T, N, D)
        Inputs; four steps fit the drawing.
    targets : ndarray, shape (T, N, V)
        One target for each step.
    starts : mapping of str to NamedTuple
        States before the first step, by the name on the figure; the last is shown first.

    Returns
    -------
    Figure
        The unrolled net with one path, the triangle of all terms, and their running sum.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Arguments that do not fit the model, or a loss of another kind.
    """
    if (model.loss, model.steps) != ("squared_error", "every"):
        raise ArgumentError(f"model: expected squared_error at every step, got {model[1:]}.")
    T = len(xs)
    pairs = [(t, k) for t in range(1, T + 1) for k in range(t, 0, -1)]
    found = {
        (name, start): terms
        for start, state0 in starts.items()
        for name, terms in _terms(model, params, xs, targets, state0, pairs).items()
    }

    def net(term: int, of: str) -> Drawn:
        t, k = pairs[term - 1]
        return Drawn([*path_shapes.net(T), *path_shapes.way(T, t, k, of)], "")

    def grid(term: int, of: str, start: str) -> Drawn:
        shapes = [path_shapes.heads(T)]
        norms = found[of, start].norms
        for place, (t, k) in enumerate(pairs):
            there = of != "Wy" or t == k
            share = norms[place] / norms.max() if there else 0.0
            shapes += path_shapes.cell(place, t, k, norms[place] if there else None, share, term)
        return Drawn(shapes, "")

    def running(term: int, of: str, start: str) -> Drawn:
        terms = found[of, start]
        said = _words(pairs, terms, of, term, starts[start])
        return Drawn(path_shapes.running(pairs, terms, of, term), said)

    labels = tuple(f"t = {t}, k = {k}" for t, k in pairs)
    options = tuple(range(1, len(pairs) + 1))
    controls = [
        Control("term", "term", options, len(pairs) - T + 3, "steps", labels),
        Control("of", "terms of", tuple(WEIGHTS), "Wh", "choice"),
        Control("start", "start", tuple(starts), list(starts)[-1], "choice"),
    ]
    return respond(
        "path-ledger",
        "The terms of the gradient, path by path",
        "Above, the unrolled network: inputs below, states in the middle, losses on top. Arrows in "
        "the colour of gradients lead from one loss back to one use of the weight. Below left, a "
        "triangle of cells, a row for each loss and a column for each use, with the size of each "
        "term. Below right, one bar for each term, end to end: their sum becomes the gradient.",
        (460, 462),
        controls,
        net,
        grid,
        running,
    )


def _terms(
    model: Model,
    params: ModelParams,
    xs: Array,
    targets: Array,
    state0: State,
    pairs: Pairs,
) -> dict[str, Terms]:
    run = forward(model, params, xs, state0=state0)
    douts = ops.mse_backward(run.outputs, targets)
    dhs, _, _ = ops.affine_backward(douts, run.tape.hs, params.Wy, params.by)
    book = path_ledger(model.cell, dhs, run.tape)
    arrays: dict[str, list[Array]] = {
        name: [getattr(book.terms[t - 1][k - 1], name) for t, k in pairs] for name in ("Wh", "Wx")
    }
    arrays["Wy"] = [
        ops.affine_backward(douts[t - 1], run.tape.hs[t - 1], params.Wy, params.by)[1] * (t == k)
        for t, k in pairs
    ]
    return {
        name: Terms(
            np.array([np.linalg.norm(each) for each in terms]),
            entries := np.array([each[0, 0] for each in terms]),
            np.concatenate([[0.0], entries.cumsum()]),
        )
        for name, terms in arrays.items()
    }


def _words(pairs: Pairs, terms: Terms, of: str, term: int, state0: State) -> str:
    (t, k), count = pairs[term - 1], len(pairs)
    added = (
        f"The first {term} of {count} terms add up to {number(terms.sums[term], 4)}, "
        f"all {count} to {number(terms.sums[-1], 4)}."
    )
    if of == "Wy":  # only the diagonal of the triangle is filled
        added = (
            f"The terms up to here add up to {number(terms.sums[term], 4)}, "
            f"all {pairs[-1][0]} to {number(terms.sums[-1], 4)}."
        )
    if of == "Wy" and t != k:
        return (
            f"L{_low(t)} uses Wy once, at step {t}, right above h{_low(t)}. "
            f"No earlier use of Wy leads to it: there is no such term. {added}"
        )
    said = f"{_formula(t, k, of)}: norm {number(terms.norms[term - 1], 4)}, "
    said += f"entry [0, 0] {number(terms.entries[term - 1], 4)}."
    if of == "Wh" and k == 1 and not np.any(state0.h):
        said += " It is zero, since Wh was multiplied by h₀ = 0."
    return f"{said} {added}"


def _formula(t: int, k: int, of: str) -> str:
    if of == "Wy":
        return f"∂L{_low(t)}/∂Wy"
    links = [f"∂L{_low(t)}/∂h{_low(t)}"]
    links += [f"∂h{_low(step)}/∂h{_low(step - 1)}" for step in range(t, k, -1)]
    return " · ".join([*links, f"∂⁺h{_low(k)}/∂{of}"])


def _low(step: int) -> str:
    return "₀₁₂₃₄₅₆₇₈₉"[step]
