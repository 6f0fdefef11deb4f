"""The sandbox does honest work: values there and back, sentences that help, nothing kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coursekit.records import CourseError, Limits
from coursekit.sandbox import box, seccomp, starting, walls
from coursekit.sandbox.box import NoSandbox, Sandbox, Task, check_usable
from unrolled.exercises.papers import Reply
from unrolled.shapes import ArgumentError

MOST = 1 << 20


def returned(sandbox: Sandbox, *lines: str, arguments: tuple[Any, ...] = (1.0,)) -> Reply:
    """Run a function of one argument, and give its reply."""
    source = "def answer(x):\n" + "".join(f"    {line}\n" for line in lines)
    return sandbox.run(Task("ps1", "", "answer", source, (arguments,)))[-1]


class TestHonestWork:
    @pytest.mark.parametrize("value", [2.5, (1, 2), {"a": np.eye(2)}, [np.arange(3)], "word"])
    def test_arguments_arrive_and_values_return(self, sandbox: Sandbox, value: Any) -> None:
        reply = returned(sandbox, "return x", arguments=(value,))
        assert reply.problem is None
        assert repr(reply.value) == repr(value)

    def test_a_large_array_returns(self, sandbox: Sandbox) -> None:
        large = np.random.default_rng(1).standard_normal((1000, 1000))
        np.testing.assert_array_equal(
            returned(sandbox, "return 2 * x", arguments=(large,)).value, 2 * large
        )

    @pytest.mark.parametrize(
        "expression",
        [
            *("np.linalg.svd(np.eye(9) + x)[1]", "np.fft.fft(np.ones(8)).real"),
            *("np.einsum('ij,jk', np.eye(3), np.eye(3))", "np.linalg.inv(np.eye(50) * 2)"),
            *("np.random.default_rng(0).standard_normal(3)", "np.sort(np.arange(9.0)[::-1])"),
            *("np.ones((400, 400)) @ np.ones((400, 400))", "np.polynomial.Polynomial([1, 2])(3.0)"),
            *("np.float64(1) / 0 * 0 + np.ones(2)", "np.exp(np.array([1000.0, 1]))"),
            "__import__('math').sqrt(2.0)",
        ],
    )
    def test_numpy_computes_as_outside(self, sandbox: Sandbox, expression: str) -> None:
        reply = returned(sandbox, f"return {expression}")
        assert reply.problem is None
        with np.errstate(all="ignore"):
            expected = eval(expression, {"np": np, "x": 1.0})
        np.testing.assert_allclose(reply.value, expected, rtol=1e-12)

    def test_the_cell_has_its_problem_set_in_its_form(self, sandbox: Sandbox) -> None:
        reply = returned(sandbox, "return ps1.code")
        assert reply.value.startswith("0")

    def test_replies_end_with_the_first_problem(self, sandbox: Sandbox) -> None:
        source = "def answer(x):\n    return 6 / x"
        replies = sandbox.run(Task("ps1", "", "answer", source, ((2,), (0,), (3,))))
        assert [reply.value for reply in replies] == [3.0, None]

    def test_nothing_is_kept_from_task_to_task(self, sandbox: Sandbox) -> None:
        task = Task("ps1", "", "answer", "np.kept = 1\ndef answer(x):\n    return x", ((1,),))
        assert sandbox.run(task)[0].value == 1
        assert "AttributeError" in str(returned(sandbox, "return np.kept").problem)
        assert "NameError" in str(returned(sandbox, "return kept").problem)

    def test_a_lost_box_is_replaced(self, sandbox: Sandbox) -> None:
        assert returned(sandbox, "return x").value == 1.0
        running = sandbox._running
        assert running is not None
        assert running.first is not None
        signal.pidfd_send_signal(running.first, signal.SIGKILL)
        assert returned(sandbox, "return x").value == 1.0

    def test_a_box_is_started_anew_after_many_tasks(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("coursekit.sandbox.box.TASKS", 2)
        seen = set()
        for _ in range(4):
            assert returned(sandbox, "return x").value == 1.0
            assert sandbox._running is not None
            seen.add(sandbox._running.process.pid)
        assert len(seen) >= 2

    def test_descriptors_do_not_pile_up(self, sandbox: Sandbox) -> None:
        returned(sandbox, "return x")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            returned(sandbox, "return x")
            returned(sandbox, "import os", "os._exit(3)")
        returned(sandbox, "return x")
        assert len(os.listdir("/proc/self/fd")) == before

    def test_everything_inside_dies_with_the_box(self, sandbox: Sandbox) -> None:
        with Sandbox(sandbox.limits) as other:
            assert other._running is not None
            below = processes_below(other._running.process.pid)
            assert len(below) >= 2
        assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]

    def test_an_argument_that_cannot_be_sent_is_the_courses_mistake(self, sandbox: Sandbox) -> None:
        with pytest.raises(CourseError, match=r"argument is .* not numbers"):
            returned(sandbox, "return x", arguments=(print,))
        with pytest.raises(ArgumentError, match="code: expected"):
            sandbox.run(Task("ps1", "zzz", "answer", "", ((1,),)))


def processes_below(pid: int) -> list[int]:
    """Name a process and all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in processes_below(int(child)))]


