"""Freeze the book's own prose as the text that its character models are trained on.

The cover, the appendix of claims and the problem sets are read first, then the chapters
`book/NN_*.md` in order, so that the end, which is held out, is a chapter's. What is not a plain
sentence is left out: front matter, code cells and other code, displayed equations, tables,
headings, options, labels, and every line that cites, refers, or holds mathematics that cannot be
written in plain characters. The result has one sentence a line and does not depend on the machine.

Usage: `python scripts/freeze_prose.py` from anywhere; `--check` only says whether the chapters
have changed since the last time. They have, by design: the text is that of the pages up to
chapter 11, and is frozen anew only when chapter 13 is trained anew.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
PROSE = ROOT / "code" / "unrolled" / "data" / "prose.txt"

# Directives whose body is prose; the body of any other is code, a figure or a table.
TEXT_DIRECTIVES = {
    *("admonition", "note", "tip", "hint", "warning", "important", "caution", "danger"),
    *("seealso", "dropdown", "exercise", "solution", "exercise-start", "solution-start"),
}
FENCE = re.compile(r"\s*(?P<fence>`{3,}|:{3,}|~{3,})(?:\{(?P<directive>[\w:-]+)\})?")
PLAIN = str.maketrans("“”‘’–—−\u00a0", "\"\"''--- ")
SENTENCE = re.compile(r"[A-Z][A-Za-z0-9 .,;:!?'\"()=+/_-]*[.!?][\"')]*")


def main() -> int:
    """Write the prose, or compare it, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    check = parser.parse_args().check
    text = prose_of_book(BOOK)
    if not text:
        parser.error(f"no chapter with a sentence in {BOOK.relative_to(ROOT)}")
    data = text.encode("utf-8")
    same = PROSE.exists() and PROSE.read_bytes() == data
    if not check and not same:
        write_atomically(PROSE, data)
    state = "as the chapters" if same else "differs" if check else "written"
    print(f"{PROSE.relative_to(ROOT)}: {len(text)} characters, {state}")
    return int(check and not same)


def prose_of_book(book: Path) -> str:
    """Join the plain sentences of the cover, claims, problem sets and chapters, each in order."""
    pages = [
        *book.glob("index.md"),
        *book.glob("claims.md"),
        *sorted(book.glob("exercises/*.md"), key=lambda page: page.name),
        *sorted(book.glob("[0-9][0-9]_*.md"), key=lambda page: page.name),
    ]
    return "".join(prose_of(page.read_text("utf-8")) for page in pages)


def prose_of(page: str) -> str:
    """Give the plain sentences of one MyST page, one a line."""
    found = (plain_sentence(line) for line in prose_lines(page))
    return "".join(f"{sentence}\n" for sentence in found if sentence)


def prose_lines(page: str) -> Iterator[str]:
    """Give the lines that may be prose: outside front matter, code and displayed equations."""
    lines = page.splitlines()
    start = 0
    if lines and lines[0] == "---":
        start = lines.index("---", 1) + 1
    closing: list[tuple[str, bool]] = []  # the fences that are open, and whether they hold prose
    in_equation = False
    for line in lines[start:]:
        if in_equation or (line.lstrip().startswith("$$") and not _inside_code(closing)):
            in_equation = (line.count("$$") % 2 == 1) != in_equation
            continue
        if closing and line.strip() == closing[-1][0]:
            closing.pop()
            continue
        fence = FENCE.match(line)
        if fence and not _inside_code(closing):
            closing.append((fence["fence"], fence["directive"] in TEXT_DIRECTIVES))
        elif not _inside_code(closing):
            yield line


def plain_sentence(line: str) -> str:
    """Strip a line's markup; give nothing where no whole plain sentence is left."""
    text = re.sub(r"^\s*(?:[-*+]|\d+\.)\s+", "", line)
    text = re.sub(r"\{cite:[tp]\}`([a-z]+)(\d{4})`", _author, text)
    if "{" in re.sub(r"\$[^$]*\$", "", text):  # a role: it has no plain form
        return ""
    text = re.sub(r"\$([^$]*)\$", lambda found: _plain_formula(found[1]), text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = text.replace("**", "").replace("`", "").translate(PLAIN)
    text = re.sub(r"(?<!\w)\*([^*]+)\*(?!\w)", r"\1", text)
    text = re.sub(r"\s+", " ", text).strip()
    return text if SENTENCE.fullmatch(text) else ""


def write_atomically(target: Path, data: bytes) -> None:
    """Replace a file in one step: a reader sees the old bytes or the new, never a part."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def _inside_code(closing: list[tuple[str, bool]]) -> bool:
    return any(not prose for _, prose in closing)


def _author(found: re.Match[str]) -> str:
    return f"{found[1].capitalize()} ({found[2]})"


def _plain_formula(formula: str) -> str:
    """Write short mathematics in plain characters; what stays odd is refused with its sentence."""
    bare = re.sub(r"\\(?:mathbf|mathrm|text|boldsymbol)\{([^{}]*)\}", r"\1", formula)
    return re.sub(r"_\{([^{}]*)\}", r"_\1", bare)


if __name__ == "__main__":
    raise SystemExit(main())
