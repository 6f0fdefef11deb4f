"""The problem sets, as a page or a notebook opens them: the functions given, the live checks."""

from __future__ import annotations

import os
import string
import time
from importlib import import_module
from types import SimpleNamespace

import numpy as np

from unrolled.exercises.calling import call
from unrolled.exercises.checking import Result
from unrolled.exercises.papers import Paper, Reply, draw_paper, mark
from unrolled.exercises.problems import Problem, Variant
from unrolled.shapes import ArgumentError, check_rng

SECONDS = 1
"""Processor time that the grader allows for all calls of one problem."""
DIGITS = string.digits + string.ascii_lowercase


class ProblemSet:
    """A problem set in one form of each problem.

    Made by :func:`problem_set`.
    """

    def __init__(self, name: str, problems: tuple[Problem, ...], code: str) -> None:
        self.name = name
        self.problems = problems
        self.code = code

    def __repr__(self) -> str:
        """Say what it holds."""
        titles = ", ".join(problem.short for problem in self.problems)
        return f"{self.name}, form {self.code}: {titles}"

    def __getitem__(self, short: str) -> SimpleNamespace:
        """Give the functions that a problem gives, ``ps1["leaky"].forward``."""
        problem = self.problem(short)
        return SimpleNamespace(**problem.given(self.variant(short).settings))

    def problem(self, short: str) -> Problem:
        """Look a problem up by its short name, ``"leaky"``."""
        for problem in self.problems:
            if problem.short == short:
                return problem
        names = [problem.short for problem in self.problems]
        raise ArgumentError(f"problem: expected one of {names}, got {short!r}.")

    def variant(self, short: str) -> Variant:
        """Give the form that a problem has here."""
        problem = self.problem(short)
        digit = self.code[self.problems.index(problem)]
        return problem.variants[DIGITS.index(digit)]

    def check(
        self, short: str, answer: object, *, rng: np.random.Generator | None = None
    ) -> Result | float:
        """Ask the grader's questions here, in the reader's own process: help, not grading.

        Parameters
        ----------
        short : str
            The problem's name, ``"leaky"``.
        answer : callable
            The reader's function.
        rng : numpy.random.Generator, optional
            Where the questions are drawn from; fresh ones at every call if left out.

        Returns
        -------
        Result or float
            One line for the reader. Where nbgrader runs the notebook, the points,
            which is what it reads.

        Raises
        ------
        ArgumentError
            No such problem.
        """
        problem = self.problem(short)
        rng = np.random.default_rng() if rng is None else rng
        check_rng(rng)
        if not callable(answer):
            what = f"expected a function, got {type(answer).__name__}: pass its name without ()."
            result, points = Result(problem.id, False, what), 0.0
        else:
            paper = draw_paper(problem, self.variant(short), rng)
            points, out_of, message, _ = mark(paper, _replies(paper, answer))
            told = f"{points:g} of {out_of} points: {message}"
            result = Result(problem.id, points == out_of, told)
        if os.environ.get("NBGRADER_EXECUTION"):
            print(result)
            return points
        return result


def problem_set(name: str, code: str = "") -> ProblemSet:
    """Open a problem set.

    Parameters
    ----------
    name : str
        ``"ps1"``.
    code : str
        Which form each problem has, a digit (or, past nine, a letter) for each in
        order; left out, the forms that the book shows.

    Returns
    -------
    ProblemSet
        ``.check(short, function)`` checks; ``[short]`` holds what a problem gives.

    Raises
    ------
    ArgumentError
        No such set, or a code that fits none of its forms.
    """
    problems = set_problems(name)
    code = code or DIGITS[0] * len(problems)
    fits = len(code) == len(problems) and all(
        digit in DIGITS[: len(problem.variants)]
        for digit, problem in zip(code, problems, strict=True)
    )
    if not fits:
        counts = [len(problem.variants) for problem in problems]
        raise ArgumentError(
            f"code: expected {len(problems)} digits, each below {counts} in turn, got {code!r}. "
            "Copy it from the first code cell of your notebook as it was handed out."
        )
    return ProblemSet(name, problems, code)


def set_problems(name: str) -> tuple[Problem, ...]:
    """Give a set's problems in order.

    Parameters
    ----------
    name : str
        ``"ps1"``.

    Returns
    -------
    tuple of Problem
        In the order of the page.

    Raises
    ------
    ArgumentError
        No such set.
    """
    known_form = isinstance(name, str) and name[:2] == "ps" and name[2:].isdecimal()
    try:
        module = import_module(f"unrolled.exercises.{name}") if known_form else None
    except ModuleNotFoundError:
        module = None
    if module is None:
        raise ArgumentError(f"name: expected a problem set, 'ps1' say, got {name!r}.")
    problems: tuple[Problem, ...] = module.PROBLEMS
    return problems


def _replies(paper: Paper, answer: object) -> list[Reply]:
    """Call the reader's function here, until the first problem."""
    replies: list[Reply] = []
    started = time.process_time()
    for arguments in paper.calls:
        replies.append(Reply(*call(answer, arguments)))
        if replies[-1].problem is not None:
            return replies
    spent = time.process_time() - started
    if spent > SECONDS:
        slow = (
            f"it took {spent:.1f} s of processor time; {SECONDS} s is allowed. The last call is "
            "large: loops over entries, numeric differentiation, and arrays far larger than the "
            "arguments are too slow for it."
        )
        replies[-1] = Reply(None, slow, "time")
    return replies
