"""Still figures: arrays in, a Matplotlib figure out. Matplotlib is imported where it is used."""

from unrolled.plots.style import COLOURS, page_figure

__all__ = ["COLOURS", "page_figure"]
