"""Problem set 1, one cell and its shapes: what it asks, from easy to hard."""

from __future__ import annotations

from unrolled.exercises.problems import Problem
from unrolled.exercises.ps1_leaky import LEAKY
from unrolled.exercises.ps1_loops import LOOPS
from unrolled.exercises.ps1_shared import SHARED

PROBLEMS: tuple[Problem, ...] = (LOOPS, LEAKY, SHARED)
