"""What Hochreiter and Schmidhuber printed in 1997, for the problems that are run again here."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """One row of a table of the paper; None where it prints nothing, or no single number."""

    problem: str
    """As in ``PROBLEMS``."""
    T: int | None
    """The fewest steps of a sequence."""
    system: str
    """LSTM is their own. They took Elman's net from Cleeremans and others 1989, and RCC from
    Fahlman 1991."""
    weights: int | None
    """Estimated by them where the system is not their own."""
    rate: float | None
    """The learning rate."""
    success: float | None
    """Share of the trials that solved it."""
    presentations: int | None
    """Sequences shown until it was solved, the mean over the trials that did."""


PUBLISHED = (
    Published("embedded Reber", None, "LSTM", 264, 0.1, 1.0, 39_740),
    Published("embedded Reber", None, "LSTM", 276, 0.1, 1.0, 21_730),
    Published("embedded Reber", None, "LSTM", 276, 0.2, 0.97, 14_060),
    Published("embedded Reber", None, "LSTM", 264, 0.5, 0.97, 9_500),
    Published("embedded Reber", None, "LSTM", 276, 0.5, 1.0, 8_440),
    Published("embedded Reber", None, "RCC", None, None, 0.5, 182_000),
    Published("embedded Reber", None, "Elman", 435, None, 0.0, None),
    Published("adding 1997", 100, "LSTM", 93, 0.5, None, 74_000),
    Published("adding 1997", 500, "LSTM", 93, 0.5, None, 209_000),
    Published("adding 1997", 1000, "LSTM", 93, 0.5, None, 853_000),
    Published("order 6a", 100, "LSTM", 156, 0.5, None, 31_390),
    Published("order 6b", 100, "LSTM", 308, 0.1, None, 571_100),
)
"""Tables 1, 7 and 9 of Neural Computation 9(8):1735–1780, with the learning rates of its table 10.
The two rows of table 1 for RTRL are left out, since "some fraction" of the trials solved it."""
