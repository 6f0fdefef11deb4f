"""Numerical gradients, and the comparison that names the worst entry."""

from __future__ import annotations

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import Hidden, gradcheck


def cubic(tree):
    a, b = tree
    return (a**3).sum() * b.sum() + b[0, 0] ** 2


AT = (np.array([1.0, -2.0, 0.5]), np.array([[0.3], [1.5]]))
EXACT = (3 * AT[0] ** 2 * 1.8, np.array([[-6.875 + 0.6], [-6.875]]))


def test_both_ways_find_the_derivative():
    agree(gradcheck.complex_step(cubic, AT), EXACT, 1e-15)
    agree(gradcheck.central_difference(cubic, AT), EXACT, 1e-8)
    agree(gradcheck.complex_step(np.sum, AT[0]), np.ones(3), 0)
    agree(gradcheck.central_difference(np.sum, Hidden(AT[0])).h, np.ones(3), 1e-9)


def test_the_error_of_central_differences_goes_with_the_square_of_the_step():
    for step in (1e-2, 2e-2):
        error = gradcheck.central_difference(lambda a: (a**3).sum(), AT[0], step) - 3 * AT[0] ** 2
        agree(error, np.full(3, step**2), 1e-10)


def test_the_complex_step_takes_any_size():
    for step in (1e-3, 1e-30, 1e-200):
        agree(gradcheck.complex_step(lambda a: (a**2).sum(), AT[0], step), 2 * AT[0], 1e-15)


def test_defaults():
    assert gradcheck.CENTRAL_STEP == 1e-6
    assert gradcheck.COMPLEX_STEP == 1e-30
    seen = []
    gradcheck.central_difference(lambda a: seen.append(a[0]) or a[0], np.array([1.0]))
    assert seen == [1 + 1e-6, 1 - 1e-6]
    seen.clear()
    gradcheck.complex_step(lambda a: seen.append(a[0]) or a[0], np.array([1.0]))
    assert seen == [1 + 1e-30j]


@pytest.mark.parametrize("way", [gradcheck.central_difference, gradcheck.complex_step])
def test_the_point_is_copied_and_each_entry_is_put_back(way):
    at = tuple(np.array(a) for a in AT)
    for array in at:
        array.flags.writeable = False
    seen = []
    way(
        lambda tree: (
            seen.append(sum(int((a != b).sum()) for a, b in zip(tree, AT, strict=True)))
            or tree[0].sum()
        ),
        at,
    )
    assert set(seen) == {1}
    same_bytes(at, AT)


@pytest.mark.parametrize("value", [lambda a: a.sum(), lambda a: a[:1], lambda a: a[:1][None]])
def test_one_number_in_any_wrapping_is_a_number(value):
    agree(gradcheck.complex_step(value, np.ones(1)), [1.0], 0)
    agree(gradcheck.central_difference(value, np.ones(1)), [1.0], 1e-9)


def test_the_worst_entry_is_named():
    got = (np.array([1.0, 2.0]), np.array([[10.0, 20.5], [30.0, 40.0]]))
    expected = (np.array([1.0, 2.1]), np.array([[10.0, 20.0], [30.0, 40.0]]))
    report = gradcheck.compare(got, expected)
    # 0.1/2.1 is worse than 0.5/40
    assert (report.name, report.where) == ("0", (1,))
    assert report.difference == pytest.approx(0.1 / 2.1)
    assert (report.got, report.expected) == (2.0, 2.1)
    assert (report.entries, report.tolerance, report.passed) == (6, 1e-12, False)
    assert not report.is_nan
    assert str(report) == (
        "6 entries DIFFER: largest difference 4.8e-02 (allowed 1e-12), at 0[1]: got 2, expected 2.1"
    )
    loose = gradcheck.compare(got[1], expected[1], tolerance=0.5 / 40)
    assert loose.passed
    assert (loose.name, loose.where, loose.entries) == ("array", (0, 1), 4)
    assert "4 entries agree" in str(loose)
    assert "array[0, 1]" in str(loose)


def test_small_references_are_measured_against_one():
    assert gradcheck.compare(np.array([1e-3]), np.array([2e-3])).difference == pytest.approx(1e-3)
    assert gradcheck.compare(np.array([1e-13]), np.array([0.0])).passed


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_not_finite_never_passes_and_is_named(bad, place):
    got = [np.ones(2), np.ones(3)]
    got[place][1] = bad
    for pair in ((tuple(got), (np.ones(2), np.ones(3))), ((np.ones(2), np.ones(3)), tuple(got))):
        report = gradcheck.compare(*pair)
        assert not report.passed
        assert (report.name, report.where, report.entries) == (str(place), (1,), 5)
    both = gradcheck.compare(tuple(got), tuple(got))
    assert not both.passed
    assert both.is_nan
    assert "DIFFER" in str(both)


def test_the_first_of_equal_differences_is_named():
    zeros = (np.zeros(2), np.zeros(2))
    assert gradcheck.compare(zeros, zeros).name == "0"
    agree(gradcheck.compare(np.array([3]), np.array([True * 2])).difference, 0.5)
    assert gradcheck.compare(np.array([1j]), np.array([0j])).difference == 1
    assert gradcheck.compare(2.0, 2).passed


def test_first_nan_stays_the_worst():
    got = (np.array([np.nan]), np.array([np.nan]), np.array([5.0]))
    assert gradcheck.compare(got, (np.ones(1),) * 3).name == "0"


def test_a_difference_too_large_for_a_float_never_passes():
    report = gradcheck.compare(np.array([0.0, 1.7e308]), np.array([0.0, -1.7e308]))
    assert (report.difference, report.where, report.passed) == (np.inf, (1,), False)
