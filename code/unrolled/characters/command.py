"""The command ``python -m unrolled.characters``: train on a text, watch it learn to write."""

from __future__ import annotations

import argparse
import errno
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from unrolled import tasks, train
from unrolled.characters.cutting import Parts, parts
from unrolled.characters.files import write_whole
from unrolled.characters.judging import ORDERS, Verdict, judge, sentence
from unrolled.characters.keeping import settings_of
from unrolled.characters.learning import Noted, begin, learn
from unrolled.characters.settings import Settings
from unrolled.characters.speller import MODEL, Speller, write
from unrolled.shapes import ArgumentError
from unrolled.train import Fit

DONE, STOPPED_BY_ERROR, USAGE, INTERRUPTED = 0, 1, 2, 130
TEMPERATURES = (0.3, 0.7, 1.0)
SHOWN = 1  # which of them is printed
LENGTH = 200
TRIED = 20  # steps that are timed where minutes are asked for


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if left out.

    Returns
    -------
    int
        The exit status: 0 done, 1 stopped by an error, 2 wrong usage or a text that cannot be
        trained on, 130 stopped by Ctrl-C.
    """
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what is wrong, or has helped
        return int(end.code or 0)
    checkpoint = asked.out / "checkpoint.npz"
    if asked.resume and asked.seed is not None:
        return _fail("--seed: a resumed run keeps the seed that it began with.", USAGE)
    if asked.resume and not checkpoint.is_file():
        return _fail(f"--resume: there is no run in {str(asked.out)!r} yet.", USAGE)
    if not asked.resume and checkpoint.exists():
        return _fail(
            f"--out: {str(asked.out)!r} holds a run already. Go on with it by --resume, "
            f"or choose another folder.",
            USAGE,
        )
    try:
        cut = parts(tasks.read_text(asked.text), fewest=Settings().T * Settings().N)
    except ArgumentError as error:
        return _fail(str(error), USAGE)
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _fail(f"--out: expected a folder, got {str(asked.out)!r} ({error.strerror}).", USAGE)
    try:
        _run(cut, asked, checkpoint)
    except ArgumentError as error:  # a checkpoint's are such too
        return _fail(str(error), STOPPED_BY_ERROR)
    except BrokenPipeError:  # the reader of our output went away: | head
        _print_nowhere()
        return STOPPED_BY_ERROR
    except OSError as error:
        if error.filename is None:  # our files say their names
            _print_nowhere()
            said = f"output: expected to print, got {error.strerror!r}"
        else:
            said = f"--out: expected to write {str(error.filename)!r}, got {error.strerror!r}"
        room = " Make room." if error.errno == errno.ENOSPC else ""
        return _fail(f"{said}.{room} {_how_to_go_on(checkpoint)}", STOPPED_BY_ERROR)
    except KeyboardInterrupt:
        return _fail(f"stopped. {_how_to_go_on(checkpoint)}", INTERRUPTED)
    return DONE


def _how_to_go_on(checkpoint: Path) -> str:
    if not checkpoint.is_file():
        return "No checkpoint was written before: begin again."
    return (
        "Go on from the last checkpoint with the same text and --out, and --resume instead of "
        "--steps, --minutes or --seed."
    )


def _print_nowhere() -> None:
    """Send what is still to be printed away: nobody takes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(cut: Parts, asked: argparse.Namespace, checkpoint: Path) -> None:
    """Train, showing how far it is, then say who won."""
    say: Callable[[str], None] = _silent if asked.quiet else _say
    if asked.resume:
        settings = settings_of(checkpoint, cut)
    else:
        settings = Settings(seed=asked.seed or 0)
        if asked.minutes is not None:
            settings = _for_minutes(cut, settings, asked.minutes)
        elif asked.steps is not None:
            settings = settings._replace(steps=asked.steps, every=min(settings.every, asked.steps))
    say(
        f"{sum(map(len, cut[1:]))} characters, {len(cut.vocabulary.characters)} different: "
        f"{len(cut.training)} to train on, {len(cut.validation)} for validation, "
        f"{len(cut.held_out)} held out.\n"
        f"An LSTM of {settings.H} units, {settings.steps} steps of {settings.N} × {settings.T} "
        f"characters."
    )
    look = _diary(settings, asked.out, say)
    fit = learn(cut, settings, path=checkpoint, resume=asked.resume, look=look)
    best = fit.params if fit.best is None else fit.best.params
    verdict = judge(Speller(MODEL, best, cut.vocabulary), cut)
    write_whole(asked.out / "curve.csv", _curve(fit, settings))
    write_whole(asked.out / "verdict.txt", _table(verdict))
    _say(_table(verdict).rstrip())


