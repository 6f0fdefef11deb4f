"""What recurrences and their gradients do, measured: one idea a module."""

from unrolled.analysis.scalar_map import attracts, fixed_points, trajectory

__all__ = ["attracts", "fixed_points", "trajectory"]
