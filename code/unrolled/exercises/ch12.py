"""Exercises of chapter 12, long lags."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

import numpy as np

from unrolled.analysis.proportions import wilson
from unrolled.exercises import ch12_answers as right
from unrolled.exercises import ch12_questions as q
from unrolled.exercises.model import Exercise, Mistake

FOLLOWS = {
    "loss below 1/6, so both numbers are remembered": False,
    "loss below 1/12, so both numbers are remembered": True,
    "loss near the floor, so T or P is remembered": False,
    "10 of 10 seeds solved it, so its chance is 1": False,
    "0 of 10 seeds solved it, so the cell cannot learn it": False,
    "a swapped symbol changes the answer, so it is used": True,
}


def _follows(start: str) -> Callable[[], dict[str, bool]]:
    """Turn the one entry round that starts so."""
    return lambda: {name: holds != name.startswith(start) for name, holds in FOLLOWS.items()}


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch12.constant",
        "The best constant answer to any sum",
        right.sum_variance,
        q.draw_sum,
        (
            Mistake(
                "this holds for numbers between 0 and 1. Stretch them: what happens to a squared "
                "distance when every length is multiplied?",
                lambda k, low, high: k / 12,
            ),
            Mistake(
                "a variance grows with the square of the width.",
                lambda k, low, high: k * (high - low) / 12,
            ),
            Mistake(
                "this is one number. Independent variances add up.",
                lambda k, low, high: (high - low) ** 2 / 12,
            ),
            Mistake(
                "this is one number multiplied by k. A sum of k independent numbers spreads less.",
                lambda k, low, high: (k * (high - low)) ** 2 / 12,
            ),
            Mistake(
                "this is the error of the answer 0. Which constant is the best one?",
                lambda k, low, high: k * (high - low) ** 2 / 12 + (k * (high + low) / 2) ** 2,
            ),
            Mistake(
                "this is a standard deviation; the error asked for is squared.",
                lambda k, low, high: np.sqrt(k / 12) * (high - low),
            ),
        ),
    ),
    Exercise(
        "ch12.follows",
        "What follows from what",
        lambda: FOLLOWS,
        mistakes=(
            Mistake(
                "1/6 is the score of an answer that knows nothing. Which score does one reach "
                "that sees the later number alone?",
                _follows("loss below 1/6"),
            ),
            Mistake(
                "1/12 is the best that can be had without the earlier number, and the same holds "
                "without the later one. What is left below it?",
                _follows("loss below 1/12"),
            ),
            Mistake(
                "how much of the loss of a whole string hangs on the one symbol T or P?",
                _follows("loss near the floor"),
            ),
            Mistake(
                "ten of ten also happen by luck: look at the interval of ten of ten.",
                _follows("10 of 10"),
            ),
            Mistake(
                "a budget ended these runs. What would a larger one have shown?",
                _follows("0 of 10"),
            ),
            Mistake(
                "nothing else was changed. What else could have changed the answer?",
                _follows("a swapped symbol"),
            ),
        ),
    ),
    Exercise(
        "ch12.generator",
        "A mini-batch of the adding problem",
        right.marked,
        q.draw_marks,
        (
            Mistake(
                "xs[rows] = 1 marks these steps in every sequence. Each sequence n has its own "
                "row: index with the rows and np.arange(N) together.",
                q.every_row,
            ),
            Mistake(
                "the marks are missing in the second feature.",
                lambda values, first, second: (
                    np.stack([values, np.zeros_like(values)], axis=-1),
                    right.marked(values, first, second)[1],
                ),
            ),
            Mistake(
                "the numbers that are not marked have to stay: skipping them is to be learnt.",
                lambda values, first, second: (
                    right.marked(values, first, second)[0]
                    * right.marked(values, first, second)[0][:, :, 1:],
                    right.marked(values, first, second)[1],
                ),
            ),
            Mistake(
                "the target is the sum of the marked numbers, not of all.",
                lambda values, first, second: (
                    right.marked(values, first, second)[0],
                    values.sum(axis=0)[:, None],
                ),
            ),
            Mistake(
                "the two features are exchanged: first the number, then the mark.",
                lambda values, first, second: (
                    right.marked(values, first, second)[0][:, :, ::-1],
                    right.marked(values, first, second)[1],
                ),
            ),
            Mistake(
                "this is the mean of the two numbers; their sum is asked for.",
                lambda values, first, second: (
                    right.marked(values, first, second)[0],
                    right.marked(values, first, second)[1] / 2,
                ),
            ),
        ),
        ("xs", "targets"),
    ),
    Exercise(
        "ch12.lucky",
        "Right by luck",
        right.lucky_share,
        q.draw_tolerance,
        (
            Mistake(
                "this takes the density for flat at its peak. How does it fall to both sides?",
                lambda tolerance: 2 * tolerance,
            ),
            Mistake(
                "this would hold if the sum were uniform on [0, 2]. It is not: sums near 1 are "
                "more frequent.",
                lambda tolerance: tolerance,
            ),
            Mistake(
                "this is one side only; the sum may also be too small.",
                lambda tolerance: tolerance - tolerance**2 / 2,
            ),
            Mistake(
                "this is the formula of 1997, where the sum is divided by 4 and the numbers are "
                "spread over [−1, 1].",
                lambda tolerance: 4 * tolerance - 4 * tolerance**2,
            ),
            Mistake(
                "this is the share that is wrong.",
                lambda tolerance: (1 - tolerance) ** 2,
            ),
        ),
    ),
    Exercise(
        "ch12.window",
        "What a window can score",
        right.windowed,
        q.draw_window,
        (
            Mistake("two numbers can be missed, not one.", lambda T, W: (1 - W / T) / 12),
            Mistake(
                "this is the share of steps that are seen. The error comes from the others.",
                lambda T, W: W / T / 6,
            ),
            Mistake(
                "the two chances to miss a number are added, not multiplied: each number that is "
                "missed costs 1/12.",
                lambda T, W: (1 - W / T) ** 2 / 6,
            ),
            Mistake(
                "beyond T/2 steps the window reaches into the first half, and sees more.",
                lambda T, W: max(1 / 12, (1 - W / T) / 6),
            ),
            Mistake(
                "this treats each half as seen or not seen as a whole. A window may cover a part "
                "of a half.",
                lambda T, W: 1 / 6 if W < T / 2 else 1 / 12,
            ),
        ),
        draws=24,
    ),
    Exercise(
        "ch12.solved",
        "Whether a string is right",
        right.strings_right,
        q.draw_outputs,
        (
            Mistake(
                "where two symbols are legal, both must be above all others, not the top one.",
                q.top_is_legal,
            ),
            Mistake("one answer for each string is asked for, not for each step.", q.by_step),
            Mistake(
                "a string is right if every step is, not if some step is.",
                lambda outputs, legal: q.by_step(outputs, legal).any(axis=0),
            ),
            Mistake(
                "after the end of a string nothing is legal, and nothing can be wrong there.",
                lambda outputs, legal: (q.by_step(outputs, legal) & legal.any(axis=-1)).all(axis=0),
            ),
            Mistake(
                "this tells the strings that are wrong.",
                lambda outputs, legal: ~q.by_step(outputs, legal).all(axis=0),
            ),
        ),
    ),
    Exercise(
        "ch12.probe",
        "Swap the early symbol",
        right.answers_changed,
        q.draw_probe,
        (
            Mistake(
                "xs[row] takes whole rows, so symbols of other sequences were swapped too. Index "
                "with the rows and np.arange(N) together.",
                q.whole_rows,
            ),
            Mistake(
                "this is the share of answers that stayed the same.",
                lambda ask, xs, row: 1 - right.answers_changed(ask, xs, row),
            ),
            Mistake(
                "this sets the symbol to Y everywhere: where it was Y, nothing was swapped.",
                q.set_to(1),
            ),
            Mistake(
                "this sets the symbol to X everywhere: where it was X, nothing was swapped.",
                q.set_to(0),
            ),
            Mistake(
                "this counts the sequences; a share is asked for.",
                lambda ask, xs, row: len(row) * right.answers_changed(ask, xs, row),
            ),
        ),
    ),
    Exercise(
        "ch12.report",
        "A report that hides no failure",
        right.report,
        q.draw_runs,
        (
            Mistake(
                "median: the failures are left out. A run that failed needs more sequences than "
                "any that did not.",
                q.reported(median=lambda needed, z: float(median(q.solved(needed)))),
            ),
            Mistake(
                "median: a failure is counted as 0 sequences, as if it were the fastest run.",
                q.reported(median=lambda needed, z: float(median([n or 0 for n in needed]))),
            ),
            Mistake(
                "low and high: this is the share plus and minus z standard errors, which can leave "
                "the range from 0 to 1. Solve the quadratic of the page.",
                q.reported(low=q.standard_errors(-1), high=q.standard_errors(1)),
            ),
            Mistake(
                "low and high: the middle of the interval is not the share seen. Both limits are "
                "moved towards 1/2.",
                q.reported(
                    low=lambda needed, z: q.around_share(needed, z, -1),
                    high=lambda needed, z: q.around_share(needed, z, 1),
                ),
            ),
            Mistake(
                "low and high are exchanged.",
                q.reported(
                    low=lambda needed, z: right.report(needed, z)["high"],
                    high=lambda needed, z: right.report(needed, z)["low"],
                ),
            ),
            Mistake(
                "share: this is the share of failures.",
                q.reported(share=lambda needed, z: 1 - len(q.solved(needed)) / len(needed)),
            ),
            Mistake(
                "low and high: z is not used; this is the interval for 95 %.",
                q.reported(
                    low=lambda needed, z: wilson(len(q.solved(needed)), len(needed)).low,
                    high=lambda needed, z: wilson(len(q.solved(needed)), len(needed)).high,
                ),
            ),
        ),
        draws=48,
        tolerance=1e-6,
    ),
)
