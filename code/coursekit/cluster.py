"""The same jobs on the machines of a Dask cluster."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from distributed import Client, KilledWorker, as_completed, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from coursekit import marking, records, sandbox
from coursekit.fleet import Fleet
from coursekit.marking import check_marks, mark_job
from coursekit.plain import printable
from coursekit.records import CourseError, Job, Limits, Marks
from coursekit.sandbox.box import Sandbox, check_usable
from unrolled import exercises

PATIENCE = "20s"
"""For the scheduler to answer."""
BATCH = 4
"""Submissions in a task: a task costs the scheduler about a millisecond."""
AHEAD = 3
"""Tasks under way for each thread of the cluster."""
DEATHS = 20
"""Workers that may die over one task before it is given up: the fault is then the task's."""


def _versions() -> str:
    """Say what marks depend on: Python, NumPy, every line of exercises, marking and this file."""
    sources = hashlib.sha256()
    modules = [Path(__file__), *(Path(str(each.__file__)) for each in (records, marking))]
    folders = [Path(str(each.__file__)).parent for each in (exercises, sandbox)]
    modules += sorted(path for folder in folders for path in folder.rglob("*.py"))
    for path in modules:
        sources.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    python = ".".join(platform.python_version_tuple()[:2])
    return (
        f"Python {python}, numpy {np.__version__}, distributed {metadata.version('distributed')}, "
        f"unrolled {sources.hexdigest()[:12]}"
    )


VERSIONS = _versions()
"""Of this process: what it loaded, whatever is installed while it runs."""


class DaskEngine(NamedTuple):
    """A cluster, by the address of its scheduler.

    What is on a cluster is trusted: its scheduler and workers are the instructor's.
    """

    address: str
    unsafe: bool = False

    def check(self, limits: Limits) -> None:
        """Ask every worker for its versions and let it start a box."""
        with _client(self.address) as client:
            _check_workers(client, limits, self.unsafe)

    def run(self, jobs: Iterable[Job]) -> Generator[Marks, None, None]:
        """Mark jobs in batches; one whose worker dies is given to another."""
        batches = _batches(iter(jobs))
        first = next(batches, None)
        if first is None:
            return
        with _client(self.address) as client:
            boxes = _boxes_name(first[0])
            client.register_plugin(Boxes(first[0].limits, self.unsafe), name=boxes)
            try:
                yield from _spread(client, first, batches)
            finally:
                client.unregister_worker_plugin(boxes)


class Boxes(WorkerPlugin):  # type: ignore[misc]
    """A worker's own sandboxes, opened as its threads need them.

    Parameters
    ----------
    limits : Limits
        What a student's code may use.
    unsafe : bool
        Whether to run without protection.
    """

    def __init__(self, limits: Limits, unsafe: bool) -> None:
        self.limits = limits
        self.unsafe = unsafe
        self.fleet: Fleet | None = None

    def setup(self, worker: Any) -> None:
        """Begin on a worker."""
        self.fleet = Fleet(lambda: Sandbox(self.limits, unsafe=self.unsafe))

    def teardown(self, worker: Any) -> None:
        """End the sandboxes."""
        if self.fleet is not None:
            self.fleet.close()


def mark_batch(jobs: tuple[Job, ...], about: str) -> tuple[Marks, ...]:
    """Mark jobs, on a worker.

    Parameters
    ----------
    jobs : tuple of Job
        Submissions.
    about : str
        The versions that the grader has: a worker that came later may have others.

    Returns
    -------
    tuple of Marks
        In the same order.
    """
    if about != VERSIONS:
        raise CourseError(f"a worker has other versions: {VERSIONS}, expected {about}.")
    fleet = get_worker().plugins[_boxes_name(jobs[0])].fleet
    with fleet.lend() as box:
        return tuple(mark_job(job, box) for job in jobs)


def ready(limits: Limits, unsafe: bool) -> tuple[str, str]:
    """Tell, on a worker, its versions and what keeps it from running students' code."""
    try:
        if not unsafe:
            check_usable(limits)
    except CourseError as error:
        return VERSIONS, str(error)
    return VERSIONS, ""


def _boxes_name(job: Job) -> str:
    """Name a run's boxes on the workers by its seed, which no other run has.

    So graders of two problem sets can share a cluster, and a run that goes on after a kill
    takes the place of what it left there.
    """
    return f"unrolled-boxes-{hashlib.sha256(str(job.seed).encode()).hexdigest()[:12]}"


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CourseError(
            f"no Dask scheduler answers at {printable(address)} ({printable(str(error), 100)}): "
            "start one with: dask scheduler"
        ) from None
    try:
        yield client
    finally:
        client.close()


def _check_workers(client: Any, limits: Limits, unsafe: bool) -> None:
    told = client.run(ready, limits, unsafe, on_error="return")
    if not told:
        raise CourseError("the cluster has no workers: start some with: dask worker ADDRESS")
    for worker, answer in told.items():
        if isinstance(answer, Exception):
            problem = f"cannot use the course kit ({type(answer).__name__}: {answer})"
        elif answer[0] != VERSIONS:
            problem = f"has {answer[0]}; here it is {VERSIONS}"
        elif answer[1]:
            problem = f"cannot protect itself: {answer[1]}"
        else:
            continue
        raise CourseError(
            f"the worker {worker} {printable(problem, 400)}. Install the same on all machines."
        )


def _batches(jobs: Iterator[Job]) -> Iterator[tuple[Job, ...]]:
    while batch := tuple(islice(jobs, BATCH)):
        yield batch


def _spread(
    client: Any, first: tuple[Job, ...], batches: Iterator[tuple[Job, ...]]
) -> Iterator[Marks]:
    about, under_way = VERSIONS, {}

    def submit(jobs: tuple[Job, ...], deaths: int = 0) -> Any:
        future = client.submit(mark_batch, jobs, about, pure=False, retries=2)
        under_way[future.key] = (jobs, deaths)
        return future

    room = AHEAD * max(1, sum(client.nthreads().values()))
    begun = [submit(jobs) for jobs in (first, *islice(batches, room - 1))]
    done = as_completed(begun, loop=client.loop)
    for future in done:
        jobs, deaths = under_way.pop(future.key)
        if future.status == "error" and isinstance(future.exception(), KilledWorker):
            if deaths >= DEATHS:
                names = ", ".join(job.submission.student for job in jobs)
                raise CourseError(f"workers die over the submissions of {names}.")
            done.add(submit(jobs, deaths + 1))
            continue
        yield from _outcome(future, jobs)
        for more in islice(batches, 1):
            done.add(submit(more))


def _outcome(future: Any, jobs: tuple[Job, ...]) -> Iterator[Marks]:
    if future.status != "finished":
        problem = future.exception() if future.status == "error" else future.status
        raise CourseError(
            f"the cluster failed ({printable(str(problem), 300)}): what is graded is kept; "
            "start again to go on."
        )
    marks = future.result()
    if not isinstance(marks, tuple) or len(marks) != len(jobs):
        raise CourseError("a worker sent something else than marks.")
    yield from (check_marks(job, each) for job, each in zip(jobs, marks, strict=True))
