"""The gradebook: nbgrader's, in any database, a student's scores in one transaction."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.dbutil import ALEMBIC_DIR
from sqlalchemy import exc

from coursekit import gradebook_rows as rows
from coursekit.gradebook_rows import Grade
from coursekit.records import CourseError, Marks, Student
from unrolled.exercises.sets import set_problems

PATIENCE = 60.0
"""Seconds to try again for while another process writes."""
PASSING = ("locked", "busy", "deadlock", "could not serialize", "already exists")
"""Words of a database that will do what was asked a little later."""
COURSE = "default_course"
"""What nbgrader files an assignment under that names no course."""
Outcome = TypeVar("Outcome")


class Gradebook:
    """An open gradebook, as a context manager.

    Parameters
    ----------
    url : str
        The address of the database, as SQLAlchemy takes it.

    Raises
    ------
    CourseError
        It cannot be opened; no message holds the address's password.
    """

    def __init__(self, url: str) -> None:
        try:
            address = sa.make_url(url)
        except exc.ArgumentError as error:
            raise CourseError(
                "gradebook: expected the address of a database, 'sqlite:///gradebook.db' say."
            ) from error
        if address.get_backend_name() == "sqlite" and "timeout" not in address.query:
            address = address.update_query_dict({"timeout": str(int(PATIENCE))})
        self._address = address
        self._book = self._patiently(self._open)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; twice does no harm."""
        self._book.close()

    def prepare(
        self, problem_set: str, notebook: Any = None, students: Iterable[Student] = ()
    ) -> None:
        """Register a problem set, as ``nbgrader generate_assignment`` does, and the students.

        Parameters
        ----------
        problem_set : str
            ``"ps1"``: names the assignment and its notebook.
        notebook : notebook, optional
            The notebook handed out, its checksums computed. Its cells are kept,
            so that ``nbgrader autograde`` can restore the locked ones.
        students : iterable of Student
            Added, or their names and addresses brought up to date.

        Raises
        ------
        CourseError
            Problems came or went after submissions were graded, or the database refuses.
        """
        problems, students = set_problems(problem_set), tuple(students)

        def register(db: Any) -> None:
            master = rows.master_notebook(db, problem_set, self._book.course_id)
            rows.register_cells(db, master, problems)
            if notebook is not None:
                rows.register_sources(db, master, notebook)
            for student in students:
                rows.put_student(db, student)

        self._transact(register)

    def record(self, problem_set: str, marks: Marks) -> None:
        """Put a student's marks in place, all of them or none.

        The instructor's own scores, extra credit and comments stay. The same
        marks once more change nothing.

        Parameters
        ----------
        problem_set : str
            ``"ps1"``, prepared.
        marks : Marks
            What was earned.

        Raises
        ------
        CourseError
            The set is not prepared, or the database refuses.
        """
        self._transact(lambda db: rows.put_marks(db, problem_set, marks))

    def grades(self, problem_set: str) -> dict[str, dict[str, Grade]]:
        """Read the scores that count, the instructor's changes included.

        Parameters
        ----------
        problem_set : str
            ``"ps1"``.

        Returns
        -------
        dict
            By student, then by the problem's short name; students with a submission only.

        Raises
        ------
        CourseError
            The database refuses.
        """
        return self._transact(lambda db: rows.read_grades(db, problem_set))

    def _open(self) -> Any:
        address = self._address.render_as_string(hide_password=False)
        _make_tables(address)
        return api.Gradebook(address, COURSE)

    def _transact(self, work: Callable[[Any], Outcome]) -> Outcome:
        """Do some work in one transaction, again from the start where another got between."""

        def once() -> Outcome:
            db = self._book.db
            try:
                outcome = work(db)
                db.commit()
                return outcome
            finally:
                db.remove()  # rolls back what was not committed; nothing is kept in memory

        return self._patiently(once)

    def _patiently(self, work: Callable[[], Outcome]) -> Outcome:
        until, pause = time.monotonic() + PATIENCE, 0.01
        while True:
            try:
                return work()
            except (exc.SQLAlchemyError, ModuleNotFoundError) as error:
                if not _may_pass(error) or time.monotonic() > until:
                    raise self._explained(error) from None  # its trace may hold the password
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)

    def _explained(self, error: Exception) -> CourseError:
        shown = self._address.render_as_string(hide_password=True)
        if isinstance(error, ModuleNotFoundError):
            return CourseError(f"the gradebook {shown} needs the package {error.name}: install it.")
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        text = said[0] if said else type(error).__name__
        if self._address.password:
            text = text.replace(str(self._address.password), "***")
        return CourseError(f"the gradebook {shown} cannot be used: {text.rstrip('.')}.")


def _may_pass(error: Exception) -> bool:
    """Tell whether to try again: another process made the same row, or holds the database."""
    if isinstance(error, exc.IntegrityError):
        return True
    is_busy = isinstance(error, (exc.OperationalError, exc.ProgrammingError))
    return is_busy and any(word in str(error).lower() for word in PASSING)


def _make_tables(address: str) -> None:
    """Make nbgrader's tables, and note their version for ``nbgrader db upgrade``.

    nbgrader would do it, but by the command alembic, which a shell may not find;
    killed in between it would leave tables without a version for good, and two
    of them at once would print each other's errors.
    """
    engine = sa.create_engine(address)
    try:
        with engine.begin() as connection:
            api.Base.metadata.create_all(connection)
            if not sa.inspect(connection).has_table("alembic_version"):
                column = "version_num VARCHAR(32) NOT NULL PRIMARY KEY"  # two writers, one row
                connection.execute(sa.text(f"CREATE TABLE alembic_version ({column})"))
            stamped = connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar()
            if not stamped:
                head = ScriptDirectory(ALEMBIC_DIR).get_current_head()
                note = "INSERT INTO alembic_version (version_num) VALUES (:head)"
                connection.execute(sa.text(note), {"head": head})
            known = sa.select(api.Course.id).where(api.Course.id == COURSE)
            if connection.execute(known).first() is None:
                connection.execute(sa.insert(api.Course).values(id=COURSE))
    finally:
        engine.dispose()
