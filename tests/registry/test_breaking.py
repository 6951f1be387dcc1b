"""Many writers at once, killed ones, and full disks."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from maturekit.errors import (
    StorageError,
)
from maturekit.registry import Registry
from maturekit.reports import Report
from maturekit.storage import MemoryStore

KILLED = Path(__file__).parents[1] / "storage" / "killed.py"


def test_eight_processes_register_at_once_and_nothing_is_lost(tmp_path):
    """All of them also make the first write of the registry."""
    code = """
    import os, sys
    from maturekit.registry import Registry
    from maturekit.reports import Report
    import joblib
    children = []
    for me in range(8):
        child = os.fork()
        if child == 0:
            registry = Registry(sys.argv[1], actor=f"writer-{me}")
            for turn in range(5):
                version = registry.register("late", {"me": me, "turn": turn}, evidence=[Report("review", [])])
                assert version.load() == {"me": me, "turn": turn}
                registry.promote(version, to=f"alias-{me}", actor="ada", reason="x")
            os._exit(0)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * 8, codes
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "models")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    registry = Registry(tmp_path / "models")
    history = registry.history("late")
    assert [event.number for event in history] == list(range(1, 121))
    versions = registry.versions("late")
    assert [version.number for version in versions] == list(range(1, 41))
    models = [version.load() for version in versions]
    assert sorted((model["me"], model["turn"]) for model in models) == [(m, t) for m in range(8) for t in range(5)]
    assert all(len(version.reports()) == 1 for version in versions)
    aliases = registry.aliases("late")
    assert {name: version.load()["turn"] for name, version in aliases.items()} == {f"alias-{me}": 4 for me in range(8)}
    report = registry.verify()
    assert report.ok, report.summary()


def test_a_killed_registration_leaves_all_earlier_versions_and_no_half_one(tmp_path):
    script = [sys.executable, "-W", "ignore", KILLED, tmp_path, "registry", "23"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


@pytest.mark.long
def test_a_registration_may_be_killed_at_every_line(tmp_path):
    script = [sys.executable, "-W", "ignore", KILLED, tmp_path, "registry", "1"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200


def test_a_full_disk_leaves_nothing_half_registered(tmp_path):
    code = """
    import resource, sys
    from maturekit.errors import StorageError
    from maturekit.registry import Registry
    registry = Registry(sys.argv[1])
    registry.register("late", "small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        registry.register("late", "x" * 1_000_000)
    except StorageError as error:
        print(error)
    print(registry.register("late", "after").number)
    """
    script = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert "File too large" in done.stdout, done.stderr
    assert done.stdout.endswith("2\n")
    registry = Registry(tmp_path)
    assert [version.load() for version in registry.versions("late")] == ["small", "after"]
    assert registry.verify().ok


def test_each_store_operation_may_fail_and_the_next_registration_succeeds(plain):
    class Failing(MemoryStore):
        left = 0

        def _count(self):
            self.left -= 1
            if self.left == 0:
                raise StorageError("the network is down")

        def _put_new(self, key, data):
            self._count()
            super()._put_new(key, data)

        def _get(self, key):
            self._count()
            return super()._get(key)

        def _list(self, prefix):
            self._count()
            return super()._list(prefix)

        def _exists(self, key):
            self._count()
            return super()._exists(key)

        def _renew(self, key):
            self._count()
            super()._renew(key)

    failures = 0
    for nth in range(1, 60):
        store = Failing()
        registry = Registry(store, serializers=[plain])
        registry.register("late", "first", serializer=plain)
        store.left = nth
        fresh = Registry(store, serializers=[plain])
        try:
            fresh.register("late", "second", serializer=plain, notes="x", evidence=[Report("review", [])])
        except StorageError:
            failures += 1
        store.left = 0
        fresh.register("late", "third", serializer=plain)
        models = [version.load() for version in Registry(store, serializers=[plain]).versions("late")]
        assert models[0] == "first"
        assert models[-1] == "third"
        assert set(models) <= {"first", "second", "third"}
        assert fresh.verify().ok
    assert 10 < failures < 59
