"""Taking in what students hand in: every layout, and every way to be hostile with a file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import stat
import zipfile

import pytest
from course import answers as a
from course.folders import cell, code_of, hand_in, notebook, words

from coursekit import intake
from coursekit.intake import collect, layouts, notebooks, places, read
from coursekit.plain import printable
from coursekit.records import CourseError, Student

ROSTER = (
    Student("kim", "Kim Minseo", "", {"canvas_id": "4711", "moodle_id": "815"}),
    Student("lee_ps1", "Lee Jun", "", {"canvas_id": "4712"}),
    Student("an.nguyen", "An Nguyen", "", {"canvas_id": "4713"}),
    Student("twin1", "Same Name"),
    Student("twin2", "Same Name", "", {"moodle_id": "777"}),
    Student("oneil", "Pat O'Neil_Jr"),
    Student("홍", "홍길동"),  # a roster refuses such an id; a name may be of any letters
)
GOOD = notebook(a.STUBS)
BYTES = json.dumps(GOOD).encode()


def put(folder, name, content=BYTES):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def zipped(*members, packing=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def taken(folder, roster=ROSTER):
    return {each.student: each.path for each in collect(folder, "ps1", roster).found}


def submissions(folder, roster=ROSTER):
    """Give every student's submission, of the refused too."""
    found = collect(folder, "ps1", roster)
    read_ones = {each.student: read(each, "ps1") for each in found.found}
    for each in found.refused:
        if each.student:
            read_ones[each.student] = intake.refuse(each.student, "ps1", each.reason)
    return read_ones


def reasons(folder, roster=ROSTER):
    return {each.path: each.reason for each in collect(folder, "ps1", roster).refused}


# ── layouts ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("kim/ps1/ps1.ipynb", "kim"),
        ("kim/ps1/ps1.zip", "kim"),
        ("kim/ps1.ipynb", "kim"),
        ("kim.ipynb", "kim"),
        ("kim.zip", "kim"),
        ("kim_ps1.ipynb", "kim"),
        ("ps1_kim.ipynb", "kim"),
        ("lee_ps1.ipynb", "lee_ps1"),
        ("lee_ps1_ps1.ipynb", "lee_ps1"),
        ("kimminseo_4711_90210_ps1.ipynb", "kim"),
        ("kimminseo_LATE_4711_90210_ps1-2.ipynb", "kim"),
        ("nguyenan_4713_90210_my_work.zip", "an.nguyen"),
        ("An Nguyen_99_assignsubmission_file_/whatever.ipynb", "an.nguyen"),
        ("An Nguyen_99_assignsubmission_file/whatever.ipynb", "an.nguyen"),  # Moodle 4.1 and later
        ("Nguyen, An_815_assignsubmission_file/ps1.zip", "kim"),
        ("Pat ONeil Jr_3_assignsubmission_file/x.ipynb", "oneil"),
        ("Same Name_777_assignsubmission_file_/x.ipynb", "twin2"),
        ("An Nguyen_99_assignsubmission_file_ps1.ipynb", "an.nguyen"),
        ("Participant_815_assignsubmission_file_/ps1.ipynb", "kim"),
        ("홍길동_7_assignsubmission_file_/ps1.ipynb", "홍"),  # decomposed, as a Mac stores it
    ],
)
@pytest.mark.parametrize("as_zip", [False, True])
def test_layouts(tmp_path, name, student, as_zip):
    content = zipped(("work.ipynb", BYTES)) if name.endswith(".zip") else BYTES
    if as_zip:
        folder = put(tmp_path, "all.zip", zipped((name, content), ("__MACOSX/._x", b"")))
    else:
        folder = tmp_path / "in"
        put(folder, name, content)
    found = collect(folder, "ps1", ROSTER)
    assert [each.student for each in found.found] == [student]
    assert found.refused == ()
    assert found.missing == tuple(sorted(each.id for each in ROSTER if each.id != student))
    got = read(found.found[0], "ps1")
    assert got.answers == a.STUBS
    assert got.refusals == {}
    assert got.digest == hashlib.sha256(BYTES).hexdigest()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("park.ipynb", "no student of the roster has the id 'park'"),
        ("KIM.ipynb", "no student of the roster has the id 'KIM'"),
        (" kim.ipynb", "no student of the roster has the id ' kim'"),
        ("park/ps1/ps1.ipynb", "no student of the roster has the id 'park'"),
        ("x_999_1_ps1.ipynb", "canvas_id 999"),
        ("Nobody_9_assignsubmission_file_/x.ipynb", "no student of the roster has the moodle_id 9"),
        ("Same Name_9_assignsubmission_file_/x.ipynb", "several students of the roster"),
        (
            "An Nguyen_815_assignsubmission_file/x.ipynb",
            "its number 815 is the moodle_id of kim, and its name is that of an.nguyen",
        ),
        ("An Nguyen_9_assignsubmission_file/x.pdf", "it is no notebook"),
        ("An Nguyen_9_assignsubmission_files/x.ipynb", "no layout has a notebook there"),
        ("kim/ps1/mine.ipynb", "it is not called ps1.ipynb"),
        ("kim/x/y.ipynb", None),
        ("kim/notes.ipynb", "no layout has a notebook there"),
        ("kim.pdf", "it is no notebook"),
        ("An Nguyen_9_assignsubmission_file_/x.pdf", "it is no notebook"),
        ("kim_ps2.ipynb", None),
        ("kim/ps2/ps2.ipynb", None),
        ("kim/ps2.ipynb", None),
        (".DS_Store", None),
        ("kim/.ipynb_checkpoints/ps1.ipynb", None),
    ],
)
def test_what_is_nobodys(tmp_path, name, words):
    put(tmp_path, name)
    assert taken(tmp_path) == {}
    told = list(reasons(tmp_path).values())
    if words is None:
        assert [each for each in told if "no layout" not in each and "folder" not in each] == []
    else:
        assert len(told) == 1
        assert words in told[0]


