"""Which form of each problem a student gets: drawn from the course's seed, always the same."""

from __future__ import annotations

import hashlib

from unrolled.exercises.sets import DIGITS, set_problems


def form_code(problem_set: str, seed: str, student: str) -> str:
    """Draw a student's forms of a problem set.

    A form is taken by a hash and not by a generator, so that it depends on
    neither the roster's order nor on any library's version.

    Parameters
    ----------
    problem_set : str
        ``"ps1"``.
    seed : str
        The course's secret; empty, everybody gets the forms that the book shows.
    student : str
        The student's id.

    Returns
    -------
    str
        A digit for each problem, as ``unrolled.exercises.problem_set`` takes it.
    """
    problems = set_problems(problem_set)
    if not seed:
        return DIGITS[0] * len(problems)
    code = ""
    for problem in problems:
        text = "\0".join((seed, student, problem.id))
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        code += DIGITS[number % len(problem.variants)]
    return code
