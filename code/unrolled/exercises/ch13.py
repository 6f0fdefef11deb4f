"""Exercises of chapter 13: a character model of real text."""

from __future__ import annotations

import numpy as np

from unrolled.exercises import ch13_answers as answers
from unrolled.exercises.ch13_choices import MEMORY, MEMORY_MISTAKES, PARTS, PARTS_MISTAKES
from unrolled.exercises.model import Exercise, Mistake

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch13.perplexity",
        "Perplexity",
        answers.perplexity,
        answers.draw_probabilities,
        (
            Mistake(
                "this is the mean of 1/p. Perplexity is 2 to the power of a mean of logarithms: "
                "which mean of 1/p is that?",
                lambda p: float((1 / p).mean()),
            ),
            Mistake(
                "this is 1 over the mean probability. The logarithms are averaged, not the "
                "probabilities.",
                lambda p: float(1 / p.mean()),
            ),
            Mistake(
                "these are the bits per character. One step more leads to the perplexity.",
                lambda p: float(-np.log2(p).mean()),
            ),
            Mistake(
                "the base of the logarithm and that of the power differ: take 2 for both, "
                "or e for both.",
                lambda p: float(np.exp(-np.log2(p).mean())),
            ),
            Mistake(
                "the base of the logarithm and that of the power differ: nats want e.",
                lambda p: float(2 ** -np.log(p).mean()),
            ),
            Mistake(
                "this is the sum of the bits as a power of 2, not their mean.",
                lambda p: float(np.prod(1 / p)),
            ),
        ),
    ),
    Exercise(
        "ch13.parts",
        "Which part of the text decides what",
        lambda: PARTS,
        mistakes=PARTS_MISTAKES,
    ),
    Exercise(
        "ch13.draw",
        "Drawing at a temperature",
        answers.drawn,
        answers.draw_logits,
        (
            Mistake(
                "the logits are multiplied by the temperature: a low one should sharpen.",
                lambda o, tau, us: answers.drawn(o, 1 / tau, us),
            ),
            Mistake(
                "the temperature has no effect. Divide the logits by it, before the softmax: "
                "divided probabilities are the old ones again once they sum to 1.",
                lambda o, tau, us: answers.drawn(o, 1.0, us),
            ),
            Mistake(
                "this is always the most probable class. Where do the random numbers enter?",
                lambda o, tau, us: np.full(len(us), int(np.argmax(o))),
            ),
            Mistake(
                "only class 0 is drawn: the exponentials overflow, and nothing is larger than "
                "NaN. Which number may be taken off all logits without any effect?",
                answers.careless,
            ),
            Mistake(
                "one class too far: count the classes whose running sum is not above u.",
                lambda o, tau, us: answers.drawn(o, tau, us) + 1,
            ),
        ),
    ),
    Exercise(
        "ch13.nucleus",
        "The nucleus",
        answers.nucleus,
        answers.draw_nucleus,
        (
            Mistake(
                "what is kept does not sum to 1 yet.",
                lambda p, share: answers.nucleus(p, share, whole=False),
            ),
            Mistake(
                "the class that crosses the share belongs to the nucleus: without it the sum "
                "stays below.",
                lambda p, share: answers.nucleus(p, share, cross=False),
            ),
            Mistake(
                "the classes are taken in the order of their ids. Which ones should come first?",
                answers.unsorted,
            ),
            Mistake(
                "the right classes, but sorted: each has to stand at its own id again.",
                lambda p, share: np.sort(answers.nucleus(p, share))[::-1].copy(),
            ),
            Mistake(
                "a class is kept or not by its own size here. The nucleus is the smallest set "
                "whose sum reaches the share.",
                answers.threshold,
            ),
        ),
    ),
    Exercise(
        "ch13.lower",
        "What the lower order has to be",
        answers.lower,
        answers.draw_pairs,
        (
            Mistake(
                "this is how often each character occurs. The pairs' own part holds most of that "
                "already: what is missing of each column after the discount?",
                lambda counts: counts.sum(axis=0) / counts.sum(),
            ),
            Mistake(
                "these are the kinds that follow each character. Count those that stand before it.",
                lambda counts: (counts > 0).sum(axis=1) / (counts > 0).sum(),
            ),
            Mistake(
                "the right counts; they are not divided by their sum yet.",
                lambda counts: (counts > 0).sum(axis=0).astype(float),
            ),
            Mistake(
                "equal shares do not keep how often each character occurs.",
                lambda counts: np.full(len(counts), 1 / len(counts)),
            ),
        ),
    ),
    Exercise(
        "ch13.memory",
        "What shows a memory",
        lambda: MEMORY,
        mistakes=MEMORY_MISTAKES,
    ),
    Exercise(
        "ch13.entropy",
        "Entropy grows with temperature",
        answers.entropy_slope,
        answers.draw_tempered,
        (
            Mistake(
                "the right power is another: one factor 1/τ² comes from the derivative of 1/τ, "
                "and one more 1/τ from the entropy itself.",
                answers.by_moments(2),
            ),
            Mistake(
                "the sign is turned: a hot model is less sure.", answers.by_moments(3, sign=-1)
            ),
            Mistake(
                "this is the mean of the squared logits. A constant added to all of them must "
                "not change the result.",
                answers.by_moments(3, centred=False),
            ),
            Mistake(
                "every logit counts alike in your mean. Weigh each by its probability at this "
                "temperature.",
                answers.by_moments(3, weighted=False),
            ),
            Mistake("this is the variance alone. How does it depend on τ?", answers.by_moments(0)),
        ),
        tolerance=1e-8,
    ),
    Exercise(
        "ch13.beat",
        "Beating the 5-gram",
        answers.best_guess,
        answers.draw_delayed,
        (
            Mistake(
                "this is the 5-gram. The last four characters tell nothing here: compare each "
                "character with the ones 6, 7, … 10 places before it.",
                answers.five_gram,
            ),
            Mistake(
                "this is how often each character occurs, or nearly so: no character of the "
                "context enters it.",
                answers.by_frequency,
            ),
            Mistake(
                "too sure: the text does not always repeat. How often does it, in the training "
                "part? One miss with probability 0 costs infinitely many bits.",
                answers.surest,
            ),
            Mistake(
                "you look at the neighbour: the last character of the context is one place "
                "before the next one, not zero.",
                lambda training, context, V: answers.best_guess(training, context, V, 1),
            ),
        ),
        tolerance=0.08,
    ),
)
