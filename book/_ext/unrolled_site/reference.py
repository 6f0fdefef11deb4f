"""The reference page: what autodoc must not ask for or list."""

from __future__ import annotations

import builtins

from sphinx.application import Sphinx
from sphinx.config import Config


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


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("config-inited", ignore_builtins)
    app.connect("autodoc-skip-member", skip_field_aliases)
