"""The frozen prose is plain text, and the command that freezes it keeps whole sentences only."""

from __future__ import annotations

import runpy
import string
from pathlib import Path

import pytest

from unrolled import tasks

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "freeze_prose.py"

PAGE = """\
---
jupytext:
  text_representation: 1
---

(ch-x)=
# A heading.

The state $\\mathbf{h}_t$ has $H$ entries.
It is **short**, see [Elman](https://example.org) and {cite:t}`elman1990`.
As {eq}`eq-x` says, this is left out.
A ratio $\\frac{1}{2}$ is left out.
The loss is

$$
L = 1.
$$ (eq-x)

where the rest is left out.

```{code-cell} ipython3
print("Never.")
```

````{exercise}
:label: ex-x
- Count the steps.

```python
X = "Never."
```
````

| A. | B. |
The end “comes” now.
"""

PROSE = """\
The state h_t has H entries.
It is short, see Elman and Elman (1990).
Count the steps.
The end "comes" now.
"""


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_only_plain_sentences_stay(script):
    assert script["prose_of"](PAGE) == PROSE


def test_pages_are_joined_in_order_and_the_end_is_a_chapter(script, tmp_path):
    (tmp_path / "exercises").mkdir()
    for name, text in (
        *(("02_b", "Fifth."), ("01_a", "Fourth."), ("exercises/ps1", "Third.")),
        *(("claims", "Second."), ("index", "First."), ("glossary", "Never.")),
    ):
        (tmp_path / f"{name}.md").write_text(text + "\n", "utf-8")

    assert script["prose_of_book"](tmp_path) == "First.\nSecond.\nThird.\nFourth.\nFifth.\n"


def test_writing_replaces_the_whole_file_and_leaves_nothing_else(script, tmp_path):
    target = tmp_path / "prose.txt"
    target.write_bytes(b"old and longer")

    script["write_atomically"](target, b"new")

    assert target.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["prose.txt"]


def test_the_book_s_own_prose_is_plain():
    text = tasks.read_text()

    assert len(text) > 10_000
    assert set(text) <= set(string.ascii_letters + string.digits + "\n .,;:!?'\"()=+/_-")
    assert all(line and line[0].isupper() for line in text.splitlines())
