"""Copying the folder with ordinary tools while it is written to gives a sound registry."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from maturekit.registry import Registry

MAKE = runpy.run_path(str(Path(__file__).parent / "golden" / "make.py"))
PLAIN = MAKE["PLAIN"]
MODELS = ("late", "on-time")


def write(place, stop, begun, rounds):
    """Register and promote without a pause, so and so often; no disk is waited for, which makes it harder."""
    os.fsync = lambda descriptor: None
    registry = Registry(place, actor="writer", serializers=[PLAIN])
    for number in range(1, rounds + 1):
        for name in MODELS:
            text = f"{name} {number}"
            version = registry.register(name, text.encode(), serializer=PLAIN, notes=f"Note {text}", revision="c" * 40)
            registry.promote(version, to="production", actor="writer", reason="newer")
        begun.set()
        if stop.wait(0.002):
            return


@pytest.fixture(autouse=True)
def no_disk_is_waited_for(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@contextlib.contextmanager
def written_to(place, *, rounds):
    """Let another process write to a registry."""
    context = multiprocessing.get_context("spawn")
    stop, begun = context.Event(), context.Event()
    writer = context.Process(target=write, args=(place, stop, begun, rounds))
    writer.start()
    assert begun.wait(60)
    yield
    stop.set()
    writer.join(60)
    assert writer.exitcode == 0


def run(*command):
    return subprocess.run(command, capture_output=True, check=False)


def cp(source, target):
    run("cp", "-r", source, target)  # its exit code is 1 where an unfinished file was gone before it was read


def tar(source, target):
    archive = target.with_suffix(".tar")
    run("tar", "-cf", archive, "-C", source, ".")
    target.mkdir()
    assert run("tar", "-xf", archive, "-C", target).returncode == 0


def copytree(source, target):
    try:
        shutil.copytree(source, target)
    except shutil.Error as error:
        assert all(".unfinished-" in str(path) for path, _, _ in error.args[0])


def rsync(source, target):
    run("rsync", "-r", f"{source}/", target)


def check(place):
    """Every history is whole, every version loads, and the next one can be written."""
    registry = Registry(place, actor="ada", serializers=[PLAIN])
    report = registry.verify()
    assert report.ok, report.summary()
    events = 0
    for name in registry.names():
        history = registry.history(name)
        events += len(history)
        assert [version.load().decode() for version in registry.versions(name)] == [
            f"{name} {number}" for number in range(1, len(registry.versions(name)) + 1)
        ]
        number = len(registry.versions(name))
        added = registry.register(name, b"more", serializer=PLAIN, notes="Mine", revision="c" * 40)
        assert added.number == number + 1
        assert registry.promote(added, to="production", actor="ada", reason="newer").number == len(history) + 2
    assert registry.verify().ok
    return events


def copy_and_check(folder, copy, *, times, rounds):
    with written_to(folder / "busy", rounds=rounds):
        for number in range(times):
            copy(folder / "busy", folder / str(number))
    counts = [check(folder / str(number)) for number in range(times)]
    assert counts == sorted(counts)
    assert counts[0] < 4 * rounds  # it was written to meanwhile


TOOLS = [
    cp,
    tar,
    copytree,
    pytest.param(rsync, marks=pytest.mark.skipif(not shutil.which("rsync"), reason="there is no rsync here")),
]


@pytest.mark.skipif(sys.platform == "win32", reason="the tools are those of POSIX")
@pytest.mark.parametrize("copy", TOOLS)
def test_a_copy_made_while_it_is_written_to_is_sound(copy, tmp_path):
    copy_and_check(tmp_path, copy, times=5, rounds=40)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="the tools are those of POSIX")
@pytest.mark.parametrize("copy", TOOLS)
def test_many_copies_made_while_it_is_written_to_are_sound(copy, tmp_path):
    copy_and_check(tmp_path, copy, times=25, rounds=350)


def test_a_copy_with_a_gap_says_so_and_is_mended_by_copying_again(tmp_path):
    registry = Registry(tmp_path / "first", actor="ada", serializers=[PLAIN])
    for number in range(1, 6):
        registry.register("late", f"late {number}".encode(), serializer=PLAIN, revision="c" * 40)
    shutil.copytree(tmp_path / "first", tmp_path / "copy")
    gap = "logs/model/late/events/000000000004.json"
    (tmp_path / "copy" / gap).unlink()
    copy = Registry(tmp_path / "copy", actor="ada", serializers=[PLAIN])
    for look in (lambda: copy.versions("late"), lambda: copy.register("late", b"late 6", serializer=PLAIN)):
        with pytest.raises(Exception, match="event 4 is missing, but later ones are there"):
            look()
    assert not copy.verify().ok
    shutil.copy(tmp_path / "first" / gap, tmp_path / "copy" / gap)
    assert check(tmp_path / "copy") == 5