def test_two_files_of_a_student_are_both_refused(tmp_path):
    put(tmp_path, "kim.ipynb")
    put(tmp_path, "kim/ps1/ps1.ipynb")
    put(tmp_path, "twin1.ipynb")
    found = collect(tmp_path, "ps1", ROSTER)
    assert [each.student for each in found.found] == ["twin1"]
    (refused,) = found.refused
    assert refused.student == "kim"
    assert "kim.ipynb" in refused.reason
    assert "kim/ps1/ps1.ipynb" in refused.reason


def test_the_last_of_canvas_uploads_counts(tmp_path):
    for name in ("k_4711_900_ps1.ipynb", "k_LATE_4711_1000_ps1-1.ipynb", "k_4711_99_ps1-2.ipynb"):
        put(tmp_path, name)
    assert taken(tmp_path) == {"kim": "k_LATE_4711_1000_ps1-1.ipynb"}
    put(tmp_path, "k_4711_1001_other.ipynb")  # two files of one submission
    assert taken(tmp_path) == {}


def test_a_name_that_fits_two_students(tmp_path):
    roster = (Student("x"), Student("x_ps1"))
    put(tmp_path, "x_ps1.ipynb")
    assert "fits x and x_ps1" in reasons(tmp_path, roster)["x_ps1.ipynb"]


def test_without_a_roster(tmp_path):
    for name in ("kim/ps1/ps1.ipynb", "lee.ipynb", "an_ps1.ipynb", "ps1.ipynb", "a_1_2_ps1.ipynb"):
        put(tmp_path, name)
    put(tmp_path, "-rf/ps1/ps1.ipynb")
    put(tmp_path, "<script>.ipynb")
    found = collect(tmp_path, "ps1", None)
    assert [each.student for each in found.found] == ["an", "kim", "lee"]
    assert len(found.refused) == 4
    assert all("without a roster" in each.reason for each in found.refused)
    assert found.missing == ()


