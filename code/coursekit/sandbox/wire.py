"""Messages as bytes between the grader and the box.

A frame is a header, JSON, and a body, the raw bytes of every array in order. A reader
believes nothing: lengths are checked before anything is read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from unrolled.shapes import Array

LENGTHS = struct.Struct(">IQ")
"""How a frame begins: the lengths of its header and its body."""


class WireError(ValueError):
    """Something that is no value of ours; the message ends a sentence: "it returned …"."""


class Frame(NamedTuple):
    """A message as read: plain JSON, and the bytes of its arrays."""

    header: dict[str, Any]
    body: bytes | bytearray


def send(header: dict[str, Any], arrays: Sequence[Array]) -> bytes:
    """Make the bytes of a frame.

    Parameters
    ----------
    header : dict
        Plain JSON.
    arrays : sequence of ndarray
        As ``values.encode`` gathered them.

    Returns
    -------
    bytes
        The frame.
    """
    text = json.dumps(header).encode("ascii")
    pieces = [array.tobytes() for array in arrays]
    return b"".join((LENGTHS.pack(len(text), sum(map(len, pieces))), text, *pieces))


def receive(read: Callable[[int], bytes | bytearray], header_bytes: int, body_bytes: int) -> Frame:
    """Read one frame.

    Parameters
    ----------
    read : callable
        Gives exactly so many bytes, or raises.
    header_bytes, body_bytes : int
        No more than these are read.

    Returns
    -------
    Frame
        Its header is a JSON object; nothing else about it is known.

    Raises
    ------
    WireError
        Too long, or no frame.
    """
    header_length, body_length = LENGTHS.unpack(read(LENGTHS.size))
    if header_length > header_bytes or body_length > body_bytes:
        raise WireError("more than may be returned")
    text = bytes(read(header_length))
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("no message of ours") from None
    if type(header) is not dict:
        raise WireError("no message of ours")
    return Frame(header, read(body_length))
