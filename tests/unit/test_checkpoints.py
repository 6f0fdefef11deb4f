"""Files of a run: whole or not there, and nothing foreign taken for weights."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import json
import os
import resource
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from contract.cells import CELLS
from oracle.agree import same_bytes

from unrolled import GRU, LSTM, RNN, ArgumentError, models, tasks, train
from unrolled.models import Model
from unrolled.train import Checkpoint, CheckpointError
from unrolled.trees import map_arrays, named_arrays

MODEL, ADAM = Model(LSTM), train.adam(0.02)
IDS = np.random.default_rng(0).integers(0, 3, 40)
NOTES = {"vocabulary": "가나다", "settings": {"T": 5, "rates": [0.1, 0.2]}, "seed": 3}


def fresh(model=MODEL, D=3, H=4, V=3, dtype=np.float64):
    return models.init(model, D, H, V, rng=np.random.default_rng(1), dtype=dtype)


def run(model=MODEL, dtype=np.float64, optimiser=ADAM):
    """Hold every part that a checkpoint can have, each with numbers of its own."""
    params = fresh(model, dtype=dtype)
    memory = optimiser.init(params)
    _, gradients, state = models.loss_and_gradients(
        model, params, IDS[:10].reshape(5, 2), IDS[1:11].reshape(5, 2)
    )
    new, memory = optimiser.update(params, gradients.params, memory)
    best = train.Best(2, 1.0 / 3, map_arrays(lambda a: a / 3, params))
    rng = json.loads(json.dumps(np.random.default_rng(2**100).bit_generator.state))
    return Checkpoint(
        4, new, memory, state, np.array([3.0, 0.1, np.pi, -1e-300]), ((2, 1.0 / 3), (4, 0.5)),
        best, rng, NOTES,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """Stand for a good checkpoint."""
    path = tmp_path / "run.npz"
    train.save(path, run(), MODEL, ADAM)
    return path


def equal(one, two):
    same_bytes(one[1:5], two[1:5])
    assert (one.step, one.scores, one.rng) == (two.step, two.scores, two.rng)
    assert (one.best is None) == (two.best is None)
    if one.best is not None:
        same_bytes(one.best.params, two.best.params)
        assert one.best[:2] == two.best[:2]
    assert dict(one.notes) == dict(two.notes)
    assert [type(part) for part in one[1:4]] == [type(part) for part in two[1:4]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_what_is_saved_is_what_is_loaded(cell, dtype, tmp_path):
    model = Model(cell)
    given = run(model, dtype)
    before = map_arrays(np.copy, given[1:5])
    train.save(tmp_path / "a", given, model, ADAM)
    train.save(str(tmp_path / "b.npz"), given, model, ADAM)
    got = train.load(tmp_path / "a", model, ADAM, like=fresh(model, dtype=dtype), notes=NOTES)
    equal(got, given)
    same_bytes(before, given[1:5])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a", "b.npz"]
    for _, array in named_arrays(got.params):
        array += 1  # they are the reader's own
    assert type(got.memory.steps) is int


def test_parts_may_be_missing(tmp_path):
    path = tmp_path / "run.npz"
    bare = Checkpoint(2, fresh(), None, None, np.zeros(2))
    train.save(path, bare, MODEL, train.sgd(0.1))
    equal(train.load(path, MODEL, train.sgd(0.1)), bare)
    train.save(path, bare, MODEL, None)
    equal(train.load(path, MODEL), bare)
    rows = bare._replace(params=bare.params._replace(by=bare.params.by[None]))
    train.save(path, rows, MODEL, None)
    equal(train.load(path, MODEL), rows)


def test_weights_alone_are_checked_too(path):
    train.save(path, run()._replace(best=None, state=None), MODEL, ADAM)
    path.write_bytes(sealed(members_of(path) | {"params.cell.Wh.npy": npy(np.zeros((2, 3)))}))
    with pytest.raises(CheckpointError, match=r"path: expected all parts of a run .*Wh"):
        train.load(path, MODEL)


def test_a_memory_may_hold_plain_numbers(tmp_path):
    odd = train.Optimiser("odd", lambda params: (0.5, 7, (params.by,)), ADAM.update)
    given = run()._replace(memory=(0.1 + 0.2, 2**40, (np.arange(3.0),)))
    train.save(tmp_path / "a.npz", given, MODEL, odd)
    got = train.load(tmp_path / "a.npz", MODEL, odd)
    equal(got, given)
    assert got.memory[:2] == given.memory[:2]
    assert [type(part) for part in got.memory] == [float, int, tuple]
    with np.load(tmp_path / "a.npz") as archive:
        assert [archive[f"memory.{k}"].dtype for k in (0, 1)] == [np.float64, np.int64]


@pytest.mark.parametrize(("length", "cut"), [(198, False), (199, True)])
def test_long_notes_are_cut_in_messages(length, cut, path):
    with pytest.raises(CheckpointError) as error:
        train.load(path, MODEL, notes={"vocabulary": "x" * length})
    assert ("…" in str(error.value)) is cut
    assert "x" * (199 if cut else 198) in str(error.value)


def test_weights_alone_need_no_optimiser(path):
    got = train.load(path, MODEL)
    assert got.memory is None
    equal(got._replace(memory=run().memory), run())


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_every_generator_goes_on_where_it_was(name, tmp_path):
    rng = np.random.Generator(getattr(np.random, name)(5))
    rng.normal(size=7)
    batches = tasks.windows(IDS, 4, 2, rng=rng)
    saving = train.Saving(tmp_path / "run.npz", 1, rng, NOTES)
    train.fit(MODEL, fresh(), batches, ADAM, steps=2, progress=False, saving=saving)
    expected = [next(batches) for _ in range(3)]
    checkpoint = train.load(tmp_path / "run.npz", MODEL, ADAM, notes=NOTES)
    for _ in range(2):  # a Generator of its own each time
        again = tasks.windows(IDS, 4, 2, rng=checkpoint.generator())
        same_bytes(tuple(itertools.islice(again, 3)), tuple(expected))


def test_the_archive_is_one_of_plain_arrays(path):
    with np.load(path, allow_pickle=False) as archive:
        names = set(archive.files)
        header = json.loads(archive["header"].tobytes().decode())
        same_bytes(archive["params.cell.Wx"], run().params.cell.Wx)
    assert {"header", "losses", "params.by", "memory.steps", "state.c", "best.Wy"} <= names
    assert (header["format"], header["version"]) == ("unrolled checkpoint", 1)
    assert header["notes"] == NOTES
    assert "가나다".encode() in path.read_bytes()
    mode = stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    assert mode == 0o666 & ~umask


def test_a_file_cut_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in (*range(0, len(whole), 97), *range(len(whole) - 80, len(whole))):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"path: expected a .*run\.npz"):
            train.load(path, MODEL, ADAM)
    path.write_bytes(whole[:-1])
    with pytest.raises(CheckpointError, match=r"whole checkpoint, .* cut short or changed"):
        train.load(path, MODEL, ADAM)


def test_a_single_bit_that_turned_is_told(path):
    whole = path.read_bytes()
    for place in (*range(0, len(whole), 61), len(whole) - 1, len(whole) - 70):
        turned = bytearray(whole)
        turned[place] ^= 1
        path.write_bytes(turned)
        with pytest.raises(CheckpointError, match="path: expected"):
            train.load(path, MODEL, ADAM)
    for longer in (whole + b"\0", b"\0" + whole, whole + whole):
        path.write_bytes(longer)
        with pytest.raises(CheckpointError, match="path: expected"):
            train.load(path, MODEL, ADAM)


def sealed(members, compression=zipfile.ZIP_STORED):
    """An archive with a digest that fits, whatever it holds."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
        made.comment = b"." * 71
    body = archive.getvalue()[:-71]
    return body + b"sha256:" + hashlib.sha256(body).hexdigest().encode()


