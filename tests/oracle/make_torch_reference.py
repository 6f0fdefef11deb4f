"""Make data/torch_*.npz with PyTorch, which no test needs: outputs, losses, all gradients.

Run it where torch is installed: ``python tests/oracle/make_torch_reference.py rnn gated``
makes both stores, one name makes one.
"""

from __future__ import annotations

import json
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).parent / "data"
# T, N, D, H, V
SIZES = ((1, 1, 1, 1, 2), (5, 3, 4, 6, 3), (7, 2, 2, 2, 5), (12, 4, 3, 1, 2), (9, 1, 5, 8, 4))
SEED = 20260
# T, N, D, H
GATED_SIZES = ((1, 1, 1, 1), (5, 3, 4, 6), (7, 2, 2, 2), (12, 4, 3, 1), (9, 1, 5, 8))
GATED_SEED = 20290
GATED = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}


def case(sizes: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    T, N, D, H, V = sizes
    rng = np.random.default_rng(seed)
    net = torch.nn.RNN(D, H, dtype=torch.float64)
    readout = torch.nn.Linear(H, V, dtype=torch.float64)
    with torch.no_grad():
        for p in (*net.parameters(), *readout.parameters()):
            p.copy_(torch.from_numpy(rng.normal(0, 0.7, p.shape)))
    xs = torch.from_numpy(rng.normal(size=(T, N, D))).requires_grad_()
    h0 = torch.from_numpy(rng.normal(size=(1, N, H))).requires_grad_()
    dhs = torch.from_numpy(rng.normal(size=(T, N, H)))
    dh_T = torch.from_numpy(rng.normal(size=(1, N, H)))
    ids = torch.from_numpy(rng.integers(0, V, (T, N)))
    values = torch.from_numpy(rng.normal(size=(T, N, V)))
    inputs = {"xs": xs, "h0": h0, **dict(net.named_parameters())}
    every = {**inputs, "Wy": readout.weight, "by": readout.bias}
    stored = {"dhs": dhs, "dh_T": dh_T, "ids": ids, "values": values}
    stored |= {name: tensor.detach() for name, tensor in every.items()}

    def grads(kind: str, scalar: torch.Tensor, of: dict[str, torch.Tensor]) -> None:
        found = torch.autograd.grad(scalar, list(of.values()), retain_graph=True)
        for name, g in zip(of, found, strict=True):
            stored[f"{kind}/d{name}"] = g

    hs, h_T = net(xs, h0)
    stored["hs"], stored["h_T"] = hs.detach(), h_T.detach()
    grads("states", (hs * dhs).sum() + (h_T * dh_T).sum(), inputs)
    outputs = readout(hs)
    # ours: mean over N, sum over T
    entropy = (
        torch.nn.functional.cross_entropy(
            outputs.reshape(T * N, V), ids.reshape(-1), reduction="sum"
        )
        / N
    )
    squared = torch.nn.functional.mse_loss(outputs, values, reduction="mean") * T
    for kind, value in (("cross_entropy", entropy), ("squared_error", squared)):
        stored[f"{kind}/loss"] = value.detach()
        grads(kind, value, every)
    return {name: tensor.numpy() for name, tensor in stored.items()}


def adam() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(SEED)
    start, slopes = rng.normal(size=4), rng.normal(size=(6, 4))
    p = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimiser = torch.optim.Adam([p], lr=0.03, betas=(0.8, 0.95), eps=1e-6)
    path = []
    for g in slopes:
        p.grad = torch.from_numpy(g.copy())
        optimiser.step()
        path.append(p.detach().numpy().copy())
    return {"start": start, "slopes": slopes, "path": np.array(path)}


def gated_case(kind: str, sizes: tuple[int, ...], seed: int) -> dict[str, np.ndarray]:
    T, N, D, H = sizes
    rng = np.random.default_rng(seed)
    net = GATED[kind](D, H, dtype=torch.float64)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.from_numpy(rng.normal(0, 0.7, p.shape)))
    states = ("h", "c") if kind == "lstm" else ("h",)
    inputs = {"xs": torch.from_numpy(rng.normal(size=(T, N, D))).requires_grad_()}
    for s in states:
        inputs[f"{s}0"] = torch.from_numpy(rng.normal(size=(1, N, H))).requires_grad_()
    up = {"dhs": torch.from_numpy(rng.normal(size=(T, N, H)))}
    up |= {f"d{s}_T": torch.from_numpy(rng.normal(size=(1, N, H))) for s in states}
    state0 = tuple(inputs[f"{s}0"] for s in states)
    hs, last = net(inputs["xs"], state0 if kind == "lstm" else state0[0])
    results = (hs, *(last if kind == "lstm" else (last,)))
    outputs = dict(zip(("hs", *(f"{s}_T" for s in states)), results, strict=True))
    scalar = sum((outputs[name] * up[f"d{name}"]).sum() for name in outputs)
    of = {**inputs, **dict(net.named_parameters())}
    found = torch.autograd.grad(scalar, list(of.values()))
    stored = {**of, **up, **outputs}
    stored |= {f"grad/d{name}": g for name, g in zip(of, found, strict=True)}
    return {name: tensor.detach().numpy() for name, tensor in stored.items()}


def rnn() -> tuple[dict[str, np.ndarray], dict[str, object]]:
    arrays = {
        f"{i}/{name}": array
        for i, sizes in enumerate(SIZES)
        for name, array in case(sizes, SEED + i).items()
    }
    arrays |= {f"adam/{name}": array for name, array in adam().items()}
    return arrays, {
        "what": "torch.nn.RNN (tanh, one layer), torch.nn.Linear, two losses, Adam; float64",
        "seeds": [SEED + i for i in range(len(SIZES))],
        "adam_seed": SEED,
        "sizes_T_N_D_H_V": SIZES,
    }


def gated() -> tuple[dict[str, np.ndarray], dict[str, object]]:
    arrays = {
        f"{kind}/{i}/{name}": array
        for k, kind in enumerate(GATED)
        for i, sizes in enumerate(GATED_SIZES)
        for name, array in gated_case(kind, sizes, GATED_SEED + 100 * k + i).items()
    }
    return arrays, {
        "what": "torch.nn.LSTM and torch.nn.GRU, one layer; float64",
        "seeds": f"{GATED_SEED} + 100 kind + case",
        "kinds": list(GATED),
        "sizes_T_N_D_H": GATED_SIZES,
    }


def main(names: list[str]) -> None:
    stores = {"rnn": rnn, "gated": gated}
    if not names or not set(names) <= set(stores):
        raise SystemExit(f"say which stores to make: {' '.join(stores)}")
    DATA.mkdir(exist_ok=True)
    for name in names:
        arrays, about = stores[name]()
        np.savez_compressed(DATA / f"torch_{name}.npz", **arrays)
        meta = {
            "what": about.pop("what"),
            "made_by": "tests/oracle/make_torch_reference.py",
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "date": datetime.now(UTC).date().isoformat(),
            **about,
        }
        (DATA / f"torch_{name}.json").write_text(json.dumps(meta, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
