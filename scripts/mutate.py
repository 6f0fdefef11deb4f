"""Break the mathematics on purpose, one place at a time: a test must fail each time.

``python scripts/mutate.py`` mutates the modules named in MODULES and prints
which mutants lived; ``python scripts/mutate.py ops cells.rnn`` only those.

The tests are collected and run once, and what each of them calls is noted. A
mutant of a function is a fork of that process with the function's code
replaced; it runs the tests that call the function, quick and varied ones first,
until one fails. The few mutants outside functions import everything afresh.
Results are kept under ``_build`` for as long as package and tests stay as they
are; an interrupted run goes on where it was.

What is broken, and how, is in ``mutants.py``. Mutants that no test can tell apart
are listed, each with its reason, in ``mutants_equivalent.toml``.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import inspect
import json
import os
import signal
import sys
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import numpy
import pytest

from mutants import Name, mutants

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "code" / "unrolled"
MODULES = (
    *("ops", "sequence", "gradcheck"),
    *(
        f"{package}.{file.stem}"
        for package in (
            *("cells", "fused", "analysis", "interop", "models", "train"),
            *("tasks", "baselines"),
        )
        for file in sorted((PACKAGE / package).glob("[!_]*.py"))
    ),
)
# all that is quick and holds numbers against numbers
TESTS = (
    "tests/contract",
    "tests/oracle",
    "tests/unit/fused",
    *(
        str(file.relative_to(ROOT))
        for file in sorted((ROOT / "tests" / "unit").glob("test_*.py"))
        if file.stem not in ("test_imports", "test_tasks_prose", "test_ablation", "test_killed")
    ),
)
OPTIONS = (
    *("-o", "addopts=", "--import-mode=importlib", "-x", "--capture=no"),
    *("-p", "no:cacheprovider", "-p", "no:terminal"),
)
CACHE = ROOT / "_build" / "mutants_cache.json"
REPORT = ROOT / "_build" / "mutants.json"
LIMIT_S = 15  # at least; a mutant may take twice as long as its tests did while watched
WANTED = 0.95
ALIVE, KILLED, NO_RUN = 0, 1, 3  # exit codes of a fork


def executed(name: str, code: CodeType) -> ModuleType:
    """Run a module's code, and leave the loaded module of that name alone."""
    fresh = ModuleType(name)
    exec(code, fresh.__dict__)
    return fresh


def graft(old: ModuleType, fresh: ModuleType) -> None:
    """Give the functions of a loaded module the code and the defaults of another's."""

    def visit(olds: dict, news: dict) -> None:
        for name, value in olds.items():
            new = news.get(name)
            if isinstance(value, property):
                value, new = value.fget, new.fget
            if isinstance(value, FunctionType) and value.__code__.co_filename == old.__file__:
                value.__code__ = new.__code__
                value.__defaults__, value.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
            elif inspect.isclass(value) and value.__module__ == old.__name__:
                visit(vars(value), vars(new))

    visit(vars(old), vars(fresh))


