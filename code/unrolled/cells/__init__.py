"""Recurrent cells: one step of the recurrence, and the same step backward."""

from unrolled.cells.base import Cell
from unrolled.cells.rnn import RNN, Hidden, RNNParams

__all__ = ["RNN", "Cell", "Hidden", "RNNParams"]
