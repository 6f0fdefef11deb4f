"""Chapter 5: the unrolled network, token by token: states, probabilities, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from unrolled import ops
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.models import Model, ModelParams, forward
from unrolled.shapes import Array
from unrolled.tasks import Spelling

Weights = tuple[ModelParams, Literal["carried", "reset"]]

FIRST, PITCH = 84.0, 107.0  # middle of the first column, and from column to column
FLOOR, TOP = 148.0, 58.0  # where a probability of 0 and one of 1 end
STATE, READ = 236.0, 322.0  # middles of the states and of the tokens read
WIDE, HIGH = 84.0, 84.0  # of a state's box
DIM = 0.3
SCORED = ("at every step", "at the last step")


class Reading(NamedTuple):
    """One run over the word, with what the package computes of it."""

    reads: str
    answers: str
    """The token at each step, and the one that follows it."""
    carried: bool
    """Whether a state is handed to the next step."""
    hs: Array
    """(T, H)."""
    p: Array
    """(T, V)."""
    right: Array
    """The probability of each answer, (T,)."""
    nats: Array
    """The loss of each step, (T,)."""
    so_far: Array
    """The loss of all steps up to each, (T,)."""


def spelling(model: Model, word: Spelling, weights: Mapping[str, Weights], start: str) -> Figure:
    """Show a word being read token by token.

    See eq-unroll, eq-readout, eq-softmax, eq-cross-entropy and eq-total-loss (chapter 5).

    Parameters
    ----------
    model : Model
        Scored by cross-entropy at every step.
    word : Spelling
        One sequence of T tokens.
    weights : mapping of str to (ModelParams, {"carried", "reset"})
        Parameters by the name on the figure, and whether the state is carried from step to step
        or begins at zero at each of them.
    start : str
        Which of them is shown first.

    Returns
    -------
    Figure
        One column a step, from the token read up to the loss of the answer.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        Parameters that do not fit the word, a start that is none of the names.
    """
    T = len(word.inputs)
    labels = word.vocabulary.characters
    readings = {name: _read(model, word, *each) for name, each in weights.items()}

    def net(weights: str, t: int) -> Drawn:
        reading = readings[weights]
        shapes = [_scales()]
        for step in range(T):
            lit = 1 if step < t else DIM
            whole = svg.box(_middle(step), 170, WIDE + 8, 340, fill="none", pointer_events="all")
            column = [
                whole,  # a click between the bars counts too
                *_probabilities(step, reading, labels),
                *_state(step, reading.hs[step], now=step == t - 1),
                *_token(step, reading.reads[step]),
            ]
            shapes.append(_link(step, lit if reading.carried else 0))
            shapes.append(
                svg.group(*column, key=f"column{step}", opacity=lit, sets=f'{{"t": {step + 1}}}')
            )
        return Drawn(shapes, "")

    def loss(weights: str, t: int, scored: str) -> Drawn:
        reading = readings[weights]
        shapes = []
        for step in range(T):
            counts = scored == SCORED[0] or step == T - 1
            written = f"{reading.nats[step]:.4f}" if counts else "not scored"
            lit = 1 if step < t else DIM
            place = _middle(step)
            shapes.append(svg.text(place, 12, written, key=f"loss{step}", fill="loss", opacity=lit))
        return Drawn(shapes, _in_words(reading, t, scored))

    controls = [
        Control("t", "step t", tuple(range(1, T + 1)), T, "steps"),
        Control("weights", "weights", tuple(readings), start, "choice"),
        Control("scored", "scored", SCORED, SCORED[0], "choice"),
    ]
    return respond(
        "token-steps",
        "A network reads a word token by token",
        "One column for each step: at the bottom the token read, above it a box with the state's "
        "entries as bars, upward if positive and downward if negative, then one bar for the "
        "probability of each class, that of the right answer in green, and at the top the loss of "
        "the step in nats. Arrows lead from state to state where it is carried.",
        (460, 350),
        controls,
        net,
        loss,
    )


def _read(
    model: Model, word: Spelling, params: ModelParams, state: Literal["carried", "reset"]
) -> Reading:
    """Run the model over the word: as one sequence, or as T sequences of one step each."""
    carried = state == "carried"
    run = forward(model, params, word.inputs if carried else word.inputs.reshape(1, -1))
    T, targets = len(word.targets), word.targets
    logits = run.outputs.reshape(T, 1, -1)
    p = ops.softmax(logits)[:, 0]
    steps = range(T)
    return Reading(
        word.vocabulary.decode(word.inputs[:, 0]),
        word.vocabulary.decode(targets[:, 0]),
        carried,
        run.tape.hs.reshape(T, -1),
        p,
        p[steps, targets[:, 0]],
        np.array([ops.softmax_cross_entropy(logits[t], targets[t]) for t in steps]),
        np.array([ops.softmax_cross_entropy(logits[: t + 1], targets[: t + 1]) for t in steps]),
    )


def _in_words(reading: Reading, t: int, scored: str) -> str:
    place, last = t - 1, len(reading.reads)
    entries = ", ".join(f"{each:.2f}" for each in reading.hs[place, :3].round(2) + 0.0)
    entries = entries.replace("-", "−")
    more = ", …" if reading.hs.shape[1] > 3 else ""
    begins = "" if reading.carried else "begins with a state of zeros, "
    p, nats = f"{reading.right[place]:.4f}", f"{reading.nats[place]:.4f}"
    said = f"t = {t}: {begins}reads {reading.reads[place]}, state ({entries}{more}); "
    said += f"p({reading.answers[place]})\u00a0=\u00a0{p}"
    loss = f"−ln\u00a0{p}\u00a0=\u00a0{nats}"  # not to be torn at the end of a line
    if scored == SCORED[0]:
        return f"{said}, so this step’s loss is {loss}; so far {reading.so_far[place]:.4f}."
    if t < last:
        return f"{said}, but this step is not scored; so far 0."
    return f"{said}, so the whole loss is {loss}."


def _middle(step: int) -> float:
    return FIRST + PITCH * step


def _scales() -> Element:
    """Write what the lines of the bars mean, left of the first column."""
    left = FIRST - WIDE / 2 - 8
    small = 12.0
    return svg.group(
        svg.text(left, 12, "loss", anchor="end", fill="loss"),
        svg.text(left, TOP, "1", anchor="end", fill="neutral", size=small),
        svg.text(left, (TOP + FLOOR) / 2, "p_t", anchor="end"),
        svg.text(left, FLOOR, "0", anchor="end", fill="neutral", size=small),
        svg.text(left - 14, STATE + 20, "h_t", anchor="end", fill="state"),
        svg.text(left, READ, "x_t", anchor="end", fill="input"),
    )


def _probabilities(step: int, reading: Reading, labels: Sequence[str]) -> list[Element]:
    """Draw one bar a class over its name; the answer's is strong and carries its number."""
    height = svg.scale((0, 1), (FLOOR, TOP))
    left, pitch = _middle(step) - WIDE / 2, WIDE / len(labels)
    shapes = [svg.line([(left, FLOOR), (left + WIDE, FLOOR)], width=1, stroke="neutral")]
    for place, (label, p) in enumerate(zip(labels, reading.p[step], strict=True)):
        x, key = left + pitch * (place + 0.5), f"p{step}-{place}"
        bar = (x, FLOOR, height(p), 0.7 * pitch, key)
        if label != reading.answers[step]:
            shapes.append(_bar(*bar, fill="neutral", opacity=0.6))
            shapes.append(svg.text(x, FLOOR + 12, label, fill="neutral", size=13))
            continue
        above = round(height(reading.p[step].max()), 1) - 9  # clear of a higher bar beside it
        shapes += [
            _bar(*bar, fill="state"),
            svg.text(x, FLOOR + 12, label, fill="state", size=13, font_weight="bold"),
            svg.text(x, above, f"{p:.2f}", key=f"number{step}", fill="state", size=12),
        ]
    return shapes


