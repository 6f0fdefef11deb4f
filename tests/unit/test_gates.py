"""Blocks of columns are cut and joined along the last axis, however many stand before it."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.cells.gates import blocks_of, side_by_side


@pytest.mark.parametrize("before", [(), (2,), (2, 3)])
@pytest.mark.parametrize("H", [1, 2])
def test_cut_and_joined_again(before, H):
    stacked = np.arange(np.prod((*before, 3 * H))).reshape(*before, 3 * H)
    blocks = blocks_of(stacked, 3)
    for block, columns in enumerate(blocks):
        assert columns.shape == (*before, H)
        for j in range(H):
            assert (columns[..., j] == stacked[..., block * H + j]).all()
    assert (side_by_side(*blocks) == stacked).all()
