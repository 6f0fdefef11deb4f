"""The sentences that a student reads, made inside the box; here in this process, honestly."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from coursekit.sandbox import messages, wire
from coursekit.sandbox.answering import answers
from unrolled.exercises.papers import Reply


def answered(source: str, *calls: tuple[Any, ...], most: int = 1 << 16) -> list[Reply]:
    """Answer a task as a child in the box does."""
    task = messages.Task("ps1", "", "answer", source, calls)
    sent = wire.receive(reader(messages.pack_task(task)), 1 << 20, 1 << 20)
    frames = answers(messages.unpack_task(sent), most)
    return [
        messages.unpack_reply(wire.receive(reader(frame), 1 << 20, 1 << 20)) for frame in frames
    ]


def reader(frame: bytes) -> Any:
    """Read from bytes."""
    return io.BytesIO(frame).read


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("return y",), "line 2 of the cell with NameError: name 'y'"),
        (("return y",), "Only np, ps1 and what the cell itself defines reach the grader."),
        (("import pandas",), "Only np, ps1"),
        (("raise NotImplementedError",), "not written yet"),
        (("x = 1",), "returns nothing yet"),
        (("return 1 / 0",), "line 2 of the cell with ZeroDivisionError: division by zero"),
        (("x += 1", "return x"), "changed its argument number 1"),
        (("raise PermissionError('notes.txt')",), "no files, network, processes"),
        (("return answer(x)",), "calls itself without an end"),
        (("raise SystemExit",), "ends Python"),
        (("return print",), "returned builtin_function_or_method, not numbers"),
        (("return = 1",), "line 2 of the answer cell is no Python"),
        (("raise ValueError('é\\n' * 999)",), "ValueError: é é é"),
    ],
)
def test_what_went_wrong_is_said(lines: tuple[str, ...], words: str) -> None:
    source = "def answer(x):\n" + "".join(f"    {line}\n" for line in lines)
    reply = answered(source, (np.ones(3),))[-1]
    assert words in str(reply.problem)
    assert reply.value is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "defines no function answer."),
        ("answer = 3", "answer is not a function"),
        ("x = 1\ny = z", "the answer cell stopped in line 2 of the cell with NameError"),
        ("\0", "is no Python"),
        ("raise NotImplementedError", "not written yet"),
    ],
)
def test_a_cell_that_does_not_load(source: str, words: str) -> None:
    (reply,) = answered(source, (1,), (2,))
    assert words in str(reply.problem)


LIAR = """
class Liar(Exception):
    def __str__(self): raise KeyError
    @property
    def __class__(self): raise BaseException
def answer(n):
    if n: return Liar()
    raise Liar
"""


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        (LIAR, "error", "line 3 of the cell with KeyError"),
        (LIAR + "raise Liar", "error", "with Liar: an error that cannot be printed"),
        (LIAR.replace("if n", "if not n"), "error", "cannot be read: BaseException"),
        ("def answer(n): raise MemoryError('x' * 999)", "memory", "more memory than is allowed."),
        ("def answer(n): raise KeyboardInterrupt('x')", "error", "line 1 of the cell with Keyb"),
        ("def answer(n): return np.zeros(10**6)", "flood", "more than may be returned"),
        ("def answer(n): return 'x' * 2_000_000", "flood", "more than may be returned"),
        ("def answer(n): return [1] * 30_000", "error", "put numbers into an array"),
    ],
)
def test_kinds_of_problems(source: str, kind: str, words: str) -> None:
    replies = answered(source, (0,), (1,))
    assert len(replies) == 1  # nothing follows a problem, sendable or not
    assert replies[0].kind == kind
    assert words in str(replies[0].problem)
    assert len(str(replies[0].problem)) <= messages.SENTENCE


def test_all_calls_together_may_return_so_much() -> None:
    source = "def answer(n): return np.zeros(n)"
    replies = answered(source, (3000,), (3000,), (3000,), most=50_000)
    assert [reply.kind for reply in replies] == ["error", "error", "flood"]
    assert [reply.problem is None for reply in replies] == [True, True, False]
