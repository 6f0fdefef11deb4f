"""Where it ran and with what: a figure of speed without them says nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import unrolled


def versions() -> dict[str, str]:
    """Name every version that matters."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "python": platform.python_version(),
        "unrolled": unrolled.__version__,
        "numpy": np.__version__,
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        **{name: version(name) for name in ("torch", "jax")},
    }


def machine() -> dict[str, Any]:
    """Describe the computer."""
    pinned = hasattr(os, "sched_getaffinity")
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if pinned else os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "pinned": pinned,
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Find the processor's name, as well as the system tells it."""
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def load() -> float:
    """Say how many processes wanted the processor in the last minute; 0 where nobody counts."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
