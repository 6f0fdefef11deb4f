"""Begin a course: a folder with its configuration, an example roster, and nbgrader's settings."""

from __future__ import annotations

import secrets
from importlib.resources import files
from pathlib import Path

from coursekit.plain import write_whole
from coursekit.records import CourseError

TEMPLATES = {
    "course.toml": "course.toml",
    "roster.csv": "roster.csv",
    ".gitignore": "gitignore",
    "nbgrader_config.py": "nbgrader_config.py.txt",
}
SECRET = ("course.toml", "roster.csv")
PRIVATE, PUBLIC = 0o600, 0o644


def begin(folder: Path) -> tuple[Path, ...]:
    """Write the files of a new course; what is there already is never touched.

    Parameters
    ----------
    folder : Path
        Where to; made if it is missing.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    CourseError
        One of them is there already; then none is written.
    """
    there = [name for name in TEMPLATES if (folder / name).exists()]
    if there:
        raise CourseError(
            f"{folder.absolute()} holds {' and '.join(there)} already, and nothing is overwritten: "
            "choose another folder."
        )
    for name, template in TEMPLATES.items():
        text = files("coursekit").joinpath("templates", template).read_text("utf-8")
        content = text.replace("@SEED@", secrets.token_hex(16)).encode()
        write_whole(folder / name, content, PRIVATE if name in SECRET else PUBLIC)
    return tuple(folder / name for name in TEMPLATES)
