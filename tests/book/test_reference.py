"""The reference page has one section for each public module."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "code" / "unrolled"
PAGE = ROOT / "book" / "reference.md"
SECTION = re.compile(
    r"^\((ref-[\w-]+)\)=\n### (.+)\n\n```\{eval-rst\}\n\.\. automodule:: unrolled\.([\w.]+)\n", re.M
)
# Their packages' own docstrings speak for what is in these folders.
WHOLE = {
    *("baselines", "characters", "exercises", "figures", "fused", "interop", "long_lags"),
    *("models", "plots", "tasks", "train"),
}


def public_modules() -> set[str]:
    """List the modules by their dotted names; a package that WHOLE names is one of them."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in WHOLE:
            names.add(parts[0])
        elif parts[-1] != "__init__":
            names.add(".".join(parts))
    return names


def test_each_public_module_has_one_section_with_a_label_and_a_heading() -> None:
    text = PAGE.read_text("utf-8")
    labels, headings, modules = zip(*SECTION.findall(text), strict=True)
    assert len(modules) == text.count("automodule::")
    shown = ["figures" if module == "figures.base" else module for module in modules]
    assert sorted(shown) == sorted(public_modules())
    assert len(set(labels)) == len(set(headings)) == len(modules)
    assert max(map(len, headings)) <= 45
