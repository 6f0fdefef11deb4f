"""Problem set 4, gates: another gate's half-life, a tied cell, one gate over a sequence."""

from __future__ import annotations

import numpy as np

from unrolled.exercises import ps4_forwards as cells
from unrolled.exercises import ps4_halving as halving
from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant

HALVING = Problem(
    "ps4.halving",
    "How long another gate keeps",
    "bias_to_halve",
    4,
    tuple(Variant(gate.name, gate, {"gate": gate.tex}) for gate in halving.GATES),
    halving.given,
    halving.draw,
    halving.large,
    halving.Halving(),
    (
        Mistake(
            "right for few steps. For many, f itself is rounded to 1 before you use it. "
            "What is lost at one step, 1 − f, is a number that float64 can hold.",
            halving.slip(halving.rounded),
        ),
        Mistake(
            "this is the bias of the sigmoid. The gate is γ here: turn its formula round.",
            lambda gate, steps: halving.bias_where(halving.SIGMOID, halving.lost_at_a_step(steps)),
        ),
        Mistake(
            "with this bias the memory time 1 / (1 − f) is n. Asked is when one half is left.",
            halving.slip(lambda gate, steps: 1 / steps),
        ),
        Mistake(
            "with this bias 1/e is left after n steps, not one half.",
            halving.slip(lambda gate, steps: halving.lost_at_a_step(steps, np.exp(-1.0))),
        ),
        Mistake(
            "the half is not lost in n equal pieces: each step takes a share of what is left.",
            halving.slip(lambda gate, steps: 0.5 / steps),
        ),
        Mistake(
            "right for many steps only: where there are few, 1 − f is not yet ln 2 / n.",
            halving.slip(lambda gate, steps: np.log(2) / steps),
        ),
        Mistake(
            "the sign is wrong: a long memory needs a gate near 1. Which bias opens it?",
            lambda gate, steps: -halving.bias_where(gate, halving.lost_at_a_step(steps)),
        ),
    ),
    ("b",),
    draws=8,
)

TIED = Problem(
    "ps4.tied",
    "Backward through a tied cell",
    "tied_backward",
    7,
    tuple(
        Variant(form.tie.name, form, {"tie": form.tie.tex, "squash": form.squash.tex})
        for form in cells.TIED
    ),
    cells.tied_given,
    cells.tied_draw,
    cells.tied_large,
    Gradients(cells.tied_loss, cells.TIED_WRT),
    (
        Mistake(
            "nothing came from dc. The memory c goes on to the next step as well: two gradients "
            "arrive at it and add.",
            cells.tied_slip("later"),
        ),
        Mistake(
            "f hears only of what is kept. By which other way does f reach c?",
            cells.tied_slip("opening"),
        ),
        Mistake(
            "f hears only of what is let in. By which other way does f reach c?",
            cells.tied_slip("keeping"),
        ),
        Mistake(
            "this is the slope of the coupled gate, 1 − f. The tie here is another curve.",
            cells.tied_slip("slope of the tie"),
        ),
        Mistake(
            "the tie falls where f rises. What sign has its slope?",
            cells.tied_slip("sign of the tie"),
        ),
        Mistake(
            "the gate o reads c, so c has one more use in this step than in the LSTM.",
            cells.tied_slip("reading"),
        ),
        Mistake(
            "the gradient goes back through Wc the way the memory came.",
            cells.tied_slip("transposed"),
        ),
        Mistake(
            "the slope of σ is missing: what arrives at a gate has not yet reached its "
            "pre-activation.",
            cells.tied_slip("slope of a gate"),
        ),
        Mistake(
            "the slope of σ is missing in the gate f alone.",
            cells.tied_slip("slope of f"),
        ),
        Mistake(
            "the slope of σ is missing in the gate o alone.",
            cells.tied_slip("slope of o"),
        ),
        Mistake(
            "the slope of φ is missing in the candidate g.",
            cells.tied_slip("slope of g"),
        ),
        Mistake(
            "the slope of φ is missing between h and c.",
            cells.tied_slip("slope of c"),
        ),
    ),
    cells.TIED_PARTS,
)

SINGLE = Problem(
    "ps4.single",
    "One gate for three jobs, over a sequence",
    "single_backward",
    9,
    tuple(
        Variant(form.tie.name, form, {"show": form.tie.tex, "squash": form.squash.tex})
        for form in cells.SINGLE
    ),
    cells.single_given,
    cells.single_draw,
    cells.single_large,
    Gradients(cells.single_loss, cells.SINGLE_WRT),
    (
        Mistake(
            "the memory's gradient is lost between two steps. What does c_t do in step t + 1?",
            cells.single_slip("memory between steps"),
        ),
        Mistake(
            "the state's gradient is lost between two steps. Where does h_t enter step t + 1?",
            cells.single_slip("state between steps"),
        ),
        Mistake(
            "only the last state's dhs[t] was used. A gradient arrives from above at every step.",
            cells.single_slip("above"),
        ),
        Mistake(
            "nothing came from dc_T. It arrives at the memory after the last step.",
            cells.single_slip("end"),
        ),
        Mistake(
            "the weights' gradients are those of one step. The weights were used at every step.",
            cells.single_slip("first step only"),
        ),
        Mistake(
            "the weights' gradients are those of one step. The weights were used at every step.",
            cells.single_slip("last step only"),
        ),
        Mistake(
            "f has three jobs. Its gradient does not hear of the first: it keeps.",
            cells.single_slip("keeping"),
        ),
        Mistake(
            "f has three jobs. Its gradient does not hear of the second: it lets in.",
            cells.single_slip("letting in"),
        ),
        Mistake(
            "f has three jobs. Its gradient does not hear of the third: it shows.",
            cells.single_slip("showing"),
        ),
        Mistake(
            "c_t hears only of the step after. It is also shown in h_t.",
            cells.single_slip("memory shown"),
        ),
        Mistake(
            "the slope of σ is missing: what arrives at f has not yet reached its pre-activation.",
            cells.single_slip("slope of σ"),
        ),
        Mistake(
            "the slope of φ is missing, in g and in h.",
            cells.single_slip("slope of φ"),
        ),
        Mistake("the slope of φ is missing in g.", cells.single_slip("slope of g")),
        Mistake(
            "the slope of φ is missing between h_t and c_t.",
            cells.single_slip("slope of c"),
        ),
    ),
    cells.SINGLE_PARTS,
    draws=3,
)

PROBLEMS: tuple[Problem, ...] = (HALVING, TIED, SINGLE)
