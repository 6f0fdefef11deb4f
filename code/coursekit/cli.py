"""The command ``unrolled-course``: all that an instructor types."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NoReturn

from coursekit import commands
from coursekit.commands import MEND, STOPPED, USAGE
from coursekit.helptexts import (
    DESCRIPTION,
    EPILOG,
    EXPORT,
    FEEDBACK,
    GRADE,
    INIT,
    RELEASE,
    STATUS,
)
from coursekit.records import CourseError

EXTRA = 'pip install -e ".[course]" -c constraints.txt'


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process if left out.

    Returns
    -------
    int
        The exit status: 0 done, 1 something to mend, 2 wrong usage, 130 stopped by Ctrl-C.
    """
    try:
        asked = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said what is wrong, or has helped
        return int(end.code or 0)
    try:
        command: Callable[[argparse.Namespace], int] = asked.command
        return command(asked)
    except CourseError as error:
        return _fail(str(error))
    except ModuleNotFoundError as error:
        return _fail(
            f"this command needs {error.name}, which is not installed: "
            f"in the book's repository run {EXTRA}"
        )
    except BrokenPipeError:  # the reader of our output went away: | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return MEND
    except OSError as error:
        return _fail(f"{error.filename or 'the system'}: {error.strerror or error}.")
    except KeyboardInterrupt:
        print("unrolled-course: stopped.", file=sys.stderr)
        return STOPPED


def _fail(sentence: str) -> int:
    print(f"unrolled-course: {sentence}", file=sys.stderr)
    return MEND


def _set_name(text: str) -> str:
    from unrolled.exercises.sets import set_problems
    from unrolled.shapes import ArgumentError

    try:
        set_problems(text)
    except ArgumentError:
        from coursekit.status import problem_sets

        raise argparse.ArgumentTypeError(
            f"no problem set {text!r}: the book has {', '.join(problem_sets())}"
        ) from None
    return text


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 1024, got {text!r}")
    return int(text)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and where help is."""

    def error(self, message: str) -> NoReturn:
        """End with the status of wrong usage."""
        self.exit(USAGE, f"{self.prog}: {message}. For help: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="unrolled-course",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {_version()}")
    _add_config(parser, None)
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        name: str, help_: str, text: str, command: Callable[[argparse.Namespace], int]
    ) -> _Parser:
        made: _Parser = verbs.add_parser(
            name,
            help=help_,
            description=f"{help_[0].upper()}{help_[1:]}.\n\n{text}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(command=command)
        return made

    init = add("init", "begin a course", INIT, commands.init)
    init.add_argument("folder", nargs="?", type=Path, default=Path("."), metavar="FOLDER")
    release = add("release", "make the notebooks of a problem set", RELEASE, commands.release)
    grade = add("grade", "grade what students handed in", GRADE, commands.grade)
    feedback = add("feedback", "write a page for each student", FEEDBACK, commands.feedback)
    export = add("export", "write the scores for an LMS or a spreadsheet", EXPORT, commands.export)
    status = add("status", "show where every problem set stands", STATUS, commands.status)
    for each in (release, grade, feedback, export, status):
        _add_config(each, argparse.SUPPRESS)
    for each in (release, grade, feedback, export):
        each.add_argument("set", type=_set_name, metavar="SET", help="ps1, ps2, …")
    release.add_argument(
        "--again", action="store_true", help="replace students' notebooks that have other forms"
    )
    _add_grading(grade)
    export.add_argument(
        "--to", required=True, choices=("canvas", "moodle", "csv"), help="for which system"
    )
    export.add_argument(
        "--missing",
        choices=("empty", "zero"),
        default="empty",
        help="who handed nothing in gets an empty cell, which an LMS skips, or 0 (default: empty)",
    )
    return parser


def _add_config(parser: argparse.ArgumentParser, default: object) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help="the course's file (default: course.toml here or in a folder above)",
    )


def _add_grading(grade: argparse.ArgumentParser) -> None:
    grade.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="or the zip of an LMS (default: submitted/)",
    )
    where = grade.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs", type=_count, default=0, metavar="N", help="sandboxes at once (default: 2 a core)"
    )
    where.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, tcp://host:8786")
    grade.add_argument(
        "--unsafe",
        action="store_true",
        help="grade where no sandbox works: you trust every student",
    )
    grade.add_argument("--regrade", action="store_true", help="grade everything anew")
    grade.add_argument(
        "--no-wait", action="store_true", help="end at once if another grader is at work"
    )


def _version() -> str:
    return metadata.version("unrolled")


if __name__ == "__main__":
    sys.exit(main())
