"""What the exercises of chapter 14 draw, and the slips of their usual mistakes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unrolled.shapes import Array

LIMITS = {
    "adding two arrays of shape (1, 3)": "calls",
    "adding two arrays of 100 million numbers": "bytes",
    "(2048, 512) @ (512, 2048)": "products",
    "(1, 4096) @ (4096, 4096)": "bytes",
    "an LSTM with T = 4, N = 1, D = 4, H = 3": "calls",
}
"""What each of five works waits for."""

States = tuple[Array, int]


def limits(work: str, named: str) -> Callable[[], dict[str, str]]:
    """Give the table with one entry changed.

    Parameters
    ----------
    work : str
        A key of :data:`LIMITS`.
    named : str
        What is said of it.

    Returns
    -------
    callable
        Of no arguments.
    """
    return lambda: {**LIMITS, work: named}


def draw_counts(rng: np.random.Generator) -> tuple[int, ...]:
    """Draw T, N, D, H, all different, and G.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    tuple of int
        The arguments.
    """
    T, N, D, H = (int(size) for size in rng.permutation(np.arange(2, 9))[:4])
    return T, N, D, H, int(rng.integers(3, 5))


def draw_product(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw N, H and G.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    tuple of int
        The arguments.
    """
    return int(rng.integers(1, 40)), int(rng.integers(2, 40)), int(rng.integers(2, 5))


def draw_squashed(rng: np.random.Generator) -> tuple[Array]:
    """Draw numbers between −1 and 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    tuple of ndarray
        t, (5,).
    """
    return (rng.uniform(-0.9, 0.9, 5),)


def draw_part(rng: np.random.Generator) -> tuple[float, float]:
    """Draw a share of the time and a gain.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    tuple of float
        The share of one part, and how many times faster it becomes.
    """
    return float(rng.uniform(0.1, 0.4)), float(rng.uniform(1.5, 8))


def draw_rnn(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw a run of the plain cell.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where it comes from.

    Returns
    -------
    tuple of ndarray
        xs (T, N, D), h0 (N, H), Wx, Wh, b.
    """
    return _run(rng, blocks=1)


def draw_mgu(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw a run of the minimal gated unit.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where it comes from.

    Returns
    -------
    tuple of ndarray
        xs (T, N, D), h0 (N, H), Wx, Wh, b with two blocks of columns.
    """
    return _run(rng, blocks=2)


def _run(rng: np.random.Generator, blocks: int) -> tuple[Array, ...]:
    T, N, D, H = (int(size) for size in rng.permutation([2, 3, 4, 5]))
    return (
        rng.standard_normal((T, N, D)),
        np.tanh(rng.standard_normal((N, H))),
        0.7 * rng.standard_normal((D, blocks * H)),
        0.7 * rng.standard_normal((H, blocks * H)),
        rng.standard_normal(blocks * H),
    )


def draw_ids(rng: np.random.Generator) -> tuple[Array, Array, int]:
    """Draw token ids, some of them more than once, and a gradient for each.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    tuple
        ids (rows,), da (rows, columns), V.
    """
    V, rows = int(rng.integers(3, 6)), int(rng.integers(8, 12))
    return rng.integers(0, V, rows), rng.standard_normal((rows, 3)), V


def rows_by_loop(ids: Array, da: Array, V: int, *, last: bool = False) -> Array:
    """Add each gradient to the row of its id, one number at a time.

    Parameters
    ----------
    ids : ndarray of int, shape (rows,)
        Token ids.
    da : ndarray, shape (rows, columns)
        Gradients.
    V : int
        How many ids there are.
    last : bool
        Overwrite instead.

    Returns
    -------
    ndarray, shape (V, columns)
        dW_x.
    """
    dWx = np.zeros((V, da.shape[1]))
    for row, token in enumerate(ids):
        for column in range(da.shape[1]):
            before = 0.0 if last else dWx[token, column]
            dWx[token, column] = before + da[row, column]
    return dWx


def rnn_slip(slip: str) -> Callable[..., States]:
    """Give the hoisted forward with one slip in it.

    Parameters
    ----------
    slip : str
        Which.

    Returns
    -------
    callable
        Gives the states, and the products counted.
    """

    def answer(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> States:
        a = xs @ Wx + (0 if slip == "b" else 2 * b if slip == "twice" else b)
        h, hs = 0 * h0 if slip == "h0" else h0, []
        for each in a:
            total = each + (h0 if slip == "alone" else h) @ Wh
            h = total if slip == "tanh" else np.tanh(total)
            hs.append(h)
        return np.stack(hs), len(xs) + 1

    return answer


def mgu_slip(slip: str, products: int) -> Callable[..., States]:
    """Give the forward of the minimal gated unit with one slip in it.

    Parameters
    ----------
    slip : str
        Which.
    products : int
        Recurrent ones a step.

    Returns
    -------
    callable
        Gives the states, and the products counted.
    """

    def answer(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> States:
        H = h0.shape[1]
        a, h, hs = xs @ Wx + b, h0, []
        gate, candidate = slice(0, H), slice(H, 2 * H)
        if slip == "order":
            gate, candidate = candidate, gate
        for each in a:
            squashed = each[:, gate] + h @ Wh[:, gate]
            f = squashed if slip == "gate" else 1 / (1 + np.exp(-squashed))
            seen = h if slip == "unmasked" else f * h
            n = np.tanh(each[:, candidate] + seen @ Wh[:, candidate])
            h = f * h + (1 - f) * n if slip == "turned" else (1 - f) * h + f * n
            hs.append(h)
        return np.stack(hs), products * len(xs) + 1

    return answer
