"""Problem set 2, a sequence and its gradient."""

from __future__ import annotations

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant
from unrolled.exercises.ps2_forwards import (
    Both,
    Skip,
    both_given,
    both_loss,
    both_slip,
    skip_given,
    skip_loss,
    skip_slip,
)
from unrolled.exercises.ps2_routes import (
    ROUTES_MISTAKES,
    RouteSums,
    routes_draw,
    routes_given,
    routes_large,
)
from unrolled.exercises.slips import slip
from unrolled.exercises.squashes import SQUASHES
from unrolled.shapes import Array

ROOT, ARCTAN, ARSINH, SINE, LORENTZ = SQUASHES

# Routes: sums over all ways from each step to the last, by steps of 1 and k
ROUTES_FORMS = tuple(
    Variant(f"long step {k}", k, {"long step": f"$k = {k}$"}) for k in (2, 3, 4, 5)
)

# Skip: h_t = φ(x_t Wx + h_{t−1} Wh + h_{t−k} Ws + b)
SKIP_PARTS = ("dxs", "dh0s", "dWx", "dWh", "dWs", "db")
SKIP_WRT = (1, 2, 3, 4, 5, 6)
# No two share φ: k can be read off h0s.
SKIP_FORMS = tuple(
    Variant(
        f"{form.k} steps back, {form.squash.name}",
        form,
        {"look back": f"$k = {form.k}$", "squash": form.squash.tex},
    )
    for form in (
        Skip(2, ROOT),
        Skip(3, ARCTAN),
        Skip(4, ARSINH),
        Skip(2, SINE),
        Skip(3, LORENTZ),
    )
)

# Both: y_t = f_{t−1} ⊙ g_t or f_t ⊙ g_{t+1}, f read from the left and g from the right
BOTH_PARTS = ("dxs", "dh0", "dWx", "dWh", "db")
BOTH_WRT = (1, 2, 3, 4, 5)
BOTH_JOINS = (
    r"\mathbf{f}_{t-1} \odot \mathbf{g}_t",
    r"\mathbf{f}_t \odot \mathbf{g}_{t+1}",
)
BOTH_FORMS = tuple(
    Variant(
        f"shift {form.shift}, {form.squash.name}",
        form,
        {"join": BOTH_JOINS[form.shift], "squash": form.squash.tex},
    )
    for form in (
        Both(0, ARCTAN),
        Both(1, ROOT),
        Both(0, SINE),
        Both(1, ARSINH),
        Both(0, LORENTZ),
        Both(1, ARCTAN),
    )
)


