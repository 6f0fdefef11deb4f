"""Addresses come from one setting, and nothing committed belongs to one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
REPOSITORY = CONFIG["repository"]["url"].removeprefix("https://github.com/")

# In pieces, so that this file does not name what it forbids.
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "anaconda" + ".org"]
ONE_MACHINE = [r"(?<![\w.])/(?:work|root|Users)/", r"/home/(?!jovyan)\w+/", "file" + r"://+\w"]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The built pages, by name."""
    folder = SITE / "book"
    found = {
        file.relative_to(folder).with_suffix("").as_posix(): file.read_text("utf-8")
        for file in [*folder.glob("*.html"), *folder.glob("exercises/*.html")]
    }
    if not found:
        pytest.fail("the book is not built: make book")
    return found


def committed() -> list[Path]:
    """Return the text files that are, or are about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in names.splitlines()]
    return [file for file in files if file.is_file() and b"\0" not in file.read_bytes()]


def test_every_launch_address_comes_from_the_repository_setting(pages: dict[str, str]) -> None:
    binder = CONFIG["launch_buttons"]["binderhub_url"]
    branch = CONFIG["repository"]["branch"]
    launched = 0
    for name, html in pages.items():
        wanted = f"{binder}/v2/gh/{REPOSITORY}/{branch}?urlpath=lab/tree/book/{name}.md"
        found = re.findall(rf"\"({re.escape(binder)}/[^\"]*)\"", html)
        assert set(found) <= {wanted}
        launched += bool(found)
    with_cells = [
        page
        for folder in ("book", "book/exercises")
        for page in (ROOT / folder).glob("*.md")
        if "{code-cell}" in page.read_text()
    ]
    assert launched == len(with_cells)


def test_every_address_at_github_is_the_repository_s(pages: dict[str, str]) -> None:
    for html in pages.values():
        links = re.findall(r"https://github\.com/([\w.-]+/[\w.-]+)/(?:issues|blob|edit)", html)
        assert set(links) <= {REPOSITORY}


def test_every_image_of_the_built_pages_says_what_it_shows(pages: dict[str, str]) -> None:
    for name, html in pages.items():
        for tag in re.findall(r"<img\b[^>]*>", html):
            alt = re.search(r"\balt=\"([^\"]*)\"", tag)
            assert alt, (name, tag)
            # Sphinx falls back to the file's address where a cell gives no text.
            assert alt[1], (name, tag)
            assert not re.search(r"\.(?:png|svg|jpe?g)$", alt[1]), (name, tag)


def test_the_built_pages_load_nothing_from_elsewhere(pages: dict[str, str]) -> None:
    loaded = r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*\""
    styled = (
        r"<link\b(?=[^>]*rel=\"(?:stylesheet|preload|icon)\")[^>]*href=\"(?:https?:)?//[^\"]*\""
    )
    for name, html in pages.items():
        assert not re.findall(f"{loaded}|{styled}", html), name


def test_nothing_committed_names_a_registry_or_one_machine() -> None:
    forbidden = re.compile("|".join([*map(re.escape, REGISTRIES), *ONE_MACHINE]))
    for file in committed():
        found = forbidden.search(file.read_text("utf-8"))
        assert not found, f"{file.relative_to(ROOT)} names {found and found[0]!r}"


def test_the_constraints_pin_what_the_requirements_ask_for() -> None:
    def names(file: str) -> set[str]:
        text = (ROOT / file).read_text("utf-8")
        return {
            name.lower().replace("_", "-")
            for name in re.findall(r"^([A-Za-z][\w.-]*?)[=><]", text, re.M)
        }

    assert names("requirements.txt") <= names("constraints.txt")
