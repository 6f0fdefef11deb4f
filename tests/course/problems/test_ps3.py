"""Problem set 3, bounds and clipping: right answers in two spellings, wrong ones by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from course.problems.harness import assert_hint, assert_right, marked, problem

from unrolled.exercises.sets import set_problems

Answer = Callable[..., Any]

# Each form's largest slope and the place where it is, from the zeros of the second derivative
STEEPEST = (
    (3 * math.sqrt(3) / 8, 1 / math.sqrt(3)),
    (math.sqrt(2 / math.e), math.sqrt(0.5)),
    (0.5, math.asinh(1)),
    (4 / (3 * math.sqrt(3)), math.atanh(math.sqrt(1 / 3))),
    (0.75, math.atanh(math.sqrt(1 / 2))),
)
POWERS = (4, 3, 6, 5, 8)
forms = pytest.mark.parametrize("form", range(5))


def scale_by_norms(form: int) -> Answer:
    gamma = STEEPEST[form][0]

    def largest_scale(Wh, keep, lag, share):
        stretch = gamma * np.linalg.norm(Wh, ord=2, axis=(1, 2))
        return np.maximum(0.0, (share ** (1 / lag) - keep) / stretch)

    return largest_scale


def scale_net_by_net(form: int, **wrong: Any) -> Answer:
    """Take logarithms, and one net after the other."""

    def largest_scale(Wh, keep, lag, share):
        found = []
        for W, k, n, s in zip(Wh, keep, lag, share, strict=True):
            stretch = wrong.get("stretch", lambda W: np.linalg.svd(W)[1][0])(W)
            step = s if wrong.get("one_step") else math.exp(math.log(s) / n)
            step = s / n if wrong.get("added") else step
            c = (step - wrong.get("keep", k)) / (wrong.get("gamma", STEEPEST[form][0]) * stretch)
            found.append(c if wrong.get("uncut") else max(c, 0.0))
        return found

    return largest_scale


@forms
@pytest.mark.parametrize("write", [scale_by_norms, scale_net_by_net])
def test_right_scales_earn_all(form: int, write: Callable[[int], Answer]) -> None:
    assert_right("ps3.room", form, write(form))


@forms
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"gamma": 1.0}, "γ is not 1"),
        ({"stretch": lambda W: abs(np.linalg.eigvals(W)).max()}, "eigenvalues do not bound"),
        ({"stretch": np.linalg.norm}, "too careful"),
        ({"keep": 0.0}, "the kept state"),
        ({"one_step": True}, "once for every step"),
        ({"uncut": True}, "not negative"),
        ({"added": True}, "Which root of q"),
    ],
)
def test_wrong_scales_get_their_hint(form: int, wrong: dict[str, Any], words: str) -> None:
    assert_hint("ps3.room", form, scale_net_by_net(form, **wrong), words)


@forms
def test_the_place_of_the_largest_slope_is_not_the_slope(form: int) -> None:
    place = STEEPEST[form][1]
    assert_hint("ps3.room", form, scale_net_by_net(form, gamma=place), "not the place")


@forms
def test_the_scale_is_the_last_that_the_bound_promises(form: int) -> None:
    """Hold the oracle against the promise itself, with the largest slope found by hand."""
    asked = problem("ps3.room")
    settings = asked.variants[form].settings
    Wh, keep, lag, share = asked.draw(settings, np.random.default_rng(form))
    scale = asked.oracle.expected(settings, (Wh, keep, lag, share))
    stretch = STEEPEST[form][0] * np.linalg.norm(Wh, ord=2, axis=(1, 2))
    hopeless = scale == 0
    assert hopeless.sum() == 1
    assert np.all(keep[hopeless] ** lag[hopeless] > share[hopeless])
    for nudge, kept in ((1 - 1e-9, True), (1 + 1e-9, False)):
        bound = (keep + nudge * scale * stretch) ** lag
        assert np.all((bound <= share)[~hopeless] == kept)


def clip_stacked(form: int, **wrong: Any) -> Answer:
    """One stack of rows, each column divided by its largest entry before the powers."""
    p = wrong.get("p", POWERS[form])

    def clip_units(dWx, dWh, db, limit):
        stack = np.vstack([dWx, dWh, db])
        largest = np.abs(stack).max(axis=0)
        largest = np.where(largest == 0, 1.0, largest)
        length = largest * (np.abs(stack / largest) ** p).sum(axis=0) ** (1 / p)
        length = np.where(length == 0, limit, length)
        factor = limit / length if wrong.get("lengthens") else np.minimum(1.0, limit / length)
        if "measured" in wrong:  # whether to clip is asked of another number
            factor = np.where(wrong["measured"](stack, length) > limit, limit / length, 1.0)
        stack = stack * factor
        return stack[: len(dWx)], stack[len(dWx) : -1], stack[-1]

    return clip_units


def clip_by_logarithms(form: int) -> Answer:
    """Unit after unit, in plain Python: powers are multiples of logarithms."""
    p = POWERS[form]

    def clip_units(dWx, dWh, db, limit):
        dWx, dWh, db = dWx.copy(), dWh.copy(), db.copy()
        for k in range(len(db)):
            entries = [abs(float(g)) for g in [*dWx[:, k], *dWh[:, k], db[k]] if g]
            if not entries:
                continue
            top = max(math.log(g) for g in entries)
            length = top + math.log(sum(math.exp(p * (math.log(g) - top)) for g in entries)) / p
            factor = math.exp(min(0.0, math.log(limit) - length))
            dWx[:, k] *= factor
            dWh[:, k] *= factor
            db[k] *= factor
        return dWx, dWh, db

    return clip_units


def clip_plainly(form: int, group: str, *, rooted: bool = True) -> Answer:
    """What a reader writes first, in several readings of "a group"; huge powers overflow."""
    p = POWERS[form]

    def factor(sums, limit):
        length = sums ** (1 / p) if rooted else sums
        return np.minimum(1.0, limit / np.where(length == 0, limit, length))

    def clip_units(dWx, dWh, db, limit):
        a, b, c = (np.abs(each) ** p for each in (dWx, dWh, db))
        if group == "all":
            one = factor(a.sum() + b.sum() + c.sum(), limit)
            return one * dWx, one * dWh, one * db
        if group == "array":
            return tuple(
                factor(sums, limit) * each
                for sums, each in ((a.sum(), dWx), (b.sum(), dWh), (c.sum(), db))
            )
        if group == "piece":
            return (
                factor(a.sum(axis=0), limit) * dWx,
                factor(b.sum(axis=0), limit) * dWh,
                factor(c, limit) * db,
            )
        if group == "row":
            each = factor(a.sum(axis=0) + b.sum(axis=1) + c, limit)
            return each * dWx, each[:, None] * dWh, each * db
        each = factor(a.sum(axis=0) + b.sum(axis=0) + c, limit)
        return each * dWx, each * dWh, each * db

    def quietly(*arguments):
        with np.errstate(all="ignore"):
            return clip_units(*arguments)

    return quietly


@forms
@pytest.mark.parametrize("write", [clip_stacked, clip_by_logarithms])
def test_right_clipping_earns_all(form: int, write: Callable[[int], Answer]) -> None:
    assert_right("ps3.clip", form, write(form))


@forms
@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("unit", "overflow"),
        ("all", "one length for all units"),
        ("array", "one length for each array"),
        ("piece", "measured apart"),
        ("row", "its row or its column"),
    ],
)
def test_plain_clipping_gets_its_hint(form: int, group: str, words: str) -> None:
    assert_hint("ps3.clip", form, clip_plainly(form, group), words)


@forms
def test_other_wrong_clipping_gets_its_hint(form: int) -> None:
    assert_hint("ps3.clip", form, clip_stacked(form, p=2), "Euclidean")
    assert_hint("ps3.clip", form, clip_stacked(form, lengthens=True), "within the limit")
    assert_hint("ps3.clip", form, clip_plainly(form, "unit", rooted=False), "not yet a length")

    def by_entry(dWx, dWh, db, limit):
        return [np.maximum(-limit, np.minimum(limit, each)) for each in (dWx, dWh, db)]

    assert_hint("ps3.clip", form, by_entry, "the direction changes")


@forms
@pytest.mark.parametrize(
    "measured",
    [
        lambda stack, length: np.sqrt((np.minimum(np.abs(stack), 1e100) ** 2).sum(axis=0)),
        lambda stack, length: np.abs(stack).max(axis=0),
        lambda stack, length: np.minimum(length, 1e30) ** 3,
    ],
    ids=["Euclidean", "largest", "without the root"],
)
def test_the_right_factor_at_the_wrong_time_is_wrong(form: int, measured: Any) -> None:
    assert marked("ps3.clip", form, clip_stacked(form, measured=measured)).points < 4


@forms
def test_a_zero_group_divided_by_its_length_is_nan(form: int) -> None:
    def clip_units(dWx, dWh, db, limit):
        with np.errstate(all="ignore"):
            unit = np.where(db == 0, 0.0, db) / np.abs(db)
        return dWx * unit, dWh * unit, unit

    result = marked("ps3.clip", form, clip_units)
    assert (result.points, result.kind) == (0.0, "form")
    assert "NaN" in result.message


RIGHT = {"ps3.room": scale_by_norms, "ps3.clip": clip_stacked}


@pytest.mark.parametrize("problem_id", RIGHT)
def test_one_forms_answer_is_wrong_for_every_other(problem_id: str) -> None:
    for answered, asked in permutations(range(5), 2):
        result = marked(problem_id, asked, RIGHT[problem_id](answered))
        assert result.points == 0, (answered, asked)
        assert result == marked(problem_id, asked, RIGHT[problem_id](answered))


@pytest.mark.parametrize("asked", set_problems("ps3"), ids=lambda asked: asked.id)
@forms
def test_stubs_nan_and_changed_arguments_earn_nothing(asked: Any, form: int) -> None:
    parts = max(1, len(asked.parts))
    call = asked.draw(asked.variants[form].settings, np.random.default_rng(0))

    def changing(*arguments):
        arguments[0][...] = 0.5
        return arguments[:parts] if parts > 1 else arguments[0]

    expected = asked.oracle.expected(asked.variants[form].settings, call)
    nans = (
        tuple(np.full_like(part, np.nan) for part in expected)
        if asked.parts
        else np.full_like(expected, np.nan)
    )
    for answer, word in (
        (lambda *arguments: None, "returns nothing"),
        (lambda *arguments: "gradient", "expected"),
        (changing, "changed its argument"),
        (lambda *arguments: 1 / 0, "ZeroDivisionError"),
    ):
        result = marked(asked.id, form, answer)
        assert result.points == 0
        assert word in result.message
    sizes = {np.shape(part) for part in (nans if asked.parts else (nans,))}
    assert () not in sizes
    assert marked(asked.id, form, lambda *arguments: nans).points == 0


def test_the_set_is_worth_twenty_points_and_rises() -> None:
    points = [asked.points for asked in set_problems("ps3")]
    assert sum(points) == 20
    assert points == sorted(points)


def test_the_pages_example_of_a_size_is_right() -> None:
    for variant in problem("ps3.clip").variants:
        size = sum(abs(g) ** variant.settings for g in (3, 4)) ** (1 / variant.settings)
        assert variant.words["example"].endswith(f" {size:.3f}")
        assert f"{{1/{variant.settings}}}" in variant.words["length"]
