"""Serializers of every kind in one registry: a file never names the code that reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from maturekit import testing
from maturekit.errors import ArgumentTypeError, FormatError, MaturekitError, MissingExtraError, NotFoundError
from maturekit.registry import JoblibSerializer, Registry, Serializer
from maturekit.registry.serializers.files_serializer import FilesSerializer
from maturekit.registry.serializers.onnx_model import OnnxModel
from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
from maturekit.registry.serializers.skops_serializer import SkopsSerializer

OURS = (FilesSerializer, JoblibSerializer, OnnxSerializer, SkopsSerializer)
EXTRAS = ((OnnxSerializer, "onnx", "onnxruntime"), (SkopsSerializer, "skops", "skops.io"))


def available():
    return [serializer for kind in OURS for serializer in kind.examples()]


def test_their_names_stand_in_records_and_never_change():
    assert [kind.name for kind in OURS] == ["files", "joblib", "onnx", "skops"]


def test_each_says_what_a_hostile_file_may_run():
    assert FilesSerializer.executes == "nothing"
    assert len({kind.executes for kind in OURS}) == 4


@pytest.mark.parametrize("writer", available(), ids=lambda serializer: serializer.name)
def test_a_version_is_read_by_the_serializer_of_its_name_that_the_caller_gave_and_no_other(writer, store):
    model, _ = writer.sample()
    Registry(store, serializers=[writer]).register("late", model, serializer=writer)
    readers = {other.name: other for other in available() if other.name != writer.name}
    if writer.name != "joblib":  # which every registry has
        with pytest.raises(NotFoundError, match=f"written by the serializer '{writer.name}'"):
            Registry(store, serializers=readers.values())["late:1"].load()

    class Own(Serializer):
        name = writer.name
        executes = "nothing"

        def _dump(self, model):
            return {"model.txt": b""}

        def _load(self, files, trust):
            return "read by the caller's own", sorted(files)

        def sample(self):
            return "", None

        @classmethod
        def examples(cls):
            yield cls()

    assert Registry(store, serializers=[Own()])["late:1"].load() == (
        "read by the caller's own",
        sorted(writer.dump(model)),
    )


@pytest.mark.parametrize("writer", available(), ids=lambda serializer: serializer.name)
def test_nothing_in_a_record_is_the_path_of_code(writer, store):
    model, _ = writer.sample()
    Registry(store, serializers=[writer]).register("late", model, serializer=writer)
    records = b"".join(store.get(key) for key in store.list() if "blobs" not in key)
    kinds = {type(writer), type(model)}
    assert f'"serializer":"{writer.name}"'.encode() in records.replace(b" ", b"")
    for kind in kinds:
        assert kind.__module__.encode() not in records
        assert kind.__name__.encode() not in records


@pytest.mark.parametrize("reader", available(), ids=lambda serializer: serializer.name)
def test_the_files_of_one_are_refused_by_another(reader):
    for writer in available():
        if writer.name != reader.name:
            with pytest.raises(FormatError):
                reader.load(writer.dump(writer.sample()[0]))


def test_four_kinds_live_side_by_side_and_gain_versions_of_one_model(store):
    registry = Registry(store, serializers=[kind() for kind in OURS])
    for serializer in available():
        registry.register("late", serializer.sample()[0], serializer=serializer)
    for version, serializer in zip(registry.versions("late"), available(), strict=True):
        assert type(version.load()) is type(serializer.sample()[0])


@pytest.mark.parametrize(("kind", "extra", "module"), EXTRAS, ids=lambda value: getattr(value, "name", ""))
def test_a_missing_extra_is_named_on_both_ways_and_nothing_is_registered(kind, extra, module, monkeypatch, store):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    registry = Registry(store, serializers=[kind()])
    model = b"\x08\x08" if kind is OnnxSerializer else [1.0]
    with pytest.raises(MissingExtraError, match=rf"maturekit\[{extra}\]"):
        registry.register("late", model, serializer=kind())
    assert list(store.list()) == []
    with pytest.raises(MissingExtraError, match=rf"maturekit\[{extra}\]"):
        kind().load({f"model.{extra}": b""})
    assert list(kind.examples()) == []


def test_an_opened_registry_of_all_kinds_loads_none_of_their_packages():
    code = """
import sys
from maturekit.registry import Registry
from maturekit.registry.serializers.files_serializer import FilesSerializer
from maturekit.registry.serializers.onnx_serializer import OnnxSerializer
from maturekit.registry.serializers.skops_serializer import SkopsSerializer
from maturekit.storage import MemoryStore
Registry(MemoryStore(), serializers=[FilesSerializer(), OnnxSerializer(), SkopsSerializer()])
print(sorted({"joblib", "numpy", "onnxruntime", "pandas", "scipy", "skops", "sklearn"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


class Careless(Serializer):
    """Reads whatever it finds."""

    name = "careless"
    executes = "nothing"

    def _dump(self, model):
        return {"model.txt": model.encode()}

    def _load(self, files, trust):
        return b"".join(files.values()).decode(errors="ignore")

    def sample(self):
        return "a model", None

    @classmethod
    def examples(cls):
        yield cls()


class Forgetful(Careless):
    """Writes another model than the one it was given."""

    def _dump(self, model):
        return {"model.txt": b"a moral"}


class Silent(Careless):
    """Does not say what it may run."""

    executes = " "


class Remembering(Careless):
    """Keeps state between writing and reading."""

    def __init__(self):
        self.last = None

    def _dump(self, model):
        self.last = model
        return super()._dump(model)

    def _load(self, files, trust):
        found, self.last = self.last, None
        return found


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (Careless, {"damaged_files_are_refused_in_words"}),
        (Forgetful, {"a_model_reads_back_and_answers_alike", "a_registry_stores_and_loads_it"}),
        (Silent, {"name_is_a_name_and_risk_is_told"}),
        (Remembering, {"files_are_read_from_any_buffer"}),
    ],
)
def test_the_contract_suite_finds_the_promise_that_is_broken(kind, broken):
    found = set()
    for check in testing.checks_of(kind):
        try:
            check(kind())
        except AssertionError:
            found.add(check.__name__.removeprefix("check_"))
    assert broken <= found


def test_a_model_of_another_kind_is_refused_and_leaves_nothing(store):
    registry = Registry(store, serializers=[FilesSerializer(), OnnxSerializer()])
    for serializer, model in ((FilesSerializer(), 15), (OnnxSerializer(), {"a": b""})):
        with pytest.raises(ArgumentTypeError):
            registry.register("late", model, serializer=serializer)
    with pytest.raises(MaturekitError):
        OnnxModel("text")
    assert list(store.list()) == []
