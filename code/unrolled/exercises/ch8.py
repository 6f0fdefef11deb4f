"""Exercises of chapter 8, truncated backpropagation through time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.exercises.model import Exercise, Mistake
from unrolled.shapes import Array

GO_ON = {
    "the value of h": "goes on",
    "the gradient of h": "stops",
    "the weights": "goes on",
    "Adam's running means": "goes on",
    "the caches": "stops",
}
COUNTS = {"all": 78, "length 4, stride 4": 30, "length 4, stride 2": 38, "length 4, stride 1": 42}


def _with(table: Mapping[str, Any], **changed: Any) -> Callable[[], dict[str, Any]]:
    """Give a table with some entries changed; a space in a name is written as _."""
    by_name = {name.replace(" ", "_").replace("'", "").replace(",", ""): name for name in table}
    return lambda: {**table, **{by_name[name]: value for name, value in changed.items()}}


def _draw_run(rng: np.random.Generator) -> tuple[Any, ...]:
    """Make xs, h0, Wx, Wh, b and a window that does not divide T."""
    N, D, H = (int(size) for size in rng.permutation([2, 3, 4]))
    T, length = int(rng.integers(7, 10)), 3
    if T == 9:
        length = 4
    return (
        rng.standard_normal((T, N, D)),
        np.tanh(rng.standard_normal((N, H))),
        0.5 * rng.standard_normal((D, H)),
        0.7 * rng.standard_normal((H, H)),
        0.3 * rng.standard_normal(H),
        length,
    )


def _run(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> list[Array]:
    """Give every state, the first one too, entry by entry."""
    hs = [h0]
    for x in xs:
        a = np.empty_like(h0)
        for n, k in np.ndindex(h0.shape):
            a[n, k] = b[k]
            a[n, k] += sum(hs[-1][n, j] * Wh[j, k] for j in range(len(Wh)))
            a[n, k] += sum(x[n, i] * Wx[i, k] for i in range(len(Wx)))
        hs.append(np.tanh(a))
    return hs


def _starts(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array, length: int) -> Array:
    return np.stack(_run(xs, h0, Wx, Wh, b)[:-1][::length])


def _starts_if(next_start: Callable[[Array, Array, Array], Array]) -> Callable[..., Any]:
    """Give each window's first state if the step between two windows went wrong."""

    def answer(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array, length: int) -> Array:
        starts, h = [], h0
        for start in range(0, len(xs), length):
            starts.append(h)
            hs = _run(xs[start : start + length], h, Wx, Wh, b)
            h = next_start(h0, h, np.stack(hs))
        return np.stack(starts)

    return answer


def _draw_window(rng: np.random.Generator) -> tuple[float, int, int]:
    length = int(rng.integers(4, 20))
    return float(rng.uniform(0.6, 0.97)), length, int(rng.integers(2, length))


def _share(w: float, length: int, stride: int) -> float:
    """Add the terms w^j of one window, and of its losses carried back without end."""
    kept = whole = 0.0
    for t in range(length - stride, length):
        kept += sum(w**j for j in range(t + 1))
        whole += 1 / (1 - w)
    return kept / whole


def _draw_gradient(rng: np.random.Generator) -> tuple[Any, ...]:
    xs, h0, Wx, Wh, b, length = _draw_run(rng)
    return xs, h0, rng.standard_normal((len(xs), *h0.shape)), Wx, Wh, b, length


def _terms(
    keeps: Callable[[int, int, int, int], bool], begin: Callable[[Array], Array] | None = None
) -> Callable[..., Array]:
    """Add the terms (t, k), counted from 0, of dWh that are kept, one loss at a time.

    If ``begin`` is given, every window begins with the state that it makes of h0.
    """

    def answer(
        xs: Array, h0: Array, dhs: Array, Wx: Array, Wh: Array, b: Array, length: int
    ) -> Array:
        befores: list[Array] = []
        afters: list[Array] = []
        for start in range(0, len(xs), length):
            first = h0 if start == 0 else afters[-1]
            hs = _run(xs[start : start + length], begin(h0) if begin else first, Wx, Wh, b)
            befores += hs[:-1]
            afters += hs[1:]
        dWh = np.zeros_like(Wh)
        for t in range(len(xs)):
            dh = dhs[t]
            for k in range(t, -1, -1):
                da = dh / np.cosh(np.arctanh(afters[k])) ** 2
                if keeps(t, k, length, len(xs)):
                    dWh += np.einsum("nj,nk->jk", befores[k], da)
                dh = np.einsum("nk,jk->nj", da, Wh)
        return dWh

    return answer