def skip_draw(form: Skip, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dhs, xs, h0s, Wx, Wh, Ws, b; two looks back follow each other."""
    N, D, H = rng.permutation([2, 3, 4])
    return _skip_arguments(2 * form.k + 1, form.k, N, D, H, rng)


def skip_large(form: Skip, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments for 63 steps and 160 units."""
    return _skip_arguments(63, form.k, 5, 161, 160, rng)


def both_draw(form: Both, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw dys, xs, h0, Wx, Wh, b of small odd sizes."""
    T, N, D, H = rng.permutation([2, 3, 4, 5])
    return _both_arguments(T, N, D, H, rng)


def both_large(form: Both, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw the same arguments for 63 steps and 160 units."""
    return _both_arguments(63, 5, 161, 160, rng)


def _skip_arguments(
    T: int, k: int, N: int, D: int, H: int, rng: np.random.Generator
) -> tuple[Array, ...]:
    dhs, xs, Wx, Wh, b = _arguments(T, N, D, H, rng)
    h0s = rng.uniform(-1, 1, (k, N, H))
    return dhs, xs, h0s, Wx, Wh, 0.5 * H**-0.5 * rng.standard_normal((H, H)), b


def _both_arguments(T: int, N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    dys, xs, Wx, Wh, b = _arguments(T, N, D, H, rng)
    return dys, xs, rng.uniform(-1, 1, (N, H)), Wx, Wh, b


def _arguments(T: int, N: int, D: int, H: int, rng: np.random.Generator) -> tuple[Array, ...]:
    """Draw weights so small that rounding does not grow along the sequence."""
    return (
        rng.standard_normal((T, N, H)),
        rng.standard_normal((T, N, D)),
        D**-0.5 * rng.standard_normal((D, H)),
        0.5 * H**-0.5 * rng.standard_normal((H, H)),
        0.5 * rng.standard_normal(H),
    )


def _skip_mistake(name: str, hint: str) -> Mistake:
    return Mistake(hint, slip(skip_slip(name), SKIP_WRT))


def _both_mistake(name: str, hint: str) -> Mistake:
    return Mistake(hint, slip(both_slip(name), BOTH_WRT))


SLOPE = "the slope of φ is missing: what arrives at φ(z) has not yet reached z."
SLOPE_OF_TANH = "1 − φ² is the slope of tanh. Which slope has φ, and at which number?"
TRANSPOSED = (
    "the gradient passes the recurrent weights just as the state did. "
    "Which of their two axes is summed on the way back?"
)

PROBLEMS: tuple[Problem, ...] = (
    Problem(
        "ps2.routes",
        "All routes at once",
        "route_sums",
        4,
        ROUTES_FORMS,
        routes_given,
        routes_draw,
        routes_large,
        RouteSums(),
        ROUTES_MISTAKES,
    ),
    Problem(
        "ps2.skip",
        "A cell that looks further back",
        "skip_backward",
        7,
        SKIP_FORMS,
        skip_given,
        skip_draw,
        skip_large,
        Gradients(skip_loss, SKIP_WRT),
        (
            _skip_mistake("slope", SLOPE),
            _skip_mistake("slope of tanh", SLOPE_OF_TANH),
            _skip_mistake(
                "look back",
                "a state hears of the next step only. Which later step reads it as well?",
            ),
            _skip_mistake(
                "one step",
                "a state hears of the step that looks back at it only. Who else reads it?",
            ),
            _skip_mistake(
                "last use",
                "the weights hear of their last use only. At how many steps are they used?",
            ),
            _skip_mistake(
                "last loss",
                "only the last of dhs came in. A gradient arrives from above at every state.",
            ),
            _skip_mistake(
                "newest start",
                "dh0s: the states before h_0 hear nothing. At which steps are they read?",
            ),
            _skip_mistake(
                "start reversed", "dh0s stands in the wrong order: h0s[-1] is h_0, the newest."
            ),
            _skip_mistake("transposed", TRANSPOSED),
        ),
        SKIP_PARTS,
    ),
    Problem(
        "ps2.both",
        "A cell that reads both ways",
        "both_backward",
        9,
        BOTH_FORMS,
        both_given,
        both_draw,
        both_large,
        Gradients(both_loss, BOTH_WRT),
        (
            _both_mistake("slope", SLOPE),
            _both_mistake("slope of tanh", SLOPE_OF_TANH),
            _both_mistake(
                "join", "y is a product. What does one factor hear when the other is small?"
            ),
            _both_mistake(
                "weights of one pass",
                "the weights hear of the pass from the left only. Who else uses them?",
            ),
            _both_mistake(
                "inputs of one pass",
                "dxs hears of the pass from the left only. Who else reads the inputs?",
            ),
            _both_mistake(
                "start of one pass",
                "dh0 hears of the pass from the left only. Who else begins there?",
            ),
            _both_mistake(
                "direct start",
                "dh0: one of the y reads the first state itself, before any step.",
            ),
            _both_mistake(
                "not carried",
                "in the pass from the right, a state hears of its own y only. Who reads it next?",
            ),
            _both_mistake(
                "left not carried",
                "in the pass from the left, a state hears of its own y only. Who reads it next?",
            ),
            _both_mistake("same step", "y_t does not join f_t and g_t. Look at the indices again."),
            _both_mistake("transposed", TRANSPOSED),
        ),
        BOTH_PARTS,
    ),
)
