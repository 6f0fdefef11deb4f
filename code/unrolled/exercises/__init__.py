"""Live checks for the reader's own answers: right, or a hint that fits the mistake.

Each chapter's exercises stand in a module of their own, ``ch1`` and so on; the problem
sets, which a course grades, in ``ps1`` and so on.
"""

from unrolled.exercises.checking import Result, check
from unrolled.exercises.model import Exercise, Mistake
from unrolled.exercises.sets import ProblemSet, problem_set

__all__ = ["Exercise", "Mistake", "ProblemSet", "Result", "check", "problem_set"]
