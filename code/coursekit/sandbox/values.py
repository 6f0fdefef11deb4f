"""Values as JSON and arrays, and back: numbers, strings, arrays, and what holds them.

What is put together again may be an enemy's: every size is checked against the bytes that
are there before anything is made of it, and nothing is ever run, as a pickle would be.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from coursekit.sandbox.wire import WireError
from unrolled.shapes import Array

DTYPES = frozenset(
    ("|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f4", "<f8", "<c16")
)
DEPTH = 16
NODES = 20_000
AXES = 32
INTEGER = 1 << 63


def encode(value: Any, most_bytes: int) -> tuple[Any, list[Array]]:
    """Take a value apart into JSON and arrays.

    Parameters
    ----------
    value : object
        None, numbers, strings, arrays of numbers; lists, tuples and dicts of them.
    most_bytes : int
        The arrays may not be larger together.

    Returns
    -------
    tuple
        A JSON value, and the arrays, in the byte order of the wire.

    Raises
    ------
    WireError
        Anything else.
    """
    encoder = _Encoder(most_bytes)
    node = encoder.node(value, 0)
    return node, encoder.arrays


class _Encoder:
    """Counts while it walks through a value."""

    def __init__(self, most_bytes: int) -> None:
        self.arrays: list[Array] = []
        self.bytes_left = most_bytes
        self.nodes_left = NODES

    def node(self, value: Any, depth: int) -> Any:
        self.nodes_left -= 1
        if self.nodes_left < 0:
            raise WireError(f"more than {NODES} values, one by one; put numbers into an array")
        if depth > DEPTH:
            raise WireError(f"values nested more than {DEPTH} deep")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (np.ndarray, np.generic)):
            return self.array(value)
        if isinstance(value, (int, float, complex)):
            return _number(value)
        if isinstance(value, str):
            return ["s", str(value)]
        if isinstance(value, (list, tuple)):
            return self.members("l" if isinstance(value, list) else "t", list(value), depth)
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            members = self.members("l", list(value.values()), depth)
            return ["d", [str(key) for key in value], members]
        raise WireError(f"{_name(value)}, not numbers")

    def members(self, tag: str, members: list[Any], depth: int) -> Any:
        if len(members) > 1 and all(type(member) in (float, np.float64) for member in members):
            return [tag + "f", self.array(np.array(members))]  # a row of numbers, packed
        return [tag, [self.node(member, depth + 1) for member in members]]

    def array(self, value: Any) -> Any:
        array: Array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            raise WireError(f"an array of {array.dtype.name} values, not of numbers")
        dtype = array.dtype.newbyteorder("<")
        if dtype.str not in DTYPES:  # half, extended or single complex precision
            dtype = np.dtype("<c16" if dtype.kind == "c" else "<f8")
        self.bytes_left -= array.size * dtype.itemsize
        if self.bytes_left < 0:
            raise WireError("more than may be returned")
        self.arrays.append(array.astype(dtype, copy=False))
        return ["x" if isinstance(value, np.generic) else "a", dtype.str, list(array.shape)]


def _number(value: Any) -> Any:
    if isinstance(value, int):
        if not -INTEGER <= value < INTEGER:
            raise WireError("an integer of more than 64 bits")
        return ["i", int(value)]
    if isinstance(value, float):
        return ["f", float.hex(value)]
    return ["c", float.hex(value.real), float.hex(value.imag)]


def _name(value: Any) -> str:
    return str(type(value).__name__)[:50]


def decode(node: Any, body: bytes | bytearray) -> Any:
    """Put a value together again.

    Parameters
    ----------
    node : object
        What :func:`encode` made, or anything else that JSON can say.
    body : bytes
        The bytes of all arrays, which must be used up.

    Returns
    -------
    object
        The value; its arrays are its own and can be written.

    Raises
    ------
    WireError
        Not what :func:`encode` makes.
    """
    decoder = _Decoder(body)
    try:
        value = decoder.value(node, 0)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise WireError("no message of ours") from None
    if decoder.place != len(body):
        raise WireError("no message of ours")
    return value


class _Decoder:
    """Walks through the nodes, and through the bytes beside them; a misfit raises."""

    def __init__(self, body: bytes | bytearray) -> None:
        self.body = body
        self.place = 0

    def value(self, node: Any, depth: int) -> Any:
        if depth > DEPTH + 2:
            raise WireError("no message of ours")
        if node is None or type(node) is bool:
            return node
        if type(node) is not list:
            raise WireError("no message of ours")
        match node:
            case ["i", int() as number] if -INTEGER <= number < INTEGER:
                return int(number)
            case ["f", str() as number]:
                return float.fromhex(number)
            case ["c", str() as real, str() as imag]:
                return complex(float.fromhex(real), float.fromhex(imag))
            case ["s", str() as text]:
                return text
            case ["a", str() as dtype, list() as shape]:
                return self.array(dtype, shape)
            case ["x", str() as dtype, []]:
                return self.array(dtype, [])[()]
            case ["lf" | "tf" as tag, ["a", "<f8", [int() as length]]]:
                row = self.array("<f8", [length]).tolist()
                return row if tag == "lf" else tuple(row)
            case ["l" | "t" as tag, list() as members]:
                values = [self.value(member, depth + 1) for member in members]
                return values if tag == "l" else tuple(values)
            case ["d", list() as keys, members] if all(type(key) is str for key in keys):
                return dict(zip(keys, self.value(members, depth + 1), strict=True))
        raise WireError("no message of ours")

    def array(self, dtype: str, shape: list[Any]) -> Array:
        if dtype not in DTYPES or len(shape) > AXES:
            raise WireError("no message of ours")
        size = 1
        for length in shape:
            if type(length) is not int or not 0 <= length <= 1 << 31:
                raise WireError("no message of ours")
            size *= length
        kind = np.dtype("|u1" if dtype == "|b1" else dtype)
        end = self.place + size * kind.itemsize
        if end > len(self.body):
            raise WireError("no message of ours")
        flat = np.frombuffer(self.body, kind, size, self.place) if size else np.empty(0, kind)
        self.place = end
        array: Array = flat != 0 if dtype == "|b1" else flat.copy()  # a byte of 7 is no bool
        return array.reshape(shape)
