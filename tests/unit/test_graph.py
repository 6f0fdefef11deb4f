"""The small computation graph: values, gradients, order, nothing changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from oracle.agree import agree, same_bytes

from unrolled import gradcheck, graph
from unrolled.graph import MATMUL, SQUARE, SUM, TANH, apply, backward, leaf, named, order

R = np.random.default_rng(4)
X, W, B, ROW = (R.normal(size=s) for s in [(3, 2), (2, 4), (4,), (1, 4)])


def network(x, w, b, row):
    return apply(SUM, apply(SQUARE, apply(TANH, x @ w + b) - row) * apply(TANH, x @ w))


def test_gradients_are_those_of_the_complex_step():
    leaves = [leaf(n, v) for n, v in zip("xwbr", (X, W, B, ROW), strict=True)]
    trace = backward(network(*leaves))
    exact = gradcheck.complex_step(
        lambda t: network(*(leaf("_", a) for a in t)).value, (X, W, B, ROW)
    )
    agree(tuple(trace.gradient(each) for each in leaves), exact)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rows_are_added_to_each_row_and_summed_on_the_way_back(n):
    for row in (np.zeros(3), np.zeros((1, 3))):
        out = leaf("a", np.ones((n, 3))) + leaf("r", row)
        trace = backward(out, np.arange(3.0 * n).reshape(n, 3))
        want = np.arange(3.0 * n).reshape(n, 3).sum(0).reshape(row.shape)
        same_bytes(trace.gradient("r"), want)


def test_fan_out_adds_gradients_up_along_named_edges():
    x = leaf("x", 3.0)
    trace = backward(x * x + x)
    agree(trace.gradient(x), 7.0, 0)
    assert sorted(float(e.gradient) for e in trace.edges if e.source is x) == [1, 3, 3]
    assert trace.nodes[-1].name == "x × x + x"
    assert trace.edges[0].target is trace.nodes[-1]


def test_order_puts_inputs_first_and_each_node_once():
    x, y = leaf("x", 1.0), leaf("y", 2.0)
    p = named("p", x - y)
    out = apply(SQUARE, p) + p
    nodes = order(out)
    assert [node.name for node in nodes[:3]] == ["x", "y", "p"]
    assert nodes[-1] is out
    assert len(nodes) == len({id(node) for node in nodes}) == 5
    assert apply(TANH, x).name == "tanh(x)"
    assert apply(TANH, x, name="h").name == "h"
    assert (p.op, p.inputs) == (graph.SUBTRACT, (x, y))


def test_a_long_chain_is_no_trouble():
    node = x = leaf("x", 1.0)
    for i in range(3000):
        node = named(str(i), node + x)
    agree(backward(node).gradient(x), 3001.0, 0)


def test_nothing_is_changed():
    value = np.ones(2)
    x = leaf("x", value)
    value[0] = 5
    assert x.value[0] == 1
    out = apply(SUM, x)
    one, two = backward(out), backward(out, 2)
    agree(two.gradient("x"), 2 * one.gradient("x"), 0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        x.value = 0


def test_dtypes():
    assert leaf("x", 3).value.dtype == np.float64
    for dtype in (np.float32, np.complex128):
        x = leaf("x", np.ones((2, 2), dtype))
        trace = backward(apply(SUM, apply(MATMUL, x, x)))
        assert {g.dtype for g in trace.gradients} == {np.dtype(dtype)}
    assert backward(leaf("x", 1.0), 2).gradient("x").dtype == np.float64


def test_an_op_of_the_reader_s_own():
    double = graph.Op("2·", lambda a: 2 * a, lambda d, out, *a: (2 * d,))
    agree(backward(apply(double, leaf("x", 4.0))).gradient("x"), 2.0, 0)
