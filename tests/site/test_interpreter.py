"""The page's interpreter, in plain CPython: what a cell shows, and how it fails."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "book" / "_page" / "interpreter.py"
spec = importlib.util.spec_from_file_location("page_interpreter", SOURCE)
assert spec is not None
assert spec.loader is not None
interpreter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(interpreter)


class Page:
    """Run cells and keep what they show."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.python = interpreter.Interpreter(lambda text: self.messages.append(json.loads(text)))

    def run(self, source: str, number: int = 1, above: dict[int, str] | None = None) -> bool:
        cells = [{"number": at, "source": text} for at, text in (above or {}).items()]
        self.messages.clear()
        running = self.python.run(number, source, json.dumps(cells))
        with ThreadPoolExecutor(1) as elsewhere:  # the browser's tests hold this thread's loop
            return elsewhere.submit(asyncio.run, running).result()

    def printed(self, stream: str = "stdout") -> str:
        return "".join(each["text"] for each in self.messages if each.get("name") == stream)

    def shown(self) -> list[dict[str, str]]:
        return [each["data"] for each in self.messages if each["type"] == "display"]

    def error(self) -> dict[str, Any]:
        return next(each for each in self.messages if each["type"] == "error")


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def pyplot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("MPLBACKEND", "AGG")
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


def test_cells_share_names_and_show_their_last_value(page: Page) -> None:
    assert page.run("a = 2")
    assert page.shown() == []
    assert page.run("a + 1")
    assert page.shown() == [{"text/plain": "3"}]


@pytest.mark.parametrize(
    ("source", "silent"),
    [
        ("1 + 1;", True),
        ("1 + 1;  # why", True),
        ("1 + 1;\n\n# the end\n", True),
        ("1 + 1", False),
        ("';'", False),
        ("1 + 1  # ;", False),
    ],
)
def test_a_semicolon_at_the_end_hides_the_value(page: Page, source: str, silent: bool) -> None:
    page.run(source)
    assert (page.shown() == []) == silent


def test_none_is_not_shown(page: Page) -> None:
    page.run("print('x')")
    assert page.shown() == []
    assert page.printed() == "x\n"


def test_values_are_shown_as_richly_as_they_can(page: Page) -> None:
    page.run(
        "class H:\n"
        "    def _repr_html_(self): return '<b>1</b>'\n"
        "class S:\n"
        "    def _repr_svg_(self): return '<svg/>'\n"
        "class P:\n"
        "    def _repr_png_(self): return b'png'\n"
        "class M:\n"
        "    def _repr_mimebundle_(self, include=None, exclude=None):\n"
        "        return {'text/html': 'm', 'text/plain': 'p'}, {}\n"
        "display(H(), S(), P())\n"
        "M()"
    )
    html, svg, png, bundle = page.shown()
    assert html["text/html"] == "<b>1</b>"
    assert svg["image/svg+xml"] == "<svg/>"
    assert png["image/png"] == "cG5n"
    assert bundle == {"text/html": "m", "text/plain": "p"}
    page.run("H")
    assert list(page.shown()[0]) == ["text/plain"]


def test_what_is_printed_comes_before_what_is_displayed_after_it(page: Page) -> None:
    page.run("print('a', end='')\ndisplay(1)\nprint('b')")
    assert [each["type"] for each in page.messages] == ["stream", "display", "stream"]


def test_both_streams_are_told_apart(page: Page) -> None:
    page.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    assert page.printed() == "out\n"
    assert page.printed("stderr") == "err\n"


def test_output_is_cut_at_its_limit(page: Page) -> None:
    page.run("for _ in range(3000):\n    print('x' * 99)\nprint('end')")
    assert len(page.printed()) < interpreter.OUTPUT_LIMIT + 100
    assert page.printed().endswith("output cut after 200,000 characters\n")
    page.run("print('again')")
    assert page.printed() == "again\n"


def test_warnings_name_the_cell(page: Page) -> None:
    page.run("import warnings\nwarnings.warn('careful')", 4)
    assert page.printed("stderr") == "Cell 4, line 2: UserWarning: careful\n"


def test_a_name_made_above_is_named_when_it_is_missing(page: Page) -> None:
    assert not page.run("params.Wx", 5, {2: "params, other = 1, 2", 3: "def f():\n    x = 1"})
    assert page.error()["hint"] == (
        "`params` is made in cell 2 above, which has not run: press Run all above."
    )
    page.run("x", 5, {3: "def f():\n    x = 1"})
    assert page.error()["hint"] == ""


def test_a_module_that_is_not_here_is_named(page: Page) -> None:
    page.run("import no_such_module")
    assert page.error()["hint"].startswith("`no_such_module` is not part of the page's Python")


def test_a_traceback_shows_the_readers_cells_alone(page: Page) -> None:
    page.run("def half(x):\n    return 1 / x", 2)
    page.run("import json\n\nhalf(0)", 4)
    error = page.error()
    assert error["line"] == 3
    assert error["summary"] == "ZeroDivisionError: division by zero"
    assert "Cell 4, line 3\n    half(0)" in error["traceback"]
    assert "Cell 2, line 2, in half\n    return 1 / x" in error["traceback"]
    page.run("import json\njson.loads('{')", 5)
    assert "Cell 5, line 2" in page.error()["traceback"]
    assert "decoder.py" not in page.error()["traceback"]


def test_the_cause_of_an_error_is_shown_in_the_same_way(page: Page) -> None:
    page.run("try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e", 3)
    text = page.error()["traceback"]
    assert text.index("KeyError") < text.index("direct cause") < text.index("ValueError: b")
    assert page.error()["line"] == 4


