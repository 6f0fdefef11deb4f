"""The problems with long lags: what is drawn, and when it counts as solved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from unrolled import ops, tasks
from unrolled.models import Loss, Steps
from unrolled.shapes import Array
from unrolled.tasks import Batch

TESTS, TESTED = 10, 200
"""Ten tests of 200 sequences make the 2,000 of 1997."""
STRINGS = 256
"""Reber strings to learn from, and as many others to be tested by."""


class Marks(NamedTuple):
    """How a model did on each sequence of a test."""

    right: Array
    """Whether it counts as right, (N,)."""
    error: Array
    """How far it was off, (N,)."""


class Test(NamedTuple):
    """Sequences, and how to mark what a model makes of them."""

    xs: Array
    judge: Callable[[Array], Marks]
    """``judge(outputs)``."""


class Source(NamedTuple):
    """Where the sequences of one run come from."""

    draw: Callable[[int, np.random.Generator], Batch]
    """``draw(N, rng)``: a mini-batch to learn from."""
    tests: Callable[[np.random.Generator], Iterator[Test]]
    """``tests(rng)``: one after the other; the problem is solved when all are passed."""


class Problem(NamedTuple):
    """What is learned, and when it has been."""

    D: int
    """Input features, or how many different ids."""
    V: int
    """Outputs."""
    loss: Loss
    steps: Steps
    right: float
    """The share of a test's sequences that has to be right."""
    error: float
    """What a test's mean error has to stay below."""
    measure: str
    """What the error is."""
    source: Callable[[int, np.random.Generator], Source]
    """``source(T, rng)``."""
    beyond: int = 0
    """By how many steps the longest lag is longer than T."""


def _fresh(
    generator: Callable[..., Batch],
    judge: Callable[[Batch, Array], Marks],
) -> Callable[[int, np.random.Generator], Source]:
    """Draw every sequence anew, to learn from and to be tested by."""

    def source(T: int, rng: np.random.Generator) -> Source:
        def tests(rng: np.random.Generator) -> Iterator[Test]:
            for _ in range(TESTS):
                batch = generator(T, TESTED, rng=rng)
                yield Test(batch.xs, partial(judge, batch))

        return Source(lambda N, rng: generator(T, N, rng=rng), tests)

    return source


def _strings(T: int, rng: np.random.Generator) -> Source:
    """Draw the two sets of strings once, then learn from one and be tested by both."""
    sets = tasks.reber_sets(STRINGS, rng=rng)

    def draw(N: int, rng: np.random.Generator) -> Batch:
        chosen = [sets.training[i] for i in rng.integers(0, STRINGS, N)]
        return tasks.reber_batch(chosen)[0]

    def tests(rng: np.random.Generator) -> Iterator[Test]:
        for strings in sets:
            batch, legal = tasks.reber_batch(strings)
            yield Test(batch.xs, partial(_judge_strings, legal))

    return Source(draw, tests)


def _judge_strings(legal: Array, outputs: Array) -> Marks:
    wrong = (~tasks.most_active(outputs, legal)).sum(axis=0)
    return Marks(wrong == 0, wrong / legal.any(axis=-1).sum(axis=0))


def _judge_sum(batch: Batch, outputs: Array) -> Marks:
    error = (outputs - batch.targets)[:, 0] ** 2
    return Marks(np.ones(len(error), bool), error)


def _judge_sum_1997(batch: Batch, outputs: Array) -> Marks:
    error = np.abs(_at_end(batch, outputs) - _at_end(batch, batch.targets))[:, 0]
    return Marks(error < 0.04, error)


def _judge_order(batch: Batch, outputs: Array) -> Marks:
    p = ops.softmax(_at_end(batch, outputs))
    off = p - np.eye(p.shape[1])[_at_end(batch, batch.targets)]
    return Marks(np.abs(off).max(axis=1) < 0.3, (off**2).sum(axis=1))


def _judge_copy(batch: Batch, outputs: Array) -> Marks:
    wrong = (outputs.argmax(axis=-1) != batch.targets)[-tasks.COPIED :].sum(axis=0)
    p = np.take_along_axis(ops.softmax(outputs), batch.targets[:, :, None], axis=-1)
    with np.errstate(divide="ignore"):
        return Marks(wrong == 0, -np.log(p[:, :, 0]).mean(axis=0))


def _at_end(batch: Batch, values: Array) -> Array:
    """Pick the step that the mask marks, of each sequence."""
    ends = np.argmax(batch.mask, axis=0)  # type: ignore[arg-type]  # these tasks have a mask
    picked: Array = values[ends, np.arange(values.shape[1])]
    return picked


PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        "embedded Reber": Problem(
            *(7, 7, "cross_entropy", "every", 1.0, np.inf),
            *("share of steps at which an illegal symbol is above a legal one", _strings),
        ),
        "adding": Problem(
            *(2, 1, "squared_error", "last", 1.0, 0.01),
            *("squared error", _fresh(tasks.adding, _judge_sum)),
        ),
        "adding 1997": Problem(
            *(2, 1, "squared_error", "every", 1.0, 0.01),
            *("absolute error", _fresh(tasks.adding_1997, _judge_sum_1997)),
        ),
        "order 6a": Problem(
            *(8, 4, "cross_entropy", "every", 1.0, 0.1),
            *("squared distance", _fresh(tasks.temporal_order, _judge_order)),
        ),
        "order 6b": Problem(
            *(8, 8, "cross_entropy", "every", 1.0, 0.1, "squared distance"),
            _fresh(partial(tasks.temporal_order, symbols=3), _judge_order),
        ),
        "copy": Problem(
            *(10, 9, "cross_entropy", "every", 0.99, np.inf),
            *("nats per step", _fresh(tasks.copying, _judge_copy), tasks.COPIED),
        ),
    }
)
"""By name. The criteria are those of Hochreiter and Schmidhuber 1997 where they set one."""
