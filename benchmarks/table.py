"""The one table: what was found, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

RIVALS = {
    "torch": "PyTorch",
    "jax": "JAX",
    "loop": "plain loop",
    "unroll": "unroll",
    "fresh": "new arrays",
    "floor": "products",
}
LAST = ("2 ÷ 1", "peak", "÷ loop", "÷ unroll")
CLOCK = {1: "cpu"}
"""Where there are more threads than one it is the wall's, since they share the work."""


def clock_of(threads: int) -> str:
    """Say which clock's ratios count."""
    return CLOCK.get(threads, "wall")


def short(ratio: float) -> str:
    """Write a ratio with two decimals, and no zero before the point."""
    return f"{ratio:.2f}".removeprefix("0")


def quartiles(values: Sequence[float]) -> str:
    """Write a median and, behind it, its quartiles."""
    low, middle, high = map(short, values)
    return f"{middle} {low}–{high}"


def bytes_of(count: float) -> str:
    """Write a number of bytes in the unit that suits it."""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Line rows up; the first two columns to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def passes(found: dict[str, Any]) -> str:
    """Write a row for each size, cell and number of threads."""
    memory = {(m["size"], m["cell"]): m["bytes"] for m in found["memory"]}
    two = {(r["size"], r["cell"]): r["ratio"] for r in found["two_threads"]}
    rows = [["size", "cell", "threads", "ours", *RIVALS.values(), *LAST]]
    for entry in found["passes"]:
        size, cell, threads = entry["size"], entry["cell"], entry["threads"]
        clock = clock_of(threads)
        ratios = entry["ratios"][clock]
        held = memory[size, cell]
        if size == "textbook":  # so small that products are the least of it
            ratios = {**ratios, "floor": None}
        if threads == 1:
            above = (short(held["ours"] / held[name]) for name in ("loop", "unroll"))
            last = ["", bytes_of(held["ours"]), *above]
        else:
            last = [quartiles(two[size, cell]), "", "", ""]
        rows.append(
            [
                size,
                cell,
                str(threads),
                f"{entry['seconds'][clock]['ours'] * 1e3:.3g} ms",
                *(quartiles(ratios[name]) if ratios[name] else "–" for name in RIVALS),
                *last,
            ]
        )
    return columns(rows)


def training(found: dict[str, Any]) -> str:
    """Write the tokens per second of a full training step."""
    rows = [["training step", "cell", "threads", "ours", "PyTorch", "ours ÷ PyTorch"]]
    for entry in found["training"]:
        speed = entry["tokens_per_second"]
        rows.append(
            [
                "T=64 N=32 V=65 H=256",
                entry["cell"],
                str(entry["threads"]),
                *(f"{speed[name]:,.0f} tokens/s" for name in ("ours", "torch")),
                quartiles(entry["ratio"]),
            ]
        )
    return columns(rows)


def growth(found: dict[str, Any]) -> str:
    """Write how time and memory grow with the number of steps."""
    time, memory = found["growth"]["time"], found["growth"]["memory"]
    steps = [f"T = {T}" for T in memory["T"]]
    rows = [["growth", "cell", *steps, "log–log slope"]]
    for entry in time:
        milliseconds = (f"{seconds * 1e3:.3g} ms" for seconds in entry["seconds"])
        rows.append(["time", entry["cell"], *milliseconds, f"{entry['slope']:.2f}"])
    for name, label in (("full", "memory"), ("truncated", f"memory, windows {memory['length']}")):
        rows.append([label, memory["cell"], *map(bytes_of, memory[name]), ""])
    return columns(rows)


def tricks(found: dict[str, Any]) -> str:
    """Write what each trick of chapter 14 leaves of the time of the work that it is about."""
    pairs = found["tricks"]["pairs"]
    sizes = list(dict.fromkeys(pair["size"] for pair in pairs))
    ratios = {(pair["trick"], pair["size"]): pair["ratio"] for pair in pairs}
    words = {pair["trick"]: pair["words"] for pair in pairs}
    rows = [["trick, with ÷ without", "", *sizes]]
    for trick, said in words.items():
        rows.append([said, "", *(quartiles(ratios[trick, size]) for size in sizes)])
    return columns(rows)


def table(found: dict[str, Any]) -> str:
    """Write all of it.

    Parameters
    ----------
    found : dict
        As ``code/unrolled/data/speed.json`` holds it.

    Returns
    -------
    str
        Lines without a newline at the end.
    """
    versions, machine, sizes = found["versions"], found["machine"], found["sizes"]
    axes = "; ".join(f"{name} {tuple(size)}" for name, size in sizes.items())
    names = {"ours": "ours", **RIVALS}
    sides = "\n".join(f"{names[key]}: {what}" for key, what in found["sides"].items())
    pinned = "" if machine["pinned"] else " Nothing binds a process to a core here: JAX takes all."
    return f"""\
{found["date"]}, {machine["processor"]}, {machine["cores"]} cores, {machine["system"]}, \
load at the start {found["load"]:.2f}
{", ".join(f"{name} {number}" for name, number in versions.items())}
{found["settings"]["dtype"]}, argument checks on; (T, N, D, H): {axes}

Forward and backward with dx. A column is our time ÷ theirs, below 1 we are faster: the median
and the quartiles of rounds in which all took turns; CPU time at 1 thread, wall time at 2.{pinned}
{passes(found)}

{training(found)}

{growth(found)}

{tricks(found)}

{sides}
2 ÷ 1: our wall time with two threads over that with one
peak: what NumPy holds at the worst moment of one forward and backward pass of ours"""
