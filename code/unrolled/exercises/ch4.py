"""Exercises of chapter 4, the cell backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array

GRADIENTS = ("dx", "dh_prev", "dWx", "dWh", "db")


def _sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    """Give N, D and H, all different, so that no two axes can be taken for one another."""
    N, D, H = rng.permutation([2, 3, 4, 5])[:3]
    return int(N), int(D), int(H)


def _draw_da(rng: np.random.Generator) -> tuple[Array]:
    N, _, H = _sizes(rng)
    return (rng.standard_normal((N, H)),)


def _cell(squash: Callable[[Array], Array]) -> Callable[[np.random.Generator], tuple[Array, ...]]:
    """Make the arguments of a cell's backward: dh_next, x, h_prev, Wx, Wh, h_next."""

    def draw(rng: np.random.Generator) -> tuple[Array, ...]:
        N, D, H = _sizes(rng)
        x, h_prev = rng.standard_normal((N, D)), squash(rng.standard_normal((N, H)))
        Wx, Wh = 0.5 * rng.standard_normal((D, H)), 0.5 * rng.standard_normal((H, H))
        h_next = squash(h_prev @ Wh + x @ Wx + 0.1 * rng.standard_normal(H))
        return rng.standard_normal((N, H)), x, h_prev, Wx, Wh, h_next

    return draw


def _sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _draw_step(rng: np.random.Generator) -> tuple[Array, Array]:
    H = _sizes(rng)[2]
    return np.tanh(rng.standard_normal((1, H))), rng.standard_normal((H, H))


def _loops(slope: Array, dh_next: Array, x: Array, h_prev: Array, Wx: Array, Wh: Array) -> Any:
    """Follow every path from h_next[n, k] back to whatever a[n, k] was made of."""
    dx, dh_prev, dWx, dWh, db = (
        np.zeros(shape) for shape in (x.shape, h_prev.shape, Wx.shape, Wh.shape, Wh.shape[1])
    )
    for n, k in np.ndindex(dh_next.shape):
        da = dh_next[n, k] * slope[n, k]
        db[k] += da
        for i in range(x.shape[1]):
            dWx[i, k] += x[n, i] * da
            dx[n, i] += Wx[i, k] * da
        for j in range(h_prev.shape[1]):
            dWh[j, k] += h_prev[n, j] * da
            dh_prev[n, j] += Wh[j, k] * da
    return dx, dh_prev, dWx, dWh, db


def _backward(
    dh_next: Array, x: Array, h_prev: Array, Wx: Array, Wh: Array, h_next: Array
) -> tuple[Array, ...]:
    """Take the slope of tanh at a, not from h: 1 / cosh² a."""
    slope = 1 / np.cosh(np.arctanh(h_next)) ** 2
    return _loops(slope, dh_next, x, h_prev, Wx, Wh)  # type: ignore[no-any-return]


def _sigmoid_backward(
    dh_next: Array, x: Array, h_prev: Array, Wx: Array, Wh: Array, h_next: Array
) -> tuple[Array, ...]:
    """Take the slope of σ by a complex step at a."""
    a = np.log(h_next / (1 - h_next))
    slope = np.imag(_sigmoid(a + 1e-30j)) / 1e-30
    return _loops(slope, dh_next, x, h_prev, Wx, Wh)  # type: ignore[no-any-return]


def _slope_is(slope: Callable[[Array], Array]) -> Callable[..., Any]:
    return lambda dh_next, x, h_prev, Wx, Wh, h_next: _loops(
        slope(h_next), dh_next, x, h_prev, Wx, Wh
    )


def _but(**changed: Callable[..., Array]) -> Callable[..., Any]:
    """Give the right backward with some gradients computed another way."""

    def answer(*given: Array) -> Any:
        right = dict(zip(GRADIENTS, _backward(*given), strict=True))
        da = given[0] * (1 - given[5] ** 2)
        return tuple({**right, **{k: f(da, *given) for k, f in changed.items()}}.values())

    return answer


def _jacobian(h_next: Array, Wh: Array) -> Array:
    """Nudge each entry of h_prev by a complex step and watch every entry of h_next."""
    a = np.arctanh(h_next[0])
    return np.stack([np.imag(np.tanh(a + 1e-30j * row)) / 1e-30 for row in Wh])


SHAPES = {
    "da": (5, 3),
    "db": (3,),
    "dWh": (3, 3),
    "dWx": (4, 3),
    "dx": (5, 4),
    "dh_prev": (5, 3),
}
FAULTS = {
    "db": "shape",
    "dWx": "shape",
    "dWh": "value",
    "dx": "value",
    "dh_prev": "value",
    "da": "value",
}
HAND_H, HAND_DH = np.array([0.8, -0.6, 0.0]), np.array([1.0, 2.0, -3.0])


