"""A cluster's odd moments, without one: other versions, no workers, workers that die."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

import distributed
import pytest
from course.test_engines import HereBox, jobs

from coursekit import cluster
from coursekit.marking import mark_job
from coursekit.records import CourseError, Limits
from coursekit.sandbox.box import NoSandbox

MINE = cluster.VERSIONS


class Future:
    def __init__(self, key, work):
        self.key, self.work = key, work
        self.status, self.problem = "pending", None

    def finish(self, dies=False):
        self.status = "error" if dies else "finished"
        self.problem = cluster.KilledWorker("mark_batch", None, 4) if dies else None

    def exception(self):
        return self.problem

    def result(self):
        function, arguments = self.work
        return function(*arguments)


class Done:
    """What ``as_completed`` is: futures as they finish, and more may be added."""

    deaths: ClassVar[deque[bool]] = deque()

    def __init__(self, futures, loop=None):
        self.waiting = deque(futures)

    def add(self, future):
        self.waiting.append(future)

    def __iter__(self):
        while self.waiting:
            future = self.waiting.popleft()
            future.finish(dies=bool(self.deaths) and self.deaths.popleft())
            yield future


class Client:
    loop = None

    def __init__(self, told=None):
        self.told, self.submitted = told, 0

    def run(self, function, *arguments, on_error):
        return self.told

    def nthreads(self):
        return {"tcp://one": 1}

    def submit(self, function, *arguments, **options):
        self.submitted += 1
        return Future(self.submitted, (function, arguments))


@pytest.fixture
def marked_here(monkeypatch):
    """Let tasks run in this process."""
    box = HereBox(Limits())
    monkeypatch.setattr(cluster, "as_completed", Done)
    monkeypatch.setattr(
        cluster, "mark_batch", lambda batch, about: tuple(mark_job(job, box) for job in batch)
    )
    return box


def spread(client, todo):
    batches = cluster._batches(iter(todo))
    return list(cluster._spread(client, next(batches), batches))


def test_every_job_once_though_workers_die(marked_here, monkeypatch):
    monkeypatch.setattr(Done, "deaths", deque([True, False, True, True, False, True]))
    todo, client = jobs(30), Client()
    done = {marks.student: marks for marks in spread(client, todo)}
    assert done == {job.submission.student: mark_job(job, marked_here) for job in todo}
    assert client.submitted == 8 + 4


def test_a_task_over_which_all_workers_die_is_named(marked_here, monkeypatch):
    monkeypatch.setattr(Done, "deaths", deque([True] * 100))
    client = Client()
    with pytest.raises(CourseError, match=r"workers die over the submissions of s0, s1\."):
        spread(client, jobs(2))
    assert client.submitted == cluster.DEATHS + 1


def test_few_tasks_are_under_way(marked_here):
    taken = []

    def counted():
        for job in jobs(200):
            taken.append(job)
            yield job

    batches = cluster._batches(counted())
    done = cluster._spread(Client(), next(batches), batches)
    next(done)
    assert len(taken) == cluster.AHEAD * cluster.BATCH


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, "the cluster has no workers"),
        ({"w1": ModuleNotFoundError("no coursekit")}, "worker w1 cannot use the course kit"),
        ({"w1": (MINE, ""), "w2": ("Python 3.9", "")}, "worker w2 has Python 3.9; here it is"),
        ({"w1": (MINE, "no bubblewrap.")}, "worker w1 cannot protect itself: no bubblewrap"),
    ],
)
def test_workers_that_will_not_do(told, words):
    with pytest.raises(CourseError, match=words):
        cluster._check_workers(Client(told), Limits(), unsafe=False)


def test_workers_that_will_do():
    cluster._check_workers(Client({"w1": (MINE, "")}), Limits(), unsafe=False)


def test_a_worker_tells_what_keeps_it(monkeypatch):
    def unusable(limits):
        raise NoSandbox("no bubblewrap.")

    monkeypatch.setattr(cluster, "check_usable", unusable)
    assert cluster.ready(Limits(), False) == (MINE, "no bubblewrap.")
    assert cluster.ready(Limits(), True) == (MINE, "")


def test_a_late_worker_with_other_versions():
    with pytest.raises(CourseError, match="a worker has other versions"):
        cluster.mark_batch(tuple(jobs(1)), "Python 3.9")


def test_marks_of_another_are_not_taken(marked_here, monkeypatch):
    other = mark_job(jobs(2)[1], marked_here)
    for sent in ((other,), (), [other], None):
        monkeypatch.setattr(cluster, "mark_batch", lambda batch, about, sent=sent: sent)
        with pytest.raises(CourseError, match=r"no marks of this submission|something else"):
            spread(Client(), jobs(1))


def test_a_cluster_that_fails(marked_here, monkeypatch):
    monkeypatch.setattr(Future, "finish", lambda self, dies: setattr(self, "status", "cancelled"))
    with pytest.raises(CourseError, match=r"failed .cancelled.: what is graded is kept"):
        spread(Client(), jobs(1))


def test_two_runs_share_a_cluster(monkeypatch):
    """Two problem sets, say: the end of one does not take the other's boxes away."""
    monkeypatch.setattr(cluster, "Sandbox", HereBox)
    monkeypatch.setattr(cluster, "BATCH", 1)
    first = jobs(12)
    second = [job._replace(seed=job.seed + 1) for job in first[:2]]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as local:
        engine = cluster.DaskEngine(local.scheduler_address)
        running = engine.run(iter(first))
        done = [next(running)]
        assert len(list(engine.run(iter(second)))) == len(second)
        done += running
    assert {marks.student for marks in done} == {job.submission.student for job in first}


def test_boxes_are_a_workers_own(monkeypatch):
    monkeypatch.setattr(cluster, "Sandbox", HereBox)
    boxes = cluster.Boxes(Limits(), unsafe=True)
    boxes.teardown(None)  # before it began: nothing
    boxes.setup(None)
    assert boxes.fleet is not None
    with boxes.fleet.lend() as box:
        assert isinstance(box, HereBox)
    boxes.teardown(None)
    assert box.closed == 1
