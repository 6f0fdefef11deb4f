"""Trees of arrays."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.agree import same_bytes

from unrolled import Hidden, RNNParams, ShapeError
from unrolled.trees import check_alike, map_arrays, named_arrays

TREE = (RNNParams(np.ones(1), np.ones(2), np.ones(3)), None, Hidden(np.ones(4)))


def test_the_form_is_kept():
    doubled = map_arrays(np.add, TREE, TREE)
    assert type(doubled) is tuple
    assert type(doubled[0]) is RNNParams
    assert doubled[1] is None
    same_bytes(doubled[2], Hidden(2 * np.ones(4)))
    same_bytes(map_arrays(np.negative, np.ones(2)), -np.ones(2))


def test_names():
    assert [name for name, _ in named_arrays(TREE)] == ["0.Wx", "0.Wh", "0.b", "2.h"]
    assert [name for name, _ in named_arrays(TREE[0], "p")] == ["p.Wx", "p.Wh", "p.b"]
    assert named_arrays(None) == []
    assert named_arrays(3) == [("", 3)]


def test_alike():
    check_alike("a", TREE, "b", TREE)
    with pytest.raises(
        ShapeError, match=r"a\.2\.h: expected shape \(4,\) to match b\.2\.h, got \(5,\)"
    ):
        check_alike("a", (*TREE[:2], Hidden(np.ones(5))), "b", TREE)