def npy(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), **options)
    return stream.getvalue()


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_header(path, **changes):
    members = members_of(path)
    header = json.loads(np.load(io.BytesIO(members["header.npy"])).tobytes())
    header.update(changes)
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    return members | {"header.npy": npy(text)}


def test_sealing_is_what_save_does(path):
    path.write_bytes(sealed(members_of(path)))
    equal(train.load(path, MODEL, ADAM), run())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "another kind of file"),
        (b"PK", "cut short or changed"),
        (b"%PDF-1.7" + bytes(500), "another kind of file"),
        (npy(np.zeros(3)), "another kind of file"),
        (sealed({}), "archive of other arrays"),
        (sealed({"a.npy": npy(np.zeros(3))}), "archive of other arrays"),
        (sealed({"header.npy": npy(np.zeros(3, np.uint8))}), "archive of other arrays"),
        (sealed({"header.npy": npy(np.frombuffer(b"[1]", np.uint8))}), "archive of other arrays"),
        (sealed({"header.npy": npy(np.frombuffer(b"{}", np.uint8))}), "archive of other arrays"),
        (sealed({"a.txt": b"hello"}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3))}, zipfile.ZIP_DEFLATED), "plain arrays, .*compressed"),
        (sealed({"a.npy": npy(np.array([None]), allow_pickle=True)}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3, np.float16))}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3, ">f8"))}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros((3, 2), order="F"))}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3), version=(2, 0))}), "another version"),
        (sealed({"a.npy": npy(np.zeros(3))[:-1]}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3)) + b"\0"}), "archive of plain arrays"),
        (sealed({"a.npy": npy(np.zeros(3)).replace(b"(3,)", b"(9,)")}), "in 24 bytes"),
        (b"PK" + sealed({})[2:-71] + b"sha256:" + b"0" * 64, "cut short or changed"),
    ],
)  # fmt: skip
def test_foreign_files(content, says, tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"path: expected .*{says}|path: .*{says}"):
        train.load(path, MODEL, ADAM)


