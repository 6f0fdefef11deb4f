"""Whole runs: what is written, what is left alone, and what a kill at any moment costs."""

from __future__ import annotations

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course import answers as a
from course.folders import LIMITS, code_of, hand_in, make_course, make_folder, notebook
from course.test_engines import HereBox

from coursekit import store
from coursekit.engines import LocalEngine
from coursekit.intake import NOTHING
from coursekit.marking import mark_job
from coursekit.records import CourseError, Job, Marks, Score, Submission
from coursekit.run import grade

HERE = LocalEngine(2, box=HereBox, unsafe=True)
TESTS = str(Path(__file__).parents[1])
GRADE = f"""
import sys
sys.path.insert(0, {TESTS!r})
from pathlib import Path
from course.folders import LIMITS
from coursekit.engines import LocalEngine
from coursekit.records import Course, CourseError
from coursekit.run import grade
root = Path(sys.argv[1])
course = Course(root, "A course", root / "roster.csv", "", f"sqlite:///{{root}}/gradebook.db",
                LIMITS, {{}})
try:
    summary = grade(course, "ps1", root / "submitted", engine=LocalEngine(2),
                    no_wait="no_wait" in sys.argv)
except CourseError as error:
    sys.exit(str(error))
print(summary.graded, summary.unchanged)
"""


def rows(root):
    """Read all that the gradebook says of students, bypassing its own code."""
    with sqlite3.connect(f"file:{root}/gradebook.db?mode=ro", uri=True) as db:
        found = db.execute(
            "select s.student_id, c.name, g.auto_score, g.manual_score, g.needs_manual_grade"
            " from grade g join submitted_notebook n on n.id = g.notebook_id"
            " join submitted_assignment s on s.id = n.assignment_id"
            " join base_cell c on c.id = g.cell_id"
        ).fetchall()
        told = db.execute(
            "select s.student_id, c.name, m.auto_comment"
            " from comment m join submitted_notebook n on n.id = m.notebook_id"
            " join submitted_assignment s on s.id = n.assignment_id"
            " join base_cell c on c.id = m.cell_id"
        ).fetchall()
    db.close()
    return sorted(found), sorted(told)


def marks(course):
    return {kept.marks.student: kept.marks for kept in store.load_all(course, "ps1")}


def run(course, *, engine=HERE, **options):
    return grade(
        course, "ps1", course.folder / "submitted", engine=engine, tell=lambda line: None, **options
    )


def hand_run(answers, code, seed, digest="x"):
    sent = Submission("kim", "ps1", digest, answers, {})
    return {s.problem: s for s in mark_job(Job(sent, code, seed, LIMITS), HereBox(LIMITS)).scores}


@pytest.fixture
def course(tmp_path):
    """Make a course of four: one right, one partly right, one with stubs, one absent."""
    made = make_course(tmp_path / "course", ["ann", "bob", "cho", "dan"])
    folder = made.folder / "submitted"
    hand_in(folder, "ann", notebook(a.right(code_of("ann"))))
    hand_in(folder, "bob", notebook(a.partly(code_of("bob"))))
    hand_in(folder, "cho", notebook(a.STUBS))
    return made


# ── the store ────────────────────────────────────────────────────────────────

MARKS = Marks("kim", "ps1", "d", "000", 2**127, (Score("leaky", 2.5, 8, "wrong ☃", "part"),))


def test_marks_are_kept_whole(course):
    kept = store.Kept(MARKS, {"leaky": "x = '\u202e'\n"}, store.now())
    store.save(course, kept)
    assert store.load(course, "ps1", "kim") == kept
    path = store.marks_path(course, "ps1", "kim")
    assert path.stat().st_mode & 0o077 == 0
    assert [each.name for each in path.parent.iterdir()] == ["kim.json"]
    assert store.load(course, "ps1", "lee") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"",
        lambda raw: raw[:-20],
        lambda raw: b"[]",
        lambda raw: b"[" * 100_000,
        lambda raw: raw.replace(b"2.5", b"9.5"),
        lambda raw: raw.replace(b"2.5", b"NaN"),
        lambda raw: raw.replace(b"2.5", b'"2.5"'),
        lambda raw: raw.replace(b'"part"', b'"best"'),
        lambda raw: raw.replace(b'"kim"', b'"lee"'),
        lambda raw: raw.replace(b'"seed"', b'"sead"'),
        lambda raw: raw.replace(b'"x = 1"', b"5"),
        lambda raw: raw.replace(b'"scores": [', b'"scores": [5,'),
    ],
)
def test_damaged_marks_are_named(course, change):
    store.save(course, store.Kept(MARKS, {"leaky": "x = 1"}, store.now()))
    path = store.marks_path(course, "ps1", "kim")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(CourseError, match=r"kim\.json .*delete it and grade again"):
        store.load(course, "ps1", "kim")


