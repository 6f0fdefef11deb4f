"""Other gates than the sigmoid, and the biases at which they keep half for n steps.

The bias is found by halving an interval, so the formula that is asked for stands nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.problems import Judge
from unrolled.shapes import Array

HALVINGS = 120
"""From a width of 2·REACH to less than a rounding error."""
REACH = 50.0
"""Biases are sought between −sinh 50 and sinh 50, about 10^21."""


class Gate(NamedTuple):
    """A function of a bias that rises from 0 to 1."""

    name: str
    tex: str
    """Its formula in b."""
    value: Callable[[Array], Array]
    rest: Callable[[Array], Array]
    """1 − value, without the subtraction that loses the digits."""


GATES = (
    Gate(
        "inverse root",
        r"\tfrac{1}{2}\Bigl(1 + \frac{b}{\sqrt{1 + b^2}}\Bigr)",
        lambda b: (1 + b / np.sqrt(1 + b * b)) / 2,
        lambda b: _root_rest(b),
    ),
    Gate(
        "softsign",
        r"\tfrac{1}{2}\Bigl(1 + \frac{b}{1 + |b|}\Bigr)",
        lambda b: (1 + b / (1 + np.abs(b))) / 2,
        lambda b: (1 + (np.abs(b) - b)) / (1 + np.abs(b)) / 2,
    ),
    Gate(
        "arctangent",
        r"\tfrac{1}{2} + \tfrac{1}{\pi} \arctan b",
        lambda b: 0.5 + np.arctan(b) / np.pi,
        lambda b: np.arctan2(1.0, b) / np.pi,
    ),
    Gate(
        "Gudermannian",
        r"\tfrac{2}{\pi} \arctan\bigl(e^{b}\bigr)",
        lambda b: 2 / np.pi * np.arctan(np.exp(b)),
        lambda b: 2 / np.pi * np.arctan(np.exp(-b)),
    ),
)


def _root_rest(b: Array) -> Array:
    root = np.sqrt(1 + b * b)
    small: Array = 1 / (root * (root + np.abs(b))) / 2  # of |b|, where nothing cancels
    return np.where(b < 0, 1 - small, small)


def given(gate: Gate) -> Mapping[str, Callable[..., Any]]:
    """Give the gate.

    Parameters
    ----------
    gate : Gate
        γ of this form.

    Returns
    -------
    mapping
        ``gate(b)``, entry by entry.
    """
    return {"gate": gate.value}


def draw(gate: Gate, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw five numbers of steps: few in most calls, more than 10^17 in the others."""
    few = rng.random() < 0.6
    steps = rng.integers(2, 40, 5) if few else rng.integers(2 * 10**17, 10**18, 5)
    return (steps.astype(np.float64),)


def large(gate: Gate, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw half a million numbers of steps of every size, from 2 to 10^18."""
    return (np.floor(10 ** rng.uniform(np.log10(2.01), 18.0, 500_000)),)


def bias_where(gate: Gate, rest: Array) -> Array:
    """Find the bias at which a gate lets go a given share, by halving an interval.

    Parameters
    ----------
    gate : Gate
        Its rest falls from 1 to 0.
    rest : ndarray
        The share let go at a step, above 0 and below 1.

    Returns
    -------
    ndarray
        Biases, of the same shape.
    """
    low, high = np.full(rest.shape, -REACH), np.full(rest.shape, REACH)
    with np.errstate(over="ignore"):  # e^b of the first, far too wide intervals
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            too_low = gate.rest(np.sinh(middle)) > rest
            low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    found: Array = np.sinh((low + high) / 2)
    return found


class Halving(NamedTuple):
    """The bias itself for small calls; for a large one, what its gate leaves after n steps."""

    def expected(self, settings: Gate, arguments: tuple[Any, ...]) -> Array:
        """Find the biases."""
        (steps,) = arguments
        return bias_where(settings, lost_at_a_step(steps))

    def judge(
        self, settings: Gate, arguments: tuple[Any, ...], rng: np.random.Generator, tolerance: float
    ) -> tuple[Array, Judge]:
        """Put every bias into its gate: n ln γ(b) must be −ln 2, for few steps as for many."""
        (steps,) = arguments

        def judged(got: tuple[Any, ...]) -> tuple[bool, ...]:
            biases = np.asarray(got[0]) * 1.0  # booleans and integers too
            if np.iscomplexobj(biases):
                return (False,)
            left = steps * np.log1p(-settings.rest(biases))
            return (bool(np.max(np.abs(left + np.log(2))) <= tolerance),)

        return np.empty(steps.shape), judged


def lost_at_a_step(steps: Array, after_all: float = 0.5) -> Array:
    """Say which share goes at each step, if a share of all is left in the end."""
    lost: Array = -np.expm1(np.log(after_all) / steps)
    return lost


def slip(rest: Callable[[Gate, Array], Array]) -> Callable[..., Array]:
    """Make a mistake's answer of the share that it takes to be lost at a step."""
    return lambda gate, steps: bias_where(gate, rest(gate, steps))


def rounded(gate: Gate, steps: Array) -> Array:
    """Say what is lost at a step, if the gate is rounded to float64 before it is subtracted.

    Where the rounded gate is 1, a formula with a tangent gives a large number
    all the same: it meets float64's π/2, which is a little too small.
    """
    narrow = 2 if gate.name == "Gudermannian" else 1
    lost: Array = np.maximum(1 - 0.5 ** (1 / steps), narrow * np.cos(np.pi / 2) / np.pi)
    return lost


SIGMOID = Gate("sigmoid", "", lambda b: 1 / (1 + np.exp(-b)), lambda b: 1 / (1 + np.exp(b)))
"""The chapters' gate, for those who take its bias."""
