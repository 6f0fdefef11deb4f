"""Wilson's interval against the question that it answers, which chances fit what was seen."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unrolled import ArgumentError
from unrolled.analysis.proportions import Z95, wilson


@pytest.mark.parametrize("runs", [1, 3, 10, 250])
@pytest.mark.parametrize("z", [0.5, Z95, 3.0])
def test_the_limits_are_z_standard_deviations_away(runs, z):
    for successes in range(runs + 1):
        low, high = wilson(successes, runs, z)
        assert 0 <= low < high <= 1
        for p in (low, high):
            away = abs(successes - runs * p)
            if 0 < p < 1:
                assert away == pytest.approx(z * math.sqrt(runs * p * (1 - p)), rel=1e-9, abs=1e-9)
        assert (low == 0) == (successes == 0)
        assert (high == 1) == (successes == runs)


def test_every_chance_inside_fits_and_none_outside():
    low, high = wilson(7, 10)
    ps = np.linspace(0, 1, 100_001)
    fits = (7 - 10 * ps) ** 2 <= Z95**2 * 10 * ps * (1 - ps)
    assert ps[fits].min() == pytest.approx(low, abs=2e-5)
    assert ps[fits].max() == pytest.approx(high, abs=2e-5)


def test_printed_values_and_mirror():
    # ten of ten, as tables of the interval have it
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=5e-5), 1.0)
    for k in range(11):
        one, two = wilson(k, 10), wilson(10 - k, 10)
        assert one == pytest.approx((1 - two.high, 1 - two.low), abs=1e-15)
    assert wilson(np.int64(3), np.int64(7)) == wilson(3, 7)
    # 95 % of a standard normal lie between −z and z
    assert math.erf(Z95 / math.sqrt(2)) == pytest.approx(0.95, abs=1e-15)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((1, 0), "runs"), ((1, 2.0), "runs"), ((1, True), "runs"), ((0, -3), "runs"),
        ((-1, 5), "successes"), ((6, 5), "successes"), ((1.0, 5), "successes"),
        ((True, 5), "successes"), (("1", 5), "successes"), ((None, 5), "successes"),
        ((1, 5, 0), "z"), ((1, 5, -2.0), "z"), ((1, 5, math.nan), "z"), ((1, 5, "2"), "z"),
    ],
)  # fmt: skip
def test_what_is_no_count_is_refused(given, says):
    with pytest.raises(ArgumentError, match=f"^{says}: expected "):
        wilson(*given)
