"""Chapter 13: which characters of the past a prediction depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from unrolled.analysis.reach import beyond
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond

COLUMNS = 26
WIDE, HIGH, ROW = 17.4, 27.0, 35.0  # of a character's cell, and from row to row
FIRST = (14.0, 20.0)  # middle of the first cell
DARKEST = 0.6
AHEAD = 0.35  # how pale is what has not been read yet
BAR, BAR_ROW = 250.0, 25.0
NEAR = 5  # what a 6-gram looks back on
VISIBLE = {" ": "␣", "\n": "↵"}


def connectivity_map(maps: Sequence[Mapping[str, Any]], start: int) -> Figure:
    """Show for each character of a sentence which ones before it its prediction depends on.

    See eq-connectivity (chapter 13).

    Parameters
    ----------
    maps : sequence of mapping
        Under ``"connectivity"`` in what :func:`unrolled.characters.stored` gives: text, bits,
        likely characters, sizes. Sentences are shown as far as the shortest of them goes.
    start : int
        The character shown first, counted from 0, the line end before the sentence.

    Returns
    -------
    Figure
        Choices: the sentence, and the character that is predicted.
    """
    count = min(len(each["text"]) for each in maps)
    texts = [each["text"][:count] for each in maps]
    names = tuple(str(place + 1) for place in range(len(maps)))
    chosen = dict(zip(names, maps, strict=True))
    rows = -(-count // COLUMNS)
    bars = FIRST[1] + rows * ROW + 18

    def letters(sentence: str) -> Drawn:
        text = texts[names.index(sentence)]
        return Drawn([_letter(place, each) for place, each in enumerate(text)], "")

    def heat(sentence: str, place: int) -> Drawn:
        sizes = np.array(chosen[sentence]["sizes"][place - 1][:place], dtype=float)
        shares = np.sqrt(sizes / sizes.max())
        shapes = [
            _cell(k, f"heat{k}", DARKEST * shares[k] if k < place else 0.0) for k in range(count)
        ]
        return Drawn(shapes, "")

    def frame(place: int) -> Drawn:
        x, y = _middle(place)
        outline = svg.box(
            x, y, WIDE + 1, HIGH + 3, radius=4, key="frame", fill="none", stroke="text",
            stroke_width=2,
        )  # fmt: skip
        veils = [
            svg.box(*_middle(k), WIDE, HIGH, radius=0, key=f"veil{k}", fill="paper",
                    opacity=1 - AHEAD if k > place else 0, pointer_events="none")
            for k in range(count)
        ]  # fmt: skip
        return Drawn([*veils, outline], "")

    def guesses(sentence: str, place: int) -> Drawn:
        entry = chosen[sentence]
        shapes = []
        for row, (character, p) in enumerate(entry["likely"][place - 1][:3]):
            y = bars + row * BAR_ROW
            length = round(max(p, 0.004) * BAR, 1)
            shown = _plain(60, y, VISIBLE.get(character, character), f"guess{row}")
            bar = svg.box(78 + length / 2, y, length, 15, radius=2, key=f"bar{row}", fill="state")
            number = svg.text(78 + BAR + 10, y, f"{p:.2f}", key=f"p{row}", anchor="start", size=14)
            shapes += [shown, bar, number]
        return Drawn(shapes, _in_words(texts[names.index(sentence)], entry, place))

    return respond(
        "connectivity-map",
        "Which characters a prediction depends on",
        "A sentence, one cell for each character; the predicted one is framed, those after it are "
        "pale. The darker a cell before it, the more a small change of that character would "
        "change the prediction; the shade follows the square root. Below, bars for the three "
        "characters that the model expects most.",
        (2 * FIRST[0] + (COLUMNS - 1) * WIDE, bars + 2 * BAR_ROW + 16),
        [
            Control("sentence", "sentence", names, names[0], "choice"),
            Control("place", "character", tuple(range(1, count)), start, "steps"),
        ],
        heat,
        letters,
        frame,
        lambda: Drawn([svg.text(26, bars, "next", size=14)], ""),
        guesses,
    )


def _middle(place: int) -> tuple[float, float]:
    row, column = divmod(place, COLUMNS)
    return FIRST[0] + column * WIDE, FIRST[1] + row * ROW


def _cell(place: int, key: str, opacity: float) -> Element:
    return svg.box(
        *_middle(place), WIDE - 1, HIGH, radius=3, key=key, fill="gradient", fill_opacity=opacity,
        sets=_choice(place),
    )  # fmt: skip


def _letter(place: int, character: str) -> Element:
    x, y = _middle(place)
    return _plain(
        x,
        y,
        VISIBLE.get(character, character),
        f"letter{place}",
        sets=_choice(place),
    )


def _choice(place: int) -> str | None:
    """Say what a click on a character chooses; nothing is read before the first."""
    return f'{{"place": {place}}}' if place else None


def _plain(x: float, y: float, character: str, key: str, **options: Any) -> Element:
    """Write one character as it is; `svg.text` would take a ``_`` for a subscript."""
    element = svg.shape(
        "text", key=key, x=x, y=y + 5.5, font_size=16, text_anchor="middle", fill="text",
        style="font-family:var(--pst-font-family-monospace,monospace)", **options,
    )  # fmt: skip
    element.text = character
    return element


def _in_words(text: str, entry: Mapping[str, Any], place: int) -> str:
    sizes = np.array(entry["sizes"][place - 1][:place], dtype=float)
    bits = entry["bits"][place - 1]
    most = int(sizes.argmax())
    back = place - most
    read = " ".join(text[max(0, place - 12) : place].split())
    far = 100 * beyond(sizes, NEAR)
    return (
        f"After “{read}” the character {_shown(text[place])} has the probability "
        f"{_probability(2**-bits)}, {bits:.2f} bits. It depends most on {_shown(text[most])}, "
        f"{back} character{'s' if back > 1 else ''} back; {far:.0f} % of the dependence lies "
        f"further back than {NEAR} characters."
    )


def _probability(p: float) -> str:
    return f"{p:.2f}" if p >= 0.01 else f"{max(p, 0.0001):.4f}"


def _shown(character: str) -> str:
    return {" ": "space", "\n": "line end"}.get(character, f"“{character}”")