def test_no_folder(tmp_path):
    with pytest.raises(CourseError, match="no such folder"):
        collect(tmp_path / "none", "ps1", None)
    with pytest.raises(CourseError, match="neither a folder nor a zip"):
        collect(put(tmp_path, "x.zip", b"PK\3\4 no"), "ps1", None)


# ── hostile files ────────────────────────────────────────────────────────────


def _zip_with(name="ps1.ipynb", content=BYTES, **changed):
    info = zipfile.ZipInfo(name)
    for key, value in changed.items():
        setattr(info, key, value)
    return zipped((info, content))


def _lying_zip():
    """Make a zip that declares 100 bytes and unpacks to millions."""
    bomb = bytearray(zipped(("ps1.ipynb", b" " * 50_000_000)))
    for at in (22, bomb.rindex(b"PK\1\2") + 24):
        bomb[at : at + 4] = (100).to_bytes(4, "little")
    return bytes(bomb)


def _encrypted_zip():
    made = bytearray(zipped(("ps1.ipynb", BYTES)))
    made[6] |= 1
    made[bytes(made).rindex(b"PK\1\2") + 8] |= 1
    return bytes(made)


ZIPS = {
    "bomb": (lambda: zipped(("ps1.ipynb", b" " * 100_000_000)), "MB are allowed"),
    "bomb that lies": (_lying_zip, "the zip is broken"),
    "nested": (lambda: zipped(("ps1.zip", zipped(("ps1.ipynb", BYTES)))), "holds no notebooks"),
    "many": (lambda: zipped(*((f"{n}.txt", b"") for n in range(101))), "holds 101 files"),
    "two": (lambda: zipped(("a.ipynb", BYTES), ("b.ipynb", BYTES)), "holds 2 notebooks"),
    "none": (lambda: zipped(("a.txt", b"")), "holds no notebooks"),
    "empty": (lambda: zipped(), "holds no notebooks"),
    "upwards": (lambda: zipped(("../../ps1.ipynb", BYTES)), "leads out"),
    "absolute": (lambda: zipped(("/etc/ps1.ipynb", BYTES)), "leads out"),
    "windows": (lambda: zipped(("..\\ps1.ipynb", BYTES)), "leads out"),
    "drive": (lambda: zipped(("C:/ps1.ipynb", BYTES)), "leads out"),
    "beside": (lambda: zipped(("ps1.ipynb", BYTES), ("../x", b"")), "leads out"),
    "link": (
        lambda: _zip_with(content=b"/etc/passwd", external_attr=(stat.S_IFLNK | 0o777) << 16),
        "it is a link",
    ),
    "encrypted": (_encrypted_zip, "encrypted"),
    "bzip2": (lambda: zipped(("x.ipynb", BYTES), packing=zipfile.ZIP_BZIP2), "plain zip"),
    "lzma": (lambda: zipped(("x.ipynb", BYTES), packing=zipfile.ZIP_LZMA), "plain zip"),
    "cut": (lambda: zipped(("x.ipynb", BYTES))[:-30], "the zip is broken"),
    "no zip": (lambda: BYTES, "the zip is broken"),
}


@pytest.mark.parametrize("what", ZIPS)
def test_hostile_zips(tmp_path, what):
    make, expected = ZIPS[what]
    put(tmp_path, "kim.zip", make())
    put(tmp_path, "twin1.zip", zipped(("x.ipynb", BYTES)))
    got = submissions(tmp_path)
    assert got["kim"].answers == {}
    assert set(got["kim"].refusals) == set(a.SHORTS)
    assert expected in got["kim"].refusals["leaky"]
    assert got["twin1"].answers == a.STUBS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kim.zip", "twin1.zip"]


