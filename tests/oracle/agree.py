"""How tests compare: max |difference| ÷ max(1, max |reference|), over every entry."""

from __future__ import annotations

import numpy as np


def leaves(tree):
    """Arrays of nested tuples; lists of numbers are arrays, None stands for itself."""
    if isinstance(tree, tuple):
        return [leaf for member in tree for leaf in leaves(member)]
    return [None if tree is None else np.asarray(tree)]


def gap(got, reference):
    one, two = leaves(got), leaves(reference)
    assert len(one) == len(two)
    worst = 0.0
    for a, b in zip(one, two, strict=True):
        if a is None or b is None:
            assert a is None
            assert b is None
            continue
        assert a.shape == b.shape, (a.shape, b.shape)
        difference = np.abs(a - b).max() / max(1.0, np.abs(b).max())
        assert not np.isnan(difference)
        worst = max(worst, float(difference))
    return worst


def agree(got, reference, tolerance=1e-12):
    worst = gap(got, reference)
    assert worst <= tolerance, f"differ by {worst:.2e}"


def same_bytes(got, reference):
    one, two = leaves(got), leaves(reference)
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
