"""Ask a problem and mark what came back: the same for a live check and for grading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.calling import copies
from unrolled.exercises.comparing import difference, malformed
from unrolled.exercises.problems import Judge, Problem, Variant


class Paper(NamedTuple):
    """One problem with the questions drawn for it."""

    problem: Problem
    variant: Variant
    calls: tuple[tuple[Any, ...], ...]
    """The arguments of every call: the small ones, then the large one."""
    expected: tuple[Any, ...]
    """The answers to the small calls."""
    form: Any
    """Arrays of the shapes that the large call's answer has."""
    judge: Judge


class Reply(NamedTuple):
    """What one call gave: a value, or one sentence saying why there is none."""

    value: Any
    problem: str | None = None
    kind: str = "error"
    """What sort of problem: ``"error"``, or what a sandbox noticed, ``"time"`` say."""


class Mark(NamedTuple):
    """What an answer earns, and what to say about it."""

    points: float
    out_of: int
    message: str
    kind: str
    """``"right"``, ``"part"``, ``"wrong"``, ``"form"``, or the kind of the reply's problem."""


def draw_paper(problem: Problem, variant: Variant, rng: np.random.Generator) -> Paper:
    """Draw fresh questions and find what is right.

    Parameters
    ----------
    problem : Problem
        What is asked.
    variant : Variant
        In which form.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Paper
        ``problem.draws`` small calls and a large one.
    """
    settings = variant.settings
    small = tuple(problem.draw(settings, rng) for _ in range(problem.draws))
    large = problem.large(settings, rng)
    expected = tuple(problem.oracle.expected(settings, copies(call)) for call in small)
    form, judge = problem.oracle.judge(settings, copies(large), rng, problem.tolerance)
    return Paper(problem, variant, (*small, large), expected, form, judge)


def mark(paper: Paper, replies: Sequence[Reply]) -> Mark:
    """Mark the replies to a paper's calls.

    All points where every part is right in every call. Where at least half of
    the parts are, that share of the points. Nothing where a call gave no value
    of the right form.

    Parameters
    ----------
    paper : Paper
        What was asked.
    replies : sequence of Reply
        In the order of the calls; may end with the first that holds a problem.

    Returns
    -------
    Mark
        Points, and a sentence: a hint that fits the mistake, never the answer.
    """
    problem = paper.problem
    spoilt = next((reply for reply in replies if reply.problem is not None), None)
    if spoilt is not None:
        return Mark(0.0, problem.points, str(spoilt.problem), spoilt.kind)
    if len(replies) != len(paper.calls):
        return Mark(0.0, problem.points, "some calls were not answered.", "error")
    values = [reply.value for reply in replies]
    forms = (*paper.expected, paper.form)
    found = (malformed(problem, got, form) for got, form in zip(values, forms, strict=True))
    misfit = next((each for each in found if each is not None), None)
    if misfit is not None:
        return Mark(0.0, problem.points, misfit, "form")
    with np.errstate(all="ignore"):  # numbers of any size are compared, and are wrong
        return _compared(paper, values)


def _compared(paper: Paper, values: list[Any]) -> Mark:
    problem, (*small, large) = paper.problem, values
    names = problem.parts or ("the result",)
    right = dict(zip(names, paper.judge(_parts(large, paper.form)), strict=True))
    wrong_when_large = None if all(right.values()) else _large_problem(right)
    wrong: str | None = None
    for got, expected in zip(small, paper.expected, strict=True):
        for name, g, e in zip(
            names, _parts(got, expected), _parts(expected, expected), strict=True
        ):
            found = difference(problem, g, e, name)
            right[name] = right[name] and found is None
            wrong = wrong or found
    if all(right.values()):
        return Mark(float(problem.points), problem.points, "right.", "right")
    hint = _hint(paper, small) if wrong else None
    kept = [name for name, is_right in right.items() if is_right]
    share = len(kept) / len(right) if 2 * len(kept) >= len(right) else 0.0
    message = hint or wrong or wrong_when_large or ""
    if share:
        message += f" Right: {', '.join(kept)}."
    kind = "part" if share else "wrong"
    return Mark(round(problem.points * share, 2), problem.points, message, kind)


def _hint(paper: Paper, small: Sequence[Any]) -> str | None:
    """Name the mistake that explains every small call."""
    for mistake in paper.problem.mistakes:
        if all(
            difference(
                paper.problem, got, mistake.answer(paper.variant.settings, *copies(arguments))
            )
            is None
            for got, arguments in zip(small, paper.calls, strict=False)
        ):
            return mistake.hint
    return None


def _large_problem(right: Mapping[str, bool]) -> str:
    wrong = [name for name, is_right in right.items() if not is_right]
    return (
        f"right on small arrays, but not on large ones ({', '.join(wrong)}): "
        "does it work for every size?"
    )


def _parts(value: Any, form: Any) -> tuple[Any, ...]:
    """Give the values that an answer of this form has: a list may also be one array."""
    return tuple(value) if isinstance(form, tuple) else (value,)
