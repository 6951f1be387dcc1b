"""What every `Serializer` promises, as checks anyone can run on their own subclass."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from maturekit._core.names import check_name
from maturekit.errors import ArgumentError, ArgumentTypeError, MaturekitError
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
    check_trust_takes_exact_names_only,
    check_survives_pickling,
)
"""Run each on any serializer."""
