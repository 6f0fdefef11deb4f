"""The fonts of headings and controls, cut down to the characters of English and its borrowings.

A character that is not among them is shown in the reader's own sans-serif font.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from .fonts import cut_fonts

FOLDER = "fonts"
PLAIN = map(chr, range(32, 127))
ACCENTED = "ÀÁÂÄÅÆÇÈÉÊËÍÎÏÑÓÔÖØÙÚÛÜàáâäåæçèéêëíîïñóôöøùúûüß"
MARKS = "\u00a0·×°©–—‘’“”…"
CHARACTERS = frozenset(map(ord, (*PLAIN, *ACCENTED, *MARKS)))


def cut_text_fonts(app: Sphinx, static: Path) -> None:
    """Cut the fonts that were copied to the site."""
    whole = sorted(Path(app.srcdir, "book", "_vendor", FOLDER).glob("*.woff2"))
    cut_fonts(whole, CHARACTERS, static / FOLDER, cache=Path(app.doctreedir, "fonts"))
