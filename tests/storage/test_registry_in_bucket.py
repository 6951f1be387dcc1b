"""A registry in a bucket: many writers, lost replies, few requests, and a service that starts without the server."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from maturekit.errors import AliasNotFoundError, RegistryNotFoundError, StorageError
from maturekit.registry import Registry
from maturekit.storage import CachedStore, MemoryStore


def requests_of(server, call):
    server.requests.clear()
    call()
    return len(server.requests)


def fill(server, *, versions):
    """Put a registry into the bucket without a request."""
    memory = MemoryStore()
    registry = Registry(memory, actor="ada")
    for number in range(versions):
        registry.register("late", {"number": number})
    registry.promote(registry["late:3"], to="production", actor="ada", reason="the best one")
    server.objects = {f"models/{key}": (memory.get(key), "ada", datetime.now(UTC)) for key in memory.list()}


def test_a_model_lives_in_a_bucket(store):
    registry = Registry(store, actor="ada")
    version = registry.register("late", {"threshold": 15}, metrics={"auc": 0.7})
    registry.promote(version, to="production", actor="ada", reason="the first one")
    again = Registry(store)
    assert again["late@production"].load() == {"threshold": 15}
    assert list(again.names()) == ["late"]
    store.put_new("logs/model/late/events/blobs/sha256/ab/" + "ab" * 32, b"left by a writer that was killed")
    assert again.gc(grace=timedelta(0)).ok
    assert not [key for key in store.list() if key.endswith("ab" * 32)]
    report = again.verify()
    assert report.ok, report.summary()


def test_several_processes_register_at_once_and_all_versions_are_there(store):
    code = """
    import pickle, sys
    from maturekit.registry import Registry
    registry = Registry(pickle.loads(bytes.fromhex(sys.argv[1])), actor=sys.argv[2])
    for number in range(3):
        registry.register("late", {"by": sys.argv[2], "number": number})
    """
    script = [sys.executable, "-c", textwrap.dedent(code), pickle.dumps(store).hex()]
    writers = [subprocess.Popen([*script, me]) for me in ("ada", "bob")]
    assert [writer.wait() for writer in writers] == [0, 0]
    versions = Registry(store).versions("late")
    assert [version.number for version in versions] == list(range(1, 7))
    stored = sorted((model["by"], model["number"]) for model in (version.load() for version in versions))
    assert stored == [(me, number) for me in ("ada", "bob") for number in range(3)]


def test_lost_replies_neither_double_nor_lose_a_version(server):
    server.loses_replies = True
    registry = Registry(server.store(), actor="ada")
    for number in range(3):
        registry.register("late", {"number": number})
    assert [version.load()["number"] for version in Registry(server.store()).versions("late")] == [0, 1, 2]


def test_watching_an_alias_is_one_request_and_opening_does_not_grow_with_the_versions(server):
    counts = []
    for versions in (11, 41):
        fill(server, versions=versions)
        opened = Registry(server.store())
        counts.append(requests_of(server, lambda: opened["late@production"]))  # noqa: B023  # called at once
        assert requests_of(server, lambda: opened["late@production"]) == 1  # noqa: B023  # called at once
    assert counts[1] <= counts[0] + 4  # looks that find a stored head four times as far away


def test_a_service_starts_and_loads_its_model_while_the_server_is_away(server, tmp_path):
    store = server.store(retries=1)
    registry = Registry(CachedStore(store, tmp_path / "cache"), actor="ada")
    first = registry.register("late", {"threshold": 15})
    registry.promote(first, to="production", actor="ada", reason="the first one")
    Registry(store, actor="bob").register("late", {"threshold": 30})  # on another machine, never seen here
    server.stop()
    with pytest.raises(StorageError, match=r"could not read 'registry.json' in s3://bucket/models: the"):
        _ = Registry(CachedStore(store, tmp_path / "cache"))["late@production"]
    offline = Registry(CachedStore(store, tmp_path / "cache", offline=True))
    assert offline["late@production"].load() == {"threshold": 15}
    assert [version.number for version in offline.versions("late")] == [1]
    with pytest.raises(AliasNotFoundError):
        _ = offline["late@canary"]
    with pytest.raises(StorageError, match="is offline"):
        offline.register("late", {"threshold": 45}, actor="ada")
    with pytest.raises(RegistryNotFoundError):
        _ = Registry(CachedStore(store, tmp_path / "other", offline=True))["late@production"]


def test_a_service_that_only_loaded_can_start_without_the_server_too(server, tmp_path):
    fill(server, versions=24)
    online = CachedStore(server.store(), tmp_path / "cache")
    assert Registry(online)["late@production"].load() == {"number": 2}
    server.stop()
    offline = CachedStore(server.store(), tmp_path / "cache", offline=True)
    assert Registry(offline)["late@production"].load() == {"number": 2}


def test_a_second_start_downloads_no_model(server, tmp_path):
    Registry(server.store(), actor="ada").register("late", {"weights": b"x" * 100_000})
    for _ in range(2):
        Registry(CachedStore(server.store(), tmp_path / "cache"))["late:1"].load()
    assert len([request for request in server.requests if "GET" in request and "blobs" in request]) == 1
