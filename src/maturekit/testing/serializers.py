"""What every `Serializer` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np

from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, MaturekitError, NotFoundError
from maturekit.registry import Registry, Serializer
from maturekit.storage import MemoryStore

__all__ = ["SERIALIZER_CHECKS"]


def check_name_is_a_name_and_risk_is_told(serializer: Serializer) -> None:
    assert check_name(serializer.name, what="serializer name") == serializer.name
    assert serializer.executes.strip(), "say what loading a hostile file may run"


def check_a_model_reads_back_and_answers_alike(serializer: Serializer) -> None:
    model, data = serializer.sample()
    _same(serializer.load(serializer.dump(model)), model, data)


def check_files_are_bytes_under_portable_names(serializer: Serializer) -> None:
    files = serializer.dump(serializer.sample()[0])
    assert files
    for name, data in files.items():
        assert check_name(name, what="file name") == name
        assert isinstance(data, bytes)


def check_a_registry_stores_and_loads_it(serializer: Serializer) -> None:
    model, data = serializer.sample()
    store = MemoryStore()
    Registry(store, serializers=[serializer]).register("sample", model, serializer=serializer)
    _same(Registry(store, serializers=[serializer])["sample:1"].load(), model, data)


def check_damaged_files_are_refused_in_words(serializer: Serializer) -> None:
    files = serializer.dump(serializer.sample()[0])
    damages: tuple[Mapping[str, bytes], ...] = (
        {},
        {"other": b""},
        dict.fromkeys(files, b""),
        {name: data[: len(data) // 2] for name, data in files.items()},
        {name: b"\x00" * len(data) for name, data in files.items()},
    )
    for damaged in damages:
        try:
            serializer.load(damaged)
        except MaturekitError:
            continue
        raise AssertionError("damaged files must raise an error of maturekit")


def check_files_are_read_from_any_buffer(serializer: Serializer) -> None:
    model, data = serializer.sample()
    files = serializer.dump(model)
    for kind in (bytes, bytearray, lambda content: memoryview(bytearray(content))):
        _same(serializer.load({name: kind(content) for name, content in files.items()}), model, data)


def check_several_threads_may_use_one(serializer: Serializer) -> None:
    model, data = serializer.sample()
    with ThreadPoolExecutor(4) as pool:
        for loaded in pool.map(lambda _: serializer.load(serializer.dump(model)), range(8)):
            _same(loaded, model, data)


def check_a_version_is_read_only_by_a_serializer_the_caller_gave(serializer: Serializer) -> None:
    store = MemoryStore()
    Registry(store, serializers=[serializer]).register("sample", serializer.sample()[0], serializer=serializer)
    namesake = Registry(store, serializers=[_stand_in(serializer.name)])
    assert namesake["sample:1"].load() == "read by the stand-in"
    if serializer.name in Registry(store).serializers:
        return  # the one that a registry has by itself
    try:
        Registry(store, serializers=[_stand_in("stand-in")])["sample:1"].load()
    except NotFoundError:
        return
    raise AssertionError("what stands in a record must never choose the code that reads it")


def check_trust_takes_exact_names_only(serializer: Serializer) -> None:
    files = serializer.dump(serializer.sample()[0])
    for trust, error in (
        ("os.system", ArgumentTypeError),
        (["os.*"], ArgumentError),
        (["system"], ArgumentError),
        ([""], ArgumentError),
        ([1], ArgumentError),
    ):
        try:
            serializer.load(files, trust=trust)  # type: ignore[arg-type]  # that is the point
        except error:
            continue
        raise AssertionError(f"trust={trust!r} must be refused")


def check_survives_pickling(serializer: Serializer) -> None:
    model, data = serializer.sample()
    again = pickle.loads(pickle.dumps(serializer))
    _same(again.load(again.dump(model)), model, data)


def _stand_in(called: str) -> Serializer:
    """Return a serializer of this name that reads whatever it is given, and says so."""

    class StandIn(Serializer):  # in here, where the walk for serializers that keep the contract does not find it
        name = called
        executes = "nothing"

        def _dump(self, model: Any) -> Mapping[str, bytes]:
            return {"model.txt": str(model).encode()}

        def _load(self, files: Mapping[str, bytes], trust: frozenset[str]) -> Any:  # noqa: ARG002  # that is the point
            return "read by the stand-in"

        def sample(self) -> tuple[Any, Any]:
            return "read by the stand-in", None

        @classmethod
        def examples(cls) -> Iterator[Self]:
            yield cls()

    return StandIn()


def _same(found: Any, model: Any, data: Any) -> None:
    assert type(found) is type(model)
    if hasattr(model, "predict"):
        np.testing.assert_array_equal(found.predict(data), model.predict(data))
    else:
        assert found == model


SERIALIZER_CHECKS: tuple[Callable[[Serializer], None], ...] = (
    check_name_is_a_name_and_risk_is_told,
    check_a_model_reads_back_and_answers_alike,
    check_files_are_bytes_under_portable_names,
    check_a_registry_stores_and_loads_it,
    check_damaged_files_are_refused_in_words,
    check_files_are_read_from_any_buffer,
    check_several_threads_may_use_one,
    check_a_version_is_read_only_by_a_serializer_the_caller_gave,
    check_trust_takes_exact_names_only,
    check_survives_pickling,
)
"""Run each on any serializer."""