def test_a_syntax_error_names_its_line(page: Page) -> None:
    assert not page.run("a = 1\nb = (", 6)
    assert page.error()["line"] == 2
    assert page.error()["summary"].startswith("SyntaxError")
    assert "Cell 6, line 2" in page.error()["traceback"]


def test_nothing_of_a_broken_cell_runs(page: Page) -> None:
    page.run("a = 1\nb = (")
    page.run("a")
    assert page.error()["summary"].startswith("NameError")


def test_source_of_the_readers_functions_can_be_read(page: Page) -> None:
    page.run("def f():\n    return 1  # mine", 1)
    page.run("import inspect\nprint(inspect.getsource(f))", 2)
    assert page.printed() == "def f():\n    return 1  # mine\n\n"
    page.run("def g():\n    return 2", 1)
    page.run("print(inspect.getsource(f), inspect.getsource(g))", 2)
    assert "mine" in page.printed()
    assert "return 2" in page.printed()


def test_await_works_at_the_top(page: Page) -> None:
    page.run("import asyncio\nawait asyncio.sleep(0)\nawait asyncio.sleep(0, 'done')")
    assert page.shown() == [{"text/plain": "'done'"}]


@pytest.mark.parametrize("source", ["raise SystemExit(1)", "raise KeyboardInterrupt"])
def test_a_cell_cannot_end_the_interpreter(page: Page, source: str) -> None:
    assert not page.run(source)
    assert page.run("1")


def test_input_says_that_it_cannot_ask(page: Page) -> None:
    page.run("input('name? ')")
    assert "input() cannot ask" in page.error()["summary"]


def test_surroundings_are_as_before_after_a_cell(page: Page) -> None:
    before = sys.stdout, sys.stderr, sys.modules["__main__"]
    page.run("import __main__\n__main__.a = 1\na")
    assert page.shown() == [{"text/plain": "1"}]
    assert (sys.stdout, sys.stderr, sys.modules["__main__"]) == before


def test_future_imports_of_the_interpreter_stay_its_own(page: Page) -> None:
    page.run("def f(x: int): ...\nf.__annotations__['x'] is int")
    assert page.shown() == [{"text/plain": "True"}]


@pytest.mark.usefixtures("pyplot")
def test_open_figures_are_shown_once_and_closed(page: Page) -> None:
    page.run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert [list(each) for each in page.shown()] == [["image/svg+xml"]]
    page.run("figure, _ = plt.subplots()\nplt.show()\nfigure")
    assert [list(each) for each in page.shown()] == [["image/svg+xml"]]
    assert page.printed("stderr") == ""
    page.run("plt.get_fignums()")
    assert page.shown() == [{"text/plain": "[]"}]
    page.run("plt.subplots()\n1 / 0")
    assert page.shown() == []


@pytest.mark.parametrize(
    ("source", "draws"),
    [
        ("import matplotlib.pyplot as plt", True),
        ("from matplotlib import cm", True),
        ("import numpy as np\nnp.sin(1)", False),
        ("from unrolled.plots import graphs", False),
        ("from unrolled.figures import settling\nsettling.show()", False),
        ("from unrolled.plots import graphs\ngraphs.draw()", True),
        ("import unrolled.plots.graphs\nunrolled.plots.graphs", True),
        ("def f():\n    return states.fade({})", True),
        ("states = 1", False),
        ("plots = (", False),
    ],
)
def test_it_knows_before_a_cell_runs_whether_it_draws(page: Page, source: str, draws: bool) -> None:
    page.run("from unrolled.plots import states")
    assert page.python.needs_matplotlib(source) == draws


def test_functions_of_plotting_modules_draw_too(page: Page) -> None:
    page.run("from unrolled.plots.states import fade\nfrom numpy import sin")
    assert page.python.needs_matplotlib("fade(1)")
    assert not page.python.needs_matplotlib("sin(1)")


def test_names_made_at_the_top_level() -> None:
    made = interpreter.names_made(
        "import a.b\nfrom c import d as e\n"
        "def f(): g = 1\nclass H: i = 1\n"
        "for j in []: k: int = 1\n[l for l in []]\nwith open('x') as m: pass\n(n := 1)"
    )
    assert made == {"a", "e", "f", "H", "j", "k", "m", "n"}


def test_a_flood_of_values_is_cut(page: Page) -> None:
    assert page.run("for each in range(10_000):\n    display(each)")
    shown = page.shown()
    assert len(shown) == interpreter.DISPLAY_LIMIT + 1
    assert shown[-1]["text/plain"].startswith("… no more than")
    assert page.run("1")
    assert page.shown() == [{"text/plain": "1"}]


def test_a_long_value_and_a_long_error_are_cut(page: Page) -> None:
    most = interpreter.OUTPUT_LIMIT + 100
    assert page.run("'y' * 10**6")
    assert len(page.shown()[0]["text/plain"]) < most
    assert not page.run("raise ValueError('z' * 10**6)")
    assert len(page.error()["traceback"]) < most
    assert len(page.error()["summary"]) <= interpreter.SUMMARY_LIMIT


@pytest.mark.parametrize("ending", ["sys.stdout = None", "sys.stdout.close()"])
def test_a_cell_may_spoil_its_streams(page: Page, ending: str) -> None:
    assert page.run(f"import sys\nprint('before', end='')\n{ending}")
    assert page.printed() == "before"
    assert page.run("print('after')")
    assert page.printed() == "after\n"
