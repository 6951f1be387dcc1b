"""Registrations that are killed (SIGKILL) at a random moment, and what works afterwards."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

from peers.forks import answer_of, start
from peers.models import make_model, tiny
from peers.tool import open_tool
from peers.turns import say

__all__ = ["kill_trials"]


def kill_trials(what: str, folder: Path, *, trials: int) -> None:
    """Kill one registration a trial, each in a folder of its own; in every other one the model has a version already."""
    model = make_model("forest of 1.4 MB")
    usual = min(
        answer_of(lambda place=folder / f"usual-{turn}": _timed(what, place, model), seconds=60) for turn in range(3)
    )
    rng = random.Random(0)  # noqa: S311  # moments, not secrets
    for trial in range(trials):
        place, first = folder / f"trial-{trial}", trial % 2 == 1
        version = answer_of(lambda place=place, first=first: _prepare(what, place, first=first), seconds=60)
        killed = _kill(what, place, model, after=rng.uniform(0, usual))
        after = answer_of(lambda place=place, version=version: _after(what, place, version), seconds=60)
        say(tool=what, trial=trial, killed=killed, after=after)


def _timed(what: str, place: Path, model: object) -> float:
    tool = open_tool(what, place)
    tool.register("warm-up", tiny(0))
    begun = time.perf_counter()
    tool.register("model", model)
    return time.perf_counter() - begun


def _prepare(what: str, place: Path, *, first: bool) -> str:
    tool = open_tool(what, place)
    tool.register("warm-up", tiny(0))
    return tool.register("model", tiny(1)) if first else ""


def _kill(what: str, place: Path, model: object, *, after: float) -> bool:
    """Return whether the registration was still running when it was killed."""
    reader, writer = os.pipe()

    def register() -> None:
        tool = open_tool(what, place)
        tool.register("warm-up-again", tiny(0))
        os.write(writer, b"g")
        tool.register("model", model)

    process = start(register)
    os.close(writer)
    os.read(reader, 1)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    os.close(reader)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def _after(what: str, place: Path, version: str) -> dict[str, Any]:
    """Return what was raised, or empty text, by the write after the kill, the listing, and each load."""
    tool = open_tool(what, place)
    found = {"write": "", "list": "", "load": "", "first": ""}
    listed: list[str] = []
    new = ""
    try:
        new = tool.register("model", tiny(2))
        tool.load("model", new)
    except Exception as error:  # noqa: BLE001  # whatever a tool raises is counted
        found["write"] = type(error).__name__
    try:
        listed = tool.listing("model")
        if new and new not in listed:
            found["list"] = "the new version is missing"
    except Exception as error:  # noqa: BLE001  # the same
        found["list"] = type(error).__name__
    try:
        for each in listed:
            tool.load("model", each)
    except Exception as error:  # noqa: BLE001  # the same
        found["load"] = type(error).__name__
    try:
        if version:
            tool.load("model", version)
    except Exception as error:  # noqa: BLE001  # the same
        found["first"] = type(error).__name__
    return found
