"""How sure a share of successes makes us of the chance of success behind it."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_count, check_positive

Z95 = 1.959963984540054
"""Between minus and plus this lie 95 % of a standard normal distribution."""


class Interval(NamedTuple):
    """From a lower to an upper limit."""

    low: float
    high: float


def wilson(successes: int, runs: int, z: float = Z95) -> Interval:
    """Give the chances of success that fit a number of successes: Wilson's interval.

    It holds every chance p whose expected number of successes, ``runs * p``, is at most z
    standard deviations away from the number seen (eq-wilson, chapter 12; Wilson 1927). Unlike
    the share plus and minus z standard errors, it stays between 0 and 1, and has a width where
    all runs or none succeed.

    Parameters
    ----------
    successes, runs : int
        Runs that succeeded, and all runs.
    z : float
        How many standard deviations; about 1.96 for 95 %.

    Returns
    -------
    Interval
        Its two limits, from 0 to 1.

    Raises
    ------
    ArgumentError
        No runs, successes that are not between 0 and ``runs``, or z not above 0.
    """
    check_count("runs", runs)
    if (
        isinstance(successes, bool)
        or not isinstance(successes, (int, np.integer))
        or not 0 <= successes <= runs
    ):
        raise ArgumentError(f"successes: expected a count from 0 to {runs}, got {successes!r}.")
    z = check_positive("z", z)
    k, n, q = int(successes), int(runs), z * z
    middle = (k + q / 2) / (n + q)
    half = z / (n + q) * sqrt(k * (n - k) / n + q / 4)
    # where all or none succeed, the outer limit is the very end, without a rounding error
    return Interval(middle - half if k else 0.0, middle + half if k < n else 1.0)
