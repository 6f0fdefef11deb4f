"""Exercises of chapter 14, as fast as PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled.cells import MGU, MGUParams, RNNParams
from unrolled.cells.rnn import RNN, Hidden
from unrolled.exercises.ch14_answers import (
    LIMITS,
    draw_counts,
    draw_ids,
    draw_mgu,
    draw_part,
    draw_product,
    draw_rnn,
    draw_squashed,
    limits,
    mgu_slip,
    rnn_slip,
    rows_by_loop,
)
from unrolled.exercises.model import Exercise, Mistake
from unrolled.sequence import unroll
from unrolled.shapes import Array

UNCOUNTED = (
    "the states are right, but not all products were counted. Copy with .copy() and multiply "
    "with @: np.asarray, np.ascontiguousarray and .dot make arrays that the counter cannot follow."
)


def _rnn(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, int]:
    """Run the package's loop; the products are T recurrent ones and one for all inputs."""
    return unroll(RNN, RNNParams(Wx, Wh, b), xs, Hidden(h0))[0], len(xs) + 1


def _mgu(xs: Array, h0: Array, Wx: Array, Wh: Array, b: Array) -> tuple[Array, int]:
    """Run the package's loop; two products must wait in every step."""
    return unroll(MGU, MGUParams(Wx, Wh, b), xs, Hidden(h0))[0], 2 * len(xs) + 1


def _counted_one_by_one(T: int, N: int, D: int, H: int, G: int) -> int:
    """Add up the products entry by entry of their results."""
    step = (
        N * G * H * (D + H)  # a: one multiply-add for each input and each old unit
        + N * D * G * H  # dx
        + N * H * G * H  # dh
        + D * G * H * N  # dW_x
        + H * G * H * N  # dW_h
    )
    return T * step


def _slope(z: Array) -> Array:
    """Differentiate σ by the complex step."""
    step = 1e-30
    found: Array = (1 / (1 + np.exp(-(z + 1j * step)))).imag / step
    return found


