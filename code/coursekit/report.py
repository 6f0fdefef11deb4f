"""What an instructor reads after grading: how it went, what was hard, what was refused."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from coursekit.intake import NOTHING, Refused
from coursekit.marking import OTHER_FORMS
from coursekit.pages import page
from coursekit.plain import printable
from coursekit.records import Score
from coursekit.store import Kept
from unrolled.exercises.problems import Problem
from unrolled.exercises.sets import set_problems

BINS = 10
MESSAGES = 3
"""How many of the most common messages are shown for a problem."""
NAMES = 300
"""How many students or files a list names; a number stands for the rest."""
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


class Question(NamedTuple):
    """How one problem went, over all that handed something in."""

    problem: str
    title: str
    out_of: int
    mean: float
    right: int
    """Students with all points."""
    time_outs: int
    kinds: tuple[tuple[str, int], ...]
    messages: tuple[tuple[str, int], ...]
    """The most common ones, with how many students got each; numbers are left out."""
    alike: tuple[tuple[str, ...], ...]
    """Groups of students whose cells for it are the same text."""


class Report(NamedTuple):
    """A problem set as graded."""

    problem_set: str
    out_of: int
    totals: tuple[float, ...]
    """Points of those who handed something in, rising."""
    questions: tuple[Question, ...]
    """The hardest first."""
    refused: tuple[Refused, ...]
    unread: tuple[tuple[str, str], ...]
    """Students whose file was read, and held nothing to grade, each with the reason."""
    missing: tuple[str, ...]
    """Students who handed in nothing."""
    other_forms: int = 0
    """Students with an answer that is not right to a form that is not theirs."""


def summarise(problem_set: str, kept: Iterable[Kept], refused: Sequence[Refused]) -> Report:
    """Count.

    Parameters
    ----------
    problem_set : str
        ``"ps1"``.
    kept : iterable of Kept
        Everybody's marks, gone through once.
    refused : sequence of Refused
        Files that were not read.

    Returns
    -------
    Report
        What :func:`as_text` and :func:`as_html` show.
    """
    problems = set_problems(problem_set)
    tallies = {problem.short: _Tally() for problem in problems}
    totals, missing, unread, other_forms = [], [], [], 0
    named = {each.student for each in refused}
    for each in kept:
        scores = each.marks.scores
        if all(score.kind == "refused" for score in scores):
            if {score.message for score in scores} == {NOTHING}:
                missing.append(each.marks.student)
                continue
            if each.marks.student not in named:
                unread.append((each.marks.student, scores[0].message))
        totals.append(sum(score.points for score in scores))
        other_forms += any(score.message.startswith(OTHER_FORMS) for score in scores)
        for score in scores:
            if score.problem in tallies:
                source = each.answers.get(score.problem, "")
                tallies[score.problem].add(each.marks.student, score, source)
    questions = [tallies[problem.short].question(problem) for problem in problems]
    return Report(
        problem_set,
        sum(problem.points for problem in problems),
        tuple(sorted(totals)),
        tuple(sorted(questions, key=lambda question: question.mean / question.out_of)),
        tuple(refused),
        tuple(unread),
        tuple(missing),
        other_forms,
    )


class _Tally:
    """The scores of one problem, added up as they come."""

    def __init__(self) -> None:
        self.points: list[float] = []
        self.kinds: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()
        self.texts: dict[bytes, list[str]] = {}

    def add(self, student: str, score: Score, source: str) -> None:
        self.points.append(score.points)
        self.kinds[score.kind] += 1
        if score.kind != "right":
            self.messages[printable(NUMBER.sub("…", score.message), 160)] += 1
        if score.points > 0 and source:
            self.texts.setdefault(_fingerprint(source), []).append(student)

    def question(self, problem: Problem) -> Question:
        alike = sorted(tuple(group) for group in self.texts.values() if len(group) > 1)
        return Question(
            problem.short,
            problem.title,
            problem.points,
            sum(self.points) / max(1, len(self.points)),
            self.kinds["right"],
            self.kinds["time"],
            tuple(self.kinds.most_common()),
            tuple(self.messages.most_common(MESSAGES)),
            tuple(alike),
        )


def _fingerprint(source: str) -> bytes:
    """Make equal what differs by empty lines and blanks at the ends of lines alone."""
    lines = [line.rstrip() for line in source.splitlines() if line.strip()]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).digest()


def mean(report: Report) -> float:
    """Give the mean of the points."""
    return sum(report.totals) / max(1, len(report.totals))


def bins(report: Report) -> tuple[tuple[str, int], ...]:
    """Count the totals in ten equal ranges, the best points in the last.

    Parameters
    ----------
    report : Report
        The points.

    Returns
    -------
    tuple
        For each range its words, ``"2–4"``, and how many totals lie in it.
    """
    width = report.out_of / BINS
    counts = Counter(min(BINS - 1, int(total / width)) for total in report.totals)
    return tuple(
        (f"{place * width:g}–{(place + 1) * width:g}", counts[place]) for place in range(BINS)
    )


def as_text(report: Report) -> str:
    """Write a report for a terminal.

    Parameters
    ----------
    report : Report
        The numbers.

    Returns
    -------
    str
        Some lines.
    """
    first = (
        f"{report.problem_set}: {len(report.totals)} handed in, mean {mean(report):.1f} "
        f"of {report.out_of} points; {len(report.missing)} handed in nothing."
    )
    lines = [first]
    for question in report.questions:
        line = (
            f"  {question.problem:<16} mean {question.mean:.1f} of {question.out_of}, "
            f"right {question.right}"
        )
        lines.append(line + (f", too slow {question.time_outs}" if question.time_outs else ""))
    lines += [
        f"  nothing to grade from {who}: {printable(why)}" for who, why in report.unread[:NAMES]
    ]
    if len(report.unread) > NAMES:
        lines.append(f"  and {len(report.unread) - NAMES} more with nothing to grade")
    if report.other_forms:
        lines.append(
            f"  other forms than the student's in {report.other_forms} notebooks, and not right: "
            "was the seed changed, or the folder release handed out?"
        )
    lines += [f"  refused {each.path}: {each.reason}" for each in report.refused[:NAMES]]
    if len(report.refused) > NAMES:
        lines.append(f"  and {len(report.refused) - NAMES} more refused")
    return "\n".join(lines)


def as_html(report: Report, course: str) -> str:
    """Write a report as a page of its own, without scripts.

    Parameters
    ----------
    report : Report
        The numbers.
    course : str
        The course's title.

    Returns
    -------
    str
        HTML in which nothing that a student wrote is markup.
    """
    ranges = bins(report)
    return page(
        "report",
        report=report,
        course=printable(course),
        mean=mean(report),
        median=median(report.totals or (0.0,)),
        ranges=ranges,
        most=max(1, *(count for _, count in ranges)),
        names=NAMES,
    )
