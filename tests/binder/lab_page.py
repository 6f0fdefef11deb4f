"""JupyterLab as a launched reader meets it: start it, open a page, run all cells."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from playwright.sync_api import TimeoutError as PageTimeoutError

if TYPE_CHECKING:
    from binder_image import BinderImage
    from playwright.sync_api import Page

START = 120  # seconds until a server that does not answer counts as broken
OPEN = 90_000  # milliseconds until a page without a ready kernel counts as broken
RUN = 300_000  # milliseconds until a chapter that has not ended counts as stuck

# What the page shows, read from Lab's own model: cells out of sight are not in the document.
STATE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const cells = panel?.content?.widgets ?? [];
  return {
    notebook: panel?.node?.classList?.contains('jp-NotebookPanel') ?? false,
    path: panel?.context?.path ?? null,
    kernel: panel?.sessionContext?.session?.kernel?.name ?? null,
    status: panel?.sessionContext?.session?.kernel?.status ?? null,
    dialogs: [...document.querySelectorAll('.jp-Dialog, .jp-toast, .Toastify__toast')]
      .map(shown => shown.innerText),
    cells: cells.filter(cell => cell.model.type === 'code').map(cell => ({
      source: cell.model.sharedModel.getSource(),
      count: cell.model.executionCount,
      running: cell.model.executionState === 'running',
      errors: cell.model.outputs.toJSON().filter(output => output.output_type === 'error'),
      figures: cell.model.outputs.toJSON().filter(output =>
        (output.data?.['text/html'] ?? '').includes('unrolled-figure')
        && 'application/vnd.jupyter.widget-view+json' in output.data).length,
    })),
  };
}"""
OPENED = f"""() => {{
  const state = ({STATE})();
  const editor = document.querySelector('.jp-FileEditor, .jp-MarkdownViewer');
  return editor || state.dialogs.length || (state.notebook && state.status === 'idle');
}}"""
SCROLL_TO = """async place => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  const code = notebook.widgets.filter(cell => cell.model.type === 'code');
  notebook.activeCellIndex = notebook.widgets.indexOf(code[place]);
  await notebook.scrollToItem(notebook.activeCellIndex, 'start');
}"""
ENDED = f"""() => {{
  const state = ({STATE})();
  const left = state.cells.filter(cell => cell.source.trim() && cell.count === null);
  const busy = state.status !== 'idle' || state.cells.some(cell => cell.running);
  const broken = state.cells.some(cell => cell.errors.length)
    || ['dead', 'autorestarting', 'restarting', 'terminating'].includes(state.status);
  return broken || state.dialogs.length > 0 || (!left.length && !busy);
}}"""


