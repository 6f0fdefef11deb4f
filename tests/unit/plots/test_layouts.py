"""The blocks of stacked weights are drawn in the order given, with the colours of their gates."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.colors import to_hex

from unrolled import interop
from unrolled.plots import COLOURS, layouts

mpl.use("Agg")

TONES = {
    "i": COLOURS["input_gate"], "f": COLOURS["forget_gate"], "o": COLOURS["output_gate"],
    "g": COLOURS["candidate"], "n": COLOURS["candidate"], "r": "#ffffff", "z": "#ffffff",
}  # fmt: skip


def test_every_block_stands_in_its_place():
    (axes,) = layouts.gate_blocks(interop.ORDERS).axes
    blocks = sorted((-p.get_y(), p.get_x(), to_hex(p.get_facecolor())) for p in axes.patches)
    letters = sorted(
        (-t.get_position()[1], t.get_position()[0], t.get_text())
        for t in axes.texts
        if len(t.get_text()) == 1
    )
    read = "".join(letter for _, _, letter in letters)
    orders = interop.ORDERS.values()
    assert read == "".join(order[cell] for cell in ("lstm", "gru") for order in orders)
    assert len(blocks) == len(letters)
    for (top, left, colour), (height, middle, letter) in zip(blocks, letters, strict=True):
        assert left < middle < left + 1
        assert top - 0.8 < height < top
        assert colour == TONES[letter]
    words = [t.get_text() for t in axes.texts if len(t.get_text()) > 1]
    assert sorted(words) == sorted([*interop.ORDERS, *interop.ORDERS, "LSTM, k = 4", "GRU, k = 3"])
    pyplot.close("all")
