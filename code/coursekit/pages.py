"""Pages of HTML in which nothing of a student's is markup: no scripts, nothing loaded."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def page(kind: str, /, **values: Any) -> str:
    """Fill a template of the kit's with values, all escaped.

    Parameters
    ----------
    kind : str
        ``"report"``: the template ``report.html.j2`` with the style ``report.css``.
    **values : object
        What the template names, besides ``style`` and ``style_hash``.

    Returns
    -------
    str
        HTML; its policy allows its own style, by the hash, and nothing else.
    """
    template, style, digest = _made(kind)
    return template.render(style=style, style_hash=f"'sha256-{digest}'", **values)


@cache
def _made(kind: str) -> tuple[Template, str, str]:
    """Read a template, its style and the style's hash, once for all students."""
    shelf = Environment(
        loader=PackageLoader("coursekit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("coursekit").joinpath("templates", f"{kind}.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return shelf.get_template(f"{kind}.html.j2"), style, digest
