"""Exercises of chapter 7, vanishing and exploding gradients."""

from __future__ import annotations

import numpy as np

from unrolled.exercises import ch7_answers as answers
from unrolled.exercises.ch7_answers import CLAIMS, CONDITIONS, changed
from unrolled.exercises.model import Exercise, Mistake

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch7.norms",
        "The norm of a gradient at every state",
        answers.norms,
        answers.draw_run,
        (
            Mistake(
                "the gradient never passes tanh. What does each step do before Wh is met?",
                answers.walk(lambda dh, h, W: dh @ W.T),
            ),
            Mistake(
                "the gradient goes through Wh the way the state came. "
                "Which index of Wh is summed on the way back?",
                answers.walk(lambda dh, h, W: (dh * (1 - h**2)) @ W),
            ),
            Mistake(
                "you began at the first state. Where does the gradient arrive?",
                answers.walk(lambda dh, h, W: (dh * (1 - h**2)) @ W.T, forth=True),
            ),
            Mistake(
                "slope and weight are applied in the other order. The gradient meets tanh first.",
                answers.walk(lambda dh, h, W: (dh @ W.T) * (1 - h**2)),
            ),
            Mistake(
                "hs holds states: tanh has been applied to them already. "
                "How is its slope found from the state?",
                answers.walk(lambda dh, h, W: (dh * (1 - np.tanh(h) ** 2)) @ W.T),
            ),
            Mistake(
                "each step back is right, each length is not: "
                "the Euclidean norm is the root of a sum of squares.",
                answers.lengths(lambda row: np.abs(row).sum()),
            ),
            Mistake(
                "these are the squares of the norms: a root is missing.",
                lambda dh, hs, W: answers.norms(dh, hs, W) ** 2,
            ),
            Mistake(
                "the numbers fit, their order does not: the last state comes first.",
                lambda dh, hs, W: answers.norms(dh, hs, W)[::-1],
            ),
        ),
    ),
    Exercise(
        "ch7.claims",
        "What saturation, tanh and clipping do",
        lambda: CLAIMS,
        mistakes=(
            Mistake(
                "shorten: how large is the slope of tanh near ±1?", changed(CLAIMS, shorten=False)
            ),
            Mistake(
                "explode: can a factor between 0 and 1 make anything longer?",
                changed(CLAIMS, explode=True),
            ),
            Mistake(
                "tanh: look at the table of the fresh net once more. Which function did it use?",
                changed(CLAIMS, tanh=True),
            ),
            Mistake(
                "direction: every entry is multiplied by the same number. What does that turn?",
                changed(CLAIMS, direction=False),
            ),
            Mistake(
                "revive: what does clipping do with a gradient below its limit?",
                changed(CLAIMS, revive=True),
            ),
            Mistake(
                "forward: which matrix carries a change forward, and which a gradient backward?",
                changed(CLAIMS, forward=False),
            ),
        ),
    ),
    Exercise(
        "ch7.bound",
        "The bound and the time it gives",
        answers.bound,
        answers.draw_bound,
        (
            Mistake(
                "this uses the spectral radius. How much can one step stretch a row at most?",
                answers.bound_with(lambda W, slope: slope * np.abs(np.linalg.eigvals(W)).max()),
            ),
            Mistake(
                "this uses the root of all squares of Wh, which is larger than any stretch.",
                answers.bound_with(lambda W, slope: slope * np.sqrt((W**2).sum())),
            ),
            Mistake(
                "the slope is missing: a step has two moves.",
                answers.bound_with(lambda W, slope: answers.stretch(W)),
            ),
            Mistake(
                "the slope counts once here. How often does the gradient pass the squashing?",
                answers.slope_once,
            ),
            Mistake(
                "the bound is right; the number of steps is not. "
                "Write the equation with the unknown in the exponent, and take logarithms.",
                answers.bound_and(lambda f, share: share / np.log(f)),
            ),
            Mistake(
                "the number of steps is rounded. Leave it as it is, even if it is not whole.",
                answers.bound_and(lambda f, share: np.ceil(np.log(share) / np.log(f))),
            ),
            Mistake(
                "the number of steps is upside down: a smaller share must take more steps.",
                answers.bound_and(lambda f, share: np.log(f) / np.log(share)),
            ),
        ),
        ("bound", "steps"),
    ),
    Exercise(
        "ch7.clip",
        "Clipping by the global norm",
        answers.clip,
        answers.draw_clip,
        (
            Mistake(
                "each entry is cut by itself, which turns the direction. "
                "What may the gradient be multiplied by?",
                answers.each(lambda part, limit: np.clip(part, -limit, limit)),
            ),
            Mistake(
                "each array has its own norm here. How long are all of them together?",
                answers.each(lambda part, limit: part * min(1.0, limit / np.linalg.norm(part))),
            ),
            Mistake(
                "the lengths of the three arrays are added here. "
                "Is the hypotenuse as long as both other sides together?",
                answers.lengths_added,
            ),
            Mistake(
                "a gradient shorter than the limit becomes longer here. Clipping may only shorten.",
                answers.rescaled(np.linalg.norm, always=True),
            ),
            Mistake(
                "this measures the sum of the squares: a root is missing.",
                answers.rescaled(lambda row: (row**2).sum()),
            ),
            Mistake(
                "this measures the largest entry, not the length of the whole gradient.",
                answers.rescaled(lambda row: np.abs(row).max()),
            ),
            Mistake(
                "long gradients get the length 1 here, not the length of the limit.",
                answers.to_length_one,
            ),
        ),
        ("dWx", "dWh", "db"),
        draws=16,
        tolerance=1e-6,  # whoever adds 1e-6 to the norm, as PyTorch does, is right too
    ),
    Exercise(
        "ch7.conditions",
        "Sufficient and necessary",
        lambda: CONDITIONS,
        mistakes=(
            Mistake(
                "a: a matrix with a large singular value may still send every gradient to 0. "
                "Does vanishing need the condition?",
                changed(CONDITIONS, a="B"),
            ),
            Mistake(
                "b: one net of this page has a singular value above 1, and its gradient dies.",
                changed(CONDITIONS, b="S"),
            ),
            Mistake(
                "b: one half is right. Which half does the net with σ_max = 2.36 refute?",
                changed(CONDITIONS, b="B"),
            ),
            Mistake(
                "c: the sigmoid's largest slope moves the limit. Does it turn the arrow around?",
                changed(CONDITIONS, c="S"),
            ),
            Mistake(
                "d: without slopes the eigenvalues decide in the long run. In one direction only?",
                changed(CONDITIONS, d="S"),
            ),
            Mistake(
                "e: think of a matrix with eigenvalues 0 and a large entry beside the diagonal.",
                changed(CONDITIONS, e="B"),
            ),
            Mistake(
                "f: the two units that cancel have ρ = 0. What did their gradient do?",
                changed(CONDITIONS, f="S"),
            ),
            Mistake(
                "f: one half is right. Which half do the two units that cancel refute?",
                changed(CONDITIONS, f="B"),
            ),
            Mistake(
                "f: not sufficient, that is right. Now take zero inputs and a zero bias: "
                "what kind of net is it then?",
                changed(CONDITIONS, f="-"),
            ),
        ),
    ),
    Exercise(
        "ch7.transient",
        "Growth before decay",
        answers.transient,
        answers.draw_transient,
        (
            Mistake(
                "the first entry alone. The norm has two entries.",
                lambda r, k, lag: (lag * k * r ** (lag - 1), -1 / np.log(r)),
            ),
            Mistake(
                "the two entries are added. The norm is the root of the sum of their squares.",
                lambda r, k, lag: (r ** (lag - 1) * (lag * k + r), -1 / np.log(r)),
            ),
            Mistake(
                "the norm is right; the place of the largest entry is rounded. Leave it as it is.",
                lambda r, k, lag: (r ** (lag - 1) * np.hypot(lag * k, r), round(-1 / np.log(r))),
            ),
            Mistake(
                "the first entry counts its ways once. In how many of the steps can the gradient "
                "pass from the second unit to the first?",
                lambda r, k, lag: (r ** (lag - 1) * np.hypot(k, r), -1 / np.log(r)),
            ),
            Mistake(
                "one power of r too many in the first entry: one of the steps is the crossing.",
                lambda r, k, lag: (r**lag * np.hypot(lag * k, 1), -1 / np.log(r)),
            ),
            Mistake(
                "the norm is right; the place of the largest entry has the wrong sign.",
                lambda r, k, lag: (r ** (lag - 1) * np.hypot(lag * k, r), 1 / np.log(r)),
            ),
            Mistake(
                "the norm is right. For the largest entry set the derivative of ℓ r^(ℓ−1) to 0; "
                "it has two terms.",
                lambda r, k, lag: (r ** (lag - 1) * np.hypot(lag * k, r), 1 / (1 - r)),
            ),
        ),
        ("norm", "lag of the largest first entry"),
    ),
    Exercise(
        "ch7.product",
        "The bound against the product",
        answers.product,
        answers.draw_product,
        (
            Mistake(
                "the slopes are missing from the product: this is the linear net.",
                answers.product_with(lambda product, slopes, W: product @ W.T),
            ),
            Mistake(
                "the factors stand in the wrong order. Which Jacobian does a gradient meet first?",
                answers.product_with(lambda product, slopes, W: product @ slopes @ W.T, forth=True),
            ),
            Mistake(
                "slopes and weights have changed places inside each Jacobian. "
                "The slope belongs to the unit that comes out.",
                answers.product_with(lambda product, slopes, W: product @ W.T @ slopes),
            ),
            Mistake(
                "Wh is not transposed in the Jacobian: its rows are the old units.",
                answers.product_with(lambda product, slopes, W: product @ slopes @ W),
            ),
            Mistake(
                "the last number multiplies the stretch of each Jacobian. That is one more bound: "
                "can one gradient be the most stretched row of them all?",
                answers.product_of_stretches,
            ),
            Mistake(
                "the last number is a spectral radius. How much is a gradient stretched at most?",
                answers.product_radius,
            ),
        ),
        ("sigma", "bound", "stretch"),
    ),
)
