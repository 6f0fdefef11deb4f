"""Ratios of times, with a clock that the test moves; and the look-up of stored ones."""

from __future__ import annotations

import json

import numpy as np
import pytest

from unrolled import ArgumentError
from unrolled.analysis import speed, timing
from unrolled.analysis.costs import Machine
from unrolled.analysis.timing import Ratio, time_ratio


class Clock:
    """A clock that only the work moves, in ticks of its own."""

    def __init__(self, tick=1e-9):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        return self.tick * np.floor(self.now / self.tick + 1e-6)

    def work(self, *seconds):
        """Return a way that takes these times in turn."""
        turns = iter(())

        def way():
            nonlocal turns
            each = next(turns, None)
            if each is None:
                turns = iter(seconds)
                each = next(turns)
            self.now += each

        return way


def test_the_ratio_is_first_by_second():
    clock = Clock()
    ratio = time_ratio(clock.work(0.003), clock.work(0.001), clock=clock)
    assert ratio == pytest.approx((3, 3, 3))
    assert str(ratio) == "3.00 (3.00 to 3.00)"


def test_the_quartiles_are_of_the_rounds():
    clock = Clock()
    # one call a round: the way is called once to warm up, and once to see that it fills the time
    first = clock.work(9, 9, 1, 2, 3, 4, 5)
    ratio = time_ratio(first, clock.work(1), rounds=5, seconds=0.5, clock=clock)
    assert ratio == pytest.approx((2, 3, 4))


def test_a_coarse_clock_is_filled_with_calls():
    clock = Clock(tick=0.001)
    ratio = time_ratio(clock.work(2e-6), clock.work(1e-6), seconds=0.05, clock=clock)
    assert ratio.middle == pytest.approx(2, rel=0.1)


def test_work_that_no_clock_sees_comes_to_an_end(monkeypatch):
    monkeypatch.setattr(timing, "PATIENCE", 0.01)
    assert time_ratio(int, int, rounds=1, clock=lambda: 0.0).middle == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first": 3}, "first: expected a function"),
        ({"second": None}, "second: expected a function"),
        ({"rounds": 0}, "rounds"),
        ({"seconds": -1.0}, "seconds"),
    ],
)
def test_misuse_is_refused(change, words):
    given = {"first": int, "second": int, **change}
    with pytest.raises(ArgumentError, match=words):
        time_ratio(given.pop("first"), given.pop("second"), **given)


@pytest.fixture
def store():
    return {
        "sizes": {"small": [1, 1, 1, 1]},
        "passes": [
            {
                "size": "small", "cell": "RNN", "threads": threads,
                "seconds": {"cpu": {"ours": 1 * threads}, "wall": {"ours": 10 * threads}},
                "ratios": {"cpu": {"torch": [1, 2, 3]}, "wall": {"torch": [4, 5, 6]}},
            }
            for threads in (1, 2)
        ],
        "tricks": {
            "machine": {"call_seconds": 1.0, "flops_per_second": 2.0, "bytes_per_second": 3.0},
            "pairs": [{"trick": "hoist", "size": "small", "ratio": [0.25, 0.5, 1.0]}],
        },
    }  # fmt: skip


def test_a_pass_is_looked_up_with_its_clock(store):
    one, two = (speed.one_pass(store, "small", "RNN", threads) for threads in (1, 2))
    assert one == {"seconds": {"ours": 1}, "ratios": {"torch": [1, 2, 3]}}
    assert two == {"seconds": {"ours": 20}, "ratios": {"torch": [4, 5, 6]}}
    with pytest.raises(ArgumentError, match=r"size, cell, threads: .*'large', 'RNN' and 1"):
        speed.one_pass(store, "large", "RNN")


def test_a_gain_is_the_ratio_turned_round(store):
    assert speed.gain(store, "hoist", "small") == Ratio(1, 2, 4)
    store["tricks"]["pairs"].append({"trick": "hoist", "size": "big", "ratio": [2.0, 4.0, 8.0]})
    assert speed.gains_in_words(store, "hoist") == "small 2.00, big 0.25"
    with pytest.raises(ArgumentError, match=r"trick, size: .*\['hoist'\].*'magic' at 'small'"):
        speed.gain(store, "magic", "small")


def test_the_machine_is_read(store):
    assert speed.machine(store) == Machine(1.0, 2.0, 3.0)


def test_a_store_is_read_from_its_file(store, tmp_path):
    path = tmp_path / "speed.json"
    path.write_text(json.dumps(store), "utf-8")
    assert speed.stored(path) == store
