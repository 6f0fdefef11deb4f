"""Fonts cut down to the characters that the site shows."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset

# It reports every step, and which character is in which font.
logging.getLogger("fontTools").setLevel(logging.ERROR)


def cut_fonts(fonts: Iterable[Path], characters: frozenset[int], to: Path, cache: Path) -> None:
    """Write each font to the folder `to` with the given characters only.

    Cuts are kept in `cache`, by what they were made of, for later builds.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for font in fonts:
        key = hashlib.sha256(font.read_bytes() + repr(sorted(characters)).encode()).hexdigest()
        kept = cache / f"{font.stem}-{key[:16]}.woff2"
        if not kept.is_file():
            write_cut(font, characters, kept)
        shutil.copyfile(kept, to / font.name)


def write_cut(font: Path, characters: frozenset[int], target: Path) -> None:
    """Write a font with some of its characters."""
    options = subset.Options(flavor="woff2", layout_features=["kern"], notdef_outline=True)
    whole = subset.load_font(str(font), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(whole)
    subset.save_font(whole, str(target), options)
