"""Our package as a wheel, which the page's own Python and a downloaded notebook install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from assets import AssemblyError, digest, files_below

# What the wheel is made from, besides the package.
DESCRIPTION = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT")
COMMANDS = re.compile(r"^\[project\.scripts\]\n(?:[^\[\n].*\n)*", re.MULTILINE)
ZIP_EPOCH = "315532800"  # 1980-01-01, the first day a zip knows: the same sources, the same bytes


def sources(root: Path) -> Iterator[Path]:
    """Yield all that the wheel is made from."""
    yield from (root / name for name in DESCRIPTION if (root / name).is_file())
    yield from files_below(root / "code" / "unrolled")


def sources_key(root: Path) -> str:
    """Return a hash of all that the wheel is made from."""
    return digest(sources(root), root)


def copy_plain(file: Path, target: Path) -> None:
    """Copy a file and give it the usual mode: the wheel records modes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    target.chmod(0o644)


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of `root/code/unrolled` into a folder and return its path.

    Setuptools builds from a copy, because it leaves folders of its own beside the sources.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        for file in sources(root):
            copy_plain(file, copy / file.relative_to(root))
        project = copy / "pyproject.toml"  # the instructor's command is no part of this wheel
        project.write_text(COMMANDS.sub("", project.read_text("utf-8")), "utf-8")
        program = (
            "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
        )
        result = subprocess.run(
            [sys.executable, "-c", program, str(folder.resolve())],
            cwd=copy,
            env={**os.environ, "SOURCE_DATE_EPOCH": ZIP_EPOCH},
            umask=0o022,
            capture_output=True,
            text=True,
            check=False,
        )
    wheels = sorted(folder.glob("unrolled-*.whl"))
    if result.returncode or len(wheels) != 1:
        raise AssemblyError(f"setuptools could not build the package's wheel:\n{result.stderr}")
    return wheels[0]
