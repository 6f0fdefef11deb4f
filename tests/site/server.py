"""A plain file server for the built site, on this machine only."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Site:
    """A folder that is being served.

    Parameters
    ----------
    folder : Path
        What is served.
    url : str
        Address of the folder, ending in a slash.
    missing : list of str
        Every path that was asked for and not there, as it was asked for.
    """

    folder: Path
    url: str
    missing: list[str] = field(default_factory=list)


@contextlib.contextmanager
def served(folder: Path, prefix: str = "/") -> Iterator[Site]:
    """Serve a folder on a free port, and nothing outside the prefix.

    Parameters
    ----------
    folder : Path
        What to serve.
    prefix : str
        Path under which it lies, with a slash at both ends.

    Yields
    ------
    Site
        Where it is served and what was missing.
    """
    site = Site(folder, "")
    handler = functools.partial(_Files, directory=str(folder), site=site, prefix=prefix)
    with _Server(("127.0.0.1", 0), handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}{prefix}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # a page's first requests come all at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a browser that leaves a page hangs up in the middle of an answer."""


class _Files(SimpleHTTPRequestHandler):
    """The standard library's file server under a prefix, with a list of what was missing."""

    def __init__(self, *request: Any, site: Site, prefix: str, directory: str) -> None:
        self.site = site
        self.prefix = prefix
        super().__init__(*request, directory=directory)

    def send_head(self) -> Any:
        """Answer a request, if it lies under the prefix."""
        if not self.path.startswith(self.prefix):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def translate_path(self, path: str) -> str:
        """Return the file of a path, the prefix taken off."""
        return super().translate_path("/" + path.removeprefix(self.prefix))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Note what was missing, then answer as usual."""
        self.site.missing.append(self.path)
        super().send_error(code, message, explain)

    def log_message(self, *message: Any) -> None:
        """Print nothing."""
