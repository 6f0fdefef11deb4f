"""Weights to and from other libraries' layouts, as plain arrays; none of them is imported.

Each converter copies, takes one layer in one direction, and refuses what it cannot
say exactly. The appendix "Notation across books" shows every one of them at work.
"""

from unrolled.interop.keras import from_keras, to_keras
from unrolled.interop.onnx import from_onnx, to_onnx
from unrolled.interop.orders import ORDERS, reorder
from unrolled.interop.torch import from_torch, to_torch

__all__ = [
    "ORDERS",
    "from_keras",
    "from_onnx",
    "from_torch",
    "reorder",
    "to_keras",
    "to_onnx",
    "to_torch",
]
