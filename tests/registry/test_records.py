"""What a record says about data, code and surroundings."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pydantic
import pytest

from maturekit.registry import Registry
from maturekit.registry.environment import installed_packages
from maturekit.registry.revision import current_revision
from maturekit.storage import MemoryStore

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def git(tmp_path):
    folder = tmp_path / "project/.git"
    folder.mkdir(parents=True)
    (folder / "HEAD").write_text("ref: refs/heads/main\n")
    return folder


def test_a_loose_reference_is_followed(git):
    (git / "refs/heads").mkdir(parents=True)
    (git / "refs/heads/main").write_text(f"{COMMIT}\n")
    found = current_revision(git.parent)
    assert (found.commit, found.branch, found.dirty) == (COMMIT, "main", None)
    inner = git.parent / "src/deep"
    inner.mkdir(parents=True)
    assert current_revision(inner) == found


def test_a_packed_reference_is_followed(git):
    (git / "packed-refs").write_text(
        f"# pack-refs\n{'f' * 40} refs/heads/other\n{COMMIT} refs/heads/main\n^{'e' * 40}\n"
    )
    assert current_revision(git.parent).commit == COMMIT


def test_a_detached_head_has_no_branch(git):
    (git / "HEAD").write_text(f"{COMMIT}\n")
    found = current_revision(git.parent)
    assert (found.commit, found.branch) == (COMMIT, None)


def test_a_worktree_is_followed_to_its_repository(git, tmp_path):
    own = git / "worktrees/two"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/topic\n")
    (own / "commondir").write_text("../..\n")
    (git / "packed-refs").write_text(f"{COMMIT} refs/heads/topic\n")
    tree = tmp_path / "two"
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {own}\n")
    found = current_revision(tree)
    assert (found.commit, found.branch) == (COMMIT, "topic")


@pytest.mark.parametrize("head", ["", "ref: refs/heads/unborn\n", "what?\n", "\xff"])
def test_what_cannot_be_read_is_a_gap_and_no_error(git, head):
    (git / "HEAD").write_text(head, encoding="latin-1")
    assert current_revision(git.parent) is None


def test_a_version_takes_the_revision_around_the_working_folder(git, monkeypatch):
    (git / "HEAD").write_text(f"{COMMIT}\n")
    monkeypatch.chdir(git.parent)
    assert Registry(MemoryStore()).register("late", "a").revision == COMMIT
    monkeypatch.chdir(Path("/"))
    assert "revision" in Registry(MemoryStore()).register("late", "a").gaps


def run_git(folder, *arguments):
    identity = ["-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_files_that_differ_from_the_commit_make_it_dirty(tmp_path, monkeypatch):
    code = tmp_path / "train.py"
    code.write_text("one")
    for command in (["init", "-q"], ["add", "train.py"], ["commit", "-qm", "first"]):
        run_git(tmp_path, *command)
    (tmp_path / "notes.txt").write_text("not under version control")
    assert current_revision(tmp_path).dirty is False
    code.write_text("two")
    assert current_revision(tmp_path).dirty is False  # asked a moment ago
    monkeypatch.setattr("maturekit.registry.revision._FRESH", 0.0)
    assert current_revision(tmp_path).dirty is True
    run_git(tmp_path, "add", "train.py")
    assert current_revision(tmp_path).dirty is True
    monkeypatch.setenv("PATH", "")
    assert current_revision(tmp_path).dirty is None
    assert current_revision(tmp_path).commit is not None


def test_packages_are_those_that_the_installer_knows():
    found = installed_packages()
    for name in ("numpy", "pandas", "scikit-learn", "pydantic", "joblib"):
        assert found[name] == importlib.metadata.version(name)


def test_the_environment_is_known_without_starting_a_process(registry, monkeypatch):
    def started(*_args, **_kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    monkeypatch.setattr(os, "fork", started)
    version = registry.register("late", "a", revision="abc")
    assert version.environment["pydantic"] == pydantic.VERSION
    assert version.environment["python"] == platform.python_version()
