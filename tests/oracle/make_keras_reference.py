"""Make data/keras.npz with Keras on PyTorch, which no test needs: outputs and all gradients.

Run it where keras and torch are installed: ``python tests/oracle/make_keras_reference.py``.

Off TensorFlow, Keras rounds the result of every operation on float64 to float32, whatever
dtype the layer has. One entry of its table is set here to what it is under TensorFlow. The
layers run Keras' own cells, operation by operation, not one call of the backend.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes

DATA = Path(__file__).parent / "data"
# T, N, D, H
SIZES = ((1, 1, 1, 1), (5, 3, 4, 6), (7, 2, 2, 2), (12, 4, 3, 1), (9, 1, 5, 8))
SEED = 20270
LAYERS = {
    "rnn": (keras.layers.SimpleRNN, {}),
    "lstm": (keras.layers.LSTM, {"use_cudnn": False}),
    "gru": (keras.layers.GRU, {"use_cudnn": False}),  # reset_after=True is the default
    "gru_reset_before": (keras.layers.GRU, {"use_cudnn": False, "reset_after": False}),
}


def case(kind: str, sizes: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    T, N, D, H = sizes
    rng = np.random.default_rng(seed)
    make, options = LAYERS[kind]
    layer = make(H, return_sequences=True, return_state=True, dtype="float64", **options)
    layer.build((N, T, D))
    layer.set_weights([rng.normal(0, 0.7, w.shape) for w in layer.get_weights()])
    states = ("h", "c") if kind == "lstm" else ("h",)
    inputs = {"xs": torch.from_numpy(rng.normal(size=(N, T, D))).requires_grad_()}
    for s in states:
        inputs[f"{s}0"] = torch.from_numpy(rng.normal(size=(N, H))).requires_grad_()
    up = {"dhs": torch.from_numpy(rng.normal(size=(N, T, H)))}
    up |= {f"d{s}_T": torch.from_numpy(rng.normal(size=(N, H))) for s in states}
    weights = {w.name: w.value for w in layer.weights}
    results = layer(inputs["xs"], initial_state=[inputs[f"{s}0"] for s in states])
    outputs = dict(zip(("hs", *(f"{s}_T" for s in states)), results, strict=True))
    scalar = sum((outputs[name] * up[f"d{name}"]).sum() for name in outputs)
    of = {**inputs, **weights}
    found = torch.autograd.grad(scalar, list(of.values()))
    stored = {**of, **up, **outputs}
    stored |= {f"grad/d{name}": g for name, g in zip(of, found, strict=True)}
    return {name: tensor.detach().numpy() for name, tensor in stored.items()}


def main() -> None:
    keras.config.set_floatx("float64")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    arrays = {
        f"{kind}/{i}/{name}": array
        for k, kind in enumerate(LAYERS)
        for i, sizes in enumerate(SIZES)
        for name, array in case(kind, sizes, SEED + 100 * k + i).items()
    }
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(DATA / "keras.npz", **arrays)
    meta = {
        "what": "SimpleRNN, LSTM, GRU (reset_after True, and False); float64; (N, T, D)",
        "float64": "keras rounds to float32 off TensorFlow; see the script for how not",
        "made_by": "tests/oracle/make_keras_reference.py",
        "keras": keras.__version__,
        "keras_backend": keras.backend.backend(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "seeds": f"{SEED} + 100 kind + case",
        "kinds": list(LAYERS),
        "sizes_T_N_D_H": SIZES,
    }
    (DATA / "keras.json").write_text(json.dumps(meta, indent=2) + "\n")


if __name__ == "__main__":
    main()