@pytest.mark.parametrize(
    ("name", "changed", "expected"),
    [
        ("../kim.ipynb", {}, None),
        ("/kim.ipynb", {}, None),
        ("kim/ps1/../../twin1.ipynb", {}, None),
        ("kim.ipynb", {"external_attr": (stat.S_IFLNK | 0o777) << 16}, "it is a link"),
        ("kim/ps1/ps1.ipynb", {"external_attr": (stat.S_IFLNK | 0o777) << 16}, "it is a link"),
    ],
)
def test_hostile_members_of_an_lms_zip(tmp_path, name, changed, expected):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        info = zipfile.ZipInfo(name)
        for key, value in changed.items():
            setattr(info, key, value)
        archive.writestr(info, BYTES)
        archive.writestr("twin2.ipynb", BYTES)
    path = put(tmp_path, "all.zip", made.getvalue())
    assert set(taken(path)) == {"twin2"}
    assert expected is None or [expected in each for each in reasons(path).values()] == [True]


def test_a_member_without_a_name_costs_the_others_nothing(tmp_path):
    made = zipped(("NAMELESS", BYTES), ("kim.ipynb", BYTES)).replace(b"NAMELESS", bytes(8))
    assert set(taken(put(tmp_path, "all.zip", made))) == {"kim"}


def test_a_large_zip_is_listed_once(tmp_path, monkeypatch):
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, *arguments):
            opened.append(arguments)
            super().__init__(*arguments)

    path = put(tmp_path, "all.zip", zipped(("kim.ipynb", BYTES), ("twin1.ipynb", BYTES)))
    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    assert len(submissions(path)["kim"].answers) == len(submissions(path)["twin1"].answers) == 3
    assert len(opened) == 2  # once for each time that the folder was collected


def test_a_member_twice_and_a_bomb_in_an_lms_zip(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped(
            ("kim.ipynb", BYTES), ("kim.ipynb", BYTES), ("twin1.ipynb", b" " * 6_000_000)
        )
    path = put(tmp_path, "all.zip", twice)
    assert taken(path) == {}
    told = reasons(path)
    assert "twice" in told["kim.ipynb"]
    assert "MB are allowed" in told["twin1.ipynb"]


def _link(folder):
    path = put(folder, "kim/ps1/ps1.ipynb")
    path.unlink()
    path.symlink_to(put(folder.parent, "elsewhere.ipynb"))


def _linked_folder(folder):
    put(folder.parent, "elsewhere/ps1/ps1.ipynb")
    folder.mkdir(exist_ok=True)
    (folder / "kim").symlink_to(folder.parent / "elsewhere")


def _linked_set(folder):
    put(folder.parent, "elsewhere/ps1.ipynb")
    (folder / "kim").mkdir(parents=True)
    (folder / "kim" / "ps1").symlink_to(folder.parent / "elsewhere")


def _hard_link(folder):
    (folder / "kim").mkdir(parents=True)
    os.link(put(folder.parent, "elsewhere.ipynb"), folder / "kim" / "ps1.ipynb")


def _dangling(folder):
    folder.mkdir(exist_ok=True)
    (folder / "kim.ipynb").symlink_to("/nowhere")


def _pipe(folder):
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "kim.ipynb")


def _socket(folder):
    folder.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "kim.ipynb"))


def _directory(folder):
    (folder / "kim.ipynb").mkdir(parents=True)


def _inner_directory(folder):
    (folder / "kim" / "ps1" / "ps1.ipynb").mkdir(parents=True)


def _crowd(folder):
    (folder / "kim" / "ps1").mkdir(parents=True)
    for n in range(places.CROWD + 1):
        (folder / "kim" / "ps1" / f"{n}").touch()


FILES = {
    "link": (_link, "links are not followed"),
    "folder a link": (_linked_folder, "links are not followed"),
    "set's folder a link": (_linked_set, "links are not followed"),
    "hard link": (_hard_link, "second name"),
    "dangling link": (_dangling, "links are not followed"),
    "pipe": (_pipe, "no plain file"),
    "socket": (_socket, "no plain file"),
    "folder": (_directory, "it is a folder"),
    "folder inside": (_inner_directory, "it is a folder"),
    "crowd": (_crowd, "more than 1000 entries"),
    "6 MB": (lambda folder: put(folder, "kim.ipynb", b" " * 6_000_000), "6.0 MB; 5 MB are allowed"),
}


