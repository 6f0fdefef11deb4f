"""Values go through the wire and come back the same; what is no message is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from coursekit.sandbox import messages, wire
from unrolled.exercises.papers import Reply

MOST = 1 << 20


def there_and_back(value: Any) -> Any:
    """Send a value and read it again."""
    frame = messages.pack_reply(Reply(value), MOST)
    return messages.unpack_reply(wire.receive(reader(frame), MOST, MOST)).value


def reader(frame: bytes) -> Callable[[int], bytes]:
    """Read from bytes as from a socket that ends after them."""
    left = [frame]

    def read(count: int) -> bytes:
        if count > len(left[0]):
            raise EOFError
        got, left[0] = left[0][:count], left[0][count:]
        return got

    return read


VALUES = (
    *(0, -5, 2**63 - 1, -(2**63), True, False, 1.5, -0.0, 1e-310, float("inf"), 2 + 3j),
    *("", "two words", "snow ☃ \ud800", (), [], {}, (1,), [1.5, 2.5], (0.1, 0.2, -0.0), [1, 2.0]),
    {"a": [1, (2.5, None)], "b": {"c": "d"}},
    [[1.0, 2.0], [3.0, 4.0]],
)
ARRAYS = (
    np.arange(24.0).reshape(2, 3, 4),
    np.arange(24.0).reshape(2, 3, 4).T,
    np.arange(10)[::-2],
    np.array(3.5),
    np.empty((0, 3)),
    np.array([True, False]),
    np.array([1 + 2j, np.nan]),
    np.array([1, 2], np.uint8),
    np.array([1, -2], ">i4"),
    np.array([1.5], np.float32),
    np.broadcast_to(1.0, (4, 5)),
)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_the_same(value: Any) -> None:
    got = there_and_back(value)
    assert repr(got) == repr(value)  # types, signs of zero, order


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_come_back_the_same(array: np.ndarray[Any, Any]) -> None:
    got = there_and_back((array, array))
    for each in got:
        np.testing.assert_array_equal(each, array)
        assert each.dtype == array.dtype.newbyteorder("<")
        assert each.flags.writeable
        assert each.flags.owndata or each.base.flags.owndata


def test_other_precisions_become_numbers_of_ours() -> None:
    for dtype, expected in ((np.float16, "<f8"), (np.longdouble, "<f8"), (np.complex64, "<c16")):
        got = there_and_back(np.array([1.5, 2], dtype))
        assert got.dtype.str == expected
        np.testing.assert_array_equal(got, [1.5, 2])


def test_scalars_of_numpy_stay_scalars() -> None:
    assert type(there_and_back(np.float64(1.5))) is np.float64
    row = list(np.linspace(0, 1, 25_000))  # of np.float64, packed as floats are
    assert there_and_back(row) == row
    assert type(there_and_back(np.bool_(True))) is np.bool_


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (print, "builtin_function_or_method, not numbers"),
        ({1: 2}, "dict, not numbers"),
        ({1, 2}, "set, not numbers"),
        (np.array(["a"]), "an array of str"),
        (np.array([None]), "an array of object"),
        (np.zeros(1, "M8[s]"), "an array of datetime64"),
        (2**63, "more than 64 bits"),
        (list(range(30_000)), "more than 20000 values"),
        ([[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]], "nested more than 16 deep"),
        (np.zeros(MOST), "more than may be returned"),
        (np.broadcast_to(1.0, (2**40, 2**10)), "more than may be returned"),
    ],
)
def test_what_cannot_be_sent_is_said(value: Any, words: str) -> None:
    with pytest.raises(wire.WireError, match=words):
        messages.pack_reply(Reply(value), MOST)


@pytest.mark.parametrize(
    "node",
    [
        *(1, 1.5, "x", {}, [], ["q"], ["i"], ["i", 1.5], ["i", 2**63], ["i", "1"], ["f", "x"]),
        *(["f", "0x1p99999"], ["f", 1.0], ["s", 1], ["c", "0x1p0"], ["l", 1], ["l", [1]]),
        *(["d", [1], ["l", [None]]], ["d", ["a"], ["l", []]], ["d", ["a"], None], ["d", "a", "b"]),
        *(["a", "<f8", []], ["a", "<f8", [1]], ["a", "<f8", [3]], ["a", "<f8", [-1, -2]]),
        *(["a", "<f8", [2.0]], ["a", "<f8", [True, 2]], ["a", "<f8", "2"], ["a", "|O", [2]]),
        *(["a", "f8", [2]], ["a", "|V16", [1]], ["a", ["<f8"], [2]], ["a", "<f8", [1] * 33 + [2]]),
        *(["a", "<f8", [2**31, 2**31, 2**31]], ["a", "<f8", [0, 2**31, 2**31, 2**31]]),
        *(["lf", ["a", "<f4", [4]]], ["lf", ["a", "<f8", [1, 2]]], ["x", "<f8", [2]]),
    ],
    ids=repr,
)
def test_no_message_of_ours_is_refused(node: Any) -> None:
    frame = wire.send({"value": node}, [np.array([1.0, 2.0])])
    with pytest.raises(wire.WireError):
        messages.unpack_reply(wire.receive(reader(frame), MOST, MOST))


@pytest.mark.parametrize(
    "header",
    [
        *(b"", b"1", b"[]", b"{", b"\xff", b"null", b'{"value": 1, "x": 2}', b'{"x": 1}', b"{}"),
        *(b'{"problem": "a"}', b'{"problem": 1, "kind": "error"}', b'{"problem": "a", "kind": 1}'),
        *(b'{"problem": "a", "kind": "right"}', b'{"value": ' + b"9" * 5000 + b"}"),
        b'{"value": ' + b'["l", [' * 20 + b"]]" * 20 + b"}",
        b'{"value": ' + b"[" * 99_999,
    ],
    ids=lambda header: str(header[:40]),
)
def test_headers_are_not_believed(header: bytes) -> None:
    frame = wire.LENGTHS.pack(len(header), 0) + header
    with pytest.raises(wire.WireError):
        messages.unpack_reply(wire.receive(reader(frame), MOST, MOST))


def test_lengths_are_checked_before_anything_is_read() -> None:
    for lengths in ((MOST + 1, 0), (0, MOST + 1), (2**32 - 1, 2**64 - 1)):
        with pytest.raises(wire.WireError):
            wire.receive(reader(wire.LENGTHS.pack(*lengths)), MOST, MOST)


def test_random_bytes_are_refused_and_nothing_else_happens() -> None:
    rng = np.random.default_rng(3)
    honest = messages.pack_reply(Reply([np.eye(3), {"a": (1.5, 2.5)}, "text"]), MOST)
    for _ in range(2000):
        bent = bytearray(honest)
        for place in rng.integers(0, len(bent), rng.integers(1, 6)):
            bent[place] = rng.integers(256)
        try:
            messages.unpack_reply(wire.receive(reader(bytes(bent)), MOST, MOST))
        except (wire.WireError, EOFError):
            continue


def test_a_boolean_of_seven_is_true() -> None:
    frame = wire.send({"value": ["a", "|b1", [2]]}, [np.array([7, 0], np.uint8)])
    got = messages.unpack_reply(wire.receive(reader(frame), MOST, MOST)).value
    assert got.dtype == bool
    assert got.tobytes() == b"\x01\x00"


def test_words_become_one_clean_line() -> None:
    assert messages.one_line("a\n\tb\x1b[2J \u202e c") == "a b [2J c"
    assert len(messages.one_line("x" * 10**6)) == 300
