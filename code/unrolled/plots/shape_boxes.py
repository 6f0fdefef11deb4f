"""Shapes as boxes drawn to scale: the step, a broadcast, two orders of axes, a wrong loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array, check, check_bias

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK = "#1f2933"
_TEXT: Mapping[str, Any] = {"ha": "center", "va": "center", "color": _INK}


def step_boxes(x: Array, Wx: Array, h: Array, Wh: Array, b: Array) -> Figure:
    """Draw x Wx + h Wh + b = a to scale, with the edges that must agree in colour.

    Parameters
    ----------
    x : ndarray, shape (N, D)
        Inputs.
    Wx : ndarray, shape (D, H)
        Input weights.
    h : ndarray, shape (N, H)
        States.
    Wh : ndarray, shape (H, H)
        Recurrent weights.
    b : ndarray, shape (H,) or (1, H)
        Bias, drawn as one row; its copies are dashed.

    Returns
    -------
    matplotlib.figure.Figure
        One square for each entry.

    Raises
    ------
    ShapeError, DTypeError
        Arrays that do not fit.
    """
    dims = check("Wx", Wx, "D H")
    dims = check("x", x, "N D", dims)
    check("h", h, "N H", dims)
    check("Wh", Wh, "H H", dims)
    check_bias("b", b, "H", dims)
    N, D, H = (dims[letter].value for letter in "NDH")
    figure, axes = page_figure(7.0, 2.05)
    boxes = (
        ("x", "N", "D", N, D, "input", "columns"),
        ("@ Wx", "D", "H", D, H, "input", "rows"),
        ("+ h", "N", "H", N, H, "state", "columns"),
        ("@ Wh", "H", "H", H, H, "state", "rows"),
        ("+ b", "1", "H", 1, H, "neutral", ""),
        ("= a", "N", "H", N, H, "neutral", ""),
    )
    left, bottom = 0.0, -max(D, H, N)
    for name, row, column, height, width, colour, inner in boxes:
        sign, _, letter = name.rpartition(" ")
        _box(axes, left, 0, height, width)
        if letter == "b":
            _box(axes, left, 1, N - 1, width, dashed=True)
        _edge(axes, left, height, width, inner, COLOURS[colour])
        tint = {inner: COLOURS[colour]}
        low = -(N if letter == "b" else height)
        _write(axes, left - 1.1, 0.3, sign, 14, va="bottom")
        _write(axes, left + width / 2, 0.3, letter, 12, va="bottom")
        _write(axes, left - 0.2, -height / 2, row, 11, ha="right", color=tint.get("rows", _INK))
        _write(
            axes, left + width / 2, low - 0.2, column, 11, va="top", color=tint.get("columns", _INK)
        )
        _write(axes, left + width / 2, bottom - 1.1, f"({height}, {width})", 10, va="top")
        left += width + 2.0
    _blank(axes, (-0.9, left - 1.8), (bottom - 1.9, 1.3))
    return figure


def broadcast_difference(y: Array, targets: Array) -> Figure:
    """Draw (N,) minus (N, 1): what is repeated, and the N × N differences.

    Parameters
    ----------
    y : ndarray, shape (N,)
        Predictions.
    targets : ndarray, shape (N, 1)
        Targets that kept an axis too many.

    Returns
    -------
    matplotlib.figure.Figure
        The differences that were meant are filled, the others are not.

    Raises
    ------
    ShapeError, DTypeError
        Arrays that do not fit.
    """
    dims = check("y", y, "N")
    check("targets[:, 0]", targets[:, 0], "N", dims)
    N = dims["N"].value
    figure, axes = page_figure(7.0, 2.25)
    row, diagonal = np.arange(N)[:, None] == np.zeros(N), np.eye(N, dtype=bool)
    repeated = np.broadcast_to(y, (N, N)), np.broadcast_to(targets, (N, N))
    panels = (
        (f"y ({N},)", repeated[0], row, COLOURS["neutral"]),
        (f"targets ({N}, 1)", repeated[1], row.T, COLOURS["neutral"]),
        (f"y − targets ({N}, {N})", y - targets, diagonal, COLOURS["loss"]),
    )
    for place, (title, values, meant, colour) in enumerate(panels):
        left = place * (N + 1.4)
        _write(axes, left + N / 2, 0.3, title, 11, va="bottom")
        _write(axes, left - 0.7, -N / 2, ("", "−", "=")[place], 15)
        for (i, k), value in np.ndenumerate(values):
            filled = bool(meant[i, k])
            text = f"{value:g}".replace("-", "−")
            _box(axes, left + k, i, 1, 1, dashed=not filled, fill=colour if filled else "none")
            _write(axes, left + k + 0.5, -i - 0.5, text, 10, color="white" if filled else _INK)
    _blank(axes, (-0.3, 3 * N + 3.1), (-N - 0.2, 0.9))
    return figure


def layout_pages(xs: Array, t: int) -> Figure:
    """Draw (T, N, D) and (N, T, D) as pages, and how each lies in memory, with step t filled.

    Parameters
    ----------
    xs : ndarray, shape (T, N, D)
        Inputs, time first.
    t : int
        The step to fill.

    Returns
    -------
    matplotlib.figure.Figure
        Time-major above, batch-major below.

    Raises
    ------
    ShapeError, DTypeError
        Not three axes.
    """
    dims = check("xs", xs, "T N D")
    T, N, D = (dims[letter].value for letter in "TND")
    steps = np.broadcast_to(np.arange(T)[:, None, None], xs.shape)
    figure, both = page_figure(7.0, 4.2, rows=2, height_ratios=(N + 3.1, T + 3.1))
    pitch = D + 2.0
    cell = (T * pitch - 1.2 - D / 2) / xs.size
    for axes, order, letters, page, row in zip(
        both,
        (steps, steps.swapaxes(0, 1)),
        (f"(T, N, D) = ({T}, {N}, {D})", f"(N, T, D) = ({N}, {T}, {D})"),
        ("xs[{}]", "xs_batch[{}]"),
        "nt",
        strict=True,
    ):
        height = order.shape[1]
        for (p, i, k), step in np.ndenumerate(order):
            _box(axes, 1.2 + p * pitch + k, i, 1, 1, fill=_fill(step == t))
            if k == 0:
                _write(axes, 1.05 + p * pitch, -i - 0.5, f"{row}={i}", 9, ha="right")
            if i == k == 0:
                _write(axes, 1.2 + p * pitch + D / 2, 0.2, page.format(p), 9.5, va="bottom")
        _write(axes, -0.3, 1.2, letters, 11, va="bottom", ha="left")
        _write(axes, -0.3, -height - 0.7, "memory", 9, ha="left")
        for place, step in enumerate(order.ravel()):
            _box(axes, 1.2 + D / 2 + place * cell, height + 0.4, 0.6, cell, fill=_fill(step == t))
        _blank(axes, (-0.4, T * pitch + 0.2), (-height - 1.1, 2.0), equal=False)
    return figure


def descent(right: Array, wrong: Array, targets: Array) -> Figure:
    """Draw where descent brings the predictions: with the loss meant, and with the (N, N) one.

    Parameters
    ----------
    right, wrong : ndarray, shape (N,)
        Predictions after descent.
    targets : ndarray, shape (N,)
        What they should be.

    Returns
    -------
    matplotlib.figure.Figure
        One place on the axis for each sequence.
    """
    places = np.arange(len(targets))
    figure, axes = page_figure(7.0, 2.8)
    axes.plot(places, targets, "_", ms=30, mew=5, color="#c3cad1", label="targets")
    axes.plot(places, right, "o", ms=8, color=_INK, label="loss per sequence")
    axes.plot(places, wrong, "s", ms=8, mfc="white", mew=1.8, color=_INK, label="(N, N) loss")
    axes.set(xlabel="sequence n", ylabel="prediction", xticks=places)
    axes.margins(0.08, 0.15)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=10)
    return figure


def _fill(lit: bool) -> str:
    return COLOURS["input"] if lit else "white"


def _write(axes: Axes, x: float, y: float, text: str, size: float, **options: Any) -> None:
    axes.text(x, y, text, fontsize=size, **{**_TEXT, **options})


def _box(
    axes: Axes, left: float, top: float, height: float, width: float, *, dashed: bool = False,
    fill: str = "white",
) -> None:  # fmt: skip
    """Draw a box, ruled into unit cells where its sides are whole numbers above 1."""
    from matplotlib.patches import Rectangle

    rows, columns = (int(side) if side == int(side) else 1 for side in (height, width))
    for i, k in np.ndindex(rows, columns):
        corner = (left + k * width / columns, -top - (i + 1) * height / rows)
        axes.add_patch(
            Rectangle(
                corner, width / columns, height / rows, facecolor=fill, linewidth=0.8,
                edgecolor=COLOURS["neutral"], linestyle=(0, (3, 2)) if dashed else "-",
            )
        )  # fmt: skip


def _edge(axes: Axes, left: float, height: float, width: float, inner: str, colour: str) -> None:
    if inner == "rows":
        axes.plot([left, left], [0, -height], color=colour, lw=4, solid_capstyle="butt")
    elif inner == "columns":
        axes.plot([left, left + width], [-height] * 2, color=colour, lw=4, solid_capstyle="butt")


def _blank(
    axes: Axes, across: tuple[float, float], up: tuple[float, float], *, equal: bool = True
) -> None:
    axes.set_axis_off()
    axes.set(xlim=across, ylim=up)
    if equal:
        axes.set_aspect("equal")
