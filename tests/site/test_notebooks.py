"""The notebooks to download: valid, the page's own cells, readable, and they run to the end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
BOOK = ROOT / "book"
PAGES = [
    page
    for page in sorted([*BOOK.glob("*.md"), *BOOK.glob("exercises/*.md")])
    if "{code-cell}" in page.read_text()
]
FOLDERS = {page.stem: page.parent.relative_to(ROOT) for page in PAGES}
LONGEST_CELL = 60  # seconds
WHEEL_LINE = 'WHEEL = ""  # the site fills in the address of its own copy'

each_page = pytest.mark.parametrize("name", [page.stem for page in PAGES])


def read(name: str) -> Any:
    """Return a notebook of the built site."""
    file = SITE / "notebooks" / f"{name}.ipynb"
    if not file.is_file():
        pytest.fail("the book is not built: make book")
    return nbformat.read(file, as_version=nbformat.NO_CONVERT)


def sources(notebook: Any, kind: str) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def setup_cell(name: str = "index") -> str:
    """Return the code of the cell that installs what is missing."""
    found = [cell for cell in read(name).cells if "setup" in cell.metadata.get("tags", [])]
    assert len(found) == 1
    return str(found[0].source)


def shown_cells(name: str) -> list[str]:
    """Return the text of the cells that the built page shows, in order."""
    html = (SITE / FOLDERS[name] / f"{name}.html").read_text("utf-8")
    shown = re.findall(r"<div class=\"cell_input\b.*?<pre\b[^>]*>(.*?)</pre>", html, re.S)
    return [unescape(re.sub(r"<[^>]+>", "", text)).rstrip("\n") for text in shown]


def test_every_page_with_cells_has_a_notebook_and_no_other() -> None:
    made = {file.stem for file in (SITE / "notebooks").glob("*")}
    assert made == {page.stem for page in PAGES}


@each_page
def test_it_is_valid_and_its_cells_have_names_of_their_own(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    names = [cell.id for cell in notebook.cells]
    assert len(names) == len(set(names))
    assert notebook.metadata.kernelspec.name == "python3"


@each_page
def test_its_code_is_the_page_s(name: str) -> None:
    setup, *code = sources(read(name), "code")
    assert setup == setup_cell(name)
    assert code == shown_cells(name)


@each_page
def test_its_text_needs_nothing_of_this_book_s_tools(name: str) -> None:
    for text in sources(read(name), "markdown"):
        assert not re.findall(r"\{[\w:-]+\}`[^`]*`", text)
        assert not re.findall(r"^(?:`{3,}|:{3,})\{.*", text, re.M)
        assert not re.findall(r"^\([\w-]+\)=|^\$\$ *\(", text, re.M)
        assert "?" not in re.findall(r"\\tag\{(.*?)\}", text)


@each_page
def test_its_equations_have_the_page_s_numbers(name: str) -> None:
    html = (SITE / FOLDERS[name] / f"{name}.html").read_text("utf-8")
    on_page = re.findall(r"class=\"eqno\">\(([\d.]+)\)", html)
    text = "\n".join(sources(read(name), "markdown"))
    assert re.findall(r"\\tag\{(.*?)\}", text) == on_page


def test_its_figures_and_exercises_have_the_page_s_numbers() -> None:
    html = (SITE / "book" / "02_hidden_state.html").read_text("utf-8")
    text = "\n".join(sources(read("02_hidden_state"), "markdown"))
    numbers = re.findall(r"class=\"caption-number\">((?:Fig\.|Exercise) \d+)", html)
    assert len(numbers) > 5
    for number in numbers:
        assert f"**{number}" in text


def test_it_says_where_it_comes_from() -> None:
    about = read("04_cell_backward").cells[0].source
    assert "/book/04_cell_backward.html)" in about
    assert "CC BY 4.0" in about


def test_the_setup_cell_takes_its_address_from_the_repository_setting() -> None:
    setup = setup_cell()
    assert setup.count(WHEEL_LINE) == 1
    source = f"unrolled @ git+{CONFIG['repository']['url']}@{CONFIG['repository']['branch']}"
    assert source in setup


def run_setup(setup: str, missing: list[str]) -> list[str]:
    """Run the setup cell where some packages are missing; return what it asks pip for."""
    program = textwrap.dedent(
        """
        import importlib.util, json, sys
        from IPython.core.interactiveshell import InteractiveShell

        setup, missing = json.loads(sys.stdin.read())
        find, asked = importlib.util.find_spec, []
        importlib.util.find_spec = lambda name: None if name in missing else find("json")
        shell = InteractiveShell.instance()
        shell.register_magic_function(asked.append, magic_name="pip")
        shell.run_cell(setup).raise_error()
        print(json.dumps(asked))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps([setup, missing]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return list(json.loads(done.stdout.splitlines()[-1]))


def test_the_setup_cell_installs_nothing_where_nothing_is_missing() -> None:
    assert run_setup(setup_cell(), []) == []


def test_the_setup_cell_installs_from_the_repository() -> None:
    url = CONFIG["repository"]["url"]
    asked = run_setup(setup_cell(), ["unrolled", "anywidget"])
    assert asked == [f'install --quiet "unrolled @ git+{url}@main" anywidget']


def test_the_setup_cell_prefers_the_site_s_own_copy() -> None:
    wheel = "https://example.org/book/_static/python/unrolled-0.1.0-py3-none-any.whl"
    setup = setup_cell().replace('WHEEL = ""', f'WHEEL = "{wheel}"', 1)
    assert run_setup(setup, ["unrolled"]) == [f'install --quiet "{wheel}"']


def test_every_notebook_runs_to_the_end(tmp_path: Path) -> None:
    folder = shutil.copytree(SITE / "notebooks", tmp_path / "notebooks")
    program = f"from nbclient.cli import main; main(['--timeout={LONGEST_CELL}', *sys.argv[1:]])"

    def run(name: str) -> tuple[str, int, str]:
        command = [sys.executable, "-c", f"import sys; {program}", f"{name}.ipynb"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        return name, done.returncode, done.stderr[-2000:]

    with ThreadPoolExecutor(2) as two:
        results = list(two.map(run, [page.stem for page in PAGES]))
    assert [result for result in results if result[1]] == []