def run_afresh(module: str, code: CodeType) -> int:
    """Import package and tests again, one module with other code, and run every test."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("unrolled", "benchmarks", "tests", "contract", "oracle"):
            del sys.modules[name]
    loader = importlib.machinery.SourceFileLoader
    plain = loader.get_code
    loader.get_code = lambda self, name: code if name == module else plain(self, name)
    return ALIVE if pytest.main([*OPTIONS, *TESTS]) == pytest.ExitCode.OK else KILLED


class Session:
    """A pytest plugin: after collecting, it runs the tests for each mutant."""

    def __init__(self, chosen: list[str]) -> None:
        self.chosen, self.code = chosen, 2

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        self.session = session
        self.modules = {m: importlib.import_module(f"unrolled.{m}") for m in MODULES}
        if self.observe() and self.sound():
            self.code = report(*self.run())
        return True

    def test(self, items: list[pytest.Item]) -> bool:
        """Run tests until one fails; say whether none did."""
        for item in items:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.session.testsfailed:
                return False
        return True

    def observe(self) -> bool:
        """Run every test once and note, for each function, the tests that call it, in order."""
        names = {module.__file__: name for name, module in self.modules.items()}
        callers, cost, self.seconds = defaultdict(set), {}, {}
        nth: Counter[str] = Counter()
        for item in self.session.items:
            called: set[CodeType] = set()
            began = time.perf_counter()
            sys.settrace(lambda frame, *_, called=called: called.add(frame.f_code))
            passed = self.test([item])
            sys.settrace(None)
            if not passed:
                print(f"{item.nodeid} fails without any mutant; mend that first.", file=sys.stderr)
                return False
            function = item.nodeid.partition("[")[0]
            nth[function] += 1  # the tenth case of a test tells less than the first
            self.seconds[item] = time.perf_counter() - began
            cost[item] = self.seconds[item] * nth[function]
            for code in called:
                if code.co_filename in names:
                    outer = code.co_qualname.partition(".<locals>")[0]
                    callers[names[code.co_filename], outer].add(item)
        self.tests = {key: sorted(items, key=cost.get) for key, items in callers.items()}
        return True

    def limit(self, items: Iterable[pytest.Item]) -> int:
        """Give the time in which these tests end if they ever do."""
        return max(LIMIT_S, int(2 * sum(self.seconds[item] for item in items)))

    def start(self, work: Callable[[], int], limit_s: int) -> int:
        """Do something in a fork of this process; give its id."""
        child = os.fork()
        if child == 0:
            signal.alarm(limit_s)  # a mutant that never ends counts as killed
            code = NO_RUN
            try:
                code = work()
            finally:
                os._exit(code)
        return child

    def fate(self, name: Name, code: CodeType) -> int:
        """Run one mutant, in a fork."""
        if (name.module, name.function) not in self.tests:  # it runs at import, if it runs
            return run_afresh(f"unrolled.{name.module}", code)
        module = self.modules[name.module]
        try:
            fresh = executed(module.__name__, code)
        except Exception:  # noqa: BLE001 — whatever a broken module does when imported
            return KILLED
        graft(module, fresh)
        return ALIVE if self.test(self.tests[name.module, name.function]) else KILLED

    def sound(self) -> bool:
        """Check that both ways to run a mutant pass with the text as it is."""

        def grafted() -> int:
            for module in self.modules.values():
                code = compile(inspect.getsource(module), module.__file__, "exec")
                graft(module, executed(module.__name__, code))
            return ALIVE if self.test(self.session.items) else KILLED

        ops = self.modules["ops"]
        code = compile(inspect.getsource(ops), ops.__file__, "exec")
        limit = self.limit(self.session.items)
        ways = [
            self.start(grafted, limit),
            self.start(lambda: run_afresh(ops.__name__, code), limit),
        ]
        if sum(os.waitpid(way, 0)[1] for way in ways):
            print("A way to run mutants fails without any; mend mutate.py.", file=sys.stderr)
            return False
        return True

    def run(self) -> tuple[dict[Name, bool], dict[Name, int]]:
        """Run every mutant, one for each processor at a time: who lived, and on which line."""
        around = surroundings()
        kept = json.loads(CACHE.read_text("utf-8")) if CACHE.exists() else {}
        lived = {Name(*name): alive for *name, alive in kept.get(around, [])}
        CACHE.parent.mkdir(exist_ok=True)
        running: dict[int, Name] = {}
        where: dict[Name, int] = {}
        began, done = time.monotonic(), 0

        def reap() -> None:
            nonlocal done
            child, status = os.wait()
            if os.waitstatus_to_exitcode(status) == NO_RUN:
                raise RuntimeError(f"could not run {running[child]}")
            lived[running.pop(child)] = status == ALIVE
            done += 1
            if done % 50 == 0 or not running:
                CACHE.write_text(json.dumps({around: [(*n, a) for n, a in lived.items()]}))
                seconds = time.monotonic() - began
                print(f"{done} run, {sum(lived.values())} alive, {seconds:.0f} s", flush=True)

        for module in self.chosen or MODULES:
            for name, line, tree in mutants(module, inspect.getsource(self.modules[module])):
                where[name] = line
                if name not in lived:
                    code = compile(tree, self.modules[module].__file__, "exec")
                    tests = self.tests.get((name.module, name.function), self.session.items)
                    limit = self.limit(tests)
                    running[self.start(lambda n=name, c=code: self.fate(n, c), limit)] = name
                if len(running) >= (os.cpu_count() or 1):
                    reap()
        while running:
            reap()
        return {name: lived[name] for name in where}, where


def surroundings() -> str:
    """Hash all that a mutant's fate hangs on besides itself."""
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    files += (ROOT / "tests" / "oracle" / "data").iterdir()
    texts = [numpy.__version__.encode(), *(file.read_bytes() for file in sorted(files))]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def report(lived: dict[Name, bool], where: dict[Name, int]) -> int:
    """Print who lived and why, and the score; 0 if enough died and every excuse is needed."""
    listed = Path(__file__).with_name("mutants_equivalent.toml").read_text("utf-8")
    entries = tomllib.loads(listed)["mutant"]
    reasons = {Name(*(each[field] for field in Name._fields)): each["why"] for each in entries}
    modules = {name.module for name in lived}
    stale = [name for name in reasons if name.module in modules and not lived.get(name)]
    rows = [
        {**name._asdict(), "number": where[name], "why": reasons.get(name)}
        for name, alive in lived.items()
        if alive
    ]
    for row in rows:
        print(f"{row['module']}:{row['number']} {row['function']}  {row['line']}\n"
              f"    {row['what']}  — {row['why'] or 'NOT EXPLAINED'}")  # fmt: skip
    for name in stale:
        print(f"No such mutant lives, so none needs an excuse: {name}")
    equivalent = sum(row["why"] is not None for row in rows)
    killed, meant = len(lived) - len(rows), len(lived) - equivalent
    score = killed / max(1, meant)
    print(f"{len(lived)} mutants: {killed} killed, {len(rows) - equivalent} alive, "
          f"{equivalent} equivalent: {score:.1%} killed (wanted {WANTED:.0%})")  # fmt: skip
    REPORT.write_text(json.dumps({"mutants": len(lived), "killed": killed, "alive": rows}, indent=1,
                                 ensure_ascii=False), "utf-8")  # fmt: skip
    return int(score < WANTED or bool(stale))


def main(chosen: list[str]) -> int:
    """Collect the tests, and run the mutants of the modules chosen."""
    os.chdir(ROOT)
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    sys.path.insert(0, str(PACKAGE.parent))
    session = Session(chosen)
    pytest.main([*OPTIONS, *TESTS], plugins=[session])
    return session.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
