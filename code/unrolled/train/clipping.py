"""What keeps one steep place from throwing the weights far away."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unrolled.shapes import Array, check_positive
from unrolled.trees import check_alike, map_arrays, named_arrays


def clip_by_global_norm(gradients: Any, limit: float) -> Any:
    """Shorten a gradient that is longer than ``limit``, keeping its direction.

    See eq-clip (chapter 7).

    Parameters
    ----------
    gradients : NamedTuple
        All of them; the norm is taken over every entry of every array.
    limit : float
        θ, above zero: if ‖g‖ ≥ θ, g ← θ g/‖g‖ (Pascanu, Mikolov, Bengio 2013).

    Returns
    -------
    NamedTuple
        As ``gradients``.

    Raises
    ------
    ArgumentError
        A limit of zero or less.
    """
    check_positive("limit", limit)
    check_alike("gradients", gradients, "gradients", gradients)
    norm = math.hypot(*(_norm(g) for _, g in named_arrays(gradients)))
    if norm < limit:
        return gradients
    factor = limit / norm
    return map_arrays(lambda g: g * factor, gradients)


def _norm(gradient: Array) -> float:
    """Give the root of the sum of squares, also where a square alone would overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        norm = float(np.linalg.norm(gradient))
        if norm < np.inf:
            return norm
        largest = np.abs(gradient).max()
        return float(largest) * float(np.linalg.norm(gradient / largest))