def _state(step: int, h: Array, *, now: bool) -> list[Element]:
    """Draw the state's entries as bars from the middle line of its box."""
    x, left = _middle(step), _middle(step) - WIDE / 2
    height = svg.scale((-1, 1), (STATE + HIGH / 2 - 5, STATE - HIGH / 2 + 5))
    pitch = (WIDE - 12) / len(h)
    frame: dict[str, Any] = {"fill": "paper", "stroke": "state", "stroke_width": 3 if now else 1.4}
    shapes = [
        svg.arrow((x, STATE - HIGH / 2 - 2), (x, FLOOR + 23), stroke="loss"),
        svg.box(x, STATE, WIDE, HIGH, key=f"box{step}", **frame),
        svg.line([(left, STATE), (left + WIDE, STATE)], width=1, stroke="neutral"),
    ]
    for place, entry in enumerate(h):
        foot = left + 6 + pitch * (place + 0.5)
        shapes.append(
            _bar(foot, STATE, height(entry), 0.7 * pitch, f"h{step}-{place}", fill="state")
        )
    return shapes


def _bar(x: float, foot: float, end: float, width: float, key: str, **options: Any) -> Element:
    """Draw a bar from a height up or down to another one."""
    end = round(end, 1)
    return svg.box(x, (foot + end) / 2, width, abs(end - foot), radius=0, key=key, **options)


def _token(step: int, token: str) -> list[Element]:
    x = _middle(step)
    return [
        svg.arrow((x, READ - 16), (x, STATE + HIGH / 2 + 3), stroke="input"),
        svg.circle(x, READ, 15, fill="paper", stroke="input", stroke_width=1.6),
        svg.text(x, READ, token, fill="input", font_weight="bold"),
    ]


def _link(step: int, opacity: float) -> Element:
    """Draw the arrow that carries the state into a step."""
    end = _middle(step) - WIDE / 2 - 2
    start = end - (PITCH - WIDE) + 4
    return svg.arrow(
        (start, STATE), (end, STATE), key=f"link{step}", stroke="state", opacity=opacity
    )
