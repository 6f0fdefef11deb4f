"""A full training step of a character model: ids in, loss, gradients, clipping, Adam.

Ours is ``train.fit``, with all that it checks. PyTorch has the same weights, reads the ids as
one-hot rows (its modules take no ids; an ``nn.Embedding`` would be one more weight to train), and
makes its Adam step in its fused form, the fastest that it has on a CPU. Both carry the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.pytorch import module_of
from benchmarks.sizes import CELLS, DTYPE, SEED, TRAINING
from unrolled import models, train
from unrolled.shapes import Array

T, N, V, H, STEPS, RATE, CLIP = TRAINING
ALIKE = 1e-3
"""How far the losses may lie apart: PyTorch trains two biases where we have their sum."""


def steps(cell: str) -> dict[str, Callable[[], object]]:
    """Return a few training steps by each side, which start from the same weights.

    Raises
    ------
    ValueError
        The two do not learn alike.
    """
    rng = np.random.default_rng(SEED)
    model = models.Model(CELLS[cell])
    params = models.init(model, V, H, V, rng=rng, dtype=DTYPE)
    text = rng.integers(0, V, (STEPS * T + 1, N))
    batches = [
        (text[start : start + T], text[start + 1 : start + T + 1])
        for start in range(0, STEPS * T, T)
    ]
    own, theirs = ours(model, params, batches), pytorch(cell, params, batches)
    apart = np.max(np.abs(own() / theirs() - 1))
    if not apart <= ALIKE:
        raise ValueError(f"training {cell}: the losses differ by {apart:.1g}")
    return {"ours": own, "torch": theirs}


def ours(
    model: models.Model, params: models.ModelParams, batches: list[tuple[Array, Array]]
) -> Callable[[], Array]:
    """Return our steps; they give the losses."""

    def run() -> Array:
        done = train.fit(
            model,
            params,
            batches,
            train.adam(RATE),
            steps=STEPS,
            clip=CLIP,
            carry=True,
            progress=False,
        )
        losses: Array = done.losses
        return losses

    return run


def pytorch(
    cell: str, params: models.ModelParams, batches: list[tuple[Array, Array]]
) -> Callable[[], Array]:
    """Return PyTorch's steps; they give the losses."""
    module = module_of(cell, params.cell)
    readout = torch.nn.Linear(H, V)
    readout.load_state_dict(
        {"weight": torch.from_numpy(params.Wy.T.copy()), "bias": torch.from_numpy(params.by.copy())}
    )
    weights = [*module.parameters(), *readout.parameters()]
    adam = torch.optim.Adam(weights, lr=RATE, fused=True)
    pairs = [(torch.from_numpy(xs), torch.from_numpy(targets)) for xs, targets in batches]

    def losses() -> Iterator[float]:
        state: Any = None
        for xs, targets in pairs:
            adam.zero_grad(set_to_none=True)
            hs, state = module(torch.nn.functional.one_hot(xs, V).to(torch.float32), state)
            state = tuple(s.detach() for s in state) if cell == "LSTM" else state.detach()
            logits = readout(hs).reshape(T * N, V)
            loss = torch.nn.functional.cross_entropy(logits, targets.reshape(-1), reduction="sum")
            (loss / N).backward()
            torch.nn.utils.clip_grad_norm_(weights, CLIP)
            adam.step()
            yield float(loss.detach()) / N

    def run() -> Array:
        return np.array(list(losses()))

    return run
