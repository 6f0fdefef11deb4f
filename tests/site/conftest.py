"""What the tests of the built site share: the site, served, and the helper modules' folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parents[1] / "scripts"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from crawl import SITE  # noqa: E402  (found through the path above)
from server import served  # noqa: E402


@pytest.fixture(scope="session")
def built_site() -> Path:
    """Folder of the built site."""
    if not (SITE / "index.html").is_file():
        pytest.fail("_build/html holds no site: build it first, with `make book`", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def site_url(built_site: Path) -> Iterator[str]:
    """Address of the built site, served by a plain file server; it ends in a slash."""
    with served(built_site) as site:
        yield site.url
