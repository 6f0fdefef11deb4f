"""The engine of the problem sets: questions, marks, hints, hostile returns, live checks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from unrolled.exercises import sets
from unrolled.exercises.model import Mistake
from unrolled.exercises.papers import Reply, draw_paper, mark
from unrolled.exercises.problems import Gradients, Problem, Values, Variant
from unrolled.exercises.sets import problem_set, set_problems
from unrolled.exercises.slips import held, slip, tangent, with_tangent, without_slope
from unrolled.exercises.squashes import SQUASHES
from unrolled.shapes import ArgumentError

# ── a problem of our own: y = factor · u ⊙ v + w², of which du, dv, dw are asked for ─────────


def loss(factor, dy, u, v, w):
    return np.sum(dy * (factor * u * v + w * w))


def draw(factor, rng):
    return tuple(rng.standard_normal((4, 2, 3)))


def large(factor, rng):
    return tuple(rng.standard_normal((4, 40, 50)))


def slipped(name):
    def changed(factor, dy, u, v, w):
        first = held(u) if name == "u" else u
        square = with_tangent(w * w, tangent(w) * np.real(w)) if name == "square" else w * w
        return np.sum(dy * (factor * first * v + square))

    return slip(changed, (1, 2, 3))


PRODUCT = Problem(
    "ps0.product",
    "A product",
    "product_backward",
    5,
    (Variant("two", 2.0, {}), Variant("three", 3.0, {})),
    lambda factor: {},
    draw,
    large,
    Gradients(loss, (1, 2, 3)),
    (
        Mistake("u is forgotten.", slipped("u")),
        Mistake("the slope of the square.", slipped("square")),
        Mistake("the slope of the square, again.", slipped("square")),
    ),
    ("du", "dv", "dw"),
)
SUMS = Problem(
    "ps0.sums",
    "Sums",
    "row_sums",
    4,
    (Variant("plain", None, {}),),
    lambda _: {},
    lambda _, rng: (rng.standard_normal((3, 2)),),
    lambda _, rng: (rng.standard_normal((300, 200)),),
    Values(lambda _, a: a.sum(axis=1)),
    (Mistake("the other axis, cut off.", lambda _, a: np.resize(a.sum(axis=0), 3)),),
)
COUNTS = Problem(
    "ps0.counts",
    "Counts",
    "counts",
    4,
    (Variant("plain", None, {}),),
    lambda _: {},
    lambda _, rng: (int(rng.integers(300, 400)),),
    lambda _, rng: (int(rng.integers(30_000, 40_000)),),
    Values(lambda _, n: (n, n * n, n % 2 == 0, 1 / n)),
    (),
    ("n", "square", "even", "inverse"),
)


def backward(dy, u, v, w):
    return 2 * dy * v, 2 * dy * u, 2 * dy * w


def paper_of(problem, form=0, seed=0):
    return draw_paper(problem, problem.variants[form], np.random.default_rng(seed))


def marked(problem, answer, form=0, seed=0):
    paper = paper_of(problem, form, seed)
    return mark(paper, [Reply(answer(*arguments)) for arguments in paper.calls])


# ── questions ────────────────────────────────────────────────────────────────


def test_a_paper_has_the_small_calls_then_the_large_one():
    paper = paper_of(PRODUCT)
    assert [call[0].shape for call in paper.calls] == [(2, 3)] * 5 + [(40, 50)]
    assert len(paper.expected) == 5
    assert [part.shape for part in paper.form] == [(40, 50)] * 3
    for arguments, expected in zip(paper.calls, paper.expected, strict=False):
        for got, right in zip(backward(*arguments), expected, strict=True):
            np.testing.assert_allclose(got, right, rtol=1e-14)


def test_an_oracle_that_changes_its_arguments_spoils_no_question():
    def compute(_, a):
        a *= 0.0
        return a.sum(axis=1)

    paper = draw_paper(
        SUMS._replace(oracle=Values(compute)), SUMS.variants[0], np.random.default_rng(0)
    )
    assert all(np.all(call[0] != 0) for call in paper.calls)


def test_the_complex_step_differentiates_every_entry():
    def curved(power, a, c):
        return np.sum(np.sin(a) ** power) * np.exp(c)

    a, c = np.array([[0.3, 1.1]]), np.array(0.5)
    da, dc = Gradients(curved, (0, 1)).expected(3, (a, c))
    np.testing.assert_allclose(da, 3 * np.sin(a) ** 2 * np.cos(a) * np.exp(0.5), rtol=1e-14)
    np.testing.assert_allclose(dc, np.sum(np.sin(a) ** 3) * np.exp(0.5), rtol=1e-14)
    assert dc.shape == ()


# ── the points ───────────────────────────────────────────────────────────────


def test_all_right_earns_all():
    for answer in (backward, lambda *given: list(backward(*given))):
        result = marked(PRODUCT, answer)
        assert result == (5.0, 5, "right.", "right")


def test_the_other_form_is_another_question():
    def of_three(*given):
        du, dv, dw = backward(*given)
        return 1.5 * du, 1.5 * dv, dw

    assert marked(PRODUCT, of_three, form=1).points == 5
    assert marked(PRODUCT, backward, form=1).points == 0
    assert marked(PRODUCT, of_three, form=0).points == 0


@pytest.mark.parametrize(
    ("right", "points", "kind"),
    [
        ((True, True, False), 3.33, "part"),
        ((False, True, True), 3.33, "part"),
        ((False, True, False), 0.0, "wrong"),  # fewer than half
        ((False, False, False), 0.0, "wrong"),
    ],
)
def test_at_least_half_of_the_parts_earn_their_share(right, points, kind):
    def answer(*given):
        return tuple(d if ok else d + 1 for d, ok in zip(backward(*given), right, strict=True))

    result = marked(PRODUCT, answer)
    assert (result.points, result.out_of, result.kind) == (points, 5, kind)
    kept = [name for name, ok in zip(PRODUCT.parts, right, strict=True) if ok]
    assert result.message.endswith(f"Right: {', '.join(kept)}.") == (kind == "part")


@pytest.mark.parametrize(("count", "points"), [(4, 4.0), (3, 3.0), (2, 2.0), (1, 0.0), (0, 0.0)])
def test_exactly_half_is_enough(count, points):
    def counts(n):
        right = (n, n * n, n % 2 == 0, 1 / n)
        wrong = (n + 1, n, n % 2 == 1, 1.0)
        return right[:count] + wrong[count:]

    assert marked(COUNTS, counts).points == points


def test_a_part_must_be_right_in_every_call():
    paper = paper_of(PRODUCT)
    for place in range(len(paper.calls)):
        values = [backward(*arguments) for arguments in paper.calls]
        du, dv, dw = values[place]
        values[place] = du, dv * 1.001, dw
        result = mark(paper, [Reply(value) for value in values])
        assert result.points == 3.33
        assert result.message.endswith("Right: du, dw.")


def test_a_mistake_in_the_large_call_only_is_called_so():
    def small_only(*given):
        return backward(*given) if given[0].size < 100 else tuple(2 * a for a in given[1:])

    result = marked(PRODUCT, small_only)
    assert result.points == 0
    assert "right on small arrays, but not on large ones (du, dv, dw)" in result.message


@pytest.mark.parametrize("entry", [(0, 0), (39, 49)])
def test_one_wrong_entry_of_a_large_gradient_shows(entry):
    def answer(*given):
        du, dv, dw = backward(*given)
        if du.size > 100:
            du[entry] += 1e-6
        return du, dv, dw

    assert marked(PRODUCT, answer).points == 3.33


# ── replies that hold no value ───────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["error", "time", "memory", "ended", "flood"])
@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_problem_in_any_call_earns_nothing(kind, place):
    paper = paper_of(PRODUCT)
    replies = [Reply(backward(*arguments)) for arguments in paper.calls]
    replies[place] = Reply(None, "it went wrong.", kind)
    for given in (replies, replies[: place + 1]):
        assert mark(paper, given) == (0.0, 5, "it went wrong.", kind)


def test_too_few_and_too_many_replies_earn_nothing():
    paper = paper_of(PRODUCT)
    replies = [Reply(backward(*arguments)) for arguments in paper.calls]
    for given in ([], replies[:-1], [*replies, replies[0]]):
        assert mark(paper, given) == (0.0, 5, "some calls were not answered.", "error")


# ── hints ────────────────────────────────────────────────────────────────────


def test_the_first_mistake_that_explains_every_draw_is_named():
    half = marked(PRODUCT, lambda dy, u, v, w: (2 * dy * v, 2 * dy * u, dy * w))
    assert half.message == "the slope of the square. Right: du, dv."
    forgotten = marked(PRODUCT, lambda dy, u, v, w: (0 * u, 2 * dy * u, 2 * dy * w))
    assert forgotten.message == "u is forgotten. Right: dv, dw."


def test_a_mistake_that_explains_some_draws_only_is_not_named():
    paper = paper_of(PRODUCT)
    for odd in range(5):
        values = [backward(*arguments) for arguments in paper.calls]
        for place, (dy, _, _, w) in enumerate(paper.calls):
            du, dv, dw = values[place]
            values[place] = du, dv, (dy * w if place != odd else dw)
        result = mark(paper, [Reply(value) for value in values])
        assert "slope of the square" not in result.message
        assert result.message.startswith("dw: the shape fits, but at")


def test_a_hint_never_holds_the_numbers_of_the_large_call():
    paper = paper_of(SUMS)
    values = [arguments[0].sum(axis=1) for arguments in paper.calls]
    values[-1] = values[-1] + 1
    message = mark(paper, [Reply(value) for value in values]).message
    assert "the result" in message
    assert not any(character.isdigit() for character in message)


# ── hostile returns ──────────────────────────────────────────────────────────


class Raising:
    """An object whose every use as an array raises something else."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no")

    def __eq__(self, other):
        return True

    __hash__ = None


