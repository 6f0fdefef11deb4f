"""What ``scripts/characters.py`` stored: the book's run, and a small model to play with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unrolled.cells import LSTMParams
from unrolled.characters.speller import MODEL, Speller
from unrolled.models import ModelParams
from unrolled.results import DATA, read_results
from unrolled.tasks import Vocabulary

STORE = DATA / "characters.json"
MODEL_STORE = DATA / "characters.npz"


def stored(path: Path = STORE) -> dict[str, Any]:
    """Read the results that ``scripts/characters.py`` stored.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Settings, curve, levels, samples, connectivity, and where, when and how long it ran.

    Raises
    ------
    ArgumentError
        No such file, or none that holds results.
    """
    return read_results(path, "settings", "curve")


def stored_model(path: Path = MODEL_STORE) -> Speller:
    """Read the small trained model, to sample from.

    Parameters
    ----------
    path : Path
        The file. Its numbers have 16 bits, to be small.

    Returns
    -------
    Speller
        Its weights float32.
    """
    with np.load(path, allow_pickle=False) as arrays:
        weights = {name: arrays[name].astype(np.float32) for name in ("Wx", "Wh", "b", "Wy", "by")}
        characters = tuple(chr(point) for point in arrays["characters"])
    cell = LSTMParams(weights["Wx"], weights["Wh"], weights["b"])
    return Speller(MODEL, ModelParams(cell, weights["Wy"], weights["by"]), Vocabulary(characters))


def packed(speller: Speller) -> dict[str, np.ndarray[Any, Any]]:
    """Make the arrays that :func:`stored_model` reads.

    Parameters
    ----------
    speller : Speller
        An LSTM's.

    Returns
    -------
    dict of str to ndarray
        The weights in float16, the vocabulary as code points.
    """
    cell = speller.params.cell
    weights = {"Wx": cell.Wx, "Wh": cell.Wh, "b": cell.b,
               "Wy": speller.params.Wy, "by": speller.params.by}  # fmt: skip
    points = np.array([ord(each) for each in speller.vocabulary.characters], dtype=np.int32)
    return {name: array.astype(np.float16) for name, array in weights.items()} | {
        "characters": points
    }
