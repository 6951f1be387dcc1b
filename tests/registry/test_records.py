"""What a record says about data, code and surroundings."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from maturekit.registry import Registry, fingerprint
from maturekit.registry.environment import installed_packages
from maturekit.registry.revision import current_revision
from maturekit.storage import MemoryStore

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def of(values):
    return fingerprint(pd.DataFrame({"x": values}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a", None], pd.array(["a", None], dtype="string")),
        (["b", "a", None], pd.Categorical(["b", "a", None])),
        (["a", None], pd.Series(["a", np.nan], dtype=object)),
        ([1, 2], np.array([1, 2], dtype="int8")),
        ([1, 2], np.array([1, 2], dtype="uint64")),
        ([1.5, np.nan], pd.array([1.5, None], dtype="Float64")),
        ([True, False], pd.array([True, False], dtype="boolean")),
        ([0.0], [-0.0]),
        (np.array(["2013-01-01"], dtype="M8[s]"), np.array(["2013-01-01"], dtype="M8[ns]")),
        (np.array([1], dtype="m8[s]"), np.array([1000], dtype="m8[ms]")),
    ],
)
def test_a_fingerprint_depends_on_values_not_on_storage(one, other):
    assert of(one) == of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([1], [2]),
        ([1], [1.0]),
        ([1, 2], [2, 1]),
        (["ab", ""], ["a", "b"]),
        (["None"], [None]),
        ([None, "a"], ["a", None]),
        ([0.0], [np.nan]),
        ([], [0]),
        (np.array(["2013-01-01"], dtype="M8[s]"), np.array(["2013-01-02"], dtype="M8[s]")),
    ],
)
def test_a_fingerprint_tells_other_values(one, other):
    assert of(one) != of(other)


def test_a_fingerprint_depends_on_names_and_order_of_columns():
    frame = pd.DataFrame({"a": [1], "b": [2]})
    others = [frame[["b", "a"]], frame.rename(columns={"a": "c"}), frame[["a"]]]
    assert len({fingerprint(table) for table in (frame, *others)}) == 4
    assert fingerprint(frame) == fingerprint(frame.set_index(pd.Index([9])))


def test_a_fingerprint_stays_what_it_is():
    frame = pd.DataFrame({"x": [1], "y": ["a"], "z": np.array(["2013-01-01"], dtype="M8[s]")})
    assert fingerprint(frame) == "sha256:de72c2902fc8e35aa8fe3e95d7356c6ffa06acafab1119f025ee9b75c265c161"


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


def test_packages_are_those_that_the_installer_knows():
    found = installed_packages()
    for name in ("numpy", "pandas", "scikit-learn", "pydantic", "joblib"):
        assert found[name] == importlib.metadata.version(name)
