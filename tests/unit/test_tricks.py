"""The pieces that chapter 14's tricks are timed on: both ways find the same numbers."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import trials  # noqa: E402  (found through the path above)
from benchmarks.sizes import SIZES, Size  # noqa: E402
from benchmarks.trick_numbers import Pair  # noqa: E402
from benchmarks.tricks import TRICKS, Trick  # noqa: E402

from unrolled.analysis.costs import Machine  # noqa: E402

ODD = (Size(2, 1, 1, 1), Size(11, 3, 2, 7), Size(9, 2, 5, 64))


def flat(found):
    """Every array that a way returned, in order."""
    if isinstance(found, tuple):
        return [array for each in found for array in flat(each)]
    return [np.array(found)]


@pytest.mark.parametrize("name", TRICKS)
@pytest.mark.parametrize("size", ODD, ids=str)
def test_both_ways_find_the_same_numbers_each_time(name, size):
    pair = TRICKS[name].pair(size)
    first = flat(pair.without())
    for found in (flat(pair.with_()), flat(pair.with_()), flat(pair.without())):
        for one, other in zip(first, found, strict=True):
            assert one.shape == other.shape
            assert one.any()
            np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)


def test_ways_that_differ_are_not_timed(monkeypatch):
    wrong = Pair(partial(np.ones, 3), partial(np.zeros, 3))
    monkeypatch.setitem(TRICKS, "hoist", Trick("no trick", lambda size: wrong))
    with pytest.raises(ValueError, match="hoist: without and with the trick differ by 1"):
        trials.pieces("hoist", "small")


def test_the_pieces_of_a_size_are_those_of_its_axes():
    found = trials.pieces("after", "textbook")
    H = SIZES["textbook"].H
    assert found["with"]().shape == (H, 4 * H)
    assert set(found) == {"without", "with"}


def test_jobs_are_every_trick_at_every_size_but_the_smallest():
    jobs = trials.jobs([None, None], {"tricks": 2, "textbook": 9, "small": 5, "large": 1})
    listed = {f"trick {size} {name}" for size in ("small", "large") for name in TRICKS}
    assert set(jobs) == {"constants", *listed}


def test_the_constants_are_rates():
    found = Machine(**trials.machine({"calls": 3e-6, "product": 0.5, "add": 2.0}))
    assert found.call_seconds == pytest.approx(1e-6)
    assert found.flops_per_second == 2 * 2 * trials.PRODUCT**3
    assert found.bytes_per_second == 3 * 4 * trials.LONG / 2
    for run in trials.constants().values():
        assert np.isfinite(run()).all()