def _of_z(answer: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Let a formula in z answer a question asked with t = tanh(z/2)."""
    return lambda t: answer(2 * np.arctanh(t))


def _flops_a_byte(N: int, H: int, G: int) -> float:
    """Count, one number after the other, what (N, H) @ (H, G·H) reads, writes and adds."""
    left, right, result = np.zeros((N, H)), np.zeros((H, G * H)), np.zeros((N, G * H))
    flops = sum(2 * H for _ in result.flat)
    return flops / (4 * sum(array.size for array in (left, right, result)))


def _whole(share: float, gain: float) -> float:
    """Time a thousand units of work."""
    before, rest = 1000.0, 1000.0 * (1 - share)
    return before / (rest + (before - rest) / gain)


def _ratio(numbers: Callable[[int, int, int], float], flops: int = 2) -> Callable[..., Any]:
    return lambda N, H, G: flops * N * H * G * H / numbers(N, H, G)


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "ch14.count",
        "The multiply-adds of a pass",
        _counted_one_by_one,
        draw_counts,
        (
            Mistake(
                "this is the forward pass alone. How many products come back for each one?",
                lambda T, N, D, H, G: T * N * G * H * (D + H),
            ),
            Mistake(
                "backward is counted as much as forward. A product A B sends a gradient to A, and "
                "one to B.",
                lambda T, N, D, H, G: 2 * T * N * G * H * (D + H),
            ),
            Mistake(
                "these are flops: a multiply-add is one here, not two.",
                lambda T, N, D, H, G: 6 * T * N * G * H * (D + H),
            ),
            Mistake(
                "this is one step. How many are there?",
                lambda T, N, D, H, G: 3 * N * G * H * (D + H),
            ),
            Mistake(
                "how many columns do the weights have? A cell with G blocks has more than H.",
                lambda T, N, D, H, G: 3 * T * N * H * (D + H),
            ),
            Mistake(
                "the gradient of the inputs is asked for too: it is a product as well.",
                lambda T, N, D, H, G: T * N * G * H * (2 * D + 3 * H),
            ),
        ),
    ),
    Exercise(
        "ch14.limits",
        "What a run waits for",
        lambda: LIMITS,
        mistakes=(
            Mistake(
                "an array of three numbers is added in a nanosecond. What takes the rest of the "
                "time?",
                limits("adding two arrays of shape (1, 3)", "bytes"),
            ),
            Mistake(
                "an addition makes one flop for each twelve bytes. Which runs out first?",
                limits("adding two arrays of 100 million numbers", "products"),
            ),
            Mistake(
                "the intensity of this product is in the hundreds: each byte is used many times.",
                limits("(2048, 512) @ (512, 2048)", "bytes"),
            ),
            Mistake(
                "with one row each weight is read once, and used once: half a flop a byte.",
                limits("(1, 4096) @ (4096, 4096)", "products"),
            ),
            Mistake(
                "count the calls of NumPy, and how little each of them does.",
                limits("an LSTM with T = 4, N = 1, D = 4, H = 3", "products"),
            ),
        ),
    ),
    Exercise(
        "ch14.slope",
        "The slope of a sigmoid from a tanh",
        lambda t: _of_z(_slope)(t),
        draw_squashed,
        (
            Mistake("this is the slope of tanh itself; σ is another function.", lambda t: 1 - t**2),
            Mistake(
                "one half is missing: t is tanh of z/2, and the inner derivative counts.",
                lambda t: (1 - t**2) / 2,
            ),
            Mistake(
                "σ(1 − σ) is right with σ in it. Put σ = (1 + t)/2 there, not t.",
                lambda t: t * (1 - t),
            ),
            Mistake("this is σ. Its slope is asked for.", lambda t: (1 + t) / 2),
            Mistake(
                "the sign is turned: σ rises everywhere.",
                lambda t: (t**2 - 1) / 4,
            ),
        ),
    ),
    Exercise(
        "ch14.intensity",
        "The intensity of a recurrent product",
        _flops_a_byte,
        draw_product,
        (
            Mistake(
                "these are multiply-adds for each byte. A multiply-add is two flops.",
                _ratio(lambda N, H, G: 4 * (N * H + G * H * H + N * G * H), flops=1),
            ),
            Mistake(
                "these are flops for each number. How many bytes has a number in float32?",
                _ratio(lambda N, H, G: N * H + G * H * H + N * G * H),
            ),
            Mistake(
                "only the weights are counted. The old state is read, and the result written.",
                _ratio(lambda N, H, G: 4 * G * H * H),
            ),
            Mistake(
                "the result has to be written too.", _ratio(lambda N, H, G: 4 * (N * H + G * H * H))
            ),
            Mistake(
                "a number takes four bytes here, not eight: float32.",
                _ratio(lambda N, H, G: 8 * (N * H + G * H * H + N * G * H)),
            ),
        ),
    ),
    Exercise(
        "ch14.hoist",
        "One input product",
        _rnn,
        draw_rnn,
        (
            Mistake(
                "the states are right, and the input product still stands in the loop: two "
                "products a step. Which of them knows its inputs before the loop begins?",
                lambda *given: (_rnn(*given)[0], 2 * len(given[0])),
            ),
            Mistake(UNCOUNTED, lambda *given: (_rnn(*given)[0], 1)),
            Mistake(
                "the first step starts from zeros: where is h0?",
                rnn_slip("h0"),
            ),
            Mistake("the bias is missing.", rnn_slip("b")),
            Mistake("the bias is added twice, before the loop and in it.", rnn_slip("twice")),
            Mistake(
                "no step hears the one before it: which state does W_h multiply?",
                rnn_slip("alone"),
            ),
            Mistake("the states are not squashed.", rnn_slip("tanh")),
        ),
        ("hs", "the number of products"),
    ),
    Exercise(
        "ch14.rows",
        "The gradient of the rows",
        rows_by_loop,
        draw_ids,
        (
            Mistake(
                "an id that comes twice was written twice, and the second time won: "
                "dWx[ids] += da adds only one of them.",
                lambda ids, da, V: rows_by_loop(ids, da, V, last=True),
            ),
            Mistake(
                "these are means. A gradient adds up what every use of a row sends back.",
                lambda ids, da, V: (
                    rows_by_loop(ids, da, V) / np.maximum(np.bincount(ids, minlength=V), 1)[:, None]
                ),
            ),
            Mistake(
                "every row got the same sum: only the row of its own id was used at a place.",
                lambda ids, da, V: np.tile(da.sum(axis=0), (V, 1)),
            ),
        ),
    ),
    Exercise(
        "ch14.whole",
        "What a part gains for the whole",
        _whole,
        draw_part,
        (
            Mistake(
                "this is the new time as a share of the old one. How many times faster is that?",
                lambda share, gain: 1 - share + share / gain,
            ),
            Mistake(
                "only the part gains so much; the rest takes as long as before.",
                lambda share, gain: gain,
            ),
            Mistake(
                "a mean of two speeds is not the speed of the whole: add times, then divide.",
                lambda share, gain: 1 - share + share * gain,
            ),
            Mistake(
                "this is the limit for a part that takes no time at all any more.",
                lambda share, gain: 1 / (1 - share),
            ),
            Mistake(
                "the share belongs to the part that became faster, not to the rest.",
                lambda share, gain: 1 / (share + (1 - share) / gain),
            ),
        ),
    ),
    Exercise(
        "ch14.mgu",
        "A new kernel",
        _mgu,
        draw_mgu,
        (
            Mistake(
                "the states are right, with three products a step. One of them can be made for "
                "all steps before the loop.",
                lambda *given: (_mgu(*given)[0], 3 * len(given[0])),
            ),
            Mistake(
                "the states are right, and there are two input products before the loop, one for "
                "each block. The blocks stand side by side in W_x.",
                lambda *given: (_mgu(*given)[0], 2 * len(given[0]) + 2),
            ),
            Mistake(UNCOUNTED, lambda *given: (_mgu(*given)[0], 1)),
            Mistake(
                f"{UNCOUNTED} One product in every step was lost so.",
                lambda *given: (_mgu(*given)[0], 1 + len(given[0])),
            ),
            Mistake(
                "one recurrent product for both blocks is not enough: the candidate sees f ⊙ h, "
                "and f is known only after the first product.",
                mgu_slip("unmasked", 1),
            ),
            Mistake(
                "the gate is the wrong way round: in this cell an open f overwrites.",
                mgu_slip("turned", 2),
            ),
            Mistake("the columns are f first, then n.", mgu_slip("order", 2)),
            Mistake("the gate is not a sigmoid yet.", mgu_slip("gate", 2)),
        ),
        ("hs", "the number of products"),
    ),
)
