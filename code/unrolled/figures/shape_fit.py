"""Chapter 3: the step with arrays of shapes that fit, that do not, and that only seem to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias
from xml.etree.ElementTree import Element

import numpy as np

from unrolled import RNN, Hidden, RNNParams, ShapeError, unroll
from unrolled.figures import svg
from unrolled.figures.base import Control, Drawn, Figure, respond
from unrolled.shapes import Array

SIZES = {"all different": (2, 4, 3), "N = H": (3, 4, 3), "D = H": (2, 3, 3), "N = 1": (1, 4, 3)}
X_FORMS = ("(N, D)", "(D, N)", "(D,)", "(T, N, D)", "swapped with h")
WX_FORMS = ("(D, H)", "(H, D)")
B_FORMS = ("(H,)", "(1, H)", "(H, 1)", "(N, 1)")

CELL = 18.0  # side of one entry
PAGE = 4.0  # how far each further page of a stack peeps out
FACTORS = (72.0, 225.0, 375.0)  # middles of left, right and product
SUMMANDS = (60.0, 175.0, 290.0, 400.0)
NAME, SHAPE = 54.0, 50.0  # from the middle of a box up to its name and down to its shape

Shape: TypeAlias = tuple[int, ...]
Place: TypeAlias = tuple[float, float]


class Handed(NamedTuple):
    """What stands in the five places of tanh(h @ Wh + x @ Wx + b)."""

    h: Array
    Wh: Array
    x: Array
    Wx: Array
    b: Array


class Audit(NamedTuple):
    """What became of one choice; where NumPy stops, the arrays from there on are None."""

    handed: Handed
    recurrent: Array | None
    fed: Array | None
    state: Array | None
    """tanh of the sum."""
    meant: Array
    """The new state, or states, of the same numbers in the right shapes, by the package."""
    numpy_error: str
    package_error: str
    package_state: Array | None


def audit(rng: np.random.Generator, T: int = 5) -> Figure:
    """Show which shapes of x, Wx and b a step takes, and who objects to others.

    See eq-shape-step and eq-broadcast (chapter 3).

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers in the arrays are drawn from; it moves on.
    T : int
        How many steps the x with a time axis has.

    Returns
    -------
    Figure
        The two products and their sum, drawn to scale; the messages are those that NumPy and
        `RNN.step` really gave.
    """
    drawn = {name: _draw_numbers(rng, T, *sizes) for name, sizes in SIZES.items()}

    @cache
    def try_out(sizes: str, x: str, Wx: str, b: str) -> Audit:
        numbers, xs = drawn[sizes]
        return _audit(numbers, xs, x, Wx, b)

    def recurrent_product(sizes: str, x: str) -> Drawn:
        tried = try_out(sizes, x, WX_FORMS[0], B_FORMS[0])
        name = "x" if x == X_FORMS[4] else "h"
        sizes_line = svg.text(230, 12, _letters(sizes, T), key="letters", fill="neutral")
        product = _product(92, name, "Wh", tried.handed.h, tried.handed.Wh, tried.recurrent)
        return Drawn([sizes_line, *product], "")

    def fed_product(sizes: str, x: str, Wx: str) -> Drawn:
        tried = try_out(sizes, x, Wx, B_FORMS[0])
        name = "h" if x == X_FORMS[4] else "x"
        return Drawn(_product(224, name, "Wx", tried.handed.x, tried.handed.Wx, tried.fed), "")

    def total(sizes: str, x: str, Wx: str, b: str) -> Drawn:
        tried = try_out(sizes, x, Wx, b)
        names = ("x @ Wh", "h @ Wx") if x == X_FORMS[4] else ("h @ Wh", "x @ Wx")
        shapes = [*_sum(356, names, tried), *_verdicts(tried)]
        return Drawn(shapes, f"{_what_numpy_did(tried)}\n{_what_the_package_did(tried)}")

    controls = [
        Control("sizes", "sizes", tuple(SIZES), "N = H", "choice"),
        Control("x", "x", X_FORMS, X_FORMS[0], "choice"),
        Control("Wx", "Wx", WX_FORMS, WX_FORMS[0], "choice"),
        Control("b", "b", B_FORMS, B_FORMS[2], "choice"),
    ]
    return respond(
        "shape-fit",
        "Shapes that fit and shapes that do not",
        "Boxes of unit squares in three rows: h @ Wh, x @ Wx, and their sum with b. Sides that "
        "meet in a product are strong lines; dashed squares are repeated by broadcasting; "
        "crossed squares of the new state hold wrong numbers.",
        (460, 476),
        controls,
        recurrent_product,
        fed_product,
        total,
    )


def _letters(sizes: str, T: int) -> str:
    return ", ".join(
        f"{letter} = {size}" for letter, size in zip("TNDH", (T, *SIZES[sizes]), strict=True)
    )


def _draw_numbers(rng: np.random.Generator, T: int, N: int, D: int, H: int) -> tuple[Handed, Array]:
    """Draw arrays of the right shapes, and T inputs of which x is the first."""
    xs = rng.standard_normal((T, N, D))
    h = np.tanh(rng.standard_normal((N, H)))
    Wh, Wx = 0.6 * rng.standard_normal((H, H)), 0.6 * rng.standard_normal((D, H))
    return Handed(h, Wh, xs[0], Wx, 0.6 * rng.standard_normal(H)), xs


def _audit(right: Handed, xs: Array, x_form: str, Wx_form: str, b_form: str) -> Audit:
    handed = _hand_over(right, xs, x_form, Wx_form, b_form)
    h, Wh, x, Wx, b = handed
    state, numpy_error = _try(lambda: np.tanh(h @ Wh + x @ Wx + b))
    params = RNNParams(Wx=Wx, Wh=Wh, b=b)
    package_state, package_error = _try(lambda: RNN.step(params, x, Hidden(h))[0].h)
    right_params = RNNParams(Wx=right.Wx, Wh=right.Wh, b=right.b)
    if x_form == "(T, N, D)":
        meant = unroll(RNN, right_params, xs, Hidden(right.h))[0]
    else:
        meant = RNN.step(right_params, right.x, Hidden(right.h))[0].h
    recurrent, fed = _try(lambda: h @ Wh)[0], _try(lambda: x @ Wx)[0]
    return Audit(handed, recurrent, fed, state, meant, numpy_error, package_error, package_state)


def _hand_over(right: Handed, xs: Array, x_form: str, Wx_form: str, b_form: str) -> Handed:
    """Bring the right numbers into the chosen shapes, by the slips that bring them there."""
    N = len(right.h)
    xs_of = {"(N, D)": right.x, "(D, N)": right.x.T, "(D,)": right.x[0], "(T, N, D)": xs}
    bs_of = {
        "(H,)": right.b,
        "(1, H)": right.b[None],
        "(H, 1)": right.b[:, None],
        "(N, 1)": right.b[:N, None],
    }
    Wx = right.Wx.T if Wx_form == "(H, D)" else right.Wx
    if x_form == "swapped with h":
        return Handed(right.x, right.Wh, right.h, Wx, bs_of[b_form])
    return Handed(right.h, right.Wh, xs_of[x_form], Wx, bs_of[b_form])


def _try(compute: Callable[[], Array]) -> tuple[Array | None, str]:
    """Compute, and return the result and no message, or no result and the message."""
    try:
        return compute(), ""
    except ShapeError as error:
        return None, f"ShapeError: {error}"
    except ValueError as error:
        return None, f"ValueError: {str(error).strip()}"


def _wrong(tried: Audit, state: Array) -> Array:
    """Say which numbers of the new state are not those meant; all, where the shape is another."""
    if state.shape != tried.meant.shape:
        return np.ones(state.shape, dtype=bool)
    return ~np.isclose(state, tried.meant, rtol=0, atol=1e-12)


def _what_numpy_did(tried: Audit) -> str:
    if tried.state is None:
        return f"NumPy stops. {tried.numpy_error}."
    shape, wrong = tried.state.shape, _wrong(tried, tried.state)
    if not wrong.any():
        return f"NumPy: the new state is {shape}, and its {wrong.size} numbers are right."
    if shape != tried.meant.shape:
        return f"NumPy says nothing: the result is {shape}, where {tried.meant.shape} was meant."
    far = np.abs(tried.state - tried.meant).max()
    what = (
        "the new state is" if wrong.ndim == 2 else "each step starts from the same h; the result is"
    )
    return (
        f"NumPy says nothing: {what} {shape}, and {wrong.sum()} of its {wrong.size} numbers "
        f"are wrong, by up to {far:.2f}."
    )


def _what_the_package_did(tried: Audit) -> str:
    if tried.package_state is None:
        return f"RNN.step refuses. {tried.package_error}"
    if _wrong(tried, tried.package_state).any():
        return "RNN.step cannot see it either: every size fits."
    return "RNN.step gives the same numbers."


def _verdicts(tried: Audit) -> list[Element]:
    """Say in one line each what NumPy did, and what the package did."""
    lines = []
    for place, (name, state) in enumerate(
        (("NumPy", tried.state), ("RNN.step", tried.package_state))
    ):
        if state is None:
            said = "✓ stops with an error"
        elif _wrong(tried, state).any():
            said = f"✗ no error, and a wrong {state.shape}"
        else:
            said = f"✓ the right {state.shape}"
        y = 438 + 24 * place
        lines.append(svg.text(110, y, name, anchor="end", fill="neutral"))
        lines.append(svg.text(122, y, said, anchor="start", key=f"verdict{place}"))
    return lines


def _product(
    y: float, name: str, weight: str, left: Array, right: Array, product: Array | None
) -> list[Element]:
    """Draw left @ right = product around the height y, with the sides that meet."""
    colours = {"h": "state", "x": "input", "Wh": "state", "Wx": "input"}
    inner, outer = left.shape[-1], right.shape[0]
    fits = inner == outer
    corners = [
        _corner(array.shape, (x, y)) for array, x in zip((left, right), FACTORS, strict=False)
    ]
    bottom = corners[0][1] + CELL * _rows(left.shape)
    sides = (
        f"M{_at(corners[0][0], bottom)}h{svg.number(CELL * inner)}",
        f"M{_at(*corners[1])}v{svg.number(CELL * outer)}",
    )
    sign = f"{inner} = {outer} ✓" if fits else f"{inner} ≠ {outer} ✗"
    shapes = [
        *_array(f"{weight}-left", name, left.shape, (FACTORS[0], y), colours[name]),
        *_array(f"{weight}-right", weight, right.shape, (FACTORS[1], y), colours[weight]),
        *_array(
            f"{weight}-product",
            f"{name} @ {weight}",
            None if product is None else product.shape,
            (FACTORS[2], y),
            "neutral",
        ),
        svg.text((FACTORS[0] + FACTORS[1]) / 2, y, "@"),
        svg.text((FACTORS[1] + FACTORS[2]) / 2, y, "="),
        svg.text((FACTORS[0] + FACTORS[1]) / 2, y + SHAPE, sign, key=f"{weight}-sign"),
    ]
    for place, side in enumerate(sides):
        shapes.append(
            svg.shape(
                "path",
                d=side,
                key=f"{weight}-side{place}",
                fill="none",
                stroke=colours[weight] if fits else "text",
                stroke_width=4.5,
                stroke_dasharray="none" if fits else "5 3",
            )
        )
    return shapes


def _sum(y: float, names: Sequence[str], tried: Audit) -> list[Element]:
    """Draw the sum of both products and the bias, each in the places it is repeated to."""
    whole = None if tried.state is None else tried.state.shape
    parts = (tried.recurrent, tried.fed, tried.handed.b)
    shapes = []
    for place, (name, part) in enumerate(zip((*names, "b"), parts, strict=True)):
        own = None if part is None else part.shape
        shapes += _array(f"part{place}", name, own, (SUMMANDS[place], y), "neutral", whole)
    for place, sign in enumerate(("+", "+", "→")):
        shapes.append(svg.text((SUMMANDS[place] + SUMMANDS[place + 1]) / 2 + 4, y, sign))
    shapes.append(svg.text((SUMMANDS[2] + SUMMANDS[3]) / 2 + 4, y - 14, "tanh", size=12))
    shapes += _array("state", "new h", whole, (SUMMANDS[3], y), "state")
    crosses = ""
    if tried.state is not None:
        x0, y0 = _corner(tried.state.shape, (SUMMANDS[3], y))
        front = _wrong(tried, tried.state).reshape(-1, *tried.state.shape[-2:])[0]
        for i, k in np.argwhere(front):
            crosses += f"M{_at(x0 + CELL * k + 5, y0 + CELL * i + 5)}l8 8m0 -8l-8 8"
    shapes.append(
        svg.shape("path", d=crosses, key="crosses", fill="none", stroke="text", stroke_width=1.6)
    )
    return shapes


def _array(
    key: str,
    name: str,
    shape: Shape | None,
    middle: Place,
    colour: str,
    repeated_to: Shape | None = None,
) -> list[Element]:
    """Draw an array as squares with its name above and its shape below."""
    x, y = middle
    corner = _corner(repeated_to or shape or (), middle)
    look: dict[str, Any] = {"stroke": "neutral", "stroke_width": 1}
    return [
        svg.shape(
            "path",
            d=_squares(repeated_to, corner) if repeated_to and repeated_to != shape else "",
            key=f"{key}-dashed",
            fill="none",
            stroke_dasharray="3 3",
            **look,
        ),
        svg.shape(
            "path",
            d="" if shape is None else _squares(shape, corner),
            key=f"{key}-box",
            fill=colour,
            fill_opacity=0.18,
            **look,
        ),
        svg.text(x, y - NAME, name, key=f"{key}-name"),
        svg.text(x, y + SHAPE, "—" if shape is None else str(shape), key=f"{key}-shape"),
    ]


def _rows(shape: Shape) -> int:
    return shape[-2] if len(shape) > 1 else 1


def _corner(shape: Shape, middle: Place) -> Place:
    """Return the top left corner of the front page of a box in the middle of its place."""
    if not shape:
        return middle
    return middle[0] - CELL * shape[-1] / 2, middle[1] - CELL * _rows(shape) / 2


def _squares(shape: Shape, corner: Place) -> str:
    """Write a box ruled into squares as a path; further pages show their edges behind it."""
    (x, y), rows, columns = corner, _rows(shape), shape[-1]
    width, height = CELL * columns, CELL * rows
    path = f"M{_at(x, y)}h{svg.number(width)}v{svg.number(height)}h{svg.number(-width)}z"
    for row in range(1, rows):
        path += f"M{_at(x, y + CELL * row)}h{svg.number(width)}"
    for column in range(1, columns):
        path += f"M{_at(x + CELL * column, y)}v{svg.number(height)}"
    for page in range(1, shape[0] if len(shape) == 3 else 1):
        start = _at(x + PAGE * page, y - PAGE * page)
        edge = f"h{svg.number(width)}v{svg.number(height)}"
        back = f"v{svg.number(-height)}h{svg.number(-width)}"
        path += f"M{start}{edge}{back}"
    return path


def _at(x: float, y: float) -> str:
    return f"{svg.number(x)} {svg.number(y)}"
