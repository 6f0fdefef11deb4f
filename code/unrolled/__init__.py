"""Recurrent networks and their gradients in plain NumPy, to be read beside the book."""

from unrolled import fused, gradcheck, interop
from unrolled.cells import GRU, LSTM, RNN, Cell, GRUParams, Hidden, LSTMParams, Memory, RNNParams
from unrolled.sequence import unroll, unroll_backward
from unrolled.shapes import ArgumentError, DTypeError, ShapeError

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "ArgumentError",
    "Cell",
    "DTypeError",
    "GRUParams",
    "Hidden",
    "LSTMParams",
    "Memory",
    "RNNParams",
    "ShapeError",
    "fused",
    "gradcheck",
    "interop",
    "unroll",
    "unroll_backward",
]
