"""What is said between the grader and the box: a task in, replies out."""

from __future__ import annotations

from typing import Any, NamedTuple

from coursekit.sandbox.values import decode, encode
from coursekit.sandbox.wire import Frame, WireError, send
from unrolled.exercises.papers import Reply

TASK_BYTES = 1 << 30
"""The grader's own messages; they are trusted, and the box holds little memory."""
REPLY_HEADER_BYTES = 1 << 20
SENTENCE = 300
KINDS = ("error", "time", "memory", "ended", "flood")
"""What may be wrong with a reply: the code raised; took too long; took too much memory;
ended Python; sent more, or something else, than a reply."""


class Task(NamedTuple):
    """One problem of one student: plain values only."""

    problem_set: str
    code: str
    """The student's forms, as ``problem_set`` takes them."""
    function: str
    source: str
    """The answer cell."""
    calls: tuple[tuple[Any, ...], ...]


def pack_task(task: Task) -> bytes:
    """Make a task's frame.

    Parameters
    ----------
    task : Task
        The grader's.

    Returns
    -------
    bytes
        A frame.

    Raises
    ------
    WireError
        An argument of a call that is neither number, array nor made of them.
    """
    node, arrays = encode(task.calls, TASK_BYTES)
    words = [task.problem_set, task.code, task.function, task.source]
    return send({"task": words, "calls": node}, arrays)


def unpack_task(frame: Frame) -> Task:
    """Read a task, inside the box; it comes from the grader.

    Parameters
    ----------
    frame : Frame
        As :func:`pack_task` made it.

    Returns
    -------
    Task
        With arrays that can be written.
    """
    problem_set, code, function, source = frame.header["task"]
    return Task(problem_set, code, function, source, decode(frame.header["calls"], frame.body))


def pack_reply(reply: Reply, most_bytes: int) -> bytes:
    """Make a reply's frame, inside the box.

    Parameters
    ----------
    reply : Reply
        A value of any kind, or a problem.
    most_bytes : int
        The value's arrays may not be larger together.

    Returns
    -------
    bytes
        A frame.

    Raises
    ------
    WireError
        A value that no right answer can be.
    """
    if reply.problem is not None:
        return send({"problem": one_line(reply.problem), "kind": reply.kind}, ())
    node, arrays = encode(reply.value, most_bytes)
    frame = send({"value": node}, arrays)
    if len(frame) > most_bytes + REPLY_HEADER_BYTES:
        raise WireError("more than may be returned")
    return frame


def unpack_reply(frame: Frame) -> Reply:
    """Read a reply, outside: it may be anything that a student could write there.

    Parameters
    ----------
    frame : Frame
        Read within limits, and not yet believed.

    Returns
    -------
    Reply
        A value of plain parts and arrays of numbers, or a problem in one clean line.

    Raises
    ------
    WireError
        No reply.
    """
    match frame.header:
        case {"problem": str() as problem, "kind": str() as kind, **rest}:
            if rest or frame.body or kind not in KINDS:
                raise WireError("no message of ours")
            return Reply(None, one_line(problem) or "an error without a name.", kind)
        case {"value": node, **rest} if not rest:
            return Reply(decode(node, frame.body))
    raise WireError("no message of ours")


def one_line(text: str) -> str:
    """Make any text one printable line of at most 300 characters.

    Parameters
    ----------
    text : str
        May hold line ends, terminal codes and text that runs the other way.

    Returns
    -------
    str
        What is left of it.
    """
    short = text[: 4 * SENTENCE]
    line = " ".join("".join(c if c.isprintable() else " " for c in short).split())
    return line if len(line) <= SENTENCE else line[: SENTENCE - 1] + "…"
