"""The model of problem set 5, and the lessons that it takes with the reader's own pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from unrolled import RNN, tasks, unroll
from unrolled.cells.rnn import RNNParams
from unrolled.exercises.calling import call
from unrolled.exercises.comparing import malformed
from unrolled.exercises.sets import ProblemSet
from unrolled.sequence import unroll_backward
from unrolled.shapes import Array, check_count, check_rng
from unrolled.train import clip_by_global_norm
from unrolled.trees import map_arrays, named_arrays

STEPS, TEXTS, D, H = 20, 40, 24, 64
RATE, DECAY, LIMIT, SLOW_START = 0.01, 0.01, 1.0, 30

Pieces: TypeAlias = Mapping[str, Callable[..., Any]]


class Weights(NamedTuple):
    """All that is learned; a gradient of it has the same type."""

    cell: RNNParams
    E: Array
    """The table of letters, (V, D)."""
    P: Array
    """From the state to a letter's row, (H, D)."""


def prose() -> tuple[tasks.Vocabulary, Array, Array]:
    """Give the book's characters, and its prose as ids: to train on, and held out."""
    text = tasks.read_text()
    vocabulary = tasks.vocabulary_of(text)
    return (vocabulary, *tasks.split(vocabulary.encode(text)))


def start(rng: np.random.Generator) -> Weights:
    """Draw fresh weights.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where they are drawn from; it moves on.

    Returns
    -------
    Weights
        64 units, rows of 24 numbers.
    """
    check_rng(rng)
    V = len(prose()[0].characters)
    cell = RNN.init(D, H, rng=rng)
    return Weights(cell, rng.standard_normal((V, D)), rng.standard_normal((H, D)) / np.sqrt(H))


def missing(problems: ProblemSet, pieces: Pieces) -> str | None:
    """Ask each piece one question, and say which gives no answer of the right form.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    pieces : mapping of str to callable
        The reader's functions by their problem's short name.

    Returns
    -------
    str or None
        A sentence for each piece that is not ready, or None.
    """
    told = []
    for short, piece in pieces.items():
        asked, settings = problems.problem(short), problems.variant(short).settings
        arguments = asked.draw(settings, np.random.default_rng(0))
        got, problem = call(piece, arguments)
        problem = problem or malformed(asked, got, asked.oracle.expected(settings, arguments))
        if problem is not None:
            told.append(f"Not yet: {short}: {problem}")
    return "\n".join(told) or None


def lessons(
    problems: ProblemSet, pieces: Pieces, *, steps: int, rng: np.random.Generator
) -> Iterator[tuple[int, Array, Array]]:
    """Read windows of the prose, if the pieces are ready; if not, say so and end.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    pieces : mapping of str to callable
        The reader's functions by their problem's short name.
    steps : int
        How many windows.
    rng : numpy.random.Generator
        Where they begin; it moves on.

    Yields
    ------
    k, ids, targets : int, ndarray (T, N), ndarray (T, N)
        The count from 1, the characters, and those that follow.
    """
    check_count("steps", steps)
    reason = missing(problems, pieces)
    if reason is not None:
        print(reason)
        return
    pairs = tasks.windows(prose()[1], STEPS, TEXTS, rng=rng)
    for k, (ids, targets) in enumerate(islice(pairs, steps), start=1):
        yield k, ids, targets


def backward(
    problems: ProblemSet, pieces: Pieces, weights: Weights, ids: Array, targets: Array
) -> Weights:
    """Run the model and carry the score's gradient back, by the reader's two backwards.

    Parameters
    ----------
    problems : ProblemSet
        Gives the forwards of the reader's forms.
    pieces : mapping of str to callable
        The reader's functions; ``"score"`` and ``"tied"`` are called.
    weights : Weights
        Where the model stands.
    ids, targets : ndarray of int, shape (T, N)
        Characters, and those that follow.

    Returns
    -------
    Weights
        The gradient of each.
    """
    use, E, P = problems["tied"], weights.E, weights.P
    hs, _, tape = unroll(RNN, weights.cell, use.embed(ids, E))
    tied = pieces["tied"]
    dlogits, _ = pieces["score"](use.readout(hs, E, P), targets, np.ones(ids.shape))
    nothing = np.zeros((*ids.shape, E.shape[1]))
    _, _, dhs = tied(nothing, dlogits, ids, hs, E, P)  # dh needs no dx
    dxs, _, dcell = unroll_backward(RNN, dhs, None, tape)
    dE, dP, _ = tied(dxs, dlogits, ids, hs, E, P)
    return Weights(dcell, dE, dP)


def stepped(
    pieces: Pieces,
    weights: Weights,
    gradients: Weights,
    memory: tuple[Weights, Weights] | None,
    k: int,
) -> tuple[Weights, tuple[Weights, Weights]]:
    """Take the reader's step for every array.

    Parameters
    ----------
    pieces : mapping of str to callable
        The reader's functions; ``"step"`` is called.
    weights, gradients : Weights
        Where the model stands, and the gradient there; a long one is shortened.
    memory : tuple of two Weights, optional
        m and s; zeros before the first step.
    k : int
        Counts the steps from 1; the rate grows over the first 30.

    Returns
    -------
    weights, memory
        After the step.
    """
    zeros = map_arrays(np.zeros_like, weights)
    m, s = (zeros, zeros) if memory is None else memory
    short = clip_by_global_norm(gradients, LIMIT)
    rate = RATE * min(1.0, k / SLOW_START)
    trees = (named_arrays(each) for each in (weights, short, m, s))
    results = [
        pieces["step"](*(array for _, array in arrays), k, rate, DECAY)
        for arrays in zip(*trees, strict=True)
    ]
    theta, m, s = (_as_weights(list(column)) for column in zip(*results, strict=True))
    return theta, (m, s)


def _as_weights(arrays: list[Array]) -> Weights:
    Wx, Wh, b, E, P = arrays
    return Weights(RNNParams(Wx, Wh, b), E, P)


def logits_of(problems: ProblemSet, weights: Weights, ids: Array, state: Any = None) -> Any:
    """Run the model forward.

    Parameters
    ----------
    problems : ProblemSet
        In the reader's forms.
    weights : Weights
        Where the model stands.
    ids : ndarray of int, shape (T, N)
        What it reads.
    state : Hidden, optional
        Where it goes on from; zeros if left out.

    Returns
    -------
    logits, state_T : ndarray (T, N, V), Hidden
        The answers, and where it stands after them.
    """
    use = problems["tied"]
    hs, state_T, _ = unroll(RNN, weights.cell, use.embed(ids, weights.E), state)
    return use.readout(hs, weights.E, weights.P), state_T
