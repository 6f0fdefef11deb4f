"""Break the mathematics on purpose, one place at a time: a test must fail each time.

``python scripts/mutate.py`` mutates the modules named in MODULES and prints
which mutants lived; ``python scripts/mutate.py ops cells.rnn`` only those. Each
mutant runs in a process forked from one that has NumPy, pytest and the tests'
dependencies loaded, so that it costs a fraction of a second. Results are kept
under ``_build`` by the text of the mutant, of the package and of the tests; an
interrupted run goes on where it was.

Mutated: operators, comparisons, numbers, conditions, statements, arguments,
keywords, transposes, returned values. Left alone: docstrings, annotations and
the texts of messages. Mutants that no test can tell apart are listed, each with
its reason, in ``mutants_equivalent.toml`` beside this file.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import importlib.util
import io
import json
import os
import signal
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "code" / "unrolled"
MODULES = ("ops", "cells.base", "cells.rnn", "sequence", "gradcheck")
TESTS = (
    ("tests/unit/test_losses.py", "tests/unit/test_gradcheck.py", "tests/oracle"),
    ("tests/contract", "tests/unit/test_errors.py"),
)
REPORT = ROOT / "_build" / "mutants.json"
LIMIT_S = 60
WANTED = 0.95


class Job(NamedTuple):
    """One mutant: the module, its whole text, what was done and where, and its hash."""

    module: str
    text: str
    what: str
    line: int
    key: str


SWAPS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.MatMult: (ast.Mult,), ast.Pow: (ast.Mult,), ast.BitOr: (ast.BitAnd,),
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip


def variants(node: ast.AST, in_raise: bool) -> Iterator[tuple[str, ast.AST]]:
    """Give each way to break one node, and what to call it."""
    new = copy.deepcopy(node)
    match node:
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            for swap in SWAPS.get(type(op), ()):
                new.op = swap()
                yield f"{type(op).__name__} → {swap.__name__}", copy.deepcopy(new)
        case ast.Compare(ops=[op]):
            for swap in SWAPS.get(type(op), ()):
                new.ops = [swap()]
                yield f"{type(op).__name__} → {swap.__name__}", copy.deepcopy(new)
        case ast.Constant(value=bool()):
            new.value = not node.value
            yield f"{node.value} → {new.value}", new
        case ast.Constant(value=int() | float()) if not in_raise:
            for value in (node.value + 1, node.value - 1):
                new.value = value
                yield f"{node.value} → {value}", copy.deepcopy(new)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand):
            yield f"{type(node.op).__name__} dropped", operand
        case ast.Attribute(attr="T" | "real" as attr, value=value):
            yield f".{attr} dropped", value
        case ast.IfExp():
            new.test = ast.UnaryOp(ast.Not(), node.test)
            yield "condition negated", new
        case ast.If() | ast.While():
            new.test = ast.UnaryOp(ast.Not(), node.test)
            yield "condition negated", new
        case ast.Return(value=value) if value is not None:
            new.value = ast.Constant(None)
            if not (isinstance(value, ast.Constant) and value.value is None):
                yield "returns None", new
            if isinstance(value, ast.Tuple) and len(value.elts) > 1:
                other = copy.deepcopy(node)
                other.value.elts[:2] = other.value.elts[1::-1]
                yield "returned values swapped", other
        case ast.Expr(value=ast.Call()):
            yield "call dropped", ast.Pass()
        case ast.AugAssign():
            yield "statement dropped", ast.Pass()
        case ast.Raise():
            yield "raise dropped", ast.Pass()
        case ast.Assign(value=value) if not isinstance(value, ast.Constant):
            new.value = ast.Constant(None)
            yield "assigned None", new
    if isinstance(node, ast.Call) and not in_raise:
        if len(node.args) > 1 and not any(isinstance(each, ast.Starred) for each in node.args):
            new.args[:2] = new.args[1::-1]
            yield "arguments swapped", copy.deepcopy(new)
        for position, keyword in enumerate(node.keywords):
            if keyword.arg != "hint":  # the text of a message
                fewer = copy.deepcopy(node)
                del fewer.keywords[position]
                yield f"{keyword.arg or '**'} dropped", fewer


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str, object, bool]]:
    """Walk over every expression and statement that runs: parent, field, index, in a raise."""

    def walk(node: ast.AST, in_raise: bool) -> Iterator[tuple[ast.AST, str, object, bool]]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "type_comment"):
                continue
            members = enumerate(value) if isinstance(value, list) else [(None, value)]
            for index, child in members:
                if isinstance(child, (ast.JoinedStr, ast.Import, ast.ImportFrom)):
                    continue
                if (
                    isinstance(child, ast.AnnAssign)
                    and ast.unparse(child.annotation) == "TypeAlias"
                ):
                    continue
                if isinstance(child, ast.AST):
                    yield node, field, index, in_raise
                    yield from walk(child, in_raise or isinstance(child, ast.Raise))

    yield from walk(tree, False)


def mutants(source: str) -> Iterator[tuple[str, str, int]]:
    """Give every mutant of a module: its text, what was done, in which line."""
    tree = ast.parse(source)
    for parent, field, index, in_raise in places(tree):
        holder = getattr(parent, field)
        child = holder if index is None else holder[index]
        for what, broken in variants(child, in_raise):
            if index is None:
                setattr(parent, field, broken)
            else:
                holder[index] = broken
            ast.copy_location(broken, child)
            text = ast.unparse(ast.fix_missing_locations(tree))
            line = getattr(child, "lineno", 0)
            yield text, f"{what}: {ast.unparse(child).splitlines()[0][:70]}", line
            if index is None:
                setattr(parent, field, child)
            else:
                holder[index] = child


def start(module: str, text: str) -> int:
    """Run the tests in a fork of this process with one module's text replaced; give its id."""
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_S)  # a mutant that never ends is killed, and counts as such
        code = 1
        try:
            code = run_tests(module, text)
        finally:
            os._exit(0 if code == 0 else 1)
    return child


