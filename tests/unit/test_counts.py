"""The counts: against the arrays themselves, against a list of wires, against the paper of 1997."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from unrolled import LSTM, RNN
from unrolled.analysis.counts import MODERN, PLACES, PUBLISHED_1997, weight_count
from unrolled.cells.gru import GRU
from unrolled.shapes import ArgumentError
from unrolled.trees import named_arrays


def wires(inputs, blocks, cells=1, gates=0, feed=False, outputs=0, biased=(), extra=0):
    """List every single weight by its two ends, and count the list."""
    sources = [("input", i) for i in range(inputs)]
    cell_units = [("cell", b, s) for b in range(blocks) for s in range(cells)]
    gate_units = [("gate", b, g) for b in range(blocks) for g in range(gates)]
    output_units = [("output", o) for o in range(outputs)]
    heard = sources + cell_units + (gate_units if feed else [])
    found = list(product(heard, cell_units + gate_units)) + list(product(cell_units, output_units))
    named = {"cells": cell_units, "gates": gate_units, "outputs": output_units}
    found += [("one", unit) for place in biased for unit in named[place]]
    found += [("again", unit, e) for unit in cell_units for e in range(extra)]
    assert len(found) == len(set(found))
    return len(found)


@pytest.mark.parametrize("cell", [RNN, GRU, LSTM], ids=lambda cell: cell.name)
@pytest.mark.parametrize(("D", "H"), [(1, 1), (2, 1), (1, 3), (3, 2), (4, 5), (10, 128)])
def test_modern_counts_are_those_of_the_arrays(cell, D, H):
    params = cell.init(D, H, rng=np.random.default_rng(0))
    size = sum(array.size for _, array in named_arrays(params))
    assert weight_count(D, H, **MODERN[cell.name]) == size


@pytest.mark.parametrize(("D", "H"), [(1, 1), (3, 4), (28, 128)])
def test_modern_counts_are_the_formulas(D, H):
    counts = [weight_count(D, H, **MODERN[name]) for name in ("RNN", "GRU", "LSTM")]
    row = H * (D + H + 1)
    assert counts == [row, 3 * row + H, 4 * row]


CASES = [
    (7, 4, 1, 2, True, 7, ("gates",), 0),
    (2, 3, 2, 2, True, 1, PLACES, 0),
    (2, 3, 2, 2, False, 1, PLACES, 0),
    (5, 3, 4, 1, True, 2, ("outputs", "cells"), 3),
    (1, 1, 1, 0, False, 0, (), 0),
    (1, 1, 1, 0, True, 0, (), 1),
    (3, 2, 1, 3, False, 5, ["gates"], 2),
]


@pytest.mark.parametrize("case", CASES)
def test_any_layer_has_as_many_weights_as_wires(case):
    inputs, blocks, cells, gates, feed, outputs, biased, extra = case
    count = weight_count(
        inputs,
        blocks,
        cells=cells,
        gates=gates,
        gates_feed_back=feed,
        outputs=outputs,
        biased=biased,
        extra_biases=extra,
    )
    assert count == wires(*case)
    assert type(count) is int


def test_each_place_counts_once():
    for biased in (("cells",), ["cells", "cells"], {"cells"}, frozenset(["cells"])):
        assert weight_count(3, 2, biased=biased) == 2 * (3 + 2 + 1)


def test_what_is_left_out_is_a_plain_layer_with_biases():
    assert weight_count(3, 2) == wires(3, 2, biased=("cells",)) == 2 * (3 + 2 + 1)
    assert weight_count(3, 2, gates=1, outputs=4) == wires(3, 2, 1, 1, False, 4, ("cells", "gates"))


def test_the_paper_of_1997_is_reproduced():
    got = [weight_count(**each.arguments) for each in PUBLISHED_1997]
    printed = [each.printed for each in PUBLISHED_1997]
    assert got == printed == [264, 276, 364, 664, 102, 93, 156, 308]
    assert all(each.arguments["gates"] == 2 for each in PUBLISHED_1997)


def test_the_networks_of_1997_have_the_sizes_of_their_tasks():
    rows = [tuple(each.arguments.values()) for each in PUBLISHED_1997]
    assert rows == [
        (7, 4, 1, 2, True, 7, ("gates",)),
        (7, 3, 2, 2, True, 7, ("gates",)),
        (54, 2, 1, 2, True, 2, ()),
        (104, 2, 1, 2, True, 2, ()),
        (1, 3, 1, 2, True, 1, ("cells", "gates")),
        (2, 2, 2, 2, True, 1, ("cells", "gates", "outputs")),
        (8, 2, 2, 2, True, 4, ("cells", "gates", "outputs")),
        (8, 3, 2, 2, True, 8, ("cells", "gates", "outputs")),
    ]
    assert len({each.task for each in PUBLISHED_1997}) == len(PUBLISHED_1997)
    for each in PUBLISHED_1997:
        args = each.arguments
        assert wires(*tuple(args.values())) == each.printed


@pytest.mark.parametrize("p", [1, 50, 100, 1000])
def test_the_formula_of_the_long_lag(p):
    arguments = {**PUBLISHED_1997[2].arguments, "inputs": p + 4}
    assert weight_count(**arguments) == 6 * (p + 10) + 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": 0}, "inputs: expected an integer of at least 1, got 0."),
        ({"blocks": 0}, "blocks: expected an integer of at least 1, got 0."),
        ({"blocks": 1.0}, "blocks: expected an integer"),
        ({"cells": 0}, "cells: expected an integer of at least 1, got 0."),
        ({"cells": True}, "cells: expected an integer"),
        ({"gates": -1}, "gates: expected an integer of at least 1, got -1."),
        ({"gates": False}, "gates: expected an integer"),
        ({"gates": 0.0}, "gates: expected an integer"),
        ({"outputs": -1}, "outputs: expected an integer of at least 1, got -1."),
        ({"extra_biases": -2}, "extra_biases: expected an integer of at least 1, got -2."),
        ({"gates_feed_back": 1}, "gates_feed_back: expected True or False, got 1."),
        (
            {"biased": "cells"},
            "biased: expected a tuple of some of ('cells', 'gates', 'outputs'), got str.",
        ),
        ({"biased": None}, "got NoneType."),
        ({"biased": np.zeros((2, 2))}, "got ndarray."),
        ({"biased": ("cells", "inputs")}, "got 'inputs' among them."),
        ({"biased": [np.zeros(2)]}, "got ndarray among them."),
    ],
)
def test_what_is_no_layer_is_refused(change, words):
    with pytest.raises(ArgumentError) as caught:
        weight_count(**({"inputs": 2, "blocks": 3} | change))
    assert words in str(caught.value)
