"""Parameters, states and gradients are NamedTuples, nested at will, of arrays.

Two functions walk over them, so that nothing else has to know how deep they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from unrolled.shapes import DTYPES, Array, ShapeError, check, check_same_dtype

Tree = TypeVar("Tree")


def map_arrays(function: Callable[..., Any], tree: Tree, *others: Tree) -> Tree:
    """Apply a function to every array of a tree, and keep the tree's form.

    Parameters
    ----------
    function : callable
        Takes one array of each tree, returns the array that stands there.
    tree : NamedTuple of arrays, nested at will
        ``None`` may stand where there is no array, and stays.
    *others : NamedTuple
        Trees of the same form, walked beside the first.

    Returns
    -------
    NamedTuple
        Of the type of ``tree``.

    Raises
    ------
    ShapeError
        The trees are not of one form.
    """
    if any(_form(other) != _form(tree) for other in others):
        raise ShapeError(
            f"others: expected trees of the form of {type(tree).__name__} {_form(tree)}, "
            f"got {[f'{type(other).__name__} {_form(other)}' for other in others]}."
        )
    if tree is None:
        return tree
    if isinstance(tree, tuple):
        members = [map_arrays(function, *parts) for parts in zip(tree, *others, strict=True)]
        make: Any = getattr(type(tree), "_make", tuple)  # a plain tuple is a tree too
        return make(members)  # type: ignore[no-any-return]
    return function(tree, *others)  # type: ignore[no-any-return]


def named_arrays(tree: object, prefix: str = "") -> list[tuple[str, Array]]:
    """List a tree's arrays with the path of each, ``"cell.Wx"`` say.

    Parameters
    ----------
    tree : NamedTuple of arrays, nested at will
        ``None`` is passed over.
    prefix : str
        What stands before every path.

    Returns
    -------
    list of (str, ndarray)
        In the order of the fields.
    """
    if tree is None:
        return []
    if not isinstance(tree, tuple):
        return [(prefix, tree)]  # type: ignore[list-item]
    fields = getattr(tree, "_fields", tuple(map(str, range(len(tree)))))
    dot = "." if prefix else ""
    return [
        leaf
        for field, member in zip(fields, tree, strict=True)
        for leaf in named_arrays(member, f"{prefix}{dot}{field}")
    ]


def check_alike(name: str, tree: object, like: str, other: object) -> None:
    """Check that two trees have the same fields, shapes and dtypes, so that nothing broadcasts.

    Parameters
    ----------
    name : str
        What the first is called in messages.
    tree : NamedTuple of arrays, or one array
        What is checked.
    like : str
        What the other is called.
    other : NamedTuple of arrays, or one array
        What it has to be like.

    Raises
    ------
    ShapeError, DTypeError
        Other fields, shapes or dtypes, or leaves that are no arrays.
    """
    if _plainly_alike(tree, other):  # training asks this at every step
        return
    got, expected = named_arrays(tree), named_arrays(other)
    if not expected or [path for path, _ in got] != [path for path, _ in expected]:
        raise ShapeError(
            f"{name}: expected the arrays {[path for path, _ in expected]} to match {like}, "
            f"got {[path for path, _ in got]}."
        )
    for (path, one), (_, two) in zip(got, expected, strict=True):
        of = f".{path}" if path else ""
        check_same_dtype(**{like + of: two, name + of: one})
        if one.shape != two.shape:
            raise ShapeError(
                f"{name}{of}: expected shape {two.shape} to match {like}{of}, got {one.shape}. "
                f"A gradient has the shape of what it is the gradient of."
            )
        check(name + of, one.reshape(-1), "N")


def _plainly_alike(tree: object, other: object) -> bool:
    """Tell at once that trees are alike; False says nothing more than: look closer."""
    if type(tree) is not type(other):
        return False
    if isinstance(tree, tuple) and isinstance(other, tuple):
        return len(tree) == len(other) and len(tree) > 0 and all(map(_plainly_alike, tree, other))
    return (
        type(tree) is np.ndarray
        and type(other) is np.ndarray
        and tree.shape == other.shape
        and tree.dtype == other.dtype
        and tree.dtype in DTYPES
        and tree.size > 0
    )


def _form(tree: object) -> tuple[str, ...] | None:
    if not isinstance(tree, tuple):
        return None
    return tuple(getattr(tree, "_fields", map(str, range(len(tree)))))
