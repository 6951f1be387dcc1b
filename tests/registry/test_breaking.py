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
from maturekit.storage import LocalStore, MemoryStore

BREAKING = Path(__file__).with_name("breaking")
SCENARIOS = dict.fromkeys(["first", "another", "hundredth", "promote", "swap", "collect", "erase"], 1) | {
    "thousandth": 11
}
"""At every how manyth place they are struck; one that makes five hundred calls is struck at fifty."""
KILLED = Path(__file__).parents[1] / "storage" / "killed.py"


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


def run_beside(script, *arguments):
    """Run a script of the folder `breaking` and return what it printed: a name and a count on each line."""
    command = [sys.executable, "-W", "ignore", BREAKING / script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "impossible" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return {name: int(count) for name, count in (line.split() for line in done.stdout.splitlines())}


def test_a_writer_may_be_killed_when_it_enters_a_system_call(tmp_path):
    blows = run_beside("struck.py", tmp_path, "kill", 37, "another", "swap")
    assert blows["another"] > 5
    assert blows["swap"] > 2


def test_a_system_call_that_fails_is_told_and_nothing_is_half_written(tmp_path):
    assert run_beside("struck.py", tmp_path, "fail", 13, "another")["another"] > 3


def test_what_was_acknowledged_survives_a_power_cut(tmp_path):
    states = run_beside("powercut.py", tmp_path, 19, "another", "promote")
    assert min(states.values()) > 3


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_system_call_may_be_the_last(tmp_path, scenario):
    assert run_beside("struck.py", tmp_path, "kill", SCENARIOS[scenario], scenario)[scenario] > 20


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_system_call_may_fail(tmp_path, scenario):
    told = 2 if scenario in {"collect", "thousandth"} else 10  # few calls, or few blows: caches may be left unwritten
    assert run_beside("struck.py", tmp_path, "fail", SCENARIOS[scenario], scenario)[scenario] > told


@pytest.mark.long
def test_the_power_may_be_cut_at_every_step(tmp_path):
    assert min(run_beside("powercut.py", tmp_path, 1).values()) > 10


def test_writers_and_readers_in_processes_and_threads_never_see_a_torn_state(tmp_path):
    code = """
    import os, sys, threading, time
    sys.path.insert(0, sys.argv[2])
    from scenarios import opened, register, NOW
    place = sys.argv[1]
    register(opened(place), "first")
    opened(place).promote("late:1", to="production", **NOW)
    shared = opened(place)
    shared["late:1"].load()  # used before the fork: every child goes on from what it knew
    failed = []

    def work(me, turns):
        try:
            registry = shared if me % 2 else opened(place)
            for turn in range(turns):
                version = register(registry, f"{me} {turn}")
                assert registry[version.reference].load() == f"{me} {turn}"
                registry.promote(version, to="production", **NOW)
                registry.promote(version, to=f"alias-{me}", **NOW)
        except BaseException as error:
            failed.append(error)
            raise

    def read(stop):
        registry = opened(place)
        newest = 0
        while not os.path.exists(stop):
            version = registry["late@production"]
            owner, _, turn = version.load().partition(" ")
            count = len(registry.versions("late"))
            assert count >= newest and version.number <= count
            newest = count

    children = []
    stop = os.path.join(place, ".stop")
    for me in range(0, 16, 2):
        child = os.fork()
        if child == 0:
            threads = [threading.Thread(target=work, args=(me + one, 3)) for one in (0, 1)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            os._exit(1 if failed else 0)
        children.append(child)
    readers = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                read(stop)
                os._exit(0)
            finally:
                os._exit(1)
        readers.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    open(stop, "x").close()
    codes += [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in readers]
    assert codes == [0] * 10, codes
    registry = opened(place)
    versions = registry.versions("late")
    assert [version.number for version in versions] == list(range(1, 50))
    assert sorted(version.load() for version in versions) == sorted(
        ["first", *(f"{me} {turn}" for me in range(16) for turn in range(3))])
    aliases = registry.aliases("late")
    assert all(aliases[f"alias-{me}"].load() == f"{me} 2" for me in range(16))
    assert [event.number for event in registry.history("late")] == list(range(1, 147))
    report = registry.verify()
    assert report.ok, report.summary()
    """
    script = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code), tmp_path / "models", BREAKING]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_who_may_only_read_reads_everything_and_changes_nothing(tmp_path, plain):
    """A registry of somebody else: no head is stored by a reader, and no lock is taken."""

    class ReadOnly(LocalStore):
        def _put_new(self, key, data):
            raise StorageError("this user may not write there")

        _delete = _renew = _put_new

    registry = Registry(tmp_path, serializers=[plain], actor="ada")
    for text in "abc":
        registry.register("late", text, serializer=plain, evidence=[Report("review", [])])
    registry.promote("late:2", to="production", actor="ada", reason="x")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    reader = Registry(ReadOnly(tmp_path), serializers=[plain])
    assert reader["late@production"].load() == "b"
    assert [version.load() for version in reader.versions("late")] == ["a", "b", "c"]
    assert reader.verify().ok
    assert len(reader["late:1"].reports()) == 1
    for write in (
        lambda: reader.register("late", "d", serializer=plain),
        lambda: reader.promote("late:1", to="production", actor="ada", reason="x"),
    ):
        with pytest.raises(StorageError, match="may not write"):
            write()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
