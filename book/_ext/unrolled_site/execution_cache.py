"""The folder of the execution cache comes from the build, which names it after the package."""

from __future__ import annotations

import os

from sphinx.application import Sphinx
from sphinx.config import Config


def use_keyed_cache(app: Sphinx, config: Config) -> None:
    """Take the execution cache's folder from the build, which names it after the package."""
    folder = os.environ.get("UNROLLED_EXECUTION_CACHE")
    if folder:
        config.nb_execution_cache_path = folder


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("config-inited", use_keyed_cache)
