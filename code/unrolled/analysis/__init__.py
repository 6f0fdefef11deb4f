"""What recurrences and their gradients do, measured: one idea a module."""

from unrolled.analysis.paths import Ledger, PathSum, path_ledger, sum_of_paths, term_norms
from unrolled.analysis.scalar_map import attracts, fixed_points, trajectory

__all__ = [
    "Ledger",
    "PathSum",
    "attracts",
    "fixed_points",
    "path_ledger",
    "sum_of_paths",
    "term_norms",
    "trajectory",
]