@pytest.mark.parametrize("what", FILES)
def test_files_that_are_no_files(tmp_path, what, monkeypatch):
    make, expected = FILES[what]
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "in"
    make(folder)
    put(folder, "twin1.ipynb")
    found = collect(folder, "ps1", ROSTER)
    assert [each.student for each in found.found] == ["twin1"]
    assert [each.student for each in found.refused] == ["kim"]
    assert expected in found.refused[0].reason
    assert "kim" not in found.missing


@pytest.mark.parametrize("what", ["link", "folder", "pipe", "hard link", "gone"])
def test_a_file_that_changes_between_listing_and_reading(tmp_path, what):
    """Whatever was listed, opening is what decides."""
    path = put(tmp_path / "in", "kim/ps1/ps1.ipynb")
    other = put(tmp_path, "secret.ipynb")
    (found,) = collect(tmp_path / "in", "ps1", ROSTER).found
    if what == "folder":
        path.parent.rename(tmp_path / "away")
        path.parent.symlink_to(tmp_path / "away")
    else:
        path.unlink()
    if what == "link":
        path.symlink_to(other)
    if what == "pipe":
        os.mkfifo(path)
    if what == "hard link":
        os.link(other, path)
    got = read(found, "ps1")
    assert got.answers == {}
    assert "kim/ps1/ps1.ipynb" in got.refusals["leaky"]


def test_a_file_that_grows_while_it_is_read(tmp_path, monkeypatch):
    path = put(tmp_path, "kim.ipynb")
    (found,) = collect(tmp_path, "ps1", ROSTER).found
    read_some = os.read

    def growing(*given):
        with path.open("ab") as file:
            file.write(b" ")
        return read_some(*given)

    monkeypatch.setattr(os, "read", growing)
    assert "changed while it was read" in read(found, "ps1").refusals["leaky"]


def test_a_file_that_grows_beyond_all_bounds(tmp_path, monkeypatch):
    put(tmp_path, "kim.ipynb")
    (found,) = collect(tmp_path, "ps1", ROSTER).found
    monkeypatch.setattr(os, "read", lambda file, count: b" " * count)  # never ends
    assert "changed while it was read" in read(found, "ps1").refusals["leaky"]


@pytest.mark.parametrize(
    "name",
    [
        "a\nb",
        "'\"",
        "<script>alert(1)<",
        "-rf",
        "\u202egpj",
        "$(id)",
        "=1+1",
        "x" * 249,
        "\udcff",
        "%s{}",
    ],
)
def test_hostile_names_are_shown_in_one_plain_line(tmp_path, name):
    put(tmp_path, f"{name}.ipynb")
    put(tmp_path, "kim.ipynb")
    found = collect(tmp_path, "ps1", ROSTER)
    assert [each.student for each in found.found] == ["kim"]
    (refused,) = found.refused
    for text in (refused.path, refused.reason):
        assert text.isprintable()
        assert len(text) <= 200
        text.encode()


# ── hostile notebooks ────────────────────────────────────────────────────────


def changed(**parts):
    return {**GOOD, **parts}


def with_cells(*cells):
    return changed(cells=list(cells))


