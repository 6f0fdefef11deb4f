"""Run the cells of a page in one namespace, as a notebook kernel would, but without IPython.

The worker (`worker.mjs`) makes one `Interpreter` a page and asks it to run cell after cell. What a
cell prints, shows or raises leaves through `send`, one JSON text a message. Nothing here needs a
browser: `tests/site/test_interpreter.py` runs it in plain CPython.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import inspect
import io
import json
import linecache
import logging
import sys
import tokenize
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TextIO

OUTPUT_LIMIT = 200_000  # characters a cell may print before the rest is dropped
DISPLAY_LIMIT = 200  # values a cell may show: the page would choke on a million
SUMMARY_LIMIT = 300  # characters of an error's first line in the page's status line
DRAWS = ("matplotlib", "mpl_toolkits", "unrolled.plots")  # what draws with Matplotlib
FORMATS = {  # richest first: what a value can show itself as
    "_repr_html_": "text/html",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_markdown_": "text/markdown",
}
COMPILE_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
IGNORED_TOKENS = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


class Interpreter:
    """One namespace, and the cells that have run in it.

    Parameters
    ----------
    send : callable
        Takes one JSON text: a `stream`, a `display` or an `error` message.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._labels: dict[str, str] = {}  # file name of a run -> "Cell 4"
        self._printed = 0
        self._displayed = 0
        self._shown: set[int] = set()  # figures of the present cell, by id
        self._streams: tuple[Stream, ...] = ()  # the present cell's, whatever it makes of sys
        self.module = types.ModuleType("__main__")
        self.namespace = vars(self.module)
        self.namespace.update(display=self.display, input=_no_input)
        # Its first figure reads the fonts, which it announces like a fault.
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

    async def run(self, number: int, source: str, above: str = "[]") -> bool:
        """Run a cell and send what it shows; say whether it ended without an error.

        Parameters
        ----------
        number : int
            Which cell of the page, from 1.
        source : str
            Its text.
        above : str
            JSON list of `{"number", "source"}`: cells further up that have not run, to be named
            when one of their names is missed.
        """
        source = source.rstrip("\n") + "\n"
        # A name of its own for each run: a function made by an earlier text keeps its source.
        filename = f"<cell {number}, run {len(self._labels) + 1}>"
        self._labels[filename] = f"Cell {number}"
        lines = source.splitlines(keepends=True)
        linecache.cache[filename] = (len(source), None, lines, filename)
        self._printed = self._displayed = 0
        self._shown = set()
        with self._in_place():
            try:
                await self._execute(source, filename)
                self._show_open_figures()
            except BaseException as error:  # noqa: BLE001 — a reader's cell may raise anything
                self._close_figures()
                self._send_error(error, filename, json.loads(above))
                return False
            finally:
                self._flush()
        return True

    def needs_matplotlib(self, source: str) -> bool:
        """Tell from a cell's text, before it runs, whether it is going to draw."""
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return False
        drawing = {name for name, value in self.namespace.items() if _is_for_drawing(value)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                if any(_draws(each.name, "matplotlib", "mpl_toolkits") for each in node.names):
                    return True
                drawing |= {
                    each.asname or each.name.partition(".")[0]
                    for each in node.names
                    if _draws(each.name, *DRAWS)
                }
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                if _draws(node.module, "matplotlib", "mpl_toolkits"):
                    return True
                drawing |= {
                    each.asname or each.name
                    for each in node.names
                    if _draws(f"{node.module}.{each.name}", *DRAWS)
                }
        return any(
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in drawing
            for node in ast.walk(tree)
        )

    def display(self, *values: Any) -> None:
        """Show values under the cell, each as richly as it can."""
        for value in values:
            if value is not None:
                self._send_display(self._bundle(value))

    async def _execute(self, source: str, filename: str) -> None:
        tree = ast.parse(source, filename)
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr) and not is_silenced(source):
            last = ast.Expression(tree.body.pop().value)  # type: ignore[attr-defined]
        await self._evaluate(compile(tree, filename, "exec", COMPILE_FLAGS, dont_inherit=True))
        if last is not None:
            code = compile(last, filename, "eval", COMPILE_FLAGS, dont_inherit=True)
            value = await self._evaluate(code)
            if value is not None:
                self.namespace["_"] = value
                self.display(value)

    async def _evaluate(self, code: types.CodeType) -> Any:
        value = eval(code, self.namespace)
        return await value if code.co_flags & inspect.CO_COROUTINE else value

    # What leaves

    def _flush(self) -> None:
        """Hand on what is printed so far."""
        for stream in self._streams:
            stream.flush()

    def _send_message(self, kind: str, **fields: Any) -> None:
        self._send(json.dumps({"type": kind, **fields}))

    def _send_text(self, stream: str, text: str) -> None:
        """Pass on what is printed, up to the limit."""
        left = OUTPUT_LIMIT - self._printed
        self._printed += len(text)
        if left < 0:
            return
        self._send_message("stream", name=stream, text=_cut(text, left))

    def _send_display(self, bundle: Mapping[str, str]) -> None:
        self._flush()
        self._displayed += 1
        if self._displayed > DISPLAY_LIMIT + 1:
            return
        if self._displayed > DISPLAY_LIMIT:
            bundle = {"text/plain": f"… no more than {DISPLAY_LIMIT} values are shown"}
        cut = {"text/plain": _cut(bundle["text/plain"])} if "text/plain" in bundle else {}
        self._send_message("display", data={**bundle, **cut})

    def _send_error(
        self, error: BaseException, filename: str, above: Sequence[Mapping[str, Any]]
    ) -> None:
        self._flush()
        self._send_message(
            "error",
            summary=_first_line(error)[:SUMMARY_LIMIT],
            line=_line_in(error, filename),
            traceback=_cut(self._traceback(error)),
            hint=_hint(error, above),
        )

    def _traceback(self, error: BaseException) -> str:
        """Write a traceback that shows the reader's cells and leaves out everything else."""
        report = traceback.TracebackException.from_exception(error)
        for each in _chain(report):
            kept = [frame for frame in each.stack if frame.filename in self._labels]
            each.stack = traceback.StackSummary.from_list(kept)
        text = "".join(report.format())
        for filename, label in self._labels.items():
            text = text.replace(f'File "{filename}"', label).replace(filename, label)
        return text.replace(", in <module>\n", "\n").rstrip()

    # What can be shown

    def _bundle(self, value: Any) -> dict[str, str]:
        if _is_figure(value):
            if id(value) in self._shown:
                return {}
            self._shown.add(id(value))
            return {"image/svg+xml": _svg(value)}
        whole = _call_if_there(value, "_repr_mimebundle_")
        if isinstance(whole, tuple):
            whole = whole[0]
        if isinstance(whole, Mapping) and whole:
            return {str(kind): _as_text(part) for kind, part in whole.items()}
        for method, kind in FORMATS.items():
            shown = _call_if_there(value, method)
            if shown is not None:
                return {kind: _as_text(shown), "text/plain": repr(value)}
        return {"text/plain": repr(value)}

    def _show_open_figures(self) -> None:
        """Show each open figure that was not shown yet, and close them all."""
        for figure in _open_figures():
            bundle = self._bundle(figure)
            if bundle:
                self._send_display(bundle)
        self._close_figures()

    def _close_figures(self) -> None:
        pyplot = sys.modules.get("matplotlib.pyplot")
        if pyplot is not None:
            pyplot.close("all")

    @contextlib.contextmanager
    def _in_place(self) -> Iterator[None]:
        """Take over, for the time of a cell, what a program sees as its surroundings."""
        out, err = Stream("stdout", self._send_text), Stream("stderr", self._send_text)
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(),
            _attribute(sys.modules, "__main__", self.module),
        ):
            self._streams = (out, err)
            warnings.simplefilter("default")
            for hidden in (DeprecationWarning, PendingDeprecationWarning, ResourceWarning):
                warnings.simplefilter("ignore", hidden)
            warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
            warnings.filterwarnings("ignore", message=".*non-interactive.*cannot be shown")
            warnings.showwarning = self._show_warning
            yield

    def _show_warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        place = self._labels.get(filename)
        where = f"{place}, line {lineno}: " if place else ""
        (file or sys.stderr).write(f"{where}{category.__name__}: {message}\n")


