"""Exercises of chapter 10, the LSTM backward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.exercises.ch10_answers import (
    GRADIENTS,
    OVER_TIME,
    c_by_h,
    cell_state,
    draw_dc,
    draw_do,
    draw_gates,
    draw_sequence,
    draw_step,
    draw_through,
    h_by_c,
    inner_gates,
    output_gate,
    sequence_by_loops,
    slipped,
    slipped_sequence,
    step_by_loops,
    through_h,
)
from unrolled.exercises.model import Exercise, Mistake

PATHS = {"i": "both", "f": "A", "o": "B", "g": "both"}
SLIPS = {"A": "o", "B": "c_prev", "C": "tanh", "D": "slope"}


def _with(table: Mapping[str, str], **changed: str) -> Callable[[], dict[str, str]]:
    return lambda: {**table, **changed}


def _dxs_reversed(answer: tuple[Any, ...]) -> tuple[Any, ...]:
    return answer[0][::-1], *answer[1:]


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch10.do",
        "The output gate",
        output_gate,
        draw_do,
        (
            Mistake(
                "this is the gradient of o, not yet that of its pre-activation: "
                "one more node lies between them.",
                lambda dh, o, c: dh * np.tanh(c),
            ),
            Mistake(
                "what does o multiply in the equation of h? Not c itself.",
                lambda dh, o, c: dh * c * o * (1 - o),
            ),
            Mistake(
                "the slope of tanh at c belongs to another path: the one that goes to c. "
                "For the path to o, tanh(c) is a factor and is not differentiated.",
                lambda dh, o, c: dh * (1 - np.tanh(c) ** 2) * o * (1 - o),
            ),
            Mistake(
                "this is the slope of tanh. What squashes the output gate?",
                lambda dh, o, c: dh * np.tanh(c) * (1 - o**2),
            ),
        ),
    ),
    Exercise(
        "ch10.dc",
        "The cell state",
        cell_state,
        draw_dc,
        (
            Mistake(
                "only the path through h is here. Which other value is made of c?",
                lambda dh, dn, f, o, c: dh * o * (1 - np.tanh(c) ** 2),
            ),
            Mistake(
                "only the path to the next step is here. Which value of this step is made of c?",
                lambda dh, dn, f, o, c: dn * f,
            ),
            Mistake(
                "the two paths are multiplied. What do two uses of one value do to its gradient?",
                lambda dh, dn, f, o, c: dh * o * (1 - np.tanh(c) ** 2) * dn * f,
            ),
            Mistake(
                "h is a product, and one of its factors is missing on the way to c.",
                lambda dh, dn, f, o, c: dh * (1 - np.tanh(c) ** 2) + dn * f,
            ),
            Mistake(
                "the next cell state does not contain all of c: something multiplies it there.",
                lambda dh, dn, f, o, c: dh * o * (1 - np.tanh(c) ** 2) + dn,
            ),
            Mistake(
                "a tanh lies between c and h, and its slope is missing.",
                lambda dh, dn, f, o, c: dh * o + dn * f,
            ),
            Mistake(
                "the slope of tanh is written with the output of tanh, not with its input.",
                lambda dh, dn, f, o, c: dh * o * (1 - c**2) + dn * f,
            ),
        ),
    ),
    Exercise(
        "ch10.paths",
        "Which gate hears of it",
        lambda: PATHS,
        mistakes=(
            Mistake(
                "o: does c contain the output gate of its own step?",
                _with(PATHS, o="both"),
            ),
            Mistake(
                "o: follow the arrows from h back. One of its two factors is o.",
                _with(PATHS, o="neither"),
            ),
            Mistake(
                "f: what does f multiply, and what is that value at the first step of B?",
                _with(PATHS, f="both"),
            ),
            Mistake(
                "i and g: h is made of c as well, so what arrives at h goes on to c.",
                _with(PATHS, i="A", g="A"),
            ),
        ),
    ),
    Exercise(
        "ch10.gates",
        "The gates behind the cell state",
        inner_gates,
        draw_gates,
        (
            Mistake(
                "these are the gradients of i, f and g, not yet of their pre-activations.",
                lambda dc, c_prev, i, f, g: (dc * g, dc * c_prev, dc * i),
            ),
            Mistake(
                "i and g are factors of each other: which of the two stays when you "
                "differentiate by the other?",
                lambda dc, c_prev, i, f, g: (
                    dc * i * i * (1 - i),
                    dc * c_prev * f * (1 - f),
                    dc * g * (1 - g**2),
                ),
            ),
            Mistake(
                "g is squashed by another function than i and f, so its slope is another one.",
                lambda dc, c_prev, i, f, g: (
                    dc * g * i * (1 - i),
                    dc * c_prev * f * (1 - f),
                    dc * i * g * (1 - g),
                ),
            ),
            Mistake(
                "the forget gate multiplies the cell state of which step?",
                lambda dc, c_prev, i, f, g: (
                    dc * g * i * (1 - i),
                    dc * (f * c_prev + i * g) * f * (1 - f),
                    dc * i * (1 - g**2),
                ),
            ),
            Mistake(
                "i and f are sigmoids. You took the slope of tanh for them.",
                lambda dc, c_prev, i, f, g: (
                    dc * g * (1 - i**2),
                    dc * c_prev * (1 - f**2),
                    dc * i * (1 - g**2),
                ),
            ),
        ),
        ("da_i", "da_f", "da_g"),
    ),
    Exercise(
        "ch10.step",
        "The whole backward step",
        step_by_loops,
        draw_step,
        (
            Mistake(
                "what arrives at c from the next step is not used.",
                slipped(dc=lambda v: v.dh * v.o * (1 - v.tanh_c**2)),
            ),
            Mistake(
                "f multiplies what arrives at c. The argument dc holds that factor already: "
                "the step after multiplied by its own forget gate.",
                slipped(dc=lambda v: v.dc_later * v.f + v.dh * v.o * (1 - v.tanh_c**2)),
            ),
            Mistake(
                "the output gate is missing on the way from h to c.",
                slipped(dc=lambda v: v.dc_later + v.dh * (1 - v.tanh_c**2)),
            ),
            Mistake(
                "the forget gate multiplied the cell state before the step, not the one after.",
                slipped(df=lambda v: v.dc * v.c),
            ),
            Mistake(
                "dc_prev: the cell state before was multiplied by something on its way into c.",
                slipped(dc_prev=lambda v: v.dc),
            ),
            Mistake(
                "dc_prev takes only what came from the future. "
                "What arrived at h goes through c as well.",
                slipped(dc_prev=lambda v: v.dc_later * v.f),
            ),
            Mistake(
                "the blocks of da are in another order than the columns of the weights.",
                slipped(da=lambda v: np.concatenate([v.da_i, v.da_f, v.da_g, v.da_o], axis=1)),
            ),
            Mistake(
                "db: the mean over the sequences is not in the step. The loss has put it into "
                "what arrives already.",
                slipped(db=lambda v: v.da.mean(axis=0)),
            ),
            Mistake(
                "dWh is built from the state after the step. Which state did Wh multiply?",
                slipped(dWh=lambda v: (v.o * v.tanh_c).T @ v.da),
            ),
            Mistake(
                "the gradients of i, f, o and g are not yet those of the pre-activations.",
                slipped(da=lambda v: np.concatenate([v.di, v.df, v.do, v.dg], axis=1)),
            ),
        ),
        GRADIENTS,
    ),
    Exercise(
        "ch10.slip",
        "Four slips found by their numbers",
        lambda: SLIPS,
        mistakes=(
            Mistake(
                "A and D: a factor lost on the way to c changes every gate behind c; "
                "a factor lost at one gate changes that gate alone.",
                _with(SLIPS, A="slope", D="o"),
            ),
            Mistake(
                "B and C: which block is wrong in each? Which state stands in its formula?",
                _with(SLIPS, B="tanh", C="c_prev"),
            ),
            Mistake(
                "B and D: a slope of σ is at most 1/4, so leaving it out multiplies by 4 or more, "
                "and never changes a sign.",
                _with(SLIPS, B="slope", D="c_prev"),
            ),
        ),
    ),
    Exercise(
        "ch10.highway",
        "What the highway leaves out",
        through_h,
        draw_through,
        (
            Mistake(
                "the direct part is in it. Asked is what comes through h.",
                lambda o, c, i, f, g, Wh: through_h(o, c, i, f, g, Wh) + np.diag(f),
            ),
            Mistake(
                "the two indices are exchanged: the row is the entry of the new cell state.",
                lambda o, c, i, f, g, Wh: through_h(o, c, i, f, g, Wh).T,
            ),
            Mistake(
                "this is how the new cell state depends on h. "
                "How h depends on the old cell state is missing.",
                lambda o, c, i, f, g, Wh: c_by_h(o, c, i, f, g, Wh),
            ),
            Mistake(
                "h is o ⊙ tanh(c), and one of the two factors of its derivative is missing.",
                lambda o, c, i, f, g, Wh: c_by_h(o, c, i, f, g, Wh) * (1 - np.tanh(c) ** 2),
            ),
            Mistake(
                "the slope of h belongs to the entry that was nudged, which is the column.",
                lambda o, c, i, f, g, Wh: h_by_c(o, c)[:, None] * c_by_h(o, c, i, f, g, Wh),
            ),
            Mistake(
                "one block of Wh is not the one that you think: look at the order of the columns.",
                lambda o, c, i, f, g, Wh: c_by_h(o, c, i, f, g, Wh, "ifgo") * h_by_c(o, c),
            ),
        ),
    ),
    Exercise(
        "ch10.sequence",
        "The whole sequence backward",
        sequence_by_loops,
        draw_sequence,
        (
            Mistake(
                "dc is set back to zero between two steps. It is the gradient that the LSTM was "
                "built to carry.",
                slipped_sequence(lambda dh, dc, above: (dh + above, 0 * dc, True)),
            ),
            Mistake(
                "dh is not carried: each step hears its own loss alone. h is used twice.",
                slipped_sequence(lambda dh, dc, above: (above, dc, True)),
            ),
            Mistake(
                "the gradients that arrive from above are never added.",
                slipped_sequence(lambda dh, dc, above: (dh, dc, True)),
            ),
            Mistake(
                "the gradients of the weights are those of one step. How often were they used?",
                slipped_sequence(lambda dh, dc, above: (dh + above, dc, False)),
            ),
            Mistake(
                "dxs stands in the order of the walk, the last step first.",
                lambda dhs, dstate_T, caches: _dxs_reversed(
                    sequence_by_loops(dhs, dstate_T, caches)
                ),
            ),
            Mistake(
                "what arrives at h from above was added to c too. It finds its own way there.",
                slipped_sequence(lambda dh, dc, above: (dh + above, dc + above, True)),
            ),
        ),
        OVER_TIME,
        draws=3,
    ),
)
