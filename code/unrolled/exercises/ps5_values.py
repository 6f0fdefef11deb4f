"""The two problems of set 5 that are no gradients: one step of learning, and one draw."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, sqrt
from typing import Any, NamedTuple

import numpy as np

STEP_PARTS = ("theta", "m", "s")
DRAW_PARTS = ("q", "ids")
MEAN_DECAY, SQUARE_DECAY, EPS = 0.9, 0.99, 1e-6


class Spread(NamedTuple):
    """How an optimiser measures the size of the gradients."""

    name: str
    tex: str
    idea: str
    value: Callable[[float, float, float], float]
    """From the old s, g and the new m, the new s."""


class Level(NamedTuple):
    """What a character's probability is compared with."""

    name: str
    tex: str
    value: Callable[[list[float]], float]
    """From the probabilities of a row, one number."""


def _mixed(s: float, size: float) -> float:
    return SQUARE_DECAY * s + (1 - SQUARE_DECAY) * size


def _gap(s: float, g: float, m: float) -> float:
    return _mixed(s, (g - m) ** 2)


def _signed(s: float, g: float, m: float) -> float:
    change = (1 - SQUARE_DECAY) * g * g
    return s - change if s > g * g else s + change


def _largest(s: float, g: float, m: float) -> float:
    return max(SQUARE_DECAY * s, g * g)


def _growing(s: float, g: float, m: float) -> float:
    return max(s, _mixed(s, g * g))


def _sizes(s: float, g: float, m: float) -> float:
    return _mixed(sqrt(s), abs(g)) ** 2


SPREADS = (
    Spread(
        "gap",
        r"\beta_2\, \mathbf{s} + (1 - \beta_2)\, (\mathbf{g} - \mathbf{m}')^2",
        "measures how far the gradient is from its own running mean",
        _gap,
    ),
    Spread(
        "signed",
        r"\mathbf{s} - (1 - \beta_2)\, \operatorname{sign}(\mathbf{s} - \mathbf{g}^2)"
        r"\, \mathbf{g}^2",
        "goes up or down by the same small amount, however far off it is",
        _signed,
    ),
    Spread(
        "largest",
        r"\max(\beta_2\, \mathbf{s},\; \mathbf{g}^2)",
        "remembers the largest square, and lets it fade",
        _largest,
    ),
    Spread(
        "growing",
        r"\max(\mathbf{s},\; \beta_2\, \mathbf{s} + (1 - \beta_2)\, \mathbf{g}^2)",
        "is a running mean that never shrinks",
        _growing,
    ),
    Spread(
        "sizes",
        r"\big(\beta_2 \sqrt{\mathbf{s}} + (1 - \beta_2)\, |\mathbf{g}|\big)^2",
        "averages the sizes and not the squares",
        _sizes,
    ),
)

LEVELS = (
    Level("largest", r"a \max_j p_j", max),
    Level("square", r"a\, (\max_j p_j)^2", lambda p: max(p) ** 2),
    Level("pairs", r"a \sum_j p_j^2", lambda p: sum(x * x for x in p)),
    Level("triples", r"a\, \sqrt{\textstyle\sum_j p_j^3}", lambda p: sqrt(sum(x**3 for x in p))),
    Level(
        "fourths",
        r"a\, \big(\textstyle\sum_j p_j^4\big)^{1/3}",
        lambda p: sum(x**4 for x in p) ** (1 / 3),
    ),
)
"""None is above a · max p, so the likeliest always stays."""


def step_one(
    spread: Spread,
    theta: float,
    g: float,
    m: float,
    s: float,
    k: int,
    rate: float,
    decay: float,
    slip: str = "",
) -> tuple[float, float, float]:
    """Step one number, or as a slip would."""
    pull = g + decay * theta if slip == "coupled" else g
    mean = MEAN_DECAY * m + (1 - MEAN_DECAY) * pull
    square = spread.value(s, pull, m if slip == "old mean" else mean)
    square = _mixed(s, pull**2) if slip == "Adam" else square
    unbias = 1.0 if slip == "uncorrected" else 1 / (1 - MEAN_DECAY**k)
    root = sqrt(square / (1 - SQUARE_DECAY**k) if slip == "both" else square) + EPS
    root = sqrt(square + EPS) if slip == "inside" else root
    move = (g if slip == "raw" else unbias * mean) / root
    shrink = 0.0 if slip in ("coupled", "no decay") else decay
    shrink = shrink / rate if slip == "decay without rate" else shrink
    return theta - rate * (move + shrink * theta), mean, square