def _same_window(t: int, k: int, length: int, T: int) -> bool:
    return t // length == k // length


def _of_last_loss(t: int, k: int, length: int, T: int) -> bool:
    return _same_window(t, k, length, T) and (t % length == length - 1 or t == T - 1)


def _draw_forward(rng: np.random.Generator) -> tuple[Array, ...]:
    T, D, H = (int(size) for size in rng.permutation([3, 4, 2]))
    return (
        rng.standard_normal((T, D)),
        np.tanh(rng.standard_normal(H)),
        rng.standard_normal((T, H)),
        0.6 * rng.standard_normal((D, H)),
        0.8 * rng.standard_normal((H, H)),
        0.3 * rng.standard_normal(H),
    )


def _by_complex_step(xs: Array, h0: Array, dhs: Array, Wx: Array, Wh: Array, b: Array) -> Array:
    dWh = np.empty_like(Wh)
    for index in np.ndindex(Wh.shape):
        nudged = Wh.astype(complex)
        nudged[index] += 1e-30j
        h, loss = h0.astype(complex), 0j
        for x, dh in zip(xs, dhs, strict=True):
            h = np.tanh(h @ nudged + x @ Wx + b)
            loss += dh @ h
        dWh[index] = loss.imag / 1e-30
    return dWh


def _influence(
    jacobian: Callable[[Array, Array], Array],
    slope: Callable[[Array], Array] = lambda h: 1 - h**2,
    listens: Callable[[int, int], bool] = lambda t, T: True,
    state: Callable[[Array, Array], Array] = lambda before, after: before,
) -> Callable[..., Array]:
    """Carry the influence of Wh forward, with one of its parts replaced."""

    def answer(xs: Array, h0: Array, dhs: Array, Wx: Array, Wh: Array, b: Array) -> Array:
        h, dWh = h0, np.zeros_like(Wh)
        P = np.zeros((len(h0), *Wh.shape))
        for t, x in enumerate(xs):
            before, h = h, np.tanh(h @ Wh + x @ Wx + b)
            immediate = np.einsum("kq,r->krq", np.diag(slope(h)), state(before, h))
            P = immediate + np.einsum("kj,jrq->krq", jacobian(h, Wh), P)
            if listens(t, len(xs)):
                dWh = dWh + np.einsum("k,krq->rq", dhs[t], P)
        return dWh

    return answer


def _right_jacobian(h: Array, Wh: Array) -> Array:
    return (1 - h**2)[:, None] * Wh.T


def _draw_noise(rng: np.random.Generator) -> tuple[float, int]:
    return float(rng.uniform(0.6, 0.9)), int(rng.integers(2, 9))


def _correlation(w: float, length: int) -> float:
    """Correlate dh_t/dw and dh_{t−K}/dw, each written as a sum over the inputs before it."""
    weights = [m * w ** (m - 1) for m in range(1, 700)]
    both = sum(a * b for a, b in zip(weights[length:], weights, strict=False))
    return both / sum(a * a for a in weights)


def _draw_sizes(rng: np.random.Generator) -> tuple[int, int, int]:
    D, H, T = rng.permutation([3, 5, 7, 8, 11, 13])[:3]
    return int(D), int(H), int(T)


