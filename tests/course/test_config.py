"""The configuration file and the roster: what is read, and what is refused with which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursekit.beginning import TEMPLATES, begin
from coursekit.config import find_config, read_course
from coursekit.records import CourseError, Limits
from coursekit.roster import check_id, read_roster


def course(folder: Path, text: str):
    path = folder / "course.toml"
    path.write_text(text, "utf-8")
    return read_course(path)


def roster(folder: Path, content: str | bytes):
    path = folder / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_roster(path)


def test_every_key_is_read_and_paths_are_below_the_file(tmp_path):
    read = course(
        tmp_path,
        """
        title = "순환 신경망"
        roster = "people/roster.csv"
        seed = "abc"
        gradebook = "sqlite:///books/gradebook.db"
        book_url = "https://example.org/unrolled/"
        package = "unrolled @ git+https://example.org/unrolled"
        [limits]
        cpu_seconds = 2
        wall_seconds = 2.5
        memory_mb = 512
        reply_mb = 8
        [export.canvas]
        ps1 = "Problem set 1 (77)"
        [export.moodle]
        identify = "idnumber"
        ps2 = "Set 2"
        """,
    )
    assert read.folder == tmp_path
    assert read.title == "순환 신경망"
    assert read.roster == tmp_path / "people/roster.csv"
    assert read.seed == "abc"
    assert read.gradebook == f"sqlite:///{tmp_path}/books/gradebook.db"
    assert read.limits == Limits(2, 2.5, 512 << 20, 8 << 20)
    assert read.exports["canvas"] == {"ps1": "Problem set 1 (77)"}
    assert read.exports["moodle"] == {"identify": "idnumber", "ps2": "Set 2"}
    assert read.book_url == "https://example.org/unrolled"
    assert read.package == "unrolled @ git+https://example.org/unrolled"


def test_a_title_is_enough(tmp_path):
    read = course(tmp_path, 'title = "A course"')
    assert (read.roster, read.seed, read.limits, dict(read.exports)) == (None, "", Limits(), {})
    assert read.gradebook == f"sqlite:///{tmp_path}/gradebook.db"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:////srv/gradebook.db", "sqlite:////srv/gradebook.db"),
        ("sqlite:///g.db?timeout=5", "sqlite:///{folder}/g.db?timeout=5"),
        ("postgresql://u:p@host/db", "postgresql://u:p@host/db"),
        ("mysql+pymysql://u:p@host/db", "mysql+pymysql://u:p@host/db"),
        ("env:UNROLLED_TEST_URL", "postgresql://u:secret@host/db"),
    ],
)
def test_the_gradebook_s_address_means_the_same_from_every_folder(tmp_path, monkeypatch, url, kept):
    monkeypatch.setenv("UNROLLED_TEST_URL", "postgresql://u:secret@host/db")
    read = course(tmp_path, f'title = "x"\ngradebook = "{url}"')
    assert read.gradebook == kept.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["'title' is missing"]),
        ('titel = "x"', ["unknown key 'titel'", "did you mean 'title'?"]),
        ('title = "x"\nzzz = 1', ["unknown key 'zzz'", "known keys: title, roster"]),
        ('title = "x"\n[limits]\ncpu_secs = 1', ["'cpu_secs' in [limits]", "'cpu_seconds'"]),
        ("title = 3", ["title: expected text", "got 3"]),
        ('title = "  "', ["a name for the course"]),
        ('title = "a\\nb"', ["text of one line"]),
        ('title = "x"\nseed = 12', ["seed: expected text", "in quotes", "got 12"]),
        ('title = "x"\n[limits]\ncpu_seconds = 0', ["cpu_seconds", "from 1 to 3600", "got 0"]),
        ('title = "x"\n[limits]\ncpu_seconds = 1.5', ["a whole number"]),
        ('title = "x"\n[limits]\ncpu_seconds = true', ["a whole number", "got True"]),
        ('title = "x"\n[limits]\nwall_seconds = nan', ["wall_seconds", "got nan"]),
        ('title = "x"\nlimits = 3', ["a table, [limits]"]),
        ('title = "x"\n[export.canvass]\nps1 = "x"', ["'canvass' in [export]", "'canvas'"]),
        ('title = "x"\n[export.canvas]\nset1 = "x"', ["'set1' in [export.canvas]", "'ps1'"]),
        ('title = "x"\n[export.canvas]\nps1 = 4', ["export.canvas.ps1", "got 4"]),
        ('title = "x"\n[export.moodle]\nidentify = "name"', ["'email' or 'idnumber'"]),
        ('title = "x"\ngradebook = "gradebook.db"', ["the address of a database", "sqlite:///"]),
        ('title = "x"\ngradebook = "sqlite://"', ["expected a file"]),
        ('title = "x"\ngradebook = "env:NOT_SET_ANYWHERE"', ["'NOT_SET_ANYWHERE' is not set"]),
        ('title = "x"\nbook_url = "javascript:alert(1)"', ["begins with https://"]),
        ('title = "x"\npackage = "x`; rm -rf ~"', ["one requirement as pip takes it"]),
        ('title = "x"\npackage = "--index-url=x"', ["one requirement as pip takes it"]),
        ("title = x\nroster = 1", ["not valid TOML", "line 1"]),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(tmp_path, text, words):
    with pytest.raises(CourseError) as raised:
        course(tmp_path, text)
    for word in [str(tmp_path / "course.toml"), *words]:
        assert word in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_wrong_address_of_a_gradebook_keeps_its_password(tmp_path):
    with pytest.raises(CourseError) as raised:
        course(tmp_path, 'title = "x"\ngradebook = "u:hunter2@host"')
    assert "hunter2" not in str(raised.value)


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(CourseError, match="cannot be read: No such file"):
        read_course(tmp_path / "course.toml")
    (tmp_path / "course.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(CourseError, match="not UTF-8"):
        read_course(tmp_path / "course.toml")
    (tmp_path / "course.toml").write_bytes(b'\xef\xbb\xbftitle = "x"')
    assert read_course(tmp_path / "course.toml").title == "x"


def test_the_file_is_found_upwards(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    with pytest.raises(CourseError, match="unrolled-course init"):
        find_config(deep)
    (tmp_path / "course.toml").touch()
    assert find_config(deep) == tmp_path / "course.toml"


def test_a_course_begins_with_files_that_are_read_back(tmp_path):
    written = begin(tmp_path / "new")
    assert {path.name for path in written} == set(TEMPLATES)
    read = read_course(tmp_path / "new" / "course.toml")
    assert re.fullmatch(r"[0-9a-f]{32}", read.seed)
    assert written[0].stat().st_mode & 0o077 == 0
    assert [student.id for student in read_roster(read.roster)] == ["ada", "minji"]
    other = begin(tmp_path / "other")[0]
    assert read_course(other).seed != read.seed


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_beginning_overwrites_nothing_and_then_writes_nothing(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(CourseError, match=rf"holds {re.escape(name)} already"):
        begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_what_is_private_is_ignored_by_git(tmp_path):
    begin(tmp_path)
    ignored = (tmp_path / ".gitignore").read_text().split()
    for private in ("course.toml", "roster.csv", "submitted/", "marks/", "gradebook.db*"):
        assert private in ignored


ROWS = "id,name,email,canvas_id\nada,Ada Lovelace,ada@example.org,17\nminji,김민지,,\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        "\ufeff" + ROWS,
        ROWS.replace(",", ";"),
        "\ufeff" + ROWS.replace(",", ";").replace("\n", "\r\n"),
        ROWS.replace("id,name,email,canvas_id", " ID ,Name,EMAIL,Canvas ID"),
        ROWS + "\n,,,\n  , ,,\n",
        ROWS.replace("Ada Lovelace", '"Ada Lovelace"'),
    ],
)
def test_the_roster_is_read_as_spreadsheets_write_it(tmp_path, content):
    ada, minji = roster(tmp_path, content)
    assert (ada.id, ada.name, ada.email) == ("ada", "Ada Lovelace", "ada@example.org")
    assert ada.columns["canvas_id"] == "17"
    assert (minji.id, minji.name, minji.columns["canvas_id"]) == ("minji", "김민지", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["is empty"]),
        ("name\nAda\n", ["line 1", "a column named id"]),
        ("id,name,name\na,b,c\n", ["line 1", "'name' is there twice"]),
        ("id\nada\nAda\n", ["line 3", "'Ada' is already in line 2", "upper and lower case"]),
        ("id,name\n,Ada\n", ["line 2: id", "got ''"]),
        ("id,name\nada,b,c\n", ["line 2: 3 cells", "needs quotes"]),
        ("id\n../up\n", ["line 2: id", "'../up'"]),
        ("id\na/b\n", ["line 2: id"]),
        ("id\n.hidden\n", ["line 2: id", "not beginning with"]),
        ("id\n-rf\n", ["line 2: id"]),
        ("id\nfoo bar\n", ["line 2: id"]),
        ("id\n김민지\n", ["line 2: id", "letters A to Z"]),
        (f"id\n{'a' * 65}\n", ["line 2: id", "at most 64"]),
        ("id\n<script>\n", ["line 2: id"]),
        ("id\n'; drop table student\n", ["line 2: id"]),
        ('id,name\nada,"two\nlines"\n', ["line 3: name", "without control characters"]),
        ("id,name\nada,\u202eevil\n", ["line 2: name", r"\u202e"]),
        ("id,name\nada,\x1b[31mred\n", ["line 2: name"]),
        (f"id,name\nada,{'x' * 501}\n", ["line 2: name", "at most 500"]),
        ('id,name\nada,"open\n', ["line"]),
        (b"id,name\nada,\xb1\xe8\n", ["not UTF-8", "CSV UTF-8"]),
        ("id\n" + "a" * 200_000 + "\n", ["field larger"]),
    ],
)
def test_a_roster_that_cannot_be_right_is_refused_with_its_line(tmp_path, content, words):
    with pytest.raises(CourseError) as raised:
        roster(tmp_path, content)
    for word in words:
        assert word in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_roster_without_end_is_not_read(tmp_path):
    with (tmp_path / "roster.csv").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(CourseError, match="larger than 16 MB"):
        read_roster(tmp_path / "roster.csv")


def test_a_roster_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CourseError, match=r"roster .*cannot be read: No such file"):
        read_roster(tmp_path / "roster.csv")


@pytest.mark.parametrize("good", ["a", "A.b-c_d@e+f", "2026-0001", "_x", "@x", "a" * 64])
def test_ids_that_are_good(good):
    assert check_id(good) is None


@pytest.mark.parametrize("bad", ["", ".", "..", "a\n", "a\0", "é", "a/b", "a\\b", "a:b", "*"])
def test_ids_that_are_not(bad):
    assert "letters A to Z" in check_id(bad)
