"""Texts, vocabularies, windows and splits."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled import ArgumentError, tasks


@pytest.mark.parametrize("text", ["a", "HELLO", "순환 신경망\n", "naïve – “x”", "😀🎉😀", "\t \n"])
def test_encode_and_decode_are_inverse(text):
    vocabulary = tasks.vocabulary_of(text)
    assert vocabulary.characters == tuple(sorted(set(text)))
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert ids.shape == (len(text),)
    assert vocabulary.decode(ids) == text
    assert vocabulary.decode(ids.astype(np.uint8)) == text


def test_hello():
    word = tasks.hello()
    assert word.vocabulary.characters == ("H", "E", "L", "O")
    assert word.inputs.tolist() == [[0], [1], [2], [2]]
    assert word.targets.tolist() == [[1], [2], [2], [3]]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        (b"\xef\xbb\xbfbom", "bom"),
        ("한글".encode(), "한글"),
    ],
)
def test_files_are_read_as_utf8_with_plain_line_ends(tmp_path, raw, text):
    (tmp_path / "t.txt").write_bytes(raw)
    assert tasks.read_text(tmp_path / "t.txt") == text
    assert tasks.read_text(str(tmp_path / "t.txt")) == text


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"ab\xff", "0xff at 2"),
        (b"\xef\xbb\xbfab\xfe", "0xfe at 5"),
        ("x".encode("utf-16"), "UTF-8"),
    ],
)
def test_files_that_cannot_be_read_as_text(tmp_path, raw, says):
    (tmp_path / "t.txt").write_bytes(raw)
    with pytest.raises(ArgumentError, match=says):
        tasks.read_text(tmp_path / "t.txt")


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ArgumentError, match="path: expected a readable text file"):
            tasks.read_text(path)


@pytest.mark.parametrize(("length", "share", "kept"), [(10, 0.2, 8), (100, 0.1, 90), (4, 0.5, 2)])
def test_split_keeps_the_end_aside(length, share, kept):
    ids = np.arange(length)
    training, held_out = tasks.split(ids, share)
    assert training.tolist() == list(range(kept))
    assert held_out.tolist() == list(range(kept, length))
    assert len(tasks.split(np.arange(50))[1]) == 5


@pytest.mark.parametrize(("length", "share"), [(3, 0.5), (4, 0.4), (4, 0.7), (1, 0.1)])
def test_both_parts_have_two_ids(length, share):
    if length == 4 and share == 0.4:
        assert [len(part) for part in tasks.split(np.arange(length), share)] == [2, 2]
        return
    with pytest.raises(ArgumentError, match="Use a longer text"):
        tasks.split(np.arange(length), share)


def test_windows():
    ids = np.arange(100, 110)
    batches = tasks.windows(ids, 3, 5, rng=np.random.default_rng(0))
    starts = set()
    for _ in range(60):
        xs, targets = next(batches)
        assert xs.shape == targets.shape == (3, 5)
        assert (targets == xs + 1).all()
        assert (np.diff(xs, axis=0) == 1).all()
        starts |= set(xs[0].tolist())
    assert starts == set(range(100, 107))  # the first window and the last are both reached


def test_the_shortest_text_has_one_window():
    xs, targets = next(tasks.windows(np.arange(3), 2, 2, rng=np.random.default_rng(0)))
    assert xs.tolist() == [[0, 0], [1, 1]]
    assert targets.tolist() == [[1, 1], [2, 2]]