def step_draw(spread: Spread, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw an array, its gradient, a memory and a count; one row was never seen."""
    return _step_arguments((int(rng.integers(3, 5)), int(rng.integers(5, 8))), rng)


def step_large(spread: Spread, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw the same for 300,000 numbers."""
    return _step_arguments((500, 600), rng)


def _step_arguments(shape: tuple[int, int], rng: np.random.Generator) -> tuple[Any, ...]:
    g, m = rng.standard_normal(shape), 0.5 * rng.standard_normal(shape)
    s = rng.uniform(0.1, 2.0, shape)
    g[1], m[1], s[1] = 0.0, 0.0, 0.0
    k, rate, decay = rng.integers(2, 9), rng.uniform(0.05, 0.5), rng.uniform(0.1, 0.9)
    return rng.standard_normal(shape), g, m, s, int(k), float(rate), float(decay)


def draw_one(
    level: Level, logits: list[float], tau: float, a: float, most: int, u: float, slip: str = ""
) -> tuple[list[float], int]:
    """Find one text's probabilities and draw straight from their definition, without sorting."""
    places = range(len(logits))
    if tau == 0:
        best = logits.index(max(logits))
        return [float(v == best) for v in places], best
    warm = _softmax([z * tau if slip == "multiplied" else z / tau for z in logits])
    p = _softmax(logits) if slip in ("no temperature", "cut first") else warm
    before = [_before(p, v, late=slip == "ties") for v in places]
    if slip == "ties kept":
        before = [sum(x > p[v] for x in p) for v in places]
    bar = 0.0 if slip == "no level" else a * level.value(p)
    keep = [p[v] >= bar and (slip == "no count" or before[v] < most) for v in places]
    left = [x if stays else 0.0 for x, stays in zip(_shown(p, warm, slip), keep, strict=True)]
    total = 1.0 if slip == "not renormalised" else sum(left)
    q = [x / total for x in left]
    order = sorted(places, key=before.__getitem__) if slip == "sorted" else places
    reached = 0.0
    for v in order:
        reached += p[v] if slip == "uncut draw" else q[v]
        if reached > u or (slip == "zero" and reached == u):
            return q, v
    return q, order[0]


def _shown(p: list[float], warm: list[float], slip: str) -> list[float]:
    return warm if slip == "cut first" else p


def _softmax(z: list[float]) -> list[float]:
    e = [exp(each - max(z)) for each in z]
    return [each / sum(e) for each in e]


def _before(p: list[float], v: int, *, late: bool = False) -> int:
    """Count those that stand before a character: larger, or equal and earlier."""
    equal = p[v + 1 :] if late else p[:v]
    return sum(x > p[v] for x in p) + equal.count(p[v])


def draw_draw(level: Level, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw six rows with ties; one has the temperature 0, two the number 0."""
    return _draw_arguments(6, 7, int(rng.integers(2, 5)), rng)


def draw_large(level: Level, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw the same for 15,000 texts side by side."""
    return _draw_arguments(15_000, 29, 12, rng)


def _draw_arguments(N: int, V: int, most: int, rng: np.random.Generator) -> tuple[Any, ...]:
    logits = np.round(3 * rng.standard_normal((N, V))) / 2 + 1000 * rng.integers(-1, 2, (N, 1))
    tau, u = rng.uniform(0.3, 3.0, N), rng.random(N)
    still, *low = rng.permutation(N)[: 1 + N // 3]
    tau[still], u[low] = 0.0, 0.0
    return logits, tau, float(rng.uniform(0.1, 0.7)), most, u
