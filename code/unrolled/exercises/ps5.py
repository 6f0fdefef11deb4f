"""Problem set 5, a small project: the pieces of a character model of the reader's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from unrolled.exercises import ps5_forwards as forwards
from unrolled.exercises import ps5_values as values
from unrolled.exercises.model import Mistake
from unrolled.exercises.problems import Gradients, Problem, Variant
from unrolled.exercises.sampled import Sampled


def nothing_given(settings: object) -> Mapping[str, Callable[..., Any]]:
    """Give no functions: the statement says all.

    Parameters
    ----------
    settings : object
        Of any form.

    Returns
    -------
    mapping
        Empty.
    """
    return {}


def _answer(oracle: Sampled) -> Callable[..., Any]:
    return lambda settings, *arguments: oracle.expected(settings, arguments)


def _step_mistake(hint: str, slip: str) -> Mistake:
    return Mistake(hint, _answer(Sampled(partial(values.step_one, slip=slip), 2)))


def _draw_mistake(hint: str, slip: str) -> Mistake:
    return Mistake(hint, _answer(Sampled(partial(values.draw_one, slip=slip), 1)))


def _score_mistake(hint: str, slip: str) -> Mistake:
    return Mistake(hint, forwards.score_slip(slip))


def _tied_mistake(hint: str, slip: str) -> Mistake:
    return Mistake(hint, forwards.tied_slip(slip))


STEP = Problem(
    "ps5.step",
    "One step of an optimiser",
    "one_step",
    3,
    tuple(Variant(s.name, s, {"square": s.tex, "idea": s.idea}) for s in values.SPREADS),
    nothing_given,
    values.step_draw,
    values.step_large,
    Sampled(values.step_one, 2),
    (
        _step_mistake("m starts at 0 and is too small at first. What mends that?", "uncorrected"),
        _step_mistake(
            "the decay has come into m and s. Here it acts on θ alone, beside the gradient.",
            "coupled",
        ),
        _step_mistake("your s is Adam's. Read the second line again.", "Adam"),
        _step_mistake("only m is corrected for its start at 0 here, not s.", "both"),
        _step_mistake("θ moves along the gradient of this step alone. What is m for?", "raw"),
        _step_mistake("the decay λ is missing: how does θ itself enter the last line?", "no decay"),
        _step_mistake(
            "the decay, too, is a part of the step: what multiplies it?", "decay without rate"
        ),
        _step_mistake("ε stands inside the root. Where does the last line add it?", "inside"),
        _step_mistake("s has met the old m. Which m does the second line name?", "old mean"),
    ),
    values.STEP_PARTS,
)

SCORE = Problem(
    "ps5.score",
    "A score that forgives typing errors",
    "score_backward",
    5,
    tuple(Variant(b.name, b, {"bend": rf"\rho(\ell) &= {b.tex}"}) for b in forwards.BENDS),
    forwards.score_given,
    forwards.score_draw,
    forwards.score_large,
    Gradients(forwards.score_loss, forwards.SCORE_WRT),
    (
        _score_mistake(
            "the slope of ρ is missing: what arrives at ρ(ℓ) has not reached ℓ.", "slope"
        ),
        _score_mistake("dlogits is that of nats. In which unit does ρ want ℓ?", "nats"),
        _score_mistake("you count ℓ in nats. In which unit does ρ want it?", "all nats"),
        _score_mistake(
            "dlogits sees the sum under the fraction only. Where else does the logit of the "
            "right character stand?",
            "target",
        ),
        _score_mistake(
            "dlogits is divided by the number of places. What divides the sum?", "count"
        ),
        _score_mistake(
            "both are divided by the number of places. What divides the sum in L?", "places"
        ),
        _score_mistake("dlogits is divided by N. What divides the sum here?", "sequences"),
        _score_mistake("dlogits does not know how much each place counts.", "weights"),
        _score_mistake("dc: the weights stand in two places of L, above and below.", "quotient"),
    ),
    forwards.SCORE_PARTS,
)

DRAW = Problem(
    "ps5.draw",
    "The next character",
    "draw_next",
    5,
    tuple(Variant(each.name, each, {"level": rf"p_v \ge {each.tex}"}) for each in values.LEVELS),
    nothing_given,
    values.draw_draw,
    values.draw_large,
    Sampled(values.draw_one, 1),
    (
        _draw_mistake("the temperature changes nothing in your q.", "no temperature"),
        _draw_mistake("does a high temperature make your q more even? It should.", "multiplied"),
        _draw_mistake("what is left after the cut does not sum to 1.", "not renormalised"),
        _draw_mistake("of equal probabilities, the other one should stay: mind the order.", "ties"),
        _draw_mistake(
            "where probabilities are equal you keep more than `most`. Which of them stays?",
            "ties kept",
        ),
        _draw_mistake("rule 1 is missing: some that you keep are too unlikely.", "no level"),
        _draw_mistake("rule 2 is missing: you keep more than were allowed.", "no count"),
        _draw_mistake("both rules look at the probabilities after the temperature.", "cut first"),
        _draw_mistake(
            "q is right. The sum for the draw runs over the ids in their own order, not sorted.",
            "sorted",
        ),
        _draw_mistake("q is right. Which probabilities does the draw add up?", "uncut draw"),
        _draw_mistake("with u = 0 you draw a character that was cut. Is it > or ≥?", "zero"),
    ),
    values.DRAW_PARTS,
)

TIED = Problem(
    "ps5.tied",
    "One table, used twice",
    "tied_backward",
    7,
    tuple(Variant(s.name, s, {"scale": rf"\kappa(q) &= {s.tex}"}) for s in forwards.SHRINKS),
    forwards.tied_given,
    forwards.tied_draw,
    forwards.tied_large,
    Gradients(forwards.tied_loss, forwards.TIED_WRT),
    (
        _tied_mistake("dE hears of the inputs only. Where else does E stand?", "inputs only"),
        _tied_mistake("dE hears of the readout only. Where else does E stand?", "readout only"),
        _tied_mistake(
            "a letter that comes twice keeps only one of its gradients: dE[ids] += … adds once "
            "a row. Uses add up.",
            "repeated",
        ),
        _tied_mistake("dE treats κ as a constant, but κ depends on the row.", "held"),
        _tied_mistake("dE is the gradient by the scaled rows. E lies one step behind.", "bare"),
        _tied_mistake("dE: differentiate the square in q once more.", "half"),
        _tied_mistake("dE: q is a mean over the row, not a sum.", "summed"),
        _tied_mistake(
            "dE: one scale belongs to the whole row. Gather what arrives at it from all entries.",
            "entry",
        ),
        _tied_mistake("dP and dh met the bare table. Which rows made the logits?", "unscaled"),
    ),
    forwards.TIED_PARTS,
)

PROBLEMS: tuple[Problem, ...] = (STEP, SCORE, DRAW, TIED)
