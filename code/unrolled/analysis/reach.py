"""How far back a model's memory reaches: give it a past that is not its own, and see."""

from __future__ import annotations

import numpy as np

from unrolled.shapes import (
    ArgumentError,
    Array,
    DTypeError,
    ShapeError,
    check_count,
    check_integers,
    check_rng,
    check_size,
)


def with_foreign_past(
    ids: Array, places: Array, *, kept: int, length: int, rng: np.random.Generator
) -> Array:
    """Cut the text before some places out, and exchange all but its last characters.

    What stands further back than ``kept`` characters comes from another place of the same text,
    so that a reader meets nothing unusual but a past that does not belong to the present. See
    eq-reach (chapter 13).

    Parameters
    ----------
    ids : ndarray of int, shape (T,)
        The text.
    places : ndarray of int, shape (N,)
        The characters to be predicted, each with ``length`` ones before it.
    kept : int
        How many characters before each place stay, from 0 to ``length``.
    length : int
        How many are cut out.
    rng : numpy.random.Generator
        Where the other places are drawn from; it moves on, and as far for every ``kept``.

    Returns
    -------
    ndarray of int, shape (length, N)
        One column a place, oldest character first.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not integers on one axis, a place without enough text before it, a number out of range.
    """
    check_integers("ids", ids, "T")
    check_integers("places", places, "N")
    check_count("length", length)
    check_rng(rng)
    whole = isinstance(kept, (int, np.integer)) and not isinstance(kept, bool)
    if not whole or not 0 <= kept <= length:
        raise ArgumentError(f"kept: expected from 0 to length = {length} characters, got {kept!r}.")
    check_size("N", len(places), "N")
    if places.min() < length or places.max() >= len(ids):
        raise ArgumentError(
            f"places: expected from length = {length} to {len(ids) - 1}, the last of axis 0 "
            f"(T, time steps) of ids, got {places.min()} to {places.max()}."
        )
    back = np.arange(-length, 0)[:, None]
    others = rng.integers(length, len(ids) + 1, len(places))
    own = back >= -kept
    return np.where(own, ids[places + back], ids[others + back])


def beyond(sizes: Array, near: int) -> float:
    """Give the share of a prediction's dependence that lies further back than the last few.

    Parameters
    ----------
    sizes : ndarray of float, shape (T,)
        How the prediction depends on each character read, oldest first: a row of
        :func:`~unrolled.analysis.connectivity.connectivity`, without the zeros.
    near : int
        How many of the last ones do not count.

    Returns
    -------
    float
        From 0 to 1; 0 where no more than ``near`` were read, or nothing depends on anything.

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        Not sizes along one axis, a ``near`` below 1.
    """
    check_count("near", near)
    if not isinstance(sizes, np.ndarray) or sizes.dtype.kind != "f":
        raise DTypeError(f"sizes: expected an array of floats, got {sizes!r:.60}.")
    if sizes.ndim != 1:
        raise ShapeError(f"sizes: expected one axis (T, time steps), got shape {sizes.shape}.")
    if not (np.isfinite(sizes) & (sizes >= 0)).all():
        raise ArgumentError("sizes: expected norms, of which none is below 0, infinite or NaN.")
    total = float(sizes.sum())
    return float(sizes[: max(0, len(sizes) - near)].sum()) / total if total else 0.0
