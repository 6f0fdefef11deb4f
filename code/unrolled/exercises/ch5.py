"""Exercises of chapter 5: unroll the network and score it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.gradcheck import complex_step
from unrolled.shapes import Array

UNITS = {"units": 8, "parameters, T = 4": 140, "parameters, T = 400": 140}
REACH = {"last": 0.125, "every": 1.875, "terms at h_3": 2, "terms at Wy": 4}


def _plain_softmax(logits: Array) -> Array:
    e = np.exp(logits)
    return e / e.sum()  # type: ignore[no-any-return]


def _draw_row(rng: np.random.Generator) -> tuple[Any, ...]:
    V = int(rng.integers(3, 7))
    return rng.normal(0, 2, V), int(rng.integers(V))


def _row_gradient(logits: Array, target: int) -> Array:
    return complex_step(lambda o: -np.log(_plain_softmax(o)[target]), logits)


def _squared_gradient(logits: Array, target: int) -> Array:
    y = np.eye(len(logits))[target]
    return complex_step(lambda o: ((_plain_softmax(o) - y) ** 2).mean(), logits)


def _gap(logits: Array, target: int) -> Array:
    return np.asarray(_plain_softmax(logits) - np.eye(len(logits))[target])


def _draw_masked(rng: np.random.Generator) -> tuple[Any, ...]:
    T, N, V = (int(size) for size in rng.integers((3, 2, 3), (6, 5, 6)))
    mask = np.arange(T)[:, None] < rng.integers(1, T, N)
    return rng.normal(0, 1, (T, N, V)), rng.integers(0, V, (T, N)), mask


def _nats(logits: Array, targets: Array, mask: Array) -> float:
    """Sum the nats of the steps that count, one after the other."""
    total = 0.0
    for t, n in np.argwhere(mask):
        row = [math.exp(score) for score in logits[t, n]]
        total -= math.log(row[targets[t, n]] / sum(row))
    return total


def _draw_speller(rng: np.random.Generator) -> tuple[Any, ...]:
    D, H = 6, 5
    sizes = ((D, H), (H, H), (H,), (H, D), (D,))
    return tuple(rng.normal(0, 1.5, size) for size in sizes), int(rng.integers(D)), 8


def _spelled(
    params: tuple[Array, ...], first: int, length: int, *, carry: bool = True, feed: bool = True
) -> Array:
    """Spell by index loops; the switches make the usual mistakes."""
    Wx, Wh, b, Wy, by = params
    units = range(len(b))
    h, token, written = [0.0] * len(b), first, []
    for _ in range(length):
        past = h if carry else [0.0] * len(b)
        h = [math.tanh(Wx[token, j] + sum(past[i] * Wh[i, j] for i in units) + b[j]) for j in units]
        scores = [sum(h[j] * Wy[j, v] for j in units) + by[v] for v in range(len(by))]
        written.append(scores.index(max(scores)))
        token = written[-1] if feed else first
    return np.array(written)


def _draw_update(rng: np.random.Generator) -> tuple[Any, ...]:
    sizes = ((3, 4), (4, 4), (4,))
    params = tuple(rng.normal(size=size) for size in sizes)
    return params, tuple(rng.normal(size=size) for size in sizes), float(rng.uniform(0.05, 0.5))


def _combined(params: tuple[Array, ...], grads: tuple[Array, ...], by: float) -> tuple[Array, ...]:
    return tuple(
        np.array([p + by * g for p, g in zip(P.ravel(), G.ravel(), strict=True)]).reshape(P.shape)
        for P, G in zip(params, grads, strict=True)
    )


def _draw_counts(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(1, 9, int(rng.integers(2, 6))).astype(float),)


def _floor(counts: Array) -> float:
    """Walk downhill on the logits until the best prediction is found (Newton's steps)."""
    total, logits = counts.sum(), np.zeros(len(counts))
    for _ in range(60):
        p = _plain_softmax(logits)
        slope, bend = total * p - counts, total * (np.diag(p) - np.outer(p, p))
        logits = logits - np.linalg.pinv(bend) @ slope
    return float(-(counts * np.log(_plain_softmax(logits))).sum())


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch5.dlogits",
        "The gradient of softmax with cross-entropy",
        _row_gradient,
        _draw_row,
        (
            Mistake(
                "these are the probabilities themselves. The loss also knows which class was "
                "right: what does the term −o_y of the loss add?",
                lambda o, target: _plain_softmax(o),
            ),
            Mistake(
                "the sign is turned. Raising the right logit must make the loss smaller.",
                lambda o, target: -_gap(o, target),
            ),
            Mistake(
                "only the right class has a gradient here. The denominator of softmax holds every "
                "logit, so the wrong ones matter too.",
                lambda o, target: np.where(np.eye(len(o))[target] > 0, _gap(o, target), 0),
            ),
            Mistake(
                "this is the gap divided by V. One row is one loss: nothing is averaged "
                "over the classes.",
                lambda o, target: _gap(o, target) / len(o),
            ),
        ),
    ),
    Exercise(
        "ch5.units",
        "Units are not time steps",
        lambda: UNITS,
        mistakes=(
            Mistake(
                "T counts the steps, not the units. Look at the axis that W_h has twice.",
                lambda: UNITS | {"units": 4},
            ),
            Mistake(
                "the weights are shared: is a new W_h made for every step?",
                lambda: UNITS | {"parameters, T = 400": 14_000},
            ),
            Mistake(
                "the two biases have entries too: add their lengths.",
                lambda: {"units": 8, "parameters, T = 4": 128, "parameters, T = 400": 128},
            ),
        ),
    ),
    Exercise(
        "ch5.masked-loss",
        "A loss that skips the padding",
        lambda logits, targets, mask: _nats(logits, targets, mask) / logits.shape[1],
        _draw_masked,
        (
            Mistake(
                "the padded steps are counted too: where does the mask enter?",
                lambda o, y, mask: _nats(o, y, np.ones_like(mask)) / o.shape[1],
            ),
            Mistake(
                "this is the mean over the steps that count. The book's loss is the sum over "
                "the steps, and a mean over one axis only.",
                lambda o, y, mask: _nats(o, y, mask) / mask.sum(),
            ),
            Mistake(
                "this is the sum over all sequences: divide by how many there are.",
                _nats,
            ),
            Mistake(
                "you divided by T and by N. Time is summed, not averaged.",
                lambda o, y, mask: _nats(o, y, mask) / mask.size,
            ),
        ),
    ),
    Exercise(
        "ch5.spell",
        "Reading its own answers",
        _spelled,
        _draw_speller,
        (
            Mistake(
                "the state starts anew at every step. Which variable carries the past?",
                lambda params, first, length: _spelled(params, first, length, carry=False),
            ),
            Mistake(
                "the first id is read at every step. After the first step the network reads "
                "what it has just answered.",
                lambda params, first, length: _spelled(params, first, length, feed=False),
            ),
            Mistake(
                "the id that was given is part of your answer. Return what the network wrote, "
                "and nothing else.",
                lambda params, first, length: np.append(first, _spelled(params, first, length - 1)),
            ),
        ),
    ),
    Exercise(
        "ch5.sgd",
        "One step of gradient descent",
        lambda params, grads, rate: _combined(params, grads, -rate),
        _draw_update,
        (
            Mistake(
                "this climbs. The gradient points to where the loss grows: mind the sign.",
                lambda params, grads, rate: _combined(params, grads, rate),
            ),
            Mistake(
                "the rate has no effect on your answer: how long should the step be?",
                lambda params, grads, rate: _combined(params, grads, -1.0),
            ),
            Mistake(
                "this is the step alone. A gradient is not an update, and a step is not yet the "
                "new parameter.",
                lambda params, grads, rate: tuple(-rate * grad for grad in grads),
            ),
        ),
        parts=("Wx", "Wh", "b"),
    ),
    Exercise(
        "ch5.floor",
        "The lowest loss when the past is forgotten",
        _floor,
        _draw_counts,
        (
            Mistake(
                "this is the floor for one occurrence. The loss of a text is a sum over all of "
                "them.",
                lambda counts: _floor(counts) / counts.sum(),
            ),
            Mistake(
                "this is in bits. The loss uses the natural logarithm.",
                lambda counts: _floor(counts) / math.log(2),
            ),
            Mistake(
                "this is the loss of equal probabilities. Followers that come more often deserve "
                "more probability.",
                lambda counts: float(counts.sum() * math.log(len(counts))),
            ),
        ),
        tolerance=1e-8,
    ),
    Exercise(
        "ch5.reach",
        "Which loss reaches h_1",
        lambda: REACH,
        mistakes=(
            Mistake(
                "count the links between h_1 and h_4, not the states: the gradient is multiplied "
                "by w once for every link.",
                lambda: REACH | {"last": 0.0625},
            ),
            Mistake(
                "with a loss at every step h_1 gets more than its own term: what comes back "
                "from h_2?",
                lambda: REACH | {"every": 1.0},
            ),
            Mistake(
                "a state cannot change the losses before it: which terms are computed "
                "after h_3, or from it?",
                lambda: REACH | {"terms at h_3": 3},
            ),
            Mistake(
                "W_y is one matrix, used at every step that is scored.",
                lambda: REACH | {"terms at Wy": 1},
            ),
        ),
    ),
    Exercise(
        "ch5.squared-softmax",
        "Squared error through softmax",
        _squared_gradient,
        _draw_row,
        (
            Mistake(
                "this is the gradient with respect to the probabilities. One more link leads from "
                "them to the logits.",
                lambda o, target: 2 * _gap(o, target) / len(o),
            ),
            Mistake(
                "only ∂p_j/∂o_j is used. Every probability depends on every logit: what about "
                "the entries off the diagonal?",
                lambda o, target: (
                    2 * _gap(o, target) * _plain_softmax(o) * (1 - _plain_softmax(o)) / len(o)
                ),
            ),
            Mistake(
                "the right form, but the mean over the V outputs is missing.",
                lambda o, target: len(o) * _squared_gradient(o, target),
            ),
            Mistake(
                "this is the gradient of cross-entropy. Here the loss is the squared error.",
                _gap,
            ),
        ),
    ),
)
