"""Numbers and arrays in few letters, for the edges of a drawn graph."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import Array


def fits(array: Array, letters: int) -> bool:
    """Say whether an array is one number, or one short row that has room.

    Parameters
    ----------
    array : ndarray
        Of any shape.
    letters : int
        The room there is.

    Returns
    -------
    bool
        Whether :func:`write` writes its entries.
    """
    row = array.size <= 4 and array.ndim <= 2 and (array.ndim < 2 or len(array) == 1)
    return array.ndim == 0 or (row and len(_entries(array)) <= letters)


def write(array: Array, letters: int) -> str:
    """Write a number, a short row by its entries, any other array by its shape.

    Parameters
    ----------
    array : ndarray
        Of any shape.
    letters : int
        The room there is.

    Returns
    -------
    str
        ``"3"``, ``"[0.1 −2]"`` or ``"(4, 3)"``.
    """
    return _entries(array) if fits(array, letters) else str(array.shape)


def write_sum(name: str, parts: list[Array], total: Array) -> str:
    """Write the sum of the gradients that come back to a node.

    Parameters
    ----------
    name : str
        The node's name, or ``""``.
    parts : list of ndarray
        One along each edge.
    total : ndarray
        Their sum.

    Returns
    -------
    str
        ``"dx = 3 + 4 = 7"``; for arrays ``"dx = sum of 2"``.
    """
    left = f"d{name} = " if name else ""
    if total.ndim:
        return f"{left}sum of {len(parts)}"
    numbers = [_number(part.item()) for part in parts]
    terms = " + ".join(f"({each})" if each.startswith("−") else each for each in numbers)
    return f"{left}{terms} = {_number(total.item())}"


def _entries(array: Array) -> str:
    numbers = " ".join(_number(each) for each in array.ravel())
    return f"[{numbers}]" if array.ndim else numbers


def _number(value: complex) -> str:
    real = float(np.real(value))
    plain = real == 0 or 0.01 <= abs(real) < 1000
    return (f"{real:.3g}" if plain else f"{real:.0e}").replace("-", "−")