def _with(table: Mapping[str, Any], **changed: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {**table, **changed}


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch4.db",
        "The bias gradient of a batch",
        lambda da: np.array([sum(row[k] for row in da) for k in range(da.shape[1])]),
        _draw_da,
        (
            Mistake(
                "one row per sequence is left, but there is only one b: every sequence used it. "
                "What happens to gradients where a value was used several times?",
                lambda da: da,
            ),
            Mistake(
                "this is an average. The loss already says whether it is a mean; "
                "the backward pass of the cell adds no factor of its own.",
                lambda da: da.mean(axis=0),
            ),
            Mistake(
                "you summed along the other axis: one number per sequence. "
                "A gradient has one number per entry of b, that is, per hidden unit.",
                lambda da: da.sum(axis=1),
            ),
            Mistake(
                "only the first sequence counts here. With N = 1 nobody would notice.",
                lambda da: da[0],
            ),
        ),
    ),
    Exercise(
        "ch4.shapes",
        "Which gradient has which shape",
        lambda: SHAPES,
        mistakes=(
            Mistake(
                "a weight's gradient is transposed here. The layout of this book is (in, out), "
                "and the gradient copies it.",
                _with(SHAPES, dWx=(3, 4)),
            ),
            Mistake(
                "the bias gradient still has its batch axis. How many biases does the cell own?",
                _with(SHAPES, db=(5, 3)),
            ),
            Mistake(
                "the gradient of x and that of h_prev are exchanged: which of them has D columns?",
                _with(SHAPES, dx=(5, 3), dh_prev=(5, 4)),
            ),
            Mistake(
                "x and h_prev belong to each sequence, so their gradients keep the batch axis.",
                _with(SHAPES, dx=(1, 4), dh_prev=(1, 3)),
            ),
        ),
    ),
    Exercise(
        "ch4.hand",
        "Through tanh by hand",
        lambda: np.array([0.36, 1.28, -3.0]),
        mistakes=(
            Mistake(
                "you divided. A nearly saturated unit must pass on less than it gets, not more.",
                lambda: HAND_DH / (1 - HAND_H**2),
            ),
            Mistake(
                "these are the slopes alone: the gradient that arrives is still to be used.",
                lambda: 1 - HAND_H**2,
            ),
            Mistake(
                "a square is missing: look at the sign of the middle state once more.",
                lambda: HAND_DH * (1 - HAND_H),
            ),
            Mistake(
                "tanh was applied a second time. h_next is its output already.",
                lambda: HAND_DH * (1 - np.tanh(HAND_H) ** 2),
            ),
            Mistake(
                "you added the entries up. Unit k of a reaches unit k of h and no other.",
                lambda: np.array((HAND_DH * (1 - HAND_H**2)).sum()),
            ),
        ),
    ),
    Exercise(
        "ch4.backward",
        "The whole backward step",
        _backward,
        _cell(np.tanh),
        (
            Mistake(
                "the gradient passes tanh as if the slope were upside down: that is the slope of "
                "artanh, the inverse function.",
                _slope_is(lambda h: 1 / (1 - h**2)),
            ),
            Mistake(
                "the gradient never went through tanh: what arrives at h_next is not yet at a.",
                _slope_is(np.ones_like),
            ),
            Mistake(
                "dh_prev goes back through Wh the way it came. "
                "Which index of Wh is summed in the per-index form?",
                _but(dh_prev=lambda da, dh, x, h_prev, Wx, Wh, h: da @ Wh),
            ),
            Mistake(
                "dWh has its two indices exchanged: row j belongs to h_prev, column k to a.",
                _but(dWh=lambda da, dh, x, h_prev, Wx, Wh, h: da.T @ h_prev),
            ),
            Mistake(
                "dWh is built from the state after the step. Which state did Wh multiply?",
                _but(dWh=lambda da, dh, x, h_prev, Wx, Wh, h: h.T @ da),
            ),
            Mistake(
                "db is an average over the batch; the other gradients are sums.",
                _but(db=lambda da, *given: da.mean(axis=0)),
            ),
        ),
        GRADIENTS,
    ),
    Exercise(
        "ch4.sigmoid",
        "The sigmoid cell backward",
        _sigmoid_backward,
        _cell(_sigmoid),
        (
            Mistake(
                "this is still the slope of tanh. Differentiate σ, and write the result with h.",
                _slope_is(lambda h: 1 - h**2),
            ),
            Mistake(
                "σ was applied a second time: h_next is its output already.",
                _slope_is(lambda h: _sigmoid(h) * (1 - _sigmoid(h))),
            ),
            Mistake(
                "a factor is missing: the slope must vanish at both ends, for h near 0 too.",
                _slope_is(lambda h: 1 - h),
            ),
            Mistake(
                "you divided by the slope. A saturated unit must pass on less, not more.",
                _slope_is(lambda h: 1 / (h * (1 - h))),
            ),
        ),
        GRADIENTS,
    ),
    Exercise(
        "ch4.jacobian",
        "The Jacobian, input index first",
        _jacobian,
        _draw_step,
        (
            Mistake(
                "the two indices are exchanged: here the row says which input was nudged.",
                lambda h, Wh: (Wh * (1 - h**2)).T,
            ),
            Mistake(
                "the slope multiplies the wrong index: it belongs to the unit that comes out, k.",
                lambda h, Wh: (1 - h[0] ** 2)[:, None] * Wh,
            ),
            Mistake(
                "this is the Jacobian of a. The way from a to h_next is missing.",
                lambda h, Wh: Wh,
            ),
            Mistake(
                "the slope of tanh is upside down: a saturated unit must make its entries small.",
                lambda h, Wh: Wh / (1 - h**2),
            ),
        ),
    ),
    Exercise(
        "ch4.faults",
        "What a shape check cannot see",
        lambda: FAULTS,
        mistakes=(
            Mistake(
                "Wh is square, whatever D is: can a missing transpose of it ever change a shape?",
                _with(FAULTS, dh_prev="shape"),
            ),
            Mistake(
                "look at Wx once more: with D = H it is square, like Wh.",
                _with(FAULTS, dx="shape"),
            ),
            Mistake(
                "dWh: write the two shapes of that product down. (3, 5) times (5, 3) gives what?",
                _with(FAULTS, dWh="shape"),
            ),
            Mistake(
                "a shape says nothing about what an elementwise formula computes.",
                _with(FAULTS, da="shape"),
            ),
            Mistake(
                "dWx: what does a product of (5, 3) and (3, 5) look like? Compare it with Wx.",
                _with(FAULTS, dWx="value"),
            ),
            Mistake(
                "db: count the rows of da, then the rows of b.",
                _with(FAULTS, db="value"),
            ),
        ),
    ),
)