def test_no_member_may_claim_more_than_the_file(path):
    raw = bytearray(sealed({"a.npy": npy(np.zeros(3))}))
    entry = raw.rindex(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = (10**9).to_bytes(4, "little")
    body = bytes(raw[:-71])
    path.write_bytes(body + b"sha256:" + hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(CheckpointError, match="more than the file holds"):
        train.load(path, MODEL, ADAM)


def test_a_newer_format_is_named(path):
    path.write_bytes(sealed(with_header(path, version=2)))
    with pytest.raises(CheckpointError, match=r"format 1, got format 2 .* newer version"):
        train.load(path, MODEL, ADAM)
    for other in ({"version": "1"}, {"version": None}, {"format": "something else"}):
        path.write_bytes(sealed(with_header(path, **other)))
        with pytest.raises(CheckpointError, match="archive of other arrays"):
            train.load(path, MODEL, ADAM)


@pytest.mark.parametrize(
    "change",
    [
        {"step": 3}, {"step": "four"}, {"step": None}, {"scores": 5}, {"scores": [[1]]},
        {"best": [1]}, {"best": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_header_that_contradicts_the_arrays(change, path):
    path.write_bytes(sealed(with_header(path, **change)))
    with pytest.raises(CheckpointError, match="path: expected all parts of a run"):
        train.load(path, MODEL, ADAM)


@pytest.mark.parametrize(
    "name", ["params.cell.Wh", "params.by", "memory.steps", "memory.inner", "memory.mean.cell.b",
             "state.c", "best.Wy", "losses"],
)  # fmt: skip
def test_a_part_that_is_missing_or_of_another_shape(name, path):
    members = members_of(path)
    if name != "memory.inner":
        path.write_bytes(sealed({k: v for k, v in members.items() if k != f"{name}.npy"}))
        with pytest.raises(CheckpointError, match=f"all parts of a run .*{name}"):
            train.load(path, MODEL, ADAM)
        path.write_bytes(sealed(members | {f"{name}.npy": npy(np.zeros((2, 3)))}))
        with pytest.raises(CheckpointError, match="path: expected all parts of a run"):
            train.load(path, MODEL, ADAM)
    else:
        with pytest.raises(CheckpointError, match=r"optimiser: expected 'Adam 0\.02' as in the"):
            train.load(path, MODEL, train.averaged(ADAM))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model": Model(GRU)}, r"model: expected \['LSTM', 'cross_entropy', 'every'\] as .*'GRU'"),
        ({"model": Model(RNN)}, r"model: .* got \['RNN'"),
        ({"model": Model(LSTM, "squared_error")}, "model: .* 'squared_error'"),
        ({"model": Model(LSTM, steps="last")}, "model: .* 'last'"),
        ({"optimiser": train.adam(0.03)}, r"optimiser: expected 'Adam 0\.02' .* 'Adam 0\.03'"),
        ({"optimiser": train.sgd(0.02)}, "optimiser: .* got 'SGD"),
        ({"like": fresh(H=5)}, r"path: .*params.cell.Wx.* \(3, 20\) .* got \(3, 16\)"),
        ({"like": fresh(D=4)}, r"params.cell.Wx.* expected shape \(4, 16\)"),
        ({"like": fresh(V=2)}, r"params.Wy.* expected shape \(4, 2\)"),
        ({"like": fresh(dtype=np.float32)}, "params.cell.Wx.* expected float32"),
        ({"notes": {"vocabulary": "가나라"}}, r"notes\['vocabulary'\]: expected '가나다' as in"),
        ({"notes": {"seed": 4}}, r"notes\['seed'\]: expected 3 .* got 4"),
        ({"notes": {"other": 4}}, r"notes\['other'\]: expected None"),
        ({"notes": {"vocabulary": "x" * 500}}, r"… \(502 characters\)"),
    ],
)  # fmt: skip
def test_another_run_is_refused(change, says, path):
    options = {"model": MODEL, "optimiser": ADAM} | change
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=says):
        train.load(path, options.pop("model"), options.pop("optimiser"), **options)
    assert path.read_bytes() == before


def test_what_is_no_argument(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call, says in (
        (lambda: train.load("x", 5), "model:"),
        (lambda: train.load("x", MODEL, 5), "optimiser:"),
        (lambda: train.load(None, MODEL), "path: expected the path of a file, got None"),
        (lambda: train.load("x", MODEL, notes=5), r"notes: .* int is no mapping"),
        (lambda: train.save("x", 5, MODEL, None), "checkpoint: expected Checkpoint, got int"),
        (lambda: train.save("x", run(), MODEL, 5), "optimiser: expected"),
        (lambda: train.save("x", run()._replace(notes=5), MODEL, ADAM), "notes:"),
        (lambda: train.save("x", run(), Model(GRU), ADAM), "params|Wx"),
    ):
        with pytest.raises(ArgumentError, match=says):
            call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["missing/run.npz", "file/run.npz", ".", "there"])
def test_a_path_that_cannot_be_written_is_told_before_training(where, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "there").mkdir()
    says = {"missing/run.npz": r"Make the folder .*missing' first", ".": "got the folder",
            "there": "got the folder"}.get(where, "Make the folder")  # fmt: skip

    def never():
        raise AssertionError("drawn")
        yield

    with pytest.raises(CheckpointError, match=rf"path: expected a file .*{says}"):
        train.fit(MODEL, fresh(), never(), ADAM, steps=1, progress=False,
                  saving=train.Saving(tmp_path / where, 1))  # fmt: skip
    with pytest.raises(CheckpointError, match="path: expected a file"):
        train.save(tmp_path / where, run(), MODEL, ADAM)
    with pytest.raises(CheckpointError, match=r"path: expected a checkpoint, got .*\("):
        train.load(tmp_path / where, MODEL)


def refuse(number):
    def never(*args, **options):
        raise OSError(number, os.strerror(number))

    return never


def test_a_folder_that_may_not_be_written_to(path, monkeypatch):
    monkeypatch.setattr(Path, "touch", refuse(errno.EACCES))
    with pytest.raises(CheckpointError, match=r"got 'Permission denied'; the .* is kept\. "):
        train.save(path, run(), MODEL, ADAM)


@pytest.mark.parametrize(("owner", "name"), [(os, "fsync"), (Path, "replace")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_keeps_what_was_there(owner, name, number, path, monkeypatch):
    before = path.read_bytes()
    monkeypatch.setattr(owner, name, refuse(number))
    for _ in range(2):
        with pytest.raises(CheckpointError, match=rf"{os.strerror(number)}'; the checkpoint that"):
            train.save(path, run()._replace(step=9, losses=np.ones(9)), MODEL, ADAM)
        assert path.read_bytes() == before
        assert [file.name for file in path.parent.iterdir()] == ["run.npz"]
    new = path.with_name("new.npz")
    with pytest.raises(CheckpointError, match=rf"{os.strerror(number)}'\. Make room"):
        train.save(new, run(), MODEL, ADAM)
    assert not new.exists()


def test_training_meets_a_limit_on_the_size_of_files(tmp_path):
    """The kernel itself refuses the write, half-way through the file."""
    path = tmp_path / "run.npz"
    batches = tasks.windows(IDS, 4, 2, rng=np.random.default_rng(0))
    saving = train.Saving(path, 2, notes={"long": "x" * 20000})
    first = train.Saving(path, 2)
    go = {"steps": 4, "progress": False}
    train.fit(MODEL, fresh(), batches, ADAM, saving=first, **go)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))
    try:
        with pytest.raises(CheckpointError, match=r"got 'File too large'; .* kept\. Make room"):
            train.fit(MODEL, fresh(), batches, ADAM, saving=saving, **go)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_all_of_it_is_on_the_disk_before_the_names_are_swapped(path, monkeypatch):
    sizes, small = [], Model(RNN)
    monkeypatch.setattr(os, "fsync", lambda handle: sizes.append(os.fstat(handle).st_size))
    bare = Checkpoint(1, fresh(small, 1, 1, 1), None, None, np.zeros(1))
    train.save(path, bare, small, None)
    assert sizes == [path.stat().st_size]
    assert sizes[0] < 8192  # it would fit into the buffer of an open file


@pytest.mark.parametrize("dtype", [object, np.float16, ">f8", "U3", np.int32, "M8[s]"])
def test_no_array_is_saved_that_could_not_be_loaded(dtype, path):
    before = path.read_bytes()
    odd = run()._replace(memory=train.AdamMemory(1, np.zeros(2), np.zeros(2).astype(dtype)))
    with pytest.raises(CheckpointError, match=r"memory\.square: expected an array of one of flo"):
        train.save(path, odd, MODEL, ADAM)
    assert path.read_bytes() == before


def test_what_a_kill_left_behind_is_written_over(path):
    part = path.with_name(".run.npz.part")
    part.write_bytes(b"half of it" * 10000)
    train.save(path, run()._replace(step=2, losses=np.ones(2)), MODEL, ADAM)
    assert train.load(path, MODEL, ADAM).step == 2
    assert not part.exists()
