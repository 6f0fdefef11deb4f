"""A figure that responds: drawn for every choice in Python, chosen on the page by `player.mjs`.

A figure is a set of controls and some drawing functions. A drawing function takes the values of
the controls it names as parameters, computes with the package, and returns its shapes and a
sentence of numbers. `respond` calls it once for every combination, and keeps of each shape only
the attributes that differ, indexed by only the controls that they depend on.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import resources
from itertools import product
from typing import Any, Literal, NamedTuple
from xml.etree.ElementTree import Element, tostring

import numpy as np

from unrolled.figures import svg
from unrolled.shapes import ArgumentError

Option = float | int | str
TEXT = "#"  # stands for a shape's text among the names of its attributes


@dataclass(frozen=True)
class Control:
    """One thing that the reader chooses.

    Attributes
    ----------
    name : str
        The parameter of the drawing functions.
    label : str
        What the reader sees.
    options : tuple of float, int or str
        The values in order.
    start : float, int or str
        The one shown first, in print, and where no script runs.
    kind : str
        ``"slider"``, ``"steps"`` (a slider with Back and Next buttons) or ``"choice"`` (radio
        buttons).
    labels : tuple of str
        How the options are written; numbers in short form if left out.
    """

    name: str
    label: str
    options: tuple[Option, ...]
    start: Option
    kind: Literal["slider", "steps", "choice"] = "slider"
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Fill in the labels."""
        if self.start not in self.options:
            raise ArgumentError(f"start of {self.name!r}: {self.start!r} is not among its options.")
        if not self.labels:
            written = (each if isinstance(each, str) else f"{each:g}" for each in self.options)
            object.__setattr__(
                self, "labels", tuple(str(each).replace("-", "−") for each in written)
            )
        if len(self.labels) != len(self.options):
            raise ArgumentError(
                f"labels of {self.name!r}: expected {len(self.options)}, got {len(self.labels)}."
            )


class Drawn(NamedTuple):
    """What a drawing function returns: shapes from back to front, and what they say in words."""

    shapes: Sequence[Element]
    text: str


class Change(NamedTuple):
    """How one attribute of one shape (or the text) follows from the choice.

    ``values`` has one axis for every control in ``controls``, flattened in C order.
    """

    key: str
    attribute: str
    controls: tuple[int, ...]
    values: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Figure:
    """A responding figure, as a plain value.

    In Jupyter it is shown through an anywidget, on a page by the page's own script: both run
    `player.mjs` over the same markup. Where neither runs its first state is a still.

    Attributes
    ----------
    name, title : str
        A short name without spaces; what the figure is about.
    description : str
        What is drawn, for a reader who cannot see it; the numbers stand in the words.
    size : tuple of float
        Width and height of the view box.
    controls : tuple of Control
        What the reader chooses.
    stills : tuple of Drawn
        The first state of every drawing function.
    changes : tuple of Change
        All that differs in other states.
    """

    name: str
    title: str
    description: str
    size: tuple[float, float]
    controls: tuple[Control, ...]
    stills: tuple[Drawn, ...]
    changes: tuple[Change, ...]

    def _repr_html_(self) -> str:
        return markup(self)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, Any] | tuple[dict[str, Any], dict[str, Any]]:
        plain = {"text/plain": repr(self), "text/html": markup(self)}
        try:
            shown = self.widget()._repr_mimebundle_()
        except ImportError:
            return plain
        # the front end that knows widgets takes the widget, every other one the markup
        return ({**plain, **shown[0]}, shown[1]) if isinstance(shown, tuple) else {**plain, **shown}

    def __repr__(self) -> str:
        """Say what is shown, for a place that shows nothing."""
        return (
            f"<figure {self.name}: {self.title}. {' '.join(still.text for still in self.stills)}>"
        )

    def widget(self) -> Any:
        """Return the figure as an anywidget, whose ``choice`` can be read and set.

        Returns
        -------
        anywidget.AnyWidget
            With ``choice``, a dict of control names and options.

        Raises
        ------
        ImportError
            anywidget is not installed.
        """
        start = {control.name: control.start for control in self.controls}
        return widget_class()(html=markup(self), choice=start)


