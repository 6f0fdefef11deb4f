"""Resolve the requirements in a new environment and pin the result in `constraints.txt`.

Run through `make lock`. The environment is temporary, so that nothing a contributor happened to
install is pinned.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# The versions that were built and tested together. Made by `make lock`; do not edit.
"""


def main() -> int:
    """Write `constraints.txt` and return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "--disable-pip-version-check"]
        wanted = ["-r", "requirements.txt", "-e", ".[test]"]
        subprocess.run([*pip, "install", "--quiet", *wanted], cwd=ROOT, check=True)
        # --all: setuptools, which the build uses, counts as part of pip's own and is left out else
        freeze = [*pip, "freeze", "--all", "--exclude", "pip", "--exclude-editable"]
        pins = subprocess.run(freeze, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = pins.splitlines()
    strays = [line for line in lines if "==" not in line]
    if strays:
        print(f"not pinned by version: {strays}", file=sys.stderr)
        return 1
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", "utf-8")
    print(f"pinned {len(lines)} packages in constraints.txt")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
