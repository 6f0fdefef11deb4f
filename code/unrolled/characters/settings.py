"""How a character model is trained, and what cannot be trained with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from unrolled.shapes import ArgumentError, check_count, check_positive


class Settings(NamedTuple):
    """How a character model is trained. Windows lie end to end, and the state is carried."""

    H: int = 256
    T: int = 64
    """Steps of a window."""
    N: int = 32
    """Places of the text that are read side by side."""
    steps: int = 2500
    rate: float = 0.02
    """Of Adam, at its highest; it falls to zero along a straight line."""
    rise: int = 50
    """Steps until the rate is at its highest."""
    drop: float = 0.5
    """Share of the recurrent weights that is left out of a step."""
    clip: float = 64.0
    """Limit of the gradient's norm."""
    average: float = 0.99
    """Share that a step keeps of the running mean of the weights, which is judged."""
    every: int = 100
    """Steps from look to look; at each the model is scored, writes, and is kept."""
    patience: int = 10
    """Looks without a better score until training stops."""
    seed: int = 0


@dataclass(frozen=True)
class RiseAndFall:
    """A rate that rises to its peak in a few steps and falls to zero along a straight line."""

    peak: float
    rise: int
    steps: int

    def __call__(self, step: int) -> float:
        """Give the rate of a step, 0 being the first."""
        return self.peak * min((step + 1) / self.rise, 1) * (1 - step / (self.steps + 1))


def check_settings(settings: Settings) -> Settings:
    """Check that a model can be trained with these settings.

    Parameters
    ----------
    settings : Settings
        The argument as the user gave it.

    Returns
    -------
    Settings
        The same, NumPy's numbers as Python's, so that a checkpoint can hold them.

    Raises
    ------
    ArgumentError
        Something else, or a setting out of range.
    """
    if not isinstance(settings, Settings):
        raise ArgumentError(f"settings: expected Settings(…), got {type(settings).__name__}.")
    settings = Settings._make(v.item() if isinstance(v, np.generic) else v for v in settings)
    for name in ("H", "T", "N", "steps", "rise", "every", "patience"):
        check_count(f"settings.{name}", getattr(settings, name))
    for name in ("rate", "clip"):
        if check_positive(f"settings.{name}", getattr(settings, name)) == math.inf:
            raise ArgumentError(f"settings.{name}: expected a finite number, got inf.")
    check_positive("settings.average", settings.average, below=1)
    check_share("settings.drop", settings.drop)
    check_seed("settings.seed", settings.seed)
    return settings


def check_seed(name: str, seed: int) -> int:
    """Check a seed.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    seed : int
        The argument as the user gave it.

    Returns
    -------
    int
        The same, as Python's.

    Raises
    ------
    ArgumentError
        Not an integer of at least 0.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"{name}: expected an integer of at least 0, got {seed!r}.")
    return int(seed)


def check_share(name: str, share: float) -> float:
    """Check a share of something.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    share : float
        The argument as the user gave it.

    Returns
    -------
    float
        The same, as Python's.

    Raises
    ------
    ArgumentError
        Not a number from 0 to below 1.
    """
    kinds = (int, float, np.integer, np.floating)
    number = isinstance(share, kinds) and not isinstance(share, bool)
    if not number or not 0 <= share < 1:
        raise ArgumentError(f"{name}: expected a share from 0 to below 1, got {share!r}.")
    return share.item() if isinstance(share, np.generic) else share