def respond(
    name: str,
    title: str,
    description: str,
    size: tuple[float, float],
    controls: Iterable[Control],
    *draws: Callable[..., Drawn],
) -> Figure:
    """Draw a figure for every choice.

    Parameters
    ----------
    name, title : str
        A short name without spaces; what the figure is about.
    description : str
        What is drawn, for a reader who cannot see it.
    size : tuple of 2 float
        Width and height of the view box; about 460 wide reads well on a phone too.
    controls : iterable of Control
        What the reader chooses.
    *draws : callable
        Each takes the controls that it needs, by name, and returns `Drawn`. A function with few
        parameters is called, and stored, for few combinations: split a figure where its parts
        depend on different controls.

    Returns
    -------
    Figure
        A value; show it as the last line of a cell.

    Raises
    ------
    ArgumentError
        A function asks for a control that is not there, a key occurs twice, or the keyed shapes
        are not the same ones in every state.
    """
    controls = tuple(controls)
    places = {control.name: place for place, control in enumerate(controls)}
    stills: list[Drawn] = []
    changes: list[Change] = []
    for draw in draws:
        needed = list(inspect.signature(draw).parameters)
        if unknown := set(needed) - set(places):
            raise ArgumentError(
                f"{name}: no control is called {sorted(unknown)}, only {list(places)}."
            )
        used = tuple(places[each] for each in needed)
        start = draw(*(controls[place].start for place in used))
        options = [controls[place].options for place in used]
        states = [_attributes(draw(*choice)) for choice in product(*options)]
        stills.append(start)
        changes += _differences(f"text-{len(stills)}", _attributes(start), states, used, controls)
    keys = [key for still in stills for key in _attributes(still) if key]
    if len(keys) != len(set(keys)):
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise ArgumentError(f"{name}: each key may be used once; {twice} are used more often.")
    return Figure(name, title, description, size, controls, tuple(stills), tuple(changes))


def _attributes(drawn: Drawn) -> dict[str, dict[str, str]]:
    """Return the attributes of each keyed shape, its text among them; those of '' are the words."""
    found: dict[str, dict[str, str]] = {"": {TEXT: drawn.text}}
    for top in drawn.shapes:
        for element in top.iter():
            key = element.get("data-key")
            if key is not None:
                if key in found:
                    raise ArgumentError(f"the key {key!r} is used twice in one drawing.")
                found[key] = dict(element.attrib)
                if len(element) == 0:
                    found[key][TEXT] = element.text or ""
    return found


def _differences(
    text_key: str,
    start: Mapping[str, Mapping[str, str]],
    states: Sequence[Mapping[str, Mapping[str, str]]],
    used: tuple[int, ...],
    controls: Sequence[Control],
) -> list[Change]:
    lengths = [len(controls[place].options) for place in used]
    changes = []
    for state in states:
        if state.keys() != start.keys():
            odd = sorted(state.keys() ^ start.keys())
            raise ArgumentError(f"the shapes {odd} are not in every state: hide them by opacity=0.")
    for key in start:
        for attribute in dict.fromkeys(name for state in states for name in state[key]):
            values = np.array([state[key].get(attribute, "") for state in states], dtype=object)
            table = values.reshape(lengths)
            needed: list[int] = []
            for axis in reversed(range(len(used))):
                first = np.take(table, [0], axis=axis)
                if (table == first).all():
                    table = first[(slice(None),) * axis + (0,)]
                else:
                    needed.insert(0, used[axis])
            if needed:
                changes.append(Change(key or text_key, attribute, tuple(needed), tuple(table.flat)))
    return changes


