"""How large a step is: one number, or a function of the step."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from unrolled.shapes import ArgumentError, check_count, check_positive

Rate: TypeAlias = float | Callable[[int], float]
"""One for all steps, or a function of the step, which is 0 for the first."""


class LinearDecay(NamedTuple):
    """A rate that falls, or rises, along a straight line, and then stays."""

    first: float
    last: float
    steps: int

    def __call__(self, step: int) -> float:
        """Give the rate of a step, 0 for the first."""
        share = min(step / self.steps, 1)
        return self.first + share * (self.last - self.first)


def linear_decay(first: float, last: float, steps: int) -> LinearDecay:
    """Make a rate for :func:`adam` that goes straight from one value to another.

    Parameters
    ----------
    first, last : float
        The rate of step 0, and from step ``steps`` on; above zero.
    steps : int
        How many steps the way takes.

    Returns
    -------
    LinearDecay
        A function of the step.

    Raises
    ------
    ArgumentError
        A rate of zero or less, a number of steps below 1.
    """
    ends = finite("first", first), finite("last", last)
    return LinearDecay(*ends, check_count("steps", steps))


def rate_function(rate: Rate) -> tuple[Callable[[int], float], str]:
    """Give the rate as a function of the step, and what the optimiser's name says of it.

    Parameters
    ----------
    rate : float, or a function of the step
        The argument as the user gave it.

    Returns
    -------
    function : callable
        Of the step.
    name : str
        Without an address, which would be another one when the run is resumed.

    Raises
    ------
    ArgumentError
        A number of zero or less, or what is known by its address alone.
    """
    if callable(rate):
        function: Callable[[int], float] = rate
        name = str(getattr(rate, "__qualname__", rate))
        if " at 0x" in name:
            raise ArgumentError(
                f"rate: expected a function with a name, or a record such as linear_decay makes, "
                f"got {type(rate).__name__}, which a resumed run could not be told by."
            )
        return function, name
    number = finite("rate", rate)
    return (lambda step: number), f"{number}"


def finite(name: str, rate: float) -> float:
    """Check a rate.

    Parameters
    ----------
    name : str
        The argument's name.
    rate : float
        As the user gave it.

    Returns
    -------
    float
        The same, as Python's.

    Raises
    ------
    ArgumentError
        Not a finite number above zero.
    """
    if check_positive(name, rate) == np.inf:
        raise ArgumentError(f"{name}: expected a finite positive number, got {rate!r}.")
    return float(rate)
