"""How gradients become a step: pure functions, what they remember is handed in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_positive
from unrolled.train.rates import Rate, finite, rate_function
from unrolled.trees import check_alike, map_arrays


def _as_they_are(params: Any, memory: Any) -> Any:
    return params


class Optimiser(NamedTuple):
    """How gradients become a step; pure functions, the memory is handed in and out."""

    name: str
    init: Callable[[Any], Any]
    """``init(params)``: the memory before the first step."""
    update: Callable[[Any, Any, Any], tuple[Any, Any]]
    """``update(params, gradients, memory)``: new parameters, new memory."""
    judged: Callable[[Any, Any], Any] = _as_they_are
    """``judged(params, memory)``: the parameters to judge and to use, those of the last step
    unless :func:`averaged` says otherwise."""


class AdamMemory(NamedTuple):
    """Running means of the gradients and of their squares."""

    steps: int
    mean: Any
    square: Any


def sgd(rate: float) -> Optimiser:
    """Step against the gradient, θ ← θ − η ∂L/∂θ. See eq-gd-step (chapter 1).

    Parameters
    ----------
    rate : float
        η, above zero.

    Returns
    -------
    Optimiser
        Without memory.

    Raises
    ------
    ArgumentError
        A rate of zero or less.
    """
    rate = finite("rate", rate)

    def update(params: Any, gradients: Any, memory: None) -> tuple[Any, None]:
        check_alike("gradients", gradients, "params", params)
        return map_arrays(lambda p, g: p - rate * g, params, gradients), memory

    return Optimiser(f"SGD {rate}", lambda params: None, update)


def adam(
    rate: Rate = 1e-3, *, mean_decay: float = 0.9, square_decay: float = 0.999, eps: float = 1e-8
) -> Optimiser:
    """Step by the gradient's running mean over the root of its running square.

    See eq-adam (chapter 5); Kingma and Ba, Adam, ICLR 2015.

    Parameters
    ----------
    rate : float, or a function of the step
        About the size of a step in each parameter, above zero. A function, such as
        :func:`linear_decay` makes, is asked anew at each step, 0 being the first; a
        resumed run is told from another by the function's name.
    mean_decay, square_decay : float
        β₁ and β₂.
    eps : float
        Keeps the division from zero.

    Returns
    -------
    Optimiser
        With an :class:`AdamMemory`.

    Raises
    ------
    ArgumentError
        A rate of zero or less, one that is known by its address alone, a decay or eps out
        of range.
    """
    rate_at, name = rate_function(rate)
    eps = check_positive("eps", eps)
    mean_decay = check_positive("mean_decay", mean_decay, below=1)
    square_decay = check_positive("square_decay", square_decay, below=1)

    def init(params: Any) -> AdamMemory:
        zeros = map_arrays(np.zeros_like, params)
        return AdamMemory(0, zeros, zeros)

    def update(params: Any, gradients: Any, memory: AdamMemory) -> tuple[Any, AdamMemory]:
        if not isinstance(memory, AdamMemory):
            raise ArgumentError(
                f"memory: expected the AdamMemory of an earlier step, got {type(memory).__name__}."
            )
        check_alike("gradients", gradients, "params", params)
        check_alike("memory.mean", memory.mean, "params", params)
        check_alike("memory.square", memory.square, "params", params)
        count = memory.steps + 1
        mean = map_arrays(
            lambda m, g: mean_decay * m + (1 - mean_decay) * g, memory.mean, gradients
        )
        square = map_arrays(
            lambda s, g: square_decay * s + (1 - square_decay) * g * g, memory.square, gradients
        )
        # both means start at zero; dividing undoes that bias
        scale = finite("rate", rate_at(memory.steps)) / (1 - mean_decay**count)
        unbias = 1 / (1 - square_decay**count)
        stepped = map_arrays(
            lambda p, m, s: p - scale * m / (np.sqrt(unbias * s) + eps), params, mean, square
        )
        return stepped, AdamMemory(count, mean, square)

    others = (mean_decay, square_decay, eps)
    name = f"Adam {name}" + ("" if others == (0.9, 0.999, 1e-8) else f" {others}")
    return Optimiser(name, init, update)


def check_optimiser(optimiser: Optimiser) -> None:
    """Check that something is an optimiser.

    Parameters
    ----------
    optimiser : Optimiser
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        It is something else.
    """
    if not isinstance(optimiser, Optimiser):
        raise ArgumentError(
            f"optimiser: expected sgd(…) or adam(…), got {type(optimiser).__name__}."
        )
