"""Inside the box: run an answer cell and call its function. Here the student's code runs.

Nothing that this module says is believed outside; it is here to give an honest student
the sentence that helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import numpy as np

from coursekit.sandbox.messages import SENTENCE, Task, one_line, pack_reply
from coursekit.sandbox.wire import WireError
from unrolled.exercises.calling import call
from unrolled.exercises.papers import Reply
from unrolled.exercises.sets import problem_set

CELL = "<answer>"
STOPPED = re.compile(r"stopped(?: in line \d+ of the cell)? with (\w+)")


def answers(task: Task, most_bytes: int) -> Iterator[bytes]:
    """Answer a task's calls until the first problem.

    Parameters
    ----------
    task : Task
        The answer cell and the arguments of every call.
    most_bytes : int
        All values together may not be larger.

    Yields
    ------
    bytes
        A reply's frame.
    """
    answer, problem = _function(task)
    if problem is not None:
        yield pack_reply(problem, 0)
        return
    for arguments in task.calls:
        reply = _called(answer, arguments, task.problem_set)
        frame, unsendable = _packed(reply, most_bytes)
        most_bytes -= len(frame)
        yield frame
        if reply.problem is not None or unsendable:
            return


def _function(task: Task) -> tuple[Any, Reply | None]:
    """Run the cell, and find the function in what it defined."""
    names: dict[str, Any] = {"__name__": "answer", "np": np}
    names[task.problem_set] = problem_set(task.problem_set, task.code)
    try:
        # Compiled here and not in the zygote: a source can be made to crash the compiler.
        cell: CodeType = compile(task.source, CELL, "exec", dont_inherit=True)
    except SyntaxError as error:
        what = f"line {error.lineno} of the answer cell is no Python: {error.msg}."
        return None, Reply(None, what)
    except (ValueError, MemoryError, RecursionError) as error:
        return None, Reply(None, f"the answer cell is no Python: {_text(error)}.")
    try:
        exec(cell, names)
    except BaseException as error:  # noqa: BLE001 — the student's code may raise anything
        return None, _stopped("the answer cell", error, task.problem_set)
    if task.function not in names:
        return None, Reply(None, f"the answer cell defines no function {task.function}.")
    answer = names[task.function]
    if not callable(answer):
        return None, Reply(None, f"{task.function} is not a function in the answer cell.")
    return answer, None


def _called(answer: Callable[..., Any], arguments: tuple[Any, ...], set_name: str) -> Reply:
    try:
        value, sentence = call(answer, arguments)
    except BaseException as error:  # noqa: BLE001 — SystemExit, and errors that cannot be printed
        return _stopped("your function", error, set_name)
    if sentence is None:
        return Reply(value)
    match = STOPPED.search(sentence)
    return _explained(sentence, match.group(1) if match else "", set_name)


def _stopped(what: str, error: BaseException, set_name: str) -> Reply:
    if issubclass(type(error), SystemExit):  # the type, for an error may lie about its class
        return Reply(None, f"{what} ends Python (sys.exit or exit): take that out.", "ended")
    if issubclass(type(error), NotImplementedError):
        return Reply(None, "not written yet: replace the line that raises NotImplementedError.")
    place, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CELL:
            place = f" in line {trace.tb_lineno} of the cell"
            break
        trace = trace.tb_next
    name = type(error).__name__
    return _explained(f"{what} stopped{place} with {name}: {_text(error)}", name, set_name)


def _explained(sentence: str, error: str, set_name: str) -> Reply:
    """Add what the error's name tells about the grader."""
    sentence = one_line(sentence)
    if error in ("NameError", "ModuleNotFoundError"):
        hint = f"Only np, {set_name} and what the cell itself defines reach the grader."
    elif error in ("PermissionError", "BlockingIOError"):
        hint = "The grader has no files, network, processes or clock to wait on."
    elif error == "RecursionError":
        hint = "The function calls itself without an end, or too deep."
    elif error in ("MemoryError", "_ArrayMemoryError"):
        return Reply(None, _joined(sentence, "It needs more memory than is allowed."), "memory")
    else:
        return Reply(None, sentence)
    return Reply(None, _joined(sentence, hint))


def _joined(sentence: str, hint: str) -> str:
    kept = sentence[: SENTENCE - len(hint) - 2].rstrip(" .?")
    return f"{kept}. {hint}"


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 — a student's error may raise when it is printed
        return "an error that cannot be printed"


def _packed(reply: Reply, most_bytes: int) -> tuple[bytes, bool]:
    """Give a reply's frame, and whether it had to become a problem on the way."""
    try:
        return pack_reply(reply, most_bytes), False
    except WireError as error:
        kind = "flood" if "more than may" in str(error) else "error"
        problem = f"your function returned {error}."
    except BaseException as error:  # noqa: BLE001 — what was returned may raise when looked at
        kind = "memory" if issubclass(type(error), MemoryError) else "error"
        problem = f"what your function returned cannot be read: {type(error).__name__}."
    return pack_reply(Reply(None, problem, kind), 0), True
