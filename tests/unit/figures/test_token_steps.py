"""Chapter 5's responding figure, every number computed again with index loops."""

from __future__ import annotations

import math
import re
from itertools import product

import numpy as np
import pytest

from unrolled import RNN, models, tasks
from unrolled.figures import token_steps
from unrolled.shapes import ArgumentError

READS, ANSWERS, LETTERS = "HELL", "ELLO", "HELO"
STATES = {"fresh": "carried", "strong": "carried", "forgetful": "reset"}
SCORED = ("at every step", "at the last step")
CHOICES = list(product((1, 2, 3, 4), STATES, SCORED))
H = 5


@pytest.fixture(scope="module")
def weights():
    model = models.Model(RNN)
    drawn = {
        name: models.init(model, D=4, H=H, V=4, rng=np.random.default_rng(seed))
        for seed, name in enumerate(STATES)
    }
    strong = drawn["strong"]
    drawn["strong"] = strong._replace(Wy=9 * strong.Wy, by=np.array([0.5, -0.5, 1.0, 0.0]))
    return drawn


@pytest.fixture(scope="module")
def figure(weights):
    chosen = {name: (weights[name], state) for name, state in STATES.items()}
    return token_steps.spelling(models.Model(RNN), tasks.hello(), chosen, "strong")


@pytest.fixture(scope="module")
def expected(weights):
    """States, probabilities and losses of each network, by loops over the entries."""
    return {name: run(weights[name], state == "carried") for name, state in STATES.items()}


def run(params, carried):
    (Wx, Wh, b), Wy, by = params
    h, hs, ps, nats = [0.0] * H, [], [], []
    for letter, answer in zip(READS, ANSWERS, strict=True):
        if not carried:
            h = [0.0] * H
        row = LETTERS.index(letter)
        h = [
            math.tanh(b[k] + Wx[row, k] + sum(h[j] * Wh[j, k] for j in range(H))) for k in range(H)
        ]
        o = [by[v] + sum(h[j] * Wy[j, v] for j in range(H)) for v in range(4)]
        total = sum(math.exp(each) for each in o)
        p = [math.exp(each) / total for each in o]
        hs.append(h)
        ps.append(p)
        nats.append(-math.log(p[LETTERS.index(answer)]))
    return hs, ps, nats


def numbers(text):
    return [float(each) for each in re.findall(r"-?\d+\.?\d*", text.replace("−", "-"))]


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_bar_is_as_long_as_its_probability(choice, shown, expected):
    _, ps, _ = expected[choice[1]]
    for step, v in product(range(4), range(4)):
        key, full = f"p{step}-{v}", token_steps.FLOOR - token_steps.TOP
        height, top = (float(shown(choice, key, name)) for name in ("height", "y"))
        assert height == pytest.approx(full * ps[step][v], abs=0.06)
        assert top + height == pytest.approx(token_steps.FLOOR, abs=0.02)
    for step, answer in enumerate(ANSWERS):
        assert "state" in shown(choice, f"p{step}-{LETTERS.index(answer)}", "fill")
        written = float(shown(choice, f"number{step}"))
        assert written == pytest.approx(ps[step][LETTERS.index(answer)], abs=0.0051)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_a_state_s_bars_go_up_or_down_by_their_entries(choice, shown, expected):
    hs, _, _ = expected[choice[1]]
    reach = token_steps.HIGH / 2 - 5
    for step, k in product(range(4), range(H)):
        height, top = (float(shown(choice, f"h{step}-{k}", name)) for name in ("height", "y"))
        assert height == pytest.approx(reach * abs(hs[step][k]), abs=0.06)
        foot = top + height if hs[step][k] > 0 else top
        assert foot == pytest.approx(token_steps.STATE, abs=0.02)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_columns_are_lit_up_to_the_step(choice, shown):
    t, network, _ = choice
    for step in range(4):
        lit = 1 if step < t else token_steps.DIM
        assert float(shown(choice, f"column{step}", "opacity")) == lit
        assert float(shown(choice, f"loss{step}", "opacity")) == lit
        arrow = float(shown(choice, f"link{step}", "opacity"))
        assert arrow == (lit if STATES[network] == "carried" else 0)
    strokes = [float(shown(choice, f"box{step}", "stroke-width")) for step in range(4)]
    assert strokes.index(max(strokes)) == t - 1


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_losses_stand_over_the_columns(choice, shown, expected):
    _, _, nats = expected[choice[1]]
    for step in range(4):
        written = shown(choice, f"loss{step}")
        if choice[2] == SCORED[1] and step < 3:
            assert written == "not scored"
        else:
            assert float(written) == pytest.approx(nats[step], abs=5.1e-5)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_the_words_say_the_numbers(choice, shown, expected):
    t, network, scored = choice
    hs, ps, nats = expected[network]
    said = shown(choice, "text-2")
    p, loss = ps[t - 1][LETTERS.index(ANSWERS[t - 1])], nats[t - 1]
    if scored == SCORED[0]:
        tail = [p, loss, sum(nats[:t])]
    else:
        tail = [p, loss] if t == 4 else [0]
    assert numbers(said) == pytest.approx([t, *hs[t - 1][:3], p, *tail], abs=0.0051)
    assert numbers(said)[4:] == pytest.approx([p, *tail], abs=5.1e-5)
    assert f"reads {READS[t - 1]}," in said
    assert f"p({ANSWERS[t - 1]})" in said
    assert ("state of zeros" in said) == (STATES[network] == "reset")
    assert ("not scored" in said) == (scored == SCORED[1] and t < 4)


def test_a_network_without_memory_has_one_state_for_both_L(shown):
    choice = (4, "forgetful", SCORED[0])
    for k in range(H):
        assert shown(choice, f"h2-{k}", "y") == shown(choice, f"h3-{k}", "y")


def test_a_click_on_a_column_goes_to_its_step(still):
    assert [still[f"column{step}"].get("data-set") for step in range(4)] == [
        '{"t": 1}', '{"t": 2}', '{"t": 3}', '{"t": 4}'
    ]  # fmt: skip


def test_the_letters_of_the_answers_stand_out(still):
    for step, answer in enumerate(ANSWERS):
        bold = [
            each.text
            for each in still[f"column{step}"].iter("text")
            if each.get("font-weight") == "bold"
        ]
        assert bold == [answer, READS[step]]


def test_the_start_must_be_one_of_the_networks(weights):
    chosen = {"fresh": (weights["fresh"], "carried")}
    with pytest.raises(ArgumentError, match="weights"):
        token_steps.spelling(models.Model(RNN), tasks.hello(), chosen, "trained")


def test_a_short_state_is_written_in_full():
    params = models.init(models.Model(RNN), D=4, H=2, V=4, rng=np.random.default_rng(0))
    chosen = {"small": (params, "carried")}
    drawn = token_steps.spelling(models.Model(RNN), tasks.hello(), chosen, "small")
    assert "…" not in drawn.stills[1].text
