"""The figures of chapter 1 draw the numbers that they are given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from unrolled import ArgumentError, graph
from unrolled.plots import graphs, slopes

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def trace() -> graph.Trace:
    x, y = graph.leaf("x", 4), graph.leaf("y", 1)
    return graph.backward(graph.named("q", graph.named("p", x - y) * x))


@pytest.mark.parametrize(
    ("show", "texts"),
    [
        ("forward", {"4", "1", "p = 3", "q = 12"}),
        ("backward", {"1", "3", "4", "−4", "dx = 3 + 4 = 7"}),
        ("both", {"p = 3", "q = 12", "−4", "dx = 3 + 4 = 7"}),
    ],
)
def test_values_and_gradients_are_written(show: graphs.Show, texts: set[str]) -> None:
    figure = graphs.computation_graph(trace(), show=show)
    written = {text.get_text() for text in figure.axes[0].texts}
    assert texts | {"x", "y", "−", "×"} <= written


def test_arrays_are_written_out_or_by_shape() -> None:
    x, W = graph.leaf("x", np.array([[1.0, 2.0]])), graph.leaf("W", np.ones((2, 5)))
    h = graph.named("h", graph.apply(graph.TANH, graph.named("a", x @ W)))
    used_twice = graph.named("s", h * h)
    traced = graph.backward(used_twice, np.ones((1, 5)))
    figure = graphs.computation_graph(traced, labels={"W": "$W_x$", "a": ""})
    written = {text.get_text() for text in figure.axes[0].texts}
    assert {"[1 2]", "(2, 5)", "(1, 5)", "s (1, 5)", "$W_x$", "dh = sum of 2", "tanh"} <= written


def test_a_layout_puts_inputs_left_of_their_use() -> None:
    places = graphs.layered(trace())
    assert places["x"][0] == places["y"][0] < places["p"][0] < places["q"][0]
    assert graphs.layered(graph.backward(graph.leaf("x", 1))) == {"x": (0.0, 0.0)}


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"positions.*\['y', 'p', 'q'\]"):
        graphs.computation_graph(trace(), {"x": (0, 0)})
    with pytest.raises(ArgumentError, match="show"):
        graphs.computation_graph(trace(), show="all")  # type: ignore[arg-type]


def test_errors_are_drawn_against_the_step() -> None:
    steps = np.array([1e-3, 1e-2])
    errors = {"central difference": np.array([1e-6, 1e-4]), "complex step": np.zeros(2)}
    axes = slopes.step_errors(steps, errors, third=3.0, value=2.0).axes[0]
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines["truncation: ε²/6 · |f‴|"], steps**2 / 2)
    np.testing.assert_allclose(lines["rounding: u |f| / ε"], 2**-53 * 2 / steps)
    np.testing.assert_allclose(lines["central difference"], errors["central difference"])
    np.testing.assert_allclose(lines["complex step"], 1e-17)


@pytest.mark.parametrize(("log", "scale"), [(True, "log"), (False, "linear")])
def test_runs_are_drawn_with_their_names(log: bool, scale: str) -> None:
    axes = slopes.losses_by_step({"η = 0.1": np.array([3.0, 2.0])}, log=log).axes[0]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [3.0, 2.0])
    assert axes.texts[0].get_text() == "η = 0.1"
    assert axes.get_yscale() == scale
