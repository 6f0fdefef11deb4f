"""The forwards of problem set 2: a cell that looks further back, and a cell that reads both ways.

Each stands here twice: as it is given to the reader, and with tangents that a mistake changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.slips import (
    held,
    tangent,
    transposed,
    with_slope_of_tanh,
    with_tangent,
    without_slope,
)
from unrolled.exercises.squashes import Squash
from unrolled.shapes import Array, ShapeError

Loss = Callable[..., Any]
Weights = tuple[Array, ...]


class Skip(NamedTuple):
    """A form of the cell that looks k steps back."""

    k: int
    squash: Squash


class Both(NamedTuple):
    """A form of the cell that reads both ways."""

    shift: int
    """0: y_t joins f_{t−1} and g_t. 1: it joins f_t and g_{t+1}."""
    squash: Squash


def skip_given(form: Skip) -> Mapping[str, Callable[..., Any]]:
    """Give the squashing function and the forward of the cell that looks k steps back.

    Parameters
    ----------
    form : Skip
        k and φ.

    Returns
    -------
    mapping
        ``squash(z)``, ``zero_states(N, H)`` → h0s (k, N, H), and
        ``forward(xs, h0s, Wx, Wh, Ws, b)`` → hs (T, N, H).
    """
    k, squash = form.k, form.squash.value

    def forward(xs: Array, h0s: Array, Wx: Array, Wh: Array, Ws: Array, b: Array) -> Array:
        """From xs (T, N, D), h0s (k, N, H), Wx (D, H), Wh and Ws (H, H), b (H,) make hs."""
        if len(h0s) != k:
            raise ShapeError(
                f"h0s: expected {k} first states, (k, N, H), got {len(h0s)}. "
                "zero_states(N, H) makes as many as this cell reads."
            )
        states = list(h0s)
        for x in xs:
            states.append(squash(x @ Wx + states[-1] @ Wh + states[-k] @ Ws + b))
        return np.stack(states[k:])

    def zero_states(N: int, H: int) -> Array:
        """Make as many first states h0s (k, N, H) as the cell looks back, all zero."""
        return np.zeros((k, N, H))

    return {"squash": squash, "zero_states": zero_states, "forward": forward}


def skip_loss(form: Skip, dhs: Array, *arguments: Array) -> Any:
    """Weigh all states by the gradients that arrive at them."""
    return np.sum(dhs * skip_given(form)["forward"](*arguments))


def skip_slip(name: str) -> Loss:
    """Change one tangent of the forward that looks k steps back."""

    def loss(
        form: Skip, dhs: Array, xs: Array, h0s: Array, Wx: Array, Wh: Array, Ws: Array, b: Array
    ) -> Any:
        squash, times = _changed(form.squash, name), _product(name)
        states = list(h0s)
        if name == "newest start":
            states = [*map(held, h0s[:-1]), h0s[-1]]
        if name == "start reversed":
            states = list(with_tangent(h0s, tangent(h0s)[::-1]))
        used = (Wx, Wh, Ws, b)
        for t, x in enumerate(xs):
            late = name != "last use" or t == len(xs) - 1
            Ux, Uh, Us, c = used if late else tuple(map(held, used))
            last = held(states[-1]) if name == "one step" else states[-1]
            old = held(states[-form.k]) if name == "look back" else states[-form.k]
            states.append(squash(x @ Ux + times(last, Uh) + times(old, Us) + c))
        hs = states[form.k :]
        scored = slice(-1, None) if name == "last loss" else slice(None)
        return np.sum(dhs[scored] * np.stack(hs[scored]))

    return loss


def both_given(form: Both) -> Mapping[str, Callable[..., Any]]:
    """Give the squashing function and the forward of the cell that reads both ways.

    Parameters
    ----------
    form : Both
        Which states are joined, and φ.

    Returns
    -------
    mapping
        ``squash(z)`` and ``forward(xs, h0, Wx, Wh, b)`` → ys (T, N, H).
    """
    squash = form.squash.value

    def forward(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Array:
        """From xs (T, N, D), h0 (N, H), Wx (D, H), Wh (H, H), b (H,) make ys (T, N, H)."""
        fs, gs = [h0], [h0]
        for x in xs:
            fs.append(squash(x @ Wx + fs[-1] @ Wh + b))
        for x in xs[::-1]:
            gs.append(squash(x @ Wx + gs[-1] @ Wh + b))
        return _joined(fs, gs[::-1], form.shift)

    return {"squash": squash, "forward": forward}


def both_loss(form: Both, dys: Array, *arguments: Array) -> Any:
    """Weigh all outputs by the gradients that arrive at them."""
    return np.sum(dys * both_given(form)["forward"](*arguments))


def both_slip(name: str) -> Loss:
    """Change one tangent of the forward that reads both ways."""

    def loss(form: Both, dys: Array, xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> Any:
        squash, times = _changed(form.squash, name), _product(name)

        def states(xs: Array, h0: Array, weights: Weights, carried: bool) -> list[Array]:
            Wx, Wh, b = weights
            made = [h0]
            for x in xs:
                last = made[-1] if carried or len(made) == 1 else held(made[-1])
                made.append(squash(x @ Wx + times(last, Wh) + b))
            return made

        weights = (Wx, Wh, b)
        of_g = tuple(map(held, weights)) if name == "weights of one pass" else weights
        xs_g = held(xs) if name == "inputs of one pass" else xs
        h0_g = held(h0) if name == "start of one pass" else h0
        fs = states(xs, h0, weights, name != "left not carried")
        gs = states(xs_g[::-1], h0_g, of_g, name != "not carried")[::-1]
        if name == "direct start":
            fs, gs = [held(fs[0]), *fs[1:]], [*gs[:-1], held(gs[-1])]
        if name == "same step":
            return np.sum(dys * np.stack(fs[1:]) * np.stack(gs[:-1]))
        ys = _joined(fs, gs, form.shift)
        if name == "join":
            ys = with_tangent(ys, tangent(_added(fs, gs, form.shift)))
        return np.sum(dys * ys)

    return loss


def _joined(fs: list[Array], gs: list[Array], shift: int) -> Array:
    """Multiply the states of both passes; fs is f_0 … f_T, gs is g_1 … g_{T+1}."""
    T = len(fs) - 1
    return np.multiply(fs[shift : shift + T], gs[shift : shift + T])


def _added(fs: list[Array], gs: list[Array], shift: int) -> Array:
    T = len(fs) - 1
    return np.add(fs[shift : shift + T], gs[shift : shift + T])


def _changed(squash: Squash, name: str) -> Callable[[Array], Array]:
    """Change the slope of φ: left out, or that of tanh."""
    if name == "slope":
        return without_slope(squash).value
    if name == "slope of tanh":
        return with_slope_of_tanh(squash).value
    return squash.value


def _product(name: str) -> Callable[[Array, Array], Array]:
    """Multiply a state by recurrent weights, and let its tangent meet them transposed or not."""
    return transposed if name == "transposed" else np.matmul
