"""A registry is opened, created and refused; nothing heavy is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest

from maturekit.errors import (
    ForeignFolderError,
    FormatError,
    MaturekitError,
    RegistryNotFoundError,
    StorageError,
)
from maturekit.registry import JoblibSerializer, Registry
from maturekit.storage import LocalStore


def test_opening_writes_nothing_and_reading_what_is_not_there_says_so(tmp_path):
    registry = Registry(tmp_path / "models")
    for call in (
        registry.names,
        registry.verify,
        registry.gc,
        lambda: registry["late:1"],
        lambda: registry.history("late"),
        lambda: registry.promote("late:1", to="production", actor="ada", reason="x"),
    ):
        with pytest.raises(RegistryNotFoundError, match=r"there is no registry in '.*models'"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_the_first_write_creates_the_root_file(tmp_path):
    Registry(tmp_path).register("late", "a")
    root = json.loads((tmp_path / "registry.json").read_text())
    assert root["format"] == 1
    assert len(root["id"]) == 32
    assert (tmp_path / "logs/model/late/events/000000000001.json").is_file()
    assert {path.parts[-3] for path in tmp_path.glob("logs/model/*/events/blobs/*/*/*")} == {"sha256"}


@pytest.mark.parametrize(
    ("file", "text"),
    [("letter.txt", "Dear"), ("registry.json", "{}"), ("registry.json", "Dear"), ("registry.json", '{"format": 1}')],
)
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path, file, text):
    (tmp_path / file).write_text(text)
    with pytest.raises(ForeignFolderError):
        Registry(tmp_path).register("late", "a")
    assert [path.name for path in tmp_path.iterdir()] == [file]
    with pytest.raises((RegistryNotFoundError, ForeignFolderError)):
        Registry(tmp_path).names()


def test_a_folder_in_the_place_of_the_root_file_is_refused_before_anything_is_written(tmp_path):
    (tmp_path / "registry.json").mkdir()
    with pytest.raises(ForeignFolderError, match="holds files that are not of a registry"):
        Registry(tmp_path).register("late", "a")
    assert list(tmp_path.rglob("*")) == [tmp_path / "registry.json"]


def test_a_registry_is_neither_listed_nor_searched_by_position(registry):
    with pytest.raises(TypeError, match="not iterable"):
        list(registry)
    with pytest.raises(TypeError, match="not iterable"):
        assert "late" in registry


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"serializers": "joblib"}, r"serializers is a list of serializers, got the str 'joblib'"),
        ({"serializers": [JoblibSerializer]}, r"expected a Serializer, got <class .*pass an instance"),
        ({"serializers": 3}, r"serializers is a list of serializers, got int"),
        ({"keys": 3}, r"keys is a list of bytes, got int"),
        ({"clock": 3}, r"the clock must be a function without arguments, got int"),
        ({"actor_kind": ["person"]}, r"actor_kind \['person'\] is neither 'person' nor 'job'"),
    ],
)
def test_what_a_registry_cannot_work_with_is_refused_when_it_is_opened(store, options, words):
    with pytest.raises(MaturekitError, match=f"(?s){words}"):
        Registry(store, **options)


def test_an_empty_folder_and_one_with_hidden_files_are_taken(tmp_path):
    (tmp_path / ".gitkeep").write_text("")
    assert Registry(tmp_path).register("late", "a").number == 1


def test_a_newer_format_is_refused_for_reading_and_writing(registry, store, replace):
    registry.register("late", "a")
    root = json.loads(store.get("registry.json"))
    replace(store, "registry.json", json.dumps(root | {"format": 2}).encode())
    before = list(store.list())
    newer = Registry(store)
    for call in (newer.names, newer.verify, newer.gc, lambda: newer.register("late", "b"), lambda: newer["late:1"]):
        with pytest.raises(FormatError, match="says format 2; this maturekit reads up to 1"):
            call()
    assert list(store.list()) == before


def test_an_unwritable_place_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        Registry(tmp_path / "file").register("late", "a")


def test_nothing_heavy_is_loaded_until_a_model_is_read_or_written(tmp_path):
    Registry(tmp_path).register("late", "a", metrics={"auc": 0.7})
    code = """
    import json, sys
    from maturekit.registry import Registry
    from maturekit.reports import Finding, Report
    registry = Registry(sys.argv[1], actor="ada")
    registry.names(), registry.versions("late"), registry.history("late"), registry.head("late")
    version = registry["late:1"]
    repr(version), version._repr_html_(), version.facts(), version.environment
    registry.attach(version, Report("review", [Finding("audit", "passed")]))
    registry.promote(version, to="production", actor="ada", reason="x")
    registry.promote(version, to="staging", actor="ada", reason="x")
    registry.aliases("late"), registry["late@production"], registry.compare(version, version), registry.verify()
    print(json.dumps(sorted({"numpy", "pandas", "scipy", "sklearn", "joblib"} & sys.modules.keys())))
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_a_place_is_a_text_a_path_or_a_store(tmp_path):
    registry = Registry(LocalStore(tmp_path))
    assert registry.register("late", "a").number == 1
    assert Registry(str(tmp_path)).register("late", "b").number == 2
    assert registry.gc(grace=timedelta(0)).ok
