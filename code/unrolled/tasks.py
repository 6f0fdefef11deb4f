"""What a network is trained on: the word HELLO, running text, and an echo."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    Size,
    check_count,
    check_ids,
    check_integers,
    check_positive,
    check_rng,
    check_size,
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


def windows(
    ids: Array, T: int, N: int, *, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Cut random windows out of a text, without end.

    Parameters
    ----------
    ids : ndarray of int, shape (length,)
        The text.
    T : int
        Steps in a window.
    N : int
        Windows in a mini-batch.
    rng : numpy.random.Generator
        Where the windows begin; it moves on.

    Returns
    -------
    iterator of (ndarray, ndarray), each of int, shape (T, N)
        Inputs, and the ids one step later.

    Raises
    ------
    ArgumentError
        The text is shorter than T + 1, a size below 1, no Generator.
    """
    check_size("T", T, "T")
    check_size("N", N, "N")
    check_rng(rng)
    check_integers("ids", ids, "T")
    if len(ids) < T + 1:
        raise ArgumentError(
            f"ids: axis 0 (T, time steps) expected at least T + 1 = {T + 1}, got {len(ids)}. "
            f"Use a longer text or a shorter window."
        )
    return _windows(ids, T, N, rng)


def streams(ids: Array, T: int, N: int) -> Iterator[tuple[Array, Array]]:
    """Read a text in consecutive windows, N places at a time, without end.

    Row n of a window goes on where row n of the window before ended, so a state may
    be carried along. The rows start at even distances; each reads on to the end of
    the text and then from its beginning.

    Parameters
    ----------
    ids : ndarray of int, shape (length,)
        The text.
    T : int
        Steps in a window.
    N : int
        Rows: sequences in a mini-batch.

    Returns
    -------
    iterator of (ndarray, ndarray), each of int, shape (T, N)
        Inputs, and the ids one step later.

    Raises
    ------
    ArgumentError
        The text is shorter than T N, a size below 1.
    """
    check_size("T", T, "T")
    check_size("N", N, "N")
    check_integers("ids", ids, "T")
    if len(ids) < T * N:
        raise ArgumentError(
            f"ids: axis 0 (T, time steps) expected at least T N = {T * N}, got {len(ids)}. "
            f"Use a longer text, a shorter window or fewer sequences."
        )
    return _streams(ids, T, N)


def echo(
    lag: int, T: int, N: int, *, rng: np.random.Generator, V: int = 2
) -> Iterator[tuple[Array, Array]]:
    """Draw random ids and ask for each again ``lag`` steps later, in consecutive windows.

    The stream goes on from window to window: the first ``lag`` targets of a window are
    the last ids of the one before. Those of the first window were never shown.

    Parameters
    ----------
    lag : int
        Steps from an id to its echo.
    T, N : int
        Steps in a window, sequences in a mini-batch.
    rng : numpy.random.Generator
        Where the ids are drawn from; it moves on.
    V : int
        How many different ids.

    Returns
    -------
    iterator of (ndarray, ndarray), each of int, shape (T, N)
        Inputs, and the ids ``lag`` steps before.

    Raises
    ------
    ArgumentError
        A size below 1, no Generator.
    """
    check_count("lag", lag)
    check_size("T", T, "T")
    check_size("N", N, "N")
    check_size("V", V, "V")
    check_rng(rng)
    return _echo(lag, T, N, V, rng)


def _check_text(text: object) -> None:
    if not isinstance(text, str) or not text:
        raise ArgumentError(f"text: expected at least one character, got {text!r}.")


def _windows(ids: Array, T: int, N: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    steps = np.arange(T)[:, None]
    while True:
        starts = rng.integers(0, len(ids) - T, size=N)
        yield ids[steps + starts], ids[steps + starts + 1]


def _streams(ids: Array, T: int, N: int) -> Iterator[tuple[Array, Array]]:
    places = np.arange(T)[:, None] + np.arange(N) * (len(ids) // N)
    while True:
        yield ids[places % len(ids)], ids[(places + 1) % len(ids)]
        places = places + T


def _echo(
    lag: int, T: int, N: int, V: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    shown = rng.integers(0, V, (lag, N))
    while True:
        shown = np.concatenate([shown, rng.integers(0, V, (T, N))])
        yield shown[lag:], shown[:T]
        shown = shown[T:]
