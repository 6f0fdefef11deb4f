"""What every problem set's tests ask: right answers earn all, wrong ones the fitting hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.exercises.calling import call
from unrolled.exercises.papers import Mark, Reply, draw_paper, mark
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import set_problems


def problem(problem_id: str) -> Problem:
    """Find a problem by its id, ``"ps1.leaky"``."""
    name = problem_id.partition(".")[0]
    return next(each for each in set_problems(name) if each.id == problem_id)


def marked(problem_id: str, form: int, answer: Callable[..., Any], seed: int = 0) -> Mark:
    """Mark an answer on the questions of one seed, as the grader does, without a time limit."""
    asked = problem(problem_id)
    paper = draw_paper(asked, asked.variants[form], np.random.default_rng(seed))
    replies = []
    for arguments in paper.calls:
        replies.append(Reply(*call(answer, arguments)))
        if replies[-1].problem is not None:
            break
    return mark(paper, replies)


def assert_right(problem_id: str, form: int, answer: Callable[..., Any], seeds: int = 20) -> None:
    """Hold an answer against the questions of many seeds."""
    for seed in range(seeds):
        result = marked(problem_id, form, answer, seed)
        assert (result.points, result.message) == (result.out_of, "right."), f"seed {seed}"


def assert_hint(problem_id: str, form: int, answer: Callable[..., Any], *words: str) -> None:
    """Hold a wrong answer against its hint: less than all points, and the words that fit."""
    for seed in range(3):
        result = marked(problem_id, form, answer, seed)
        assert result.points < result.out_of
        for word in words:
            assert word in result.message, f"seed {seed}: {result.message}"
