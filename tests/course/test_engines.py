"""Marking a job and the engines that do it, with boxes of our own in place of the sandbox."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from course import answers as a

from coursekit.engines import LocalEngine
from coursekit.fleet import Fleet
from coursekit.marking import check_marks, mark_job, paper
from coursekit.records import CourseError, Job, Limits, Score, Submission
from coursekit.sandbox.box import Sandbox
from unrolled.exercises.calling import call
from unrolled.exercises.papers import Reply
from unrolled.exercises.sets import problem_set

CODES = ("000", "123", "414")


class HereBox:
    """Runs a task in this process: for code of these tests only."""

    opened = 0

    def __init__(self, limits, unsafe=False):
        self.closed = 0
        self.users = 0
        self.most = 0

    def __enter__(self):
        type(self).opened += 1
        return self

    def __exit__(self, *error):
        self.closed += 1

    def run(self, task):
        self.users += 1
        self.most = max(self.most, self.users)
        given = problem_set(task.problem_set, task.code)
        cell = {"np": np, task.problem_set: given}
        try:
            exec(task.source, cell)
        except SyntaxError as error:
            what = f"line {error.lineno} of the answer cell is no Python: {error.msg}."
            return (Reply(None, what),)  # as the real box says it
        finally:
            self.users -= 1
        replies = []
        for arguments in task.calls:
            replies.append(Reply(*call(cell[task.function], arguments)))
            if replies[-1].problem:
                break
        return tuple(replies)


def job(student="kim", code="000", answers=None, refusals=None, seed=5, digest="d"):
    sent = Submission(student, "ps1", digest, answers or {}, refusals or {})
    return Job(sent, code, seed, Limits())


def jobs(count):
    return [
        job(f"s{n}", CODES[n % 3], a.right(CODES[n % 3]) if n % 2 else a.partly(CODES[n % 3]))
        for n in range(count)
    ]


@pytest.fixture
def box():
    return HereBox(Limits())


# ── marking ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", CODES)
def test_right_answers_get_all_points(box, code):
    marks = mark_job(job(code=code, answers=a.right(code)), box)
    assert marks[:5] == ("kim", "ps1", "d", code, 5)
    assert [(s.problem, s.points, s.out_of, s.kind) for s in marks.scores] == [
        ("loops", 5.0, 5, "right"),
        ("leaky", 8.0, 8, "right"),
        ("shared", 7.0, 7, "right"),
    ]


def test_answers_to_another_form_are_wrong(box):
    marks = mark_job(job(code="111", answers=a.right("000")), box)
    assert [score.kind == "right" for score in marks.scores] == [False] * 3


def test_the_same_job_gives_the_same_marks(box):
    one = job(answers=a.partly("000"))
    assert mark_job(one, box) == mark_job(one, box)
    assert [score.kind for score in mark_job(one, box).scores] == ["wrong", "part", "right"]
    other = mark_job(one._replace(seed=6), box)
    assert [s.points for s in other.scores] == [s.points for s in mark_job(one, box).scores]


def test_refusals_score_zero_and_the_rest_is_marked(box):
    answers = {short: a.right("000")[short] for short in ("loops", "shared")}
    marks = mark_job(job(answers=answers, refusals={"leaky": "it is gone."}), box)
    assert marks.scores[1] == Score("leaky", 0.0, 8, "it is gone.", "refused")
    assert [score.points for score in marks.scores] == [5.0, 0.0, 7.0]


def test_no_answer_and_no_refusal(box):
    assert {score.message for score in mark_job(job(), box).scores} == {"there is no answer."}


def test_stubs(box):
    marks = mark_job(job(answers=a.STUBS), box)
    assert [score.points for score in marks.scores] == [0.0] * 3
    assert all("returns nothing yet" in score.message for score in marks.scores)


def test_commands_of_ipython_get_a_plain_word(box):
    answers = {**a.right("000"), "leaky": "%time\n" + a.right("000")["leaky"]}
    marks = mark_job(job(answers=answers), box)
    assert "line 1 of the answer cell is a command of IPython" in marks.scores[1].message
    harmless = {**a.right("000"), "leaky": '"""\n%time\n"""\n' + a.right("000")["leaky"]}
    assert mark_job(job(answers=harmless), box).scores[1].kind == "right"


def test_a_message_is_one_short_printable_line():
    class Shouting:
        def run(self, task):
            return (Reply(None, "\x1b[31m\n" * 5000),)

    marks = mark_job(job(answers=a.STUBS), Shouting())
    assert all(len(s.message) <= 600 and s.message.isprintable() for s in marks.scores)


def test_questions_depend_on_the_seed_and_on_the_own_form_only():
    one = paper("ps1", "leaky", "010", 1)
    assert paper("ps1", "leaky", "213", 1) is one
    for other in (paper("ps1", "leaky", "010", 2), paper("ps1", "leaky", "020", 1)):
        assert not np.array_equal(other.calls[0][0], one.calls[0][0])


def test_marks_of_something_else_are_refused(box):
    one = job(answers=a.right("000"))
    marks = mark_job(one, box)
    assert check_marks(one, marks) is marks
    more = marks.scores[0]._replace(points=99.0)
    spoilt = (
        marks._replace(student="lee"),
        marks._replace(seed=6),
        marks._replace(scores=marks.scores[:2]),
        marks._replace(scores=marks.scores[::-1]),
        marks._replace(scores=(more, *marks.scores[1:])),
        marks._replace(scores=(more._replace(points=-1.0), *marks.scores[1:])),
        marks._replace(scores=(more._replace(points=float("nan")), *marks.scores[1:])),
        marks._replace(scores=(more._replace(points=5.0, kind="best"), *marks.scores[1:])),
        marks._replace(scores=(more._replace(points=5.0, message="x" * 601), *marks.scores[1:])),
        marks._replace(scores=(more._replace(points=4.0), *marks.scores[1:])),
    )
    for each in spoilt:
        with pytest.raises(CourseError, match="no marks of this submission"):
            check_marks(one, each)


# ── the engine of this machine ───────────────────────────────────────────────


def test_all_jobs_are_done_once(box):
    HereBox.opened = 0
    todo = jobs(11)
    done = list(LocalEngine(3, box=HereBox).run(iter(todo)))
    expected = {one.submission.student: mark_job(one, box) for one in todo}
    assert {marks.student: marks for marks in done} == expected
    assert len(done) == len(todo)
    assert HereBox.opened <= 3


def test_no_jobs():
    assert list(LocalEngine(3, box=HereBox).run([])) == []


def test_jobs_are_taken_as_there_is_room():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield job(f"s{len(taken)}")

    running = LocalEngine(2, box=HereBox).run(endless())
    for _ in range(5):
        next(running)
    assert len(taken) <= 4 + 2 * 5
    running.close()
    assert len(taken) <= 4 + 2 * 5


def test_closing_the_run_closes_the_boxes_and_ends_the_threads():
    boxes = []

    def opener(limits, unsafe):
        boxes.append(HereBox(limits))
        return boxes[-1]

    running = LocalEngine(2, box=opener).run(iter(jobs(50)))
    next(running)
    running.close()
    assert [each.closed for each in boxes] == [1] * len(boxes)
    assert not [each for each in threading.enumerate() if each.name.startswith("grader")]


def test_a_box_that_fails_ends_the_run_with_its_error():
    class Failing(HereBox):
        def run(self, task):
            raise CourseError("no sandbox any more.")

    with pytest.raises(CourseError, match="no sandbox any more"):
        list(LocalEngine(2, box=Failing).run(jobs(5)))


def test_an_error_in_the_jobs_ends_the_run():
    def failing():
        yield from jobs(3)
        raise CourseError("the disk is gone.")

    with pytest.raises(CourseError, match="the disk is gone"):
        list(LocalEngine(1, box=HereBox).run(failing()))


def test_a_box_serves_one_thread_at_a_time():
    made = []

    def opener():
        made.append(HereBox(Limits()))
        return made[-1]

    fleet = Fleet(opener)
    barrier = threading.Barrier(4)

    def use():
        barrier.wait()
        for _ in range(50):
            with fleet.lend() as box:
                box.users += 1
                time.sleep(0)
                box.most = max(box.most, box.users)
                box.users -= 1

    threads = [threading.Thread(target=use) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(made) <= 4
    assert {each.most for each in made} == {1}
    with fleet.lend() as lent:
        fleet.close()
        assert lent.closed == 0
    assert {each.closed for each in made} == {1}


def test_a_box_that_failed_is_not_lent_again():
    fleet = Fleet(lambda: HereBox(Limits()))
    with pytest.raises(KeyError), fleet.lend() as first:
        raise KeyError
    with fleet.lend() as second:
        assert second is not first
    assert first.closed == 1


# ── the real sandbox ─────────────────────────────────────────────────────────


@pytest.mark.usefixtures("sandbox")
def test_the_real_box_gives_what_a_hand_run_gives(box):
    todo = jobs(6)
    engine = LocalEngine(2)
    engine.check(Limits())
    done = {marks.student: marks for marks in engine.run(todo)}
    assert done == {one.submission.student: mark_job(one, box) for one in todo}


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("what", a.ATTACKS)
def test_attacks_get_nothing_and_cost_only_their_own_question(what):
    """The sandbox's own tests attack it harder; here is what the points come to."""
    answers = {**a.right("213"), "leaky": a.ATTACKS[what]}
    with Sandbox(Limits(wall_seconds=5.0)) as real:
        loops, leaky, shared = mark_job(job(code="213", answers=answers), real).scores
    assert (loops.kind, loops.points, shared.kind, shared.points) == ("right", 5.0, "right", 7.0)
    assert leaky.points == 0.0
    assert leaky.kind not in {"right", "part", "refused"}
    assert len(leaky.message) > 10


@pytest.mark.parametrize(
    ("opened", "told"), [("", "opens the forms 000"), ("121", "forms 121"), (None, "")]
)
def test_a_notebook_with_other_forms_is_told_from_a_wrong_answer(sandbox, opened, told):
    code = "212"
    answers = {short: a.right("000")[short] for short in a.SHORTS}
    sent = Submission("kim", "ps1", "d", answers, {}, opened)
    marks = mark_job(Job(sent, code, 5, Limits()), sandbox)
    leaky = next(score for score in marks.scores if score.problem == "leaky")
    assert leaky.points < leaky.out_of
    assert ("was it the one that was handed out?" in leaky.message) == bool(told)
    assert told in leaky.message