class Stream(io.TextIOBase):
    """Standard output or error of a cell, handed on line by line.

    By line, and not by time: the page gets what stands before a long computation at once, and
    gathers fast lines itself before it draws them.
    """

    def __init__(self, name: str, send: Callable[[str, str], None]) -> None:
        super().__init__()
        self._name, self._send_text, self._line = name, send, ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What programs ask for before they write."""
        return "utf-8"

    def writable(self) -> bool:
        """Say that this is written to."""
        return True

    def write(self, text: str) -> int:
        """Keep an unfinished line back."""
        self._line += text
        if "\n" in text or "\r" in text:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Hand on what there is."""
        if self._line:
            text, self._line = self._line, ""
            self._send_text(self._name, text)


def _cut(text: str, limit: int = OUTPUT_LIMIT) -> str:
    """Keep what a page can show of a text, and say that something is missing."""
    if len(text) <= limit:
        return text
    return text[:limit] + f"\n… output cut after {OUTPUT_LIMIT:,} characters\n"


def is_silenced(source: str) -> bool:
    """Tell whether a cell ends with a semicolon, comments aside: then no value is shown."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    meant = [token for token in tokens if token.type not in IGNORED_TOKENS]
    return bool(meant) and meant[-1].string == ";"


def names_made(source: str) -> set[str]:
    """Return the names that a cell makes at its top level."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    made: set[str] = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.add(node.name)  # what stands inside is not the page's
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            made |= {each.asname or each.name.partition(".")[0] for each in node.names}
        inner = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
        if not isinstance(node, inner):
            waiting.extend(ast.iter_child_nodes(node))
    return made


