"""The command: from text to verdict, a kill, and one sentence for each thing that is wrong."""

from __future__ import annotations

import errno
import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import unrolled
from unrolled import tasks
from unrolled.characters import Settings, command
from unrolled.characters.files import write_whole

TINY = Settings(H=6, T=8, N=4, steps=9, every=3)
HANGUL = "시간을 따라 펼친 그물은 같은 무게를 나눈다. 무게는 시간마다 같다.\n" * 9


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Small networks, in a folder of their own."""
    monkeypatch.setattr(command, "Settings", lambda **given: TINY._replace(**given))
    monkeypatch.setattr(command, "LENGTH", 20)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(tasks.read_text()[:900], encoding="utf-8")
    return str(path)


def arrays(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def test_a_run_from_the_text_to_the_verdict(text, capsys):
    assert command.main([text, "--out", "a/run"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("900 characters, ")
    for step in (0, 3, 6, 9):
        assert f"step {step} of 9: " in out
        written = Path(f"a/run/samples/step_{step:06}.txt").read_text("utf-8")
        assert [f"--- temperature {t}\n" in written for t in (0.3, 0.7, 1.0)] == [True] * 3
    assert out.rstrip().endswith("more.")
    assert "won with" in out
    assert "6-gram" in out
    assert Path("a/run/verdict.txt").read_text("utf-8").strip() in out
    rows = [row.split(",") for row in Path("a/run/curve.csv").read_text("utf-8").splitlines()]
    assert rows[0] == ["step", "training bits", "validation bits"]
    assert [row[0] for row in rows[1:]] == ["3", "6", "9"]
    losses = arrays("a/run/checkpoint.npz")["losses"]
    assert float(rows[2][1]) == pytest.approx(losses[3:6].mean() / 8 / np.log(2), abs=1e-4)
    assert not list(Path("a/run").rglob("*.part"))


def test_hangul_and_no_line_ends(tmp_path, capsys):
    path = tmp_path / "글.txt"
    path.write_text(HANGUL, encoding="utf-8")
    assert command.main([str(path), "--steps", "2", "--quiet"]) == 0
    assert capsys.readouterr().out.startswith("\nbits per held-out character")
    assert any(
        "가" <= c <= "힣" for c in Path("characters_run/samples/step_000002.txt").read_text()
    )
    one_line = tmp_path / "line.txt"
    one_line.write_text(HANGUL.replace("\n", " "), encoding="utf-8")
    assert command.main([str(one_line), "--steps", "2", "--out", "b"]) == 0


def test_a_terminal_without_the_letters_is_no_reason_to_stop(tmp_path, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text(HANGUL, encoding="utf-8")
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    assert command.main([str(path), "--steps", "1"]) == 0
    assert b"?" in terminal.buffer.getvalue()


def test_minutes_are_turned_into_steps(text):
    assert command.main([text, "--minutes", "0.0001", "--quiet"]) == 0
    assert len(arrays("characters_run/checkpoint.npz")["losses"]) >= 3


SLOW = """
import sys, time
sys.path.insert(0, sys.argv[1])
from unrolled.characters import Settings, command
command.Settings = lambda **given: Settings(H=6, T=8, N=4, steps=9, every=3)._replace(**given)
command.LENGTH = 20
honest = command.write_whole
def slow(path, text):
    honest(path, text)
    time.sleep(0.4)
