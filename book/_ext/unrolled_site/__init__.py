"""What the site needs beyond Jupyter Book's settings, one idea a module."""

from __future__ import annotations

import importlib
from typing import Any

from sphinx.application import Sphinx

MODULES = (
    "execution_cache",
    "whole_streams",
    "reference",
    "katex_prerender",
    "formula_fonts",
    "svg_figures",
    "descriptions",
    "root_page",
    "cell_bars",
    "notebooks",
    "glued_punctuation",
    "unbroken_shapes",
    "page_menus",
    "lean_page",
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Set up every module of the package."""
    for name in MODULES:
        importlib.import_module(f"{__name__}.{name}").setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
