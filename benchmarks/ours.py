"""The package's own two ways: ``fused`` and the step-by-step ``unroll``, argument checks on."""

from __future__ import annotations

from typing import Any

from benchmarks.sizes import Problem
from unrolled import fused, unroll, unroll_backward


def with_workspace(problem: Problem, workspace: fused.Workspace | None = None) -> Any:
    """Return a run of ``fused`` that uses the same arrays each time, as training does."""
    workspace = fused.Workspace() if workspace is None else workspace

    def run() -> Any:
        hs, _, tape = fused.forward(problem.cell, problem.params, problem.xs, workspace=workspace)
        dxs, _, dparams = fused.backward(problem.cell, problem.dhs, None, tape, workspace=workspace)
        return hs, dxs, dparams

    return run


def fresh(problem: Problem) -> Any:
    """Return a run of ``fused`` that makes its arrays anew each time."""

    def run() -> Any:
        hs, _, tape = fused.forward(problem.cell, problem.params, problem.xs)
        dxs, _, dparams = fused.backward(problem.cell, problem.dhs, None, tape)
        return hs, dxs, dparams

    return run


def stepwise(problem: Problem) -> Any:
    """Return a run of ``unroll``, the loop of chapters 5 and 6."""

    def run() -> Any:
        hs, _, tape = unroll(problem.cell, problem.params, problem.xs)
        dxs, _, dparams = unroll_backward(problem.cell, problem.dhs, None, tape)
        return hs, dxs, dparams

    return run
