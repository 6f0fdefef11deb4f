"""Recurrent cells: one step of the recurrence, and the same step backward."""

from unrolled.cells.base import Cell
from unrolled.cells.coupled import CoupledLSTM, CoupledLSTMParams
from unrolled.cells.gru import GRU, GRUParams
from unrolled.cells.lstm import LSTM, LSTMParams, Memory
from unrolled.cells.mgu import MGU, MGUParams
from unrolled.cells.peephole import PeepholeLSTM, PeepholeLSTMParams
from unrolled.cells.reset_before import ResetBeforeGRU, ResetBeforeGRUParams
from unrolled.cells.rnn import RNN, Hidden, RNNParams

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "RNN",
    "Cell",
    "CoupledLSTM",
    "CoupledLSTMParams",
    "GRUParams",
    "Hidden",
    "LSTMParams",
    "MGUParams",
    "Memory",
    "PeepholeLSTM",
    "PeepholeLSTMParams",
    "RNNParams",
    "ResetBeforeGRU",
    "ResetBeforeGRUParams",
]