class LabServer:
    """JupyterLab of a replayed Binder image, on a free port, as a context manager.

    Parameters
    ----------
    image : BinderImage
        What it runs in; its home folder is the root of the file browser, as on Binder.
    scratch : Path
        Folder for its log and for the layout that it remembers.
    """

    def __init__(self, image: BinderImage, scratch: Path) -> None:
        self.image = image
        self.scratch = scratch
        self.log = scratch / "lab.log"
        self.url = f"http://127.0.0.1:{_free_port()}"

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        command = [
            "jupyter",
            "lab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.url.rpartition(':')[2]}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--LabApp.expose_app_in_browser=True",
        ]
        folders = {
            "JUPYTERLAB_WORKSPACES_DIR": str(self.scratch / "workspaces"),
            "JUPYTER_RUNTIME_DIR": str(self.scratch / "runtime"),
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [self.image.prefix / "bin" / command[0], *command[1:]],
                cwd=self.image.home,
                env=self.image.environment | folders,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and its kernels; after a failure, add its log to what is reported."""
        if error is not None:
            error.add_note(f"JupyterLab's log ended:\n{self.log.read_text()[-1500:]}")
        self._stop()

    def _wait(self) -> None:
        """Return when the server answers."""
        deadline = time.monotonic() + START
        while time.monotonic() < deadline and self.process.poll() is None:
            with _no_answer_yet(), urllib.request.urlopen(f"{self.url}/api/status", timeout=5):
                return
            time.sleep(0.1)
        raise AssertionError(f"JupyterLab did not start:\n{self.log.read_text()[-8000:]}")

    def _stop(self) -> None:
        """End the server, gently first, so that it ends its kernels."""
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def open_launched_page(page: Page, address: str) -> None:
    """Open an address in JupyterLab and wait until a notebook with a kernel stands there.

    Parameters
    ----------
    page : Page
        Browser page to open it in.
    address : str
        Address of the server with the path from the launch button.

    Raises
    ------
    AssertionError
        If it opens as text, or Lab asks something first.
    """
    page.goto(address)
    _wait_until(page, OPENED, OPEN, f"no notebook with a ready kernel at {address}")
    state = page.evaluate(STATE)
    assert not state["dialogs"], f"Lab asks first: {state['dialogs']}"
    assert state["notebook"], f"{address} did not open as a notebook: {_short(state)}"
    assert address.endswith(f"/lab/tree/{state['path'].rpartition(':')[2]}"), state["path"]
    assert state["kernel"] == "python3", f"the kernel is {state['kernel']}"
    assert state["cells"], f"{address} has no code cells"


def run_to_the_end(page: Page) -> None:
    """Choose Run All Cells in the menu and wait until the last cell has run.

    Parameters
    ----------
    page : Page
        Browser page with an open notebook.

    Raises
    ------
    AssertionError
        If a cell fails, or the end does not come; the message shows the cell.
    """
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    _wait_until(page, ENDED, RUN, "the notebook did not run to the end")
    state = page.evaluate(STATE)
    for cell in state["cells"]:
        assert not cell["errors"], _failure(cell)
    left = [cell["source"] for cell in state["cells"] if cell["count"] is None]
    stopped = f"; it did not get past this cell:\n\n{left[0]}" if left else ""
    assert not state["dialogs"], f"Lab asks something: {state['dialogs']}{stopped}"
    assert state["status"] == "idle", f"the kernel is {state['status']}{stopped}"
    counts = [cell["count"] for cell in state["cells"] if cell["source"].strip()]
    assert counts == list(range(1, len(counts) + 1)), f"cells ran in another order: {counts}"


def figures_respond(page: Page) -> int:
    """Drive the first control of every responding figure by keyboard, and return how many.

    Parameters
    ----------
    page : Page
        Browser page with a notebook that has run.

    Returns
    -------
    int
        Responding figures found; each showed other words after an arrow key.

    Raises
    ------
    AssertionError
        If a figure is not drawn by its widget, or does not respond.
    """
    cells = page.evaluate(STATE)["cells"]
    places = [place for place, cell in enumerate(cells) if cell["figures"]]
    for place in places:
        page.evaluate(SCROLL_TO, place)
        root = page.locator(".jp-mod-active .unrolled-figure[data-ready]")
        root.wait_for(timeout=OPEN)
        words = root.locator(".uf-text").inner_text()
        root.locator("input[type=range], input:checked").first.focus()
        page.keyboard.press("ArrowLeft")
        after = root.locator(".uf-text").inner_text()
        assert after != words, f"a figure did not respond to the arrow keys: {words}"
    return len(places)


def _wait_until(page: Page, condition: str, limit: int, failure: str) -> None:
    """Wait for a condition in the page; say what the page shows if it does not come."""
    try:
        page.wait_for_function(condition, timeout=limit, polling=200)
    except PageTimeoutError as error:
        raise AssertionError(f"{failure}: {_short(page.evaluate(STATE))}") from error


def _failure(cell: dict[str, Any]) -> str:
    """Return a failing cell's source and its tracebacks, without colours."""
    traces = ["\n".join(error["traceback"]) or error["evalue"] for error in cell["errors"]]
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(traces))
    return f"a cell failed:\n\n{cell['source']}\n\n{text}"


def _short(state: dict[str, Any]) -> dict[str, Any]:
    """Return a page's state with only the cells that have not run."""
    return state | {"cells": [cell for cell in state["cells"] if cell["count"] is None]}


def _free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _no_answer_yet() -> contextlib.AbstractContextManager[None]:
    """Context in which a refused connection is no error."""
    return contextlib.suppress(urllib.error.URLError, TimeoutError, ConnectionError)
