"""Problem set 3, gradients that vanish, and windows."""

from __future__ import annotations

from unrolled.exercises import ps3_clip, ps3_products, ps3_room, ps3_windows
from unrolled.exercises.problems import Problem

PROBLEMS: tuple[Problem, ...] = (
    ps3_room.PROBLEM,
    ps3_clip.PROBLEM,
    ps3_products.PROBLEM,
    ps3_windows.PROBLEM,
)
