"""Build what a mistake computes out of the forward, so that no backward need stand here.

The complex step carries a tangent, the imaginary part, through the forward.
A reader's mistake on the way back is a tangent that was dropped or changed on
the way forward.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.exercises.problems import Gradients
from unrolled.exercises.squashes import Squash
from unrolled.shapes import Array


def held(value: Array) -> Array:
    """Keep a value and drop its tangent: the reader forgot this path."""
    return np.real(value)


def with_tangent(value: Array, tangent: Array) -> Array:
    """Keep a value and give it another tangent."""
    return np.real(value) + 1j * np.real(tangent)


def tangent(value: Array) -> Array:
    """Give the tangent that a value carries."""
    return np.imag(value)


def transposed(h: Array, W: Array) -> Array:
    """Multiply h W, and let the tangent of h meet W transposed: the reader forgot the .T."""
    return with_tangent(h @ W, tangent(h) @ np.real(W).T + np.real(h) @ tangent(W))


def without_slope(squash: Squash) -> Squash:
    """Let the slope of a squashing function count as 1: the reader forgot it."""
    return squash._replace(value=lambda z: with_tangent(squash.value(np.real(z)), tangent(z)))


def with_slope_of_tanh(squash: Squash) -> Squash:
    """Let the slope be 1 − φ², which is tanh's: the reader copied it."""

    def value(z: Array) -> Array:
        made = squash.value(np.real(z))
        return with_tangent(made, tangent(z) * (1 - made**2))

    return squash._replace(value=value)


def slip(loss: Callable[..., Any], wrt: tuple[int, ...]) -> Callable[..., Any]:
    """Make a mistake's answer of a forward whose tangents are changed.

    Parameters
    ----------
    loss : callable
        From the settings and the arguments, a number whose tangent is the mistake's.
    wrt : tuple of int
        The positions of the arguments whose gradients are asked for.

    Returns
    -------
    callable
        What the mistake computes from the settings and the arguments.
    """
    return lambda settings, *arguments: Gradients(loss, wrt).expected(settings, arguments)
