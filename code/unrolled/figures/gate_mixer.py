"""Chapter 9: one LSTM unit with gates set by hand, and how long its forget gate lets it keep."""

from __future__ import annotations

from functools import cache
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.analysis.memory import gate_half_life
from unrolled.cells.lstm import LSTM, LSTMParams, Memory
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.shapes import ArgumentError

FORGET = (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
OPEN = (0, 0.2, 0.4, 0.6, 0.8, 1)
CANDIDATES = (-1, -0.5, 0, 0.5, 1)
STEPS = 24  # of the lower panel
ALONG = svg.scale((-2.0, 2.0), (130.0, 390.0))  # of a value in the upper panel
ROWS = {"c_prev": 30, "kept": 66, "written": 102, "c": 138, "tanh_c": 174, "h": 210}
LABELS = {"c_prev": "c before", "kept": "f · c before", "written": "+  i · g", "c": "c after"} | {
    "tanh_c": "tanh(c)",
    "h": "h = o · tanh(c)",
}
COLOUR = {"c_prev": "cell", "kept": "forget_gate", "written": "input_gate", "c": "cell"} | {
    "tanh_c": "neutral",
    "h": "state",
}
ACROSS = svg.scale((0, STEPS), (52.0, 440.0))
HEIGHT = svg.scale((0.0, 1.0), (424.0, 294.0))  # of a share in the lower panel


def mixer(c_prev: float = 0.8) -> Figure:
    """Set the gates of one unit and watch c and h. See eq-lstm-c, eq-lstm-h and eq-half-life.

    Every value comes from ``LSTM.step`` (chapter 9): its four inputs are the pre-activations.

    Parameters
    ----------
    c_prev : float
        The cell before the step, not zero, from −1 to 1.

    Returns
    -------
    Figure
        Above one step as bars, below what is left of c over time if nothing is written.

    Raises
    ------
    ArgumentError
        A c_prev that is zero or outside of [−1, 1].
    """
    if not 0 < abs(c_prev) <= 1:
        raise ArgumentError(f"c_prev: expected a number from −1 to 1 but 0, got {c_prev!r}.")

    before = _bracketed(_short(c_prev))

    @cache
    def step(f: float, i: float, g: float, o: float) -> tuple[float, float, float]:
        return _step(c_prev, i, f, o, g)

    def ground() -> Drawn:
        ticks = [(ALONG(value), _short(value)) for value in (-2, -1, 0, 1, 2)]
        shapes = [_scale(ticks), *_bar("c_prev", 0, c_prev, keyed=False)]
        shapes += [svg.text(4, y, LABELS[row], anchor="start") for row, y in ROWS.items()]
        steps = [(ACROSS(k), str(k)) for k in range(0, STEPS + 1, 6)]
        levels = [(HEIGHT(share), f"{share:g}") for share in (0, 0.5, 1)]
        top, bottom = HEIGHT(1), HEIGHT(0)
        y_label = "share of c left, nothing written"
        across = (ACROSS(0), ACROSS(STEPS))
        shapes.append(
            svg.axes(across, (top, bottom), steps, levels, x_label="steps", y_label=y_label)
        )
        half = [(across[0], HEIGHT(0.5)), (across[1], HEIGHT(0.5))]
        shapes.append(svg.line(half, width=1, stroke="neutral", stroke_dasharray="3 4"))
        return Drawn(shapes, "")

    def forget(f: float) -> Drawn:
        shapes = _bar("kept", 0, step(f, 0, 0, 0)[0])
        left = [f**k for k in range(STEPS + 1)]
        shapes += [
            svg.circle(ACROSS(k), round(HEIGHT(share), 1), 3.5, key=f"left{k}", fill="cell")
            for k, share in enumerate(left)
        ]
        lives = gate_half_life(f) if 0 < f < 1 else 0.0
        shown = 0 < lives <= STEPS
        place = ACROSS(lives if shown else 0)
        shapes.append(
            svg.line(
                [(place, HEIGHT(1)), (place, HEIGHT(0))],
                key="half",
                stroke="forget_gate",
                stroke_dasharray="5 4",
                opacity=int(shown),
            )
        )
        return Drawn(shapes, _memory_in_words(f, left[20]))

    def write(f: float, i: float, g: float) -> Drawn:
        c, tanh_c, _ = step(f, i, g, 1)
        kept = step(f, 0, 0, 0)[0]
        shapes = [*_bar("written", kept, c), *_bar("c", 0, c), *_bar("tanh_c", 0, tanh_c)]
        sum_ = f"{_short(f)} · {before} + {_short(i)} · {_bracketed(_short(g))}"
        return Drawn(shapes, f"c = f c + i g = {sum_} = {_number(c)}.")

    def show(f: float, i: float, g: float, o: float) -> Drawn:
        _, tanh_c, h = step(f, i, g, o)
        words = f"h = o tanh(c) = {_short(o)} · {_bracketed(_number(tanh_c))} = {_number(h)}."
        return Drawn(_bar("h", 0, h), words)

    controls = [
        Control("f", "forget f", FORGET, 0.9),
        Control("i", "input i", OPEN, 0.4),
        Control("g", "candidate g", CANDIDATES, 1),
        Control("o", "output o", OPEN, 0.6),
    ]
    return respond(
        "gate-mixer",
        "One LSTM unit with its gates in your hand",
        "Above, six bars: the cell before, what the forget gate keeps of it, what the input gate "
        "adds, the cell after, its tanh, and the state that the output gate shows. Below, the "
        "share of the cell that is left after each step if nothing is written.",
        (460, 472),
        controls,
        ground,
        forget,
        write,
        show,
    )


def _step(c_prev: float, i: float, f: float, o: float, g: float) -> tuple[float, float, float]:
    """Take one step of a unit whose pre-activations are its inputs; return c, tanh(c) and h."""
    params = LSTMParams(np.eye(4), np.zeros((1, 4)), np.zeros(4))
    with np.errstate(divide="ignore"):
        a = np.log([[i, f, o]]) - np.log1p([[-i, -f, -o]])
        a_g = np.arctanh([[float(g)]])
    x = np.clip(np.hstack([a, a_g]), -700.0, 700.0)  # gates of exactly 0 and 1
    state = Memory(np.zeros((1, 1)), np.full((1, 1), float(c_prev)))
    (h, c), cache = LSTM.step(params, x, state)
    return float(c[0, 0]), float(cache.tanh_c[0, 0]), float(h[0, 0])


def _scale(ticks: list[tuple[float, str]]) -> Element:
    """Draw the numbers under the bars, and a faint line up from each."""
    bottom = ROWS["h"] + 20
    lines = [
        svg.line([(x, 12), (x, bottom)], width=1, stroke="neutral", opacity=0.35) for x, _ in ticks
    ]
    return svg.group(*lines, *(svg.text(x, bottom + 13, each, size=13) for x, each in ticks))


def _bar(row: str, start: float, end: float, *, keyed: bool = True) -> list[Element]:
    """Draw a bar from one value to another, and write its length behind it."""
    low, high = sorted((ALONG(start), ALONG(end)))
    y = ROWS[row]
    bar = svg.shape(
        "rect",
        key=row if keyed else None,
        fill=COLOUR[row],
        x=round(low, 1),
        y=y - 11,
        width=round(max(high - low, 1.5), 1),
        height=22,
    )
    number = svg.text(
        456, y, _number(end - start), key=f"{row}-number" if keyed else None, anchor="end"
    )
    return [bar, number]


def _memory_in_words(f: float, left: float) -> str:
    if f == 0:
        return "f = 0: whatever c held is gone after one step."
    if f == 1:
        return "f = 1: if nothing is written, c stays as it is for any number of steps."
    lives = f"{gate_half_life(f):.2f}"
    after = f"{left:.4f}" if left >= 5e-5 else "less than 0.0001"
    return f"f = {_short(f)}: half-life {lives} steps; after 20 steps {after} of c is left."


def _short(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def _number(value: float) -> str:
    text = f"{value:.3f}"
    return ("0.000" if text == "-0.000" else text).replace("-", "−")


def _bracketed(written: str) -> str:
    return f"({written})" if written.startswith("−") else written
