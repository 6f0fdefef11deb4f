"""Recurrent cells: one step of the recurrence, and the same step backward."""

from unrolled.cells.base import Cell
from unrolled.cells.gru import GRU, GRUParams
from unrolled.cells.lstm import LSTM, LSTMParams, Memory
from unrolled.cells.rnn import RNN, Hidden, RNNParams

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Cell",
    "GRUParams",
    "Hidden",
    "LSTMParams",
    "Memory",
    "RNNParams",
]
