"""Outside: hand a task into a box, and read what comes back as the work of an enemy."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple

from coursekit.records import Limits
from coursekit.sandbox.messages import REPLY_HEADER_BYTES, unpack_reply
from coursekit.sandbox.starting import read_line
from coursekit.sandbox.wire import WireError, receive
from unrolled.exercises.papers import Reply

NEAR = 0.5
"""The kernel ends a task by ticks and reports by the clock: a killed task reached its limit."""
FLOOD = Reply(
    None, "the code sent something else than its results, or more than may be returned.", "flood"
)
EARLY = Reply(None, "the code ended Python before all calls were answered (os._exit?).", "ended")


class Outcome(NamedTuple):
    """What a task came to."""

    replies: tuple[Reply, ...]
    fit: bool
    """Whether the box ended the task as it should, and may have another."""
    lost: bool = False
    """Whether the box itself is gone, for which the task may not be to blame."""


def ask(control: socket.socket, frame: bytes, calls: int, limits: Limits) -> Outcome:
    """Have a box do one task.

    Parameters
    ----------
    control : socket
        The box's channel.
    frame : bytes
        The task.
    calls : int
        How many replies there should be.
    limits : Limits
        What was allowed.

    Returns
    -------
    Outcome
        A reply for each call, or fewer, the last of which is a problem.
    """
    deadline = time.monotonic() + limits.wall_seconds
    ours, theirs = socket.socketpair()
    replies: list[Reply] = []
    with ours:
        try:
            with theirs:
                socket.send_fds(control, [b"t"], [theirs.fileno()])
            _converse(_Line(ours, deadline), frame, calls, limits.reply_bytes, replies)
            end = read_line(control, deadline)
        except TimeoutError:
            return Outcome((*replies[: calls - 1], _late(limits, len(replies))), False)
        except WireError:
            return Outcome((*replies[: calls - 1], FLOOD), False)
        except (EOFError, ConnectionError):
            return Outcome(tuple(replies), False, lost=True)
    problem = _irregular(end, limits, len(replies))
    if problem is not None:
        return Outcome((*replies[: calls - 1], problem), False)
    complete = len(replies) == calls or (replies and replies[-1].problem is not None)
    return Outcome(tuple(replies) if complete else (*replies, EARLY), bool(complete))


class _Line:
    """Our end of a task's socket, with one deadline for all that is said on it."""

    def __init__(self, ours: socket.socket, deadline: float) -> None:
        self.ours = ours
        self.deadline = deadline

    def _wait(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.ours.settimeout(left)

    def write(self, frame: bytes) -> None:
        left = memoryview(frame)
        while left:
            self._wait()
            left = left[self.ours.send(left) :]

    def read(self, count: int) -> bytearray:
        """Give so many bytes; memory is taken as they come, not as they are promised."""
        got = bytearray()
        while len(got) < count:
            self._wait()
            piece = self.ours.recv(min(count - len(got), 1 << 20))
            if not piece:
                raise EOFError
            got += piece
        return got


def _converse(line: _Line, frame: bytes, calls: int, most: int, replies: list[Reply]) -> None:
    """Say the task and gather the replies, until the other end is closed."""
    try:
        line.write(frame)
        while len(replies) < calls and not (replies and replies[-1].problem is not None):
            message = receive(line.read, REPLY_HEADER_BYTES, most)
            most -= len(message.body)
            replies.append(unpack_reply(message))
        line.read(1)
    except (EOFError, ConnectionError):
        return  # the child is gone; how it went, the box tells
    raise WireError("more than was asked")


def _late(limits: Limits, replied: int) -> Reply:
    where = "" if replied else ", in the cell itself or the first call"
    allowed = f"{limits.wall_seconds:g} s by the clock"
    sentence = f"it did not end within {allowed}{where}: does it wait for something that never is?"
    return Reply(None, sentence, "time")


def _irregular(end: Mapping[str, float], limits: Limits, replied: int) -> Reply | None:
    """Say what the kernel tells of the child's end, if it was not a quiet one."""
    code, seconds = int(end["code"]), limits.cpu_seconds
    if code == 0:
        return None
    if code in (-signal.SIGKILL, -signal.SIGXCPU) and end["cpu"] >= NEAR * seconds:
        why = (
            "The last call is large: loops over entries, numeric differentiation, and arrays far "
            "larger than the arguments are too slow for it."
            if replied
            else "Is there a loop without an end?"
        )
        allowed = f"{seconds} s of processor time, all that is allowed"
        return Reply(None, f"it took more than {allowed}. {why}", "time")
    if code == -signal.SIGKILL:
        return Reply(None, "the system killed the code, most likely for its memory.", "memory")
    if code < 0:
        what = _signal(-code)
        sentence = f"the code crashed Python ({what}): an endless recursion, or a wild pointer?"
        return Reply(None, sentence, "ended")
    return EARLY


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
