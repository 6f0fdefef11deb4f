"""One process with its own number of threads: it answers requests, one JSON line each.

A library reads its number of threads when it is loaded, so one and two threads need two
processes. Both live through the whole run and are asked in turn.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

FILL = 0.05
"""Seconds that each side is timed for in a round; a longer call is made once."""
SETTLE = 0.05
"""Seconds of rest before each side where there are threads: another library's may still spin."""


def main() -> None:
    """Answer until the questions end."""
    threads = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who asks decides when to stop
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not come between the answers
    pin(threads)
    job: dict[str, Any] = {}
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), threads, job)), file=answers, flush=True)


def pin(threads: int) -> None:
    """Keep to as many cores as threads, the last ones: JAX takes every core that it sees."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def answer(request: dict[str, Any], threads: int, job: dict[str, Any]) -> Any:
    """Do what is asked: ``prepare`` a job, time one ``round`` of it, or measure ``memory``."""
    import torch  # here, so that the cores are chosen before any library counts them

    from benchmarks import clock, contest, memory

    torch.set_num_threads(threads)
    wanted = request.pop("do")
    if wanted == "memory":
        return memory.KINDS[request.pop("of")](**request)
    if wanted == "prepare":
        runs = contest.JOBS[request.pop("job")](**request)
        # this first call of each is its warm-up, too
        calls = {name: clock.calls_for(FILL, clock.timed(run, 1)) for name, run in runs.items()}
        job.update(runs=runs, calls=calls)
        return calls
    runs, calls = job["runs"], job["calls"]
    return {
        name: timed(runs[name], calls[name], threads)
        for name in clock.turn([*runs], request["number"])
    }


def timed(run: Callable[[], object], calls: int, threads: int) -> tuple[float, float]:
    """Time one side, after a rest where it has threads."""
    from benchmarks import clock

    if threads > 1:
        time.sleep(SETTLE)
    return clock.timed(run, calls)


if __name__ == "__main__":
    main()