def shown(figure: Figure, choice: Mapping[str, Option]) -> dict[tuple[str, str], str]:
    """Return what a figure shows for a choice.

    Parameters
    ----------
    figure : Figure
        Any.
    choice : mapping of str to float, int or str
        An option for every control.

    Returns
    -------
    dict
        The value of every attribute that may change, by key and attribute; ``#`` is text, and
        the words of the first drawing function have the key ``text-1``.

    Raises
    ------
    ArgumentError
        A control without a value, or a value that is not among its options.
    """
    places = []
    for control in figure.controls:
        if choice.get(control.name) not in control.options:
            raise ArgumentError(
                f"choice: {control.name!r} should be one of {control.options}, "
                f"got {choice.get(control.name)!r}."
            )
        places.append(control.options.index(choice[control.name]))
    lengths = [len(control.options) for control in figure.controls]
    return {
        (change.key, change.attribute): change.values[
            int(
                np.ravel_multi_index(
                    [places[c] for c in change.controls], [lengths[c] for c in change.controls]
                )
            )
        ]
        for change in figure.changes
    }


def markup(figure: Figure) -> str:
    """Write the figure as HTML: the still, its controls, its words, and the other states' data.

    Parameters
    ----------
    figure : Figure
        What to write.

    Returns
    -------
    str
        One element of class ``unrolled-figure``; `player.mjs` makes it respond.
    """
    width, height = figure.size
    drawing = "".join(
        tostring(each, encoding="unicode") for still in figure.stills for each in still.shapes
    )
    words = "".join(
        f'<span data-key="text-{place}">{escape(still.text)}</span> '
        for place, still in enumerate(figure.stills, 1)
    )
    data = {
        "controls": [
            {"name": each.name, "options": each.options, "labels": each.labels}
            for each in figure.controls
        ],
        "changes": figure.changes,
    }
    controls = "".join(_control(figure, each) for each in figure.controls)
    # "<" must not end the script element early
    stored = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (
        f'<div class="unrolled-figure" role="group" aria-label="{escape(figure.title)}" '
        f'data-figure="{escape(figure.name)}">'
        f'<div class="uf-stage"><svg role="img" aria-label="{escape(figure.description)}" '
        f'viewBox="0 0 {svg.number(width)} {svg.number(height)}" '
        f'style="max-width:{svg.number(width * 1.2)}px">{drawing}</svg></div>'
        f'<div class="uf-controls">{controls}</div>'
        f'<p class="uf-text" aria-live="polite">{words.strip()}</p>'
        f'<script type="application/json" class="uf-data">{stored}</script></div>'
    )


def _control(figure: Figure, control: Control) -> str:
    name, label = escape(control.name), escape(control.label)
    place = control.options.index(control.start)
    if control.kind == "choice":
        group_name = escape(f"{figure.name}-{control.name}")
        buttons = "".join(
            f'<label><input type="radio" name="{group_name}" value="{index}"'
            f"{' checked' if index == place else ''}> {escape(each)}</label>"
            for index, each in enumerate(control.labels)
        )
        return f'<fieldset data-control="{name}"><legend>{label}</legend>{buttons}</fieldset>'
    written = escape(control.labels[place])
    slider = (
        f'<label><span class="uf-label">{label}</span> '
        f'<input type="range" min="0" max="{len(control.options) - 1}" step="1" value="{place}" '
        f'aria-valuetext="{written}"></label>'
    )
    value = f"<output>{written}</output>"
    if control.kind == "slider":
        return f'<div data-control="{name}">{slider}{value}</div>'
    return (
        f'<div data-control="{name}"><button type="button" data-by="-1">Back</button>'
        f'<button type="button" data-by="1">Next</button>{slider}{value}</div>'
    )


@cache
def widget_class() -> type[Any]:
    """Return the anywidget class of all figures.

    Returns
    -------
    type
        Made at the first call, since anywidget is imported only where it is used.

    Raises
    ------
    ImportError
        anywidget is not installed.
    """
    import anywidget
    import traitlets

    files = resources.files("unrolled.figures")

    class RespondingFigure(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """The figure's markup, and the reader's present choice."""

        _esm = files.joinpath("player.mjs").read_text("utf-8")
        _css = files.joinpath("player.css").read_text("utf-8")
        html = traitlets.Unicode().tag(sync=True)
        choice = traitlets.Dict().tag(sync=True)

    return RespondingFigure
