"""Numbers as people write them, for the figures' axes and sentences."""

from __future__ import annotations

import numpy as np


def power(value: float, *, whole: bool = False) -> str:
    """Write a positive number for people: 0.43, 2.1·10⁻⁶; ``whole`` for a power of ten alone."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    raised = str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    if whole:
        return {0: "1"}.get(exponent, f"10{raised}")
    if 0.01 <= value < 999.5:
        return f"{value:.3g}"
    digits = f"{value / 10.0**exponent:.1f}"
    if digits == "10.0":
        return power(10.0 ** (exponent + 1))
    return f"{digits}·10{raised}"
