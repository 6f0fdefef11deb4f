"""The command that starts Python behind bubblewrap's walls, or, if told so, without them."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path

import numpy

import unrolled
from coursekit.records import Limits

CODE = Path("/box")
LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/nix/store", "/gnu/store")
START = (
    "import sys; sys.path[:0] = sys.argv[1].split(':'); "
    "from coursekit.records import Limits; from coursekit.sandbox.inside import main; "
    "c, w, m, r = sys.argv[3:]; main(int(sys.argv[2]), Limits(int(c), float(w), int(m), int(r)))"
)
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""All that the process has of an environment: one thread, because a fork copies only one."""


def environment() -> dict[str, str]:
    """Give the environment of the box.

    Returns
    -------
    dict
        Nothing of the grader's own.
    """
    folder = sysconfig.get_config_var("LIBDIR")
    return {**ENVIRONMENT, "LD_LIBRARY_PATH": str(folder)} if folder else dict(ENVIRONMENT)


def command(control: int, telling: int, limits: Limits, unsafe: bool) -> list[str]:
    """Write the command line.

    Parameters
    ----------
    control : int
        The descriptor that Python inherits.
    telling : int
        The descriptor on which bubblewrap says its first process.
    limits : Limits
        What it lets each task use.
    unsafe : bool
        Leave the walls out.

    Returns
    -------
    list of str
        ``bwrap … python …``.
    """
    packages = [CODE] if not unsafe else sorted({path.parent for path in _packages()})
    python = [str(_python()), "-I", "-S", "-B", "-X", "utf8", "-c", START]
    numbers = (limits.cpu_seconds, limits.wall_seconds, limits.memory_bytes, limits.reply_bytes)
    python += [":".join(map(str, packages)), str(control), *map(str, numbers)]
    bwrap = [shutil.which("bwrap") or "bwrap", "--info-fd", str(telling)]
    return python if unsafe else [*bwrap, *_walls(), "--", *python]


def _walls() -> list[str]:
    """Name what the box has, all of it read-only; what is not named is not there."""
    walls = ["--unshare-user", "--unshare-all", "--die-with-parent", "--new-session"]
    walls += ["--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "box"]
    walls.append("--clearenv")
    for name, value in environment().items():
        walls += ["--setenv", name, value]
    for path in map(Path, LIBRARIES):
        if path.is_symlink():
            walls += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            walls += ["--ro-bind", str(path), str(path)]
    if Path("/etc/ld.so.cache").exists():
        walls += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    folders = {Path(sysconfig.get_path("stdlib")), _python().parent.parent / "lib"}
    folders.add(Path(sys.base_exec_prefix) / sys.platlibdir)
    for path in sorted(folders - set(map(Path, LIBRARIES))):
        if path.is_dir():
            walls += ["--ro-bind", str(path), str(path)]
    walls += ["--ro-bind", str(_python()), str(_python())]
    for path in _installed(folders | {Path("/usr/lib")}):  # other packages: nothing to read here
        walls += ["--tmpfs", str(path), "--remount-ro", str(path)]
    for path in _packages():
        walls += ["--ro-bind", str(path), str(CODE / path.name)]
    return [*walls, "--chdir", "/", "--remount-ro", "/"]


def _python() -> Path:
    """Find the interpreter itself, behind a virtual environment's link."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _installed(folders: set[Path]) -> list[Path]:
    names = ("site-packages", "dist-packages")
    found = (path for folder in folders for name in names for path in _named(folder, name))
    return sorted(set(found))


def _named(folder: Path, name: str) -> list[Path]:
    return [path for path in (folder / name, *folder.glob(f"python*/{name}")) if path.is_dir()]


def _packages() -> list[Path]:
    """Name the folders that the box imports: NumPy, the book's package, the kit."""
    home = Path(numpy.__file__).resolve().parent
    beside = home.with_name("numpy.libs")
    ours = [Path(unrolled.__file__).resolve().parent, Path(__file__).resolve().parents[1]]
    return [home, *([beside] if beside.is_dir() else []), *ours]
