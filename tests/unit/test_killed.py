"""A training that is killed at any moment, and resumed, ends with bit-equal weights and losses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
from oracle.agree import same_bytes

import unrolled
from unrolled import LSTM, models, train

# Tells each step, and each time that a whole file is about to take the place of the one before.
SCRIPT = """
import os, sys, time
from pathlib import Path
import numpy as np
from unrolled import LSTM, models, tasks, train

path, slow = Path(sys.argv[1]), float(sys.argv[2])
plain = os.fsync
def fsync(handle):
    print("saving", flush=True)
    time.sleep(slow)
    plain(handle)
os.fsync = fsync
def look(step, params):
    print(step, flush=True)
    time.sleep(slow)
    return float(abs(params.Wy).sum())

model, adam = models.Model(LSTM), train.averaged(train.adam(0.01), 0.9)
ids = np.random.default_rng(0).integers(0, 4, 90)
fresh = models.init(model, 4, 3, 4, rng=np.random.default_rng(1))
start = train.load(path, model, adam, like=fresh) if path.exists() else fresh
resumed = isinstance(start, train.Checkpoint)
rng = start.generator() if resumed else np.random.default_rng(2)
train.fit(model, start, tasks.windows(ids, 5, 2, rng=rng), adam, steps=40, clip=1.0, carry=True,
          progress=False, watch=train.Watch(look, 1), saving=train.Saving(path, 7, rng))
print("done", flush=True)
"""


def start(path, slow):
    folder = str(Path(unrolled.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path), str(slow)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": folder, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def kill_at(path, line):
    """Start or go on; send SIGKILL as soon as the line is told."""
    with start(path, 0.02) as process:
        for told in process.stdout:
            if told.strip() == line:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


def finish(path):
    with start(path, 0) as process:
        told = process.stdout.read().split()
    assert process.returncode == 0
    assert told[-1] == "done"
    return told


def test_killed_and_resumed_is_never_stopped(tmp_path):
    whole, part = tmp_path / "whole.npz", tmp_path / "part.npz"
    finish(whole)
    kill_at(part, "3")  # before the first checkpoint
    assert not part.exists()
    kill_at(part, "9")
    kept = part.read_bytes()
    kill_at(part, "saving")  # the new file is written, the old one still in its place
    assert part.read_bytes() == kept
    kill_at(part, "30")
    told = finish(part)
    assert told[0] == "29"  # from the checkpoint of step 28 on
    model, adam = models.Model(LSTM), train.averaged(train.adam(0.01), 0.9)
    one, two = (train.load(path, model, adam) for path in (whole, part))
    same_bytes(two[1:5], one[1:5])
    assert two.losses.shape == (40,)
    assert np.isfinite(two.losses).all()
    assert part.read_bytes() == whole.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["part.npz", "whole.npz"]
