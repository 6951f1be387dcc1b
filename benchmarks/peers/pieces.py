"""Pieces of work in processes of their own, and what they said before they ended or were ended."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Budget", "Piece", "run_piece"]

HERE = Path(__file__).parents[1]


@dataclass
class Piece:
    """The times of each work by name, in seconds, and everything else that was said."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    running: str = ""
    over: float = 0.0
    failure: str = ""

    def median(self, work: str) -> float | None:
        """Return the median seconds of a work, None if it has none."""
        return statistics.median(self.seconds[work]) if self.seconds.get(work) else None

    def cell(self, work: str) -> str:
        """Return the median in milliseconds, or why there is none."""
        found = self.median(work)
        if found is not None:
            return f"{found * 1000:,.1f}" if found < 1 else f"{found * 1000:,.0f}"
        if work in self.errors:
            return self.errors[work]
        if self.running == work:
            return f"over {self.over:.0f} s"
        return "not reached" if self.running else self.failure or "not measured"

    def ratio(self, work: str, base: str) -> str:
        """Return how many times the base a work takes; a lower bound if it was ended."""
        mine, other = self.median(work), self.median(base)
        if other is None:
            return "–"
        if mine is None:
            return f"over {self.over / other:,.0f}" if self.running == work else "–"
        return f"{mine / other:.2f}" if mine < 10 * other else f"{mine / other:,.0f}"

    def turns(self, *works: str) -> str:
        """Return how often each work was done."""
        found = [len(self.seconds.get(work, ())) for work in works]
        return str(found[0]) if len(set(found)) == 1 else " / ".join(map(str, found))


class Budget:
    """Seconds that may still be spent on a tool."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    @contextmanager
    def spend(self, most: float) -> Iterator[float]:
        """Give the seconds that a piece may take, and take off what it took."""
        start = time.monotonic()
        yield min(most, self.left)
        self.left -= time.monotonic() - start


def run_piece(python: Path, *arguments: object, limit: float, module: str = "peers.work") -> Piece:
    """Run a module with some arguments, end it and all it started after `limit` seconds, and return what it said."""
    piece = Piece()
    if limit <= 1:
        piece.failure = "no time left"
        return piece
    paths = filter(None, (str(HERE), os.environ.get("PYTHONPATH")))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [python, "-m", module, *map(str, arguments)],
            cwd=HERE,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate()
            piece.failure = f"over {limit:.0f} s"
        ended = time.monotonic()
        errors.seek(0)
        if process.returncode and not piece.failure:
            piece.failure = _last_line(errors.read())
    for line in filter(None, said.splitlines()):
        _take(piece, line, ended)
    return piece


def _take(piece: Piece, line: str, ended: float) -> None:
    try:
        said = json.loads(line)
    except ValueError:
        return  # a tool that prints
    if not isinstance(said, dict):
        return
    piece.lines.append(said)
    if "start" in said:
        piece.running, piece.over = said["start"], ended - said["at"]
    elif "work" in said:
        piece.running = ""
        if "error" in said:
            piece.errors[said["work"]] = _last_line(said["error"], first=True)
        else:
            piece.seconds.setdefault(said["work"], []).append(said["seconds"])


def _last_line(text: str, *, first: bool = False) -> str:
    lines = text.strip().splitlines() or ["ended without a word"]
    return (lines[0] if first else lines[-1])[:110].replace("|", "/")