WHOLE = {
    "half": BYTES[: len(BYTES) // 2],
    "nothing": b"",
    "deep": b"[" * 1_000_000,
    "deep tables": b'{"a":' * 500_000,
    "deep in place": json.dumps(with_cells()).replace("[]", "[" * 100_000).encode(),
    "key twice": BYTES.replace(b'"nbformat": 4', b'"nbformat": 4, "cells": []'),
    "key twice inside": BYTES.replace(b'"solution": true', b'"solution": true, "solution": true'),
    "list": b"[]",
    "number": b"4",
    "null": b"null",
    "NaN": b"NaN",
    "cells a table": json.dumps(changed(cells={})).encode(),
    "cells missing": b'{"nbformat": 4}',
    "cells a word": json.dumps(changed(cells="leaky")).encode(),
    "format 3": b'{"nbformat": 3, "worksheets": [{"cells": []}]}',
    "format 5": json.dumps(changed(nbformat=5)).encode(),
    "format a word": json.dumps(changed(nbformat="4")).encode(),
    "format true": json.dumps(changed(nbformat=True)).encode(),
    "format a fraction": json.dumps(changed(nbformat=4.5)).encode(),
    "digits": b'{"nbformat": ' + b"4" * 100_000 + b"}",
    "latin": BYTES.replace(b"x_prev", b"\xe4").replace(b"Problem", b"\xff"),
    "utf-16": json.dumps(GOOD).encode("utf-16"),
    "zip": zipped(("ps1.ipynb", BYTES)),
    "python": b"print(1)\n",
    "pickle": b"\x80\x04\x95cos\nsystem\n.",
}


@pytest.mark.parametrize("what", WHOLE)
def test_files_that_are_no_notebooks(what):
    answers, refusals = notebooks.read_notebook(WHOLE[what], a.SHORTS)
    assert answers == {}
    assert set(refusals) == set(a.SHORTS)
    (reason,) = set(refusals.values())
    assert reason.isprintable()
    assert len(reason) < 200


LEAKY = cell("leaky", a.STUBS["leaky"])


def spoilt(**parts):
    return [{**LEAKY, **parts}]


CELLS = {
    "deleted": ([], "is gone"),
    "renamed": ([cell("leaky2", "")], "is gone"),
    "only the check": ([cell("leaky-check", "", solution=False, grade=True)], "is gone"),
    "text copied": ([{**LEAKY, "metadata": {}}], "is gone"),
    "twice": ([LEAKY, words("between"), LEAKY], "cells 4 and 6"),
    "thrice": ([LEAKY] * 3, "cells 4 and 5 and 6"),
    "twice, once as prose": ([LEAKY, {**LEAKY, "cell_type": "markdown"}], "cells 4 and 5"),
    "markdown": (spoilt(cell_type="markdown"), "no code cell"),
    "raw": (spoilt(cell_type="raw"), "no code cell"),
    "type a list": (spoilt(cell_type=["code"]), "no code cell"),
    "no solution": ([cell("leaky", "", solution=False)], "not marked as the answer cell"),
    "solution a word": ([cell("leaky", "", solution="true")], "not marked as the answer cell"),
    "solution 1": ([cell("leaky", "", solution=1)], "not marked as the answer cell"),
    "no source": ([{k: v for k, v in LEAKY.items() if k != "source"}], "holds no text"),
    "source a number": (spoilt(source=7), "holds no text"),
    "source a table": (spoilt(source={"a": 1}), "holds no text"),
    "source of numbers": (spoilt(source=["x", 1]), "holds no text"),
    "source nested": (spoilt(source=[["x"]]), "holds no text"),
    "source null": (spoilt(source=None), "holds no text"),
    "surrogate": (spoilt(source="x = '\ud800'"), "lone surrogate"),
    "long": (spoilt(source="#" * 100_001), "more than 100000 characters"),
    "metadata a list": (spoilt(metadata=["nbgrader"]), "is gone"),
    "metadata null": (spoilt(metadata=None), "is gone"),
    "nbgrader a word": (spoilt(metadata={"nbgrader": "leaky"}), "is gone"),
    "id a list": ([cell(["leaky"], "")], "is gone"),
    "id a number": ([cell(5, "")], "is gone"),
    "id padded": ([cell("leaky ", "")], "is gone"),
}


@pytest.mark.parametrize("what", CELLS)
def test_a_spoilt_cell_costs_its_own_question_only(what):
    cells, expected = CELLS[what]
    odd = [None, 3, "cell", [], {}, {"cell_type": 5}, {"metadata": {"nbgrader": {"grade_id": {}}}}]
    content = notebook({short: a.STUBS[short] for short in ("loops", "shared")}, cells=cells)
    content["cells"] += odd
    answers, refusals = notebooks.read_notebook(json.dumps(content).encode(), a.SHORTS)
    assert answers == {short: a.STUBS[short] for short in ("loops", "shared")}
    assert list(refusals) == ["leaky"]
    assert expected in refusals["leaky"]
    assert refusals["leaky"].isprintable()


def test_what_does_not_matter():
    """Points, outputs, locks, a mark at the front of the file, NaN in an output: all ignored."""
    content = notebook(
        {}, cells=[cell(short, a.STUBS[short], points=10**6, locked=True) for short in a.SHORTS]
    )
    content["cells"][1]["outputs"] = [{"data": {"text/html": "<script>"}, "value": float("nan")}]
    content["cells"].append(cell("loops-check", "ps1.check = lambda *a: 5", solution=False))
    content["nbformat_minor"] = "five"
    raw = b"\xef\xbb\xbf" + json.dumps(content).encode()
    assert notebooks.read_notebook(raw, a.SHORTS) == (a.STUBS, {})


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("%matplotlib inline", 1),
        ("x = 1\n%%time\n", 2),
        ("def f():\n    !ls", 2),
        ("?np.sum", 1),
        ("np.sum?", 1),
        ("x = 5 % 3\ny = x != 2", None),
        ("# %time", None),
    ],
)
def test_commands_of_ipython(source, line):
    assert notebooks.magic_line(source) == line


