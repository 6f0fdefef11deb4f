"""Arrays that a training loop uses again: a fresh array of megabytes costs its page faults."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrolled.shapes import Array


class Workspace:
    """Scratch arrays, handed out again where name, shape and dtype repeat.

    The states and the tape that a run with a workspace returned are overwritten by the
    next run with it: use it where each tape is used up before the next call, as training
    does, in one thread, and one for each layer.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}
        self.runs = 0
        """How many runs forward have used it."""

    def empty(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Give an array of any content.

        Parameters
        ----------
        name : str
            What it is for; two names never share an array.
        shape : tuple of int
            Its shape.
        dtype : dtype
            Its dtype.

        Returns
        -------
        ndarray
            The one of last time where that fits.
        """
        array = self._arrays.get(name)
        if array is None or array.shape != shape or array.dtype != dtype:
            array = self._arrays[name] = np.empty(shape, dtype)
        return array

    def lent(self, array: Array) -> bool:
        """Tell whether an array's memory is one of these.

        Parameters
        ----------
        array : ndarray
            Any.

        Returns
        -------
        bool
            True for them and for views of them.
        """
        owner: Any = array
        while (base := getattr(owner, "base", None)) is not None:  # views of views too
            owner = base
        return any(owner is each for each in self._arrays.values())
