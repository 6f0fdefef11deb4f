"""What every problem set's tests ask: right answers earn all, wrong ones the fitting hint.

``assert_right(id, form, answer)`` holds an answer against the questions of many
seeds, ``assert_hint(id, form, answer, *words)`` a wrong answer against the words
of its hint, and ``marked`` gives the mark itself. A form is a position in the
problem's variants. No time is measured: how large a call is, each set's own
test counts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from unrolled.exercises.calling import call
from unrolled.exercises.papers import Mark, Paper, Reply, draw_paper, mark
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import set_problems


def problem(problem_id: str) -> Problem:
    """Find a problem by its id, ``"ps1.leaky"``."""
    name = problem_id.partition(".")[0]
    return next(each for each in set_problems(name) if each.id == problem_id)


@lru_cache(maxsize=24)  # the seeds of one form: several answers to the same questions
def paper(problem_id: str, form: int, seed: int) -> Paper:
    """Draw the questions of one seed."""
    asked = problem(problem_id)
    return draw_paper(asked, asked.variants[form], np.random.default_rng(seed))


def answered(asked: Paper, answer: Callable[..., Any]) -> list[Reply]:
    """Call an answer as the grader does, until the first problem."""
    replies = []
    for arguments in asked.calls:
        replies.append(Reply(*call(answer, arguments)))
        if replies[-1].problem is not None:
            break
    return replies


def marked(problem_id: str, form: int, answer: Callable[..., Any], seed: int = 0) -> Mark:
    """Mark an answer on the questions of one seed, as the grader does, without a time limit."""
    asked = paper(problem_id, form, seed)
    return mark(asked, answered(asked, answer))


def assert_right(problem_id: str, form: int, answer: Callable[..., Any], seeds: int = 5) -> None:
    """Hold an answer against the questions of many seeds."""
    for seed in range(seeds):
        result = marked(problem_id, form, answer, seed)
        assert (result.points, result.message) == (result.out_of, "right."), f"seed {seed}"


def assert_hint(problem_id: str, form: int, answer: Callable[..., Any], *words: str) -> None:
    """Hold a wrong answer against its hint: less than all points, and the words that fit."""
    for seed in range(2):
        result = marked(problem_id, form, answer, seed)
        assert result.points < result.out_of
        for word in words:
            assert word in result.message, f"seed {seed}: {result.message}"
