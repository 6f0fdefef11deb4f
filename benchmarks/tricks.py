"""What each trick of ``fused`` gains by itself: the same work without it and with it (chapter 14).

A piece is the part of an LSTM's pass that the trick is about, for all steps; both ways give the
same numbers. Some lose, at some size or at all. :mod:`benchmarks.trials` times them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.sizes import DTYPE, Size, problem
from benchmarks.trick_numbers import GATES, Pair, numbers
from benchmarks.trick_products import (
    column_blocks,
    copied_transpose,
    hoisted,
    one_matrix,
    row_picks,
    rows_back,
    summed_after,
)
from unrolled.shapes import Array
from unrolled.trees import map_arrays

CHUNK = 8


class Trick(NamedTuple):
    """One trick."""

    words: str
    pair: Callable[[Size], Pair]


def gate_major(size: Size) -> Pair:
    """Squash and multiply the gates: as slices of rows (N, 4H), and each in a block of its own."""
    n = numbers(size)
    side_by_side = np.ascontiguousarray(n.a.transpose(1, 2, 0, 3)).reshape(n.da.shape)
    out_rows, out_blocks = np.empty_like(n.hs), np.empty_like(n.hs)
    scratch, squashed = np.empty(n.hs.shape[1:], DTYPE), np.empty((GATES, *n.hs.shape[1:]), DTYPE)
    rows = np.empty(n.da.shape[1:], DTYPE)
    H = size.H

    def without() -> Array:
        for a, c, c_next in zip(side_by_side, n.hs, out_rows, strict=True):
            np.tanh(a, rows)
            np.multiply(rows[:, H : 2 * H], c, c_next)
            np.multiply(rows[:, :H], rows[:, 3 * H :], scratch)
            np.add(c_next, scratch, c_next)
            np.multiply(rows[:, 2 * H : 3 * H], c_next, c_next)
        return out_rows

    def with_() -> Array:
        for a, c, c_next in zip(n.a.transpose(1, 0, 2, 3), n.hs, out_blocks, strict=True):
            np.tanh(a, squashed)
            i, f, o, g = squashed
            np.multiply(f, c, c_next)
            np.multiply(i, g, scratch)
            np.add(c_next, scratch, c_next)
            np.multiply(o, c_next, c_next)
        return out_blocks

    return Pair(without, with_)


def sigmoid(z: Array) -> Array:
    """Squash by the formula of chapter 9."""
    result: Array = 1 / (1 + np.exp(-z))
    return result


def one_tanh(size: Size) -> Pair:
    """Squash all gates of all steps: three sigmoids and a tanh, and one tanh for all."""
    steps = np.ascontiguousarray(numbers(size).a.transpose(1, 0, 2, 3))  # (T, 4, N, H)
    half = steps.copy()
    half[:, :3] *= 0.5  # in the weights, before the loop
    out, again = np.empty_like(steps), np.empty_like(steps)

    def without() -> Array:
        for a, gates in zip(steps, out, strict=True):
            for k in range(3):
                gates[k] = sigmoid(a[k])
            np.tanh(a[3], gates[3])
        return out

    def with_() -> Array:
        for a, gates in zip(half, again, strict=True):
            np.tanh(a, gates)
            np.multiply(gates[:3], 0.5, gates[:3])
            np.add(gates[:3], 0.5, gates[:3])
        return again

    return Pair(without, with_)


def in_chunks(size: Size) -> Pair:
    """Make the slopes of all gates: step by step, and eight steps at a time."""
    gates = np.tanh(numbers(size).a)

    def slopes(steps: int) -> Array:
        room: Array = np.empty((GATES, steps, size.N, size.H), DTYPE)
        last = room
        for start in range(0, size.T, steps):
            part = gates[:, start : start + steps]
            last = room[:, : part.shape[1]]
            np.multiply(part, part, last)
            np.subtract(1, last, last)
            last[0] *= part[3]
            last[3] *= part[0]
        return last[:, -1].copy()

    return Pair(lambda: slopes(1), lambda: slopes(CHUNK))


def workspace(size: Size) -> Pair:
    """Run a whole pass of ``fused``: with fresh arrays, and with a workspace."""
    task = problem("LSTM", size)
    return Pair(ours.fresh(task), ours.with_workspace(task))


def float32(size: Size) -> Pair:
    """Run a whole pass of ``fused``: in float64, and in float32."""
    task = problem("LSTM", size)
    double = task._replace(
        params=map_arrays(lambda each: each.astype(np.float64), task.params),
        xs=task.xs.astype(np.float64),
        dhs=task.dhs.astype(np.float64),
    )
    return Pair(ours.with_workspace(double), ours.with_workspace(task))


def where_sigmoid(size: Size) -> Pair:
    """Squash: with exp alone, and with two branches chosen by ``np.where``."""
    steps = np.ascontiguousarray(numbers(size).a[0])
    out, again = np.empty_like(steps), np.empty_like(steps)

    def without() -> Array:
        for a, gate in zip(steps, out, strict=True):
            gate[...] = sigmoid(a)
        return out

    def with_() -> Array:
        for a, gate in zip(steps, again, strict=True):
            small = np.exp(-np.abs(a))
            gate[...] = np.where(a >= 0, 1 / (1 + small), small / (1 + small))
        return again

    return Pair(without, with_)


TRICKS: dict[str, Trick] = {
    "hoist": Trick("one input product for all steps", hoisted),
    "after": Trick("one weight gradient for all steps", summed_after),
    "gate-major": Trick("each gate in a block of its own", gate_major),
    "one tanh": Trick("one tanh for all gates", one_tanh),
    "transpose": Trick("a copy of the transposed weights", copied_transpose),
    "row picks": Trick("token ids pick rows", row_picks),
    "rows back": Trick("one-hot product instead of add.at", rows_back),
    "chunks": Trick("slopes of eight steps at a time", in_chunks),
    "workspace": Trick("arrays used again", workspace),
    "float32": Trick("float32 instead of float64", float32),
    "blocks": Trick("weights in blocks of columns", column_blocks),
    "one matrix": Trick("[x, h, 1] times one matrix", one_matrix),
    "where": Trick("a sigmoid with np.where", where_sigmoid),
}
"""In the order of the chapter."""