@pytest.mark.parametrize(
    "text", ["a\nb", "\x1b[31m", "\u202e", "\ud800", "\u2028", "\0", "a" * 999]
)
def test_printable(text):
    assert printable(text).isprintable()
    assert len(printable(text, 50)) <= 50


def test_a_folder_without_permission(tmp_path, monkeypatch):
    """Root may read everything, so the refusal is the system call's here."""
    put(tmp_path, "kim/ps1/ps1.ipynb")
    opened = os.open

    def denied(path, *rest, **named):
        if path == "kim":
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest, **named)

    monkeypatch.setattr(os, "open", denied)
    (refused,) = collect(tmp_path, "ps1", ROSTER).refused
    assert (refused.student, refused.reason) == ("kim", "it cannot be read: Permission denied.")


def test_students_forms_differ():
    codes = {code_of(f"s{n:05d}") for n in range(50)}
    assert len(codes) > 20
    assert all(set(a.right(code)) == set(a.SHORTS) for code in codes)


def test_a_claim_is_made_from_names_alone():
    entries = [places.Entry(("kim.ipynb",)), places.Entry(("x", "ps1", "ps1.ipynb"), "a reason.")]
    made = list(layouts.claims(entries, "ps1", [Student("kim"), Student("x")]))
    assert [(claim.student, claim.reason) for claim in made] == [("kim", ""), ("x", "a reason.")]


def test_a_file_handed_in_as_nbgrader_does(tmp_path):
    hand_in(tmp_path, "kim", GOOD)
    hand_in(tmp_path, "kim", b"2026-01-01", name="timestamp.txt")
    assert taken(tmp_path) == {"kim": "kim/ps1/ps1.ipynb"}


@pytest.mark.parametrize(
    ("line", "forms"),
    [
        ('ps1 = problem_set("ps1")', ""),
        ('ps1 = problem_set("ps1", "021")', "021"),
        ("ps1 = problem_set( 'ps1' ,'021')", "021"),
        ('ps2 = problem_set("ps2", "021")', None),
        ("nothing", None),
    ],
)
def test_the_forms_that_a_notebook_opens_are_read(line, forms):
    content = json.dumps({"cells": [{"source": [line]}]}).encode()
    assert notebooks.opened_forms(content, "ps1") == forms
