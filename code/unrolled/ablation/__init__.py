"""A small odyssey: take one part out of a cell, train it, and see what was lost (chapter 11)."""

from unrolled.ablation.runs import STORE, Outcome, Settings, fewer_by_chance, run, stored
from unrolled.ablation.tasks import TASKS, Task
from unrolled.ablation.variants import VARIANTS, Variant

__all__ = [
    "STORE",
    "TASKS",
    "VARIANTS",
    "Outcome",
    "Settings",
    "Task",
    "Variant",
    "fewer_by_chance",
    "run",
    "stored",
]
