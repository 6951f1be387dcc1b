"""Models of plain files in a registry: what comes out is what went in, and nothing leads outside the folder."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from maturekit.errors import (
    ArgumentError,
    ArgumentTypeError,
    FormatError,
    KeyTakenError,
    MaturekitError,
    NameRuleError,
    SourceMissingError,
    StorageError,
)
from maturekit.registry import Registry
from maturekit.registry.serializers.files_serializer import FilesSerializer
from maturekit.registry.serializers.model_files import ModelFiles

LIST = "maturekit-files.json"
MODEL = {"weights.gguf": bytes(range(256)) * 40, "config.json": b"{}", "empty.txt": b""}


def dump(model):
    return FilesSerializer().dump(model)


def load(files):
    return FilesSerializer().load(files)


@pytest.fixture
def folder(tmp_path):
    for name, data in MODEL.items():
        (tmp_path / "model" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "model" / name).write_bytes(data)
    return tmp_path / "model"


# In and out


@pytest.mark.parametrize("kind", ["mapping", "files", "folder", "text", "link to the folder"])
def test_every_way_in_gives_the_same_files_after_a_registry(kind, folder, store, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    model = {
        "mapping": MODEL,
        "files": ModelFiles(MODEL),
        "folder": folder,
        "text": str(folder),
        "link to the folder": tmp_path / "link",
    }[kind]
    Registry(store, serializers=[FilesSerializer()]).register("words", model, serializer=FilesSerializer())
    found = Registry(store, serializers=[FilesSerializer()])["words:1"].load()
    assert found == MODEL
    assert list(found) == sorted(MODEL)


def test_one_file_keeps_its_own_name_also_behind_a_link(folder, tmp_path):
    (tmp_path / "current.gguf").symlink_to(folder / "weights.gguf")
    assert load(dump(folder / "weights.gguf")) == {"weights.gguf": MODEL["weights.gguf"]}
    assert load(dump(tmp_path / "current.gguf")) == {"current.gguf": MODEL["weights.gguf"]}


def test_what_is_loaded_cannot_be_changed_and_travels_whole():
    files = load(dump(MODEL))
    with pytest.raises(TypeError):
        files["config.json"] = b"other"
    with pytest.raises(TypeError):
        hash(files)
    assert pickle.loads(pickle.dumps(files)) == files
    assert repr(files) == "ModelFiles(config.json: 2 bytes, empty.txt: 0 bytes, weights.gguf: 10,240 bytes)"


def test_a_caller_who_changes_their_bytes_later_changes_no_model():
    data = bytearray(b"first")
    files = ModelFiles({"a.txt": data})
    data[:] = b"other"
    assert files["a.txt"] == b"first"


def test_saving_makes_the_folder_that_was_read(folder, tmp_path):
    target = load(dump(folder)).save_to(tmp_path / "new" / "deep")
    assert target == tmp_path / "new" / "deep"
    assert {path.name: path.read_bytes() for path in target.iterdir()} == MODEL


def test_saving_overwrites_nothing_and_writes_nothing_then(tmp_path):
    files = load(dump(MODEL))
    outside = tmp_path / "outside.txt"
    for stands in ("file", "link", "broken link", "folder"):
        target = tmp_path / stands
        target.mkdir()
        taken = target / "empty.txt"
        if stands == "file":
            taken.write_bytes(b"mine")
        elif stands == "folder":
            taken.mkdir()
        else:
            taken.symlink_to(outside if stands == "broken link" else tmp_path)
        with pytest.raises(KeyTakenError, match=r"'empty\.txt' already"):
            files.save_to(target)
        assert [path.name for path in target.iterdir()] == ["empty.txt"]
        assert not outside.exists()


def test_a_save_that_fails_leaves_nothing(tmp_path, monkeypatch):
    files = ModelFiles({"a.txt": b"1", "b.txt": b"2"})
    usual = Path.open

    def full(path, *args, **kwargs):
        if path.name == "b.txt":
            raise OSError(28, "No space left on device")
        return usual(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match=r"could not write the files into .*: No space left on device"):
        files.save_to(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_an_interruption_while_saving_leaves_nothing(tmp_path, monkeypatch):
    usual = Path.open

    def interrupted(path, *args, **kwargs):
        if path.name == "b.txt":
            raise KeyboardInterrupt
        return usual(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ModelFiles({"a.txt": b"1", "b.txt": b"2"}).save_to(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_name_that_somebody_takes_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    files = ModelFiles({"a.txt": b"1", "b.txt": b"2"})
    (tmp_path / "b.txt").write_bytes(b"mine")
    monkeypatch.setattr(os.path, "lexists", lambda _: False)
    with pytest.raises(StorageError, match="File exists"):
        files.save_to(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b.txt": b"mine"}


def test_saving_into_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(StorageError, match="File exists"):
        ModelFiles({"a.txt": b"1"}).save_to(tmp_path / "file")


# What is refused on the way in


@pytest.mark.parametrize(
    "name",
    ["../a.txt", "/a.txt", "a/b.txt", "a\\b.txt", "README.md", "con.txt", ".hidden", "a b", "", "a..b", "a\x00b", 3],
)
def test_a_name_that_is_not_portable_is_refused_on_the_way_in_and_out(name):
    with pytest.raises((NameRuleError, ArgumentTypeError), match="file name"):
        dump({name: b""})
    with pytest.raises((NameRuleError, ArgumentTypeError), match="file name"):
        ModelFiles({name: b""})


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ({}, ArgumentError, "at least one file"),
        ({"a.txt": "text"}, ArgumentTypeError, r"the file 'a\.txt' must be bytes, got str"),
        ({LIST: b""}, ArgumentError, "is taken by the list of the files"),
        (b"bytes", ArgumentTypeError, "a mapping of name to bytes or a path, got bytes"),
        (None, ArgumentTypeError, "got NoneType"),
        ("no-such-file", SourceMissingError, "there is no file or folder"),
    ],
)
def test_what_is_no_model_of_files_is_refused_in_words(model, error, words):
    with pytest.raises(error, match=words):
        dump(model)


@pytest.mark.parametrize(
    ("trap", "words"),
    [
        ("folder", "folders in folders are not stored"),
        ("link", "links are not followed"),
        ("broken-link", "links are not followed"),
        ("link-to-a-folder", "links are not followed"),
        ("pipe", "is no plain file"),
        ("Capital.txt", "in the folder .*, the file name 'Capital.txt' has the capital letter 'C'"),
        (".hidden", "in the folder .*, the file name"),
    ],
)
def test_a_folder_with_anything_but_plain_files_is_refused_whole(trap, words, folder, tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    path = folder / trap
    match trap:
        case "folder":
            path.mkdir()
        case "link" | "broken-link" | "link-to-a-folder":
            goal = {"link": "secret.txt", "broken-link": "nothing", "link-to-a-folder": ""}[trap]
            path.symlink_to(tmp_path / goal)
        case "pipe":
            os.mkfifo(path)
        case _:
            path.write_bytes(b"")
    with pytest.raises(ArgumentError, match=words):
        dump(folder)


def test_a_link_put_in_place_of_a_file_while_a_folder_is_read_is_not_followed(folder, tmp_path, monkeypatch):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    usual = os.open

    def swapping(path, flags, *rest, **more):
        if Path(path).name == "weights.gguf":
            Path(path).unlink()
            Path(path).symlink_to(tmp_path / "secret.txt")
        return usual(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", swapping)
    with pytest.raises(StorageError, match="could not read"):
        dump(folder)


def test_a_pipe_and_an_empty_folder_are_no_models(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArgumentError, match="is no plain file"):
        dump(tmp_path / "pipe")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(ArgumentError, match="is empty"):
        dump(tmp_path / "nothing")


# What is refused on the way out


def test_files_that_are_not_those_stored_are_refused():
    files = dump(MODEL)
    listed = json.loads(files[LIST])
    forged = listed | {"files": listed["files"] | {"../a.txt": listed["files"]["empty.txt"]}}
    for damaged, words in (
        ({name: data for name, data in files.items() if name != LIST}, "comes with a list of them"),
        ({name: data for name, data in files.items() if name != "empty.txt"}, "some are missing, or there are others"),
        (files | {"more.txt": b""}, "some are missing, or there are others"),
        (files | {"config.json": b"{ }"}, r"'config\.json' is not the one that was stored"),
        (files | {"config.json": b"{)"}, r"'config\.json' is not the one that was stored"),
        (files | {"config.json": files["empty.txt"], "empty.txt": files["config.json"]}, "is not the one"),
        (files | {LIST: b"{}"}, "no format number"),
        (files | {LIST: files[LIST].replace(b'"format":1', b'"format":2')}, "reads up to 1"),
        (files | {LIST: b'{"files":{},"format":1}'}, "some are missing"),
        (files | {LIST: b'{"files":[],"format":1}'}, "some are missing"),
    ):
        with pytest.raises(FormatError, match=words):
            load(damaged)
    with pytest.raises(NameRuleError):
        load(files | {"../a.txt": b"", LIST: json.dumps(forged).encode()})


def test_every_flipped_bit_is_found():
    files = dump({"a.txt": b"y = 2x"})
    for name, data in files.items():
        for bit in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            with pytest.raises(MaturekitError):
                load(files | {name: damaged})
