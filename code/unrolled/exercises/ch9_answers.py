"""Right and wrong answers to the exercises of chapter 9, unit by unit."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from unrolled.shapes import Array

GATES = {
    "keep c, show nothing": (0, 1, 0),
    "keep c, show it": (0, 1, 1),
    "replace c by g, show it": (1, 0, 1),
    "add g to c, show nothing": (1, 1, 0),
}
HAND = ((0.25, 0.5, 1.0, 0.8), (0.2, 1.0, 0.0, -0.5))  # i, f, o, g of two steps

Step = Callable[[float, float, float, float, float], tuple[float, float]]


def in_order(places: tuple[int, int, int]) -> Callable[[], dict[str, tuple[int, ...]]]:
    """Give the answers with the three gates in another order."""
    return lambda: {name: tuple(gates[place] for place in places) for name, gates in GATES.items()}


def with_gate_turned(place: int) -> Callable[[], dict[str, tuple[int, ...]]]:
    """Give the answers with one gate turned round."""
    return lambda: {
        name: tuple(1 - gate if at == place else gate for at, gate in enumerate(gates))
        for name, gates in GATES.items()
    }


def draw_sizes(rng: np.random.Generator) -> tuple[int, int]:
    """Draw D and H, never equal."""
    D, H = rng.permutation([2, 3, 4, 5, 7])[:2]
    return int(D), int(H)


def count_entries(D: int, H: int) -> int:
    """Count the entries of four blocks of weights, one by one."""
    blocks = [(D, H), (H, H), (1, H)] * 4
    return sum(len(list(np.ndindex(block))) for block in blocks)


def sigmoid(a: float) -> float:
    """Compute σ(a)."""
    return 1 / (1 + math.exp(-a))


def right(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Give h and c of one unit."""
    c = f * c + i * g
    return o * math.tanh(c), c


def without_i(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Let the candidate in whole."""
    return right(1, f, o, g, c)


def without_write(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Forget only."""
    return right(0, f, o, g, c)


def without_f(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Never forget, as in 1997."""
    return right(i, 1, o, g, c)


def exchanged(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Take each of i and f for the other."""
    return right(f, i, o, g, c)


def plain_h(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Leave the tanh out that stands before h."""
    c = right(i, f, o, g, c)[1]
    return o * c, c


def all_shown(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Leave the output gate out."""
    return right(i, f, 1, g, c)


def squashed_c(i: float, f: float, o: float, g: float, c: float) -> tuple[float, float]:
    """Send c itself through tanh."""
    h = math.tanh(f * c + i * g)
    return o * h, h


def by_hand(step: Step) -> Callable[[], Array]:
    """Give c of both steps, and the last h."""

    def answer() -> Array:
        c, cells, h = 1.0, [], 0.0
        for gates in HAND:
            h, c = step(*gates, c)
            cells.append(c)
        return np.array([*cells, h])

    return answer


def lstm_step(
    step: Step = right,
    order: str = "ifog",
    bias: float = 1.0,
    candidate: Callable[[float], float] = math.tanh,
    *,
    neighbours: bool = False,
) -> Callable[..., tuple[Array, Array]]:
    """Compute one step unit by unit; the arguments make the usual mistakes."""

    def answer(
        x: Array, h_prev: Array, c_prev: Array, Wx: Array, Wh: Array, b: Array
    ) -> tuple[Array, Array]:
        (N, D), H = x.shape, h_prev.shape[1]
        h, c = np.zeros((N, H)), np.zeros((N, H))
        for n, k in np.ndindex(N, H):
            a = {}
            for place, name in enumerate(order):
                column = 4 * k + place if neighbours else place * H + k
                a[name] = bias * b[column] + sum(x[n, d] * Wx[d, column] for d in range(D))
                a[name] += sum(h_prev[n, j] * Wh[j, column] for j in range(H))
            i, f, o = (sigmoid(a[name]) for name in "ifo")
            h[n, k], c[n, k] = step(i, f, o, candidate(a["g"]), float(c_prev[n, k]))
        return h, c

    return answer


def states_exchanged(*given: Array) -> tuple[Array, Array]:
    """Return c first."""
    h, c = lstm_step()(*given)
    return c, h


def draw_step(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw x, h_prev, c_prev, Wx, Wh and b, sizes all different."""
    N, D, H = (int(size) for size in rng.permutation([2, 3, 4])[:3])
    weights = (rng.normal(0, 0.6, (D, 4 * H)), rng.normal(0, 0.6, (H, 4 * H)))
    states = (np.tanh(rng.normal(size=(N, H))), rng.normal(0, 1.5, (N, H)))
    return rng.normal(size=(N, D)), *states, *weights, rng.normal(0, 0.6, 4 * H)


def every_cell(
    *, carry_h: bool = True, carry_c: bool = True, give: str = "c", first: int = 1, start: int = 1
) -> Callable[..., Array]:
    """Run the steps one by one; the switches make the usual mistakes."""
    step = lstm_step()

    def answer(xs: Array, h0: Array, c0: Array, *weights: Array) -> Array:
        h0, c0 = start * h0, start * c0
        h, c = h0, c0
        found: dict[str, list[Array]] = {"h": [h0], "c": [c0]}
        for x in xs:
            h, c = step(x, h if carry_h else h0, c if carry_c else c0, *weights)
            found["h"].append(h)
            found["c"].append(c)
        return np.stack(found[give][first : first + len(xs)])

    return answer


def draw_run(rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw xs, h_0, c_0, Wx, Wh and b."""
    x, h, c, *weights = draw_step(rng)
    return rng.normal(size=(4, *x.shape)), h, c, *weights


def draw_columns(rng: np.random.Generator) -> tuple[Array]:
    """Draw a stacked weight."""
    D, H = draw_sizes(rng)
    return (rng.normal(size=(D, 4 * H)),)


def columns(order: tuple[int, ...]) -> Callable[[Array], Array]:
    """Take whole blocks of H columns in another order, column by column."""

    def answer(W: Array) -> Array:
        H = W.shape[1] // 4
        return np.stack([W[:, block * H + k] for block in order for k in range(H)], axis=1)

    return answer


def interleaved(W: Array) -> Array:
    """Move single columns as if the gates of a unit were neighbours."""
    H = W.shape[1] // 4
    return np.stack([W[:, 4 * k + gate] for k in range(H) for gate in (0, 1, 3, 2)], axis=1)


def halved(rule: Callable[[float], float], low: float, high: float) -> float:
    """Find where a falling rule passes zero."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rule(middle) > 0 else (low, middle)
    return low


def search_half_life(b: float) -> float:
    """Search for the number of steps after which one half is left."""
    return halved(lambda steps: sigmoid(b) ** steps - 0.5, 0.0, 1e5)


def search_bias(steps: float) -> float:
    """Search for the bias with which one half is left after so many steps."""
    return halved(lambda b: 0.5 - sigmoid(b) ** steps, -40.0, 40.0)
