"""How long a cell keeps what it holds while its input gate is shut."""

from __future__ import annotations

import math

import numpy as np

from unrolled.shapes import ArgumentError, check_positive


def half_life(bias: float) -> float:
    """Count the steps until half is left, ln 2 / −ln σ(bias). See eq-half-life (chapter 9).

    The forget gate is σ(bias) at every step, as it is where neither input nor state moves it,
    and nothing is added. −ln σ(b) = ln(1 + e^−b) is computed without overflow.

    Parameters
    ----------
    bias : float
        Bias of the forget gate (Gers, Schmidhuber, Cummins 2000).

    Returns
    -------
    float
        Steps, not rounded; infinite where float64 cannot tell the gate from 1.

    Raises
    ------
    ArgumentError
        A bias that is not a finite number.
    """
    rate = float(np.logaddexp(0.0, -_check_finite("bias", bias)))
    return math.log(2) / rate if rate > 0 else math.inf


def gate_half_life(f: float) -> float:
    """Count the steps until half is left with a forget gate of f at every step.

    See eq-half-life (chapter 9).

    Parameters
    ----------
    f : float
        The gate's value, above 0 and below 1.

    Returns
    -------
    float
        ln 2 / −ln f, not rounded.

    Raises
    ------
    ArgumentError
        A value outside of (0, 1).
    """
    return math.log(2) / -math.log(check_positive("f", f, below=1))


def bias_to_keep(share: float, steps: float) -> float:
    """Find the forget bias that leaves a share after some steps, eq-half-life turned round.

    With r = −ln(share)/steps the gate is e^−r, and its bias is ln f − ln(1 − f) (chapter 9).

    Parameters
    ----------
    share : float
        What is to be left, above 0 and below 1.
    steps : float
        After how many steps, above 0.

    Returns
    -------
    float
        The bias.

    Raises
    ------
    ArgumentError
        A share outside of (0, 1), or steps that are not finite and above 0.
    """
    share = check_positive("share", share, below=1)
    rate = -math.log(share) / _check_finite("steps", check_positive("steps", steps))
    return -rate - math.log(-math.expm1(-rate))


def bias_for_half_life(steps: float) -> float:
    """Find the forget bias that leaves half after some steps, the inverse of :func:`half_life`.

    See eq-half-life (chapter 9).

    Parameters
    ----------
    steps : float
        The half-life wanted, above 0.

    Returns
    -------
    float
        The bias.

    Raises
    ------
    ArgumentError
        Steps that are not finite and above 0.
    """
    return bias_to_keep(0.5, steps)


def _check_finite(name: str, value: object) -> float:
    kinds = (int, float, np.integer, np.floating)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value):
        raise ArgumentError(f"{name}: expected a finite number, got {value!r}.")
    return float(value)
