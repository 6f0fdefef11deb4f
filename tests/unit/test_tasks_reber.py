"""The Reber grammar: against a regular expression, and against every string up to a length."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import numpy as np
import pytest

from unrolled import ArgumentError, tasks

RNG = np.random.default_rng
# the grammar as an expression, by another road than its table: read off the printed diagram
FROM_3 = "T*V(?:PXT*V)*(?:V|PS)"  # what may follow P, or an X that leads back
INNER = f"B(?:TS*X(?:S|X{FROM_3})|P{FROM_3})E"
PLAIN = re.compile(INNER)
EMBEDDED = re.compile(f"B(?:T{INNER}T|P{INNER}P)E")


def words(pattern, length):
    """Every string up to a length that the pattern takes whole, by brute force."""
    every = (
        f"B{''.join(w)}E"
        for size in range(length - 1)
        for w in itertools.product("TSXPV", repeat=size)
    )
    return {string for string in every if pattern.fullmatch(string)}


def accepted(string, embedded):
    try:
        return tasks.reber_legal(string, embedded=embedded)[-1] == ""
    except ArgumentError:
        return False


def test_the_grammar_takes_the_same_short_strings_as_the_expression():
    short = words(PLAIN, 6)
    assert short == {"BTXSE", "BPVVE", "BTSXSE", "BPTVVE", "BPVPSE"}
    for letters in itertools.product("TSXPV", repeat=4):  # between a B and an E
        string = f"B{''.join(letters)}E"
        assert accepted(string, False) == (string in short)


@pytest.mark.parametrize(("embedded", "pattern"), [(True, EMBEDDED), (False, PLAIN)])
def test_strings_are_of_the_grammar_and_all_turns_are_taken(embedded, pattern):
    rng, turns = RNG(0), Counter()
    for _ in range(3000):
        string = tasks.reber_string(rng=rng, embedded=embedded)
        assert pattern.fullmatch(string)
        legal = tasks.reber_legal(string, embedded=embedded)
        for may, symbol in zip(("B", *legal), string, strict=False):
            assert symbol in may
            turns[may, symbol] += 1
    for may in {may for may, _ in turns}:
        total = sum(turns[may, symbol] for symbol in may)
        for symbol in may:
            assert turns[may, symbol] / total == pytest.approx(1 / len(may), abs=0.03)
    assert {"".join(sorted(may)) for may, _ in turns if len(may) == 2} == {
        *("PT", "SX", "TV", "PV")
    }


def test_lengths_shortest_and_mean():
    rng = RNG(1)
    strings = [tasks.reber_string(rng=rng) for _ in range(4000)]
    assert min(map(len, strings)) == 9
    assert len(tasks.reber_string(rng=rng, embedded=False)) >= 5
    plain = min(len(tasks.reber_string(rng=rng, embedded=False)) for _ in range(50))
    assert plain == 5
    # steps from each place to the end, by the linear equations of the walk
    places = "123456"
    arrows = {"1": "23", "2": "24", "3": "35", "4": "36", "5": "46", "6": ""}
    A = np.eye(6)
    for place, leads in arrows.items():
        for to in leads:
            A[places.index(place), places.index(to)] -= 0.5
    mean = 1 + np.linalg.solve(A, np.ones(6))[0] + 4
    assert np.mean([len(string) for string in strings]) == pytest.approx(mean, abs=0.25)


def test_legal_symbols_of_one_string_by_hand():
    assert tasks.reber_legal("BTBPVPXVVETE") == (
        *("TP", "B", "TP", "TV", "PV", "XS", "TV", "PV", "E", "T", "E", ""),
    )
    assert tasks.reber_legal("BPBTXSEP")[-2:] == ("P", "E")
    assert tasks.reber_legal("BTSS", embedded=False) == ("TP", "SX", "SX", "SX")
    assert tasks.reber_legal("B", embedded=False) == ("TP",)


def test_legal_symbols_are_those_that_some_string_goes_on_with():
    following = {}
    for string in words(PLAIN, 7):
        for t in range(1, len(string) + 1):
            following.setdefault(string[:t], set()).add(string[t : t + 1])
    for start in {start for start in following if len(start) < 4}:
        assert set(tasks.reber_legal(start, embedded=False)[-1]) == following[start]


@pytest.mark.parametrize(
    ("string", "says"),
    [
        ("T", "expected B at position 0 of 'T', got 'T'"),
        ("BX", "expected T or P at position 1 of 'BX', got 'X'"),
        ("BTBTXSEPE", "expected T at position 7 of 'BTBTXSEPE', got 'P'"),
        ("BPBPVVEPEE", "expected the end of the string at position 9 of 'BPBPVVEPEE', got 'E'"),
        ("", "expected at least one symbol, got ''"),
        (None, "expected at least one symbol, got None"),
        (["B", "T"], "expected at least one symbol, got"),
    ],
)
def test_strings_that_are_none(string, says):
    with pytest.raises(ArgumentError, match=f"^string: {re.escape(says)}"):
        tasks.reber_legal(string)


@pytest.mark.parametrize("embedded", [True, False])
@pytest.mark.parametrize("count", [1, 60])
def test_sets_are_disjoint_and_of_one_kind(embedded, count):
    sets = tasks.reber_sets(count, rng=RNG(2), embedded=embedded)
    assert len(sets.training) == len(sets.test) == count
    assert len({*sets.training, *sets.test}) == 2 * count
    pattern = EMBEDDED if embedded else PLAIN
    assert all(pattern.fullmatch(string) for string in (*sets.training, *sets.test))
    assert tasks.reber_sets(count, rng=RNG(2), embedded=embedded) == sets
    assert tasks.reber_sets(count, rng=RNG(3), embedded=embedded) != sets


def test_sets_are_the_first_different_strings_dealt_out_by_chance():
    rng, found = RNG(6), []
    while len(found) < 40:
        string = tasks.reber_string(rng=rng)
        if string not in found:
            found.append(string)
    dealt = [found[i] for i in rng.permutation(40)]
    assert tasks.reber_sets(20, rng=RNG(6)) == (tuple(dealt[:20]), tuple(dealt[20:]))


def test_training_strings_are_as_long_as_test_strings():
    lengths = [[], []]
    for seed in range(6):
        for which, strings in zip(lengths, tasks.reber_sets(100, rng=RNG(seed)), strict=True):
            which.extend(map(len, strings))
    assert np.mean(lengths[0]) == pytest.approx(np.mean(lengths[1]), abs=0.6)


def test_a_batch_reads_one_symbol_and_asks_for_the_next():
    strings = ("BTBTXSETE", "BPBTSSXSEPE", "BPBPVVEPE")
    batch, legal = tasks.reber_batch(strings)
    assert batch.xs.shape == batch.targets.shape == batch.mask.shape == (10, 3)
    assert legal.shape == (10, 3, 7)
    assert batch.mask.dtype == legal.dtype == np.bool_
    for n, string in enumerate(strings):
        for t in range(10):
            goes_on = t < len(string) - 1
            assert batch.mask[t, n] == goes_on
            may = {tasks.REBER_SYMBOLS[i] for i in range(7) if legal[t, n, i]}
            if goes_on:
                assert tasks.REBER_SYMBOLS[batch.xs[t, n]] == string[t]
                assert tasks.REBER_SYMBOLS[batch.targets[t, n]] == string[t + 1]
                assert may == set(tasks.reber_legal(string)[t])
            else:
                assert tasks.REBER_SYMBOLS[batch.xs[t, n]] == "E"
                assert not may
    plain, _ = tasks.reber_batch(["BTXSE"], embedded=False)
    assert plain.xs.shape == (4, 1)


@pytest.mark.parametrize(
    ("strings", "says"),
    [
        ([], "strings: expected a list of at least one string, got []"),
        ("BTBTXSETE", "strings: expected a list"),
        (None, "strings: expected a list"),
        ({"BTBTXSETE"}, "strings: expected a list"),
        (["BTBTXSETE", "BTB"], "strings: expected whole strings, got 'BTB', which goes on with TP"),
        (["BTXSE"], "string: expected B at position 2"),
        ([1], "string: expected at least one symbol, got 1"),
    ],
)
def test_batches_that_are_none(strings, says):
    with pytest.raises(ArgumentError, match=f"^{re.escape(says)}"):
        tasks.reber_batch(strings)


def test_most_active_asks_every_legal_symbol_to_be_above_every_other():
    rng = RNG(4)
    outputs, legal = rng.normal(size=(5, 40, 7)), rng.random((5, 40, 7)) < 0.3
    outputs[0, 0], legal[0, 0] = 0, [True, False, False, False, False, False, False]  # a tie
    active = tasks.most_active(outputs, legal)
    seen = set()
    for t, n in itertools.product(range(5), range(40)):
        count = legal[t, n].sum()
        best = set(np.argsort(outputs[t, n])[7 - count :].tolist())
        right = best == set(np.flatnonzero(legal[t, n]).tolist()) and (t, n) != (0, 0)
        assert active[t, n] == right
        seen.add((right, min(count, 2)))
    assert {(True, 0), (True, 1), (False, 1), (False, 2)} <= seen
    assert not active[0, 0]


@pytest.mark.parametrize(
    ("outputs", "legal", "says"),
    [
        (None, np.ones((1, 1, 7), bool), "outputs: expected an array (T, N, 7), got NoneType"),
        (np.ones((1, 1, 7)), [[True]], "legal: expected an array (T, N, 7), got list"),
        (np.ones((2, 1, 7)), np.ones((1, 1, 7), bool), "outputs, legal: expected numbers and"),
        (np.ones((1, 1, 7)), np.ones((1, 1, 7)), "outputs, legal: expected numbers and"),
        (np.full((1, 1, 7), "a"), np.ones((1, 1, 7), bool), "outputs, legal: expected numbers"),
        (np.ones((0, 1, 7)), np.ones((0, 1, 7), bool), "outputs, legal: expected numbers and"),
    ],
)
def test_outputs_that_cannot_be_compared(outputs, legal, says):
    with pytest.raises(ArgumentError, match=f"^{re.escape(says)}"):
        tasks.most_active(outputs, legal)


def test_the_switch_and_the_generator():
    for call in (
        lambda: tasks.reber_string(rng=RNG(0), embedded=1),
        lambda: tasks.reber_legal("B", embedded="no"),
        lambda: tasks.reber_sets(2, rng=RNG(0), embedded=None),
        lambda: tasks.reber_batch(["BTXSE"], embedded=0),
    ):
        with pytest.raises(ArgumentError, match=r"^embedded: expected True or False"):
            call()
    for call in (lambda: tasks.reber_string(rng=0), lambda: tasks.reber_sets(2, rng=None)):
        with pytest.raises(ArgumentError, match=r"^rng: expected"):
            call()
    for count in (0, -1, 2.5, None):
        with pytest.raises(ArgumentError, match=r"^count: expected an integer"):
            tasks.reber_sets(count, rng=RNG(0))
