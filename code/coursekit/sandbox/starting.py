"""Start the box's process, and end it with all that runs inside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import NamedTuple

from coursekit.records import CourseError, Limits
from coursekit.sandbox import seccomp, walls

PATIENCE = 60.0
"""Seconds that a start may take, from a slow disk say."""
GRACE = 5.0
"""Seconds in which a killed box is gone."""
UNSAFE = (
    "Or grade with --unsafe: then a student's code runs without these walls, "
    "so do that only with code that you trust, or on a machine that holds nothing else."
)


class NoSandbox(CourseError):
    """No sandbox can be had here; the message says what is missing and how to get it."""


class Running(NamedTuple):
    """A started box."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    """Ours alone: the process at the other end runs no student's code."""
    first: int | None
    """A handle on the first process inside, whose end is the end of all others there; None
    without walls."""


def start(limits: Limits, unsafe: bool) -> Running:
    """Start a box and wait until it is ready.

    Parameters
    ----------
    limits : Limits
        Of every task.
    unsafe : bool
        Without bubblewrap, and with as much of the rest as the system has.

    Returns
    -------
    Running
        Ready for tasks.

    Raises
    ------
    NoSandbox
        Something that it needs is missing.
    """
    missing = _missing(unsafe)
    if missing is not None:
        raise NoSandbox(f"no sandbox can be had here: {missing} {UNSAFE}")
    process, control, told = _launch(limits, unsafe)
    first: int | None = None
    try:
        ready = read_line(control, time.monotonic() + PATIENCE)
        if not unsafe:
            first = os.pidfd_open(json.loads(os.read(told, 4096))["child-pid"])
    except (EOFError, TimeoutError):
        raise NoSandbox(_why_not(_end(process, control))) from None
    except BaseException:
        _end(process, control)
        raise
    finally:
        os.close(told)
    running = Running(process, control, first)
    if not ready["filtered"] and not unsafe:
        stop(running)
        raise NoSandbox(
            "no sandbox can be had here: the kernel takes no seccomp filter "
            "(CONFIG_SECCOMP_FILTER); use another kernel, or a container that allows it. " + UNSAFE
        )
    return running


def _launch(limits: Limits, unsafe: bool) -> tuple[subprocess.Popen[bytes], socket.socket, int]:
    """Start the process; give our end of its channel, and where bubblewrap tells its pids."""
    ours, theirs = socket.socketpair()
    told, telling = os.pipe()
    try:
        process = subprocess.Popen(
            walls.command(theirs.fileno(), telling, limits, unsafe),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=walls.environment() if unsafe else {},
            pass_fds=(theirs.fileno(), telling),
            start_new_session=True,
            cwd="/",
        )
    except OSError as error:
        ours.close()
        os.close(told)
        raise NoSandbox(_why_not(str(error).encode())) from None
    finally:
        theirs.close()
        os.close(telling)
    return process, ours, told


def _end(process: subprocess.Popen[bytes], control: socket.socket) -> bytes:
    """Kill what is still starting, and give its last words.

    That is bubblewrap, and its child, which would wait for it for good.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    control.close()
    return process.communicate()[1]


def stop(running: Running) -> None:
    """End everything in a box.

    Parameters
    ----------
    running : Running
        At rest, busy or ended already.
    """
    running.control.close()
    # Not bubblewrap itself is killed: it buries what it started, and only then ends.
    with contextlib.suppress(ProcessLookupError):
        if running.first is not None:
            signal.pidfd_send_signal(running.first, signal.SIGKILL)
        elif running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
    try:
        running.process.wait(GRACE)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
    if running.first is not None:
        os.close(running.first)
    if running.process.stderr is not None:
        running.process.stderr.close()


def read_line(control: socket.socket, deadline: float) -> dict[str, float]:
    """Read what the process at the other end of the control channel says; it is trusted.

    Parameters
    ----------
    control : socket
        The grader's end.
    deadline : float
        On the monotonic clock.

    Returns
    -------
    dict
        One line of JSON.

    Raises
    ------
    EOFError
        The process is gone.
    TimeoutError
        It says nothing.
    """
    line = b""
    while not line.endswith(b"\n"):
        control.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            piece = control.recv(4096)
        except ConnectionError:
            piece = b""
        if not piece:
            raise EOFError
        line += piece
    said: dict[str, float] = json.loads(line)
    return said


def _missing(unsafe: bool) -> str | None:
    if not hasattr(os, "fork"):
        return "this system cannot fork a process: grade on Linux, in a container say."
    if unsafe:
        return None
    if seccomp.machine() is None:
        return (
            "it takes a 64-bit Python on Linux, on an x86_64 or aarch64 processor, "
            f"and this is {sys.platform}: grade in a Linux container or virtual machine."
        )
    if shutil.which("bwrap") is None:
        return (
            "bubblewrap (the command bwrap) is not installed: "
            "apt install bubblewrap, or dnf install bubblewrap."
        )
    return None


def _why_not(said: bytes) -> str:
    """Make a sentence of the last words of what did not start."""
    lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing."]
    if not lines[-1].startswith("bwrap:"):
        return f"the sandbox's Python does not start: {lines[-1]}"
    return (
        f"no sandbox can be had here: {lines[-1]}. Most likely the system lets no ordinary user "
        "make namespaces: give bwrap an AppArmor profile that allows userns (Ubuntu 24.04 and "
        "later), or set sysctl kernel.apparmor_restrict_unprivileged_userns=0, "
        "kernel.unprivileged_userns_clone=1 or a larger user.max_user_namespaces; in a "
        f"container, use one that is allowed user namespaces. {UNSAFE}"
    )
