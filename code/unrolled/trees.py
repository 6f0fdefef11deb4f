"""Parameters, states and gradients are NamedTuples, nested at will, of arrays.

Two functions walk over them, so that nothing else has to know how deep they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from unrolled.shapes import Array

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
    """
    if tree is None:
        return tree
    if isinstance(tree, tuple):
        members = [map_arrays(function, *parts) for parts in zip(tree, *others, strict=True)]
        make: Any = type(tree)
        return make(*members)  # type: ignore[no-any-return]
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
