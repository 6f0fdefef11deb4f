"""Exercises of chapter 9: the LSTM forward."""

from __future__ import annotations

import math

from unrolled.exercises.ch9_answers import (
    GATES,
    all_shown,
    by_hand,
    columns,
    count_entries,
    draw_columns,
    draw_run,
    draw_sizes,
    draw_step,
    every_cell,
    exchanged,
    in_order,
    interleaved,
    lstm_step,
    plain_h,
    right,
    search_bias,
    search_half_life,
    sigmoid,
    squashed_c,
    with_gate_turned,
    without_f,
    without_i,
    without_write,
)
from unrolled.exercises.model import Exercise, Mistake

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch9.freeze",
        "What gates of 0 and 1 do",
        lambda: GATES,
        mistakes=(
            Mistake(
                "the forget gate is the wrong way round: it multiplies c, so what does 0 leave?",
                with_gate_turned(1),
            ),
            Mistake(
                "the order of the three numbers is i, f, o. Which of them multiplies the old c?",
                in_order((1, 0, 2)),
            ),
            Mistake("the output gate is the wrong way round: h = o tanh(c).", with_gate_turned(2)),
            Mistake(
                "the input gate is the wrong way round: g reaches c through it alone.",
                with_gate_turned(0),
            ),
            Mistake(
                "to add is not to replace: what has to be left of the old c in each case?",
                lambda: {**GATES, "add g to c, show nothing": (1, 0, 0)},
            ),
        ),
    ),
    Exercise(
        "ch9.count",
        "How many numbers an LSTM learns",
        count_entries,
        draw_sizes,
        (
            Mistake(
                "the biases are missing: what else has a number of its own for each column?",
                lambda D, H: 4 * H * (D + H),
            ),
            Mistake(
                "only one block has a bias here. How long is b?",
                lambda D, H: 4 * H * (D + H) + H,
            ),
            Mistake(
                "this is one block of columns. How many stand side by side?",
                lambda D, H: H * (D + H + 1),
            ),
            Mistake(
                "Wh reads h, not the gates: how many rows does it have?",
                lambda D, H: 4 * H * (D + 4 * H + 1),
            ),
            Mistake(
                "there are two biases for each column here. Some libraries store two, "
                "but only their sum counts.",
                lambda D, H: 4 * H * (D + H + 2),
            ),
        ),
    ),
    Exercise(
        "ch9.hand",
        "Two steps by hand",
        by_hand(right),
        mistakes=(
            Mistake(
                "g went into c without its gate. What part of it does i let in?",
                by_hand(without_i),
            ),
            Mistake(
                "the two gates are exchanged: which one multiplies the old c?",
                by_hand(exchanged),
            ),
            Mistake("the old c was added whole. What does f leave of it?", by_hand(without_f)),
            Mistake("nothing was written: only the forget gate was used.", by_hand(without_write)),
            Mistake("c is right. But what does a shut output gate show?", by_hand(all_shown)),
            Mistake(
                "c itself went through tanh. The tanh stands on the way from c to h only.",
                by_hand(squashed_c),
            ),
        ),
        tolerance=1e-3,
    ),
    Exercise(
        "ch9.step",
        "One step of the LSTM",
        lstm_step(),
        draw_step,
        (
            Mistake(
                "the last two blocks of columns are exchanged: the candidate comes last.",
                lstm_step(order="ifgo"),
            ),
            Mistake(
                "the first two blocks of columns are exchanged: the input gate comes first.",
                lstm_step(order="fiog"),
            ),
            Mistake(
                "the candidate reaches c unhindered. Which gate stands in its way?",
                lstm_step(without_i),
            ),
            Mistake(
                "nothing new is written into c: a whole term is missing.",
                lstm_step(without_write),
            ),
            Mistake(
                "the old c is never forgotten. This is the cell of 1997.",
                lstm_step(without_f),
            ),
            Mistake("h is read from c without the tanh between them.", lstm_step(plain_h)),
            Mistake("the output gate is not used: all of tanh(c) is shown.", lstm_step(all_shown)),
            Mistake(
                "c is squashed. Its road has no tanh; only what is shown has one.",
                lstm_step(squashed_c),
            ),
            Mistake("the bias is missing in the pre-activations.", lstm_step(bias=0.0)),
        ),
        ("h", "c"),
    ),
    Exercise(
        "ch9.columns",
        "From one order of columns to another",
        columns((0, 1, 3, 2)),
        draw_columns,
        (
            Mistake("nothing changed. Which two blocks have to change places?", lambda W: W),
            Mistake(
                "single columns were moved. A gate is a block of H neighbouring columns.",
                interleaved,
            ),
            Mistake(
                "the wrong two blocks changed places: f is the second in both orders.",
                columns((0, 2, 1, 3)),
            ),
            Mistake(
                "all blocks moved. The first two are the same in both orders.",
                columns((3, 2, 1, 0)),
            ),
        ),
    ),
    Exercise(
        "ch9.half-life",
        "The half-life of a memory",
        search_half_life,
        lambda rng: (float(rng.uniform(0.2, 4.5)),),
        (
            Mistake(
                "the sign is turned: the logarithm of a number below 1 is negative.",
                lambda b: math.log(2) / math.log(sigmoid(b)),
            ),
            Mistake(
                "b is not the gate. What does the gate do with its pre-activation?",
                lambda b: math.log(2) / -math.log(b),
            ),
            Mistake("this is the share after one step, the gate itself.", sigmoid),
            Mistake(
                "this takes the loss of the first step for the loss of every step. "
                "What is left shrinks, and so does what is lost.",
                lambda b: 0.5 / (1 - sigmoid(b)),
            ),
            Mistake(
                "this is the time until 1/e is left. The question is when one half is left.",
                lambda b: 1 / -math.log(sigmoid(b)),
            ),
            Mistake(
                "a larger bias must keep longer. Look at the sign in the sigmoid.",
                lambda b: math.log(2) / -math.log(sigmoid(-b)),
            ),
        ),
    ),
    Exercise(
        "ch9.bias",
        "The bias for a half-life",
        search_bias,
        lambda rng: (float(rng.uniform(1.5, 60.0)),),
        (
            Mistake(
                "this is the gate. Which bias makes the sigmoid give it?",
                lambda steps: 0.5 ** (1 / steps),
            ),
            Mistake(
                "the sign is turned: a long memory needs a gate near 1, a large bias.",
                lambda steps: math.log(2 ** (1 / steps) - 1),
            ),
            Mistake(
                "close for long memories, but not exact: is σ(b) = 1 − e^−b?",
                lambda steps: -math.log(1 - 0.5 ** (1 / steps)),
            ),
            Mistake(
                "this answers after how many steps 1/e is left, not one half.",
                lambda steps: -math.log(math.exp(1 / steps) - 1),
            ),
        ),
        tolerance=1e-8,
    ),
    Exercise(
        "ch9.cells",
        "Every cell state of a sequence",
        every_cell(),
        draw_run,
        (
            Mistake(
                "these are the hidden states: what is shown, not what is kept.",
                every_cell(give="h"),
            ),
            Mistake(
                "the list begins with c_0. It should begin after the first step.",
                every_cell(first=0),
            ),
            Mistake(
                "every step begins from c_0 again. What carries the memory?",
                every_cell(carry_c=False),
            ),
            Mistake(
                "the gates read h_0 at every step. Two things go on from step to step.",
                every_cell(carry_h=False),
            ),
        ),
    ),
)
