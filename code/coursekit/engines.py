"""Where jobs are done: here the cores of this machine; in ``cluster``, many machines."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from itertools import islice
from typing import NamedTuple, Protocol

from coursekit.fleet import Fleet
from coursekit.marking import Box, check_marks, mark_job
from coursekit.records import CourseError, Job, Limits, Marks
from coursekit.sandbox.box import Sandbox, check_usable
from coursekit.sandbox.messages import Task
from unrolled.exercises.papers import Reply

BOXES_A_CORE = 2
"""One computes while the other's outcome is judged."""


class Engine(Protocol):
    """What does the jobs of a run."""

    def check(self, limits: Limits) -> None:
        """Make sure that jobs can be done, before anything is begun.

        Raises
        ------
        CourseError
            They cannot, and why.
        """

    def run(self, jobs: Iterable[Job]) -> Generator[Marks, None, None]:
        """Do the jobs, and give each one's marks as it is done, in any order.

        Jobs are taken as there is room for them, never all at once. Closing the
        iterator ends what runs.
        """


class LocalEngine(NamedTuple):
    """The cores of this machine: threads that wait for boxes, which are processes."""

    jobs: int = 0
    """Boxes at once; 0 for two a core."""
    unsafe: bool = False
    """Grade without protection where there is no usable sandbox."""
    box: Callable[..., AbstractContextManager[Box]] = Sandbox

    def check(self, limits: Limits) -> None:
        """Start a box once."""
        if not self.unsafe:
            check_usable(limits)

    def run(self, jobs: Iterable[Job]) -> Generator[Marks, None, None]:
        """Mark jobs in threads, twice as many under way as there are boxes."""
        todo, count = iter(jobs), self.jobs or BOXES_A_CORE * (os.cpu_count() or 1)
        first = next(todo, None)
        if first is None:
            return
        limits, stop = first.limits, threading.Event()
        with (
            ThreadPoolExecutor(count, "grader") as pool,  # outlives its boxes: a box whose
            Fleet(lambda: self.box(limits, unsafe=self.unsafe)) as fleet,  # thread ends is killed
        ):

            def marked(job: Job) -> Marks:
                with fleet.lend() as box:
                    return check_marks(job, mark_job(job, _Stoppable(box, stop)))

            running = {pool.submit(marked, job) for job in (first, *islice(todo, 2 * count - 1))}
            try:
                while running:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    running |= {pool.submit(marked, job) for job in islice(todo, len(done))}
                    for future in done:
                        yield future.result()
            finally:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)


class _Stoppable(NamedTuple):
    """A box that takes no new task once the run ends."""

    box: Box
    stop: threading.Event

    def run(self, task: Task) -> Sequence[Reply]:
        """Run a task, unless nobody waits for it any more."""
        if self.stop.is_set():
            raise CourseError("the run has ended.")
        return self.box.run(task)
