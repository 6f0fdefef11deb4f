"""Chapter 13's map of dependences, compared shape by shape with the numbers it was given."""

from __future__ import annotations

import numpy as np
import pytest

from unrolled.figures.base import shown
from unrolled.figures.connectivity_map import connectivity_map

SIZES = np.random.default_rng(6).uniform(0.01, 1, (2, 40, 40))
TEXTS = ("\nThe cell c_t, and (4) x. It is tanh h_t.!", "\nb_y is a row")  # 41 characters, 13


def entry(text, sizes):
    T = len(text) - 1
    rng = np.random.default_rng(T)
    return {
        "text": text,
        "bits": [round(float(each), 3) for each in rng.uniform(0, 9, T)],
        "likely": [
            [[c, float(p)] for c, p in zip(" e\n", rng.uniform(0, 0.3, 3).round(3), strict=True)]
            for _ in range(T)
        ],
        "sizes": np.tril(sizes[:T, :T]).tolist(),
    }


MAPS = [entry(text, sizes) for text, sizes in zip(TEXTS, SIZES, strict=True)]
COUNT = len(TEXTS[1])


@pytest.fixture(scope="module")
def figure():
    return connectivity_map(MAPS, 9)


@pytest.fixture(scope="module")
def stills(figure):
    return {
        element.get("data-key"): element
        for drawn in figure.stills
        for top in drawn.shapes
        for element in top.iter()
        if element.get("data-key")
    }


def state(figure, stills, sentence, place):
    found = shown(figure, {"sentence": sentence, "place": place})

    def value(key, attribute):
        element = stills[key]
        fixed = element.text if attribute == "#" else element.get(attribute)
        return found.get((key, attribute), fixed)

    return value


STATES = [("1", 1), ("1", 9), ("2", 5), ("2", COUNT - 1)]


@pytest.mark.parametrize(("sentence", "place"), STATES)
def test_the_shade_follows_the_root_of_the_dependence(figure, stills, sentence, place):
    value = state(figure, stills, sentence, place)
    sizes = np.array(MAPS[int(sentence) - 1]["sizes"][place - 1][:place])
    shades = [float(value(f"heat{k}", "fill-opacity")) for k in range(COUNT)]
    assert shades[:place] == pytest.approx(0.6 * np.sqrt(sizes / sizes.max()), abs=0.006)
    assert not any(shades[place:])


@pytest.mark.parametrize(("sentence", "place"), STATES)
def test_letters_frame_and_veil(figure, stills, sentence, place):
    value = state(figure, stills, sentence, place)
    text = TEXTS[int(sentence) - 1][:COUNT].replace(" ", "␣").replace("\n", "↵")
    assert "".join(value(f"letter{k}", "#") for k in range(COUNT)) == text
    veils = [float(value(f"veil{k}", "opacity")) > 0.5 for k in range(COUNT)]
    assert veils == [k > place for k in range(COUNT)]
    middle = float(value("frame", "x")) + float(stills["frame"].get("width")) / 2
    assert middle == pytest.approx(float(stills[f"letter{place}"].get("x")), abs=0.02)


@pytest.mark.parametrize(("sentence", "place"), STATES)
def test_the_three_most_likely(figure, stills, sentence, place):
    value = state(figure, stills, sentence, place)
    likely = MAPS[int(sentence) - 1]["likely"][place - 1]
    assert [value(f"guess{row}", "#") for row in range(3)] == ["␣", "e", "↵"]
    assert [value(f"p{row}", "#") for row in range(3)] == [f"{p:.2f}" for _, p in likely]
    widths = [float(value(f"bar{row}", "width")) for row in range(3)]
    assert widths == pytest.approx([250 * max(p, 0.004) for _, p in likely], abs=0.06)


@pytest.mark.parametrize(("sentence", "place"), STATES)
def test_the_words_say_the_numbers(figure, stills, sentence, place):
    each = MAPS[int(sentence) - 1]
    words = shown(figure, {"sentence": sentence, "place": place})[("text-5", "#")]
    sizes = each["sizes"][place - 1][:place]
    back = place - sizes.index(max(sizes))
    far = 100 * sum(sizes[: max(0, place - 5)]) / sum(sizes)
    bits = each["bits"][place - 1]
    digits = 2 if 0.5**bits >= 0.01 else 4
    assert f"has the probability {0.5**bits:.{digits}f}, {bits:.2f} bits." in words
    assert f"{back} character{'s' * (back > 1)} back;" in words
    assert f"{far:.0f} % of the dependence lies further back than 5" in words


def test_a_click_chooses_any_character_but_the_first(stills):
    for k in range(COUNT):
        wanted = f'{{"place": {k}}}' if k else None
        assert stills[f"heat{k}"].get("data-set") == wanted
        assert stills[f"letter{k}"].get("data-set") == wanted


def test_controls(figure):
    sentence, place = figure.controls
    assert sentence.options == ("1", "2")
    assert place.options == tuple(range(1, COUNT))
    assert place.start == 9
