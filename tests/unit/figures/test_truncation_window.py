"""The terms and shares in chapter 8's responding figure, counted again pass by pass."""

from __future__ import annotations

import re
from itertools import product

import pytest

from unrolled.figures import base
from unrolled.figures import truncation_window as module

WS, T = (0.5, 0.8, 0.95), 8
CHOICES = list(product(range(1, T + 1), range(1, T + 1)))


@pytest.fixture(scope="module")
def figure():
    return module.window(WS)


def numbers(text):
    return [float(each) for each in re.findall(r"\d+\.?\d*", text)]


def pass_of(t, stride):
    """The step after which the loss of step t has its pass, counting passes."""
    end = stride
    while end < t:
        end += stride
    return end


def kept(length, stride):
    stride = min(stride, length)
    return {
        (t, k)
        for t in range(1, T + 1)
        for k in range(1, t + 1)
        if pass_of(t, stride) - k < length
    }  # fmt: skip


def choice(length, stride, t=6, w=0.95):
    return length, stride, t, w


@pytest.mark.parametrize(("length", "stride"), CHOICES)
def test_a_cell_is_filled_and_its_number_strong_where_the_term_is_kept(shown, length, stride):
    here = kept(length, stride)
    for t in range(1, T + 1):
        for k in range(1, t + 1):
            now = choice(length, stride)
            assert (float(shown(now, f"term{t},{k}", "fill-opacity")) > 0) == ((t, k) in here)
            assert (float(shown(now, f"size{t},{k}", "opacity")) == 1) == ((t, k) in here)


@pytest.mark.parametrize("w", WS)
def test_each_cell_holds_its_size_in_the_settled_cell(shown, w):
    for t in range(1, T + 1):
        for k in range(1, t + 1):
            power = 1.0
            for _ in range(t - k):
                power *= w
            assert float(shown(choice(4, 4, w=w), f"size{t},{k}")) == pytest.approx(
                power, abs=5.01e-3
            )


@pytest.mark.parametrize(("length", "stride"), CHOICES)
def test_the_words_count_the_kept_terms(shown, length, stride):
    words = shown(choice(length, stride), "text-2")
    used = min(stride, length)
    assert words.startswith(f"Windows of {length} step{'s' if length > 1 else ''}, a pass")
    assert f"{len(kept(length, stride))} of 36 terms" in words
    assert ("above" in words) == (stride > length)
    assert ("after every step" in words) == (used == 1)
    assert used == 1 or f"every {used} steps" in words


@pytest.mark.parametrize(("length", "stride"), CHOICES)
@pytest.mark.parametrize("w", WS)
def test_the_words_give_both_shares(shown, length, stride, w):
    here = kept(length, stride)
    pairs = [(t, k) for t in range(1, T + 1) for k in range(1, t + 1)]
    whole = sum(w ** (t - k) for t, k in pairs)
    inside = sum(w ** (t - k) for t, k in pairs if (t, k) in here)
    used = min(stride, length)
    endless = sum(
        w**j for t in range(1, used + 1) for j in range(1000) if used - (t - j) < length
    ) / (used / (1 - w))
    words = shown(choice(length, stride, w=w), "text-3")
    assert numbers(words) == pytest.approx([w, inside / whole, 8, endless], abs=5.01e-3)


@pytest.mark.parametrize(("length", "stride"), CHOICES)
def test_the_way_back_of_one_loss(shown, length, stride):
    used = min(stride, length)
    for t in range(1, T + 1):
        now = choice(length, stride, t)
        uses = [k for s, k in kept(length, stride) if s == t]
        words = shown(now, "text-4")
        assert numbers(words) == [t, pass_of(t, used), min(uses), len(uses), t]
        assert words.endswith("terms." if t > 1 else "term.")
        for k in range(2, T + 1):
            there = k in uses and k - 1 in uses
            assert shown(now, f"back{k}", "opacity") == ("1" if there else "0")


@pytest.mark.parametrize(("length", "stride"), CHOICES)
def test_the_frame_holds_the_window(shown, length, stride):
    used = min(stride, length)
    for t in range(1, T + 1):
        end = pass_of(t, used)
        inside = [k for k in range(1, T + 1) if end - length < k <= end]
        now = choice(length, stride, t)
        left, width = (float(shown(now, "frame", name)) for name in ("x", "width"))
        for k in range(1, T + 1):
            middle = module.FIRST + (k - 1) * module.PITCH
            assert (left < middle < left + width) == (k in inside)


def test_the_row_and_the_loss_stand_at_their_step(shown):
    for t in range(1, T + 1):
        now = choice(4, 4, t)
        middle = module.FIRST + (t - 1) * module.PITCH
        for key in ("loss", "down"):
            moved = numbers(shown(now, key, "transform"))
            assert moved[0] == pytest.approx(middle)
        top, height = (float(shown(now, "row", name)) for name in ("y", "height"))
        assert top < module.GRID + (t - 1) * module.ROW < top + height
        left, width = (float(shown(now, "row", name)) for name in ("x", "width"))
        assert left + width == pytest.approx(middle + module.PITCH / 2)
        assert left == pytest.approx(module.FIRST - module.PITCH / 2)


def test_a_click_on_a_cell_chooses_its_loss(still):
    assert still["term7,3"].get("data-set") == '{"t": 7}'


def test_it_is_small_and_starts_where_the_page_says(figure):
    assert figure.size[0] <= 460
    assert len(base.markup(figure)) < 400_000
    assert [each.name for each in figure.controls] == ["length", "stride", "t", "w"]
    assert tuple(each.start for each in figure.controls) == choice(4, 4)
