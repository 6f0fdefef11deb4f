"""What ``unrolled-course --help`` says, of all and of each command."""

DESCRIPTION = """\
Hand out the problem sets of the book Unrolled, grade what comes back, and bring
the scores to your learning management system (LMS).

A course is a folder with a file course.toml. Every command finds it from the
current folder upwards, and writes below its folder only.
"""
EPILOG = """\
A course from beginning to end:

  unrolled-course init recurrent       a folder with course.toml and a roster
  cd recurrent                         put your students into roster.csv
  unrolled-course release ps1          notebooks in release/ and students/
                                       students work; you collect their files
                                       in submitted/
  unrolled-course grade ps1            marks/, gradebook.db, report/ps1.html
  unrolled-course feedback ps1         a page for each student in feedback/
  unrolled-course export ps1 --to csv  scores for Canvas, Moodle or a
                                       spreadsheet in export/
  unrolled-course status               where every set stands

Exit codes: 0 done; 1 something for you to mend, said in one sentence;
2 wrong usage; 130 stopped by Ctrl-C. Files that a grading refuses are no failure
of it: the report and the summary name them.
"""
INIT = """\
Writes course.toml (explained line by line, with a fresh secret seed), an example
roster.csv, nbgrader_config.py (nbgrader's own commands then use the same folders
and gradebook) and .gitignore (nothing private is committed). Overwrites nothing.

  unrolled-course init recurrent
"""
RELEASE = """\
Reads the problem set's page from the book and writes it as a notebook:

  release/ps1/ps1.ipynb      the forms that the book shows, for everybody
  students/<id>/ps1.ipynb    with a roster and a seed: the student's own forms
  source/ps1/ps1.ipynb       the first once more, for nbgrader's formgrader

and registers the set in the gradebook, as `nbgrader generate_assignment` does.
Hand out the first or the second. Again, it writes the same files.
"""
GRADE = """\
Reads the notebooks of FOLDER, runs their answer cells in a sandbox without
network and files, and writes

  marks/ps1/<id>.json        what each student earned
  gradebook.db               the same for nbgrader; what you changed there stays
  report/ps1.html            for you: distribution, hardest problems, refusals

FOLDER, or a zip of it, holds one notebook (or a zip of one) a student, as

  <id>/ps1/ps1.ipynb  <id>/ps1.ipynb  <id>.ipynb  <id>_ps1.ipynb  ps1_<id>.ipynb

or as Canvas and Moodle download them all; then the roster needs the column
canvas_id, or for Moodle the full names, or moodle_id: the number in the names
of the files, another one in each assignment.

Stop it whenever you like and start it again: it goes on where it was. A file
that is graded is graded again only if the student handed in another one.

  unrolled-course grade ps1
  unrolled-course grade ps1 ~/Downloads/submissions.zip
"""
FEEDBACK = """\
Writes feedback/<id>/ps1/ps1.html: points, a hint for every problem, the answer
that was graded, and what you changed or wrote in the gradebook. No scripts.
Writes also autograded/<id>/ps1/ps1.ipynb, where nbgrader's formgrader looks.
"""
EXPORT = """\
Writes the scores as the gradebook has them, your own changes included.

  canvas   export/ps1-canvas.csv   for Grades > Import; the roster needs the
                                   column canvas_id, sis_id or sis_login
  moodle   export/ps1-moodle.csv   for Grades > Import > CSV file; students are
                                   found by email, or by ID number
  csv      export/ps1.csv          for a spreadsheet, problem by problem

What the columns are called in the LMS stands in course.toml, [export.canvas]
and [export.moodle].
"""
STATUS = """\
A line for each problem set: released, handed in, graded, answers and files that
were refused, pages and exports written, and whether marks are newer. Changes
nothing.
"""
