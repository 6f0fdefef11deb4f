"""Make data/onnx.npz with the evaluators of ONNX, which no test needs.

Run it where onnx and onnxruntime are installed: ``python tests/oracle/make_onnx_reference.py``.

ONNX has forward operators only. The outputs are those of its reference
evaluator in float64. The gradients are the complex step through that same
evaluator, one run for each number, so they are gradients of what ONNX says and
of nothing that we wrote. onnxruntime, another implementation, computes these
operators in float32 alone; its outputs are stored beside.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

DATA = Path(__file__).parent / "data"
# T, N, D, H
SIZES = ((1, 1, 1, 1), (5, 3, 4, 6), (7, 2, 2, 2), (12, 4, 3, 1), (9, 1, 5, 8))
SEED = 20280
OPSET, STEP = 22, 1e-30
# operator, blocks of columns, attributes
NODES = {
    "rnn": ("RNN", 1, {}),
    "lstm": ("LSTM", 4, {}),
    "gru": ("GRU", 3, {"linear_before_reset": 1}),
    "gru_reset_before": ("GRU", 3, {}),  # 0 is the default
}


def model(kind: str, inputs: dict[str, np.ndarray], number: int, opset: int) -> onnx.ModelProto:
    operator, _, attributes = NODES[kind]
    initial = [name for name in inputs if name.startswith("initial")]
    results = ["Y", "Y_h", "Y_c"][: 1 + len(initial)]
    node = helper.make_node(
        operator, ["X", "W", "R", "B", "", *initial], results,
        hidden_size=inputs["R"].shape[-1], **attributes,
    )  # fmt: skip
    graph = helper.make_graph(
        [node], kind,
        [helper.make_tensor_value_info(name, number, a.shape) for name, a in inputs.items()],
        [helper.make_tensor_value_info(r, number, [None] * (4 - (r != "Y"))) for r in results],
    )  # fmt: skip
    whole = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.checker.check_model(whole, full_check=True)
    return whole


def case(kind: str, sizes: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    T, N, D, H = sizes
    rng, blocks = np.random.default_rng(seed), NODES[kind][1]
    inputs = {
        "X": rng.normal(size=(T, N, D)),
        "W": rng.normal(0, 0.7, (1, blocks * H, D)),
        "R": rng.normal(0, 0.7, (1, blocks * H, H)),
        "B": rng.normal(0, 0.7, (1, 2 * blocks * H)),
    }
    for state in ("h", "c") if kind == "lstm" else ("h",):
        inputs[f"initial_{state}"] = rng.normal(size=(1, N, H))
    evaluator = ReferenceEvaluator(model(kind, inputs, TensorProto.DOUBLE, OPSET))
    names = list(evaluator.output_names)
    outputs = dict(zip(names, evaluator.run(None, inputs), strict=True))
    up = {f"d{name}": rng.normal(size=a.shape) for name, a in outputs.items()}
    stored = {**inputs, **outputs, **up}

    def scalar(nudged: dict[str, np.ndarray]) -> np.complex128:
        results = evaluator.run(None, nudged)
        return sum((r * up[f"d{name}"]).sum() for name, r in zip(names, results, strict=True))

    for name, array in inputs.items():
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            nudged = {key: a.astype(complex) for key, a in inputs.items()}
            nudged[name][place] += 1j * STEP
            gradient[place] = scalar(nudged).imag / STEP
        stored[f"grad/d{name}"] = gradient
    single = {name: a.astype(np.float32) for name, a in inputs.items()}
    session = onnxruntime.InferenceSession(
        model(kind, single, TensorProto.FLOAT, OPSET).SerializeToString(),
        providers=["CPUExecutionProvider"],
    )
    for name, result in zip(names, session.run(names, single), strict=True):
        stored[f"onnxruntime/{name}"] = result
    return stored


def main() -> None:
    arrays = {
        f"{kind}/{i}/{name}": array
        for k, kind in enumerate(NODES)
        for i, sizes in enumerate(SIZES)
        for name, array in case(kind, sizes, SEED + 100 * k + i).items()
    }
    DATA.mkdir(exist_ok=True)
    np.savez_compressed(DATA / "onnx.npz", **arrays)
    meta = {
        "what": "operators RNN, LSTM, GRU (linear_before_reset 1, and 0), all else by default",
        "outputs": "onnx.reference.ReferenceEvaluator in float64; onnxruntime/… in float32",
        "gradients": f"complex step {STEP:g} through the reference evaluator",
        "made_by": "tests/oracle/make_onnx_reference.py",
        "onnx": onnx.__version__,
        "opset": OPSET,
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        "seeds": f"{SEED} + 100 kind + case",
        "kinds": list(NODES),
        "sizes_T_N_D_H": SIZES,
    }
    (DATA / "onnx.json").write_text(json.dumps(meta, indent=2) + "\n")


if __name__ == "__main__":
    main()
