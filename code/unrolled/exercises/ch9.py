"""Exercises of chapter 9: the LSTM forward."""

from __future__ import annotations

import math

from unrolled.exercises import ch9_answers as by
from unrolled.exercises.model import Exercise, Mistake

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch9.freeze",
        "What gates of 0 and 1 do",
        lambda: by.GATES,
        mistakes=(
            Mistake(
                "the forget gate is the wrong way round: it multiplies c, so what does 0 leave?",
                by.with_gate_turned(1),
            ),
            Mistake(
                "the order of the three numbers is i, f, o. Which of them multiplies the old c?",
                by.in_order((1, 0, 2)),
            ),
            Mistake(
                "the output gate is the wrong way round in h = o tanh(c).",
                by.with_gate_turned(2),
            ),
            Mistake(
                "the input gate is the wrong way round: g reaches c through it alone.",
                by.with_gate_turned(0),
            ),
            Mistake(
                "to add is not to replace: what has to be left of the old c in each case?",
                lambda: {**by.GATES, "add g to c, show nothing": (1, 0, 0)},
            ),
        ),
    ),
    Exercise(
        "ch9.count",
        "How many numbers an LSTM learns",
        by.count_entries,
        by.draw_sizes,
        (
            Mistake(
                "the biases are missing: what else has a number of its own for each column?",
                lambda D, H: 4 * H * (D + H),
            ),
            Mistake("only one block has a bias. How long is b?", lambda D, H: 4 * H * (D + H) + H),
            Mistake(
                "this is one block of columns. How many are there?",
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
        by.by_hand(by.right),
        mistakes=(
            Mistake(
                "g went into c without its gate. What part of it does i let in?",
                by.by_hand(by.without_i),
            ),
            Mistake(
                "the two gates are exchanged: which one multiplies the old c?",
                by.by_hand(by.exchanged),
            ),
            Mistake(
                "the old c was added whole. What does f leave of it?",
                by.by_hand(by.without_f),
            ),
            Mistake(
                "nothing was written: only the forget gate was used.",
                by.by_hand(by.without_write),
            ),
            Mistake("c is right. But what does a shut output gate show?", by.by_hand(by.all_shown)),
            Mistake(
                "c itself went through tanh. The tanh stands on the way from c to h only.",
                by.by_hand(by.squashed_c),
            ),
        ),
        tolerance=1e-3,
    ),
    Exercise(
        "ch9.step",
        "One step of the LSTM",
        by.lstm_step(),
        by.draw_step,
        (
            Mistake(
                "the last two blocks of columns are exchanged: the candidate comes last.",
                by.lstm_step(order="ifgo"),
            ),
            Mistake(
                "the first two blocks of columns are exchanged: the input gate comes first.",
                by.lstm_step(order="fiog"),
            ),
            Mistake(
                "the candidate reaches c unhindered. Which gate is missing?",
                by.lstm_step(by.without_i),
            ),
            Mistake(
                "nothing new is written: a whole term is missing.",
                by.lstm_step(by.without_write),
            ),
            Mistake("the old c is never forgotten: the cell of 1997.", by.lstm_step(by.without_f)),
            Mistake("h is read from c without the tanh between them.", by.lstm_step(by.plain_h)),
            Mistake(
                "the output gate is not used: all of tanh(c) is shown.",
                by.lstm_step(by.all_shown),
            ),
            Mistake(
                "c is squashed. Its road has no tanh; only what is shown has one.",
                by.lstm_step(by.squashed_c),
            ),
            Mistake("the bias is missing in the pre-activations.", by.lstm_step(bias=0.0)),
            Mistake("h and c came back in the other order: h is the first.", by.states_exchanged),
            Mistake(
                "the candidate is never negative here. It is a content, not a switch.",
                by.lstm_step(candidate=by.sigmoid),
            ),
            Mistake(
                "each gate took every fourth column. A gate is a block of H neighbouring columns.",
                by.lstm_step(neighbours=True),
            ),
        ),
        ("h", "c"),
    ),
    Exercise(
        "ch9.columns",
        "From one order of columns to another",
        by.columns((0, 1, 3, 2)),
        by.draw_columns,
        (
            Mistake("nothing changed. Which two blocks have to change places?", lambda W: W),
            Mistake(
                "single columns were moved. A gate is a block of H neighbouring columns.",
                by.interleaved,
            ),
            Mistake(
                "only four columns came back. A gate is a block of H columns, not one.",
                lambda W: W[:, [0, 1, 3, 2]],
            ),
            Mistake(
                "the wrong two blocks changed places: f is the second in both orders.",
                by.columns((0, 2, 1, 3)),
            ),
            Mistake(
                "all blocks moved. The first two are the same in both orders.",
                by.columns((3, 2, 1, 0)),
            ),
        ),
    ),
    Exercise(
        "ch9.half-life",
        "The half-life of a memory",
        by.search_half_life,
        lambda rng: (float(rng.uniform(0.2, 4.5)),),
        (
            Mistake(
                "the sign is turned: the logarithm of a number below 1 is negative.",
                lambda b: math.log(2) / math.log(by.sigmoid(b)),
            ),
            Mistake(
                "b is not the gate. What does the gate do with its pre-activation?",
                lambda b: math.log(2) / -math.log(b),
            ),
            Mistake("this is the share after one step, the gate itself.", by.sigmoid),
            Mistake(
                "this takes the loss of the first step for the loss of every step. "
                "What is left shrinks, and so does what is lost.",
                lambda b: 0.5 / (1 - by.sigmoid(b)),
            ),
            Mistake(
                "this is the time until 1/e is left. The question is when one half is left.",
                lambda b: 1 / -math.log(by.sigmoid(b)),
            ),
            Mistake(
                "this is how many halvings there are in one step. The question is the reverse.",
                lambda b: -math.log2(by.sigmoid(b)),
            ),
            Mistake(
                "a larger bias must keep longer. Look at the sign in the sigmoid.",
                lambda b: math.log(2) / -math.log(by.sigmoid(-b)),
            ),
        ),
    ),
    Exercise(
        "ch9.bias",
        "The bias for a half-life",
        by.search_bias,
        lambda rng: (float(rng.uniform(1.5, 60.0)),),
        (
            Mistake("this is the gate. Which bias gives it?", lambda steps: 0.5 ** (1 / steps)),
            Mistake(
                "the sign is turned: a long memory needs a gate near 1, a large bias.",
                lambda steps: math.log(2 ** (1 / steps) - 1),
            ),
            Mistake(
                "close for long memories, but not exact: is σ(b) = 1 − e^−b?",
                lambda steps: -math.log(1 - 0.5 ** (1 / steps)),
            ),
            Mistake(
                "close for long memories, but not exact: is ln(1 + e^−b) = e^−b?",
                lambda steps: math.log(steps / math.log(2)),
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
        by.every_cell(),
        by.draw_run,
        (
            Mistake("these are the hidden states: shown, not kept.", by.every_cell(give="h")),
            Mistake(
                "the list begins with c_0. Its first entry should be c_1.",
                by.every_cell(first=0),
            ),
            Mistake(
                "this run begins from zeros. Two states were given: where do they go in?",
                by.every_cell(start=0),
            ),
            Mistake(
                "every step begins from c_0 again. What goes on?",
                by.every_cell(carry_c=False),
            ),
            Mistake(
                "the gates read h_0 at every step. Two things go on from step to step.",
                by.every_cell(carry_h=False),
            ),
        ),
    ),
)
