"""Inside the box: the process that never runs a student's code, and forks one that does.

It has NumPy and the problem sets loaded, so that a task costs a fork and not a start of
Python. It knows nothing of tasks: each comes over a socket of its own, which is handed
through to the child; so a child finds nothing of those before it. The child's end, which
the kernel tells, is reported on a channel that no child has.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from coursekit.records import Limits
from coursekit.sandbox import seccomp
from coursekit.sandbox.answering import answers
from coursekit.sandbox.messages import TASK_BYTES, unpack_task
from coursekit.sandbox.wire import receive

MODULES = (
    *("cmath", "copy", "collections", "dataclasses", "fractions", "functools", "itertools"),
    *("inspect", "math", "operator", "random", "statistics", "string", "textwrap", "typing"),
    *("numpy.fft", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random"),
)
"""What a cell may find besides NumPy: loaded before, for a child can open no file."""
TASK = 3
"""Where the child has its task's socket."""
FILES = 16
REFUSED = 71
"""A child that could not put itself under the limits ends so."""


def main(control: int, limits: Limits) -> None:
    """Serve until the grader closes the channel.

    Parameters
    ----------
    control : int
        The descriptor of a socket.
    limits : Limits
        Of every task.
    """
    seccomp_table = seccomp.machine()
    filtering = seccomp.program(seccomp_table) if seccomp_table else b""
    _hide()
    for name in MODULES:
        import_module(name)
    import unrolled.exercises as exercises

    for path in sorted(Path(exercises.__path__[0]).glob("ps[0-9]*.py")):
        import_module(f"unrolled.exercises.{path.stem}")
    warnings.simplefilter("ignore")
    os.dup2(0, 2)  # what was said so far was for the grader
    gc.collect()
    gc.freeze()  # the children shall not touch, and so copy, what they do not use
    channel = socket.socket(fileno=control)
    _say(channel, {"filtered": bool(filtering) and _holds(filtering, limits)})
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 1)
        if not message:
            return
        _say(channel, _serve(descriptors[0], filtering, limits))


def _say(channel: socket.socket, what: dict[str, object]) -> None:
    channel.sendall(json.dumps(what).encode() + b"\n")


def _serve(descriptor: int, filtering: bytes, limits: Limits) -> dict[str, object]:
    child = os.fork()
    if child == 0:
        _in_child(lambda: _answer(descriptor, filtering, limits))
    os.close(descriptor)
    _, status, usage = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss << 10,
    }


def _in_child(work: Callable[[], None]) -> None:
    """Do something and end, whatever happens, without a word of Python's shutdown."""
    try:
        work()
    except BaseException:  # noqa: BLE001 — the grader notices what is missing
        os._exit(REFUSED)
    os._exit(0)


def _answer(descriptor: int, filtering: bytes, limits: Limits) -> None:
    os.dup2(descriptor, TASK)
    os.closerange(TASK + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 256))
    confine(filtering, limits)
    task = unpack_task(receive(_read, TASK_BYTES, TASK_BYTES))
    for frame in answers(task, limits.reply_bytes):
        _write(frame)


def confine(filtering: bytes, limits: Limits) -> None:
    """Put this process under the limits, for good.

    Parameters
    ----------
    filtering : bytes
        The filter of system calls; empty where there is none.
    limits : Limits
        Processor time and memory.
    """
    seconds = limits.cpu_seconds
    bounds = {
        "CPU": seconds,  # soft and hard: at its end comes a signal that nothing can ignore
        "AS": limits.memory_bytes,
        "FSIZE": 0,
        "CORE": 0,
        "NOFILE": FILES,
        "NPROC": 0,
        "MEMLOCK": 0,
        "MSGQUEUE": 0,
    }
    for name, most in bounds.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is not None:
            resource.setrlimit(number, (most, most))
    _hide()
    if filtering:
        seccomp.install(filtering)


def _hide() -> None:
    """End with the parent, and let no process of the same user look in."""
    if sys.platform.startswith("linux"):
        seccomp.set_process(seccomp.PR_SET_PDEATHSIG, signal.SIGKILL)
        seccomp.set_process(seccomp.PR_SET_DUMPABLE, 0)


def _read(count: int) -> bytes:
    pieces = []
    while count:
        piece = os.read(TASK, min(count, 1 << 20))
        if not piece:
            raise EOFError("the grader closed the task's socket")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _write(frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[os.write(TASK, left) :]


def _holds(filtering: bytes, limits: Limits) -> bool:
    """Try in a child that the kernel takes the filter, and denies what it shall deny."""
    child = os.fork()
    if child == 0:
        _in_child(lambda: _try(filtering, limits))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _try(filtering: bytes, limits: Limits) -> None:
    confine(filtering, limits)
    for denied in (lambda: os.listdir("/"), os.fork, socket.socket):
        try:
            denied()
        except PermissionError:
            continue
        raise RuntimeError("the filter lets through what it should not")
