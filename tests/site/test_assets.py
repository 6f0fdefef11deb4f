"""The files that the pages carry: pinned, verified on every build, whole or absent."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import build_book
import frontend
import page_python
import pyodide_files
from assets import AssemblyError, replacing, write_atomically
from own_wheel import build_wheel
from page_python import assemble_python

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "book" / "_frontend"
VENDOR = ROOT / "book" / "_vendor"
DESCRIPTION = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT")
PINNED_WHEELS = ("cycler.whl", "matplotlib.whl", "numpy.whl")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(name: str) -> dict:
    return json.loads((FRONTEND / name).read_text("utf-8"))


# A small project with a made-up Pyodide of five core files and four wheels.


def make_distribution(project: Path) -> None:
    wheels = {name: f"wheel {name}".encode() for name in (*PINNED_WHEELS, "micropip.whl")}
    depends = {"matplotlib": ["numpy", "cycler"], "cycler": [], "numpy": [], "micropip": []}
    lock = {
        name: {
            "file_name": f"{name}.whl",
            "sha256": digest(wheels[f"{name}.whl"]),
            "depends": depends[name],
        }
        for name in depends
    }
    core = {name: f"core {name}".encode() for name in read("python.json")["core"]}
    core["pyodide-lock.json"] = json.dumps({"packages": lock}).encode()
    npm = project / "book" / "_frontend" / "node_modules" / "pyodide"
    npm.mkdir(parents=True)
    for name, content in core.items():
        npm.joinpath(name).write_bytes(content)
    project.joinpath("wheels").mkdir()
    for name, content in wheels.items():
        project.joinpath("wheels", name).write_bytes(content)
    pins = {
        "version": "0.0.1",
        "packages": ["matplotlib", "numpy"],
        "core": {name: digest(content) for name, content in core.items()},
        "download": "",
        "inside": {"requirement": "nobody==1", "sha256": "0"},
    }
    project.joinpath("book/_frontend/python.json").write_text(json.dumps(pins), "utf-8")


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, its front end assembled from the folder `wheels`."""
    project = tmp_path_factory.mktemp("assets") / "project"
    make_distribution(project)
    modules = project / "book" / "_frontend" / "node_modules"
    for package in (FRONTEND / "node_modules").iterdir():
        if package.is_dir() and package.name != "pyodide":
            modules.joinpath(package.name).symlink_to(package)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FRONTEND / name, project / "book" / "_frontend")
    for name in DESCRIPTION:
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "book" / "_page", project / "book" / "_page")
    shutil.copytree(ROOT / "scripts", project / "scripts")
    figures = project / "code" / "unrolled" / "figures"
    figures.mkdir(parents=True)
    figures.parent.joinpath("__init__.py").write_text('"""Small."""\n', "utf-8")
    for name in ("player.mjs", "player.css"):
        shutil.copy(ROOT / "code/unrolled/figures" / name, figures)
    write_atomically(modules / ".installed", frontend.lock_key(project))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYODIDE_WHEELS", str(project / "wheels"))
        assert frontend.assemble(project) == ""
    return project


