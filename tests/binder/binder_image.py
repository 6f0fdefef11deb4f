"""What Binder's image holds, made without a container: repo2docker's steps, replayed.

The build pack's scripts run unchanged. What differs from an image: ``/srv`` and
``/home/jovyan`` lie in a folder of ours, the environment is a virtual one of the Python that
runs the tests instead of repo2docker's from conda, and the caller's pip settings apply.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import html
import os
import re
import shutil
import string
import subprocess
import sys
import venv
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

with warnings.catch_warnings():  # its own, about libraries it imports by their old names
    warnings.simplefilter("ignore", DeprecationWarning)
    from repo2docker.app import Repo2Docker
    from repo2docker.buildpacks import BuildPack

CALLERS_SETTINGS = re.compile(
    r"PIP_\w+|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|TMPDIR", re.IGNORECASE
)


class BinderImage:
    """The environment and the home folder of a Binder image, in a folder kept between runs.

    The environment is installed anew when anything that pip's step reads has changed; the
    home folder, with the copy of the repository, is new in every test run.

    Parameters
    ----------
    folder : Path
        Where both lie: ``srv`` and ``home`` in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home" / "jovyan"

    def copy_repository(self, root: Path, files: Iterable[Path]) -> None:
        """Fill a new home folder with the repository, as the Dockerfile's COPY does.

        Parameters
        ----------
        root : Path
            Root of the working tree.
        files : iterable of Path
            Files to copy, relative to the root.
        """
        shutil.rmtree(self.home, ignore_errors=True)
        for file in files:
            target = self.home / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / file, target, follow_symlinks=False)

    def assemble(self) -> None:
        """Install what the build pack says into a fresh environment, unless that was done."""
        scripts = self._scripts()
        stamp = self.folder / "installed"
        key = self._key(scripts)
        if stamp.exists() and stamp.read_text() == key:
            return
        stamp.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "srv", ignore_errors=True)
        venv.create(self.prefix, with_pip=True, symlinks=True)
        for script in scripts:
            self.output(["/bin/sh", "-c", script])
        stamp.write_text(key)

    def post_build(self) -> None:
        """Run the build pack's scripts for the end of a build, as the Dockerfile does."""
        with contextlib.chdir(self.home):
            scripts = self._build_pack.get_post_build_scripts()
        assert scripts, "repo2docker found no postBuild"
        for script in scripts:
            (self.home / script).chmod(0o755)
            self.output([f"./{script}"])

    def output(self, command: list[str]) -> str:
        """Run a command in the copy of the repository and return what it printed.

        Raises
        ------
        AssertionError
            If it exits with anything but 0; the message holds what it printed.
        """
        done = subprocess.run(
            command,
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command} exited {done.returncode}:\n{done.stdout[-8000:]}"
        return done.stdout

    @property
    def prefix(self) -> Path:
        """Folder of the environment with JupyterLab and the kernel."""
        return Path(self.environment["NB_PYTHON_PREFIX"])

    @property
    def environment(self) -> dict[str, str]:
        """Variables that the Dockerfile sets, with ours for the two folders."""
        variables = {
            name: value for name, value in os.environ.items() if CALLERS_SETTINGS.fullmatch(name)
        }
        callers_pip = Path.home() / ".config" / "pip" / "pip.conf"
        if callers_pip.exists():
            variables.setdefault("PIP_CONFIG_FILE", str(callers_pip))
        variables |= {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "NB_USER": "jovyan",
            "HOME": str(self.home),
            "REPO_DIR": str(self.home),
        }
        pack = self._build_pack
        ours = {"APP_BASE": str(self.folder / "srv")}
        for name, value in [*pack.get_build_env(), *pack.get_env()]:
            variables[name] = ours.get(name) or string.Template(value).substitute(variables)
        path = ":".join([*pack.get_path(), "${PATH}"])
        variables["PATH"] = string.Template(path).substitute(variables)
        return variables

    @property
    def _build_pack(self) -> BuildPack:
        return picked_build_pack(self.home)

    def _scripts(self) -> list[str]:
        """Scripts that install this repository, in the order the Dockerfile runs them."""
        pack = self._build_pack
        with contextlib.chdir(self.home):
            steps = [*pack.get_preassemble_scripts(), *pack.get_assemble_scripts()]
        users = {user for user, _ in steps}
        assert users == {"${NB_USER}"}, f"only steps of the reader's own user replay, not {users}"
        return [script for _, script in steps]

    def _key(self, scripts: list[str]) -> str:
        """Hash of all that decides what the environment holds, and of where it lies."""
        digest = hashlib.sha256(repr((sys.version, str(self.folder), scripts)).encode())
        for file in [
            self.home / "requirements.txt",
            self.home / "constraints.txt",
            self.home / "pyproject.toml",
            *sorted((self.home / ".binder").iterdir()),
        ]:
            digest.update(file.read_bytes())
        return digest.hexdigest()


def picked_build_pack(root: Path) -> BuildPack:
    """Return the build pack that repo2docker picks for a repository, as its `build` does.

    Parameters
    ----------
    root : Path
        Root of the repository.
    """
    app = Repo2Docker()
    with contextlib.chdir(root):
        packs = (pack(base_image=app.base_image) for pack in app.buildpacks)
        picked = next((pack for pack in packs if pack.detect()), None)
    assert picked is not None, f"repo2docker finds nothing to build in {root}"
    picked.platform = "linux/amd64"
    return picked


def working_tree(root: Path) -> list[Path]:
    """Return the files a commit of everything would hold, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    files = [Path(name) for name in sorted(set(listed.split("\0"))) if name]
    return [file for file in files if (root / file).is_file()]


def chapters(root: Path) -> list[str]:
    """Return the pages with code under ``book/``, such as ``book/01_trace_a_graph.md``."""
    pages = [page.relative_to(root) for page in sorted((root / "book").rglob("*.md"))]
    ours = [page for page in pages if not any(part[0] in "._" for part in page.parts)]
    return [page.as_posix() for page in ours if _names_a_kernel((root / page).read_text("utf-8"))]


def _names_a_kernel(text: str) -> bool:
    """Return whether a page's header, between its first two ``---``, holds a kernelspec."""
    header = re.match(r"---\n(.*?)^---$", text, re.DOTALL | re.MULTILINE)
    return header is not None and re.search(r"^kernelspec:", header[1], re.MULTILINE) is not None


def launch_address(root: Path, chapter: str) -> SplitResult:
    """Return the address in a built chapter's Binder button.

    Parameters
    ----------
    root : Path
        Root of the repository, with the built site in ``_build/html``.
    chapter : str
        The chapter's source, relative to the root.
    """
    built = (root / "_build" / "html" / chapter).with_suffix(".html")
    assert built.exists(), f"{built} is missing: build the site first, with `make book`"
    links = re.findall(r'href="([^"]+)"', built.read_text("utf-8"))
    found = {html.unescape(link) for link in links if "/v2/" in link and "urlpath=" in link}
    assert len(found) == 1, f"{built} should have one Binder address, not {sorted(found)}"
    return urlsplit(found.pop())


def launch_path(root: Path, chapter: str) -> str:
    """Return the path inside Binder's server that a built chapter's launch button names."""
    return parse_qs(launch_address(root, chapter).query)["urlpath"][0]


@contextlib.contextmanager
def lock(file: Path) -> Iterator[None]:
    """Keep other test runs in this checkout waiting while one works in the cached folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
