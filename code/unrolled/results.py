"""Reading what long runs stored: JSON files beside the package, each remade by one command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unrolled.shapes import ArgumentError

DATA = Path(__file__).parent / "data"
"""Where they lie."""


def read_results(path: Path, *parts: str) -> dict[str, Any]:
    """Read a file of stored results.

    Parameters
    ----------
    path : Path
        The file.
    *parts : str
        What it has to hold.

    Returns
    -------
    dict
        Those parts, and whatever else was stored.

    Raises
    ------
    ArgumentError
        No such file, or one that does not hold these parts.
    """
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    except (OSError, TypeError, ValueError) as error:
        raise ArgumentError(f"path: expected stored results, got {path!r} ({error}).") from None
    lacking = [part for part in parts if not isinstance(found, dict) or not found.get(part)]
    if lacking:
        raise ArgumentError(
            f"path: expected stored results, got {path!r} (it holds no {', '.join(lacking)})."
        )
    return found
