"""Make the notebook that a student gets out of a problem set's sheet."""

from __future__ import annotations

import copy
import re
from typing import Any

import nbformat
from nbgrader.nbgraderformat import MetadataValidator, ValidationError
from nbgrader.preprocessors import LockCells
from nbgrader.utils import compute_checksum

from coursekit.records import CourseError
from coursekit.sheets import Sheet
from unrolled.exercises.problems import Variant
from unrolled.exercises.sets import DIGITS

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def make_notebook(sheet: Sheet, code: str = "") -> Any:
    """Make the notebook of one student.

    Parameters
    ----------
    sheet : Sheet
        The page.
    code : str
        The forms of the problems, a digit each; left out, the book's.

    Returns
    -------
    notebook
        Valid for nbgrader: locked, with checksums, without outputs.

    Raises
    ------
    CourseError
        The page does not say a form's words, or nbgrader would not take it.
    """
    digits = code or DIGITS[0] * len(sheet.problems)
    forms = {
        problem.short: (problem.variants[0], problem.variants[DIGITS.index(digit)])
        for problem, digit in zip(sheet.problems, digits, strict=True)
    }
    cells = [(name, copy.deepcopy(cell)) for name, cell in sheet.cells]
    if code:
        call = f'problem_set("{sheet.problem_set}"'
        setup = next(cell for _, cell in cells if f"{call})" in cell.source)
        setup.source = setup.source.replace(f"{call})", f'{call}, "{code}")')
        for name, (shown, wanted) in forms.items():
            _reword([cell for place, cell in cells if place == name], shown, wanted)
    notebook = nbformat.v4.new_notebook(
        cells=[cell for _, cell in cells],
        metadata={"kernelspec": dict(KERNEL), "language_info": {"name": "python"}},
    )
    notebook, _ = LockCells().preprocess(notebook, {})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.cell_type = cell.cell_type
            cell.metadata.nbgrader.checksum = compute_checksum(cell)
    try:
        nbformat.validate(notebook)
        MetadataValidator().validate_nb(notebook)
    except (nbformat.ValidationError, ValidationError) as error:
        raise CourseError(f"{sheet.problem_set}: nbgrader refuses the page: {error}") from error
    return notebook


def _reword(cells: list[Any], shown: Variant, wanted: Variant) -> None:
    """Say a section in a student's form, all words at once."""
    words = {word: wanted.words[key] for key, word in shown.words.items()}
    if not words:
        return
    pattern = re.compile("|".join(map(re.escape, words)))
    for cell in cells:
        if not cell.metadata.get("nbgrader", {}).get("grade"):  # nbgrader restores these
            cell.source = pattern.sub(lambda found: words[found[0]], cell.source)
