"""What imports what, what an import needs, and what every public function says of itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import unrolled

PACKAGE = Path(unrolled.__file__).parent
# each may import what stands left of it
LINE = ("shapes", "trees", "ops", "cells", "sequence", "fused", "models", "train")
SIDE = {
    "gradcheck": {"shapes", "trees"},
    "tasks": {"shapes", "trees"},
    "graph": {"shapes", "trees"},
}
CORE = (*LINE, *SIDE, "interop")
CORE_FILES = sorted(
    file
    for file in PACKAGE.rglob("*.py")
    if file.relative_to(PACKAGE).parts[0].removesuffix(".py") in CORE
)


def imported(file):
    """The modules of the package that a file imports, and the other top-level ones."""
    ours, others = set(), set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "unrolled":
                ours |= {alias.name for alias in node.names}
            elif node.module.startswith("unrolled."):
                ours.add(node.module.split(".")[1])
            else:
                others.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            others |= {alias.name.split(".")[0] for alias in node.names}
            ours |= {a.name.split(".")[1] for a in node.names if a.name.startswith("unrolled.")}
    return ours, others - {"unrolled"}


@pytest.mark.parametrize("file", CORE_FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_one_way(file):
    part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    ours, others = imported(file)
    if part in LINE:
        allowed = set(LINE[: LINE.index(part)]) | ({part} if (PACKAGE / part).is_dir() else set())
    else:
        allowed = SIDE.get(part, set(LINE)) | {part}
    assert ours <= allowed
    third_party = {name for name in others if name not in sys.stdlib_module_names}
    assert third_party <= {"numpy", "tqdm"} if part == "train" else third_party <= {"numpy"}


def test_no_file_draws_from_the_global_generator():
    legacy = {"seed", "rand", "randn", "randint", "random", "normal", "uniform", "choice",
              "shuffle", "permutation", "RandomState", "get_state", "set_state"}  # fmt: skip
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in legacy:
                assert ast.unparse(node.value) not in ("np.random", "numpy.random", "random"), file
        assert "random" not in imported(file)[1]


def test_code_is_no_package():
    """code/__init__.py would shadow the standard library's module of that name."""
    assert not (PACKAGE.parent / "__init__.py").exists()


BLOCKED = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        known = {"numpy", "unrolled"} | sys.stdlib_module_names
        if top not in known and top[0] != "_":
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
import numpy
before = set(sys.modules)
import unrolled
new = {name for name in set(sys.modules) - before}
print(*sorted(new))
"""


def test_the_package_needs_numpy_alone_and_imports_little():
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED], capture_output=True, text=True, check=True,
        cwd=PACKAGE.parent,
    )  # fmt: skip
    new = run.stdout.split()
    assert {name.split(".")[0] for name in new} <= {"unrolled", "numpy", *sys.stdlib_module_names}
    assert len(new) < 40
    assert not {"unrolled.plots", "unrolled.exercises", "unrolled.train"} & set(new)


def test_every_name_promised_is_there():
    assert all(hasattr(unrolled, name) for name in unrolled.__all__)
    assert {"RNN", "unroll", "unroll_backward", "gradcheck", "interop"} <= set(unrolled.__all__)


RAISES_NOTHING = {
    *("is_ids", "describe", "named_arrays", "hello"),
    *("input_part", "input_part_backward", "blocks_of", "side_by_side"),  # of what is checked
    *("make_cell", "at_the_ends"),
    "supports",
    *("score", "as_rows", "spent", "counted"),
}


# kernels: they see only what fused.run has checked
BEHIND_THE_CHECKS = {
    file for file in CORE_FILES if file.parent.name == "fused" and file.stem != "run"
}


def functions():
    for file in CORE_FILES:
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield pytest.param(
                    node, file not in BEHIND_THE_CHECKS, id=f"{file.stem}.{node.name}"
                )


@pytest.mark.parametrize(("function", "checks"), list(functions()))
def test_every_public_function_says_what_it_takes_gives_and_raises(function, checks):
    text = ast.get_docstring(function) or ""
    summary = text.splitlines()[0]
    assert summary.endswith(".")
    arguments = [a.arg for a in (*function.args.args, *function.args.kwonlyargs)]
    if arguments:
        assert "Parameters\n----------" in text
        section = text.split("Parameters\n----------")[1]
        for name in arguments:
            assert name in section
    if ast.unparse(function.returns) != "None":
        assert "Returns\n-------" in text
    if checks and function.name not in RAISES_NOTHING:
        assert "Raises\n------" in text