def test_the_seed_is_drawn_once(course):
    seed = store.run_seed(course, "ps1")
    assert store.run_seed(course, "ps1") == seed
    assert store.run_seed(course, "ps2") != seed
    assert store.run_seed(course, "ps1", fresh=True) != seed
    (course.folder / "marks" / "ps1.run.json").write_text("{}")
    with pytest.raises(CourseError, match="is damaged"):
        store.run_seed(course, "ps1")


def test_a_student_called_run_or_lock(course):
    for student in ("run", "lock", "ps1"):
        store.save(course, store.Kept(MARKS._replace(student=student), {}, store.now()))
    store.run_seed(course, "ps1")
    assert sorted(marks(course)) == ["lock", "ps1", "run"]


def test_the_lock_is_held_once_and_left_overs_are_swept(course):
    left = course.folder / "marks" / "ps1" / ".abc.tmp"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    with store.locked(course, "ps1"):
        assert not left.exists()
        with (
            pytest.raises(CourseError, match=r"is being graded by process \d+ on"),
            store.locked(course, "ps1", no_wait=True),
        ):
            pass
        with store.locked(course, "ps2", no_wait=True):
            pass
    with store.locked(course, "ps1", no_wait=True):
        pass


# ── a run ────────────────────────────────────────────────────────────────────


def test_a_run_writes_marks_gradebook_and_report(course):
    summary = run(course)
    assert summary[:5] == ("ps1", 3, 0, 1, 0)
    assert summary.refused == ()
    kept = marks(course)
    seed = store.run_seed(course, "ps1")
    assert {each.seed for each in kept.values()} == {seed}
    by_hand = hand_run(a.partly(code_of("bob")), code_of("bob"), seed)
    assert {score.problem: score for score in kept["bob"].scores} == by_hand
    assert [score.points for score in kept["ann"].scores] == [5.0, 8.0, 7.0]
    assert {score.message for score in kept["dan"].scores} == {NOTHING}
    grades, comments = rows(course.folder)
    assert grades == sorted(
        (student, f"{score.problem}-check", score.points, None, 0)
        for student, each in kept.items()
        for score in each.scores
    )
    assert comments == sorted(
        (student, score.problem, score.message)
        for student, each in kept.items()
        for score in each.scores
    )
    stored = store.load(course, "ps1", "bob")
    assert stored is not None
    assert stored.answers == a.partly(code_of("bob"))
    assert summary.report.read_text().startswith("<!doctype html>")


def test_a_second_run_does_nothing(course):
    run(course)
    before = {path: path.stat().st_mtime_ns for path in (course.folder / "marks").rglob("*.json")}
    rows_before = rows(course.folder)
    assert run(course)[:5] == ("ps1", 0, 3, 1, 0)
    after = {path: path.stat().st_mtime_ns for path in (course.folder / "marks").rglob("*.json")}
    assert after == before
    assert rows(course.folder) == rows_before


def test_a_student_who_hands_in_again_is_graded_again(course):
    run(course)
    hand_in(course.folder / "submitted", "cho", notebook(a.right(code_of("cho"))))
    assert run(course)[:5] == ("ps1", 1, 2, 1, 0)
    assert [score.points for score in marks(course)["cho"].scores] == [5.0, 8.0, 7.0]
    assert [row[2] for row in rows(course.folder)[0] if row[0] == "cho"] == [8.0, 5.0, 7.0]


def test_who_handed_in_late(course):
    run(course)
    hand_in(course.folder / "submitted", "dan", notebook(a.right(code_of("dan"))))
    assert run(course)[:5] == ("ps1", 1, 3, 0, 0)
    assert sum(score.points for score in marks(course)["dan"].scores) == 20.0


def test_another_folder_takes_no_points_away(course, tmp_path):
    run(course)
    before = marks(course)
    hand_in(tmp_path / "late", "dan", notebook(a.STUBS))
    summary = grade(course, "ps1", tmp_path / "late", engine=HERE, tell=lambda line: None)
    assert summary[:5] == ("ps1", 1, 0, 0, 3)
    assert {k: v for k, v in marks(course).items() if k != "dan"} == {
        k: v for k, v in before.items() if k != "dan"
    }


