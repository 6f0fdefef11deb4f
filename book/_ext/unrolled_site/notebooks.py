"""Every page with code cells as a notebook to download: `notebooks/NAME.ipynb` beside the pages.

The code is the page's, cell by cell and letter by letter. The text is the page's with what only
this book's tools understand put into Markdown that every notebook shows: references become their
numbers, names and links, exercises and notes become quotations, solutions fold. Whatever else
there may be stays as the page's source has it.

Two cells stand before the page's own. The first says where the notebook comes from. The second,
tagged `setup`, installs whatever is missing. It holds one line

    WHEEL = ""  # the site fills in the address of its own copy

and a page that offers the download may put there the absolute address of the wheel that lies on
the same site, under `_static/python/`. Left empty, pip fetches the repository named by
`repository: url:` in `_config.yml`.

The files depend on nothing but the pages and the settings: a second build writes the same bytes.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jupytext
import nbformat
from nbformat.notebooknode import NotebookNode
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FOLDER = "notebooks"
ABOUT = """\
> This is the page {page} of the book {book} as a notebook.
> Run the cell below first: it brings the book's package where it is missing.
> Numbers of equations, figures and exercises are the page's, and so are the cells.
> Text: CC BY 4.0. Code: MIT."""
SETUP = """\
# Brings what is missing; where everything is installed, this cell does nothing.
from importlib.util import find_spec

WHEEL = ""  # the site fills in the address of its own copy
SOURCE = "unrolled @ git+{url}@{branch}"
NEEDED = ["unrolled", "numpy", "matplotlib", "ipywidgets", "anywidget"]

missing = [name for name in NEEDED if find_spec(name) is None]
if missing:
    packages = [f'"{{WHEEL or SOURCE}}"' if name == "unrolled" else name for name in missing]
    %pip install --quiet {{" ".join(packages)}}"""

FENCE = re.compile(r"(?P<fence>`{3,}|~{3,}|:{3,})(?:\{(?P<name>[\w:-]+)\})?\s*(?P<argument>.*)")
OPTION = re.compile(r":(?P<key>[\w-]+):\s*(?P<value>.*)")
ROLE = re.compile(r"\{(?P<name>[\w:]+)\}`(?P<text>[^`]+)`")
TITLED = re.compile(r"(?P<title>.+?)\s*<(?P<target>[^<>]+)>")
TARGET = re.compile(r"\([\w-]+\)=\s*")
NUMBERED_END = re.compile(r"\$\$\s*\((?P<label>[\w-]+)\)\s*")
NOTES = {
    *("note", "tip", "hint", "warning", "important", "caution", "danger", "attention"),
    *("seealso", "admonition"),
}
# They only give their contents a place or a look.
WRAPPERS = {"container", "div", "margin", "sidebar"}


class PlainMarkdown:
    """Turn a page's MyST into Markdown that a bare notebook shows, with the site's numbers."""

    def __init__(self, app: Sphinx, page: str) -> None:
        self.env = app.env
        self.page = page
        self.base = app.config.html_baseurl
        self.roles: dict[str, Callable[[str], str]] = {
            "doc": self.name_page,
            "eq": self.number_equation,
            "numref": self.number,
            "ref": self.number,
            "cite:p": lambda keys: f"[{self.cite(keys, '{}, {}', '; ')}]",
            "cite:t": lambda keys: self.cite(keys, "{} [{}]", ", "),
        }

    def convert(self, text: str) -> str:
        """Convert the text of one cell."""
        return "\n".join(self.convert_lines(text.splitlines())).strip()

    def convert_lines(self, lines: list[str]) -> Iterator[str]:
        """Convert line by line; a fenced block is taken as a whole."""
        rest = iter(lines)
        for line in rest:
            fence = FENCE.fullmatch(line)
            equation = NUMBERED_END.fullmatch(line)
            if fence:
                block = list(self.take_block(rest, fence["fence"]))
                yield from self.convert_block(fence, block)
            elif equation:
                yield from (rf"\tag{{{self.equation_number(equation['label'])}}}", "$$")
            elif not TARGET.fullmatch(line):
                yield ROLE.sub(self.convert_role, line)

    @staticmethod
    def take_block(rest: Iterator[str], fence: str) -> Iterator[str]:
        """Take the lines up to the closing fence."""
        for line in rest:
            if line.rstrip() == fence:
                return
            yield line

    def convert_block(self, fence: re.Match[str], block: list[str]) -> Iterator[str]:
        """Convert a directive; code stays as it is."""
        name, argument = fence["name"], fence["argument"]
        options = {}
        body = list(block)
        while name and body and (option := OPTION.fullmatch(body[0])):
            options[option["key"]] = option["value"]
            body.pop(0)
        if name == "exercise":
            yield from self.quote(self.number(options.get("label", "")) or "Exercise", body)
        elif name == "solution":
            title = f"Solution to {self.number(argument) or 'the exercise'}"
            yield from ("<details>", f"<summary><b>{title}</b></summary>", "")
            yield from self.convert_lines(body)
            yield from ("", "</details>")
        elif name in NOTES:
            title = argument if name == "admonition" else "See also" if name == "seealso" else name
            yield from self.quote(title.capitalize(), body)
        elif name in WRAPPERS:
            yield from self.convert_lines(body)
        elif name in {"image", "figure"}:
            yield self.show_image(argument, options.get("alt", ""))
            caption = [line for line in self.convert_lines(body) if line.strip()]
            if caption:
                number = self.number(options.get("name", ""))
                yield from ("", f"*{number}.* {' '.join(caption)}" if number else " ".join(caption))
        else:
            argument_text = f" {argument}" if argument and name else argument
            opening = f"{{{name}}}" if name else ""
            yield from (f"{fence['fence']}{opening}{argument_text}", *block, fence["fence"])

    def quote(self, title: str, body: list[str]) -> Iterator[str]:
        """Set a block apart under a bold title."""
        yield f"> **{title}**"
        yield ">"
        yield from (f"> {line}".rstrip() for line in self.convert_lines(body))

    def convert_role(self, role: re.Match[str]) -> str:
        """Convert a reference; an unknown role stays."""
        convert = self.roles.get(role["name"])
        if not convert:
            return role[0]
        titled = TITLED.fullmatch(role["text"])
        if titled and role["name"] != "doc":
            return titled["title"]
        return convert(role["text"])

    def name_page(self, text: str) -> str:
        """Name another page, linked if the site's place is known."""
        titled = TITLED.fullmatch(text)
        target = titled["target"] if titled else text
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), target))
        title = titled["title"] if titled else self.env.titles[name].astext()
        return self.link(title, f"{name}.html")

    def link(self, text: str, address: str) -> str:
        """Link to a file of the site."""
        return f"[{text}]({urljoin(self.base, address)})" if self.base else f"*{text}*"

    def show_image(self, path: str, alt: str) -> str:
        """Show a picture of the site, or say what it shows."""
        name = Path(path).name
        return f"![{alt}]({urljoin(self.base, f'_static/{name}')})" if self.base else f"*{alt}*"

    def equation_number(self, label: str) -> str:
        """Return the number that an equation has on the site."""
        page, number = self.env.domains["math"].equations.get(label, (self.page, "?"))
        numbers = self.env.toc_fignumbers.get(page, {}).get("displaymath", {})
        return ".".join(map(str, numbers.get(f"equation-{label}", (number,))))

    def number_equation(self, label: str) -> str:
        """Refer to an equation as the site does, with a link if it is on another page."""
        page, _ = self.env.domains["math"].equations.get(label, (self.page, None))
        text = f"({self.equation_number(label)})"
        return text if page == self.page else self.link(text, f"{page}.html#equation-{label}")

    def number(self, label: str) -> str:
        """Return the name and number of a figure or an exercise, such as `Fig. 2`."""
        names = {"figure": "Fig.", "exercise": "Exercise"}
        for numbers in self.env.toc_fignumbers.values():
            for kind, name in names.items():
                if label in numbers.get(kind, {}):
                    return f"{name} {'.'.join(map(str, numbers[kind][label]))}"
        return ""

    def cite(self, keys: str, form: str, between: str) -> str:
        """Name the works as the site does: authors and year."""
        entries = self.env.domains["cite"].bibdata.data.entries
        cited = [entries[key.strip()] for key in keys.split(",")]
        return between.join(form.format(authors(each), each.fields["year"]) for each in cited)


