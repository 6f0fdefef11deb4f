"""Mini-batches without end: windows of a text, streams of a text, and an echo."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    check_count,
    check_integers,
    check_rng,
    check_size,
)


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


def streams(ids: Array, T: int, N: int, *, start: int = 0) -> Iterator[tuple[Array, Array]]:
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
    start : int
        The window to begin with, 0 for the first; a run that was interrupted goes on so.

    Returns
    -------
    iterator of (ndarray, ndarray), each of int, shape (T, N)
        Inputs, and the ids one step later.

    Raises
    ------
    ArgumentError
        The text is shorter than T N, a size below 1, a start below 0.
    """
    check_size("T", T, "T")
    check_size("N", N, "N")
    whole = isinstance(start, (int, np.integer)) and not isinstance(start, bool)
    if not whole or start < 0:
        raise ArgumentError(f"start: expected the number of a window, 0 or more, got {start!r}.")
    check_integers("ids", ids, "T")
    if len(ids) < T * N:
        raise ArgumentError(
            f"ids: axis 0 (T, time steps) expected at least T N = {T * N}, got {len(ids)}. "
            f"Use a longer text, a shorter window or fewer sequences."
        )
    return _streams(ids, T, N, int(start))


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


def _windows(ids: Array, T: int, N: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    steps = np.arange(T)[:, None]
    while True:
        starts = rng.integers(0, len(ids) - T, size=N)
        yield ids[steps + starts], ids[steps + starts + 1]


def _streams(ids: Array, T: int, N: int, start: int) -> Iterator[tuple[Array, Array]]:
    # a window number may be large, an index may not: only the place in the text matters
    places = np.arange(T)[:, None] + np.arange(N) * (len(ids) // N) + start * T % len(ids)
    while True:
        yield ids[places % len(ids)], ids[(places + 1) % len(ids)]
        places = (places + T) % len(ids)


def _echo(
    lag: int, T: int, N: int, V: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    shown = rng.integers(0, V, (lag, N))
    while True:
        shown = np.concatenate([shown, rng.integers(0, V, (T, N))])
        yield shown[lag:], shown[:T]
        shown = shown[T:]