def _costs(D: int, H: int, T: int) -> tuple[float, float, float]:
    """Count by building the arrays."""
    weights = np.zeros((D, H)).size + np.zeros((H, H)).size + np.zeros(H).size
    P, J = np.zeros((H, weights)), np.zeros((H, H))
    return float(P.size), float(np.zeros((T, H)).size), float(J.size * P.shape[1])


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch8.boundary",
        "What goes on from window to window",
        lambda: GO_ON,
        mistakes=(
            Mistake(
                "look at the forward pass once more: which number does the first step of a window "
                "take as its h before? Compare with one long run.",
                _with(GO_ON, the_value_of_h="stops"),
            ),
            Mistake(
                "if that went on too, nothing would be truncated.",
                _with(GO_ON, the_gradient_of_h="goes on"),
            ),
            Mistake(
                "the value of h and its gradient are exchanged: one of them needs no memory.",
                _with(GO_ON, the_value_of_h="stops", the_gradient_of_h="goes on"),
            ),
            Mistake(
                "why is the memory flat in T? Something from the steps before has to be given up.",
                _with(GO_ON, the_caches="goes on"),
            ),
            Mistake(
                "the update between two windows changes the weights, but it does not start them "
                "anew.",
                _with(GO_ON, the_weights="stops"),
            ),
            Mistake(
                "a window is a part of the data, not a new training: what belongs to the training "
                "as a whole?",
                _with(GO_ON, Adams_running_means="stops"),
            ),
        ),
    ),
    Exercise(
        "ch8.count",
        "How many terms are kept",
        lambda: COUNTS,
        mistakes=(
            Mistake(
                "the first steps of the sequence have fewer steps before them than the window is "
                "long: their rows are shorter.",
                _with(COUNTS, length_4_stride_1=48),
            ),
            Mistake(
                "a window end to end with the next is a small triangle, not a square: a loss "
                "never reaches a later use.",
                _with(COUNTS, length_4_stride_4=48),
            ),
            Mistake(
                "in a triangle the diagonal counts too: a loss reaches the use at its own step.",
                _with(COUNTS, all=66),
            ),
            Mistake(
                "with stride 2 the two losses of a pass are not carried equally far: the window "
                "ends at the newer one.",
                _with(COUNTS, length_4_stride_2=42),
            ),
        ),
    ),
    Exercise(
        "ch8.carry",
        "The state through the windows",
        _starts,
        _draw_run,
        (
            Mistake(
                "every window begins with zeros: that is another network, one that forgets.",
                _starts_if(lambda h0, h, hs: np.zeros_like(h0)),
            ),
            Mistake(
                "every window begins with h0 again. Which state came last in the one before?",
                _starts_if(lambda h0, h, hs: h0),
            ),
            Mistake(
                "you hand over the state before the last step of a window: one step is read "
                "without being remembered.",
                _starts_if(lambda h0, h, hs: hs[-2]),
            ),
            Mistake(
                "these are the states at the end of each window; asked for is where each begins.",
                lambda xs, h0, Wx, Wh, b, length: np.stack(
                    [
                        _run(xs, h0, Wx, Wh, b)[min(end, len(xs))]
                        for end in range(length, len(xs) + length, length)
                    ]
                ),
            ),
        ),
    ),
    Exercise(
        "ch8.share",
        "The share kept by windows",
        _share,
        _draw_window,
        (
            Mistake(
                "this is the way back of the newest loss of a pass. The older ones stand inside "
                "the window and have fewer steps before them.",
                lambda w, length, stride: 1 - w**length,
            ),
            Mistake(
                "every loss of a pass goes back at least that far, most go further: take them one "
                "by one and average.",
                lambda w, length, stride: 1 - w ** (length - stride + 1),
            ),
            Mistake(
                "count the uses again: a loss is carried to the use at its own step first, "
                "with the factor w to the power 0.",
                lambda w, length, stride: (
                    1 - sum(w ** (length - i - 1) for i in range(stride)) / stride
                ),
            ),
            Mistake(
                "you added up what the losses of a pass lose; their mean is asked for.",
                lambda w, length, stride: 1 - stride * (1 - _share(w, length, stride)),
            ),
            Mistake(
                "this is what is dropped. Which part is asked for?",
                lambda w, length, stride: 1 - _share(w, length, stride),
            ),
            Mistake(
                "here the windows lie end to end, whatever the stride.",
                lambda w, length, stride: _share(w, length, length),
            ),
        ),
    ),
    Exercise(
        "ch8.truncated",
        "Truncated backpropagation of the recurrent weight",
        _terms(_same_window),
        _draw_gradient,
        (
            Mistake(
                "this is the whole gradient: nothing stops it between two windows.",
                _terms(lambda t, k, length, T: True),
            ),
            Mistake(
                "the state was set to zero at the start of each window. The gradient stops there, "
                "the value does not.",
                _terms(_same_window, np.zeros_like),
            ),
            Mistake(
                "every window begins with h0 again. The gradient stops at the boundary, the "
                "value does not.",
                _terms(_same_window, lambda h0: h0),
            ),
            Mistake(
                "inside a window the gradient has to travel too: what came back from the step "
                "after is missing.",
                _terms(lambda t, k, length, T: t == k),
            ),
            Mistake(
                "only the last loss of each window enters. Every step has a loss of its own.",
                _terms(_of_last_loss),
            ),
            Mistake(
                "the cut is one step off. Which step of a window hears nothing from later, its "
                "first or its last?",
                _terms(lambda t, k, length, T: -(-t // length) == -(-k // length)),
            ),
            Mistake(
                "your windows are counted from the end of the stream. The first one begins at the "
                "first step, and it is the last one that may be shorter.",
                _terms(lambda t, k, length, T: (T - 1 - t) // length == (T - 1 - k) // length),
            ),
            Mistake(
                "every loss is carried back the same number of steps here, across the boundaries. "
                "That is stride 1; asked for are windows end to end.",
                _terms(lambda t, k, length, T: t - k < length),
            ),
        ),
    ),
    Exercise(
        "ch8.costs",
        "What both methods hold and multiply",
        _costs,
        _draw_sizes,
        (
            Mistake(
                "the weights are more than W_h: look at the shapes of W_x and b too.",
                lambda D, H, T: (float(H**3), float(T * H), float(H**4)),
            ),
            Mistake(
                "two of the three parameters are counted. Which one is no matrix?",
                lambda D, H, T: (
                    float(H * (D * H + H * H)),
                    float(T * H),
                    float(H * H * (D * H + H * H)),
                ),
            ),
            Mistake(
                "the influence matrix has a row for each unit of the state.",
                lambda D, H, T: (
                    float(D * H + H * H + H),
                    float(T * H),
                    float(H * (D * H + H * H + H)),
                ),
            ),
            Mistake(
                "does RTRL hold a matrix for every step? Look at what the recursion needs.",
                lambda D, H, T: (
                    float(T * H * (D * H + H * H + H)),
                    float(T * H),
                    float(H * H * (D * H + H * H + H)),
                ),
            ),
            Mistake(
                "a product of two matrices sums over an index: each entry of the result costs H "
                "multiplications.",
                lambda D, H, T: (
                    float(H * (D * H + H * H + H)),
                    float(T * H),
                    float(H * (D * H + H * H + H)),
                ),
            ),
        ),
        ("held by RTRL", "held by BPTT", "products of RTRL"),
    ),
    Exercise(
        "ch8.rtrl",
        "The gradient on the way forward",
        _by_complex_step,
        _draw_forward,
        (
            Mistake(
                "only the immediate derivative is used: W_h also worked at the steps before.",
                _influence(lambda h, Wh: np.zeros_like(Wh)),
            ),
            Mistake(
                "the Jacobian has its two indices exchanged: row k is the new unit.",
                _influence(lambda h, Wh: _right_jacobian(h, Wh).T),
            ),
            Mistake(
                "dWh is transposed: Wh[r, q] leads from the old unit r to the new unit q.",
                lambda *given: _by_complex_step(*given).T,
            ),
            Mistake(
                "the old influence also has to pass tanh: a slope is missing in the Jacobian.",
                _influence(lambda h, Wh: Wh.T),
            ),
            Mistake(
                "the immediate derivative lacks the slope of tanh.",
                _influence(_right_jacobian, slope=np.ones_like),
            ),
            Mistake(
                "only the last loss is heard; add the gradient at every step.",
                _influence(_right_jacobian, listens=lambda t, T: t == T - 1),
            ),
            Mistake(
                "which state did W_h multiply: the one before the step, or the one after?",
                _influence(_right_jacobian, state=lambda before, after: after),
            ),
        ),
    ),
    Exercise(
        "ch8.noise",
        "The median share with white noise",
        lambda w, length: 1 - w**length * _correlation(w, length),
        _draw_noise,
        (
            Mistake(
                "this is the answer for constant input. With noise, how alike are the two "
                "derivatives that are K steps apart?",
                lambda w, length: 1 - w**length,
            ),
            Mistake(
                "h itself loses its memory like w to the power K, but its derivative is more "
                "inert: write it as a sum over the inputs.",
                lambda w, length: 1 - w ** (2 * length),
            ),
            Mistake(
                "the two derivatives are taken as if they were independent.",
                lambda w, length: 1.0,
            ),
            Mistake(
                "this is the correlation alone: it still has to be put into the share.",
                _correlation,
            ),
        ),
        tolerance=1e-7,
    ),
)
