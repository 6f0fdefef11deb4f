"""The menus at the top of a page: where it can be run, where it comes from, what to download.

The theme knows the addresses; here its buttons are put in order and completed. The templates
draw them as native `<details>` menus, which open without a script.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from sphinx.application import Sphinx

from .page_body import has_cells

Button = dict[str, Any]


def notebook_file(pagename: str) -> str:
    """Return a page's notebook, from the site's root: see `notebooks.py`."""
    return f"notebooks/{PurePosixPath(pagename).name}.ipynb"


def hub_query(repository: str, branch: str, page: str) -> str:
    """Return what follows a JupyterHub's address to open a page there with nbgitpuller.

    The same as the theme's own link, which needs a hub named in the settings.
    """
    name = repository.rstrip("/").rpartition("/")[2]
    wanted = {"repo": repository, "urlpath": f"lab/tree/{name}/{page}", "branch": branch}
    return f"hub/user-redirect/git-pull?{urlencode(wanted, safe='/')}"


def complete_menus(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Put every page's menus in order."""
    groups = {button.get("label"): button for button in context.get("header_buttons", [])}
    cells = has_cells(context.get("body") or "")
    launch = groups.get("launch-buttons")
    if launch and cells:
        launch.update(icon="fa-solid fa-rocket", tooltip="Run this page elsewhere")
        if not any(item.get("text") == "JupyterHub" for item in launch["buttons"]):
            launch["buttons"] += hub_buttons(app, context)
    elif launch:
        del groups["launch-buttons"]
    if download := groups.get("download-buttons"):
        download["buttons"] = download_buttons(pagename, context, cells)
        download["icon"] = "fa-solid fa-download"
    context["header_buttons"] = list(groups.values())


def hub_buttons(app: Sphinx, context: dict[str, Any]) -> list[Button]:
    """Return the items for a reader's own JupyterHub, whose address the page asks for."""
    options = app.config.html_theme_options
    context["hub_query"] = hub_query(
        options["repository_url"], options.get("repository_branch") or "main", context["sourcename"]
    )
    return [{"type": "hub", "text": "JupyterHub…"}]


def download_buttons(pagename: str, context: dict[str, Any], cells: bool) -> list[Button]:
    """Return the items that download or print the page."""
    pathto = context["pathto"]
    source = pathto(f"_sources/{context['sourcename']}", 1)
    buttons: list[Button] = [
        {"type": "download", "url": source, "text": "Source (.md)", "icon": "fa-solid fa-file"},
        {"type": "print", "text": "Print or save as PDF", "icon": "fa-solid fa-file-pdf"},
    ]
    if cells:
        address = pathto(notebook_file(pagename), 1)
        notebook = {"url": address, "text": "Notebook (.ipynb)", "icon": "fa-solid fa-code"}
        buttons.insert(0, {"type": "download", "label": "notebook", **notebook})
    return buttons


def setup(app: Sphinx) -> None:
    """Connect the above, after the theme has made its buttons."""
    app.connect("html-page-context", complete_menus, priority=700)
