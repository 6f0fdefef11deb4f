"""The sandbox as graders use it: tasks in, replies out, one after the other."""

from __future__ import annotations

from typing import Self

from coursekit.records import CourseError, Limits
from coursekit.sandbox.asking import EARLY, ask
from coursekit.sandbox.messages import Task, pack_task
from coursekit.sandbox.starting import NoSandbox, Running, start, stop
from coursekit.sandbox.wire import WireError
from unrolled.exercises.papers import Reply
from unrolled.exercises.sets import problem_set

__all__ = ["NoSandbox", "Sandbox", "Task", "check_usable"]

TASKS = 500
"""After so many tasks a box is started anew, whatever they did."""
PROBE = Task("ps1", "", "double", "def double(n):\n    return 2 * n", ((21,),))


class Sandbox:
    """A box that is kept warm for many tasks.

    A task can leave nothing behind for the next: each runs in a process of its own,
    forked from one that never runs a student's code. After a task that did not end
    quietly the box is started anew all the same.

    A sandbox serves one thread; the thread that makes it must outlive it.

    Parameters
    ----------
    limits : Limits
        What each task may use.
    unsafe : bool
        Without bubblewrap, and with what remains: limits, and the filter of system
        calls where the system has one.
    """

    def __init__(self, limits: Limits, unsafe: bool = False) -> None:
        self.limits = limits
        self.unsafe = unsafe
        self._running: Running | None = None
        self._tasks = 0

    def __enter__(self) -> Self:
        """Start, so that what is missing is said before any work is done."""
        self._box()
        return self

    def __exit__(self, *error: object) -> None:
        """End everything inside."""
        self.close()

    def run(self, task: Task) -> tuple[Reply, ...]:
        """Run one answer cell and call its function.

        Parameters
        ----------
        task : Task
            The cell's source and the arguments of every call.

        Returns
        -------
        tuple of Reply
            One for each call, in order; or up to the first that is a problem.

        Raises
        ------
        NoSandbox
            The box cannot be started, or not any more.
        ArgumentError
            No such problem set, or a code that fits none of its forms.
        CourseError
            An argument that cannot be sent: a mistake in the problem set.
        """
        problem_set(task.problem_set, task.code)  # raises here, and not unseen inside
        try:
            frame = pack_task(task)
        except WireError as error:
            raise CourseError(
                f"{task.problem_set}, {task.function}: a call's argument is {error}. "
                "Draw numbers, arrays, and tuples, lists and dicts of them."
            ) from None
        for _ in range(2):  # once more where the box was lost, which the task cannot bring about
            outcome = ask(self._box().control, frame, len(task.calls), self.limits)
            self._tasks += 1
            if not outcome.fit:
                self.close()
            if not outcome.lost:
                return outcome.replies
        return (*outcome.replies[: len(task.calls) - 1], EARLY)

    def close(self) -> None:
        """End the box; it starts again with the next task."""
        if self._running is not None:
            stop(self._running)
        self._running = None

    def _box(self) -> Running:
        if self._tasks >= TASKS:
            self.close()
        if self._running is None:
            self._running = start(self.limits, self.unsafe)
            self._tasks = 0
        return self._running


def check_usable(limits: Limits) -> None:
    """Try a sandbox, by really starting one and giving it a task.

    Parameters
    ----------
    limits : Limits
        What each task may use.

    Raises
    ------
    NoSandbox
        Something is missing; the message says what, and how to get it.
    """
    with Sandbox(limits) as box:
        replies = box.run(PROBE)
    if [reply.value for reply in replies] != [42]:
        told = replies[-1].problem if replies else "no reply"
        raise NoSandbox(
            f"no sandbox can be had here: a trial task gave '{told}' instead of its result. "
            "Does the course allow less memory or time than Python itself needs?"
        )
