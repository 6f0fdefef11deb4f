"""Problem set 3: a truncated gradient of coupled oscillators, its windows cut in a new way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant
from unrolled.exercises.ps3_rules import RULES, Rule, starts
from unrolled.exercises.slips import (
    held,
    slip,
    tangent,
    transposed,
    with_slope_of_tanh,
    with_tangent,
    without_slope,
)
from unrolled.exercises.squashes import SQUASHES, Squash
from unrolled.shapes import Array

PARTS = ("dxs", "dh0", "dWx", "dWh", "db")
WRT = (1, 2, 4, 5, 6)


class Form(NamedTuple):
    """What tells one form from the others."""

    squash: Squash
    rule: Rule


FORMS = tuple(Form(squash, rule) for squash, rule in zip(SQUASHES, RULES, strict=True))


def step(squash: Squash, h: Array, v: Array, x: Array, *weights: Any) -> tuple[Array, Array]:
    """Push every oscillator by φ of the sum, by its spring and by its friction."""
    Wx, Wh, b, eps, mu = weights
    v = v + eps * (squash.value(h @ Wh + x @ Wx + b) - h - mu * v)
    return h + eps * v, v


def given(form: Form) -> Mapping[str, Callable[..., Any]]:
    """Give φ and the forward of the oscillators; how windows are cut is the reader's work.

    Parameters
    ----------
    form : Form
        φ and the rule of this form.

    Returns
    -------
    mapping
        ``squash(z)`` and ``forward(xs, h0, v0, Wx, Wh, b, eps, mu)`` → hs, vs.
    """

    def forward(
        xs: Array, h0: Array, v0: Array, Wx: Array, Wh: Array, b: Array, eps: float, mu: float
    ) -> tuple[Array, Array]:
        """From xs (T, N, D), h0 and v0 (N, H), Wx (D, H), Wh (H, H), b (H,), two numbers.

        Make hs and vs (T, N, H), without h0 and v0.
        """
        states = [(h0, v0)]
        for x in xs:
            states.append(step(form.squash, *states[-1], x, Wx, Wh, b, eps, mu))
        hs, vs = zip(*states[1:], strict=True)
        return np.stack(hs), np.stack(vs)

    return {"squash": form.squash.value, "forward": forward}


def draw(form: Form, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw dhs, xs, h0, v0, Wx, Wh, b, eps, mu, length of windows."""
    N, D, H = rng.permutation([2, 3, 4])
    T, K = ((10, 3), (13, 4))[rng.integers(2)]
    return _arguments(T, N, D, H, K, float(rng.uniform(0.3, 0.6)), rng)


def large(form: Form, rng: np.random.Generator) -> tuple[Any, ...]:
    """Draw 209 steps and windows of 11, so that by most rules no step is left over."""
    return _arguments(209, 16, 95, 96, 11, 0.1, rng)


def _arguments(
    T: int, N: int, D: int, H: int, K: int, eps: float, rng: np.random.Generator
) -> tuple[Any, ...]:
    normal = rng.standard_normal
    weights = normal((D, H)) * D**-0.5, normal((H, H)) * H**-0.5, 0.5 * normal(H)
    states = normal((N, H)), normal((N, H))
    mu = float(rng.uniform(0.4, 0.8))
    return normal((T, N, H)), normal((T, N, D)), *states, *weights, eps, mu, K


Cut = Callable[[Form, int, int], frozenset[int]]
Held = Callable[[Array, Array], tuple[Array, Array]]


def by_rule(form: Form, T: int, K: int) -> frozenset[int]:
    """Cut as the form says."""
    return starts(form.rule, T, K)