def authors(entry: Any) -> str:
    """Return the family names of a work's authors, shortened from three on."""
    names = [" ".join([*person.prelast_names, *person.last_names])
             for person in entry.persons["author"]]  # fmt: skip
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def make_notebook(app: Sphinx, page: str) -> NotebookNode:
    """Make the notebook of one page."""
    plain = PlainMarkdown(app, page)
    source = jupytext.read(app.env.doc2path(page), fmt="md:myst")
    cells = [*opening_cells(app, page, plain)]
    for cell in source.cells:
        if cell.cell_type == "markdown":
            cells.append(nbformat.v4.new_markdown_cell(plain.convert(cell.source)))
            continue
        cells.append(nbformat.v4.new_code_cell(cell.source, metadata=cell.metadata))
        figure = cell.metadata.get("mystnb", {}).get("figure")
        if figure:
            caption = " ".join(plain.convert(figure.get("caption", "")).split())
            number = plain.number(figure.get("name", ""))
            cells.append(nbformat.v4.new_markdown_cell(f"**{number}.** {caption}".strip()))
    name_cells(page, cells)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def opening_cells(app: Sphinx, page: str, plain: PlainMarkdown) -> Iterator[NotebookNode]:
    """Make the two cells that say where the notebook comes from and install what it needs."""
    title = app.env.titles[page].astext()
    about = ABOUT.format(
        page=plain.link(title, f"{page}.html"),
        book=plain.link(app.config.html_title or app.config.project, ""),
    )
    yield nbformat.v4.new_markdown_cell(about, metadata={"tags": ["about"]})
    theme = app.config.html_theme_options
    setup_code = SETUP.format(url=theme["repository_url"], branch=theme["repository_branch"])
    yield nbformat.v4.new_code_cell(setup_code, metadata={"tags": ["setup"]})


def name_cells(page: str, cells: list[NotebookNode]) -> None:
    """Give each cell an id that depends on its content alone, not on its place or the clock."""
    seen: Counter[str] = Counter()
    for cell in cells:
        content = f"{page}\0{cell.cell_type}\0{cell.source}"
        cell.id = hashlib.sha256(f"{content}\0{seen[content]}".encode()).hexdigest()[:12]
        seen[content] += 1


def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Write a notebook for each page that has cells."""
    if exception or app.builder.name != "html":
        return
    folder = Path(app.outdir, FOLDER)
    folder.mkdir(exist_ok=True)
    kept = set()
    for page in sorted(app.env.found_docs):
        if "{code-cell}" not in Path(app.env.doc2path(page)).read_text("utf-8"):
            continue
        notebook = make_notebook(app, page)
        try:
            nbformat.validate(notebook)
        except nbformat.ValidationError as error:
            raise ExtensionError(f"the notebook of {page} is not valid: {error}") from error
        target = folder / f"{Path(page).name}.ipynb"
        target.write_text(nbformat.writes(notebook) + "\n", "utf-8")
        kept.add(target)
    for stale in set(folder.glob("*.ipynb")) - kept:
        stale.unlink()


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("build-finished", write_notebooks)
