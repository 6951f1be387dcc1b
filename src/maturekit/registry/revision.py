"""Which revision of the code stands in a folder, read from git's own files."""

from __future__ import annotations

import re
from pathlib import Path

from maturekit.registry.bodies import Revision

__all__ = ["current_revision"]

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def current_revision(folder: Path | None = None) -> Revision | None:
    """Return the commit and branch that are checked out around a folder, or None where there is no git.

    No program is started. Whether files have changed since the commit would need one, so `dirty` is None: unknown.

    >>> current_revision(Path("/")) is None
    True
    """
    here = (folder or Path.cwd()).absolute()
    try:
        for place in (here, *here.parents):
            git = place / ".git"
            if git.exists():
                return _revision(_git_folder(git))
    except (OSError, UnicodeDecodeError):
        pass  # an unreadable .git is a gap in the record, no reason to refuse a model
    return None


def _git_folder(git: Path) -> Path:
    """Return the folder of git's files; in a worktree or submodule, `.git` is a file that names it."""
    if git.is_dir():
        return git
    return (git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()


def _revision(git: Path) -> Revision | None:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return Revision(commit=head) if _COMMIT.fullmatch(head) else None
    name = head.removeprefix("ref:").strip()
    commit = next((found for found in map(_commit, (git, _common(git)), (name, name)) if found), None)
    return Revision(commit=commit, branch=name.removeprefix("refs/heads/")) if commit else None


def _common(git: Path) -> Path:
    """Return the folder that a worktree shares with its repository."""
    pointer = git / "commondir"
    return (git / pointer.read_text(encoding="utf-8").strip()).resolve() if pointer.is_file() else git


def _commit(git: Path, name: str) -> str | None:
    loose, packed = git / name, git / "packed-refs"
    if loose.is_file():
        text = loose.read_text(encoding="utf-8").strip()
        return text if _COMMIT.fullmatch(text) else None
    if packed.is_file():
        for line in packed.read_text(encoding="utf-8").splitlines():
            commit, _, ref = line.partition(" ")
            if ref == name and _COMMIT.fullmatch(commit):
                return commit
    return None
