"""Runs in files: saved whole or not at all, loaded if they are of the run that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unrolled import models
from unrolled.models import Model, ModelParams
from unrolled.models.parts import check_model
from unrolled.shapes import ArgumentError, Array
from unrolled.train.files import CheckpointError, check_target, read_arrays, write_arrays
from unrolled.train.optimisers import Optimiser, check_optimiser
from unrolled.train.runs import Checkpoint, check_checkpoint, path_of, plain
from unrolled.train.watching import Best
from unrolled.trees import check_alike, map_arrays, named_arrays


def save(
    path: str | Path, checkpoint: Checkpoint, model: Model, optimiser: Optimiser | None
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Conventionally ``.npz``; replaced if it is there.
    checkpoint : Checkpoint
        What to keep.
    model, optimiser
        Their names are kept, to be compared by :func:`load`.

    Raises
    ------
    CheckpointError
        The disk is full, or the folder is missing or cannot be written to.
    ArgumentError
        No checkpoint, parameters that do not fit the model, notes that JSON cannot hold.
    """
    check_checkpoint(checkpoint)
    if optimiser is not None:
        check_optimiser(optimiser)
    models.check_params(model, checkpoint.params)
    notes = plain("notes", checkpoint.notes)
    rng = None if checkpoint.rng is None else plain("rng", checkpoint.rng)
    check_target(path_of(path))
    best = checkpoint.best
    header = {
        "step": checkpoint.step,
        "model": _name(model),
        "optimiser": None if optimiser is None else optimiser.name,
        "scores": checkpoint.scores,
        "best": None if best is None else [best.step, best.score],
        "carried": checkpoint.state is not None,
        "rng": rng,
        "notes": notes,
    }
    kept = {"params": checkpoint.params, "memory": checkpoint.memory, "state": checkpoint.state,
            "best": None if best is None else best.params, "losses": checkpoint.losses}  # fmt: skip
    arrays = {
        name: _as_array(leaf)
        for part, tree in kept.items()
        for name, leaf in named_arrays(tree, part)
    }
    write_arrays(path_of(path), header, arrays)


def load(
    path: str | Path,
    model: Model,
    optimiser: Optimiser | None = None,
    *,
    like: ModelParams | None = None,
    notes: Mapping[str, Any] | None = None,
) -> Checkpoint:
    """Read a checkpoint, and check that it is one of this run.

    Parameters
    ----------
    path : str or Path
        What :func:`fit` or :func:`save` wrote.
    model : Model
        Must be of the cell, the loss and the steps that were saved.
    optimiser : Optimiser, optional
        Must be the one that was saved. Left out where only the weights are wanted:
        the memory is then None.
    like : ModelParams, optional
        Parameters whose shapes and dtypes the saved ones must have.
    notes : mapping, optional
        Those that must stand in the checkpoint with equal values, the vocabulary say.

    Returns
    -------
    Checkpoint
        For :func:`fit` to go on from, in place of its parameters.

    Raises
    ------
    CheckpointError
        No such file, one cut short or changed, of another kind or a newer format, or of a
        run with another cell, other sizes, another optimiser or other notes.
    ArgumentError
        Something that is no model or no optimiser.
    """
    check_model(model)
    if optimiser is not None:
        check_optimiser(optimiser)
    asked = {} if notes is None else plain("notes", notes)
    header, arrays = read_arrays(path_of(path))
    of = f"the checkpoint {str(path)!r}"
    _same("model", _name(model), header.get("model"), of)
    if optimiser is not None:
        _same("optimiser", optimiser.name, header.get("optimiser"), of)
    for key, value in asked.items():
        _same(f"notes[{key!r}]", value, header.get("notes", {}).get(key), of)
    try:
        checkpoint = _rebuilt(model, optimiser, header, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"path: expected all parts of a run in {of}, got {error}.") from None
    if like is not None:
        try:
            check_alike(f"{of}: params", checkpoint.params, "like", like)
        except ArgumentError as error:
            raise CheckpointError(f"path: {error}") from None
    return checkpoint


def _rebuilt(
    model: Model,
    optimiser: Optimiser | None,
    header: Mapping[str, Any],
    arrays: Mapping[str, Array],
) -> Checkpoint:
    """Put every array where it belongs; what is asked for and not there raises."""
    form = models.init(model, 1, 1, 1, rng=np.random.default_rng(0))
    params = _filled("params", form, arrays, exact=False)
    models.check_params(model, params)
    best = state = memory = None
    if header["best"] is not None:
        step, score = header["best"]
        best = Best(int(step), float(score), _filled("best", params, arrays))
    if header["carried"]:
        zero = model.cell.zero_state(params.cell, len(arrays["state.h"]))
        state = _filled("state", zero, arrays)
    if optimiser is not None:
        memory = _filled("memory", optimiser.init(params), arrays)
    scores = tuple((int(step), float(score)) for step, score in header["scores"])
    losses = arrays["losses"]
    if losses.shape != (header["step"],) or losses.dtype != np.float64:
        raise ValueError(f"losses of shape {losses.shape} after {header['step']} steps")
    return Checkpoint(int(header["step"]), params, memory, state, losses, scores, best,
                      header["rng"], header["notes"])  # fmt: skip


def _filled(part: str, tree: Any, arrays: Mapping[str, Array], exact: bool = True) -> Any:
    """Give a tree of the form of ``tree`` with the arrays, and the plain numbers, of a file."""
    names = iter(named_arrays(tree, part))

    def leaf(old: Any) -> Any:
        name, _ = next(names)
        found = arrays[name]
        if not isinstance(old, np.ndarray):
            return type(old)(found)
        if exact and (found.shape, found.dtype) != (old.shape, old.dtype):
            raise ValueError(f"{name} of {found.shape} {found.dtype}, not {old.shape} {old.dtype}")
        return found

    return map_arrays(leaf, tree)


def _as_array(leaf: Any) -> Array:
    """Write a plain number of a memory with 64 bits, on machines of 32 bits too."""
    if isinstance(leaf, np.ndarray):
        return leaf
    if type(leaf) not in (int, float):
        raise ArgumentError(
            f"checkpoint: expected arrays and plain numbers, got {type(leaf).__name__}."
        )
    return np.array(leaf, np.int64 if isinstance(leaf, int) else np.float64)


def _same(name: str, asked: Any, saved: Any, of: str) -> None:
    if asked != saved:
        raise CheckpointError(
            f"{name}: expected {_short(saved)} as in {of}, got {_short(asked)}. "
            f"Go on with what the run began with, or begin a new one at another path."
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"


def _name(model: Model) -> list[str]:
    return [model.cell.name, model.loss, model.steps]