class Liar(np.ndarray):
    """An array that says it equals everything and that every sum is right."""

    def __array_ufunc__(self, *given, **options):
        return np.zeros(self.shape)

    def __mul__(self, other):
        return np.zeros(self.shape)


def nested(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


HOSTILE = {
    "a string": "right",
    "bytes": b"right",
    "a number": 1.0,
    "nothing in a tuple": (None, None, None),
    "an empty tuple": (),
    "a dict": {"du": 1, "dv": 2, "dw": 3},
    "a set": {1.0, 2.0, 3.0},
    "a generator": (each for each in range(3)),
    "objects": (object(), object(), object()),
    "an object array": (np.array([[None] * 3] * 2),) * 3,
    "a structured array": (np.zeros((2, 3), dtype=[("a", "f8")]),) * 3,
    "dates": (np.zeros((2, 3), dtype="M8[s]"),) * 3,
    "texts": (np.full((2, 3), "1.0"),) * 3,
    "ragged lists": ([[1.0], [1.0, 2.0]],) * 3,
    "deep lists": (nested(500),) * 3,
    "empty arrays": (np.zeros((0, 3)),) * 3,
    "functions": (len, len, len),
    "something that raises": (Raising(), Raising(), Raising()),
    "NaN": (np.full((2, 3), np.nan),) * 3,
    "infinity": (np.full((2, 3), -np.inf),) * 3,
    "huge numbers": (np.full((2, 3), 1e308),) * 3,
    "a huge integer": (10**400,) * 3,
    "complex numbers": (np.full((2, 3), 1j),) * 3,
    "truths": (np.ones((2, 3), dtype=bool),) * 3,
    "unsigned bytes": (np.full((2, 3), 255, dtype=np.uint8),) * 3,
    "half precision": (np.full((2, 3), 1.0, dtype=np.float16),) * 3,
    "a liar": (np.ones((2, 3)).view(Liar),) * 3,
    "one array for all": np.ones((3, 2, 3)),
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", [0, -1])
def test_hostile_returns_earn_nothing_and_raise_nothing(value, place):
    paper = paper_of(PRODUCT._replace(large=draw))  # a last call of the same size
    values = [backward(*arguments) for arguments in paper.calls]
    values[place] = value
    result = mark(paper, [Reply(each) for each in values])
    assert result.points == 0
    assert result.kind in ("form", "wrong")
    assert result.message


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("problem", [SUMS, COUNTS], ids=lambda problem: problem.id)
def test_hostile_returns_where_values_are_asked_for(problem, value):
    for place in (0, -1):
        paper = paper_of(problem)
        oracle, settings = problem.oracle, paper.variant.settings
        values = [oracle.expected(settings, arguments) for arguments in paper.calls]
        values[place] = value
        result = mark(paper, [Reply(each) for each in values])
        assert result.points == 0
        assert result.message


@pytest.mark.parametrize("number", [1e155, 1e200, 1e308, -1e300])
def test_numbers_that_overflow_when_they_are_compared_are_wrong(number):
    """A sum of huge terms is infinite, and so is what would be allowed: that is no agreement."""
    paper = paper_of(PRODUCT)
    values = [backward(*arguments) for arguments in paper.calls]
    values[-1] = tuple(np.full((40, 50), number) for _ in range(3))
    assert mark(paper, [Reply(value) for value in values]).points == 0


def test_numbers_of_another_kind_are_judged_as_numbers():
    right = marked(PRODUCT, lambda *given: tuple(d + 0j for d in backward(*given)))
    assert right.points == 5
    assert marked(SUMS, lambda a: a.sum(axis=1).tolist()).points == 4
    assert marked(SUMS, lambda a: (a.sum(axis=1) + 1).tolist()).points == 0

    def unsigned(n):
        return np.uint64(n), np.uint64(n * n), np.bool_(n % 2 == 0), np.float64(1 / n)

    assert marked(COUNTS, unsigned).points == 4

    def bytes_(n):
        return np.uint8(n % 256), n * n, n % 2 == 0, 1 / n

    assert marked(COUNTS, bytes_).points == 3


# ── slips and squashing functions ────────────────────────────────────────────


def test_tangents_are_held_changed_and_read():
    value = np.array([1.0 + 2j, 3.0 - 4j])
    assert held(value).tolist() == [1.0, 3.0]
    assert tangent(value).tolist() == [2.0, -4.0]
    assert with_tangent(value, np.array([5.0, 6.0])).tolist() == [1 + 5j, 3 + 6j]
    assert tangent(np.array([1.0])).tolist() == [0.0]


@pytest.mark.parametrize("squash", SQUASHES, ids=lambda squash: squash.name)
def test_a_slope_left_out_counts_as_one(squash):
    z = np.array([-1.3, 0.4, 2.0]) + 1e-30j * np.array([1.0, 2.0, 3.0])
    without = without_slope(squash).value(z)
    np.testing.assert_allclose(np.real(without), squash.value(np.real(z)), rtol=1e-15)
    np.testing.assert_allclose(np.imag(without) / 1e-30, [1.0, 2.0, 3.0], rtol=1e-14)


BY_OTHER_ROADS = {
    "inverse root": (lambda z: np.sin(np.arctan(z)), lambda z: (1 + z**2) ** -1.5),
    "arctangent": (lambda z: np.arcsin(z / np.hypot(1, z)), lambda z: 1 / (1 + z**2)),
    "inverse hyperbolic sine": (
        lambda z: np.log(z + np.hypot(1, z)),
        lambda z: 1 / np.hypot(1, z),
    ),
    "sine": (lambda z: np.cos(z - np.pi / 2), np.cos),
    "Lorentzian": (
        lambda z: np.sin(2 * np.arctan(z)),
        lambda z: 2 * (1 - z**2) / (1 + z**2) ** 2,
    ),
}


def test_the_squashing_functions_are_what_their_names_say():
    assert [squash.name for squash in SQUASHES] == list(BY_OTHER_ROADS)
    assert len({squash.tex for squash in SQUASHES}) == len(SQUASHES)
    z = np.linspace(-1.5, 2.5, 9)
    for squash in SQUASHES:
        value, slope = BY_OTHER_ROADS[squash.name]
        np.testing.assert_allclose(squash.value(z), value(z), atol=1e-15)
        stepped = np.imag(squash.value(z + 1e-30j)) / 1e-30
        np.testing.assert_allclose(stepped, slope(z), rtol=1e-12, atol=1e-15)


# ── a set, as a page opens it ────────────────────────────────────────────────


def right_leaky(dh, x, h_prev, Wx, Wh, b, r):
    a = x @ Wx + h_prev @ Wh + b
    da = dh * r * (1 + a**2) ** -1.5
    dr = (dh * (a / np.hypot(1, a) - h_prev)).sum(axis=0)
    return da @ Wx.T, da @ Wh.T + dh * (1 - r), x.T @ da, h_prev.T @ da, da.sum(axis=0), dr


def half_leaky(*given):
    dx, dh_prev, *rest = right_leaky(*given)
    return (dx + 1, dh_prev + 1, rest[0] + 1, *rest[1:])


@pytest.fixture(autouse=True)
def not_in_nbgrader(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def test_a_set_opens_in_the_books_forms():
    ps1 = problem_set("ps1")
    assert ps1.code == "000"
    assert repr(ps1) == "ps1, form 000: loops, leaky, shared"
    assert [ps1.variant(short).name for short in ("loops", "leaky", "shared")] == [
        problem.variants[0].name for problem in set_problems("ps1")
    ]


def test_each_digit_chooses_a_form():
    ps1 = problem_set("ps1", "243")
    for short, form in (("loops", 2), ("leaky", 4), ("shared", 3)):
        assert ps1.variant(short) is ps1.problem(short).variants[form]
    z = np.array([0.3, -2.0])
    np.testing.assert_allclose(ps1["leaky"].squash(z), 2 * z / (1 + z**2))
    assert isinstance(ps1["leaky"], SimpleNamespace)


@pytest.mark.parametrize(
    "code", ["0", "0000", "005", "00a", "00z", "-00", "0 0", "٠٠٠", "00\n", "0.0", "000\x00"]
)
def test_a_code_that_fits_no_form_is_refused(code):
    with pytest.raises(ArgumentError, match="code: expected 3 digits") as refused:
        problem_set("ps1", code)
    assert repr(code) in str(refused.value)
    assert "first code cell of your notebook" in str(refused.value)


@pytest.mark.parametrize(
    "name", ["", "ps", "ps0", "ps99", "ch1", "ps1.leaky", "psx", "ps1_leaky", "ps²", None, 1]
)
def test_a_set_that_does_not_exist_is_refused(name):
    with pytest.raises(ArgumentError, match="expected a problem set, 'ps1' say, got"):
        problem_set(name)


def test_a_problem_that_does_not_exist_is_refused():
    ps1 = problem_set("ps1")
    for ask in (ps1.problem, ps1.variant, ps1.__getitem__, lambda s: ps1.check(s, right_leaky)):
        with pytest.raises(ArgumentError, match=r"\['loops', 'leaky', 'shared'\], got 'lucky'"):
            ask("lucky")


def test_a_check_says_points_and_hint():
    ps1 = problem_set("ps1")
    rng = np.random.default_rng(0)
    right = ps1.check("leaky", right_leaky, rng=rng)
    assert repr(right) == "✓ ps1.leaky: 8 of 8 points: right."
    half = ps1.check("leaky", half_leaky, rng=rng)
    assert not half.passed
    assert half.message.startswith("4 of 8 points: ")
    assert half.message.endswith("Right: dWh, db, dr.")


def test_a_check_takes_a_function_and_a_generator():
    ps1 = problem_set("ps1")
    told = ps1.check("leaky", 3.0)
    assert not told.passed
    assert "expected a function, got float: pass its name without ()" in told.message
    with pytest.raises(ArgumentError, match="rng"):
        ps1.check("leaky", right_leaky, rng=0)


def test_a_function_that_stops_is_told_where():
    told = problem_set("ps1").check("leaky", lambda *given: 1 / 0)
    assert "0 of 8 points: your function stopped" in told.message
    assert "ZeroDivisionError" in told.message


def test_a_slow_answer_earns_nothing(monkeypatch):
    monkeypatch.setattr(sets, "SECONDS", -1.0)  # so that every answer is slow
    told = problem_set("ps1").check("leaky", right_leaky)
    assert not told.passed
    assert "0 of 8 points: it took" in told.message
    assert "arrays far larger than the arguments" in told.message


@pytest.mark.parametrize(
    ("answer", "points"),
    [(right_leaky, 8.0), (half_leaky, 4.0), (lambda *given: None, 0.0), ("no function", 0.0)],
)
def test_nbgrader_reads_the_points(monkeypatch, capsys, answer, points):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    earned = problem_set("ps1").check("leaky", answer)
    assert type(earned) is float
    assert earned == points
    assert "ps1.leaky: " in capsys.readouterr().out


def test_a_page_prints_nothing_by_itself(capsys):
    problem_set("ps1").check("leaky", right_leaky)
    assert capsys.readouterr().out == ""
