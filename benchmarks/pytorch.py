"""PyTorch's side: its own whole-sequence modules, gradients by autograd."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.sizes import Answer, Problem, Rival
from unrolled import interop


def module_of(cell: str, params: Any) -> Any:
    """Make ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` with our weights."""
    module = getattr(torch.nn, cell)(params.Wx.shape[0], params.Wh.shape[0])
    weights = {name: torch.from_numpy(w) for name, w in interop.to_torch(params).items()}
    module.load_state_dict(weights)
    return module


def rival(problem: Problem) -> Rival:
    """Forward, and backward to the weights and to the inputs."""
    name = problem.cell.name
    module = module_of(name, problem.params)
    xs = torch.from_numpy(problem.xs).requires_grad_(True)
    dhs = torch.from_numpy(problem.dhs)

    def run() -> Any:
        module.zero_grad(set_to_none=True)
        xs.grad = None
        hs, _ = module(xs)
        hs.backward(dhs)
        return hs

    def answer() -> Answer:
        hs = run().detach().numpy()
        grads = {name: w.grad.numpy() for name, w in module.named_parameters()}
        dparams = interop.from_torch(name.lower(), grads)
        return Answer(hs, xs.grad.numpy(), dparams.Wx, dparams.Wh)

    return Rival(run, answer)