def test_regrade_draws_fresh_questions(course):
    run(course)
    before = marks(course)
    assert run(course, regrade=True)[:5] == ("ps1", 3, 0, 1, 0)
    after = marks(course)
    assert all(before[each].seed != after[each].seed for each in before)
    points = {each: [s.points for s in before[each].scores] for each in before}
    assert points == {each: [s.points for s in after[each].scores] for each in after}


def test_marks_that_the_gradebook_missed_are_brought_in(course):
    """A kill fell between the file and the record; or somebody deleted the gradebook."""
    run(course)
    before = rows(course.folder)
    (course.folder / "gradebook.db").unlink()
    assert run(course)[:5] == ("ps1", 0, 3, 1, 0)
    assert rows(course.folder) == before


def test_a_wrong_folder_gives_nobody_zero(course, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="no submission of ps1 in it"):
        grade(course, "ps1", tmp_path / "empty", engine=HERE)
    assert not list((course.folder / "marks").rglob("*.json"))
    assert not (course.folder / "gradebook.db").exists()


@pytest.mark.parametrize("name", ["ps99", "leaky", "../ps1", ""])
def test_no_such_set(course, name):
    with pytest.raises(CourseError, match="expected a problem set"):
        grade(course, name, course.folder / "submitted", engine=HERE)
    assert not (course.folder / "marks").exists()


def test_nothing_is_written_where_no_box_can_be_had(course):
    class Unusable:
        def check(self, limits):
            raise CourseError("no sandbox can be had here.")

    with pytest.raises(CourseError, match="no sandbox"):
        run(course, engine=Unusable())
    assert not (course.folder / "marks").exists()


def test_an_interrupt_keeps_what_is_finished(course):
    class Interrupted:
        def check(self, limits):
            pass

        def run(self, jobs):
            yield mark_job(next(iter(jobs)), HereBox(LIMITS))
            raise KeyboardInterrupt

    told = []
    with pytest.raises(KeyboardInterrupt):
        grade(course, "ps1", course.folder / "submitted", engine=Interrupted(), tell=told.append)
    assert any("what is finished is kept" in line for line in told)
    assert list(marks(course)) == ["ann"]
    assert run(course)[:5] == ("ps1", 2, 1, 1, 0)


def test_progress_is_told_in_lines(course):
    told = []
    grade(course, "ps1", course.folder / "submitted", engine=HERE, tell=told.append)
    assert told == ["ps1: 1 of 3", "ps1: 2 of 3", "ps1: 3 of 3"]


def test_refused_files_score_zero_with_the_reason(course):
    path = course.folder / "submitted" / "dan" / "ps1" / "ps1.ipynb"
    path.parent.mkdir(parents=True)
    path.symlink_to("/etc/passwd")
    summary = run(course)
    assert summary[:5] == ("ps1", 4, 0, 0, 0)
    (refused,) = summary.refused
    assert refused.student == "dan"
    scores = marks(course)["dan"].scores
    assert {(s.points, s.kind) for s in scores} == {(0.0, "refused")}
    assert all("links are not followed" in s.message for s in scores)
    assert run(course)[:5] == ("ps1", 0, 4, 0, 0)


# ── real processes, real boxes ───────────────────────────────────────────────


@pytest.mark.usefixtures("sandbox")
def test_two_hundred_mixed_submissions(tmp_path):
    made = make_folder(tmp_path / "course", 200)
    summary = run(made.course, engine=LocalEngine())
    kept = marks(made.course)
    assert len(kept) == 200
    assert summary.graded + summary.missing == 200
    assert summary.missing == 4
    seed = store.run_seed(made.course, "ps1")
    by_hand = {}
    for student, answers in made.honest.items():
        code = code_of(student)
        scores = {score.problem: score for score in kept[student].scores}
        for short, source in answers.items():
            digit = code[a.SHORTS.index(short)]
            if (short, digit, source) not in by_hand:
                by_hand[short, digit, source] = hand_run({short: source}, code, seed)[short]
            assert scores[short] == by_hand[short, digit, source], (student, short)
    for student, shorts in made.zero.items():
        scores = {score.problem: score for score in kept[student].scores}
        assert all(scores[short].points == 0 for short in shorts), student
        assert all(len(scores[short].message) > 10 for short in shorts), student
    grades, _ = rows(made.course.folder)
    assert grades == sorted(
        (student, f"{score.problem}-check", score.points, None, 0)
        for student, each in kept.items()
        for score in each.scores
    )


