"""The curves of chapter 5: losses, what they have to beat, and what a model writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from unrolled import train
from unrolled.models import Model, ModelParams
from unrolled.plots.style import COLOURS, page_figure
from unrolled.shapes import Array
from unrolled.tasks import Vocabulary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Behind a label that lies on a line.
_BLANK: Mapping[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}


def gradient_by_margin(margins: Array, gradients: Mapping[str, Array]) -> Figure:
    """Draw how hard each loss pushes the right class's logit.

    Parameters
    ----------
    margins : ndarray, shape (points,)
        Logit of the wrong class minus logit of the right one.
    gradients : mapping of str to ndarray, shape (points,)
        The size of the gradient, by the name of the loss.

    Returns
    -------
    matplotlib.figure.Figure
        One named line a loss.
    """
    figure, axes = page_figure(7.0, 2.8)
    shades = (COLOURS["gradient"], COLOURS["loss"])
    for (name, values), shade in zip(gradients.items(), shades, strict=False):
        axes.plot(margins, values, color=shade, linewidth=2)
        axes.text(margins[-1], values[-1] + 0.04, name, ha="right", color=shade, fontsize=10)
    axes.set_ylim(0, 1.15)
    axes.set_xlabel("how much the wrong logit exceeds the right one")
    axes.set_ylabel("size of the gradient")
    return figure


def spelling_curves(losses: Mapping[str, Array], floor: float) -> Figure:
    """Draw the loss of the word against the step of training.

    Parameters
    ----------
    losses : mapping of str to ndarray, shape (steps,)
        Total loss in nats, by the name of the run.
    floor : float
        The lowest loss without a memory.

    Returns
    -------
    matplotlib.figure.Figure
        One named line a run, on a logarithmic scale; the floor dashed.
    """
    figure, axes = page_figure(7.0, 3.0)
    shades = (COLOURS["state"], COLOURS["input"], COLOURS["gradient"])
    for (name, values), shade in zip(losses.items(), shades, strict=False):
        axes.plot(values, color=shade, linewidth=2)
        axes.annotate(
            name,
            (len(values) - 1, values[-1]),
            (4, 0),
            textcoords="offset points",
            color=shade,
            va="center",
            fontsize=10,
            bbox=_BLANK,
        )
    axes.axhline(floor, color=COLOURS["neutral"], linestyle="--", linewidth=1)
    axes.text(
        0.62,
        floor * 0.86,
        "2 ln 2",
        va="top",
        ha="center",
        color=COLOURS["neutral"],
        transform=axes.get_yaxis_transform(),
    )
    axes.set_yscale("log")
    axes.set_xlim(0, 1.22 * max(map(len, losses.values())))
    axes.set_xlabel("step of training")
    axes.set_ylabel("loss of the word (nats)")
    return figure


def learning_curve(bits: Array, levels: Mapping[str, float], mean_over: int = 20) -> Figure:
    """Draw a character model's training loss beside the levels it has to beat.

    Parameters
    ----------
    bits : ndarray, shape (steps,)
        Bits per character of each mini-batch.
    levels : mapping of str to float
        Bits per character by name: baselines, held-out score.
    mean_over : int
        Steps that the smooth line averages.

    Returns
    -------
    matplotlib.figure.Figure
        The batches pale, their running mean strong, the levels dashed and named.
    """
    figure, axes = page_figure(7.0, 3.3)
    smooth = np.convolve(bits, np.ones(mean_over) / mean_over, mode="valid")
    axes.plot(bits, color=COLOURS["state"], alpha=0.3, linewidth=1)
    axes.plot(np.arange(mean_over - 1, len(bits)), smooth, color=COLOURS["state"], linewidth=2)
    for name, level in levels.items():
        axes.axhline(level, color=COLOURS["neutral"], linestyle="--", linewidth=1)
        axes.text(
            len(bits) * 1.01, level, f"{name} {level:.2f}", va="center", fontsize=9.5, bbox=_BLANK
        )
    axes.set_xlim(0, len(bits) * 1.27)
    axes.set_xlabel("step of training")
    axes.set_ylabel("bits per character")
    return figure


def write_text(
    model: Model,
    params: ModelParams,
    vocabulary: Vocabulary,
    prompt: str,
    temperature: float,
    seed: int,
    length: int = 120,
) -> None:
    """Print what a character model writes; made for a slider. See eq-temperature (chapter 5).

    Parameters
    ----------
    model, params, temperature, length
        As for :func:`unrolled.train.sample`.
    vocabulary : Vocabulary
        The model's characters.
    prompt : str
        What it reads first.
    seed : int
        The same seed gives the same draws.
    """
    rng = np.random.default_rng(seed)
    ids = vocabulary.encode(prompt)
    written = train.sample(model, params, ids, length, rng=rng, temperature=temperature)
    print(prompt + vocabulary.decode(written))
