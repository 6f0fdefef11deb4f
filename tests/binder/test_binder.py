"""A chapter's launch button: what Binder builds, and whether the chapter runs in it.

Binder builds an image with repo2docker, then sends the reader to the address in the launch
button. No image can be built where there is no container engine, so these tests ask
repo2docker's own build pack what it would do, do that in a fresh environment
(`binder_image.py`), start JupyterLab in it, and open every chapter there by the address in
its launch button (`lab_page.py`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from binder_image import (
    BinderImage,
    BuildPack,
    chapters,
    launch_address,
    launch_path,
    lock,
    picked_build_pack,
    working_tree,
)
from lab_page import LabServer, figures_respond, open_launched_page, run_to_the_end

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build_pack() -> BuildPack:
    """Build pack that repo2docker picks for this repository."""
    return picked_build_pack(ROOT)


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> Iterator[BinderImage]:
    """Environment and home folder of Binder's image; the former is kept in pytest's cache."""
    folder = request.config.cache.mkdir("binder")
    with lock(folder / "lock"):
        image = BinderImage(folder)
        image.copy_repository(ROOT, working_tree(ROOT))
        image.assemble()
        image.post_build()
        yield image


def test_repo2docker_picks_python_at_a_version_the_package_supports(build_pack: BuildPack) -> None:
    """`.binder` is found, and its Python is named there and new enough for the package."""
    assert type(build_pack).__name__ == "PythonBuildPack"
    assert build_pack.binder_dir == ".binder"
    name, version, date = build_pack.runtime
    assert name == "python"
    assert date is None, "a dated runtime.txt is for R"
    assert build_pack.python_version == version
    minimum = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert _release(version) >= _release(minimum.removeprefix(">="))


def test_the_dockerfile_installs_the_book_and_runs_post_build(build_pack: BuildPack) -> None:
    """Pip and postBuild run after the repository is copied, as `-e .` needs it."""
    dockerfile = build_pack.render({"NB_USER": "jovyan", "NB_UID": "1000"})
    lock_file = f"py-2d{build_pack.python_version.replace('.', '-2e')}-2dlinux-2d64-2elock"
    steps = [
        lock_file,  # repo2docker's own environment, its name escaped
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
        'pip install --no-cache-dir -r ".binder/requirements.txt"',
        "RUN ./.binder/postBuild",
    ]
    found = [dockerfile.find(step) for step in steps]
    missing = [step for step, place in zip(steps, found, strict=True) if place < 0]
    assert not missing, f"not in the Dockerfile: {missing}\n\n{dockerfile}"
    assert found == sorted(found), f"steps in another order than {steps}\n\n{dockerfile}"


def test_post_build_is_executable() -> None:
    """Whoever runs it by hand needs the bit that repo2docker sets by itself."""
    assert os.access(ROOT / ".binder" / "postBuild", os.X_OK)


def test_every_chapter_has_a_launch_button() -> None:
    """The built page of each chapter names that chapter, and the repository of `_config.yml`."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    repository = urlsplit(config["repository"]["url"]).path.strip("/")
    assert chapters(ROOT), "no chapter with code under book/"
    for chapter in chapters(ROOT):
        address = launch_address(ROOT, chapter)
        assert address.geturl().startswith(config["launch_buttons"]["binderhub_url"])
        assert unquote(address.path).endswith(f"/{repository}/{config['repository']['branch']}")
        assert launch_path(ROOT, chapter) == f"lab/tree/{chapter}"


def test_the_environment_imports_the_package_from_the_copy(image: BinderImage) -> None:
    """The shared package is installed editable: a reader's edit of a formula counts."""
    code = "import unrolled; print(unrolled.__file__)"
    printed = image.output(["python", "-c", code]).strip()
    assert Path(printed).is_relative_to(image.home / "code")


def test_post_build_twice_changes_nothing(image: BinderImage) -> None:
    """A second run leaves the settings byte for byte as they were."""
    settings = image.prefix / "etc" / "jupyter" / "labconfig"
    before = {path.name: path.read_bytes() for path in settings.iterdir()}
    image.post_build()
    assert {path.name: path.read_bytes() for path in settings.iterdir()} == before


@pytest.mark.browser
@pytest.mark.parametrize("chapter", chapters(ROOT))
def test_launched_chapter_runs_to_the_end(
    chapter: str, image: BinderImage, chromium: Browser, tmp_path: Path
) -> None:
    """A chapter opened by its launch button runs, and its figures respond to the keyboard."""
    path = launch_path(ROOT, chapter)
    with LabServer(image, tmp_path) as server, chromium.new_context() as context:
        page = context.new_page()
        open_launched_page(page, f"{server.url}/{path}")
        run_to_the_end(page)
        expected = "unrolled.figures" in (ROOT / chapter).read_text("utf-8")
        assert bool(figures_respond(page)) == expected


def _release(version: str) -> tuple[int, ...]:
    """Numbers of a version such as ``3.11``, for comparison."""
    return tuple(int(number) for number in re.findall(r"\d+", version))
