"""The one writer of a run: marks go into their files, and from there into the gradebook."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

from coursekit import store
from coursekit.forms import form_code
from coursekit.records import Course, Job, Marks, Submission
from coursekit.store import Kept
from unrolled.exercises.sets import set_problems

SAVERS = 4
"""Files on their way to the disk at once: each waits for it, and they can wait together."""


class Book(Protocol):
    """What a run asks of the gradebook."""

    def prepare(self, problem_set: str, notebook: Any = None, students: Any = ()) -> None:
        """Register the set and the students."""

    def record(self, problem_set: str, marks: Marks) -> None:
        """Put a student's marks in place."""

    def grades(self, problem_set: str) -> Mapping[str, Mapping[str, Any]]:
        """Read what stands there."""


class Desk(NamedTuple):
    """What every step of a run needs."""

    course: Course
    problem_set: str
    seed: int
    book: Book

    def job(self, submission: Submission) -> Job:
        """Make the job of a submission."""
        code = form_code(self.problem_set, self.course.seed, submission.student)
        return Job(submission, code, self.seed, self.course.limits)

    def save(self, marks: Marks, answers: Mapping[str, str]) -> Marks:
        """Put marks into their file, the source of truth; they go into the gradebook next."""
        store.save(self.course, Kept(marks, answers, store.now()))
        return marks

    def saved(self, outcomes: Iterable[tuple[Marks, Mapping[str, str]]]) -> Iterator[Marks]:
        """Save marks as they come, and pass each on once it is safe on the disk.

        Parameters
        ----------
        outcomes : iterable
            Marks, each with the answers they were earned with.

        Yields
        ------
        Marks
            In the same order, a few behind.
        """
        with ThreadPoolExecutor(SAVERS, "saver") as pool:
            under_way: deque[Future[Marks]] = deque()
            for marks, answers in outcomes:
                under_way.append(pool.submit(self.save, marks, answers))
                if len(under_way) > SAVERS:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()

    def bring_in(self, marks: Marks, grades: Mapping[str, Any] | None) -> None:
        """Record marks unless the gradebook holds exactly these scores and messages."""
        held = {name: (each.auto_score, each.message) for name, each in (grades or {}).items()}
        if held != {score.problem: (score.points, score.message) for score in marks.scores}:
            self.book.record(self.problem_set, marks)


def is_of(marks: Marks, job: Job) -> bool:
    """Tell whether marks are of a job: the same file, form, questions and problems."""
    sent = job.submission
    same = marks[:5] == (sent.student, sent.problem_set, sent.digest, job.code, job.seed)
    worth = [(each.short, each.points) for each in set_problems(sent.problem_set)]
    return same and [(score.problem, score.out_of) for score in marks.scores] == worth
