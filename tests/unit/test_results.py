"""Reading stored results: what is there, and a sentence for what is not."""

from __future__ import annotations

import pytest

from unrolled import ArgumentError
from unrolled.ablation.runs import stored as ablation
from unrolled.analysis.speed import stored as speed
from unrolled.characters.store import stored as characters
from unrolled.long_lags import stored as long_lags
from unrolled.results import DATA, read_results

READERS = {
    "ablation": ablation,
    "characters": characters,
    "long_lags": long_lags,
    "speed": speed,
}


@pytest.mark.parametrize("name", READERS)
def test_each_store_is_read_by_its_reader(name):
    assert READERS[name]() == read_results(DATA / f"{name}.json")
    assert READERS[name]()["date"].startswith("20")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", [None, "", "{", "[]", "5", "{}", '{"rows": []}', "\ud800"])
def test_what_is_no_store_is_said(name, text, tmp_path):
    path = tmp_path / "store.json"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ArgumentError, match=r"path: expected stored results, got .*store\.json"):
        READERS[name](path)


def test_a_folder_and_no_path_at_all_are_said(tmp_path):
    for path in (tmp_path, None, 5):
        with pytest.raises(ArgumentError, match="path: expected stored results"):
            read_results(path)


def test_what_is_lacking_is_named(tmp_path):
    path = tmp_path / "store.json"
    path.write_text('{"rows": [1], "date": ""}', "utf-8")
    assert read_results(path, "rows")["rows"] == [1]
    with pytest.raises(ArgumentError, match=r"it holds no date, seeds"):
        read_results(path, "rows", "date", "seeds")
