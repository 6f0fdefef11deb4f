"""Text to be read and written: vocabularies, the book's own prose, the word HELLO."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    Size,
    check_ids,
    check_integers,
    check_positive,
)

PROSE = "prose.txt"


class Vocabulary(NamedTuple):
    """The characters a text is made of; the id of each is its place."""

    characters: tuple[str, ...]

    def encode(self, text: str) -> Array:
        """Turn a text into token ids.

        Parameters
        ----------
        text : str
            Made of characters of the vocabulary.

        Returns
        -------
        ndarray of int64, shape (len(text),)
            One id a character.

        Raises
        ------
        ArgumentError
            An empty text, or a character the vocabulary does not have.
        """
        _check_text(text)
        self._check()
        ids = {character: i for i, character in enumerate(self.characters)}
        for position, character in enumerate(text):
            if character not in ids:
                raise ArgumentError(
                    f"text: expected characters of the vocabulary ({len(self.characters)} of "
                    f"them), got {character!r} at position {position}."
                )
        return np.array([ids[character] for character in text], dtype=np.int64)

    def decode(self, ids: Array) -> str:
        """Turn token ids back into text.

        Parameters
        ----------
        ids : ndarray of int, shape (T,)
            From 0 to one below the size of the vocabulary.

        Returns
        -------
        str
            One character an id.

        Raises
        ------
        DTypeError, ShapeError, ArgumentError
            Not integers on one axis, or an id out of range.
        """
        self._check()
        size = Size(len(self.characters), "the vocabulary")
        check_ids("ids", ids, "T", {"V": size}, "V")
        return "".join(self.characters[i] for i in ids)

    def _check(self) -> None:
        characters = self.characters
        kind = isinstance(characters, (tuple, str)) and len(characters) > 0
        if not kind or not all(isinstance(each, str) for each in characters):
            raise ArgumentError(
                f"characters: expected a tuple of at least one character, got {characters!r}."
            )


class Spelling(NamedTuple):
    """A word to be spelled: inputs, the next characters, and the vocabulary."""

    inputs: Array
    """Ids, (T, 1)."""
    targets: Array
    """Ids of the characters that follow, (T, 1)."""
    vocabulary: Vocabulary


def vocabulary_of(text: str) -> Vocabulary:
    """Collect a text's characters, in the order of their code points.

    Parameters
    ----------
    text : str
        Any script; Hangul too.

    Returns
    -------
    Vocabulary
        Each character once.

    Raises
    ------
    ArgumentError
        An empty text.
    """
    _check_text(text)
    return Vocabulary(tuple(sorted(set(text))))


def hello() -> Spelling:
    """Give the word HELLO: read H, E, L, L; the next are E, L, L, O.

    Returns
    -------
    Spelling
        T = 4 steps, N = 1 sequence, and the vocabulary H, E, L, O in that order.
    """
    vocabulary = Vocabulary(("H", "E", "L", "O"))
    ids = vocabulary.encode("HELLO")[:, None]
    return Spelling(ids[:-1], ids[1:], vocabulary)


def read_text(path: str | Path | None = None) -> str:
    r"""Read the text to train on: the book's own prose, or the reader's file.

    Parameters
    ----------
    path : str or Path, optional
        A UTF-8 file. Left out, the book's prose as frozen in the package, the
        same bytes on every machine.

    Returns
    -------
    str
        With line ends as ``"\n"``.

    Raises
    ------
    ArgumentError
        No such file, an empty one, or one that is not UTF-8.
    """
    if path is None:
        raw = resources.files("unrolled").joinpath("data", PROSE).read_bytes()
    else:
        try:
            raw = Path(path).read_bytes()
        except (OSError, TypeError, ValueError) as error:
            raise ArgumentError(
                f"path: expected a readable text file, got {path!r} ({error})."
            ) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + len(raw) - len(error.object)  # a byte order mark was cut off before
        raise ArgumentError(
            f"path: expected UTF-8 text, got byte 0x{raw[at]:02x} at {at} "
            f"of {str(path)!r}. Save the file as UTF-8."
        ) from None
    if not text.strip():
        raise ArgumentError(f"path: expected some text, got an empty file {str(path)!r}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split(ids: Array, held_out: float = 0.1) -> tuple[Array, Array]:
    """Keep the end of a text aside, for scoring what was never trained on.

    Parameters
    ----------
    ids : ndarray of int, shape (T,)
        The whole text.
    held_out : float
        The share to keep aside, between 0 and 1.

    Returns
    -------
    training, held_out : ndarray of int
        The beginning and the end; each at least two ids long.

    Raises
    ------
    ArgumentError
        A share out of range, or a text too short to be split.
    """
    check_integers("ids", ids, "T")
    held_out = check_positive("held_out", held_out, below=1)
    cut = round(len(ids) * (1 - held_out))
    if cut < 2 or len(ids) - cut < 2:
        raise ArgumentError(
            f"ids: expected enough of axis 0 (T, time steps) for two parts of at least 2, "
            f"got {len(ids)} with {held_out:.0%} held out. Use a longer text."
        )
    return ids[:cut], ids[cut:]


def _check_text(text: object) -> None:
    if not isinstance(text, str) or not text:
        raise ArgumentError(f"text: expected at least one character, got {text!r}.")