def _diary(settings: Settings, folder: Path, say: Callable[[str], None]) -> Callable[[Noted], None]:
    """Make the function that shows, and keeps, what the model writes at each look."""
    began: list[tuple[float, int]] = []  # when the first look was, and after how many steps

    def look(noted: Noted) -> None:
        texts = _samples(noted, settings)
        write_whole(
            folder / "samples" / f"step_{noted.step:06}.txt",
            f"after {noted.step} steps: {noted.validation:.3f} bits per character on validation\n"
            + "".join(f"\n--- temperature {t}\n{text}\n" for t, text in texts),
        )
        began.append((time.monotonic(), noted.step))
        line = f"step {noted.step} of {settings.steps}: {noted.validation:.3f} bits on validation"
        (start, first), (now, step) = began[0], began[-1]
        if step > first:
            left = (now - start) / (step - first) * (settings.steps - step)
            line += f", {int(left // 60)}:{int(left % 60):02} left"
        say(f"\n{line}\n  {' '.join(texts[SHOWN][1].split())[:96]}")

    return look


def _samples(noted: Noted, settings: Settings) -> list[tuple[float, str]]:
    characters = noted.speller.vocabulary.characters
    prompt = "\n" if "\n" in characters else characters[0]
    return [
        (t, write(noted.speller, prompt, LENGTH, temperature=t,
                  rng=np.random.default_rng([settings.seed, noted.step])))
        for t in TEMPERATURES
    ]  # fmt: skip


def _for_minutes(cut: Parts, settings: Settings, minutes: float) -> Settings:
    """Time a few steps, which are thrown away, and see how many the minutes hold."""
    params, optimiser = begin(cut, settings._replace(steps=TRIED))
    batches = tasks.streams(cut.training, settings.T, settings.N)
    start = time.monotonic()
    train.fit(MODEL, params, batches, optimiser, steps=TRIED, clip=settings.clip, progress=False)
    a_step = (time.monotonic() - start) / TRIED
    return settings._replace(steps=max(settings.every, int(60 * minutes / a_step)))


def _curve(fit: Fit, settings: Settings) -> str:
    rows = ["step,training bits,validation bits"]
    for step, score in fit.scores:
        part = fit.losses[max(0, step - settings.every) : step]
        rows.append(f"{step},{part.mean() / settings.T / np.log(2):.4f},{score:.4f}")
    return "\n".join(rows) + "\n"


def _table(verdict: Verdict) -> str:
    rows = [("every character alike", f"{verdict.uniform:.3f}")]
    rows += [
        (f"{k}-gram" + (" (chosen on validation)" if k == verdict.order else ""), f"{bits:.3f}")
        for k, bits in zip(ORDERS, verdict.held_out, strict=True)
    ]
    rows += [("LSTM", f"{verdict.model_held_out:.3f}")]
    rows += [(f"mixture, {verdict.weight:.0%} of it LSTM", f"{verdict.mixture_held_out:.3f}")]
    lines = [f"{name:32} {bits}" for name, bits in rows]
    return "\n".join(["", "bits per held-out character", *lines, "", sentence(verdict), ""])


def _say(text: str) -> None:
    """Print what a terminal may have no letters for."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def _silent(text: str) -> None:
    pass


def _fail(reason: str, status: int) -> int:
    print(f"unrolled.characters: {reason}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m unrolled.characters",
        description="Train an LSTM on a text, character by character, and let it write.",
        epilog="The folder keeps a checkpoint, what was written on the way (samples/), the curve "
        "and the verdict. The rate falls towards the last step, so a run that is resumed keeps "
        "the number of steps that it began with.",
    )
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="a UTF-8 file in any script; the book's own prose"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("characters_run"), metavar="FOLDER",
        help="where the run is kept (%(default)s)",
    )  # fmt: skip
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_count, help=f"updates ({Settings().steps})")
    length.add_argument("--minutes", type=_positive, help="about how long to train")
    length.add_argument("--resume", action="store_true", help="go on with the run in FOLDER")
    parser.add_argument("--seed", type=_natural, help="of all that is drawn (0)")
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone")
    return parser


def _count(word: str) -> int:
    number = _natural(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {word}")
    return number


def _natural(word: str) -> int:
    if not word.isascii() or not word.isdigit():
        raise argparse.ArgumentTypeError(f"expected a whole number, got {word!r}")
    return int(word)


def _positive(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a positive number, got {word!r}")
    return number
