"""The folder `book/_vendor/python`: all that the page's own Python loads, or no folder at all."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

from assets import AssemblyError, digest, read_json, replacing, sha256, verify, write_json
from own_wheel import build_wheel, sources_key
from pyodide_files import Files, Hashes, Pins, fetch_wheels, read_pins, wheel_hashes, wheels_in

OURS = ("interpreter.py", "worker.mjs")  # of book/_page
ASK_AGAIN = 3600  # seconds for which "no source answered" is remembered
WRONG_CORE = "delete book/_frontend/node_modules and build again"
WRONG_COPY = "delete book/_vendor/python and build again"


def assemble_python(root: Path, named: str = "", ask_again: bool = False) -> str:
    """Fill `book/_vendor/python`; return why the site goes without, or nothing.

    Every pinned file is verified each time, also where nothing is left to do.

    Parameters
    ----------
    named : str
        PYODIDE_WHEELS: a folder with the wheels, "none" for a site without Python, or nothing.
    ask_again : bool
        Ask the network even if it lately did not answer.
    """
    folder = root / "book" / "_vendor" / "python"
    if named == "none":
        shutil.rmtree(folder, ignore_errors=True)
        return "PYODIDE_WHEELS=none asks for a site without"

    pins = read_pins(root / "book" / "_frontend" / "python.json")
    core = root / "book" / "_frontend" / "node_modules" / "pyodide"
    wheels = read_wheel_hashes(core, pins)
    pinned = {**pins.core, **wheels}

    stamp = folder.parent / ".stamps" / "python.json"
    last, made_from = read_json(stamp), made_from_what(root)
    present = verified_files(folder, pinned, strict=last.get("pins") == made_from["pins"])
    offered = wheels_in(Path(named), wheels) if named else {}
    if present.keys() == pinned.keys() and last == {**made_from, "own": own_wheel_hash(folder)}:
        return ""

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        sources = {name: core / name for name in pins.core} | offered | present
        lacking = {name: wheels[name] for name in wheels if name not in sources}
        if lacking:
            refusal = stamp.with_name("no-python.json")
            question = {"pins": made_from["pins"], "named": named}
            if ask_again or not lately_refused(refusal, question):
                sources |= fetch_wheels(pins, lacking, Path(temporary))
                write_json(refusal, {**question, "until": time.time() + ASK_AGAIN})
            if not sources.keys() >= pinned.keys():
                shutil.rmtree(folder, ignore_errors=True)
                return f"no source had the files of Pyodide {pins.version}"
            refusal.unlink()
        for name, expected in pinned.items():
            verify(sources[name], expected, WRONG_CORE)
        with replacing(folder) as draft:
            fill(draft, root, pins, {name: sources[name] for name in pinned})
    write_json(stamp, {**made_from, "own": own_wheel_hash(folder)})
    return ""


def read_wheel_hashes(core: Path, pins: Pins) -> Hashes:
    """Return the wanted wheels by the distribution's lock, once the core's hashes are right."""
    for name, expected in pins.core.items():
        verify(core / name, expected, WRONG_CORE)
    lock = core / "pyodide-lock.json"
    return wheel_hashes(json.loads(lock.read_text("utf-8")), pins.packages)


def made_from_what(root: Path) -> dict[str, str]:
    """Return hashes of all that the folder is made from."""
    ours = [root / "book" / "_page" / name for name in OURS]
    for file in ours:
        if not file.is_file():
            raise AssemblyError(f"{file} is missing: the page's Python cannot start without it")
    return {
        "pins": sha256(root / "book" / "_frontend" / "python.json"),
        "page": digest(ours, root),
        "package": sources_key(root),
    }


def verified_files(folder: Path, pinned: Hashes, strict: bool) -> Files:
    """Return the pinned files that were assembled before.

    Strictly, a wrong one is an error; if the pins have changed since, it is only not used.
    """
    present = {name: folder / name for name in pinned if (folder / name).is_file()}
    if strict:
        for name, file in present.items():
            verify(file, pinned[name], WRONG_COPY)
        return present
    return {name: file for name, file in present.items() if sha256(file) == pinned[name]}


def own_wheel_hash(folder: Path) -> str:
    """Return the hash of the package's wheel in the folder; nothing if there is none."""
    return "".join(sha256(wheel) for wheel in folder.glob("unrolled-*.whl"))


def lately_refused(refusal: Path, question: dict[str, str]) -> bool:
    """Return whether the network lately had no answer to the same question."""
    answer = read_json(refusal)
    return question.items() <= answer.items() and time.time() < answer["until"]


def fill(draft: Path, root: Path, pins: Pins, pinned: Files) -> None:
    """Put every file into a folder, last the manifest that the page reads first."""
    for name, file in pinned.items():
        shutil.copyfile(file, draft / name)
    for name in OURS:
        shutil.copyfile(root / "book" / "_page" / name, draft / name)
    wheel = build_wheel(root, draft)
    sizes = {file.name: file.stat().st_size for file in sorted(draft.iterdir())}
    manifest = {"version": pins.version, "packages": wheel.name, "files": sizes}
    write_json(draft / "manifest.json", manifest)
