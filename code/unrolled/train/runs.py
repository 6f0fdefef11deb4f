"""A run that is kept: where and when, and how it stood after a step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from unrolled.models import ModelParams
from unrolled.shapes import ArgumentError, Array, check_count
from unrolled.train.files import check_target
from unrolled.train.watching import Best, Scores

GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Saving(NamedTuple):
    """Where and when a run is kept."""

    path: str | Path
    """One file, replaced each time; it is whole or not there."""
    every: int
    """After the steps ``every``, 2 ``every``, …, and at the end."""
    rng: np.random.Generator | None = None
    """The one that the batches are drawn with; its state is kept."""
    notes: Mapping[str, Any] = NOTHING
    """What else the run was (vocabulary, settings), for :func:`load` to compare; plain JSON."""


class Checkpoint(NamedTuple):
    """A run as it stood after a step."""

    step: int
    """Updates made so far."""
    params: ModelParams
    memory: Any
    """The optimiser's."""
    state: Any
    """The carried state; None where none is."""
    losses: Array
    """(step,)."""
    scores: Scores = ()
    """What the looks of a :class:`Watch` gave."""
    best: Best | None = None
    rng: Mapping[str, Any] | None = None
    """State of the batches' bit generator."""
    notes: Mapping[str, Any] = NOTHING

    def generator(self) -> np.random.Generator:
        """Make a Generator that goes on where the one of the batches was.

        Returns
        -------
        numpy.random.Generator
            A new one each time.

        Raises
        ------
        ArgumentError
                The run was saved without one, or what was saved is no state.
        """
        name = None if self.rng is None else self.rng.get("bit_generator")
        if self.rng is None or name not in GENERATORS:
            raise ArgumentError(
                f"rng: expected the state of one of {', '.join(GENERATORS)}, got {name}. "
                f"Give the batches' Generator when saving: Saving(path, every, rng)."
            )
        bits = getattr(np.random, name)()
        try:
            bits.state = self.rng
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ArgumentError(f"rng: expected a whole state of {name}, got {error!r}.") from None
        return np.random.Generator(bits)


def check_checkpoint(checkpoint: Checkpoint) -> None:
    """Check that something is a checkpoint, its parts of the kinds that belong there.

    Parameters
    ----------
    checkpoint : Checkpoint
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        Something else.
    """
    if not isinstance(checkpoint, Checkpoint):
        raise ArgumentError(f"checkpoint: expected Checkpoint, got {type(checkpoint).__name__}.")
    step, losses, scores = checkpoint.step, checkpoint.losses, checkpoint.scores
    is_whole = (
        type(step) is int
        and isinstance(losses, np.ndarray)
        and losses.shape == (step,)
        and losses.dtype == np.float64
        and isinstance(scores, tuple)
        and all(isinstance(each, tuple) and len(each) == 2 for each in scores)
        and all(type(step) is int and type(score) is float for step, score in scores)
        and (checkpoint.best is None or isinstance(checkpoint.best, Best))
    )
    if not is_whole:
        raise ArgumentError(
            "checkpoint: expected the step, its losses (one for each step, float64), scores "
            "((step, score), …) and Best or None, got other kinds. Use what train.load gives."
        )


def check_saving(saving: Saving | None) -> None:
    """Check that a run can be kept, before it begins.

    Parameters
    ----------
    saving : Saving or None
        The argument as the user gave it.

    Raises
    ------
    ArgumentError
        Something else, a count below 1, no Generator, notes that JSON cannot hold.
    CheckpointError
        A path that cannot be written to.
    """
    if saving is None:
        return
    if not isinstance(saving, Saving):
        raise ArgumentError(
            f"saving: expected None or Saving(path, every), got {type(saving).__name__}."
        )
    check_count("saving.every", saving.every)
    rng_state(saving.rng)
    plain("saving.notes", saving.notes)
    check_target(path_of(saving.path))


def rng_state(rng: np.random.Generator | None) -> Mapping[str, Any] | None:
    """Give a Generator's state as plain numbers and lists.

    Parameters
    ----------
    rng : numpy.random.Generator or None
        None has none.

    Returns
    -------
    mapping or None
        What JSON can hold.

    Raises
    ------
    ArgumentError
        No Generator, or one with a bit generator that is not NumPy's own.
    """
    if rng is None:
        return None
    kind = rng.bit_generator.state if isinstance(rng, np.random.Generator) else {}
    if kind.get("bit_generator") not in GENERATORS:
        raise ArgumentError(
            f"rng: expected None or a numpy.random.Generator on one of {', '.join(GENERATORS)}, "
            f"got {type(rng).__name__}."
        )
    state: Mapping[str, Any] = json.loads(json.dumps(kind, default=lambda array: array.tolist()))
    return state


def plain(name: str, notes: Mapping[str, Any]) -> dict[str, Any]:
    """Give notes as JSON gives them back, tuples as lists.

    Parameters
    ----------
    name : str
        What they are called in messages.
    notes : mapping
        The argument as the user gave it.

    Returns
    -------
    dict
        Equal for equal notes, before they are written and after they are read.

    Raises
    ------
    ArgumentError
        No mapping, or one with what JSON cannot hold.
    """
    try:
        if not isinstance(notes, Mapping):
            raise TypeError(f"{type(notes).__name__} is no mapping")
        kept: dict[str, Any] = json.loads(json.dumps(dict(notes), allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(
            f"{name}: expected names with what JSON can hold, got {error}."
        ) from None
    return kept


def path_of(path: str | Path) -> Path:
    """Give a path as a Path.

    Parameters
    ----------
    path : str or Path
        The argument as the user gave it.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    ArgumentError
        It names no file.
    """
    if not isinstance(path, (str, Path)) or not str(path) or "\0" in str(path):
        raise ArgumentError(f"path: expected the path of a file, got {path!r}.")
    return Path(path)
