"""The scalar map: its fixed points by another road, and its trajectories."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.analysis import attracts, fixed_points, trajectory
from unrolled.shapes import ArgumentError


@pytest.mark.parametrize(
    ("w", "b", "count"),
    [
        (-3.0, 0.0, 1),
        (-3.0, 0.4, 1),
        (0.0, 0.0, 1),
        (0.5, 0.3, 1),
        (1.0, 0.0, 1),
        (1.0001, 0.0, 3),
        (1.5, 0.0, 3),
        (1.5, 0.05, 3),
        (1.5, 0.5, 1),
        (2.5, -2.0, 1),
        (60.0, 0.0, 3),
        (2.0, 1e-12, 3),
    ],
)
def test_fixed_points_are_all_there_and_stay_where_they_are(w: float, b: float, count: int) -> None:
    found = fixed_points(w, b)
    assert len(found) == count
    assert np.all(np.diff(found) > 0)
    np.testing.assert_allclose(np.tanh(w * found + b), found, atol=1e-12)


@pytest.mark.parametrize("w", [-2.0, 0.7, 1.3, 4.0])
@pytest.mark.parametrize("b", [-0.31, 0.0017, 0.11])
def test_fixed_points_are_as_many_as_a_fine_grid_sees(w: float, b: float) -> None:
    grid = np.linspace(-1, 1, 200_001)
    signs = np.sign(np.tanh(w * grid + b) - grid)
    crossings = grid[:-1][signs[:-1] * signs[1:] < 0]
    np.testing.assert_allclose(fixed_points(w, b), crossings, atol=1.1e-5)


def test_zero_is_exact_without_a_bias() -> None:
    assert fixed_points(1.5)[1] == 0
    assert fixed_points(-1.5).tolist() == [0]


def test_trajectory_steps_from_every_start() -> None:
    h0 = np.array([[0.5, -1.0]])
    hs = trajectory(1.5, 0.1, h0, 2)
    assert hs.shape == (3, 1, 2)
    np.testing.assert_array_equal(hs[0], h0)
    np.testing.assert_allclose(hs[2], np.tanh(1.5 * np.tanh(1.5 * h0 + 0.1) + 0.1))


def test_trajectory_is_fit_for_the_complex_step() -> None:
    hs = trajectory(0.9, 0.0, np.array([0.5 + 1e-30j]), 3)
    slope = np.prod(0.9 * (1 - hs[1:, 0].real ** 2))
    assert hs[-1, 0].imag / 1e-30 == pytest.approx(slope, rel=1e-12)


def test_zero_steps_give_the_start_alone() -> None:
    assert trajectory(2.0, 0.0, np.array([0.3]), 0).tolist() == [[0.3]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(ArgumentError, match=r"^w: expected a finite number"):
        fixed_points(bad)
    with pytest.raises(ArgumentError, match=r"^b: expected a finite number"):
        trajectory(1.0, bad, np.zeros(1), 3)


def test_a_negative_count_of_steps_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"^steps: expected at least 0"):
        trajectory(1.0, 0.0, np.zeros(1), -1)


@pytest.mark.parametrize("w", [-2.0, -1.0, -0.4, 0.0, 0.9, 1.0, 1.1, 1.5, 3.0])
def test_a_point_attracts_if_near_states_come_nearer(w):
    for point in fixed_points(w):
        states = trajectory(w, 0.0, point + np.array([-0.05, 0.05]), 30)
        nearer = abs(states[-1] - point) < abs(states[0] - point)
        assert attracts(w, float(point)) == nearer.all()


def test_attraction_needs_finite_numbers():
    with pytest.raises(ArgumentError, match="h: expected a finite number"):
        attracts(1.0, np.nan)
