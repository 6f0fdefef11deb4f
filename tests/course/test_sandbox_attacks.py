"""What a hostile answer cell may try; each gets nothing, leaves nothing and spoils nothing.

Every attack runs in a box that is kept warm, behind all walls and, a second time, with the
filter of system calls alone; an honest task follows it in the same box.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from course.hostile_calls import SLOW, SYSCALLS, VALUES_AND_SYSTEM
from course.hostile_cells import DRIVER_AND_CHANNEL, in_function

from coursekit.sandbox import seccomp
from coursekit.sandbox.box import Sandbox, Task
from unrolled.exercises.papers import Reply

SECRET = "canary-4711"
RNG = np.random.default_rng(7)
CALLS = tuple((RNG.standard_normal((3, 4)), RNG.standard_normal((4, n))) for n in (1, 2, 5, 60))
HONEST = "def answer(a, b):\n    return a @ b"
ATTACKS = {**DRIVER_AND_CHANNEL, **VALUES_AND_SYSTEM}
TABLE = seccomp.machine()
ALLOWED = TABLE.calls if TABLE else ()


class Host(NamedTuple):
    """What on the host must stay untouched and unread."""

    folder: Path
    listening: tuple[socket.socket, ...]
    words: dict[str, Any]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("course")
    (folder / "secret.txt").write_text(SECRET)
    os.environ["UNROLLED_CANARY"] = SECRET
    tcp = socket.create_server(("127.0.0.1", 0))
    abstract = f"\0unrolled-{os.getpid()}"
    local = socket.socket(socket.AF_UNIX)
    local.bind(abstract)
    local.listen()
    for listening in (tcp, local):
        listening.setblocking(False)
    words = {"folder": str(folder), "secret": str(folder / "secret.txt"), "abstract": abstract}
    yield Host(folder, (tcp, local), {**words, "port": tcp.getsockname()[1]})
    del os.environ["UNROLLED_CANARY"]
    tcp.close()
    local.close()


def told(replies: tuple[Reply, ...]) -> str:
    """Say what a task came to, as a marker would."""
    if replies[-1].problem is not None:
        return replies[-1].kind
    assert len(replies) == len(CALLS)
    for reply, (a, b) in zip(replies, CALLS, strict=True):
        got = reply.value
        if not isinstance(got, np.ndarray) or got.shape != (3, b.shape[1]):
            return "wrong"
        if not np.max(np.abs(got - a @ b)) < 1e-12:
            return "wrong"
    return "right"


def tried(box: Sandbox, source: str, host: Host) -> str:
    """Let an attack run, look after the host, and let an honest task follow."""
    for word, value in host.words.items():
        source = source.replace("{" + word + "!r}", repr(value))
    replies = box.run(Task("ps1", "", "answer", source, CALLS))
    outcome = told(replies)
    for reply in replies:
        assert SECRET not in repr(reply.value)
        if reply.problem is not None:
            assert SECRET not in reply.problem
            assert reply.problem.isprintable()
            assert 10 < len(reply.problem) <= 300
    assert [path.name for path in host.folder.iterdir()] == ["secret.txt"]
    assert (host.folder / "secret.txt").read_text() == SECRET
    for listening in host.listening:
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert told(box.run(Task("ps1", "", "answer", HONEST, CALLS))) == "right"
    return outcome


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_earns_nothing_and_leaves_nothing(name: str, sandbox: Sandbox, host: Host) -> None:
    source, outcomes = ATTACKS[name]
    assert tried(sandbox, source, host) in outcomes.split()


@pytest.mark.parametrize("name", ATTACKS)
def test_filter_alone_holds(name: str, bare_sandbox: Sandbox, host: Host) -> None:
    source, outcomes = ATTACKS[name]
    assert tried(bare_sandbox, source, host) in outcomes.split()


@pytest.mark.parametrize("name", SLOW)
def test_attack_is_stopped_in_time(name: str, sandbox: Sandbox, host: Host) -> None:
    source, outcomes = SLOW[name]
    assert tried(sandbox, source, host) in outcomes.split()


@pytest.mark.parametrize("name", [n for n, c in SYSCALLS.items() if c[0] not in ALLOWED])
def test_system_call_is_denied(name: str, sandbox: Sandbox, host: Host) -> None:
    arguments = ", ".join(f"ctypes.c_long({word})" for word in SYSCALLS[name])
    source = in_function(
        "import ctypes",
        "libc = ctypes.CDLL(None, use_errno=True)",
        f"result = libc.syscall({arguments})",
        "return np.array([result, ctypes.get_errno()])",
    )
    replies = sandbox.run(Task("ps1", "", "answer", source, CALLS))
    assert replies[0].problem is None
    np.testing.assert_array_equal(replies[0].value, [-1, 1])  # EPERM
    assert tried(sandbox, source, host) == "wrong"


def test_limits_cannot_be_raised(sandbox: Sandbox, host: Host) -> None:
    source = in_function(
        "import resource",
        "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    )
    assert tried(sandbox, source, host) == "error"


def test_time_is_that_of_all_calls_together(sandbox: Sandbox) -> None:
    source = in_function(
        "import time",
        "until = time.process_time() + 0.4",
        "while time.process_time() < until: pass",
        "return a @ b",
    )
    replies = sandbox.run(Task("ps1", "", "answer", source, CALLS))
    assert replies[-1].kind == "time"
    assert f"{sandbox.limits.cpu_seconds} s of processor time" in str(replies[-1].problem)
