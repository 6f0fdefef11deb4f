"""Long lags: problems of 1997 and later, trained again from many seeds (chapter 12)."""

from unrolled.long_lags.learners import LEARNERS, Learner
from unrolled.long_lags.plan import PLAN, Row
from unrolled.long_lags.problems import PROBLEMS, Problem
from unrolled.long_lags.published import PUBLISHED, Published
from unrolled.long_lags.runs import Outcome, Settings, run
from unrolled.long_lags.store import STORE, Summary, rows, stored, summary

__all__ = [
    "LEARNERS",
    "PLAN",
    "PROBLEMS",
    "PUBLISHED",
    "STORE",
    "Learner",
    "Outcome",
    "Problem",
    "Published",
    "Row",
    "Settings",
    "Summary",
    "rows",
    "run",
    "stored",
    "summary",
]
