"""What a checkpoint says of its run, and whether a text is that run's."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from unrolled import train
from unrolled.characters.cutting import Parts
from unrolled.characters.settings import Settings, check_settings
from unrolled.characters.speller import MODEL
from unrolled.shapes import ArgumentError
from unrolled.train import CheckpointError


def notes(parts: Parts, settings: Settings) -> dict[str, Any]:
    """Say what a checkpoint is of: the settings, the characters, and the text.

    Parameters
    ----------
    parts : Parts
        The text.
    settings : Settings
        How it is trained.

    Returns
    -------
    dict
        What JSON can hold.
    """
    text = np.concatenate([parts.training, parts.validation, parts.held_out])
    return {
        "characters": "".join(parts.vocabulary.characters),
        "text": hashlib.sha256(text.astype("<i8").tobytes()).hexdigest(),
        "settings": settings._asdict(),
    }


def settings_of(path: str | Path, parts: Parts) -> Settings:
    """Read the settings of a run that was begun, and check that it is one on this text.

    Parameters
    ----------
    path : str or Path
        What :func:`unrolled.characters.learn` wrote.
    parts : Parts
        Of the same text.

    Returns
    -------
    Settings
        To go on with.

    Raises
    ------
    CheckpointError
        No such file, one cut short, of another kind, or of a run on another text.
    """
    saved = train.load(path, MODEL).notes
    try:
        settings, characters = Settings(**saved["settings"]), str(saved["characters"])
        check_settings(settings)
    except (KeyError, TypeError, ArgumentError) as error:
        raise CheckpointError(
            f"path: expected the checkpoint of a character model, got {str(path)!r} ({error})."
        ) from None
    now = notes(parts, settings)
    if now["characters"] != characters:
        only = sorted(set(now["characters"]) ^ set(characters))
        raise CheckpointError(
            f"text: expected the {len(characters)} characters of the run in {str(path)!r}, got "
            f"{len(now['characters'])}; {only[0]!r} is in one of them only. "
            f"Go on with the text that the run began with."
        )
    if now["text"] != saved.get("text"):
        raise CheckpointError(
            f"text: expected the text of the run in {str(path)!r}, got another one of the same "
            f"characters. Go on with the text that the run began with."
        )
    return settings