@pytest.fixture
def project(assembled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, cut off from PyPI."""
    monkeypatch.setattr(pyodide_files, "run_watched", lambda *_: False)
    return Path(shutil.copytree(assembled, tmp_path / "project", symlinks=True))


@pytest.fixture
def bare(project: Path) -> Path:
    """The small project before anything of Python was assembled."""
    shutil.rmtree(project / "book" / "_vendor" / "python")
    pins_file = project / "book" / "_frontend" / "python.json"
    pins = json.loads(pins_file.read_text("utf-8"))
    pins["download"] = f"{(project / 'elsewhere').as_uri()}/{{name}}"
    pins_file.write_text(json.dumps(pins), "utf-8")
    return project


def python(project: Path) -> Path:
    return project / "book" / "_vendor" / "python"


def build(project: Path, wheels: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "scripts" / "build_book.py")]
    environment = {**os.environ, "PYODIDE_WHEELS": wheels}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_everything_python_needs_is_there_and_listed(assembled: Path) -> None:
    manifest = json.loads((python(assembled) / "manifest.json").read_text("utf-8"))
    files = {file.name: file.stat().st_size for file in python(assembled).iterdir()}
    del files["manifest.json"]
    assert manifest["files"] == files
    assert manifest["version"] == "0.0.1"
    assert manifest["packages"] in files
    assert files.keys() >= {*PINNED_WHEELS, "worker.mjs", "interpreter.py", "pyodide.asm.wasm"}


def test_a_wheel_that_nothing_needs_is_left_out(assembled: Path) -> None:
    assert (assembled / "wheels" / "micropip.whl").is_file()
    assert not (python(assembled) / "micropip.whl").exists()


def test_nothing_changed_touches_nothing(project: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in python(project).iterdir()}
    inode = python(project).stat().st_ino
    assert assemble_python(project) == ""
    assert python(project).stat().st_ino == inode
    assert {file: file.stat().st_mtime_ns for file in python(project).iterdir()} == before


def test_an_edit_of_the_package_makes_a_new_wheel(project: Path) -> None:
    init = project / "code" / "unrolled" / "__init__.py"
    init.write_text('"""Edited."""\n', "utf-8")
    assert assemble_python(project) == ""
    with zipfile.ZipFile(next(python(project).glob("unrolled-*.whl"))) as wheel:
        assert wheel.read("unrolled/__init__.py") == init.read_bytes()


def test_no_draft_is_left_over(project: Path) -> None:
    leftover = [file.name for file in (project / "book/_vendor").glob(".*")]
    assert leftover == [".stamps"]


# A wrong file ends the build.


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("wheels/numpy.whl", "unset PYODIDE_WHEELS"),
        ("book/_vendor/python/numpy.whl", "delete book/_vendor/python"),
        ("book/_vendor/python/pyodide.asm.wasm", "delete book/_vendor/python"),
        ("book/_frontend/node_modules/pyodide/pyodide-lock.json", "delete book/_frontend"),
    ],
)
def test_a_tampered_file_ends_the_build_by_name(project: Path, wrong: str, remedy: str) -> None:
    file = project / wrong
    expected = digest(file.read_bytes())
    file.write_bytes(b"tampered")
    for _ in range(2):
        result = build(project, wheels=str(project / "wheels"))
        assert result.returncode != 0
        assert "Traceback" not in result.stderr
        for said in (str(file), expected, digest(b"tampered"), remedy):
            assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_tampered_core_file_of_npm_is_not_assembled(bare: Path) -> None:
    core = bare / "book/_frontend/node_modules/pyodide/python_stdlib.zip"
    core.write_bytes(b"tampered")
    with pytest.raises(AssemblyError, match=r"python_stdlib\.zip is not the pinned file"):
        assemble_python(bare, str(bare / "wheels"))
    assert not python(bare).exists()


def test_new_pins_replace_files_without_an_error(project: Path) -> None:
    core = project / "book/_frontend/node_modules/pyodide/pyodide.mjs"
    pins_file = project / "book/_frontend/python.json"
    pins = json.loads(pins_file.read_text("utf-8"))
    core.write_bytes(b"a newer core")
    pins["core"]["pyodide.mjs"] = digest(b"a newer core")
    pins_file.write_text(json.dumps(pins), "utf-8")
    assert assemble_python(project) == ""
    assert (python(project) / "pyodide.mjs").read_bytes() == b"a newer core"


# Where the wheels come from.


def test_python_can_be_left_out_on_purpose(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_python, "fetch_wheels", lambda *_: pytest.fail("asked the network"))
    assert "PYODIDE_WHEELS=none" in assemble_python(project, "none")
    assert not python(project).exists()


@pytest.mark.parametrize("kind", ["missing", "a file", "empty"])
def test_no_source_leaves_python_out(
    bare: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    named = bare / "named"
    if kind == "a file":
        named.write_text("", "utf-8")
    if kind == "empty":
        named.mkdir()
    assert "no source" in assemble_python(bare, str(named))
    assert f"PYODIDE_WHEELS={named}" in capsys.readouterr().out
    assert not python(bare).exists()


def test_no_source_is_the_last_thing_said(capsys: pytest.CaptureFixture[str]) -> None:
    build_book.report_site(build_book.ROOT / "_build", "no source had the files")
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert "no Run buttons (no source had the files)" in last
    assert "PYODIDE_WHEELS=" in last


def test_a_refusal_is_remembered_until_the_question_changes(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(page_python, "fetch_wheels", lambda *_: asked.append(1) or {})
    for _ in range(3):
        assert assemble_python(bare)
    assert len(asked) == 1
    assert assemble_python(bare, ask_again=True)
    assert assemble_python(bare, str(bare / "missing"))
    assert len(asked) == 3
    later = time.time() + 2 * page_python.ASK_AGAIN
    monkeypatch.setattr(time, "time", lambda: later)
    assert assemble_python(bare, str(bare / "missing"))
    assert len(asked) == 4


def test_what_a_named_folder_lacks_comes_from_elsewhere(
    bare: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bare / "elsewhere").mkdir()
    (bare / "wheels" / "numpy.whl").rename(bare / "elsewhere" / "numpy.whl")
    assert assemble_python(bare, str(bare / "wheels")) == ""
    assert "lacks numpy.whl" in capsys.readouterr().out
    assert (python(bare) / "numpy.whl").read_bytes() == b"wheel numpy.whl"


def test_the_distribution_alone_suffices(bare: Path) -> None:
    (bare / "wheels").rename(bare / "elsewhere")
    assert assemble_python(bare) == ""


def test_a_wrong_download_ends_the_build(bare: Path) -> None:
    (bare / "wheels").rename(bare / "elsewhere")
    (bare / "elsewhere" / "numpy.whl").write_bytes(b"<p>Please log in to this network</p>")
    with pytest.raises(AssemblyError, match=r"numpy\.whl is not the pinned file"):
        assemble_python(bare)
    assert not python(bare).exists()


def test_of_another_package_only_the_wheels_are_taken(tmp_path: Path) -> None:
    wheels = {"a.whl": digest(b"right"), "b.whl": digest(b"right")}
    archive = tmp_path / "carrier.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("deep/folder/a.whl", b"right")
        zipped.writestr("deep/folder/b.whl", b"right")
        zipped.writestr("deep/code.py", b"raise SystemExit")
        zipped.writestr("../outside.whl", b"right")
    out = tmp_path / "out"
    out.mkdir()
    pyodide_files.take_wheels(archive, wheels, out)
    assert {file.name for file in out.iterdir()} == wheels.keys()
    with pytest.raises(AssemblyError, match="carrier"):
        pyodide_files.take_wheels(archive, {"a.whl": digest(b"other")}, out)


def test_a_source_that_never_answers_is_given_up_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyodide_files, "ANSWER_WITHIN", 0.2)
    started = time.monotonic()
    sleep = [sys.executable, "-c", "import time; time.sleep(30)"]
    assert not pyodide_files.run_watched(sleep, tmp_path)
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: time.sleep(1))
    with pytest.raises(TimeoutError, match=r"nothing in 0\.2 s"):
        pyodide_files.open_address("nowhere")
    assert time.monotonic() - started < 5


def test_an_error_leaves_the_old_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.joinpath("old").touch()
    with pytest.raises(FileExistsError), replacing(folder) as draft:
        draft.mkdir()
    assert [file.name for file in tmp_path.rglob("*")] == ["folder", "old"]


# The scripts' bundles.


def test_a_missing_or_broken_script_ends_the_build(project: Path) -> None:
    main = project / "book" / "_page" / "main.mjs"
    main.write_text("import './nowhere.mjs';", "utf-8")
    with pytest.raises(AssemblyError, match="esbuild"):
        frontend.bundle_scripts(project)
    main.unlink()
    with pytest.raises(AssemblyError, match=r"main\.mjs is missing"):
        frontend.bundle_scripts(project)


def test_an_edited_script_is_bundled_anew(project: Path) -> None:
    bundle = project / "book" / "_vendor" / "unrolled.js"
    frontend.bundle_scripts(project)
    before = bundle.read_bytes()
    with (project / "book/_page/main.mjs").open("a") as main:
        main.write("\nconsole.debug('appended words');\n")
    frontend.bundle_scripts(project)
    assert b"appended words" in bundle.read_bytes()
    assert b"appended words" not in before


@pytest.mark.parametrize(("name", "budget"), [("unrolled.js", 25_000), ("editor.js", 150_000)])
def test_bundles_stay_small(name: str, budget: int) -> None:
    assert len(gzip.compress((VENDOR / name).read_bytes(), mtime=0)) <= budget


def test_bundles_name_no_other_host_and_no_source_map() -> None:
    for name in ("unrolled.js", "editor.js"):
        text = (VENDOR / name).read_text("utf-8")
        assert "sourceMappingURL" not in text
        assert not re.findall(r"(?:from|import)\s*\(?\s*[\"'](?:https?:)?//", text)


def test_fonts_come_with_their_licence() -> None:
    fonts = {file.name for file in VENDOR.rglob("*.woff2")}
    assert {Path(font).name for font in frontend.FONTS} < fonts
    licences = (VENDOR / "licenses.txt").read_text("utf-8")
    for name in read("package.json")["dependencies"]:
        assert f"\n{name} " in f"\n{licences}"
    assert "SIL OPEN FONT LICENSE" in licences


# The pins.


def test_the_lock_pins_every_package_by_hash_and_names_no_address() -> None:
    packages = read("package-lock.json")["packages"]
    del packages[""]
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_the_lock_holds_the_bundler_of_other_machines() -> None:
    packages = read("package-lock.json")["packages"]
    for machine in ("linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"):
        assert f"node_modules/@esbuild/{machine}" in packages


def test_every_pin_is_exact_and_agrees_with_the_lock() -> None:
    packages = read("package-lock.json")["packages"]
    for group in ("dependencies", "devDependencies"):
        wanted = read("package.json")[group]
        assert packages[""][group] == wanted
        for name, version in wanted.items():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
            assert packages[f"node_modules/{name}"]["version"] == version


def test_pyodide_is_pinned_once() -> None:
    pins = pyodide_files.read_pins(FRONTEND / "python.json")
    core = FRONTEND / "node_modules" / "pyodide"
    assert read("package.json")["dependencies"]["pyodide"] == pins.version
    for name, expected in pins.core.items():
        assert digest((core / name).read_bytes()) == expected
    lock = json.loads((core / "pyodide-lock.json").read_text("utf-8"))
    wheels = pyodide_files.wheel_hashes(lock, pins.packages)
    names = {name.split("-")[0] for name in wheels}
    assert {"numpy", "matplotlib", "pillow", "python_dateutil", "six"} <= names
    assert "micropip" not in names


# The package's wheel.


def test_the_wheel_holds_the_whole_package_and_is_reproducible(tmp_path: Path) -> None:
    package = ROOT / "code" / "unrolled"
    copy = tmp_path / "another" / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, copy / "code" / "unrolled", ignore=ignored, copy_function=shutil.copy)
    for name in DESCRIPTION:
        shutil.copy(ROOT / name, copy)
    (copy / "code" / "unrolled" / "__init__.py").chmod(0o755)
    before = {file.name for folder in (ROOT, ROOT / "code") for file in folder.iterdir()}
    wheels = []
    for root, umask in ((ROOT, 0o022), (copy, 0o077)):
        folder = tmp_path / str(umask)
        folder.mkdir()
        previous = os.umask(umask)
        try:
            wheels.append(build_wheel(root, folder))
        finally:
            os.umask(previous)
    assert wheels[0].name == "unrolled-0.1.0-py3-none-any.whl"
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    assert {file.name for folder in (ROOT, ROOT / "code") for file in folder.iterdir()} == before

    with zipfile.ZipFile(wheels[0]) as wheel:
        inside = {name for name in wheel.namelist() if name.startswith("unrolled/")}
    files = (file for file in package.rglob("*") if file.is_file())
    ours = {
        f"unrolled/{file.relative_to(package).as_posix()}"
        for file in files
        if "__pycache__" not in file.parts
    }
    assert inside == ours


def test_a_wheel_that_cannot_be_built_says_why(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 3\n", "utf-8")
    (tmp_path / "out").mkdir()
    with pytest.raises(AssemblyError, match="setuptools"):
        build_wheel(tmp_path, tmp_path / "out")
