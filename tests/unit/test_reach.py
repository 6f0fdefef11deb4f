"""A foreign past: what stays, what is exchanged, and how much of a dependence is far back."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.analysis.reach import beyond, with_foreign_past
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

RNG = np.random.default_rng
IDS = np.arange(100)  # each character tells its own place
PLACES = np.array([7, 99, 50])


@pytest.mark.parametrize("kept", range(8))
def test_the_last_characters_stay_and_those_before_come_from_one_other_place(kept):
    found = with_foreign_past(IDS, PLACES, kept=kept, length=7, rng=RNG(0))
    assert found.shape == (7, 3)
    for column, place in zip(found.T, PLACES, strict=True):
        own, other = column[7 - kept :], column[: 7 - kept]
        assert own.tolist() == list(range(place - kept, place))
        assert (np.diff(other) == 1).all()
    if kept < 7:
        moved = found[0] - (PLACES - 7)
        assert np.count_nonzero(moved) >= 2


def test_the_same_draws_give_the_same_foreign_past_whatever_is_kept():
    rngs = [RNG(4), RNG(4)]
    one, two = (
        with_foreign_past(IDS, PLACES, kept=kept, length=7, rng=rng)
        for kept, rng in zip((1, 5), rngs, strict=True)
    )
    assert np.array_equal(one[:2], two[:2])
    assert rngs[0].random() == rngs[1].random()


def test_every_place_of_the_text_can_lend_its_past():
    lent = {
        int(with_foreign_past(np.arange(6), np.array([4]), kept=0, length=2, rng=RNG(seed))[0, 0])
        for seed in range(60)
    }
    assert lent == {0, 1, 2, 3, 4}


def test_nothing_is_changed():
    ids, places = IDS.copy(), PLACES.copy()
    with_foreign_past(ids, places, kept=2, length=5, rng=RNG(0))
    assert np.array_equal(ids, IDS)
    assert np.array_equal(places, PLACES)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"kept": -1}, ArgumentError, "kept: expected from 0 to length = 7"),
        ({"kept": 8}, ArgumentError, "kept: "),
        ({"kept": 1.0}, ArgumentError, "kept: "),
        ({"kept": True}, ArgumentError, "kept: "),
        ({"length": 0}, ArgumentError, "length: "),
        ({"ids": IDS * 1.0}, DTypeError, "ids: "),
        ({"ids": IDS[:, None]}, ShapeError, "ids: "),
        ({"places": PLACES * 1.0}, DTypeError, "places: "),
        ({"places": np.array([6])}, ArgumentError, "places: expected from length = 7 to 99"),
        ({"places": np.array([100])}, ArgumentError, "places: "),
        ({"rng": 0}, ArgumentError, "rng: "),
    ],
)
def test_what_cannot_be_cut_out_is_refused(change, error, says):
    given = {"ids": IDS, "places": PLACES, "kept": 2, "length": 7, "rng": RNG(0)} | change
    with pytest.raises(error, match=f"^{says}"):
        with_foreign_past(given.pop("ids"), given.pop("places"), **given)


def test_the_share_beyond_the_last_few():
    sizes = np.array([4.0, 2.0, 1.0, 1.0])
    assert [beyond(sizes, near) for near in (1, 2, 3, 4, 9)] == [0.875, 0.75, 0.5, 0.0, 0.0]
    assert beyond(np.zeros(3), 1) == 0
    with pytest.raises(ArgumentError, match=r"^near: "):
        beyond(sizes, 0)


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ([1.0, 2.0], DTypeError),
        (np.array([1, 2]), DTypeError),
        (np.ones((2, 2)), ShapeError),
        (np.array([1.0, -1.0]), ArgumentError),
        (np.array([1.0, np.nan]), ArgumentError),
    ],
)
def test_what_is_no_row_of_sizes_is_refused(sizes, error):
    with pytest.raises(error, match=r"^sizes: expected"):
        beyond(sizes, 1)
