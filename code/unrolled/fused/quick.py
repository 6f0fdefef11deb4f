"""Tell at once that arguments fit; what does not is said by the checks that all cells share.

Those checks find the words for every misfit, which takes them longer than a small run takes
in all. So a fit is looked for first, and nothing is refused here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unrolled.cells.base import Params, State
from unrolled.shapes import DTYPES, Array


def fits(kernel: Any, params: Params, xs: Array, state0: State | None) -> bool:
    """Tell whether a run's arguments plainly fit.

    Parameters
    ----------
    kernel : module
        Of the cell.
    params, xs, state0
        As the user gave them.

    Returns
    -------
    bool
        False says nothing more than: look closer.
    """
    if type(params) is not kernel.PARAMS:
        return False
    Wx, Wh, b, *further = params
    if not (type(Wx) is type(Wh) is type(b) is type(xs) is np.ndarray):
        return False
    dtype, (H, width) = Wx.dtype, Wh.shape if Wh.ndim == 2 else (0, 0)
    return (
        dtype in DTYPES
        and Wx.ndim == 2
        and H > 0
        and width == Wx.shape[1] == kernel.BLOCKS * H
        and dtype == Wh.dtype == b.dtype
        and b.shape in ((width,), (1, width))
        and all(
            type(bias) is np.ndarray and bias.dtype == dtype and bias.shape in ((H,), (1, H))
            for bias in further
        )
        and xs.size > 0
        and _inputs_fit(xs, len(Wx), dtype)
        and (state0 is None or _state_fits(kernel, state0, (xs.shape[1], H), dtype))
    )


def gradients_fit(kernel: Any, dhs: Array | None, dstate_T: State | None, hs: Array) -> bool:
    """Tell whether the gradients of a run plainly fit.

    Parameters
    ----------
    kernel : module
        Of the cell.
    dhs, dstate_T
        As the user gave them.
    hs : ndarray, shape (T, N, H)
        The run's states.

    Returns
    -------
    bool
        False says nothing more than: look closer.
    """
    above = dhs is None or _array_fits(dhs, hs.shape, hs.dtype)
    return above and (dstate_T is None or _state_fits(kernel, dstate_T, hs.shape[1:], hs.dtype))


def _inputs_fit(xs: Array, D: int, dtype: np.dtype[Any]) -> bool:
    if xs.dtype == dtype:
        return xs.ndim == 3 and xs.shape[2] == D
    return xs.dtype.kind in "iu" and xs.ndim == 2 and bool(xs.min() >= 0 and xs.max() < D)


def _state_fits(kernel: Any, state: State, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return type(state) is kernel.STATE and all(_array_fits(part, shape, dtype) for part in state)


def _array_fits(array: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    return type(array) is np.ndarray and array.shape == shape and array.dtype == dtype
