"""Right answers to the exercises of chapter 13 by another road, and the usual wrong ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.baselines import kneser_ney, next_probabilities
from unrolled.gradcheck import complex_step
from unrolled.shapes import Array

FAR = 3000.0  # added to every logit: softmax does not change, a careless exponential overflows
FAITHFUL = 0.85  # how often the delayed text repeats its own past
LAGS = (6, 7, 8, 9, 10)
DELAYED_V = 5

# --- perplexity


def draw_probabilities(rng: np.random.Generator) -> tuple[Array]:
    """Draw what a model gave to some characters."""
    return (rng.uniform(0.05, 0.9, int(rng.integers(4, 9))),)


def perplexity(p: Array) -> float:
    """Take the geometric mean of 1/p, by a product and a root."""
    return float(math.prod(1 / each for each in p.tolist()) ** (1 / len(p)))


# --- a draw at a temperature


def draw_logits(rng: np.random.Generator) -> tuple[Array, float, Array]:
    """Draw logits, a temperature far from 1, and the random numbers to draw with."""
    V = int(rng.integers(4, 8))
    temperature = float(rng.choice([0.3, 0.5, 2.0, 3.0]))
    return rng.normal(0, 1.5, V) + FAR, temperature, rng.random(60)


def drawn(logits: Array, temperature: float, us: Array) -> Array:
    """Walk up the probabilities, one class after the other."""
    top = max(logits.tolist())
    weights = [math.exp((o - top) / temperature) for o in logits.tolist()]
    found = []
    for u in us.tolist():
        place, left = 0, u * sum(weights) - weights[0]
        while left >= 0:
            place += 1
            left -= weights[place]
        found.append(place)
    return np.array(found)


def careless(logits: Array, temperature: float, us: Array) -> Array:
    """Leave the largest logit in: every probability is NaN, and no comparison with it true."""
    return np.zeros(len(us), dtype=np.int64)


# --- the nucleus


def draw_nucleus(rng: np.random.Generator) -> tuple[Array, float]:
    """Draw probabilities, and the share to keep."""
    p = rng.dirichlet(np.full(int(rng.integers(6, 10)), 0.9))
    return p, float(rng.uniform(0.5, 0.85))


def nucleus(p: Array, share: float, *, whole: bool = True, cross: bool = True) -> Array:
    """Take the largest that is left until the share is there; the switches make mistakes."""
    kept = np.zeros_like(p)
    left = p.copy()
    while kept.sum() < share:
        best = int(left.argmax())
        if not cross and kept.any() and kept.sum() + p[best] >= share:
            break
        kept[best], left[best] = p[best], -1.0
    return kept / kept.sum() if whole else kept


def unsorted(p: Array, share: float) -> Array:
    """Take the classes in the order of their ids."""
    kept = np.where(np.cumsum(p) - p < share, p, 0)
    return np.asarray(kept / kept.sum())


def threshold(p: Array, share: float) -> Array:
    """Keep what has a large probability of its own."""
    kept = np.where(p >= (1 - share) * p.max(), p, 0)
    return np.asarray(kept / kept.sum())


# --- the lower order


def draw_pairs(rng: np.random.Generator) -> tuple[Array]:
    """Draw counts of pairs; every character is there, before and after another."""
    V = int(rng.integers(3, 7))
    counts = rng.integers(0, 4, (V, V))
    counts[np.arange(V), (np.arange(V) + 1) % V] += 1
    counts[0, 1] += 5  # one pair that is frequent, and makes one character so
    return (counts.astype(float),)


def lower(counts: Array) -> Array:
    """Solve the condition of the marginals for p_1, with any discount."""
    D = 0.37
    own = np.where(counts > 0, counts - D, 0)
    handed_down = (D * (counts > 0)).sum()
    return np.asarray((counts.sum(axis=0) - own.sum(axis=0)) / handed_down)


# --- entropy and temperature


def draw_tempered(rng: np.random.Generator) -> tuple[Array, float]:
    """Draw logits and a temperature."""
    return rng.normal(0, 1.5, int(rng.integers(3, 7))), float(rng.uniform(0.6, 1.8))


def _tempered(logits: Array, temperature: Any) -> Any:
    e = np.exp(logits / temperature)
    return e / e.sum()


def entropy_slope(logits: Array, temperature: float) -> float:
    """Differentiate the entropy by the complex step."""

    def entropy(tau: Any) -> Any:
        p = _tempered(logits, tau)
        return -(p * np.log(p)).sum()

    return float(complex_step(lambda tau: entropy(tau[0]), np.array([temperature]))[0])


def by_moments(
    power: int, *, sign: float = 1.0, centred: bool = True, weighted: bool = True
) -> Callable[[Array, float], float]:
    """Give a formula of the right form, with something changed."""

    def answer(logits: Array, temperature: float) -> float:
        p = _tempered(logits, temperature)
        p = p if weighted else np.full_like(p, 1 / len(p))
        middle = (p * logits).sum() if centred else 0.0
        return float(sign * (p * (logits - middle) ** 2).sum() / temperature**power)

    return answer


# --- beat the 5-gram


def draw_delayed(rng: np.random.Generator) -> tuple[Array, Array, int]:
    """Draw a text that mostly repeats what stood a few characters before, and its sequel."""
    lag, V, length = int(rng.choice(LAGS)), DELAYED_V, 4000
    text = rng.integers(0, V, length + 40)
    faithful = rng.random(len(text)) < FAITHFUL
    for t in range(lag, len(text)):
        if faithful[t]:
            text[t] = text[t - lag]
    return text[:length], text[length:], V


def best_guess(training: Array, context: Array, V: int, shift: int = 0) -> Array:
    """Give the probabilities of the source itself."""
    p = np.full(V, (1 - FAITHFUL) / V)
    p[context[-_lag(training) - shift]] += FAITHFUL
    return p


def surest(training: Array, context: Array, V: int) -> Array:
    """Take the character of a lag before for certain."""
    return np.asarray(np.eye(V)[context[-_lag(training)]])


def five_gram(training: Array, context: Array, V: int) -> Array:
    """Predict from the last four characters."""
    return next_probabilities(kneser_ney(training, V, 5), context)


def by_frequency(training: Array, context: Array, V: int) -> Array:
    """Predict from no character at all."""
    return np.asarray(np.bincount(training.astype(np.intp), minlength=V) / len(training))


def _lag(training: Array) -> int:
    return max(LAGS, key=lambda lag: int((training[lag:] == training[:-lag]).sum()))