def fates(jobs: list[Job]) -> Iterator[tuple[Job, bool]]:
    """Say of each mutant whether it survived, as they end, one for each processor at a time."""
    running: dict[int, Job] = {}
    waiting = iter(jobs)
    while True:
        while len(running) < (os.cpu_count() or 1) and (job := next(waiting, None)):
            running[start(job.module, job.text)] = job
        if not running:
            return
        child, status = os.wait()
        yield running.pop(child), status == 0


def run_tests(module: str, text: str) -> int:
    """Import the package with one module replaced, and run the tests on it."""
    import pytest

    name = f"unrolled.{module}" if module else ""

    class Finder:
        @staticmethod
        def find_spec(fullname: str, path: object, target: object = None) -> object:
            if fullname != name:
                return None
            origin = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")

            class Loader:
                @staticmethod
                def create_module(spec: object) -> None:
                    return None

                @staticmethod
                def exec_module(made: object) -> None:
                    exec(compile(text, str(origin), "exec"), made.__dict__)

            return importlib.util.spec_from_loader(fullname, Loader, origin=str(origin))

    sys.meta_path.insert(0, Finder)
    silence = io.StringIO()
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:hypothesispytest"]
    with redirect_stdout(silence), redirect_stderr(silence):
        for tests in TESTS:  # most mutants die in the first of them
            code = int(pytest.main([*options, "--no-header", "--tb=no", *tests]))
            if code:
                break
    if module == "" and code:
        print(silence.getvalue()[-3000:], file=sys.stderr, flush=True)
    return code


def digest(*texts: str) -> str:
    """Hash texts together."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:24]


def surroundings() -> str:
    """Hash all that a mutant's fate hangs on besides its own text."""
    files = [*PACKAGE.rglob("*.py")]
    files += [
        file
        for folder in ("contract", "oracle", "unit")
        for file in (ROOT / "tests" / folder).glob("*.py")
    ]
    core = [f for f in files if not {"plots", "exercises"} & set(f.parts)]
    return digest(*(f.read_text("utf-8") for f in sorted(core)))


def main(chosen: list[str]) -> int:
    """Make the mutants, run them, and report; 0 if enough of them died."""
    os.chdir(ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a fork has no threads of its own
    sys.path.insert(0, str(PACKAGE.parent))
    import numpy.testing  # noqa: F401 — loaded once, before the forks
    import pytest  # noqa: F401

    if not next(fates([Job("", "", "", 0, "")]))[1]:
        print("The tests fail without any mutant; mend that first.", file=sys.stderr)
        return 2
    excused = tomllib.loads(Path(__file__).with_name("mutants_equivalent.toml").read_text("utf-8"))
    reasons = {(each["module"], each["what"]): each["why"] for each in excused["mutant"]}
    around = surroundings()
    cache_file = REPORT.with_name("mutants_cache.json")
    cache = json.loads(cache_file.read_text()) if cache_file.exists() else {}
    jobs = []
    for module in chosen or MODULES:
        source = PACKAGE.joinpath(*module.split(".")).with_suffix(".py").read_text("utf-8")
        for text, what, line in mutants(source):
            jobs.append(Job(module, text, what, line, digest(around, module, text)))
    REPORT.parent.mkdir(exist_ok=True)
    todo = [job for job in jobs if job.key not in cache]
    began, alive = time.monotonic(), 0
    for done, (job, survived) in enumerate(fates(todo), start=1):
        cache[job.key] = survived
        alive += survived
        if done % 50 == 0 or done == len(todo):
            seconds = time.monotonic() - began
            print(f"{done} of {len(todo)} mutants, {alive} alive, {seconds:.0f} s", flush=True)
            cache_file.write_text(json.dumps(cache))
    lived = [job for job in jobs if cache[job.key]]
    rows = [
        {"module": module, "line": line, "what": what, "why": reasons.get((module, what))}
        for module, _, what, line, _ in lived
    ]
    open_rows = [row for row in rows if row["why"] is None]
    score = 1 - len(open_rows) / max(1, len(jobs))
    for row in rows:
        print(f"{row['module']}:{row['line']}  {row['what']}  — {row['why'] or 'NOT EXPLAINED'}")
    print(f"{len(jobs) - len(lived)} killed of {len(jobs)}; {len(rows) - len(open_rows)} equivalent, "
          f"{len(open_rows)} alive: {score:.1%} (wanted {WANTED:.0%})")  # fmt: skip
    REPORT.write_text(
        json.dumps({"mutants": len(jobs), "alive": rows}, indent=1, ensure_ascii=False)
    )
    return int(score < WANTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
