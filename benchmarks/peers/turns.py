"""Pieces of work done in turn, so that the noise of the machine falls on all of them alike."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping

__all__ = ["say", "take_turns"]


def say(**line: object) -> None:
    """Tell the process that started this one, at once: what was said stays known when this one is ended."""
    sys.__stdout__.write(json.dumps(line) + "\n")
    sys.__stdout__.flush()


def take_turns(works: Mapping[str, Callable[[int], object]], *, turns: int, seconds: float) -> None:
    """Do each piece of work in turn and say what it took.

    Work that raises says so and is left out from then on; work that has taken so many seconds gets no further turn.
    """
    spent = dict.fromkeys(works, 0.0)
    for turn in range(turns):
        for name, work in works.items():
            if spent[name] > seconds:
                continue
            say(start=name, at=time.monotonic())
            start = time.perf_counter()
            try:
                work(turn)
            except Exception as error:  # noqa: BLE001  # whatever a tool raises is its row
                say(work=name, error=f"{type(error).__name__}: {error}")
                spent[name] = float("inf")
                continue
            spent[name] += time.perf_counter() - start
            say(work=name, seconds=time.perf_counter() - start)
