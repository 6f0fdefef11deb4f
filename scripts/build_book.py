"""Build the book strictly, and skip the work when nothing it depends on has changed.

A plain `jupyter-book build` is easy to fool: a failing cell is a warning, a second run over the
same tree forgets the warning, and the execution cache does not see an edit of the package. Here

- warnings are errors, and every page named in `_toc.yml` must exist afterwards;
- a stamp is written only after a clean finished build, so a tree without one is deleted first;
- the folder of the execution cache is named after a hash of the package, its data and the
  versions that computed the numbers.

Usage: `python scripts/build_book.py` from anywhere.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import frontend
from assets import AssemblyError, digest, files_below, read_json, write_json

ROOT = Path(__file__).resolve().parent.parent
BUILD_SCRIPTS = (
    "assets.py",
    "build_book.py",
    "frontend.py",
    "own_wheel.py",
    "page_python.py",
    "pyodide_files.py",
)
CACHES_KEPT = 2  # the present package and the one before it: undoing an edit stays cheap


def main() -> int:
    """Build if needed and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="ignore the last build's tree")
    parser.add_argument("--links", action="store_true", help="check the links instead")
    arguments = parser.parse_args()

    try:
        without_python = frontend.assemble(ROOT, ask_again=arguments.fresh)
    except AssemblyError as error:
        print(f"the site's own files: {error}", file=sys.stderr)
        return 1
    build = ROOT / "_build"
    if arguments.links:
        return run_jupyter_book(build, "--builder", "linkcheck", "--path-output", "_build/links")

    status = build_if_needed(build, without_python, arguments.fresh)
    if status == 0:
        report_site(build, without_python)
    return status


def build_if_needed(build: Path, without_python: str, fresh: bool) -> int:
    """Run Jupyter Book unless the last build was clean and made from the same."""
    stamp = build / "clean-build.json"
    pages = [build / "html" / f"{page}.html" for page in toc_pages(ROOT / "_toc.yml")]
    python = "without Python" if without_python else "with Python"
    inputs = {
        "pages": digest(page_files(), ROOT),
        "rest": digest(other_files(), ROOT, installed_versions(), python),
    }
    last = {} if fresh else read_json(stamp)
    if last == inputs and all(page.is_file() for page in pages):
        print("nothing changed: the last build was clean and is up to date")
        return 0

    if not last:
        for leftover in ("html", ".doctrees", "jupyter_execute"):
            shutil.rmtree(build / leftover, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    # Sphinx rereads the pages that changed by itself, but not pages under a changed stylesheet,
    # helper or package. It never removes what an earlier build published.
    every_page = [] if last.get("rest") == inputs["rest"] else ["--all"]
    if every_page:
        shutil.rmtree(build / "html" / "_static" / "python", ignore_errors=True)
    status = run_jupyter_book(build, "-q", "-W", "-n", "--keep-going", *every_page)
    missing = [page for page in pages if not page.is_file()]
    for page in missing:
        print(f"missing page: {page.relative_to(ROOT)} is named in _toc.yml", file=sys.stderr)
    if status or missing:
        print("the book did not build cleanly; see the warnings above", file=sys.stderr)
        return status or 1
    write_json(stamp, inputs)
    print(f"built {len(pages)} pages in {time.monotonic() - started:.1f} s")
    return 0


def report_site(build: Path, without_python: str) -> None:
    """Say where the site is, and what it lacks."""
    index = (build / "html" / "index.html").relative_to(ROOT)
    print(f"the site is in {index}; `make serve` shows it")
    if without_python:
        print(
            f"its pages have no Run buttons ({without_python}); for them, build where the network "
            "reaches the files or name a folder that holds them: PYODIDE_WHEELS=folder make book"
        )


def toc_pages(toc: Path) -> list[str]:
    """Return the pages that `_toc.yml` names, without suffix.

    Read by pattern rather than with a YAML parser: a no-change build should start nothing heavy,
    and a page is only ever named by `root:` or `file:`.
    """
    return re.findall(r"^[\s-]*(?:root|file):\s*[\"']?([^\s\"'#]+)", toc.read_text("utf-8"), re.M)


def page_files() -> Iterator[Path]:
    """Yield the pages, in order."""
    book = ROOT / "book"
    return iter(sorted([*book.glob("*.md"), *book.glob("exercises/*.md")]))


def package_files() -> Iterator[Path]:
    """Yield the package's sources and data: whatever can change a number on a page."""
    return files_below(ROOT / "code" / "unrolled")


def other_files() -> Iterator[Path]:
    """Yield every other input of a build: package, configuration, static files, helpers."""
    yield from package_files()
    for name in ("_config.yml", "_toc.yml", "requirements.txt", "constraints.txt"):
        yield ROOT / name
    yield from (ROOT / "scripts" / name for name in BUILD_SCRIPTS)
    book = ROOT / "book"
    for file in files_below(book, skipped=("_vendor", "node_modules", ".ipynb_checkpoints")):
        if file.suffix != ".md" or file.parent != book:
            yield file


def installed_versions() -> str:
    """Return the names and versions of everything installed, and of Python itself."""
    site = Path(sysconfig.get_paths()["purelib"])
    return "\n".join([sys.version, *sorted(entry.name for entry in site.glob("*.dist-info"))])


def execution_cache(build: Path) -> Path:
    """Return the cache folder of this very package, and drop the oldest others."""
    numbers_from = [
        line
        for line in installed_versions().splitlines()
        if re.match(r"3\.|numpy-|matplotlib-|tqdm-|ipywidgets-|ipykernel-", line)
    ]
    drawn_by = ROOT / "book" / "_ext" / "unrolled_site" / "svg_figures.py"  # the kernels' settings
    key = digest([*package_files(), drawn_by], ROOT, *numbers_from)[:16]
    caches = build / "execution-cache"
    present = caches / key
    present.mkdir(parents=True, exist_ok=True)
    os.utime(present)
    newest_first = sorted(caches.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for old in newest_first[CACHES_KEPT:]:
        shutil.rmtree(old)
    return present


def run_jupyter_book(build: Path, *options: str) -> int:
    """Run Jupyter Book with the keyed cache and return its exit status."""
    program = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", program, "build", str(ROOT), *options]
    environment = dict(os.environ)
    environment["UNROLLED_EXECUTION_CACHE"] = str(execution_cache(build))
    # The cells import the sources that were hashed, whatever else is installed.
    paths = [str(ROOT / "code"), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    # The kernel is this interpreter's own, whatever kernels the reader has installed.
    environment["JUPYTER_PREFER_ENV_PATH"] = "1"
    environment["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