def _hint(error: BaseException, above: Sequence[Mapping[str, Any]]) -> str:
    """Say what may help, if the error is one that a page makes likely."""
    if isinstance(error, NameError) and error.name:
        for cell in reversed(above):
            if error.name in names_made(cell["source"]):
                return (
                    f"`{error.name}` is made in cell {cell['number']} above, which has not run: "
                    "press Run all above."
                )
    if isinstance(error, ModuleNotFoundError):
        return f"`{error.name}` is not part of the page's Python. JupyterLab or Binder can have it."
    return ""


def _no_input(prompt: object = "", /) -> str:
    """Stand in for `input`, which would wait for ever."""
    raise RuntimeError("input() cannot ask in the page: write the value into the cell instead.")


def _first_line(error: BaseException) -> str:
    text = "".join(traceback.format_exception_only(error)).strip().splitlines()
    return text[-1] if isinstance(error, SyntaxError) else text[0]


def _line_in(error: BaseException, filename: str) -> int | None:
    """Return the line of this very cell where an error was raised, or passed through."""
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno
    lines = [
        line for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == filename
    ]  # fmt: skip
    return lines[-1] if lines else None


def _chain(report: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield a report and those of the errors that it came from."""
    yield report
    for other in (report.__cause__, report.__context__, *(report.exceptions or ())):
        if other is not None:
            yield from _chain(other)


def _draws(module: str, *roots: str) -> bool:
    return any(module == root or module.startswith(f"{root}.") for root in roots)


def _is_for_drawing(value: Any) -> bool:
    """Tell whether a value is a plotting module, or comes from one."""
    if isinstance(value, types.ModuleType):
        return _draws(value.__name__, *DRAWS)
    return callable(value) and _draws(str(getattr(value, "__module__", "")), *DRAWS)


def _open_figures() -> list[Any]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return [] if pyplot is None else [pyplot.figure(number) for number in pyplot.get_fignums()]


def _is_figure(value: Any) -> bool:
    module = sys.modules.get("matplotlib.figure")
    return module is not None and isinstance(value, module.Figure)


def _svg(figure: Any) -> str:
    """Draw a figure as SVG, in the page's colours where the package can."""
    try:
        from unrolled.plots.style import themed_svg
    except ImportError:
        file = io.StringIO()
        figure.savefig(file, format="svg", bbox_inches="tight")
        return file.getvalue()
    return str(themed_svg(figure))


def _call_if_there(value: Any, method: str) -> Any:
    """Call a display method; a class has it too, but only its objects can be shown with it."""
    bound = getattr(value, method, None)
    if isinstance(value, type) or not callable(bound):
        return None
    return bound()


def _as_text(part: Any) -> str:
    if isinstance(part, bytes):
        return base64.b64encode(part).decode("ascii")
    return part if isinstance(part, str) else json.dumps(part)


@contextlib.contextmanager
def _attribute(where: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    """Replace an entry for a while."""
    before = where.get(name)
    where[name] = value
    try:
        yield
    finally:
        if before is None:
            where.pop(name, None)
        else:
            where[name] = before