command.write_whole = slow
sys.exit(command.main(sys.argv[2:]))
"""


def test_a_killed_run_goes_on_to_the_same_weights(text, tmp_path):
    assert command.main([text, "--out", "whole", "--quiet"]) == 0
    package = str(Path(unrolled.__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", SLOW, package, text, "--out", "run"],
                               stdout=subprocess.DEVNULL, cwd=tmp_path)  # fmt: skip
    deadline = time.monotonic() + 60
    while not Path("run/samples/step_000006.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(arrays("run/checkpoint.npz")["losses"]) == 3
    assert command.main([text, "--out", "run", "--resume", "--quiet"]) == 0
    one, two = arrays("whole/checkpoint.npz"), arrays("run/checkpoint.npz")
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    for name in ("curve.csv", "verdict.txt", "samples/step_000009.txt"):
        assert Path("run", name).read_text("utf-8") == Path("whole", name).read_text("utf-8")


def test_a_finished_run_may_be_resumed_to_no_harm(text, capsys):
    assert command.main([text]) == 0
    verdict = capsys.readouterr().out.splitlines()[-1]
    before = Path("characters_run/checkpoint.npz").read_bytes()
    assert command.main([text, "--resume"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == verdict
    assert Path("characters_run/checkpoint.npz").read_bytes() == before


# --- what is wrong is said in one sentence


def fails(capsys, arguments, status, says):
    assert command.main(arguments) == status
    error = capsys.readouterr().err.strip()
    assert error.startswith("unrolled.characters: ")
    assert "\n" not in error
    assert says in error


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "expected some text, got an empty file"),
        (b" \n\n", "expected some text, got an empty file"),
        (
            b"ab" * 20,
            "text: expected at least 60 characters, of which 85.5% are trained on, got 40",
        ),
        ("그물".encode("euc-kr") * 200, "expected UTF-8 text, got byte 0xb1 at 0"),
        ("net".encode("utf-16") * 200, "Save the file as UTF-8."),
    ],
)
def test_a_text_that_cannot_be_trained_on(tmp_path, capsys, content, says):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    fails(capsys, [str(path)], 2, says)
    assert not Path("characters_run").exists()


def test_a_text_that_is_not_there_or_a_folder(capsys, tmp_path):
    fails(capsys, ["none.txt"], 2, "expected a readable text file, got 'none.txt'")
    fails(capsys, [str(tmp_path)], 2, "expected a readable text file")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--steps", "0"],
        ["--steps", "1.5"],
        ["--steps", "²"],
        ["--minutes", "-1"],
        ["--minutes", "nan"],
        ["--minutes", "soon"],
        ["--seed", "-1"],
        ["--steps", "3", "--minutes", "1"],
        ["--steps", "3", "--resume"],
        ["--colour"],
    ],
)
def test_wrong_usage(arguments, capsys):
    assert command.main(arguments) == 2
    assert "error: " in capsys.readouterr().err


def test_help(capsys):
    assert command.main(["--help"]) == 0
    assert "--resume" in capsys.readouterr().out


def test_a_run_is_not_written_over_and_none_cannot_be_resumed(text, capsys):
    fails(capsys, [text, "--resume"], 2, "--resume: there is no run in 'characters_run' yet.")
    assert command.main([text, "--quiet", "--steps", "1"]) == 0
    capsys.readouterr()
    fails(capsys, [text], 2, "--out: 'characters_run' holds a run already.")


def test_another_text_a_cut_and_a_foreign_checkpoint(text, capsys, tmp_path):
    assert command.main([text, "--quiet", "--steps", "1"]) == 0
    capsys.readouterr()
    other = tmp_path / "other.txt"
    other.write_text(HANGUL, encoding="utf-8")
    fails(capsys, [str(other), "--resume"], 1, "text: expected the")
    checkpoint = Path("characters_run/checkpoint.npz")
    checkpoint.write_bytes(checkpoint.read_bytes()[:2000])
    fails(capsys, [text, "--resume"], 1, "cut short or changed")
    np.savez(checkpoint, a=np.zeros(3))
    fails(capsys, [text, "--resume"], 1, "path: expected")


def test_a_full_disk_leaves_the_last_checkpoint(text, capsys, monkeypatch):
    assert command.main([text, "--out", "whole", "--quiet"]) == 0
    capsys.readouterr()

    def full(path, content):
        if "000006" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_whole(path, content)

    monkeypatch.setattr(command, "write_whole", full)
    said = "step_000006.txt', got 'No space left on device'. Make room. Go on from the last check"
    fails(capsys, [text], 1, said)
    monkeypatch.setattr(command, "write_whole", write_whole)
    assert len(arrays("characters_run/checkpoint.npz")["losses"]) == 3
    assert command.main([text, "--resume", "--quiet"]) == 0
    one, two = arrays("whole/checkpoint.npz"), arrays("characters_run/checkpoint.npz")
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_a_folder_that_cannot_be_made(text, capsys):
    Path("file").touch()
    fails(capsys, [text, "--out", "file/run"], 2, "--out: expected a folder, got 'file/run' (")
    fails(capsys, [text, "--out", "file"], 2, "--out: expected a folder, got 'file' (")


def test_stopping_by_hand(text, capsys, monkeypatch):
    def interrupted(noted):
        raise KeyboardInterrupt

    honest = command._samples

    def samples(noted, settings):
        return honest(noted, settings) if noted.step < 6 else interrupted(noted)

    with monkeypatch.context() as patch:
        patch.setattr(command, "learn", lambda *_, **__: interrupted(None))
        fails(capsys, [text], 130, "stopped. No checkpoint was written before: begin again.")
    monkeypatch.setattr(command, "_samples", samples)
    said = (
        "stopped. Go on from the last checkpoint with the same text and --out, and --resume "
        "instead of --steps, --minutes or --seed."
    )
    fails(capsys, [text, "--out", "run", "--steps", "8", "--seed", "4"], 130, said)
    monkeypatch.setattr(command, "_samples", honest)
    fails(capsys, [text, "--out", "run", "--resume", "--seed", "4"], 2, "--seed: a resumed run")
    assert command.main([text, "--out", "run", "--resume", "--quiet"]) == 0
    assert len(arrays("run/checkpoint.npz")["losses"]) == 8


def test_the_last_step_is_looked_at_whatever_its_number(text, capsys):
    assert command.main([text, "--steps", "7"]) == 0
    assert "step 7 of 7: " in capsys.readouterr().out
    rows = Path("characters_run/curve.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["3", "6", "7"]
    verdict = Path("characters_run/verdict.txt").read_text("utf-8")
    Path("characters_run/verdict.txt").unlink()
    assert command.main([text, "--resume"]) == 0
    assert Path("characters_run/verdict.txt").read_text("utf-8") == verdict


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_output_and_a_reader_that_left(text, tmp_path):
    package = str(Path(unrolled.__file__).parents[1])
    call = [sys.executable, "-c", SLOW, package, text]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*call, "--out", "a"], stdout=full, stderr=subprocess.PIPE,
                              cwd=tmp_path, text=True, check=False)  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "unrolled.characters: output: expected to print, got 'No space left on device'. "
        "Make room. No checkpoint was written before: begin again.\n"
    )
    process = subprocess.Popen([*call, "--out", "b"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, cwd=tmp_path, text=True)  # fmt: skip
    process.stdout.readline()
    process.stdout.close()
    assert (process.wait(), process.stderr.read()) == (1, "")
    process.stderr.close()


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "file.txt"
    write_whole(path, "one\n")
    write_whole(path, b"two\n")
    assert path.read_bytes() == b"two\n"

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_whole(path, "three\n")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"two\n"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]

    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "three\n")
    assert path.read_bytes() == b"two\n"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]
