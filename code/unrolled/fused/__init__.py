"""Whole sequences at full speed: the contract of ``unroll``, the same numbers, fewer bytes moved.

The recipe is the same for every cell, in three acts (chapter 14):

1. what does not depend on the past: one product for a chunk of steps, before them;
2. what depends on the step before: one product and a few ufuncs in place, step by step;
3. what is a sum over time: one product for each weight matrix and chunk, after its steps.
"""

from unrolled.fused.run import FusedTape, backward, forward, supports
from unrolled.fused.workspace import Workspace

__all__ = ["FusedTape", "Workspace", "backward", "forward", "supports"]