def made_loss(
    cut: Cut = by_rule,
    hold: Held = lambda h, v: (held(h), held(v)),
    step: Callable[..., tuple[Array, Array]] = step,
) -> Callable[..., Any]:
    """Add the losses of all windows; a window's first state is a given number.

    Parameters
    ----------
    cut : callable
        From the form, T and K, the numbers of steps after which a window ends.
    hold : callable
        What becomes of h and v there.
    step : callable
        One step of the cell.

    Returns
    -------
    callable
        The loss, from the form and the arguments of a call.
    """

    def loss(
        form: Form, dhs: Array, xs: Array, h: Array, v: Array, Wx: Array, Wh: Array, b: Array,
        eps: float, mu: float, length: int,
    ) -> Any:  # fmt: skip
        ends, total = cut(form, len(xs), length), 0.0
        for t, (dh, x) in enumerate(zip(dhs, xs, strict=True)):
            if t in ends:
                h, v = hold(h, v)
            h, v = step(form.squash, h, v, x, Wx, Wh, b, eps, mu)
            total = total + np.sum(dh * h)
        return total

    return loss


def _late(form: Form, T: int, K: int) -> frozenset[int]:
    return frozenset(end + 1 for end in by_rule(form, T, K))


def _early(form: Form, T: int, K: int) -> frozenset[int]:
    return frozenset(end - 1 for end in by_rule(form, T, K))


def _changed_step(name: str) -> Callable[..., tuple[Array, Array]]:
    """Change one tangent of a step."""

    def changed(squash: Squash, h: Array, v: Array, x: Array, *weights: Any) -> tuple[Array, Array]:
        Wx, Wh, b, eps, mu = weights
        squash = without_slope(squash) if name == "slope" else squash
        squash = with_slope_of_tanh(squash) if name == "slope of tanh" else squash
        product = transposed(h, Wh) if name == "transposed" else h @ Wh
        spring = held(h) if name == "spring" else h
        friction = held(v) if name == "friction" else v
        push = squash.value(product + x @ Wx + b)
        if name == "eps":
            push = with_tangent(push, tangent(push) / eps)
        v = v + eps * (push - spring - mu * friction)
        return (held(h) if name == "place" else h) + eps * v, v

    return changed


def _mistake(hint: str, **changes: Any) -> Mistake:
    return Mistake(hint, slip(made_loss(**changes), WRT))


MISTAKES = (
    _mistake("nothing is cut: this is the gradient of the whole run.", cut=lambda *_: frozenset()),
    _mistake(
        "these windows have K steps each, counted from the first step. Read the rule again.",
        cut=lambda form, T, K: frozenset(range(K, T, K)),
    ),
    _mistake("every cut comes one step too late.", cut=_late),
    _mistake("every cut comes one step too early.", cut=_early),
    _mistake(
        "h is cut and v is not. What carries a gradient from one window into another?",
        hold=lambda h, v: (held(h), v),
    ),
    _mistake(
        "v is cut and h is not. What carries a gradient from one window into another?",
        hold=lambda h, v: (h, held(v)),
    ),
    _mistake(
        "truncation keeps the values of the states. These windows start from zeros.",
        hold=lambda h, v: (np.zeros_like(h), np.zeros_like(v)),
    ),
    _mistake("the slope of φ is missing.", step=_changed_step("slope")),
    _mistake(
        "1 − φ² is the slope of tanh. Which slope has φ, and at which number?",
        step=_changed_step("slope of tanh"),
    ),
    _mistake("ε multiplies φ on the way forward. And on the way back?", step=_changed_step("eps")),
    _mistake("h pulls at v in each step. That path is missing.", step=_changed_step("spring")),
    _mistake("friction: v stands twice in its own update.", step=_changed_step("friction")),
    _mistake(
        "a place goes on where the last one was: h stands on its own in the update of h.",
        step=_changed_step("place"),
    ),
    _mistake("the gradient goes back through Wh the way h came.", step=_changed_step("transposed")),
)

PROBLEM = Problem(
    "ps3.windows",
    "Oscillators in windows",
    "windows_backward",
    7,
    tuple(
        Variant(
            f"{form.squash.name}, {form.rule.name}",
            form,
            {
                "squash": form.squash.tex,
                "rule": form.rule.words,
                "example": form.rule.example,
            },
        )
        for form in FORMS
    ),
    given,
    draw,
    large,
    Gradients(made_loss(), WRT),
    MISTAKES,
    PARTS,
    draws=3,  # each of more than a hundred entries, over ten steps and more
)
"""Read by ``ps3``."""