def started(root, *words):
    return subprocess.Popen(
        [sys.executable, "-c", GRADE, str(root), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def copied(made, root):
    """Copy a course before it was graded, with the seed of its run."""
    root.mkdir()
    shutil.copytree(made.course.folder / "submitted", root / "submitted", symlinks=True)
    shutil.copy(made.course.folder / "roster.csv", root)
    (root / "marks").mkdir()
    shutil.copy(made.course.folder / "marks" / "ps1.run.json", root / "marks")
    return made.course._replace(folder=root, gradebook=f"sqlite:///{root}/gradebook.db")


@pytest.fixture
def small(tmp_path):
    """Make a course of thirty without a pipe in it, which cannot be copied, and grade it."""
    made = make_folder(tmp_path / "whole", 30, seed="")  # one form: quicker to draw
    for pipe in [path for path in (tmp_path / "whole").rglob("*") if path.is_fifo()]:
        pipe.unlink()
    run(made.course, engine=LocalEngine())
    return made


@pytest.mark.usefixtures("sandbox")
def test_killed_at_any_moment_and_started_again(small, tmp_path):
    again = copied(small, tmp_path / "again")
    rng = random.Random(5)
    kills, folder = 0, again.folder / "marks" / "ps1"
    for done in (0, 1, 6, 12, 18, 24):
        process = started(again.folder)
        until = time.monotonic() + 120
        while len(list(folder.glob("*.json"))) < done and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.1) if done else rng.uniform(0.5, 1.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
    assert kills >= 5
    finished(started(again.folder))
    assert marks(again) == marks(small.course)
    assert rows(again.folder) == rows(small.course.folder)
    assert not list(again.folder.rglob("*.tmp"))


@pytest.mark.usefixtures("sandbox")
def test_two_graders_at_once(small, tmp_path):
    again = copied(small, tmp_path / "again")
    one, two = started(again.folder), started(again.folder)
    counts = [tuple(map(int, finished(each).split())) for each in (one, two)]
    total = sum(counts[0])
    assert sorted(counts) == [(0, total), (total, 0)]
    assert marks(again) == marks(small.course)
    assert rows(again.folder) == rows(small.course.folder)
    with store.locked(again, "ps1"):
        third = started(again.folder, "no_wait")
        _, err = third.communicate(timeout=60)
    assert third.returncode == 1
    assert "is being graded by process" in err


@pytest.mark.usefixtures("sandbox")
def test_a_cluster_that_loses_a_worker_gives_the_same_marks(small, tmp_path):
    import distributed

    from coursekit.cluster import DaskEngine

    again = copied(small, tmp_path / "again")
    cluster = distributed.LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster:
        pids = [worker.pid for worker in cluster.workers.values()]
        engine = _Killing(DaskEngine(cluster.scheduler_address), pids)
        summary = run(again, engine=engine)
    assert engine.killed == 1
    assert summary.graded == len(marks(small.course)) - summary.missing
    assert marks(again) == marks(small.course)
    assert rows(again.folder) == rows(small.course.folder)


class _Killing:
    """An engine one of whose workers dies after the first marks came."""

    def __init__(self, engine, pids):
        self.engine = engine
        self.pids = pids
        self.killed = 0

    def check(self, limits):
        self.engine.check(limits)

    def run(self, jobs):
        import os

        running = self.engine.run(jobs)
        try:
            for one in running:
                if not self.killed:
                    os.kill(self.pids[0], signal.SIGKILL)
                    self.killed += 1
                yield one
        finally:
            running.close()


def test_no_cluster_there(course):
    from coursekit import cluster

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster, "PATIENCE", "1s")
        with pytest.raises(CourseError, match="no Dask scheduler answers at"):
            run(course, engine=cluster.DaskEngine("tcp://127.0.0.1:9"))
        with pytest.raises(CourseError, match="no Dask scheduler answers at"):
            run(course, engine=cluster.DaskEngine("no address"))
    assert not (course.folder / "marks").exists()


def test_json_of_the_marks_is_plain(course):
    run(course)
    raw = json.loads(store.marks_path(course, "ps1", "ann").read_text())
    assert raw["scores"][0] == {
        "problem": "loops",
        "points": 5.0,
        "out_of": 5,
        "message": "right.",
        "kind": "right",
    }