LOOK = """
import glob, json, os, socket
def tried(work):
    try: return str(work())
    except OSError as error: return type(error).__name__
folders = ["/", "/tmp", "/dev", "/dev/shm", "/usr", "/box", "/box/numpy", "/run", "/var/tmp"]
print(json.dumps({
    "root": sorted(os.listdir("/")), "environment": sorted(os.environ), "pid": os.getpid(),
    "box": sorted(os.listdir("/box")), "uid": os.getuid(), "host": socket.gethostname(),
    "written": [tried(lambda: open(d + "/x", "w").name) for d in folders],
    "tcp": tried(lambda: socket.create_connection(("127.0.0.1", PORT), 2)),
    "secret": tried(lambda: open("SECRET").read()),
    "etc": tried(lambda: open("/etc/passwd").read()),
    "chroot": tried(lambda: os.chroot("/usr")), "setuid": tried(lambda: os.setuid(0)),
    "packages": [p for d in ("/usr/lib", "PREFIX/lib")
                 for p in glob.glob(d + "/python*/*-packages/*")],
}))
"""


def test_walls_alone_hold(sandbox: Sandbox, tmp_path: Path) -> None:
    """Without the filter of system calls, and with all of Python, there is nothing to find."""
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    command = walls.command(9, 2, sandbox.limits, unsafe=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        look = LOOK.replace("PORT", str(server.getsockname()[1])).replace("SECRET", str(secret))
        look = look.replace("PREFIX", sys.base_prefix)
        place = command.index("-c")
        ran = subprocess.run(
            [*command[: place + 1], look],
            env={"UNROLLED_CANARY": "canary"},
            capture_output=True,
            text=True,
            check=True,
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    seen = json.loads(ran.stdout)
    assert set(seen["root"]) <= {"box", "etc", "usr", "lib", "lib64", "lib32", "nix", "gnu"} | {
        Path(sys.base_prefix).parts[1]
    }
    assert set(seen["environment"]) <= {*walls.environment(), "PWD", "LC_CTYPE"}
    assert set(seen["box"]) <= {"numpy", "numpy.libs", "unrolled", "coursekit"}
    assert set(seen["written"]) <= {"OSError", "FileNotFoundError", "PermissionError"}
    assert seen["tcp"] in ("ConnectionRefusedError", "OSError")
    assert (seen["secret"], seen["etc"]) == ("FileNotFoundError", "FileNotFoundError")
    assert (seen["chroot"], seen["setuid"]) == ("PermissionError", "OSError")
    assert (seen["uid"], seen["host"], seen["packages"]) == (65534, "box", [])
    assert seen["pid"] <= 3


class TestRefusal:
    def test_a_working_sandbox_is_found(self, sandbox: Sandbox) -> None:
        check_usable(sandbox.limits)

    def test_without_bubblewrap_it_says_how_to_get_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: None)
        with pytest.raises(NoSandbox, match=r"apt install bubblewrap.*--unsafe"):
            check_usable(Limits())

    @pytest.mark.parametrize(
        ("says", "words"),
        [
            ("bwrap: setting up uid map: Permission denied", r"AppArmor profile.*--unsafe"),
            ("bwrap: No permissions to create new namespace", r"unprivileged_userns_clone=1"),
            ("ModuleNotFoundError: No module named 'numpy'", r"Python does not start: Module"),
            ("", "Python does not start: it said nothing"),
        ],
    )
    def test_a_box_that_does_not_start_says_why(
        self, says: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = tmp_path / "bwrap"
        broken.write_text(f'#!/bin/sh\necho "{says}" >&2\nexit 1\n')
        broken.chmod(0o755)
        monkeypatch.setattr(shutil, "which", lambda name: str(broken))
        monkeypatch.setattr(seccomp, "machine", lambda: seccomp.MACHINES["x86_64"])
        with pytest.raises(NoSandbox, match=words):
            check_usable(Limits())

    def test_another_processor_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(seccomp.platform, "machine", lambda: "riscv64")
        assert seccomp.machine() is None
        with pytest.raises(NoSandbox, match="x86_64 or aarch64"):
            check_usable(Limits())

    def test_a_kernel_without_filters_is_refused(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ready = starting.read_line
        monkeypatch.setattr(starting, "read_line", lambda *a: {**ready(*a), "filtered": False})
        with pytest.raises(NoSandbox, match=r"seccomp.*--unsafe"):
            check_usable(sandbox.limits)

    def test_a_trial_that_fails_is_told(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(box, "PROBE", box.PROBE._replace(source="raise MemoryError"))
        with pytest.raises(NoSandbox, match="allow less memory"):
            check_usable(sandbox.limits)


def test_the_filter_allows_nothing_twice_and_names_no_call_that_harms() -> None:
    harmful = {"x86_64": {2, 41, 56, 57, 58, 59, 62, 101, 157, 257, 435}, "aarch64": {56, 198, 220}}
    for name, table in seccomp.MACHINES.items():
        numbers = (*table.calls, *table.mapping)
        assert len(set(numbers)) == len(numbers)
        assert not set(numbers) & harmful[name]
        assert len(seccomp.program(table)) % 8 == 0
