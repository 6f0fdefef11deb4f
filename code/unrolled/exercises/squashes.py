"""Squashing functions that no chapter uses: what tells the forms of a problem apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from unrolled.shapes import Array


class Squash(NamedTuple):
    """A smooth function of a number, analytic, so that the complex step goes through."""

    name: str
    tex: str
    """Its formula in z."""
    value: Callable[[Array], Array]


SQUASHES = (
    Squash("inverse root", r"\frac{z}{\sqrt{1 + z^2}}", lambda z: z / np.sqrt(1 + z * z)),
    Squash("arctangent", r"\arctan z", np.arctan),
    Squash("inverse hyperbolic sine", r"\operatorname{arsinh} z", np.arcsinh),
    Squash("sine", r"\sin z", np.sin),
    Squash("Lorentzian", r"\frac{2z}{1 + z^2}", lambda z: 2 * z / (1 + z * z)),
)
"""Of equal work: each slope is one line."""
