"""Printed text that came in pieces is one text, broken only where it was broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from myst_nb.core.utils import coalesce_streams
from nbformat.v4 import new_output

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book" / "_ext"))
from unrolled_site.whole_streams import joined, joining_first


def stream(name, text):
    return new_output("stream", name=name, text=text)


LINES = "RNN   0.5\nLSTM  1.0\n"


@pytest.mark.parametrize("cut", range(1, len(LINES)))
def test_wherever_a_line_is_cut_it_stays_whole(cut):
    pieces = [stream("stdout", LINES[:cut]), stream("stdout", LINES[cut:])]
    (whole,) = joining_first(coalesce_streams)(pieces)
    assert whole["text"] == LINES


def test_other_outputs_keep_their_places_and_nothing_is_changed():
    shown = new_output("display_data", {"text/plain": "x"})
    given = [stream("stdout", "a"), shown, stream("stderr", "!"), stream("stdout", "b\n")]
    found = joined(given)
    assert [each["output_type"] for each in found] == ["stream", "display_data", "stream"]
    assert [each.get("text") for each in found] == ["ab\n", None, "!"]
    assert given[0]["text"] == "a"
    assert joined([]) == []
