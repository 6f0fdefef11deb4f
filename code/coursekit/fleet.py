"""Open sandboxes, lent to one thread at a time: opening one costs more than using it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Self

from coursekit.marking import Box

Opener = Callable[[], AbstractContextManager[Box]]


class Fleet:
    """Boxes that are opened when one is asked for and none is idle; a context manager.

    Parameters
    ----------
    opener : callable
        Makes a box that is not open yet.
    """

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._idle: list[tuple[Box, ExitStack]] = []
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the boxes."""
        self.close()

    @contextmanager
    def lend(self) -> Iterator[Box]:
        """Lend a box; one that failed while it was lent is closed and not lent again."""
        with self._lock:
            box, opened = self._idle.pop() if self._idle else (None, ExitStack())
        try:
            if box is None:
                box = opened.enter_context(self._opener())
            yield box
        except BaseException:
            opened.close()
            raise
        self._take_back(box, opened)

    def close(self) -> None:
        """Close the idle boxes now, and those that are lent when they come back."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for _, opened in idle:
            opened.close()

    def _take_back(self, box: Box, opened: ExitStack) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append((box, opened))
                return
        opened.close()
