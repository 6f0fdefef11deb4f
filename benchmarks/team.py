"""The processes that measure, as the one who asks them sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.clock import Round, Times

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Worker:
    """A process with its own number of threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", str(threads)],
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(VARIABLES, str(threads))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> Any:
        """Ask, and wait for the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise SystemExit("the measuring process has no pipes")
        try:
            print(json.dumps({"do": do, **request}), file=stdin, flush=True)
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SystemExit(
                f"The process with {self.threads} thread(s) ended while it worked on {request}; "
                f"what it said stands above."
            )
        return json.loads(line)

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def team(threads: Sequence[int]) -> Iterator[list[Worker]]:
    """Start the processes, and end them however the block ends."""
    workers: list[Worker] = []
    try:
        workers.extend(Worker(count) for count in threads)
        yield workers
    finally:
        for worker in workers:
            worker.close()


def measure(workers: Sequence[Worker], rounds: int, **job: Any) -> dict[int, list[Round]]:
    """Let all processes do the same job in turn, round after round; the key is their threads."""
    for worker in workers:
        worker.ask("prepare", **job)
    found: dict[int, list[Round]] = {worker.threads: [] for worker in workers}
    for number in range(rounds):
        for worker in workers:
            times = worker.ask("round", number=number)
            found[worker.threads].append({name: Times(*pair) for name, pair in times.items()})
    return found
