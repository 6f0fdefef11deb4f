"""Learning: optimisers as pure functions, the loop that uses them, and what it is judged by.

A long training is kept in checkpoints: :func:`fit` writes them, :func:`load` reads one, and
``fit`` goes on from it as if it had never been stopped.
"""

from unrolled.train.averaging import AveragedMemory, averaged
from unrolled.train.checkpoints import load, save
from unrolled.train.clipping import clip_by_global_norm
from unrolled.train.files import CheckpointError
from unrolled.train.judging import bits_per_character, sample
from unrolled.train.loop import Fit, fit
from unrolled.train.optimisers import AdamMemory, Optimiser, adam, sgd
from unrolled.train.rates import LinearDecay, linear_decay
from unrolled.train.runs import Checkpoint, Saving
from unrolled.train.watching import Best, Watch

__all__ = [
    "AdamMemory",
    "AveragedMemory",
    "Best",
    "Checkpoint",
    "CheckpointError",
    "Fit",
    "LinearDecay",
    "Optimiser",
    "Saving",
    "Watch",
    "adam",
    "averaged",
    "bits_per_character",
    "clip_by_global_norm",
    "fit",
    "linear_decay",
    "load",
    "sample",
    "save",
    "sgd",
]
