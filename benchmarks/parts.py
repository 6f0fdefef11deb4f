"""Partial results: a run that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "code" / "unrolled"


def write_json(path: Path, value: Any) -> None:
    """Replace a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=False)
            file.write("\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def fingerprint() -> str:
    """Sum up the code that is measured and the code that measures it."""
    folders = [PACKAGE, *(PACKAGE / name for name in ("cells", "fused", "models", "train"))]
    files = [path for folder in (ROOT / "benchmarks", *folders) for path in folder.glob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class Parts:
    """What was measured so far under the same conditions: machine, versions, settings, code."""

    def __init__(self, path: Path, conditions: dict[str, Any]) -> None:
        self.path = path
        self._kept: dict[str, Any] = {"conditions": conditions, "parts": {}}
        try:
            kept = json.loads(path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return
        if isinstance(kept, dict) and kept.get("conditions") == conditions:
            self._kept = kept

    def __contains__(self, key: str) -> bool:
        return key in self._kept["parts"]

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """Give what was measured, or measure it and keep it at once."""
        parts = self._kept["parts"]
        if key not in parts:
            parts[key] = make()
            write_json(self.path, self._kept)
        return parts[key]

    def forget(self) -> None:
        """Remove the file: all is done."""
        self.path.unlink(missing_ok=True)
