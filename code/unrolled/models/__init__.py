"""A cell with a readout and a loss: from inputs and targets to a number and its gradients.

What only needs numbers (:func:`predict`, :func:`loss`, :func:`loss_and_gradients`) runs on the
kernels of ``unrolled.fused`` where they know the cell, and on
:func:`unrolled.sequence.unroll` where they do not; :func:`forward` always keeps each step,
to look inside.
"""

from unrolled.models.parts import (
    Gradients,
    Loss,
    Model,
    ModelParams,
    Prediction,
    Run,
    Steps,
    check_params,
    init,
)
from unrolled.models.running import forward, loss, loss_and_gradients, predict
from unrolled.models.truncating import truncated_loss_and_gradients

__all__ = [
    "Gradients",
    "Loss",
    "Model",
    "ModelParams",
    "Prediction",
    "Run",
    "Steps",
    "check_params",
    "forward",
    "init",
    "loss",
    "loss_and_gradients",
    "predict",
    "truncated_loss_and_gradients",
]
