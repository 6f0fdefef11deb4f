"""Chapter 14: how long the others take, beside our own pass, for every size and cell."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any
from xml.etree.ElementTree import Element

from unrolled.analysis.speed import one_pass
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond

SIDES: Mapping[str, str] = {
    "torch": "PyTorch",
    "jax": "JAX",
    "loop": "plain loop",
    "unroll": "unroll",
    "fresh": "new arrays",
    "floor": "products only",
}
"""Who is compared with ``fused``, by the name in the store."""
NAMES = 104.0  # width of the column of names
LEFT, RIGHT = NAMES + 8, 404.0
TOP, ROW, THICK = 42.0, 30.0, 16.0
TICKS = ((1 / 8, "1/8"), (1 / 2, "1/2"), (1.0, "1"), (2.0, "2"), (8.0, "8"))
EDGE = 12.0
"""The axis ends here on the right and at its inverse on the left; a longer bar is cut."""


def speed_ratios(store: Mapping[str, Any], size: str, cell: str) -> Figure:
    """Draw each side's time as a multiple of ours, on a logarithmic axis, one bar a side.

    A bar to the right belongs to somebody slower than ``fused``, one to the left to somebody
    faster (chapter 14).

    Parameters
    ----------
    store : mapping
        As :func:`unrolled.analysis.speed.stored` gives it.
    size, cell : str
        What is shown first.

    Returns
    -------
    Figure
        Choices: the size, the cell, and the number of threads.
    """
    across = svg.scale((-log(EDGE), log(EDGE)), (LEFT, RIGHT))
    bottom = TOP + ROW * len(SIDES) - 6
    sizes = tuple(store["sizes"])
    threads = sorted({each["threads"] for each in store["passes"]})
    cells = list(dict.fromkeys(each["cell"] for each in store["passes"]))

    def ground() -> Drawn:
        shapes: list[Element] = [
            svg.text(across(0) - 10, 14, "faster than fused", anchor="end", size=14),
            svg.text(across(0) + 10, 14, "slower than fused", anchor="start", size=14),
        ]
        for value, label in TICKS:
            x = across(log(value))
            shapes.append(
                svg.line([(x, TOP - 16), (x, bottom)], width=1, stroke="neutral", opacity=0.45)
            )
            shapes.append(svg.text(x, bottom + 14, label, size=14))
        shapes.append(
            svg.text(RIGHT, bottom + 34, "time, as a multiple of fused", anchor="end", size=14)
        )
        for row, name in enumerate(SIDES.values()):
            shapes.append(svg.text(NAMES, _down(row), name, anchor="end"))
        return Drawn(shapes, "")

    def bars(size: str, cell: str, threads: int) -> Drawn:
        found = one_pass(store, size, cell, threads)
        shapes, words = [], []
        for row, (side, name) in enumerate(SIDES.items()):
            # the store has ours ÷ theirs; turned round, the quartiles change places
            high, middle, low = (1 / ratio for ratio in found["ratios"][side])
            end = across(_inside(middle))
            left, right = min(end, across(0)), max(end, across(0))
            shapes.append(
                svg.box(
                    (left + right) / 2, _down(row), right - left, THICK, radius=2,
                    key=f"bar-{side}", fill=_tone(side),
                )
            )  # fmt: skip
            shapes.append(
                svg.line(
                    [(across(_inside(low)), _down(row)), (across(_inside(high)), _down(row))],
                    width=2,
                    stroke="text",
                    key=f"spread-{side}",
                )
            )
            shapes.append(
                svg.text(
                    RIGHT + 8, _down(row), multiple(middle), anchor="start",
                    key=f"number-{side}",
                )
            )  # fmt: skip
            words.append(f"{name} {multiple(middle)}")
        T, N, D, H = store["sizes"][size]
        milliseconds = 1e3 * found["seconds"]["ours"]
        return Drawn(
            shapes,
            f"{cell}, T = {T}, N = {N}, D = {D}, H = {H}, {threads} "
            f"thread{'s' if threads > 1 else ''}: fused takes {milliseconds:.3g} ms for a forward "
            f"and a backward pass. The others, as multiples of it: {', '.join(words)}.",
        )

    return respond(
        "speed_ratios",
        "A forward and a backward pass, beside fused",
        "One bar for each side, from a line in the middle that stands for our own fused pass. A "
        "bar to the right is a longer time, one to the left a shorter; the axis is logarithmic. "
        "The thin line spans the middle half of the rounds. A bar beyond 12 or 1/12 is cut there.",
        (460, bottom + 46),
        [
            Control("size", "size", sizes, size, "choice", sizes),  # "char-LM" has no minus sign
            Control("cell", "cell", tuple(cells), cell, "choice"),
            Control("threads", "threads", tuple(threads), threads[0], "choice"),
        ],
        ground,
        bars,
    )


def multiple(value: float) -> str:
    """Write a ratio for people: 0.43, 1.8, 12."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _down(row: int) -> float:
    return TOP + ROW * row


def _inside(value: float) -> float:
    return max(-log(EDGE), min(log(EDGE), log(value)))


def _tone(side: str) -> str:
    """Colour our own other forms like our states; others, and the bare products, are neutral."""
    return "state" if side in ("loop", "unroll", "fresh") else "neutral"
