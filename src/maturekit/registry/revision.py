"""Which revision of the code stands in a folder, and whether its files still are what was committed."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from maturekit.registry.bodies import Revision

__all__ = ["current_revision"]

_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


_PATIENCE = 5.0
"""Seconds that git may take to look at the files of a large repository."""
_FRESH = 10.0
"""Seconds for which its answer is used again: a loop that registers many models asks once."""
_answers: dict[Path, tuple[float, bool | None]] = {}


def current_revision(folder: Path | None = None) -> Revision | None:
    """Return the commit and branch that are checked out around a folder, or None where there is no git.

    They are read from git's own files. Whether a file under version control differs from the commit is asked of `git
    status`, where git is installed, at most every ten seconds; `dirty` is None, unknown, where it gives no answer.

    >>> current_revision(Path("/")) is None
    True
    """
    here = (folder or Path.cwd()).absolute()
    try:
        for place in (here, *here.parents):
            git = place / ".git"
            if git.exists():
                found = _revision(_git_folder(git))
                return found and found.model_copy(update={"dirty": _dirty(place)})
    except (OSError, UnicodeDecodeError):
        pass  # an unreadable .git is a gap in the record, no reason to refuse a model
    return None


def _dirty(place: Path) -> bool | None:
    asked, answer = _answers.get(place, (-_FRESH, None))
    if time.monotonic() - asked >= _FRESH:
        answer = _asked(place)
        _answers[place] = time.monotonic(), answer
    return answer


def _asked(place: Path) -> bool | None:
    import subprocess  # noqa: PLC0415  # only who registers without a revision starts a program

    # A repository may name a program that watches its files; nothing it names is run.
    command = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=no"]
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command
            command,
            cwd=place,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else bool(done.stdout)


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
