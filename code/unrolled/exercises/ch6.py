"""Exercises of chapter 6, backpropagation through time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unrolled.exercises import ch6_answers as answers
from unrolled.exercises.model import Exercise, Mistake

COUNTS = {
    "dWh, every step": 210,
    "dWh, last step": 20,
    "dWy, every step": 20,
    "dWy, last step": 1,
    "steps of the recursion": 20,
}
ZEROS = {
    "dWh, h_0 = 0": 4,
    "dWx, h_0 = 0": 0,
    "dWx, x_2 = 0": 3,
    "dWh, last step": 6,
    "dWh, h_0 = 0, last step": 7,
}
GRADIENTS = ("dWy", "dby", "dWh", "dWx", "db", "dh0")
COLUMNS = ("dU", "dW", "dV")
CLAIMS = {
    "dh_0 is zero if h_0 is zero": False,
    "the terms of one gradient are equal, because the weight is": False,
    "the immediate derivative of h_3 by W_h holds h_2": True,
    "dW_y at step t needs the gradient of a later loss": False,
    "dx_2 needs the gradient of a later loss": True,
}
HINTS = {
    "dh_0 is zero if h_0 is zero": "dh_0: is a slope zero wherever the argument is?",
    "the terms of one gradient are equal, because the weight is": "equal terms: one weight, but "
    "does it meet the same state and the same later steps at every use?",
    "the immediate derivative of h_3 by W_h holds h_2": "the immediate derivative: what does W_h "
    "multiply at step 3?",
    "dW_y at step t needs the gradient of a later loss": "dW_y: does the output of step t go on "
    "to the next step?",
    "dx_2 needs the gradient of a later loss": "dx_2: which losses change when x_2 does?",
}


def _with(table: Mapping[str, Any], *pairs: tuple[str, Any]) -> Callable[[], dict[str, Any]]:
    """Change entries of a table."""
    return lambda: {**table, **dict(pairs)}


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch6.count",
        "Counting terms",
        lambda: COUNTS,
        mistakes=(
            Mistake(
                "you counted all pairs. Can a loss hear of a use that comes later?",
                _with(COUNTS, ("dWh, every step", 400)),
            ),
            Mistake(
                "the pairs with k = t are missing: each loss hears of the use at its own step.",
                _with(COUNTS, ("dWh, every step", 190)),
            ),
            Mistake(
                "dWy is counted like dWh. How many uses of Wy lie on a way to one loss?",
                _with(COUNTS, ("dWy, every step", 210), ("dWy, last step", 20)),
            ),
            Mistake(
                "dWy, last step: how many of the T uses of Wy does this loss read?",
                _with(COUNTS, ("dWy, last step", 20)),
            ),
            Mistake(
                "the recursion does not walk back once for every loss. "
                "It adds where two gradients meet.",
                _with(COUNTS, ("steps of the recursion", 210)),
            ),
        ),
    ),
    Exercise(
        "ch6.dwy",
        "The gradient of Wy",
        lambda hs, dos: np.array(
            [
                [(hs[:, :, j] * dos[:, :, v]).sum() for v in range(dos.shape[2])]
                for j in range(hs.shape[2])
            ]
        ),
        answers.draw_readout,
        (
            Mistake(
                "each loss is paired with earlier states too, as if Wy were used on the way "
                "through time. Which single state does it multiply for the loss of step t?",
                answers.running,
            ),
            Mistake(
                "only the last step counts here, but every step is scored.",
                lambda hs, dos: hs[-1].T @ dos[-1],
            ),
            Mistake(
                "the state and the output do not belong to the same step.",
                lambda hs, dos: np.einsum("tnh,tnv->hv", hs[:-1], dos[1:]),
            ),
            Mistake(
                "this is a mean over the steps. The loss is a sum over them.",
                lambda hs, dos: np.einsum("tnh,tnv->hv", hs, dos) / len(hs),
            ),
            Mistake(
                "the two axes are exchanged: the gradient of Wy has the shape of Wy.",
                lambda hs, dos: np.einsum("tnh,tnv->vh", hs, dos),
            ),
        ),
    ),
    Exercise(
        "ch6.zeros",
        "Terms that vanish",
        lambda: ZEROS,
        mistakes=(
            Mistake(
                "dWh, h_0 = 0: only the first loss is counted. Which other losses look back to "
                "step 1?",
                _with(ZEROS, ("dWh, h_0 = 0", 1), ("dWh, h_0 = 0, last step", 7)),
            ),
            Mistake(
                "dWx: what does the immediate derivative by Wx hold, the state or the input?",
                _with(ZEROS, ("dWx, h_0 = 0", 4)),
            ),
            Mistake(
                "x_2 = 0: a path that only passes step 2 does not end at Wx there.",
                _with(ZEROS, ("dWx, x_2 = 0", 7)),
            ),
            Mistake(
                "x_2 = 0: later losses look back to step 2 as well.",
                _with(ZEROS, ("dWx, x_2 = 0", 1)),
            ),
            Mistake(
                "last step: count the rows that are not scored, all their terms.",
                _with(ZEROS, ("dWh, last step", 3)),
            ),
            Mistake(
                "both at once: the row and the column that vanish share some terms.",
                _with(ZEROS, ("dWh, h_0 = 0, last step", 10)),
            ),
        ),
    ),
    Exercise(
        "ch6.term",
        "One path term",
        answers.term,
        answers.draw_term,
        (
            Mistake(
                "Wh is paired with the state after step k. Which state did it multiply there?",
                answers.term_slip("after"),
            ),
            Mistake(
                "the gradient goes back through Wh the way the state came.",
                answers.term_slip("untransposed"),
            ),
            Mistake(
                "the slope of step t is missing: what arrives at h_t is not yet at a_t.",
                answers.term_slip("first slope"),
            ),
            Mistake(
                "on the way back every step has its own slope, that of step k too.",
                answers.term_slip("slopes"),
            ),
            Mistake(
                "one link is missing: how many steps back is it from t to k?",
                answers.term_slip("short"),
            ),
        ),
    ),
    Exercise(
        "ch6.backward",
        "A whole sequence backward",
        answers.backward,
        answers.draw_run,
        (
            Mistake(
                "only one step is left in the gradients of the cell. "
                "The same weights were used at every step.",
                answers.slip("assigned"),
            ),
            Mistake(
                "dWh is paired with the state after each step. Which state did Wh multiply?",
                answers.slip("after"),
            ),
            Mistake(
                "no gradient comes from the next step: each loss stays at its own step.",
                answers.slip("no carry"),
            ),
            Mistake(
                "only the last loss is heard. A state is used twice: what follows from that?",
                answers.slip("not added"),
            ),
            Mistake(
                "at the first step hs[t - 1] is hs[-1], the last state. Which state came before?",
                answers.slip("wraps"),
            ),
            Mistake(
                "what comes from the next step is added behind tanh. "
                "It arrives at the state, so it must pass the slope of this step too.",
                answers.slip("late"),
            ),
            Mistake(
                "what goes back through Wh has not yet passed tanh of its step.",
                answers.slip("no slope"),
            ),
            Mistake(
                "the gradient goes back through Wh the way the state came.",
                answers.slip("untransposed"),
            ),
            Mistake(
                "dh0 is the gradient of the first state after a step. One link is missing.",
                answers.slip("stopped"),
            ),
        ),
        GRADIENTS,
    ),
    Exercise(
        "ch6.immediate",
        "Immediate and total derivative",
        answers.scalar,
        answers.draw_scalar,
        (
            Mistake(
                "the two are exchanged: the immediate one holds h_2 fixed.",
                answers.scalar_slip("exchanged"),
            ),
            Mistake(
                "your total derivative stops at step 3. Does h_2 depend on w?",
                answers.scalar_slip("not carried"),
            ),
            Mistake(
                "the immediate derivatives have not passed tanh.",
                answers.scalar_slip("no slope"),
            ),
            Mistake(
                "from state to state there are two factors: the slope and one more.",
                answers.scalar_slip("no weight"),
            ),
        ),
        ("immediate", "total"),
    ),
    Exercise(
        "ch6.columns",
        "U, W and V",
        answers.columns,
        answers.draw_columns,
        (
            Mistake(
                "this is the slope of tanh; here the state comes out of a sigmoid.",
                answers.column_slip("tanh"),
            ),
            Mistake(
                "each error is paired with earlier states too. V has no path through time.",
                answers.column_slip("paths"),
            ),
            Mistake(
                "differentiate the square once more: this loss has no factor ½ before it.",
                answers.column_slip("half"),
            ),
            Mistake(
                "in column notation too, a gradient does not go back the way the state came.",
                answers.column_slip("untransposed"),
            ),
            Mistake(
                "no gradient comes from the next step: each loss stays at its own step.",
                answers.column_slip("no carry"),
            ),
            Mistake(
                "dW is paired with the state after each step. Which state did W multiply?",
                answers.column_slip("after"),
            ),
        ),
        COLUMNS,
    ),
    Exercise(
        "ch6.claims",
        "True or false",
        lambda: CLAIMS,
        mistakes=tuple(
            Mistake(hint, _with(CLAIMS, (claim, not CLAIMS[claim])))
            for claim, hint in HINTS.items()
        ),
    ),
)
