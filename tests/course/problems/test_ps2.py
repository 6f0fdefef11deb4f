"""Problem set 2: right answers in two spellings, wrong ones by hand, in every form."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from course.problems.harness import assert_hint, assert_right, marked, problem
from course.problems.ps2_answers import (
    BOTH,
    ROUTES,
    SKIP,
    both_arrays,
    both_walk,
    routes_back,
    routes_forward,
    routes_solved,
    routes_wrong,
    skip_arrays,
    skip_walk,
)

from unrolled.exercises.papers import draw_paper
from unrolled.exercises.sets import set_problems
from unrolled.shapes import ArgumentError, ShapeError

PAGE = (Path(__file__).parents[3] / "book/exercises/ps2.md").read_text(encoding="utf-8")

routes_forms = pytest.mark.parametrize("form", range(len(ROUTES)))
skip_forms = pytest.mark.parametrize("form", range(len(SKIP)))
both_forms = pytest.mark.parametrize("form", range(len(BOTH)))


# Routes


@pytest.mark.parametrize("answer", [routes_back, routes_solved, routes_forward])
@routes_forms
def test_right_sums_of_routes_earn_all(form: int, answer: Callable[..., Any]) -> None:
    assert_right("ps2.routes", form, answer(form))


@routes_forms
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("counts", "numbers of routes"),
        ("no empty route", "standing still"),
        ("leaving", "arrives at t"),
        ("from the first", "Which end of a route"),
        ("short only", "only the short steps"),
        ("one long", "more than one long step"),
        ("never mixed", "mix short and long"),
        ("too far", "one too far"),
        ("zeros", "With what does the walk begin"),
        ("reversed", "wrong order"),
    ],
)
def test_wrong_sums_of_routes_are_told(form: int, name: str, words: str) -> None:
    assert_hint("ps2.routes", form, routes_wrong(form, name), words)


@routes_forms
def test_the_slow_sums_are_right_and_cannot_pass(form: int) -> None:
    k = ROUTES[form]
    asked = problem("ps2.routes")
    given = asked.given(asked.variants[form].settings)
    rng = np.random.default_rng(1)
    w, v = asked.draw(k, rng)
    assert np.allclose(given["slow_sums"](w, v), routes_back(form)(w, v), rtol=1e-13)
    T = len(asked.large(k, rng)[0])
    counts = [0] * (k - 1) + [1]  # Python's own integers: how many routes end here
    for _ in range(T - 1):
        counts.append(counts[-1] + counts[-k])
    assert counts[-1] > 10**60
    listed = given["list_routes"](2, 2 + 2 * k)
    assert len(listed) == len(set(listed)) == counts[k - 1 + 2 * k]
    assert {t - s for route in listed for s, t in pairwise(route)} == {1, k}


@routes_forms
def test_routes_that_would_fill_the_memory_are_not_listed(form: int) -> None:
    asked = problem("ps2.routes")
    given = asked.given(asked.variants[form].settings)
    for call in (
        lambda: given["list_routes"](0, 25),
        lambda: given["slow_sums"](np.ones(26), np.ones(26)),
    ):
        with pytest.raises(ArgumentError, match=r"expected at most 24 steps .* got 25\."):
            call()
    assert marked("ps2.routes", form, given["slow_sums"]).points == 0


@routes_forms
def test_huge_sums_are_no_way_around_the_large_call(form: int) -> None:
    right = routes_back(form)
    for huge in (1e200, 1e308):
        answer = lambda w, v, huge=huge: right(w, v) * (1 if len(w) < 100 else huge)  # noqa: E731
        assert marked("ps2.routes", form, answer).points == 0


# Skip


@pytest.mark.parametrize("answer", [skip_walk, skip_arrays])
@skip_forms
def test_right_gradients_of_the_look_back_earn_all(form: int, answer: Callable[..., Any]) -> None:
    assert_right("ps2.skip", form, answer(form))


@skip_forms
@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("slope", "slope of φ is missing"),
        ("tanh", "slope of tanh"),
        ("look back", "Which later step reads it"),
        ("one step", "Who else reads it"),
        ("last use", "last use only"),
        ("last loss", "from above at every state"),
        ("newest start", "before h_0 hear nothing"),
        ("reversed", "wrong order"),
        ("transposed", "Which of their two axes"),
    ],
)
def test_wrong_gradients_of_the_look_back_are_told(form: int, slip: str, words: str) -> None:
    assert_hint("ps2.skip", form, skip_walk(form, slip), words)


@skip_forms
def test_first_states_of_another_number_are_refused(form: int) -> None:
    asked = problem("ps2.skip")
    given = asked.given(asked.variants[form].settings)
    _, xs, h0s, *weights = asked.draw(asked.variants[form].settings, np.random.default_rng(0))
    _, N, H = h0s.shape
    assert given["zero_states"](N, H).shape == h0s.shape
    assert given["forward"](xs, h0s, *weights).shape == (len(xs), N, H)
    with pytest.raises(ShapeError, match=r"h0s: expected \d first states"):
        given["forward"](xs, h0s[1:], *weights)


# Both


@pytest.mark.parametrize("answer", [both_walk, both_arrays])
@both_forms
def test_right_gradients_of_both_ways_earn_all(form: int, answer: Callable[..., Any]) -> None:
    assert_right("ps2.both", form, answer(form))


@both_forms
@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ("slope", "slope of φ is missing"),
        ("tanh", "slope of tanh"),
        ("join", "y is a product"),
        ("weights", "Who else uses them"),
        ("inputs", "Who else reads the inputs"),
        ("start", "Who else begins there"),
        ("direct", "before any step"),
        ("not carried", "from the right, a state hears of its own y only"),
        ("left not carried", "from the left, a state hears of its own y only"),
        ("same step", "Look at the indices"),
        ("transposed", "Which of their two axes"),
    ],
)
def test_wrong_gradients_of_both_ways_are_told(form: int, slip: str, words: str) -> None:
    assert_hint("ps2.both", form, both_walk(form, slip), words)


# All three

RIGHT = {"ps2.routes": routes_back, "ps2.skip": skip_walk, "ps2.both": both_walk}
ALL_FORMS = [(name, form) for name in RIGHT for form in range(len(problem(name).variants))]


@pytest.mark.parametrize(("name", "form"), ALL_FORMS)
def test_stubs_nan_and_changed_arguments_earn_nothing(name: str, form: int) -> None:
    right = RIGHT[name](form)

    def nan(*arguments: Any) -> Any:
        got = right(*arguments)
        return got * np.nan if name == "ps2.routes" else (*got[:-1], got[-1] * np.nan)

    def changing(*arguments: Any) -> Any:
        got = right(*arguments)
        arguments[0][...] += 1
        return got

    for answer, words in (
        (lambda *_: None, "returns nothing yet"),
        (lambda *_: ..., "returns nothing yet"),
        (nan, "NaN"),
        (changing, "changed its argument"),
    ):
        result = marked(name, form, answer)
        assert result.points == 0
        assert words in result.message


@pytest.mark.parametrize("name", RIGHT)
def test_the_answer_to_one_form_is_wrong_for_every_other(name: str) -> None:
    forms = range(len(problem(name).variants))
    for mine, other in permutations(forms, 2):
        assert marked(name, other, RIGHT[name](mine)).points < problem(name).points / 2


@pytest.mark.parametrize(("name", "form"), ALL_FORMS)
def test_questions_are_reproducible_fresh_and_left_alone(name: str, form: int) -> None:
    asked = problem(name)

    @cache
    def calls(seed: int) -> tuple[Any, ...]:
        paper = draw_paper(asked, asked.variants[form], np.random.default_rng(seed))
        assert all(np.all(a != 0) for call in paper.calls for a in call)
        if name != "ps2.routes":
            assert all(np.all(part != 0) for each in paper.expected for part in each)
        return paper.calls

    again = draw_paper(asked, asked.variants[form], np.random.default_rng(3)).calls
    for one, other in zip(calls(3), again, strict=True):
        assert all(np.array_equal(a, c) for a, c in zip(one, other, strict=True))
    assert not np.array_equal(calls(3)[-1][0], calls(4)[-1][0])


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name, form in ALL_FORMS if name != "ps2.routes"]
)
def test_numeric_differentiation_takes_far_too_long(name: str, form: int) -> None:
    """Count forwards of the large call, where all sequences are nudged side by side.

    An entry costs more than 1 ms: one complex forward, measured 3 to 6 ms, or two real ones of
    0.8 to 1.8 ms. The limit is 1 s.
    """
    asked = problem(name)
    settings = asked.variants[form].settings
    large = asked.large(settings, np.random.default_rng(0))
    arguments = dict(zip(("above", *asked.parts), large, strict=True))
    batched = {"dxs", "dh0s", "dh0"}
    N = arguments["dxs"].shape[1]
    seconds = {
        part: 0.001 * arguments[part].size / (N if part in batched else 1) for part in asked.parts
    }
    assert {part for part in asked.parts if seconds[part] < 5} <= {"dh0s", "dh0", "db"}
    assert sum(seconds.values()) > 20
    assert 2 * len([part for part in asked.parts if seconds[part] < 5]) < len(asked.parts)


@pytest.mark.parametrize("name", RIGHT)
def test_the_page_says_the_first_form_and_could_say_each(name: str) -> None:
    asked = problem(name)
    _, found, rest = PAGE.partition(f"(ps2-{name.partition('.')[2]})=\n")
    assert found
    section = rest.partition("\n(ps2-")[0].partition("\n## After")[0]
    assert section.startswith("## Problem ")
    assert f": {asked.title} ({asked.points} points)\n" in section
    assert f"points: {asked.points}\n" in section
    assert f"\ndef {asked.function}(" in section
    for word in asked.variants[0].words.values():
        assert section.count(word) == 1
    for variant in asked.variants:
        assert variant.words.keys() == asked.variants[0].words.keys()
    assert len({tuple(each.words.values()) for each in asked.variants}) == len(asked.variants)


def test_the_points_are_twenty_in_the_table_too() -> None:
    points = [asked.points for asked in set_problems("ps2")]
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d\. ", line)]
    assert [int(row.split("|")[3]) for row in rows] == points
    assert sum(points) == 20


@pytest.mark.parametrize("name", ["ps2.skip", "ps2.both"])
def test_mistakes_keep_the_values_of_the_forward(name: str) -> None:
    """A mistake's answer is finite and differs from the right one in every form."""
    asked = problem(name)
    for variant in asked.variants:
        call = asked.draw(variant.settings, np.random.default_rng(5))
        right = asked.oracle.expected(variant.settings, call)
        for mistake in asked.mistakes:
            wrong = mistake.answer(variant.settings, *call)
            assert all(np.isfinite(part).all() for part in wrong)
            gaps = [np.abs(g - r).max() for g, r in zip(wrong, right, strict=True)]
            assert max(gaps) > 1e-6
