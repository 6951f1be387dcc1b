"""Many processes that register versions of one name at the same moment."""

from __future__ import annotations

import collections
import os
import time
from pathlib import Path
from typing import Any

from peers.forks import answer_of, start
from peers.models import tiny
from peers.tool import open_tool
from peers.turns import say

__all__ = ["crowd"]


def crowd(what: str, folder: Path, *, workers: int, each: int, seconds: float) -> None:
    """Say how many registrations were acknowledged, how many are listed and load, and what was raised.

    After so many seconds nobody begins another registration.
    """
    answer_of(lambda: open_tool(what, folder).register("warm-up", tiny(0)), seconds=60)
    gates = [os.pipe() for _ in range(workers)]
    answers = [os.pipe() for _ in range(workers)]

    def register(worker: int) -> None:
        tool = open_tool(what, folder)
        tool.register(f"warm-up-{worker}", tiny(0))
        os.write(answers[worker][1], b"r")
        os.read(gates[worker][0], 1)
        end = time.monotonic() + seconds
        for turn in range(each):
            if time.monotonic() > end:
                break
            try:
                tool.register("model", tiny(worker * each + turn))
                said = b"+"
            except Exception as error:  # noqa: BLE001  # whatever a tool raises is counted
                said = type(error).__name__.encode() + b"-"
            os.write(answers[worker][1], said)

    processes = [start(lambda worker=worker: register(worker)) for worker in range(workers)]
    for worker in range(workers):
        os.close(answers[worker][1])
        os.read(answers[worker][0], 1)
    began = time.perf_counter()
    for worker in range(workers):
        os.write(gates[worker][1], b"g")
    said = [b"".join(iter(lambda worker=worker: os.read(answers[worker][0], 4096), b"")) for worker in range(workers)]
    for process in processes:
        os.waitpid(process, 0)
    taken = time.perf_counter() - began
    raised: collections.Counter[str] = collections.Counter()
    for text in said:
        raised.update(part for part in text.replace(b"+", b"").decode().split("-") if part)
    say(
        tool=what,
        acknowledged=sum(text.count(b"+") for text in said),
        raised=dict(raised),
        seconds=taken,
        after=answer_of(lambda: _after(what, folder), seconds=60),
    )


def _after(what: str, folder: Path) -> dict[str, Any]:
    tool = open_tool(what, folder)
    listed = tool.listing("model")
    broken = 0
    for version in listed:
        try:
            tool.load("model", version)
        except Exception:  # noqa: BLE001  # whatever a tool raises is counted
            broken += 1
    return {"listed": len(set(listed)), "broken": broken}
